# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with two ways to the Internet: one fails, and nobody notices much."""

import socket
import threading
import time

from internet import Internet, Router, home
from lab import Failed, wait_until
from mesh import Mesh

LIGHTHOUSE, FIRST, SECOND, THEIRS = "198.18.0.10", "198.18.1.1", "198.18.2.1", "198.18.3.1"
PORT = 9000


class Town:
    """party1 behind two home routers, the first of which its kernel prefers."""

    def __init__(self, lab):
        self.lab, self.internet = lab, Internet(lab)
        self.internet.host("lh", LIGHTHOUSE)
        home(self.internet, "party1", FIRST)
        home(self.internet, "party2", THEIRS)
        second = Router(self.internet, "second", "linux", SECOND, lan="192.168.2")
        lab.link(second.name, "lan0", "party1", "eth1")
        lab.ip(second.name, "link set lan0 master lan")
        lab.ip("party1", "addr add 192.168.2.10/24 dev eth1")
        lab.ip("party1", "route add default via 192.168.2.1 dev eth1 metric 200")
        self.mesh = Mesh(lab, {"lh": LIGHTHOUSE}, ["party1", "party2"])
        self.one, self.two = self.mesh.parties.values()
        self.one.reaches(self.two, 20)
        self.one.comes_to(self.two, "direct", 30)

    def silence(self, address):
        """What goes by this uplink gets lost, and nobody says so."""
        for other in (LIGHTHOUSE, THEIRS):
            self.internet.cut(address, other)

    def spent(self):
        """What has been sent by the second uplink."""
        counters = self.internet.counters()
        return sum(counters.get((SECOND, other), 0) for other in (LIGHTHOUSE, THEIRS))


class Talk:
    """A TCP connection over the mesh, with a word and its echo all the time."""

    def __init__(self, town):
        lab, self.longest, self.words, self.failed = town.lab, 0, 0, None
        address = town.two.overlay()
        with lab.inside("party2"):
            self.server = socket.create_server((address, PORT))
        with lab.inside("party1"):
            self.client = socket.create_connection((address, PORT), timeout=30)
        self.other = self.server.accept()[0]
        threading.Thread(target=self.echo, daemon=True).start()
        threading.Thread(target=self.talk, daemon=True).start()

    def echo(self):
        while word := self.other.recv(64):
            self.other.sendall(word)

    def talk(self):
        try:
            while True:
                start = time.monotonic()
                self.client.sendall(b"word")
                self.client.recv(64)
                self.longest = max(self.longest, time.monotonic() - start)
                self.words += 1
                time.sleep(0.02)
        except OSError as error:
            self.failed = error

    def goes_on(self, seconds):
        """The longest silence, once words come again; Failed if they do not."""
        words = self.words
        if wait_until(lambda: self.words > words + 20, seconds) is None or self.failed:
            raise Failed("the connection is dead: %s" % self.failed)
        return self.longest


def interrupted(lab, what):
    """How long a connection is silent when this happens to the first uplink."""
    town = Town(lab)
    time.sleep(3)               # the second uplink's paths are proven too
    talk = Talk(town)
    time.sleep(2)
    talk.longest = 0
    what(town)
    longest = talk.goes_on(20)
    town.one.comes_to(town.two, "direct", 30)
    if town.internet.between(SECOND, THEIRS) < 20:
        raise Failed("the second uplink was not used")
    if longest > 5:
        raise Failed("silent for %.2f s" % longest)
    return "silent for %.2f s" % longest


def an_uplink_that_goes_silent_is_left_for_the_other(lab):
    return interrupted(lab, lambda town: town.silence(FIRST))


def an_uplink_that_is_unplugged_is_left_for_the_other(lab):
    return interrupted(lab, lambda town: lab.ip("party1", "link set eth0 down"))


def a_metered_uplink_is_used_where_nothing_else_works(lab):
    town = Town(lab)
    town.one.tell("set", "metered", "eth1")
    time.sleep(3)
    before = town.spent()
    talk = Talk(town)
    time.sleep(4)
    if town.spent() > before:
        raise Failed("%d packets went by it although the other works" % (town.spent() - before))
    talk.longest = 0
    town.silence(FIRST)
    return "silent for %.2f s" % talk.goes_on(40)


def lighthouses_are_found_where_there_is_only_ipv6(lab):
    """The network translates: the lighthouse, by its IPv4 address behind the
    well-known prefix, as if a router stood between."""
    internet = Internet(lab)
    line = internet.host("lh", LIGHTHOUSE)
    line.route6("64:ff9b::/96")
    lab.ip("lh", "addr add 64:ff9b::%s/128 dev eth0 nodad" % LIGHTHOUSE)
    line = internet.host("party1", FIRST)
    line.route6("2001:db8:1::/64")
    lab.ip("party1", "addr add 2001:db8:1::10/128 dev eth0 nodad")
    lab.ip("party1", "route del default via 198.18.0.1")
    lab.ip("party1", "addr del %s/32 dev eth0" % FIRST)
    home(internet, "party2", THEIRS)
    mesh = Mesh(lab, {"lh": LIGHTHOUSE}, ["party1", "party2"])
    one, two = mesh.parties.values()
    one.reaches(two, 20)
    if internet.between("2001:db8:1::10", "64:ff9b::c612:a") < 10:
        raise Failed("nothing went by the translator: %s" % internet.counters())


SCENARIOS = (
    lighthouses_are_found_where_there_is_only_ipv6,
    an_uplink_that_goes_silent_is_left_for_the_other,
    an_uplink_that_is_unplugged_is_left_for_the_other,
    a_metered_uplink_is_used_where_nothing_else_works,
)
