# SPDX-License-Identifier: GPL-3.0-or-later
"""The twenty kinds of site, between namespaces.

What the kernel's NAT does exactly is left to it; routers that map ports have
Debian's miniupnpd; the rest is `unat`, the simulator's NAT on a TUN device in the
router's namespace. A site is a host and what stands before it; it knows the
addresses by which the Internet sees it.
"""

import os
import pathlib

import nat
from internet import Router
from lab import Failed, wait_until
from portmap import MAPPABLE, Mapper

BUILD = pathlib.Path(os.environ.get("MPYNET_BUILD", pathlib.Path(__file__).parents[2] / "build"))
UNAT = BUILD / "unat"

FIREWALL = """
table inet filter {
	chain input {
		type filter hook input priority 0; policy drop
		iifname { lo, mpy0 } accept
		ct state established,related accept
	}
}
"""

ONLY_443 = """
table ip guests {
	chain forward {
		type filter hook forward priority -1
		iifname lan tcp dport 443 accept
		iifname lan drop
	}
}
"""


class UserRouter(Router):
    """A router whose NAT is `unat`. It has an address of its own towards the
    Internet, and that of the NAT is routed to it."""

    def __init__(self, above, name, kind, which, address, own, lan="192.168.1"):
        self.outside = address
        super().__init__(above, name, "none", own, lan)
        lab = self.lab
        above.lab.ip(above.name, "route replace %s/32 via %s dev %s onlink"
                     % (address, own, self.line.port))
        lab.sysctl(name, net__ipv4__conf__all__rp_filter=0,
                   net__ipv4__conf__default__rp_filter=0)
        self.child = lab.spawn(name, UNAT, kind, which, "nat0", address)
        if wait_until(self._has_device, 10) is None:
            raise Failed("unat makes no device in %s" % name)
        lab.sysctl(name, net__ipv4__conf__nat0__rp_filter=0)
        lab.ip(name, "link set nat0 up")
        lab.ip(name, "route add %s/32 dev nat0" % address)
        lab.ip(name, "route add default dev nat0 table 100")
        lab.ip(name, "rule add iif lan lookup 100")

    def _has_device(self):
        return self.lab.run(self.name, "ip", "link", "show", "nat0")[0] == 0

    @property
    def address(self):
        return self.outside


class Site:
    """The host `name` of a kind. `number` is its own, below 200."""

    def __init__(self, internet, name, kind, number):
        self.internet, self.lab = internet, internet.lab
        self.name, self.kind, self.number = name, kind, number
        self.address = "198.18.%d.1" % (50 + number)
        self.own = "198.19.%d.1" % (50 + number)
        self.prefix6 = "2001:db8:%x::" % (number + 1)
        self.addresses = [self.address]
        self.before = None      # a router of the kernel's
        MAKERS[kind](self)

    def forget(self):
        """The router forgets all flows, as after a reboot."""
        if self.before:
            self.before.forget()

    def router(self):
        return self.name + "-nat"

    def kernel(self, kind):
        self.before = Router(self.internet, self.router(), kind, self.address)
        self.before.host(self.name)

    def user(self):
        UserRouter(self.internet, self.router(), self.kind, "home", self.address,
                   self.own).host(self.name)

    def public(self):
        line = self.internet.host(self.name, self.address)
        line.route6(self.prefix6 + "/64")
        self.lab.ip(self.name, "addr add %s10/128 dev eth0 nodad" % self.prefix6)
        self.addresses.append(self.prefix6 + "10")

    def firewall(self):
        self.internet.host(self.name, self.address)
        self.lab.nft(self.name, FIREWALL)

    def short(self):
        self.kernel("linux")
        self.lab.sysctl(self.router(), net__netfilter__nf_conntrack_udp_timeout=10,
                        net__netfilter__nf_conntrack_udp_timeout_stream=10)

    def carrier(self):
        carrier = UserRouter(self.internet, self.name + "-cgn", self.kind, "carrier",
                             self.address, self.own, lan="100.64.0")
        Router(carrier, self.router(), "linux").host(self.name)

    def ipv6(self):
        router = Router(self.internet, self.router(), "linux-frandom", self.address)
        router.host(self.name)
        router.give_ipv6(self.prefix6, self.name)
        self.addresses.append(self.prefix6 + "10")

    def mapper(self, **speaks):
        self.address = MAPPABLE.replace(".1.%d", ".%d.1") % (50 + self.number)
        self.addresses = [self.address]
        router = Router(self.internet, self.router(), self.kind, self.address)
        router.host(self.name)
        Mapper(router, **speaks)

    def only_443(self):
        self.kernel("linux")
        self.lab.nft(self.router(), ONLY_443)


nat.KINDS["none"] = lambda _address: ""

# In the order of the rows of docs/matrix.md.
MAKERS = {
    "public": Site.public,
    "fw": Site.firewall,
    "fullcone": Site.user,
    "acone": Site.user,
    "pcone": Site.user,
    "pcone-rand": Site.user,
    "linux": lambda s: s.kernel("linux"),
    "linux-open": lambda s: s.kernel("linux-open"),
    "short": Site.short,
    "sym-addr": Site.user,
    "sym-seq": lambda s: s.kernel("sym-seq"),
    "sym-rand": Site.user,
    "linux-frandom": lambda s: s.kernel("linux-frandom"),
    "cgn-cone": Site.carrier,
    "cgn-sym": Site.carrier,
    "v6fw": Site.ipv6,
    "upnp": lambda s: s.mapper(pcp=False),
    "pcp": lambda s: s.mapper(upnp=False),
    "udp-block": lambda s: s.kernel("udp-block"),
    "tcp443": Site.only_443,
}
