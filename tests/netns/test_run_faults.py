# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with a run, and what each party hears of it (docs/faults.md).

Machines here run mpynet as root; users without root are in test_run.py.
"""

import shutil
import signal
import subprocess
import sys
import time

from faults import Machine, Run, go_home, propose
from internet import Internet, Router, home
from lab import Failed, wait_until
from mesh import MPYC_PORT, VENV, Mesh

LIGHTHOUSE = "198.18.0.10"
ADDRESSES = {"party1": "198.18.1.1", "party2": "198.18.2.1", "party3": "198.18.3.1",
             "party4": "198.18.4.1"}
COPY = "198.18.5.1"
LONG = ("-n", 12, "-w", 400, "--every", 0.1)

KNOCK = """
import socket, sys
s = socket.socket()
s.settimeout(3)
try:
    s.connect((sys.argv[1], int(sys.argv[2])))
    print("open")
except OSError:
    print("closed")
"""


class Open:
    """Four machines with public addresses; a study of the first three."""

    def __init__(self, lab):
        self.lab = lab
        self.internet = Internet(lab)
        for name, address in {"lh": LIGHTHOUSE, **ADDRESSES}.items():
            self.internet.host(name, address)
        self.finish()

    def finish(self):
        self.mesh = Mesh(self.lab, {"lh": LIGHTHOUSE}, list(ADDRESSES), machine=Machine)
        *self.parties, self.stranger = self.mesh.parties.values()
        propose(self.parties, "salaries")

    def start_all(self, *words, **more):
        return [Run(host, *words, **more) for host in self.parties]

    def compute(self):
        """All compute, and are in the middle of it."""
        runs = self.start_all(args=LONG)
        for run in runs:
            run.prints("wave 2")
        return runs

    def go_home(self):
        go_home([*self.parties, self.stranger])


class Homes(Open):
    """The same behind routers, that let through who was spoken to."""

    def __init__(self, lab):
        self.lab = lab
        self.internet = Internet(lab)
        self.internet.host("lh", LIGHTHOUSE)
        self.internet.host("party4", ADDRESSES["party4"])
        self.sites = [home(self.internet, name, ADDRESSES[name], kind) for name, kind in
                      (("party1", "linux"), ("party2", "linux"), ("party3", "fullcone"))]
        self.finish()
        for one in self.parties:
            for other in self.parties:
                if one is not other:
                    one.comes_to(other, "direct", 60)


def nobody_has_started(runs):
    for run in runs:
        if " starts, this is party" in run.said() or "wave" in run.out.read_text():
            raise Failed("%s has started: %s" % (run.host.name, run.said()))


def who_comes_late_or_with_another_mpyc_is_named(lab):
    place = Open(lab)
    one, two, three = place.parties
    # A package that says 0.9 of itself, before the installed one.
    shutil.copytree(package_of_mpyc(), lab.dir / "older" / "mpyc")
    init = lab.dir / "older" / "mpyc" / "__init__.py"
    init.write_text(init.read_text().replace("__version__ = '", "__version__ = '0.9-"))
    runs = [Run(one), Run(two), Run(three, env=["PYTHONPATH=%s" % (lab.dir / "older")])]
    for run in runs[:2]:
        run.ends(6, "party3 would run something else: mpyc (here 0.", "; there 0.9-")
    runs[2].ends(6, "party1 would run something else: mpyc (here 0.9-",
                 "salaries was not started: party3 (this host): the parties would run different")
    nobody_has_started(runs)
    # One that never comes, and one that comes when the first has given up.
    three.tell("down")
    runs = [Run(one, "--wait", "4s"), Run(two, "--wait", "2m")]
    runs[0].ends(5, "not all parties came within 4s: waiting for party3")
    runs[0] = Run(one)
    runs[0].says("waiting for party3", "party3 was stopped")
    Run(one).ends(6, "the study salaries runs on this host already")
    time.sleep(10)
    nobody_has_started(runs)
    three.tell("up")
    runs.append(Run(three))
    for run in runs:
        run.has_the_result()
    place.go_home()


def package_of_mpyc():
    """Where it is installed."""
    done = subprocess.run([VENV / "bin/python", "-c", "import mpyc; print(mpyc.__path__[0])"],
                          capture_output=True, text=True, check=True)
    return done.stdout.strip()


def another_list_and_two_of_one_party_start_nothing(lab):
    place = Open(lab)
    one, two, three = place.parties
    propose([one, two], "ages")
    # Of the same name, with two parties.
    two.tell("study", "new", "salaries", "--parties", "party1,party2")
    full, short = [next(s["hash"][:8] for s in two.json("study", "list")["studies"]
                        if (s["name"], s["count"]) == ("salaries", count)) for count in (3, 2)]
    Run(two).ends(6, "2 studies are called salaries; say which by the beginning of its hash")
    runs = [Run(one, "--wait", "8s", study=full), Run(two, "--wait", "8s", study=short),
            Run(three, "--wait", "8s")]
    runs[0].ends(5, "not all parties came within 8s: party2 has another study of this name")
    runs[1].ends(5, "with two parties the threshold is 0", "party1 has another study of this name")
    runs[2].ends(5, "not all parties came within 8s: waiting for party2")
    nobody_has_started(runs)
    # Two hosts with one key.
    three.tell("down")
    place.internet.host("copy", COPY)
    shutil.copytree(three.state, lab.dir / "copy")
    copy = Machine(lab, "copy")
    copy.tell("up")
    three.tell("up")
    runs = [Run(one, study=full), Run(three), Run(copy)]
    runs[0].says("party3 runs it twice: two processes speak for it", seconds=90)
    for run in runs:
        run.child.send_signal(signal.SIGINT)
        run.ends(130, "was not started")
    copy.tell("down")
    copy.check_clean()
    place.go_home()


def who_is_lost_for_good_ends_the_run_everywhere(lab):
    place = Open(lab)
    one, two, three = place.parties
    # The node is killed: that it will not come back nobody knows before it has.
    runs = place.compute()
    two.crash()
    runs[1].ends(3, "the node of this host has ended, and run 1 of salaries with it")
    runs[0].says("party2 has not been heard for 15 s")
    two.tell("up")
    for run in (runs[0], runs[2]):
        run.ends(1, "stops everywhere: party2: its program failed: it ended with its node")
    # It is stopped as people do.
    runs = place.compute()
    two.tell("down")
    runs[1].ends(3, "the node of this host has ended")
    for run in (runs[0], runs[2]):
        run.ends(1, "stops everywhere: party2: it was interrupted there: its node was stopped")
    two.tell("up")
    # Its certificate is revoked, which the others need not hear from it.
    runs = place.compute()
    place.mesh.authority.tell("revoke", "party3")
    state = lab.dir / "study.state"
    state.write_text(place.mesh.authority.tell("ca", "export", "--network-state"))
    one.tell("join", state)
    for run in runs[:2]:
        run.ends(1, "stops everywhere: party3: it is no member any more")
    runs[2].ends(1, "party3 (this host): it is no member any more")
    place.go_home()


def waves(runs):
    """Every party has printed so many."""
    return min(run.out.read_text().count("wave") for run in runs)


def goes_on(runs, after):
    """How long until everybody has printed two more waves."""
    wanted = waves(runs) + 2
    took = wait_until(lambda: waves(runs) >= wanted, 90)
    if took is None:
        raise Failed("nothing goes on after %s: %s" % (after, [r.said() for r in runs]))
    for run in runs:
        if run.child.poll() is not None:
            raise Failed("it is over before the test: more waves")
    return took


def knock_everywhere(place):
    """A member that is no party, and parties in a direction that MPyC does not use."""
    one, two, three = place.parties
    pairs = [(place.stranger, one), (place.stranger, two), (place.stranger, three),
             (three, two), (two, one)]
    knocks = [place.lab.spawn(a.namespace, sys.executable, "-c", KNOCK, b.overlay(), MPYC_PORT,
                              stdout=subprocess.PIPE) for a, b in pairs]
    for (a, b), knock in zip(pairs, knocks):
        if knock.communicate(timeout=60)[0] != "closed\n":
            raise Failed("%s comes in at %s" % (a.name, b.name))


def what_fails_below_a_run_changes_no_result(lab):
    place = Homes(lab)
    cafe = Router(place.internet, "cafe-nat", "fullcone", "198.18.6.1", lan="10.0.0")
    runs = place.start_all(args=("-n", 12, "-w", 45, "--every", 0.2))
    for run in runs:
        run.prints("wave 2")
    knock_everywhere(place)
    told = ["strangers %.1f s" % goes_on(runs, "the strangers")]
    place.sites[0].lose_power()
    time.sleep(3)
    place.sites[0].boot()
    told += ["NAT %.1f s" % goes_on(runs, "the reboot of a NAT")]
    place.sites[1].renumber("198.18.2.99")
    told += ["address %.1f s" % goes_on(runs, "another address")]
    place.parties[2].moved = True
    cafe.adopt("party3")
    told += ["walk %.1f s" % goes_on(runs, "a walk to another network")]
    place.mesh.lighthouses["lh"].crash()
    told += ["lighthouse %.1f s" % goes_on(runs, "the death of the lighthouse")]
    for run in runs:
        run.has_the_result()
    # And without any lighthouse from the beginning.
    for run in place.start_all():
        run.has_the_result()
    place.go_home()
    return ", ".join(told)


SCENARIOS = (
    who_comes_late_or_with_another_mpyc_is_named,
    another_list_and_two_of_one_party_start_nothing,
    who_is_lost_for_good_ends_the_run_everywhere,
)
