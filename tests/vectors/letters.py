# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters: an accepted study for a party that is away, sealed, and the frames that carry it."""

import hashlib
import struct

import wireguard as wg
from frames import blob

LETTER, LETTER_ACK = 0x53, 0x54
TAKEN, FULL, REFUSED = 1, 2, 3
MIN, MAX = 131, 8432


def keys(secret, other, sender, receiver):
    """The key that seals and the one that names."""
    return wg.kdf(2, wg.dh(secret, other), b"mpynet letter v1" + sender + receiver)


def named(key, data, length):
    return hashlib.blake2b(data, digest_size=length, key=key).digest()


def plain(since, certificate, issuing, study):
    return struct.pack("<Q", since) + blob(certificate) + blob(issuing) + study


def letter(seal, name, data):
    nonce = named(name, data, 24)
    return nonce + wg.xseal(seal, nonce, data, b"")


def part(key, id_, size, offset, data):
    return struct.pack("<32s16sHH", key, id_, size, offset) + data


def ack(key, id_, status):
    return struct.pack("<32s16sB", key, id_, status)
