# SPDX-License-Identifier: GPL-3.0-or-later
"""Vectors of studies: those that are taken, and those that break one rule each."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import objects as o
import studies as s
import vectors_objects as v

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


def files():
    yield "studies.txt", "Studies, and their hashes.", good()
    yield "studies-refused.txt", "Studies that must not be accepted.", bad()
