# SPDX-License-Identifier: GPL-3.0-or-later
"""MPyC over the mesh: three parties in three homes get what one alone gets.

MPyC knows nothing of the mesh, cannot reconnect, and its parties that lose a
connection hang. So that a run ends with the right result is the proof that
nothing that happened below was seen above.
"""

import time

from internet import Internet, home
from lab import Failed, wait_until
from mesh import Computation, Mesh

LIGHTHOUSE = "198.18.0.10"
ADDRESSES = {"party1": "198.18.1.1", "party2": "198.18.2.1", "party3": "198.18.3.1"}


class Study:
    """Three homes, the third behind a symmetric NAT, who have reached each other."""

    def __init__(self, lab, cut=False, third="linux-frandom"):
        self.internet = Internet(lab)
        self.internet.host("lh", LIGHTHOUSE)
        self.sites = {name: home(self.internet, name, address,
                                 third if name == "party3" else "linux")
                      for name, address in ADDRESSES.items()}
        if cut:
            self.internet.cut(*self.homes())
        self.mesh = Mesh(lab, {"lh": LIGHTHOUSE}, list(ADDRESSES))
        self.parties = list(self.mesh.parties.values())
        for host in self.parties:
            for other in self.parties:
                if host is not other:
                    host.reaches(other, 30)

    @staticmethod
    def homes():
        """The public addresses of party1 and party2."""
        return ADDRESSES["party1"], ADDRESSES["party2"]

    def start(self, lab, program, *args):
        return Computation(lab, self.parties, program, *args)


def same_result(lab, program, *args):
    study = Study(lab)
    start = time.monotonic()
    run = study.start(lab, program, *args)
    run.compare(120)
    return "%.1f s over the mesh" % (time.monotonic() - start)


def a_survey_gives_the_same_result(lab):
    return same_result(lab, "survey.py")


def thousands_of_rounds_give_the_same_result(lab):
    return same_result(lab, "rounds.py", "-n", 3000)


def megabytes_give_the_same_result(lab):
    return same_result(lab, "bulk.py", "-n", 100000, "-r", 4)


class Waves:
    """A survey in waves, a second apart: it runs while something happens."""

    def __init__(self, study, lab, waves):
        self.run = study.start(lab, "survey.py", "-n", 9, "-w", waves, "--every", 1)
        if wait_until(lambda: self.run.lines() >= 1, 60) is None:
            raise Failed("the survey does not get going")

    def next(self):
        """How long until every party has the wave after the one that is asked now."""
        lines = self.run.lines()
        took = wait_until(lambda: self.run.lines() > lines + 1, 90)
        if took is None or not self.run.running():
            raise Failed("after %d waves the survey stood still, or ended too early" % lines)
        return took

    def end(self):
        self.run.compare(120)


def a_run_survives_the_change_from_relay_to_direct(lab):
    study = Study(lab, cut=True)
    one, two, _ = study.parties
    one.comes_to(two, "relay", 20)
    waves = Waves(study, lab, 30)
    study.internet.heal(*study.homes())
    took = one.comes_to(two, "direct", 90)
    before = study.internet.between(*study.homes())
    waves.next()
    packets = study.internet.between(*study.homes()) - before
    waves.end()
    if not packets:
        raise Failed("direct, but no packet went between the homes")
    return "direct %.1f s after it was possible" % took


def a_run_survives_the_change_from_direct_to_relay(lab):
    study = Study(lab)
    one, two, _ = study.parties
    one.comes_to(two, "direct", 40)
    waves = Waves(study, lab, 10)
    study.internet.cut(*study.homes())
    took = waves.next()
    if one.path(two) != "relay":
        raise Failed("the path is %s" % one.path(two))
    waves.end()
    return "two waves later after %.1f s" % took


def a_run_survives_a_dead_lighthouse(lab):
    """It relays for the symmetric site, so it comes back after two seconds."""
    study = Study(lab)
    waves = Waves(study, lab, 10)
    lighthouse = study.mesh.lighthouses["lh"]
    lighthouse.crash()
    time.sleep(2)
    lighthouse.tell("lighthouse")
    took = waves.next()
    waves.end()
    return "two waves later after %.1f s" % took


def a_run_over_direct_paths_needs_no_lighthouse(lab):
    study = Study(lab, third="fullcone")
    for host in study.parties:
        for other in study.parties:
            if host is not other:
                host.comes_to(other, "direct", 60)
    waves = Waves(study, lab, 8)
    study.mesh.lighthouses["lh"].crash()
    took = waves.next()
    waves.end()
    return "two waves later after %.1f s" % took


def a_run_survives_a_rebooted_nat(lab):
    study = Study(lab)
    waves = Waves(study, lab, 10)
    site = study.sites["party1"]
    site.lose_power()
    time.sleep(3)
    site.boot()
    took = waves.next()
    waves.end()
    return "two waves later after %.1f s" % took


SCENARIOS = (
    a_survey_gives_the_same_result,
    thousands_of_rounds_give_the_same_result,
    megabytes_give_the_same_result,
    a_run_survives_the_change_from_relay_to_direct,
    a_run_survives_the_change_from_direct_to_relay,
    a_run_survives_a_dead_lighthouse,
    a_run_over_direct_paths_needs_no_lighthouse,
    a_run_survives_a_rebooted_nat,
)
