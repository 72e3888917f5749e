# SPDX-License-Identifier: GPL-3.0-or-later
"""Throughput: products of long secret vectors, megabytes in one burst.

    bulk.py [-n ELEMENTS] [-r REPEATS]      and MPyC's own options: -P, -I, -M ...

A product of vectors makes every party send each other party 8 bytes an element
at the same moment, which is the load that fills queues.
"""

import argparse

import numpy as np

from mpyc.runtime import mpc

PRIME = 2**61 - 1


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", "--elements", type=int, default=50000)
    parser.add_argument("-r", "--repeats", type=int, default=5)
    args = parser.parse_args()

    secfld = mpc.SecFld(modulus=PRIME)
    await mpc.start()
    # Object dtype: the elements are Python integers, which do not overflow.
    numbers = np.arange(1, args.elements + 1, dtype=object)
    if mpc.pid != 0:
        numbers = numbers * 0
    x = mpc.input(secfld.array(numbers), senders=0)
    y = x
    for _ in range(args.repeats):
        y = y * x
        await mpc.gather(y)
    result = await mpc.output(mpc.np_sum(y))
    await mpc.shutdown()
    print("bulk: %d products of %d elements sum to %d"
          % (args.repeats, args.elements, int(result)))


mpc.run(main())
