# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run shows while it goes on, and the report it leaves."""

import json
import os
import pty
import select
import subprocess
import time
import xml.etree.ElementTree

from lab import Failed
from test_run import LONG, PARTIES, Study

SILENT = """table inet silent {
	chain going { type filter hook output priority 0; policy drop; }
	chain coming { type filter hook input priority 0; policy drop; }
}
"""


def report_of(user):
    picture = xml.etree.ElementTree.parse(user.state / "report.svg").getroot()
    if not picture.tag.endswith("svg"):
        raise Failed("the picture of %s is %s" % (user.name, picture.tag))
    with open(user.state / "report.json") as f:
        return json.load(f)


def reported(study, *words, **more):
    return [study.start(user, "--report", user.state / "report", *words, **more)
            for user in study.users]


def traffic(report, name, run=0):
    for row in report["runs"][run]["traffic"]:
        if row["party"] == name:
            return row
    raise Failed("nothing is reported about %s: %s" % (name, report))


def a_report_has_what_passed_and_both_sides_agree(lab):
    study = Study(lab)
    for run in reported(study, args=("-n", 12, "-w", 10, "--every", 0.1)):
        run.ends(0)
    reports = {user.name: report_of(user) for user in study.users}
    for name, report in reports.items():
        run = report["runs"][-1]
        if (report["outcome"], report["study"], len(report["parties"]), len(report["runs"])) != (
                "done", "salaries", 3, 1) or run["lasted_s"] < 1 or run["number"] != 1:
            raise Failed("the report of %s: %s" % (name, report))
        slots = run["timeline"]
        total = sum(row["sent_bytes"] for row in run["traffic"])
        if sum(slots["sent_bytes"]) != total or total == 0:
            raise Failed("time and parties do not add up: %s" % report)
    for one in PARTIES:
        for other in PARTIES:
            if one == other:
                continue
            here, there = traffic(reports[one], other), traffic(reports[other], one)
            # The end of a connection counts as a byte that came.
            if not 0 <= there["received_bytes"] - here["sent_bytes"] <= 4:
                raise Failed("%s sent %s, and %s took %s" % (one, here, other, there))
            if here["sent_messages"] < 10 or not here["rtts"] or here["rtt_us"]["least"] <= 0:
                raise Failed("%s measured %s" % (one, here))
    return "%d bytes from party1 to party2" % traffic(reports["party1"], "party2")["sent_bytes"]


def a_party_that_is_cut_off_stalls_and_every_attempt_is_reported(lab):
    study = Study(lab)
    first, second, third = study.users
    runs = reported(study, "--restart", 1, args=LONG)
    for run in runs:
        run.comes_to("wave 2", run.out)
    shown = first.tell("study", "show", "salaries")
    if "running" not in shown or "round trips in ms" not in shown:
        raise Failed("study show does not show the run: %s" % shown)
    if first.json("study", "show", "salaries")["run"]["number"] != 1:
        raise Failed("the body of study show has no run")
    lab.nft("party2", SILENT)
    time.sleep(4)
    lab.nft("party2", "delete table inet silent\n")
    time.sleep(4)
    os.kill(runs[2].program(), 9)
    for run in runs:
        run.comes_to("run 2 of salaries starts")
    os.kill(runs[0].child.pid, 2)
    for run in runs:
        run.child.wait(60)
    report = report_of(third)
    stalls = [s for s in report["runs"][0]["stalls"] if s["party"] == "party2"]
    if not stalls or stalls[0]["length_s"] < 2 or stalls[0]["cause"] not in (
            "loss", "no-path", "new-path", "silence"):
        raise Failed("no stall was seen: %s" % report)
    if [run["outcome"] for run in report["runs"]] != ["failed", "interrupted"]:
        raise Failed("attempts are missing: %s" % report)
    return "%(length_s).1f s: %(text)s" % stalls[0]


def watch(study, user, seconds):
    """`run --watch` at a terminal; what came there until the end."""
    ours, theirs = pty.openpty()
    text, end = b"", time.monotonic() + seconds
    child = study.lab.spawn(
        user.namespace, *study.mounted(), *user.words(
            "run", "salaries", "--watch", "--", *study.program("survey.py"),
            "-n", 12, "-w", 20, "--every", 0.1),
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=user.state,
        env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    while time.monotonic() < end:
        try:
            if select.select([ours], [], [], 0.2)[0]:
                text += os.read(ours, 65536)
        except OSError:         # everybody has closed it
            break
    os.close(ours)
    try:
        status = child.wait(20)
    except subprocess.TimeoutExpired:
        status = "still running"
    if status != 0:
        raise Failed("the watched run: %s %s" % (status, text.decode(errors="replace")))
    return text.decode()


def a_terminal_shows_the_run_below_what_the_program_prints(lab):
    study = Study(lab)
    first, second, third = study.users
    args = ("-n", 12, "-w", 20, "--every", 0.1)
    runs = [study.start(second, args=args), study.start(third, "--watch", args=args)]
    text = watch(study, first, 90)
    for run in runs:
        run.ends(0)
    for word in ("wave 1", "wave 20", "-- salaries, run 1", "party2", "party3", "MSG OUT"):
        if word not in text:
            raise Failed("the terminal does not show %s: %r" % (word, text))
    for line in text.split("\n"):
        if "wave" in line and "party2" in line:
            raise Failed("the block is in a line of the program: %r" % line)
    if "\033" in runs[1].err.read_text():
        raise Failed("a file was drawn on: %r" % runs[1].err.read_text())


SCENARIOS = (
    a_report_has_what_passed_and_both_sides_agree,
    a_terminal_shows_the_run_below_what_the_program_prints,
)
