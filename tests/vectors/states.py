# SPDX-License-Identifier: GPL-3.0-or-later
"""Network states, rotations, and what several co-signers signed."""

import struct

import objects as o

STATE, ROTATION, COSIGNER = 3, 6, 8
MULTI = 3

VERSION, ISSUED, EXPIRES = 0x03, 0x04, 0x05
NEXT_UPDATE, PREVIOUS, LOG_HEAD, MIN_NOT_BEFORE = 0x20, 0x21, 0x22, 0x23
LIGHTHOUSES, RANGES, KEYS, CAS, NEW_ROOT = 0x24, 0x25, 0x26, 0x27, 0x28
COSIGNERS = 0x15


def lighthouse(key, *endpoints):
    """The key, how many endpoints, and each after its length."""
    return key + bytes([len(endpoints)]) + b"".join(
        bytes([len(e)]) + e for e in (text.encode() for text in endpoints))


def span(issuer, first, last):
    """Serial numbers of an issuer (its key id), both ends included."""
    return issuer + struct.pack("<QQ", first, last)


def blob(*parts):
    """What travels: each object after its length."""
    return b"".join(struct.pack("<H", len(part)) + part for part in parts)


def cosigners(k, keys):
    return bytes([k]) + b"".join(sorted(keys))


def cosign(seeds, keys, to_be_signed):
    """The object: its bytes, how many signed, and each signature after the
    index of its key in `keys`, sorted."""
    order = sorted(keys)
    parts = sorted((order.index(o.ed25519_public(seed)), seed) for seed in seeds)
    return to_be_signed + bytes([len(parts)]) + b"".join(
        bytes([index]) + o.sign(seed, to_be_signed)[-64:] for index, seed in parts)
