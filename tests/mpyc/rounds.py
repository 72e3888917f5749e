# SPDX-License-Identifier: GPL-3.0-or-later
"""Latency: secret squarings, each of which waits for the one before.

    rounds.py [-n ROUNDS]           and MPyC's own options: -P, -I, -M ...

A round costs one way through the network, so the time of a run is the number
of rounds times the one-way delay, and a connection that stalls is seen at once.
"""

import argparse

from mpyc.runtime import mpc

PRIME = 2**61 - 1
BATCH = 50          # rounds whose futures exist at once


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", "--rounds", type=int, default=2000)
    rounds = parser.parse_args().rounds

    secfld = mpc.SecFld(modulus=PRIME)
    await mpc.start()
    x = mpc.input(secfld(20231114 if mpc.pid == 0 else None), senders=0)
    for done in range(rounds):
        x = x * x + done
        if done % BATCH == BATCH - 1:
            await mpc.gather(x)
    result = await mpc.output(x)
    await mpc.shutdown()
    print("rounds: %d squarings give %d" % (rounds, int(result)))


mpc.run(main())
