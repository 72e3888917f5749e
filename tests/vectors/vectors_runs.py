# SPDX-License-Identifier: GPL-3.0-or-later
"""Vectors of the frames RUN_HELLO to RUN_ROW."""

import frames as f
import runs as r
from vectors_frames import u8
from vectors_wireguard import secret, u32, u64

STUDY, AGREEMENT = secret("run study"), secret("run agreement")
LIFE, YOURS = 0x0123456789abcdef, 0xfedcba9876543210
FACTS = r.fact(b"mpyc", b"0.11") + r.fact(b"program", b"ab" * 32) + r.fact(b"python", b"3.11.2", 1)
CELLS = [r.cell(0, 0, 0, 0, 0, 0, 0), r.cell(3, 100, 40_200, 1 << 40, 3, 1 << 33, 1),
         r.cell(4, 1, (1 << 32) - 1, (1 << 64) - 1, 0, 0, (1 << 64) - 1)]
FULL = b"".join(r.fact(b"f%02d" % i, b"%02d" % i * 12) for i in range(32))


def head(number=1, life=LIFE, yours=YOURS, seen=1):
    fields = [("study", STUDY), ("number", u32(number)), ("life", u64(life)),
              ("yours", u64(yours)), ("seen", u8(seen))]
    return fields, r.head(STUDY, number, life, yours, seen)


def good():
    for name, where, study, facts in (
            ("to who was not heard", head(yours=0, seen=0), b"salaries", FACTS),
            ("without facts", head(7), b"a", b""),
            ("with all there may be", head(1 << 20), b"x" * 63, FULL)):
        yield "run_hello " + name, where[0] + [
            ("name", study), ("facts", facts),
            ("frame", f.frame(r.HELLO, r.hello(where[1], study, facts)))]
    for name, type_ in (("ready", r.READY), ("go", r.GO), ("done", r.DONE)):
        fields, data = head(3, seen=type_ - 0x57)
        yield "run_" + name, fields + [
            ("agreement", AGREEMENT), ("frame", f.frame(type_, r.mark(data, AGREEMENT)))]
    for name, party, reason, flags, words in (
            ("that goes on", 2, 1, 2, b"exited 1: ValueError"), ("for good", 63, 9, 1, b""),
            ("with much to say", 0, 2, 3, b"~" * 120)):
        fields, data = head(3, seen=3)
        yield "run_abort " + name, fields + [
            ("party", u8(party)), ("reason", u8(reason)), ("flags", u8(flags)), ("text", words),
            ("frame", f.frame(r.ABORT, r.abort(data, party, reason, flags, words)))]
    for name, first, cells in (("of three", 0, CELLS), ("of the last", 63, CELLS[1:2]),
                               ("of as many as there may be", 40, CELLS * 8)):
        fields, data = head(3, seen=3)
        yield "run_row " + name, fields + [
            ("first", u8(first)), ("cells", b"".join(cells)),
            ("frame", f.frame(r.ROW, r.row(data, first, cells)))]


def bad_heads():
    for name, changes in (("no run", dict(number=0)), ("a run too many", dict(number=(1 << 20) + 1)),
                          ("no life", dict(life=0)), ("a phase that is none", dict(seen=6)),
                          ("a phase of nobody", dict(yours=0, seen=1))):
        data = head(**changes)[1]
        yield name, r.GO, r.mark(data, AGREEMENT)
        yield name, r.HELLO, r.hello(data, b"salaries", FACTS)
        yield name, r.ABORT, r.abort(data, 0, 1, 0, b"")
        yield name, r.ROW, r.row(data, 0, CELLS)


def bad_facts():
    yield "out of order", r.fact(b"b", b"") + r.fact(b"a", b"")
    yield "twice", r.fact(b"a", b"1") + r.fact(b"a", b"2")
    yield "without a name", r.fact(b"", b"1")
    yield "with a name in capitals", r.fact(b"Program", b"1")
    yield "with a blank in a name", r.fact(b"two words", b"1")
    yield "with too long a name", r.fact(b"n" * 25, b"1")
    yield "with too long a value", r.fact(b"n", b"1" * 121)
    yield "with a newline", r.fact(b"n", b"1\n2")
    yield "with a NUL in a name", r.fact(b"n\0m", b"1")
    yield "with a NUL in a value", r.fact(b"n", b"1\0002")
    yield "with another flag", r.fact(b"n", b"1", 2)
    yield "cut off", FACTS[:-1]
    yield "too many", b"".join(r.fact(b"f%02d" % i, b"") for i in range(33))
    yield "too long", b"".join(r.fact(b"f%02d" % i, b"1" * 100) for i in range(10))


def bad():
    for name, type_, body in bad_heads():
        yield "%s in %02x" % (name, type_), [("frame", f.frame(type_, body))]
    for name, facts in bad_facts():
        yield "facts " + name, [("frame", f.frame(r.HELLO, r.hello(head()[1], b"a", facts)))]
    for name, study in (("none", b""), ("too long", b"x" * 64), ("two words", b"two words")):
        yield "a study's name: " + name, [
            ("frame", f.frame(r.HELLO, r.hello(head()[1], study, b"")))]
    for name, fields in (("a party too many", (64, 1, 0, b"")), ("no reason", (0, 0, 0, b"")),
                         ("a reason of a later version", (0, 10, 0, b"")),
                         ("another flag", (0, 1, 4, b"")), ("a newline", (0, 1, 0, b"a\nb")),
                         ("too much to say", (0, 1, 0, b"x" * 121))):
        yield "run_abort, " + name, [("frame", f.frame(r.ABORT, r.abort(head()[1], *fields)))]
    for name, first, cells in (("of nobody", 0, []), ("of a party too many", 62, CELLS),
                               ("of too many", 0, CELLS * 9),
                               ("by a path of a later version", 0, [r.cell(5, 0, 0, 0, 0, 0, 0)]),
                               ("that loses more than all", 0, [r.cell(1, 101, 0, 0, 0, 0, 0)])):
        yield "run_row " + name, [("frame", f.frame(r.ROW, r.row(head()[1], first, cells)))]
    yield "run_row cut off", [("frame", f.frame(r.ROW, r.row(head()[1], 0, CELLS)[:-1]))]
    yield "run_go with more behind", [("frame", f.frame(r.GO, r.mark(head()[1], AGREEMENT) + b"x"))]
    yield "run_ready cut off", [("frame", f.frame(r.READY, r.mark(head()[1], AGREEMENT)[:-1]))]


def files():
    yield "runs.txt", "Frames RUN_HELLO to RUN_ROW that are right.", good()
    yield "runs-refused.txt", "Frames RUN_HELLO to RUN_ROW that are dropped and counted.", bad()
