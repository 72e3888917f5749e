# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network does while MPyC computes: nothing of it is seen above.

Three parties run one MPyC program, and two of them also have a TCP connection with
a question every 20 ms. While they do, addresses change, NATs forget, paths are cut and
lighthouses die, one thing after the other. MPyC has to end with the result that one
party alone gets, the connection has to hold, and the longest time without an answer
is told for each event. The ceilings only catch what does not come back by itself:
TCP waits twice as long before each repetition, and the machine may be busy.
"""

import pathlib
import subprocess
import sys
import time

from internet import Internet, home
from lab import Failed, wait_until
from mesh import Computation, Mesh

LIGHTHOUSES = {"lh1": "198.18.0.10", "lh2": "198.18.0.11"}
ADDRESSES = {"party1": "198.18.1.1", "party2": "198.18.2.1", "party3": "198.18.3.1"}
BEAT = pathlib.Path(__file__).with_name("beat.py")

CEILING = 20        # seconds without an answer
SETTLE = 3          # seconds that an event is watched after it is over
WAVES = 60          # of MPyC, a second apart: longer than all events take


class Beat:
    """The connection between two parties."""

    def __init__(self, lab, one, other):
        self.file = lab.dir / "beat.out"
        address = other.overlay()
        self.children = [lab.spawn(other.namespace, sys.executable, BEAT, "answer", address)]
        time.sleep(0.5)
        with open(self.file, "w") as out:
            self.children.append(lab.spawn(one.namespace, sys.executable, BEAT, "ask",
                                           address, stdout=out, stderr=subprocess.STDOUT))
        if wait_until(lambda: len(self.answers()) > 50, 30) is None:
            raise Failed("the connection does not get going")

    def answers(self):
        """When they came. The last line may be half written."""
        return [float(line) for line in self.file.read_text().split("\n")[:-1]]

    def gap(self, since):
        """The longest time without an answer from `since` until now."""
        times = [since] + [t for t in self.answers() if t > since] + [time.monotonic()]
        return max(b - a for a, b in zip(times, times[1:]))

    def check(self):
        if any(child.poll() is not None for child in self.children):
            raise Failed("the TCP connection broke: %s" % self.file.read_text()[-200:])


class Study:
    def __init__(self, lab, third):
        self.lab, self.told = lab, []
        self.internet = Internet(lab)
        for name, address in LIGHTHOUSES.items():
            self.internet.host(name, address)
        self.sites = {name: home(self.internet, name, address,
                                 third if name == "party2" else "linux")
                      for name, address in ADDRESSES.items()}
        self.mesh = Mesh(lab, LIGHTHOUSES, list(ADDRESSES))
        self.one, self.two, self.three = self.mesh.parties.values()
        for host in self.mesh.parties.values():
            for other in self.mesh.parties.values():
                if host is not other:
                    host.reaches(other, 30)

    def start(self):
        self.run = Computation(self.lab, list(self.mesh.parties.values()), "survey.py", "-n", 9,
                               "-w", WAVES, "--every", 1)
        if wait_until(lambda: self.run.lines() >= 1, 60) is None:
            raise Failed("MPyC does not get going")
        self.beat = Beat(self.lab, self.one, self.two)

    def happens(self, what, *steps, down=0.0):
        """Do one step after the other, with a pause where a number says so. For `down`
        seconds of it nothing can come through."""
        since = time.monotonic()
        for step in steps:
            time.sleep(step) if isinstance(step, (int, float)) else step()
        if wait_until(lambda: self.beat.answers()[-1] > time.monotonic() - 0.5, 60) is None:
            raise Failed("%s: no answer comes any more" % what)
        time.sleep(SETTLE)
        self.beat.check()
        gap = self.beat.gap(since) - down
        self.told.append("%s %.2f s" % (what, max(gap, 0)))
        if gap > CEILING:
            raise Failed("%s: %.1f s without an answer" % (what, gap))

    def end(self):
        if not self.run.running():
            raise Failed("MPyC ended before the events did")
        self.run.compare(180)
        self.beat.check()
        return "longest gaps: " + ", ".join(self.told)

    # What happens

    def homes(self):
        return self.sites["party1"].address, self.sites["party2"].address

    def link(self, state):
        self.lab.ip("party1", "link set eth0 %s" % state)
        if state == "up":
            self.lab.ip("party1", "route replace default via %s.1" % self.sites["party1"].lan)

    def kill(self, name):
        self.mesh.lighthouses[name].crash()

    def restart(self, name):
        self.mesh.lighthouses[name].tell("lighthouse")


def events_of_direct_paths_are_not_seen_by_mpyc(lab):
    s = Study(lab, "linux")
    s.one.comes_to(s.two, "direct", 40)
    s.start()
    one, two = s.homes()
    net, site = s.internet, s.sites["party2"]
    s.happens("NAT forgets", site.forget)
    s.happens("address changes", lambda: site.renumber("198.18.2.2"))
    one, two = s.homes()
    s.happens("cut", lambda: net.cut(one, two), 4, lambda: net.heal(one, two))
    s.happens("cut there", lambda: net.cut_there(one, two), 4, lambda: net.heal_there(one, two))
    s.happens("cut back", lambda: net.cut_there(two, one), 4, lambda: net.heal_there(two, one))
    s.one.comes_to(s.two, "direct", 60)
    s.happens("link down 2 s", lambda: s.link("down"), 2, lambda: s.link("up"), down=2)
    s.happens("lighthouse dies", lambda: s.kill("lh1"), 2, lambda: s.restart("lh1"))
    s.happens("the other dies", lambda: s.kill("lh2"), 2, lambda: s.restart("lh2"))
    return s.end()


def events_of_relayed_paths_are_not_seen_by_mpyc(lab):
    """The second party's NAT is symmetric. That the pair may become direct by and by is
    kept from it by a cut, so that it depends on the relays alone."""
    s = Study(lab, "linux-frandom")
    s.internet.cut(*s.homes())
    s.one.comes_to(s.two, "relay", 40)
    s.start()
    s.happens("NAT forgets", s.sites["party2"].forget)
    s.happens("address changes", lambda: s.sites["party2"].renumber("198.18.2.2"))
    s.internet.cut(*s.homes())
    s.happens("a relay dies", lambda: s.kill("lh1"), 3, lambda: s.restart("lh1"))
    s.happens("the other relay dies", lambda: s.kill("lh2"), 3, lambda: s.restart("lh2"))
    s.happens("link down 2 s", lambda: s.link("down"), 2, lambda: s.link("up"), down=2)
    return s.end()


SCENARIOS = [
    events_of_direct_paths_are_not_seen_by_mpyc,
    events_of_relayed_paths_are_not_seen_by_mpyc,
]
