# SPDX-License-Identifier: GPL-3.0-or-later
"""Enrolment whose ends die or whose disks fail, at any moment: a token is one certificate.

A command is ended before its Nth call that changes the disk, in the middle of that write, or at a
moment of its life; or the call fails (tests/cli/fault.c). Then everything is started again as a
person would, and the host has to become a member by the token that it has.
"""

import itertools
import sys
import time

from lab import Failed, wait_until
from mesh import ROOT
from test_invite import Joining, Network

sys.path.append(str(ROOT / "tests" / "cli"))

from authority import fault_library                               # noqa: E402


def through(**orders):
    """Words that start a program behind the faults of fault.c."""
    return ["env", "LD_PRELOAD=" + fault_library(), *["%s=%s" % o for o in orders.items()]]


class Enrolments:
    """One host after the other, each with a name and a token of its own."""

    def __init__(self, lab):
        self.net = Network(lab)
        self.numbers = itertools.count()
        self.file = lab.dir / "calls"
        self.net.serve()

    def next(self):
        """(the host, its token)"""
        number = next(self.numbers)
        return (self.net.other_host(self.net.party1, number), "party%d" % number,
                self.net.invite("party%d" % number))

    def calls(self):
        """So many calls of what was run last changed the disk."""
        if wait_until(self.file.exists, 5) is None:
            raise Failed("nobody counted")
        return int(self.file.read_text())

    def check(self, host, name):
        made = self.net.one_certificate(name)
        has = host.json("inspect", host.state / "node" / "bundle.mpynet")
        if has["fingerprint"] != made["fingerprint"]:
            raise Failed("%s has another certificate than the ledger" % name)

    def measure_join(self):
        """(seconds, calls) of one that nobody disturbs."""
        host, name, token = self.next()
        begin = time.monotonic()
        Joining(host, token, through(FAULT_COUNT=self.file)).joins()
        took = time.monotonic() - begin
        self.check(host, name)
        return took, self.calls()

    def kill_join(self, faults=None, after=None):
        """Ends it by a fault, or `after` so many seconds; then the same words once more."""
        host, name, token = self.next()
        joining = Joining(host, token, through(**faults) if faults else ())
        if after is not None:
            time.sleep(after)
            joining.child.kill()
        status = joining.end()
        if status != -9 and not (after is not None and status == 0):
            raise Failed("it was not killed, but ended with %d: %s" %
                         (status, joining.said.read_text()))
        status, _, err = host.run("join", token)
        if status != 0 and "already" not in err:
            raise Failed("cannot join again after %s: %d %s" % (faults or after, status, err))
        self.check(host, name)

    def fault_serve(self, **faults):
        """The authority answers a host until it dies, and is started again."""
        self.net.serve(through=through(**faults))
        host, name, token = self.next()
        joining = Joining(host, token)
        wait_until(lambda: self.net.serving.poll() is not None or
                   joining.child.poll() is not None, 10)
        self.net.serve()
        joining.joins(90)
        self.check(host, name)

    def measure_serve(self):
        """How many calls it makes until one host is a member."""
        self.net.serve(through=through(FAULT_COUNT=self.file))
        host, name, token = self.next()
        Joining(host, token).joins()
        self.net.away()
        self.check(host, name)
        return self.calls()


def join_is_killed(lab, points):
    """At every call and in the middle of every write if there are so many points, and at moments."""
    e = Enrolments(lab)
    took, calls = e.measure_join()
    spots = [(at, how) for how in ("kill", "torn") for at in range(1, calls + 1)]
    spots = spots[::max(1, 2 * len(spots) // points)]
    for at, how in spots:
        e.kill_join(faults={"FAULT_AT": at, "FAULT_HOW": how})
    for i in range(points - len(spots)):
        e.kill_join(after=took * i / (points - len(spots)))
    return "join killed at %d points, %d of them calls, of %.0f ms" % (
        points, len(spots), took * 1000)


def serve_goes_wrong(lab, points, *ways):
    e = Enrolments(lab)
    calls = e.measure_serve()
    for i in range(points):
        how, stays = ways[i % len(ways)]
        faults = {"FAULT_AT": 1 + i * calls // points, "FAULT_HOW": how}
        e.fault_serve(**faults, **({"FAULT_STAYS": 1} if stays else {}))
    return "ca serve went wrong at %d points of %d" % (points, calls)


KILLS = ("kill", False), ("torn", False)
FAILURES = ("ENOSPC", True), ("EIO", False), ("EROFS", True), ("EIO", True)
