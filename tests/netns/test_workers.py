# SPDX-License-Identifier: GPL-3.0-or-later
"""Several threads in a node: nothing is seen of them but their number."""

import os
import subprocess
import time

from bulk import MB, Datagrams, Stream
from internet import Internet
from lab import Failed, wait_until
from mesh import Mesh

LIGHTHOUSE = "198.18.0.10"
ADDRESSES = {"hub": "198.18.1.1", "party1": "198.18.2.1", "party2": "198.18.3.1"}
WORKERS = {"hub": 3, "party1": 2}       # party2 has the one that is usual
PATIENCE = 120
NAMES = list(ADDRESSES)
LONG = (300, 1200)      # of small ones a copy may come by a relay, and before the others


class Star:
    """Three hosts, each with everybody, of which two have several workers."""

    def __init__(self, lab, apart=()):
        self.lab, self.internet = lab, Internet(lab)
        self.internet.host("lh", LIGHTHOUSE)
        for name, address in ADDRESSES.items():
            self.internet.host(name, address)
        if apart:
            self.internet.cut(*(ADDRESSES[name] for name in apart))
        self.mesh = Mesh(lab, {"lh": LIGHTHOUSE}, NAMES)
        for name, count in WORKERS.items():
            self.restart(name, count)
        hosts = self.mesh.parties
        for one in NAMES:
            for other in NAMES:
                if one != other:
                    hosts[one].reaches(hosts[other], 30)
                    hosts[one].comes_to(
                        hosts[other], "relay" if {one, other} == set(apart) else "direct", 60)

    def restart(self, name, count):
        host = self.mesh.parties[name]
        host.tell("set", "workers", count)
        host.tell("down")
        host.tell("up")
        threads = os.listdir("/proc/%d/task" % host.json("status")["pid"])
        if len(threads) < 1 + count:
            raise Failed("%s has %d threads for %d workers" % (name, len(threads), count))

    def everything(self, scale=1):
        """Streams and datagrams between all pairs, at once; datagrams in their order."""
        address = {name: host.overlay() for name, host in self.mesh.parties.items()}
        pairs = [(a, b) for a in NAMES for b in NAMES if a != b]
        start = time.monotonic()
        streams = [Stream(self.lab, a, b, address[b], 4 * MB * scale) for a, b in pairs]
        for s in streams:
            s.finish(PATIENCE * scale)
        took = time.monotonic() - start
        for a, b in pairs:
            Datagrams(self.lab, a, b, address[b], 1000 * scale, LONG, at_once=10).finish(
                PATIENCE * scale, overtaken=0)
        return "%.0f MB/s in all" % (len(pairs) * 4 * scale / took)


def several_workers_keep_every_flow_in_order(lab, scale=1):
    return Star(lab).everything(scale)


def several_workers_relay_and_are_relayed(lab, scale=1):
    return Star(lab, apart=("party1", "party2")).everything(scale)


def several_workers_end_and_begin_under_load(lab, scale=1):
    star = Star(lab)
    hub, one = star.mesh.parties["hub"], star.mesh.parties["party1"]
    address = one.overlay()
    flood = lab.spawn("hub", "ping", "-q", "-f", "-s", "1000", address,
                      stdout=subprocess.DEVNULL)
    try:
        for _ in range(3 * scale):
            star.restart("hub", 3)
            took = wait_until(lambda: lab.run("hub", "ping", "-c1", "-W0.3", address)[0] == 0, 30)
            if took is None:
                raise Failed("nothing passes any more")
            hub.tell("set", "allow-all", "no")
            hub.tell("set", "allow-all", "yes")
            hub.tell("status")
    finally:
        flood.terminate()
        flood.wait()


SCENARIOS = (several_workers_keep_every_flow_in_order, several_workers_relay_and_are_relayed,
             several_workers_end_and_begin_under_load)
