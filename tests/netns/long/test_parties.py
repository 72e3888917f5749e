# SPDX-License-Identifier: GPL-3.0-or-later
"""Three, five and ten parties, each behind another NAT, and programs of three kinds.

All are users without root. What a program prints is what it prints with one party and no network.
"""

import time

from mesh import alone, results
from lab import Failed
from test_run import Study

KINDS = ("linux", None, "linux-frandom", "carrier", "udp-block", "fullcone", "sym-seq", "acone",
         "linux-open", "linux")

# Short; thousands of small messages one after the other; megabytes at once.
SHORT, ROUNDS, BULK = "survey.py", "rounds.py", "bulk.py"


def compute(lab, count, programs):
    study = Study(lab, ["party%d" % i for i in range(1, count + 1)], kinds=KINDS)
    told = []
    for program, args in programs:
        began = time.monotonic()
        runs = study.start_all(program=program, args=args, attempt="-" + program)
        for run in runs:
            run.ends(0, "run 1 of salaries starts", seconds=300)
        took = time.monotonic() - began
        expected = alone(program, *args)
        for run in runs:
            if results(run.out) != expected:
                raise Failed("%s printed %s and not %s" % (
                    run.user.name, run.out.read_text(), expected))
        told.append("%s %.1f s" % (program, took))
    for user in study.users:
        user.tell("down")
    for user, before in zip(study.users, study.before):
        study.clean(user, before)
    return ", ".join(told)


def three_parties_compute(lab):
    return compute(lab, 3, ((SHORT, ()), (ROUNDS, ("-n", 5000)),
                            (BULK, ("-n", 50000, "-r", 5))))


def five_parties_compute(lab):
    return compute(lab, 5, ((SHORT, ()), (ROUNDS, ("-n", 3000)),
                            (BULK, ("-n", 20000, "-r", 3))))


def ten_parties_compute(lab):
    return compute(lab, 10, ((SHORT, ()), (ROUNDS, ("-n", 1000)),
                             (BULK, ("-n", 5000, "-r", 2))))


SCENARIOS = three_parties_compute, five_parties_compute, ten_parties_compute
