# SPDX-License-Identifier: GPL-3.0-or-later
"""An Internet of namespaces: public hosts, routers with NATs, hosts behind them.

The Internet is one namespace that routes between public addresses of
198.18.0.0/15 and 2001:db8::/32 and knows no private ones. It counts the packets of every pair of
addresses, which is how a test decides what path was used without asking the
program under test, and it can cut a pair.

Whatever is attached to something has a device "eth0" towards it. All homes may
use 192.168.1.0/24.
"""

import json

import nat
from lab import Failed, sh, wait_until

GATEWAY = "198.18.0.1"
GATEWAY6, CUSTOMER6 = "fe80::1", "fe80::2"      # at both ends of every line

WORLD = """
table FAMILY world {
	set pairs {
		typeof FAMILY saddr . FAMILY daddr
		size 4096
		flags dynamic
		counter
	}
	set streams {
		typeof FAMILY saddr . FAMILY daddr
		size 4096
		flags dynamic
		counter
	}
	set cut {
		typeof FAMILY saddr . FAMILY daddr
	}
	chain forward {
		type filter hook forward priority 0
		FAMILY saddr . FAMILY daddr @cut drop
		meta l4proto udp update @pairs { FAMILY saddr . FAMILY daddr }
		meta l4proto tcp update @streams { FAMILY saddr . FAMILY daddr }
	}
}
"""


class Line:
    """What connects one customer to the Internet."""

    def __init__(self, internet, name, address):
        self.internet, self.name, self.address = internet, name, address
        self.port = "port%d" % internet.lines
        internet.lines += 1
        internet.lab.link(internet.name, self.port, name, "eth0")
        self._ip("addr add %s/32 dev %s" % (GATEWAY, self.port))
        self._number(address)

    def _ip(self, command):
        self.internet.lab.ip(self.internet.name, command)

    def _number(self, address):
        self.address = address
        self.internet.lab.ip(self.name, "addr replace %s/32 dev eth0" % address)
        self._route()

    def _route(self):
        self.internet.lab.ip(self.name, "route replace default via %s dev eth0 onlink"
                             % GATEWAY)
        self._ip("route replace %s/32 dev %s" % (self.address, self.port))

    def route6(self, prefix):
        """The customer has this IPv6 prefix too."""
        self._ip("addr add %s/64 dev %s nodad" % (GATEWAY6, self.port))
        self.internet.lab.ip(self.name, "addr add %s/64 dev eth0 nodad" % CUSTOMER6)
        self.internet.lab.ip(self.name, "route add default via %s dev eth0" % GATEWAY6)
        self._ip("route add %s via %s dev %s" % (prefix, CUSTOMER6, self.port))

    def renumber(self, address):
        """What a provider does at night: the same line, another address."""
        self.internet.lab.ip(self.name, "addr flush dev eth0")
        self._ip("route del %s/32 dev %s" % (self.address, self.port))
        self._number(address)

    def down(self):
        self._ip("link set %s down" % self.port)

    def up(self):
        self._ip("link set %s up" % self.port)
        self._route()           # the routes of a device go when it goes down
        # The carrier and the neighbours come back in their own time.
        if wait_until(self._works, 30) is None:
            raise Failed("the line of %s does not come up again" % self.name)

    def _works(self):
        return self.internet.lab.run(self.name, "ping", "-c1", "-W1", GATEWAY)[0] == 0


class Internet:
    name = "internet"

    def __init__(self, lab):
        self.lab = lab
        self.lines = 0
        lab.namespace(self.name)
        lab.ip(self.name, "addr add %s/32 dev lo" % GATEWAY)
        lab.sysctl(self.name, net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
        for family in ("ip", "ip6"):
            lab.nft(self.name, WORLD.replace("FAMILY", family))

    def attach(self, name, address):
        return Line(self, name, address)

    def host(self, name, address):
        """A host with a public address and nothing in front of it."""
        self.lab.namespace(name)
        return self.attach(name, address)

    # Proof

    def counters(self, wanted="pairs"):
        """UDP packets so far, or TCP's of "streams": a dict from (from, to) to a
        number."""
        listed = json.loads(sh("ip", "netns", "exec", self.lab.full(self.name),
                               "nft", "-j", "list", "sets"))
        found = {}
        for item in listed["nftables"]:
            if item.get("set", {}).get("name") != wanted:
                continue
            for element in item["set"].get("elem", ()):
                pair = tuple(element["elem"]["val"]["concat"])
                found[pair] = element["elem"]["counter"]["packets"]
        return found

    def between(self, one, other):
        """UDP packets between two addresses so far, both ways."""
        counters = self.counters()
        return counters.get((one, other), 0) + counters.get((other, one), 0)

    # Trouble

    def cut(self, one, other):
        """Nothing passes from one address to the other, nor back."""
        self._cut("add", one, other)

    def heal(self, one, other):
        self._cut("delete", one, other)

    def cut_there(self, one, other):
        """Nothing passes from one address to the other; what comes back does."""
        self._cut_one("add", one, other)

    def heal_there(self, one, other):
        self._cut_one("delete", one, other)

    def _cut(self, verb, one, other):
        self._cut_one(verb, one, other)
        self._cut_one(verb, other, one)

    def _cut_one(self, verb, one, other):
        self.lab.nft(self.name, "%s element %s world cut { %s . %s }\n" % (
            verb, "ip6" if ":" in one else "ip", one, other))


class Router:
    """A router with a NAT, in front of hosts or of other routers."""

    def __init__(self, above, name, kind, address=None, lan="192.168.1"):
        self.lab, self.name, self.lan = above.lab, name, lan
        self.inside = 0
        self.lab.namespace(name)
        self.line = above.attach(name, address)
        self.lab.ip(name, "link add lan type bridge")
        self.lab.ip(name, "link set lan up")
        self.lab.ip(name, "addr add %s.1/24 dev lan" % lan)
        self.lab.sysctl(name, net__ipv4__ip_forward=1)
        self.lab.nft(name, nat.KINDS[kind](self.address))

    @property
    def address(self):
        return self.line.address

    def attach(self, name, address=None):
        """The address is the next one of the LAN, from .10."""
        port = "lan%d" % self.inside
        address = address or "%s.%d" % (self.lan, 10 + self.inside)
        self.inside += 1
        self.lab.link(self.name, port, name, "eth0")
        self.lab.ip(self.name, "link set %s master lan" % port)
        self.lab.ip(name, "addr add %s/24 dev eth0" % address)
        self.lab.ip(name, "route add default via %s.1" % self.lan)
        return Inner(address)

    def host(self, name, address=None):
        self.lab.namespace(name)
        return self.attach(name, address)

    def adopt(self, name):
        """A host that was behind another router walks over to this one."""
        self.lab.ip(name, "link del eth0")
        return self.attach(name)

    def give_ipv6(self, prefix, host):
        """A /64 for the LAN, behind a stateful firewall, and `host` has its ::10.
        `prefix` ends in "::"."""
        self.line.route6(prefix + "/64")
        self.lab.sysctl(self.name, net__ipv6__conf__all__forwarding=1)
        self.lab.nft(self.name, nat.FIREWALL6)
        self.lab.ip(self.name, "addr add %s1/64 dev lan nodad" % prefix)
        self.lab.ip(host, "addr add %s10/64 dev eth0 nodad" % prefix)
        self.lab.ip(host, "route add default via %s1" % prefix)

    # Trouble

    def forget(self):
        """Every mapping is gone, as after a reboot that took no time."""
        sh("ip", "netns", "exec", self.lab.full(self.name), "conntrack", "-F")

    def renumber(self, address):
        self.line.renumber(address)
        self.forget()

    def lose_power(self):
        self.line.down()

    def boot(self):
        self.forget()
        self.line.up()


class Inner:
    """A place behind a router."""

    def __init__(self, address):
        self.address = address


def home(internet, name, address, kind="linux", inner=None):
    """A site: the host `name` behind a router of its own. Returns the router."""
    router = Router(internet, name + "-nat", kind, address)
    router.host(name, inner)
    return router


def home_behind_carrier(internet, name, address, kind="linux"):
    """A home router whose provider has another NAT. Returns the carrier's."""
    carrier = Router(internet, name + "-cgn", kind, address, lan="100.64.0")
    Router(carrier, name + "-nat", "linux").host(name)
    return carrier
