# SPDX-License-Identifier: GPL-3.0-or-later
"""A survey: average and median of numbers that nobody but their owner sees.

    survey.py [-n ANSWERS]          and MPyC's own options: -P, -I, -M ...

Person k tells party k mod m alone, so that the result does not depend on how
many parties there are, and a run with one party says what to expect.
"""

import argparse

from mpyc import statistics
from mpyc.runtime import mpc


def answer(person):
    """What a person would say, in euros a month: any fixed spread will do."""
    return 1800 + person * person * 7919 % 3500


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", "--answers", type=int, default=25)
    count = parser.parse_args().answers

    secint = mpc.SecInt(32)
    await mpc.start()
    parties = len(mpc.parties)
    answers = []
    for person in range(count):
        owner = person % parties
        mine = secint(answer(person) if owner == mpc.pid else None)
        answers.append(mpc.input(mine, senders=owner))

    total = await mpc.output(mpc.sum(answers))
    median = await mpc.output(statistics.median_low(answers))
    await mpc.shutdown()
    print("survey: %d answers, average %.2f, median %d"
          % (count, total / count, median))


mpc.run(main())
