# SPDX-License-Identifier: GPL-3.0-or-later
"""A route carries what its path carries, and a black hole is not the end of a transfer."""

import socket
import threading
import time

from internet import Internet, home
from lab import Failed, wait_until
from mesh import Mesh

LIGHTHOUSE = "198.18.0.10"
ONE, TWO = "198.18.1.1", "198.18.2.1"
PORT = 4000

FULL = 1420
# IP packets beyond this are lost without a word; with 60 bytes of headers 1328 pass inside.
NARROW = 1392
PASSES = 1280

BLACK_HOLE = """
table ip narrow {
	chain forward {
		type filter hook forward priority -10
		ip length > %d drop
	}
}
""" % NARROW


class Transfer:
    """TCP as fast as it goes from one party to another, until it is stopped."""

    def __init__(self, lab, one, other):
        address = other.overlay()
        with lab.inside(other.namespace):
            self.server = socket.create_server((address, PORT))
        with lab.inside(one.namespace):
            self.client = socket.create_connection((address, PORT), timeout=60)
        self.inner, _ = self.server.accept()
        self.inner.settimeout(60)
        self.received = 0
        self.stopping = False
        self.threads = [threading.Thread(target=self.send, daemon=True),
                        threading.Thread(target=self.receive, daemon=True)]
        for thread in self.threads:
            thread.start()

    def send(self):
        while not self.stopping:
            self.client.sendall(bytes(16384))
            time.sleep(0.01)            # a few megabytes a second are enough
        self.client.close()

    def receive(self):
        while got := self.inner.recv(65536):
            self.received += len(got)

    def goes_on(self, seconds):
        """How long until a good deal more has come."""
        wanted = self.received + 1000000
        took = wait_until(lambda: self.received > wanted, seconds)
        if took is None:
            raise Failed("the transfer stands still")
        return took

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join(60)


def route_becomes(host, other, mtu, seconds):
    took = wait_until(lambda: host.peer(other).get("mtu") == mtu, seconds)
    if took is None:
        raise Failed("the route of %s to %s has an MTU of %s, not %d" % (
            host.name, other.name, host.peer(other).get("mtu"), mtu))
    return took


def cut_before_the_router(host):
    """The router's rule would measure datagrams that the kernel has not cut yet as one packet."""
    host.tell("set", "offload", "checksum,tso,uso,udp-gro")
    host.tell("down")
    host.tell("up")


def a_black_hole_is_survived(lab):
    internet = Internet(lab)
    internet.host("lh", LIGHTHOUSE)
    home(internet, "party1", ONE)
    home(internet, "party2", TWO)
    mesh = Mesh(lab, {"lh": LIGHTHOUSE}, ["party1", "party2"])
    one, two = mesh.parties.values()
    for host in (one, two):
        cut_before_the_router(host)
    one.reaches(two, 30)
    one.comes_to(two, "direct", 40)
    route_becomes(one, two, FULL, 30)
    transfer = Transfer(lab, one, two)
    transfer.goes_on(30)
    lab.nft("internet", BLACK_HOLE)
    noticed = route_becomes(one, two, PASSES, 60)
    went_on = transfer.goes_on(60)
    said = lab.run("party1", "ping", "-c1", "-W2", "-Mdo", "-s1350", two.overlay())
    if said[0] == 0 or "too long" not in said[1] + said[2]:
        raise Failed("who sends too much is not told: %s%s" % (said[1], said[2]))
    lab.nft("internet", "delete table ip narrow\n")
    route_becomes(one, two, FULL, 120)
    transfer.stop()
    return "noticed after %.1f s, the next megabyte came %.1f s later" % (noticed, went_on)


SCENARIOS = [a_black_hole_is_survived]
