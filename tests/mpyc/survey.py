# SPDX-License-Identifier: GPL-3.0-or-later
"""A survey: average and median of numbers that nobody but their owner sees.

    survey.py [-n ANSWERS] [-w WAVES] [--every SECONDS]     and MPyC's own options

A panel is asked in waves. Person k tells party k mod m alone, so that the result
does not depend on how many parties there are, and a run with one party says what
to expect.
"""

import argparse
import asyncio

from mpyc import statistics
from mpyc.runtime import mpc


def answer(person, wave):
    """What a person would say, in euros a month: any fixed spread will do."""
    return 1800 + person * person * 7919 % 3500 + wave * (person % 7) * 13


def ask(secint, count, wave):
    """The answers of everybody as secret numbers; ours are the ones we know."""
    parties = len(mpc.parties)
    answers = []
    for person in range(count):
        owner = person % parties
        mine = answer(person, wave) if owner == mpc.pid else None
        answers.append(mpc.input(secint(mine), senders=owner))
    return answers


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", "--answers", type=int, default=25)
    parser.add_argument("-w", "--waves", type=int, default=1)
    parser.add_argument("--every", type=float, default=0)
    args = parser.parse_args()

    secint = mpc.SecInt(32)
    await mpc.start()
    for wave in range(1, args.waves + 1):
        answers = ask(secint, args.answers, wave)
        total = await mpc.output(mpc.sum(answers))
        median = await mpc.output(statistics.median_low(answers))
        print("wave %d: %d answers, average %.2f, median %d"
              % (wave, args.answers, total / args.answers, median), flush=True)
        if wave < args.waves:
            await asyncio.sleep(args.every)
    await mpc.shutdown()


mpc.run(main())
