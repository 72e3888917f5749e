# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines on which a study is run, and on which nothing may be left of it.

Everything but the state directory, /run and /proc is read-only there for mpynet, and what is in /run
afterwards is seen, so that no file can stay anywhere else.
"""

import os
import re
import subprocess

from lab import Failed, pids_in, wait_until
from mesh import MPYNET, PROGRAMS, VENV, Host, alone, results, without_pauses

# $0 is the directory that is /run, $1 the state.
READ_ONLY = ('mount --bind "$0" /run && mount --bind "$1" "$1" && mount -o remount,bind,ro / &&'
             ' shift && exec "$@"')
SEEN = (("ip", "-o", "link"), ("ip", "-o", "address"), ("ip", "route", "show", "table", "all"),
        ("ip", "-6", "route", "show", "table", "all"), ("ip", "rule"), ("ip", "-6", "rule"),
        ("nft", "list", "ruleset"))

# What comes when a cable has been plugged in for a moment, and says nothing of mpynet.
KERNELS_OWN = r"fe80::|ff00::"


class Machine(Host):
    """A host whose mpynet can write to its state only."""

    def __init__(self, lab, name, namespace=None):
        super().__init__(lab, name, namespace)
        self.volatile = lab.dir / (name + ".run")
        self.volatile.mkdir(mode=0o755, exist_ok=True)
        self.before = self.seen()
        self.moved = False

    def words(self, *words):
        return ("sh", "-c", READ_ONLY, self.volatile, self.state, *words)

    def run(self, *words, **more):
        return self.lab.run(self.namespace, *self.words(MPYNET, "--state", self.state, *words),
                            cwd=self.state, **more)

    def join(self, bundle):
        return self.tell("up", bundle)

    def seen(self):
        """What a run could leave behind here, by the command that shows it."""
        found = {" ".join(command): [
            line for line in self.lab.run(self.namespace, *command)[1].splitlines()
            if not re.search(KERNELS_OWN, line)] for command in SEEN}
        found["processes"] = pids_in([self.lab.full(self.namespace)])
        found["/run"] = [path for path in self.volatile.rglob("*") if not path.is_dir()]
        return found

    def check_clean(self):
        """After `down`: Failed unless it is as before. A machine that moved has other addresses."""
        def left():
            now = self.seen()
            return {what: now[what] for what in now if now[what] != self.before[what] and not (
                self.moved and what.startswith("ip ") and "mpy" not in str(now[what]))}
        if wait_until(lambda: not left(), 20, every=0.5) is None:
            raise Failed("left behind on %s: %s" % (self.name, left()))


class Run:
    """`mpynet run` on one host, with what it prints in files."""

    count = 0

    def __init__(self, host, *words, study="salaries", program="survey.py", args=(), env=()):
        Run.count += 1
        self.host, self.program, self.args = host, program, args
        self.out = host.lab.dir / ("%s-%d.out" % (host.name, Run.count))
        self.err = host.lab.dir / ("%s-%d.err" % (host.name, Run.count))
        file = program if os.path.isabs(program) else PROGRAMS / program
        with open(self.out, "w") as out, open(self.err, "w") as err:
            self.child = host.lab.spawn(
                host.namespace, *host.words(
                    "env", *env, MPYNET, "--state", host.state, "run", *words, study, "--",
                    VENV / "bin/python", file, *args),
                stdout=out, stderr=err, stdin=subprocess.DEVNULL, cwd=host.state)

    def said(self):
        return self.err.read_text()

    def ends(self, status, *said, seconds=60):
        """Failed unless it ends so, having said all of these."""
        try:
            got = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            got = "still running"
        missing = [word for word in said if word not in self.said()]
        if got != status or missing:
            raise Failed("%s: status %s, not %d, or it lacks %s; it said:\n%s%s" % (
                self.host.name, got, status, missing, self.said(), self.out.read_text()))

    def says(self, *words, seconds=60):
        if wait_until(lambda: all(word in self.said() for word in words), seconds) is None:
            raise Failed("%s never says %s: %s" % (self.host.name, words, self.said()))

    def prints(self, word, seconds=90):
        if wait_until(lambda: word in self.out.read_text(), seconds) is None:
            raise Failed("%s never prints %s: %s%s" % (
                self.host.name, word, self.said(), self.out.read_text()[-300:]))

    def started(self):
        return " starts, this is party" in self.said()

    def has_the_result(self):
        """Failed unless it ended well and printed what one party alone prints."""
        self.ends(0, seconds=180)
        if results(self.out) != alone(self.program, *without_pauses(self.args)):
            raise Failed("%s printed %s" % (self.host.name, self.out.read_text()))


def propose(hosts, name, *words):
    """All of these hosts have accepted a study of them."""
    first, *others = hosts
    first.tell("study", "new", name, "--parties", ",".join(h.name for h in hosts), *words)
    for host in others:
        if wait_until(lambda: host.run("study", "accept", name, "--yes")[0] == 0, 60,
                      every=0.3) is None:
            raise Failed("the study does not come to %s" % host.name)


def go_home(hosts):
    """Everybody ends the mesh, and nothing is left."""
    for host in hosts:
        host.tell("down")
    for host in hosts:
        host.check_clean()
