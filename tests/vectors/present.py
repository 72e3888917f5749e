# SPDX-License-Identifier: GPL-3.0-or-later
"""The two outer messages that WireGuard does not have: PRESENT and OPEN."""

import hashlib
import struct

import wireguard as wg
from objects import tlvs

PRESENT, OPEN = 0x50, 0x52
VERSION = 1
FLAG_ENROL = 1
HOST_CERTIFICATE, ISSUER_CERTIFICATE, TOKEN_ID = 1, 2, 3
NOTHING_KNOWN = bytes(8)
LABEL_PRESENT = b"mpynet presentation v1"
LABEL_OPEN = b"mpynet open v1"
CALL, ANSWER = 0, 1


def plaintext(flags, caps, state_version, known_prefix, items):
    """What the sender says of itself, padded to whole blocks of 64 bytes."""
    plain = struct.pack("<BBHIQ", VERSION, flags, 0, caps, state_version) \
        + known_prefix + tlvs(items)
    return plain + bytes(-len(plain) % 64)


def presentation_key(hs):
    """K_p, from the chaining key after message 1."""
    return wg.kdf(1, hs.ck, LABEL_PRESENT)[0]


def present(initiation, hs, plain):
    """`hs` is the initiator's Handshake after message 1."""
    head = struct.pack("<IHH", PRESENT, len(plain) + 16, 0)
    return head + initiation + wg.seal(presentation_key(hs), 0, plain, hs.h + head)


def open_key(static, other_public, introduction):
    """One for both directions: DH does not know who calls."""
    return wg.kdf(1, wg.dh(static, other_public), introduction + LABEL_OPEN)[0]


def open_(key, direction, introduction):
    head = struct.pack("<II", OPEN, direction) + introduction
    return head + hashlib.blake2s(head, key=key, digest_size=16).digest()
