# SPDX-License-Identifier: GPL-3.0-or-later
"""Vectors of studies and of the frames that carry them: right ones, and those that break one rule each."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import frames as f
import objects as o
import studies as s
import vectors_objects as v
from vectors_frames import u8, u16

PRIME = 2 ** 255 - 19


def key(words):
    secret = hashlib.sha256(b"mpynet study vectors " + words.encode()).digest()
    return X25519PrivateKey.from_private_bytes(secret).public_key() \
        .public_bytes(Encoding.Raw, PublicFormat.Raw)


def party(i, **changes):
    fields = dict(name="party%d" % i, key=key("party%d" % i), address="10.87.0.%d" % i, port=11365)
    return s.party(**{**fields, **changes})


def body(*parties, name="salaries"):
    return {o.NETWORK: v.NETWORK_ID, o.NAME: name.encode(), s.PARTIES: b"".join(parties)}


def study(fields, alg=s.NONE):
    return o.unsigned(s.STUDY, alg, o.tlvs(fields))


THREE = [party(i) for i in (1, 2, 3)]


def good():
    for name, fields in (
            ("three parties", body(*THREE)),
            ("the same in another order", body(*reversed(THREE))),
            ("one party", body(party(1), name="a")),
            ("a port each", body(*(party(i, port=11365 + i) for i in (1, 2)))),
            ("of both families", body(party(1), party(2, address="fd77::2"))),
            ("the longest names", body(*(party(i, name="%d" % i * 63) for i in (1, 2)),
                                       name="x" * 63)),
            ("sixty-four parties", body(*(party(i) for i in range(1, 65))))):
        data = study(fields)
        yield name, [("object", data), ("hash", o.fingerprint(data))]


def bad_bodies():
    base = body(*THREE)
    for tag, name in ((o.NETWORK, "network"), (o.NAME, "name"), (s.PARTIES, "parties")):
        yield "without " + name, {t: value for t, value in base.items() if t != tag}
    yield "an issuer", {**base, o.ISSUER: bytes(16)}
    yield "a field of a later version", {**base, 0x40: b"x"}
    yield "half a network id", {**base, o.NETWORK: v.NETWORK_ID[:8]}
    yield "a name with a blank", body(*THREE, name="two words")
    yield "no name", body(*THREE, name="")
    yield "no party", body()
    yield "sixty-five parties", body(*(party(i) for i in range(1, 66)))
    yield "a party without a name", body(party(1, name=""))
    yield "a party in capitals", body(party(1, name="Party1"))
    yield "a party cut off", body(THREE[0], THREE[1][:-1])
    yield "a byte after the last party", body(*THREE, b"\0")
    yield "a name twice", body(party(1), party(2, name="party1"))
    yield "a key twice", body(party(1), party(2, key=key("party1")))
    yield "an address twice", body(party(1), party(2, address="10.87.0.1"))
    yield "a party twice", body(party(1), party(2), party(1))
    yield "a port of zero", body(party(1, port=0))
    yield "a key of low order", body(party(1, key=bytes(32)))
    yield "a key above the prime", body(party(1, key=(PRIME + 9).to_bytes(32, "little")))
    for address in ("127.0.0.1", "0.0.0.0", "224.0.0.1", "169.254.1.1", "::1", "fe80::1", "ff02::1",
                    "::ffff:10.87.0.1"):
        yield "a party at " + address, body(party(1, address=address))
    whole = party(1)
    at = 1 + len("party1") + 32
    for family in (0, 5, 255):
        yield "an address of family %d" % family, \
            body(whole[:at] + bytes([family]) + whole[at + 1:])


def bad():
    right = study(body(*THREE))
    for name, fields in bad_bodies():
        yield name, [("object", study(fields))]
    yield "signed by one", [("object", o.sign(v.ROOT, study(body(*THREE), o.ED25519)))]
    yield "a signature that the header does not name", [("object", right + bytes(64))]
    yield "cut off", [("object", right[:-1])]
    yield "of another kind", [("object", right[:4] + b"\x05" + right[5:])]


def good_frames():
    hash_ = key("hash of a study")
    for name, fields in (("proposed", (1, 2, 1, 300)), ("accepted, unasked", (2, 2, 0, s.MAX)),
                         ("not held", (0, 2, 0, 0)), ("refused", (4, 2, 0, 0))):
        yield "study " + name, [("study", hash_), *zip(
            ("stance", "yours", "flags", "size"), [*map(u8, fields[:3]), u16(fields[3])]),
            ("frame", f.frame(s.SAYS, s.says(hash_, *fields)))]
    for name, offset in (("all", 0), ("the end", 7168)):
        yield "study_req for " + name, [("study", hash_), ("offset", u16(offset)),
                                        ("frame", f.frame(s.REQ, s.req(hash_, offset)))]
    for name, size, offset, length in (("small whole", 100, 0, 100), ("beginning", 1500, 0, 1024),
                                       ("end", s.MAX, 7168, 292)):
        data = bytes(i % 251 for i in range(length))
        yield "study_part, the " + name, [
            ("study", hash_), ("size", u16(size)), ("offset", u16(offset)), ("bytes", data),
            ("frame", f.frame(s.PART, s.part(hash_, size, offset, data)))]


def bad_frames():
    hash_ = key("hash of a study")
    for name, fields in (("a stance that there is not", (5, 0, 0, 0)),
                         ("another such of yours", (0, 5, 0, 0)), ("a flag", (1, 1, 2, 300)),
                         ("too small a size", (1, 1, 0, 10)), ("too large a size", (1, 1, 0, 7461))):
        yield "study with " + name, s.SAYS, s.says(hash_, *fields)
    for name, offset in (("an offset within a chunk", 1), ("an offset past every end", 8192)):
        yield "study_req with " + name, s.REQ, s.req(hash_, offset)
    for name, size, offset, length in (
            ("too much", 2000, 0, 1025), ("too little", 2000, 0, 1023),
            ("more than is left", 1100, 1024, 77), ("less than is left", 1100, 1024, 75),
            ("an offset within a chunk", 2000, 512, 1024), ("what lies past the end", 1024, 1024, 1),
            ("too large a whole", 7461, 0, 1024), ("too small a whole", 10, 0, 10)):
        yield "study_part with " + name, s.PART, s.part(hash_, size, offset, bytes(length))
    yield "study cut off", s.SAYS, s.says(hash_, 1, 1, 0, 300)[:-1]
    yield "study_part without bytes", s.PART, s.part(hash_, 1024, 0, b"")


def files():
    yield "studies.txt", "Studies, and their hashes.", good()
    yield "studies-refused.txt", "Studies that must not be accepted.", bad()
    yield "study-frames.txt", "Frames STUDY to STUDY_PART that are right.", good_frames()
    yield ("study-frames-refused.txt", "Frames STUDY to STUDY_PART that are dropped and counted.",
           ((name, [("frame", f.frame(type_, data))]) for name, type_, data in bad_frames()))
