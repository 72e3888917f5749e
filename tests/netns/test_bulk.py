# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever joins and cuts packets for speed, what comes out is what went in.

`scale` multiplies what is sent: 1 for every day, and see long/test_gigabytes.py.
"""

import itertools
import socket

from badwire import BadWire
from bulk import MB, Datagrams, Stream
from internet import Internet
from lab import Failed, wait_until
from mesh import Mesh
from stock import Scene

LIGHTHOUSE = "198.18.0.10"
ADDRESSES = {"party1": "198.18.1.1", "party2": "198.18.2.1"}
ADDRESSES6 = {"party1": "2001:db8:1::1", "party2": "2001:db8:2::1"}
PATIENCE = 120
GIVEN_UP = 0.1                  # seconds without a datagram, where some do get lost
FULL, NARROW = 1420, 1400       # inside the mesh at first; on the wire later

# Everything at once, in parts of 10,000; what is late is so by up to 3 ms. The rest is joined, as
# it then comes to a machine with a good card.
BAD = {"loss": 60, "twice": 100, "late": 300, "spoil": 30, "hold": 3000, "join": 1}


class Pair:
    """Two public hosts with a mesh, their lines, and a wire between them."""

    def __init__(self, lab, path="direct", below=4, **wire):
        self.lab, self.internet = lab, Internet(lab)
        self.internet.host("lh", LIGHTHOUSE)
        lines = [self.internet.host(*party) for party in ADDRESSES.items()]
        if path == "relay" or below == 6:
            self.internet.cut(*ADDRESSES.values())
        if below == 6:
            for line, (name, address) in zip(lines, ADDRESSES6.items()):
                line.route6(address + "/128")
                lab.ip(name, "addr add %s/128 dev eth0 nodad" % address)
        self.mesh = Mesh(lab, {"lh": LIGHTHOUSE}, list(ADDRESSES))
        self.one, self.two = self.mesh.parties.values()
        self.one.reaches(self.two, 30)
        for host, other in ((self.one, self.two), (self.two, self.one)):
            host.comes_to(other, path, 40)
        self.wire = BadWire(self.internet, lines, **wire) if wire else None

    def stream(self, size, family=4, back=False):
        return Stream(self.lab, "party1", "party2", self.two.overlay(family), int(size), back)

    def datagrams(self, count, family=4, **more):
        if self.wire:
            more.setdefault("patience", GIVEN_UP)
        return Datagrams(self.lab, "party1", "party2", self.two.overlay(family), int(count),
                         **more)

    def both_ways(self, size):
        """TCP of both families both ways, all at once; megabytes a second."""
        streams = [self.stream(size, family, back) for family in (4, 6)
                   for back in (False, True)]
        return 4 * size / MB / max(s.finish(PATIENCE * (1 + size / MB / 100)) for s in streams)

    def every_kind(self, size, count, **limits):
        """And datagrams: small and full ones, some that leave many at once, some that the
        kernel cuts into fragments."""
        told = "%.0f MB/s" % self.both_ways(size)
        for flow in [self.datagrams(count, family, at_once=at_once) for family in (4, 6)
                     for at_once in (1, 20)]:
            flow.finish(PATIENCE, **limits)
        self.datagrams(count / 20, sizes=(2000, 60000), ahead=2).finish(
            PATIENCE, lost=limits.get("lost", 0) * 40)
        return told

    def counter(self, host, name):
        return host.json("status")["counters"][name]


def a_good_wire_gives_everything_back_in_order(lab, scale=1):
    return Pair(lab).every_kind(8 * MB * scale, 2000 * scale, overtaken=0)


# What the kernel does for us, with less and less of it.
OFFLOADS = ("udp-gso,udp-gro", "uso,udp-gro", "tso,udp-gso", "checksum", "none")


def what_a_kernel_does_not_have_is_done_without(lab, scale=1):
    """Each in its turn has an older kernel than the other one."""
    pair = Pair(lab)
    told = []
    for offload, host in zip(OFFLOADS, itertools.cycle((pair.one, pair.two))):
        host.tell("set", "offload", offload)
        host.tell("down")
        host.tell("up")
        pair.one.reaches(pair.two, 30)
        told.append(pair.every_kind(MB * scale, 400 * scale))
    return ", ".join(told)


def a_bad_wire_spoils_nothing(lab, scale=1):
    pair = Pair(lab, **BAD)
    told = pair.every_kind(1 * MB * scale, 1000 * scale, lost=0.05)
    forged = pair.counter(pair.one, "not-authentic") + pair.counter(pair.two, "not-authentic")
    did = pair.wire.end()
    if not all(did[name] for name in ("loss", "twice", "late", "spoil", "joined")):
        raise Failed("the wire was a good one: %s" % did)
    if not forged:
        raise Failed("nobody noticed %d spoilt packets" % did["spoil"])
    return "%s, %d packets, %d of them joined" % (told, did["passed"], did["joined"])


def a_bad_wire_may_be_one_of_ipv6(lab, scale=1):
    pair = Pair(lab, below=6, **BAD)
    before = pair.internet.between(*ADDRESSES6.values())
    told = pair.every_kind(1 * MB * scale, 500 * scale, lost=0.1)
    packets = pair.internet.between(*ADDRESSES6.values()) - before
    if packets < 1000 * scale:
        raise Failed("only %d packets went by IPv6" % packets)
    return told


def nothing_is_lost_of_what_only_comes_late_or_twice(lab, scale=1):
    """A fifth is overtaken, by up to 20 ms of others: further than a window may not look."""
    pair = Pair(lab, late=2000, twice=2000, hold=20000)
    sent = 5000 * scale
    pair.datagrams(sent, ahead=200, patience=10).finish(PATIENCE)
    replayed = pair.counter(pair.two, "replayed")
    if replayed < sent / 10:
        raise Failed("of %d datagrams a fifth came twice, and %d were replayed" % (
            sent, replayed))
    return "%d replayed" % replayed


def a_relayed_transfer_is_exact(lab, scale=1):
    return Pair(lab, "relay", **BAD).every_kind(MB * scale, 500 * scale, lost=0.1)


def mtu_of(host, other):
    return host.peer(other).get("mtu")


def becomes_narrow(lab, scale, narrow):
    """`narrow` happens to a wire while every kind of stream goes over it."""
    pair = Pair(lab, delay=1000)
    streams = [pair.stream(6 * MB * scale, family, back) for family in (4, 6)
               for back in (False, True)]
    narrow(pair.wire)
    for s in streams:
        s.finish(PATIENCE * scale)
    for host, other in ((pair.one, pair.two), (pair.two, pair.one)):
        if wait_until(lambda: mtu_of(host, other) < FULL, 60) is None:
            raise Failed("%s still sends %d bytes" % (host.name, mtu_of(host, other)))
    return "then %d bytes" % mtu_of(pair.one, pair.two)


def a_wire_that_says_it_is_narrow_costs_no_byte(lab, scale=1):
    """What was joined has to be cut anew while it is under way."""
    return becomes_narrow(lab, scale, lambda wire: wire.mtu(NARROW))


def a_wire_that_is_narrow_without_a_word_costs_no_byte(lab, scale=1):
    return becomes_narrow(lab, scale, lambda wire: wire.set(most=NARROW))


class Office:
    """A host without mpynet behind party1, which masquerades for it."""

    def __init__(self, pair, mtu):
        lab = self.lab = pair.lab
        self.pair = pair
        lab.namespace("pc")
        lab.link("party1", "lan", "pc", "eth0")
        lab.ip("party1", "addr add 192.168.9.1/24 dev lan")
        lab.ip("pc", "addr add 192.168.9.2/24 dev eth0")
        lab.ip("party1", "link set lan mtu %d" % mtu)
        lab.ip("pc", "link set eth0 mtu %d" % mtu)
        lab.ip("pc", "route add default via 192.168.9.1")
        lab.sysctl("party1", net__ipv4__ip_forward=1)
        lab.nft("party1", "table ip office { chain out {\n"
                "type nat hook postrouting priority srcnat; iifname lan masquerade; }\n}\n")

    def transfers(self, size, count):
        address = self.pair.two.overlay()
        streams = [Stream(self.lab, "pc", "party2", address, size, back)
                   for back in (False, True)]
        took = max(s.finish(PATIENCE * (1 + size / MB / 100)) for s in streams)
        for at_once in (1, 10):
            Datagrams(self.lab, "pc", "party2", address, count, at_once=at_once).finish(
                PATIENCE)
        return "%.0f MB/s" % (2 * size / MB / took)


def a_host_behind_a_node_transfers_through_it(lab, scale=1):
    """Its packets are longer than the mesh carries, and it has to be told."""
    return Office(Pair(lab), 1500).transfers(10 * MB * scale, 2000 * scale)


def a_narrow_office_is_reached_through_a_node(lab, scale=1):
    """What comes joined out of the mesh does not fit where it is forwarded to."""
    return Office(Pair(lab), 1300).transfers(10 * MB * scale, 2000 * scale)


def errors_find_the_way_back(lab, scale=1):
    """While a transfer goes on: a closed port, a packet without hops left, one that is too long."""
    pair = Pair(lab)
    Office(pair, 1500)
    address = pair.two.overlay()
    stream = pair.stream(20 * MB * scale)
    with lab.inside("pc"):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(10)
    s.connect((address, 9))
    s.send(b"is anybody there?")
    try:
        s.recv(100)
        raise Failed("a closed port has answered")
    except ConnectionRefusedError:
        pass
    for words, wanted in ((("-t1",), "Time to live exceeded"),
                          (("-Mdo", "-s1450"), "Frag needed")):
        said = lab.run("pc", "ping", "-c1", "-W10", *words, address)
        if wanted not in said[1] + said[2]:
            raise Failed("ping %s: %s%s" % (" ".join(words), *said[1:]))
    # And the longest that any IP packet may be comes back in its fragments.
    status, out, err = lab.run("party1", "ping", "-c2", "-i0.2", "-W10", "-s65000", address)
    if status:
        raise Failed("ping -s65000: %s%s" % (out, err))
    stream.finish(PATIENCE * scale)


def a_stock_wireguard_gets_what_was_sent(lab, scale=1):
    scene = Scene(lab)
    wire = BadWire(scene.internet, [scene.phone_line, scene.party_line])
    scene.stock.start(scene.config, scene.party_line.address + ":7717")
    scene.comes_through(scene.phone_pings, 30)
    for bad in ({}, BAD):
        wire.set(**bad)
        size, lost = (2 * MB * scale, 0.1) if bad else (8 * MB * scale, 0.01)
        streams = [Stream(lab, "phone", "party1", scene.party.overlay(), size, back)
                   for back in (False, True)]
        for s in streams:
            s.finish(PATIENCE * scale)
        Datagrams(lab, "phone", "party1", scene.party.overlay(), 1000 * scale,
                  patience=GIVEN_UP).finish(PATIENCE, lost=lost)
        Datagrams(lab, "party1", "phone", scene.address, 1000 * scale, at_once=20,
                  patience=GIVEN_UP).finish(PATIENCE, lost=lost)


SCENARIOS = [
    a_good_wire_gives_everything_back_in_order,
    what_a_kernel_does_not_have_is_done_without,
    a_bad_wire_spoils_nothing, a_bad_wire_may_be_one_of_ipv6,
    nothing_is_lost_of_what_only_comes_late_or_twice, a_relayed_transfer_is_exact,
    a_wire_that_says_it_is_narrow_costs_no_byte,
    a_wire_that_is_narrow_without_a_word_costs_no_byte,
    a_host_behind_a_node_transfers_through_it, a_narrow_office_is_reached_through_a_node,
    errors_find_the_way_back, a_stock_wireguard_gets_what_was_sent,
]
