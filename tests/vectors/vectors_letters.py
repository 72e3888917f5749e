# SPDX-License-Identifier: GPL-3.0-or-later
"""Vectors of letters and of the frames that carry them: right ones, and those that break a rule."""

import hashlib

import frames as f
import letters as l
import objects as o
import vectors_objects as v
import vectors_studies as s
import wireguard as wg
from vectors_frames import u8, u16, u64

SECRETS = [hashlib.sha256(b"mpynet letter vectors %d" % i).digest() for i in (1, 2)]
KEYS = [wg.public(secret) for secret in SECRETS]
STUDY = s.study(s.body(*s.THREE))
SINCE = 1700000000


def good():
    for name, sender, issuing in (("by the first", 0, b""),
                                  ("by the second, with an issuing CA", 1, v.ISSUING_CERTIFICATE)):
        seal, named = l.keys(SECRETS[sender], KEYS[1 - sender], KEYS[sender], KEYS[1 - sender])
        data = l.plain(SINCE, v.HOST_CERTIFICATE, issuing, STUDY)
        yield name, [
            ("secret", SECRETS[sender]), ("other", KEYS[1 - sender]),
            ("seal_key", seal), ("name_key", named), ("since", u64(SINCE)),
            ("certificate", v.HOST_CERTIFICATE), ("issuing", issuing), ("study", STUDY),
            ("id", l.named(named, o.fingerprint(STUDY), 16)), ("letter", l.letter(seal, named, data))]


def good_frames():
    key, id_ = KEYS[0], bytes(range(16))
    for name, size, offset, length in (("smallest", l.MIN, 0, l.MIN), ("beginning", 2000, 0, 1024),
                                       ("end", l.MAX, 8192, l.MAX - 8192)):
        data = bytes(i % 249 for i in range(length))
        yield "letter, the " + name, [
            ("key", key), ("id", id_), ("size", u16(size)), ("offset", u16(offset)),
            ("bytes", data), ("frame", f.frame(l.LETTER, l.part(key, id_, size, offset, data)))]
    for name, status in (("taken", l.TAKEN), ("full", l.FULL), ("refused", l.REFUSED)):
        yield "letter_ack, " + name, [
            ("key", key), ("id", id_), ("status", u8(status)),
            ("frame", f.frame(l.LETTER_ACK, l.ack(key, id_, status)))]


def bad_frames():
    key, id_ = KEYS[0], bytes(range(16))
    for name, size, offset, length in (
            ("too much", 2000, 0, 1025), ("too little", 2000, 0, 1023),
            ("more than is left", 1100, 1024, 77), ("less than is left", 1100, 1024, 75),
            ("an offset within a chunk", 2000, 512, 1024), ("what lies past the end", 1024, 1024, 1),
            ("too large a whole", l.MAX + 1, 0, 1024), ("too small a whole", l.MIN - 1, 0, l.MIN - 1),
            ("no bytes", 1024, 0, 0)):
        yield "letter with " + name, l.LETTER, l.part(key, id_, size, offset, bytes(length))
    for name, status in (("no status", 0), ("a status that there is not", 4)):
        yield "letter_ack with " + name, l.LETTER_ACK, l.ack(key, id_, status)
    yield "letter_ack cut off", l.LETTER_ACK, l.ack(key, id_, l.TAKEN)[:-1]


def files():
    yield "letters.txt", "Letters, and how they are sealed.", good()
    yield "letter-frames.txt", "Frames LETTER and LETTER_ACK that are right.", good_frames()
    yield ("letter-frames-refused.txt",
           "Frames LETTER and LETTER_ACK that are dropped and counted.",
           ((name, [("frame", f.frame(type_, data))]) for name, type_, data in bad_frames()))
