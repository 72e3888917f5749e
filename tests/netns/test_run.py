# SPDX-License-Identifier: GPL-3.0-or-later
"""A computation from "we are three parties" to the printed result, by users without root."""

import os
import shutil
import signal
import subprocess
import time

from lab import Failed, wait_until
from mesh import OWN_RUN, PROGRAMS, VENV, alone, results
from test_exec import Place, links

PARTIES = ["party1", "party2", "party3"]
LONG = ("-n", 12, "-w", 400, "--every", 0.1)


class Study(Place):
    """Three users who have accepted a study, and the programs of a run."""

    def __init__(self, lab, names=PARTIES, **more):
        super().__init__(lab, names, **more)
        for program in PROGRAMS.glob("*.py"):
            shutil.copy(program, lab.dir / program.name)
        (lab.dir / "venv").mkdir()
        self.before = [links(lab, user) for user in self.users]
        for user in self.users:
            user.tell("up", "--namespace")
        first, *others = self.users
        first.tell("study", "new", "salaries", "--parties", ",".join(names))
        for user in others:
            if wait_until(lambda: user.run("study", "accept", "salaries", "--yes")[0] == 0,
                          40) is None:
                raise Failed("the study does not come to %s: %s" % (
                    user.name, user.run("study", "list")))

    def mounted(self):
        """What comes before a command that finds the environment of Python here."""
        return (*OWN_RUN[:2], 'mount --bind %s %s && exec "$0" "$@"' % (
            VENV, self.lab.dir / "venv"))

    def program(self, name):
        return self.lab.dir / "venv/bin/python", self.lab.dir / name

    def start(self, user, *words, program="survey.py", args=(), attempt=""):
        """`mpynet run` on one host, with what it prints in files."""
        out = self.lab.dir / ("%s%s.out" % (user.name, attempt))
        err = self.lab.dir / ("%s%s.err" % (user.name, attempt))
        with open(out, "w") as o, open(err, "w") as e:
            child = self.lab.spawn(
                user.namespace, *self.mounted(), *user.words(
                    "run", "salaries", *words, "--", *self.program(program), *args), stdout=o, stderr=e, cwd=user.state)
        return Run(user, child, out, err)

    def start_all(self, *words, **more):
        return [self.start(user, *words, **more) for user in self.users]


class Run:
    def __init__(self, user, child, out, err):
        self.user, self.child, self.out, self.err = user, child, out, err

    def ends(self, status, *said, seconds=90):
        """Failed unless it ends so, having said all of these."""
        try:
            got = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            got = "still running"
        text = self.err.read_text()
        if got != status or [word for word in said if word not in text]:
            raise Failed("%s: status %s, not %d with %s; it said:\n%s%s" % (
                self.user.name, got, status, said, text, self.out.read_text()))

    def comes_to(self, word, file=None):
        file = file or self.err
        if wait_until(lambda: word in file.read_text(), 60) is None:
            raise Failed("%s never says %s: %s%s" % (
                self.user.name, word, self.err.read_text(), self.out.read_text()))

    def program(self):
        """The pid of the program that it has started."""
        found = subprocess.run(["pgrep", "-f", "salaries|survey.py"], capture_output=True,
                               text=True).stdout.split()
        for pid in found:
            with open("/proc/%s/cmdline" % pid) as f:
                words = f.read().split("\0")
            if words[0] == str(self.user.lab.dir / "venv/bin/python") and words[-3:-1] == [
                    "-I", str(PARTIES.index(self.user.name))]:
                return int(pid)
        raise Failed("no program of %s runs" % self.user.name)


def a_study_runs_and_prints_what_one_party_prints(lab):
    study = Study(lab)
    expected = alone("survey.py")
    first, second, third = study.users
    runs = [study.start(user) for user in (first, third)]
    runs[0].comes_to("waiting for")             # whoever comes late is waited for
    began = time.monotonic()
    runs.append(study.start(second))
    for run in runs:
        run.ends(0, "run 1 of salaries starts", "round trips in ms", "  2 party3 ")
        if results(run.out) != expected:
            raise Failed("%s printed %s" % (run.user.name, run.out.read_text()))
    took = time.monotonic() - began
    kept = list(first.state.glob("runs/*/*/1/out.log"))
    if len(kept) != 1 or "wave 1" not in kept[0].read_text():
        raise Failed("no log was kept: %s" % kept)
    for user in study.users:
        user.tell("down")
    for user, before in zip(study.users, study.before):
        study.clean(user, before)
    return "%.1f s from the last one's start to the end" % took


def what_differs_is_named_and_nobody_starts(lab):
    study = Study(lab)
    first, second, third = study.users
    runs = [study.start(first), study.start(second, args=("-n", 24)), study.start(third)]
    runs[0].ends(6, "party2 would run something else", "arguments")
    runs[1].ends(6, "something else", "arguments")
    runs[2].ends(6, "party2")
    for run in runs:
        if "wave" in run.out.read_text():
            raise Failed("%s has started" % run.user.name)
    (lab.dir / "other.py").write_text((lab.dir / "survey.py").read_text() + "\n# newer\n")
    runs = [study.start(first, attempt="-2"), study.start(second, attempt="-2"),
            study.start(third, program="other.py", attempt="-2")]
    runs[0].ends(6, "party3 would run something else: program")
    runs[2].ends(6, "program")
    status, _, err = first.run("run", "salaries", "--", "python3", "-P", "1")
    if status != 2:
        raise Failed("a program with the run's own options: %d %s" % (status, err))
    status, _, err = first.run("run", "salaries", "--", "/nothing/there")
    if status == 0 or "no such program" not in err:
        raise Failed("a program that is not there: %d %s" % (status, err))
    third.tell("study", "close", "salaries")
    status, _, err = third.run("run", "salaries", "--", "true")
    if status != 4 or "accept" not in err:
        raise Failed("a study that is closed: %d %s" % (status, err))


def when_one_fails_all_stop_and_say_why(lab):
    study = Study(lab)
    runs = study.start_all(args=LONG)
    for run in runs:
        run.comes_to("wave 2", run.out)
    began = time.monotonic()
    os.kill(runs[1].program(), signal.SIGKILL)
    runs[0].ends(1, "stops everywhere: party2", seconds=30)
    runs[2].ends(1, "stops everywhere: party2", seconds=30)
    runs[1].ends(137, seconds=30)
    took = time.monotonic() - began
    # Interrupted by a person.
    runs = study.start_all(args=LONG, attempt="-2")
    for run in runs:
        run.comes_to("wave 2", run.out)
    runs[0].child.send_signal(signal.SIGINT)
    runs[0].ends(130, seconds=30)
    for run in runs[1:]:
        run.ends(1, "party1", "interrupted", seconds=30)
    # mpynet itself is killed.
    runs = study.start_all(args=LONG, attempt="-3")
    for run in runs:
        run.comes_to("wave 2", run.out)
    runs[2].child.kill()
    for run in runs[:2]:
        run.ends(1, "party3", seconds=30)
    return "%.1f s until all had stopped" % took


def a_run_that_failed_is_started_again(lab):
    study = Study(lab)
    runs = study.start_all("--restart", 1, args=("-n", 12, "-w", 20, "--every", 0.1))
    for run in runs:
        run.comes_to("wave 2", run.out)
    os.kill(runs[0].program(), signal.SIGKILL)
    for run in runs:
        run.ends(0, "run 1 of salaries stops everywhere", "run 2 of salaries starts")
        if "wave 20" not in run.out.read_text():
            raise Failed("%s did not come to the end again" % run.user.name)


def limits_of_time_end_it(lab):
    study = Study(lab)
    first, second, third = study.users
    third.tell("down")
    study.start(first, "--wait", "5s").ends(
        5, "waiting for party2, party3", "party2 is there, and nobody has typed mpynet run",
        "mpynet: party3 ", "not all parties")
    third.tell("up", "--namespace")
    runs = [study.start(first, "--timeout", "3s", args=LONG, attempt="-2"),
            study.start(second, args=LONG, attempt="-2"),
            study.start(third, args=LONG, attempt="-2")]
    runs[0].ends(5)
    for run in runs[1:]:
        run.ends(1, "party1", "time")


def a_stranger_reaches_nobody(lab):
    study = Study(lab)
    first, second, _ = study.users
    runs = study.start_all(args=LONG)
    for run in runs:
        run.comes_to("wave 2", run.out)
    # Party 1 never dials party 0's port, and another port is nobody's.
    knock = ("import socket, sys\ns = socket.socket(); s.settimeout(3)\n"
             "try:\n s.connect((sys.argv[1], int(sys.argv[2]))); print('open')\n"
             "except OSError as e: print('closed')")
    for user, other, port in ((runs[2].user, second, 11365), (second, first, 11365),
                              (first, second, 22)):
        status, out, err = user.run("exec", "--", "python3", "-c", knock, other.overlay(), port)
        if status or out != "closed\n":
            raise Failed("%s to %s at %d: %s %s" % (user.name, other.name, port, out, err))
    runs[0].child.send_signal(signal.SIGTERM)
    runs[0].ends(130)


SCENARIOS = (
    a_study_runs_and_prints_what_one_party_prints,
    what_differs_is_named_and_nobody_starts,
    when_one_fails_all_stop_and_say_why,
    a_run_that_failed_is_started_again,
    limits_of_time_end_it,
    a_stranger_reaches_nobody,
)
