# SPDX-License-Identifier: GPL-3.0-or-later
"""The frames by which parties start together. Each function here returns a body."""

import struct

HELLO, READY, GO, ABORT, DONE, ROW = range(0x58, 0x5e)


def head(study, number, life, yours, seen):
    return study + struct.pack("<IQQB", number, life, yours, seen)


def text(data):
    return bytes([len(data)]) + data


def fact(name, value, flags=0):
    return bytes([flags]) + text(name) + text(value)


def hello(head_, name, facts):
    return head_ + text(name) + struct.pack("<H", len(facts)) + facts


def mark(head_, agreement):
    return head_ + agreement


def abort(head_, party, reason, flags, words):
    return head_ + bytes([party, reason, flags]) + text(words)


def cell(path, loss, rtt, *counters):
    return struct.pack("<BBIQQQQ", path, loss, rtt, *counters)


def row(head_, first, cells):
    return head_ + bytes([first, len(cells)]) + b"".join(cells)
