#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""MPyC programs by `mpynet run` beside the same programs by plain TCP between the same hosts.

    runs.py [--parties N] [--rounds N] [--networks near,far]        `make bench-runs`

Users without root, each on a host with a public address, so that plain TCP reaches it too. Programs
of three kinds: short, thousands of small messages one after the other, megabytes at once. Plain and
`run` take turns; a ratio is the median of the rounds' ratios, of the time that MPyC says it took
from when all were connected, and of the whole from the command to the last one's end.
"""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "netns"))

import systems                                                    # noqa: E402
from lab import Failed, Lab                                       # noqa: E402
from mesh import MPYC_PORT, alone, results                        # noqa: E402
from test_run import Study                                        # noqa: E402

WIRE = pathlib.Path(os.environ.get("MPYNET_BUILD", ROOT / "build")) / "bench" / "wire"
LINE = 5000             # microseconds from a host to the middle: 10 ms one way between two
NETWORKS = {"near": (0, 1.6), "far": (LINE, 1.1)}       # and what the program may take of plain TCP
PROGRAMS = {"near": (("survey.py", ()), ("rounds.py", ("-n", "3000")),
                     ("bulk.py", ("-n", "50000", "-r", "5"))),
            "far": (("survey.py", ()), ("rounds.py", ("-n", "500")),
                    ("bulk.py", ("-n", "50000", "-r", "5")))}


class LongLab:
    """A lab in which every link is a wire of this many microseconds."""

    def __init__(self, lab, delay):
        self.lab, self.delay, self.wires = lab, delay, 0

    def __getattr__(self, name):
        return getattr(self.lab, name)

    def link(self, one, device, other, other_device):
        middle = "wire%d" % self.wires
        self.wires += 1
        self.lab.namespace(middle)
        for end, its, side in (one, device, "left"), (other, other_device, "right"):
            self.lab.link(end, its, middle, side)
            systems.offloads(self.lab, end, its)
            systems.offloads(self.lab, middle, side)
        self.lab.spawn(middle, WIRE, "left", "right", self.delay)


def plain(study, program, args):
    """The same program by plain TCP in each host's own namespace: files, and all that was said."""
    peers = [word for i in range(len(study.users))
             for word in ("-P", "198.18.%d.1:%d" % (i + 1, MPYC_PORT))]
    files, children = [], []
    for i, user in enumerate(study.users):
        files.append(study.lab.dir / ("%s-plain.out" % user.name))
        with open(files[-1], "w") as out:
            children.append(study.lab.spawn(
                user.namespace, *study.mounted(), *study.program(program), *args, *peers,
                "-I", i, stdout=out, stderr=subprocess.STDOUT, cwd=user.state))
    for user, child, file in zip(study.users, children, files):
        if child.wait(300):
            raise Failed("%s by plain TCP: %s" % (user.name, file.read_text()[-300:]))
    return [(file, file.read_text()) for file in files]


def by_run(study, program, args):
    runs = study.start_all(program=program, args=args)
    for run in runs:
        run.ends(0, seconds=300)
    return [(run.out, run.out.read_text() + run.err.read_text()) for run in runs]


def elapsed(texts):
    """The longest that a party says, in seconds."""
    took = []
    for text in texts:
        said = re.search(r"elapsed time: (\d+):(\d+):([\d.]+)", text)
        if not said:
            raise Failed("a party does not say how long it took: %s" % text[-300:])
        took.append(int(said[1]) * 3600 + int(said[2]) * 60 + float(said[3]))
    return max(took)


def timed(study, how, program, args, expected):
    began = time.monotonic()
    ended = how(study, program, args)
    whole = time.monotonic() - began
    if any(results(file) != expected for file, _ in ended):
        raise Failed("%s by %s has another result" % (program, how.__name__))
    return elapsed(text for _, text in ended), whole


def measure(network, parties, rounds):
    delay, limit = NETWORKS[network]
    with Lab("mnr") as lab:
        study = Study(LongLab(lab, delay) if delay else lab,
                      ["party%d" % i for i in range(1, parties + 1)], kinds=(None,) * parties)
        for program, args in PROGRAMS[network]:
            expected = alone(program, *args)
            took = [(timed(study, plain, program, args, expected),
                     timed(study, by_run, program, args, expected)) for _ in range(rounds)]
            middle = [statistics.median(pair[i][k] for pair in took)
                      for k in range(2) for i in range(2)]
            ratio = [statistics.median(pair[1][k] / pair[0][k] for pair in took)
                     for k in range(2)]
            print("| %s | %s | %.2f | %.2f | %.2f | %s %g | %.1f | %.1f | %.2f |" % (
                network, " ".join((program, *args)), *middle[:2], ratio[0],
                "<=" if ratio[0] <= limit else "NOT", limit, *middle[2:], ratio[1]), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--parties", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", default="near,far")
    args = parser.parse_args()
    if os.geteuid():
        sys.exit("the bench makes network namespaces and needs root: sudo make bench-runs")
    print("| network | program | plain s | run s | ratio | goal | whole plain s | whole run s | "
          "ratio |\n|---|---|--:|--:|--:|--:|--:|--:|--:|")
    for network in args.networks.split(","):
        measure(network, args.parties, args.rounds)


if __name__ == "__main__":
    main()
