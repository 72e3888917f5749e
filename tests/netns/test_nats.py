# SPDX-License-Identifier: GPL-3.0-or-later
"""The NATs are what they are called: measured from outside with plain UDP.

The words are those of RFC 4787. Without this, a test of NAT traversal tests
whatever the kernel made of our rules.
"""

import contextlib
import os

import nat
from internet import Internet, home, home_behind_carrier
from lab import Failed

PATIENCE = 1

# mapping, port kept, filtering
INDEPENDENT, DEPENDENT = "endpoint-independent", "address-and-port-dependent"
ADDRESS = "address-dependent"
BLOCKED = "blocked"
EXPECTED = {
    "linux": (INDEPENDENT, True, DEPENDENT),
    "linux-open": (INDEPENDENT, True, DEPENDENT),
    "linux-frandom": (DEPENDENT, False, DEPENDENT),
    "sym-seq": (DEPENDENT, False, DEPENDENT),
    "fullcone": (INDEPENDENT, True, INDEPENDENT),
    "acone": (INDEPENDENT, True, ADDRESS),
    "udp-block": (BLOCKED, False, BLOCKED),
    "cgn-cone": (INDEPENDENT, True, DEPENDENT),
    "cgn-sym": (DEPENDENT, False, DEPENDENT),
}


class Observers:
    """Two public hosts, one of them with a second port."""

    def __init__(self, lab, internet):
        internet.host("one", "198.18.0.10")
        internet.host("two", "198.18.0.11")
        self.sockets = [lab.udp("one", "198.18.0.10", 7717),
                        lab.udp("one", "198.18.0.10", 7718),
                        lab.udp("two", "198.18.0.11", 7717)]
        for s in self.sockets:
            s.settimeout(PATIENCE)

    def see(self, client, which):
        """Who the sender of a packet is to an observer; None if it is lost."""
        return carry(client, self.sockets[which].getsockname(), self.sockets[which])

    def gets_in(self, which, client, seen):
        return carry(self.sockets[which], seen, client) is not None


def carry(source, address, target):
    """Send one datagram; its source as the target sees it, or None. What an
    earlier one left behind, because a queue kept it, is not taken for it."""
    word = os.urandom(8)
    source.sendto(word, address)
    with contextlib.suppress(OSError):      # a timeout, or an ICMP error
        while True:
            got, seen = target.recvfrom(64)
            if got == word:
                return seen
    return None


def client_in(lab, name, port):
    s = lab.udp(name, port=port)
    s.settimeout(PATIENCE)
    return s


def measure(lab, observers, name):
    """(mapping, port kept, filtering) of what stands before a host."""
    client = client_in(lab, name, 5000)
    seen = [observers.see(client, which) for which in range(3)]
    if None in seen:
        return BLOCKED, False, BLOCKED
    mapping = INDEPENDENT if len(set(seen)) == 1 else DEPENDENT
    kept = all(port == 5000 for _, port in seen)

    client = client_in(lab, name, 5001)
    seen = observers.see(client, 0)
    if observers.gets_in(2, client, seen):
        return mapping, kept, INDEPENDENT
    if observers.gets_in(1, client, seen):
        return mapping, kept, ADDRESS
    return mapping, kept, DEPENDENT


def nats_are_what_they_are_called(lab):
    internet = Internet(lab)
    observers = Observers(lab, internet)
    for i, (kind, expected) in enumerate(EXPECTED.items()):
        name, address = "host%d" % i, "198.18.1.%d" % (i + 1)
        if kind in nat.KINDS:
            home(internet, name, address, kind)
        else:
            home_behind_carrier(internet, name, address, {
                "cgn-cone": "linux", "cgn-sym": "linux-frandom"}[kind])
        found = measure(lab, observers, name)
        if found != expected:
            raise Failed("%s: expected %s, found %s" % (kind, expected, found))


def sequential_ports_follow_one_another(lab):
    internet = Internet(lab)
    observers = Observers(lab, internet)
    home(internet, "host", "198.18.1.1", "sym-seq")
    client = client_in(lab, "host", 5000)
    ports = [observers.see(client, which)[1] for which in range(3)]
    if ports != list(range(ports[0], ports[0] + 3)):
        raise Failed("ports %s" % ports)


def an_open_router_gives_the_tuple_to_a_stranger(lab):
    """The hazard of paths that linux-open is there for, and linux is not."""
    internet = Internet(lab)
    observers = Observers(lab, internet)
    for kind, address, kept in (("linux", "198.18.1.1", True),
                                ("linux-open", "198.18.1.2", False)):
        home(internet, kind, address, kind)
        stranger = observers.sockets[2]
        carry(stranger, (address, 5000), stranger)
        port = observers.see(client_in(lab, kind, 5000), 2)[1]
        if (port == 5000) != kept:
            raise Failed("%s: the flow has port %d" % (kind, port))


def a_line_can_be_cut_renumbered_and_rebooted(lab):
    internet = Internet(lab)
    observers = Observers(lab, internet)
    site = home(internet, "host", "198.18.1.1", "linux-frandom")
    client = client_in(lab, "host", 5000)
    steps = [("before", lambda: None, "198.18.1.1")]
    steps += [("cut", lambda: internet.cut("198.18.1.1", "198.18.0.10"), None)]
    steps += [("healed", lambda: internet.heal("198.18.1.1", "198.18.0.10"), "198.18.1.1")]
    steps += [("without power", site.lose_power, None)]
    steps += [("booted", site.boot, "198.18.1.1")]
    steps += [("renumbered", lambda: site.renumber("198.18.1.99"), "198.18.1.99")]
    ports = set()
    for name, change, expected in steps:
        change()
        seen = observers.see(client, 0)
        if (seen and seen[0]) != expected:
            raise Failed("%s: seen as %s" % (name, seen))
        if seen:
            ports.add(seen[1])
    if len(ports) != 3:         # before and healed, booted, renumbered
        raise Failed("the mappings survived: ports %s" % ports)
    if internet.counters().get(("198.18.1.1", "198.18.0.10"), 0) < 3:
        raise Failed("counters: %s" % internet.counters())


def ipv6_passes_a_firewall_that_was_opened_from_within(lab):
    internet = Internet(lab)
    clients = []
    for i, name in enumerate(("one", "two")):
        site = home(internet, name, "198.18.1.%d" % (i + 1), "linux-frandom")
        site.give_ipv6("2001:db8:%d::" % (i + 1), name)
        clients.append(lab.udp(name, "2001:db8:%d::10" % (i + 1), 5000))
        clients[i].settimeout(PATIENCE)
    one, two = clients
    if carry(one, two.getsockname(), two):
        raise Failed("a packet came in unasked")
    if not carry(two, one.getsockname(), one) or not carry(one, two.getsockname(), two):
        raise Failed("the firewalls do not open from within")
    if internet.between("2001:db8:1::10", "2001:db8:2::10") != 3:
        raise Failed("counters: %s" % internet.counters())


SCENARIOS = (
    nats_are_what_they_are_called,
    sequential_ports_follow_one_another,
    an_open_router_gives_the_tuple_to_a_stranger,
    a_line_can_be_cut_renumbered_and_rebooted,
    ipv6_passes_a_firewall_that_was_opened_from_within,
)
