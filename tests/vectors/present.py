# SPDX-License-Identifier: GPL-3.0-or-later
"""The outer messages that WireGuard does not have: PRESENT, OPEN and HERE."""

import hashlib
import struct

import wireguard as wg
from objects import tlvs

PRESENT, OPEN, HERE = 0x50, 0x52, 0x53
VERSION = 1
FLAG_ENROL = 1
HOST_CERTIFICATE, ISSUER_CERTIFICATE, TOKEN_ID = 1, 2, 3
NOTHING_KNOWN = bytes(8)
LABEL_PRESENT = b"mpynet presentation v1"
LABEL_OPEN = b"mpynet open v1"
LABEL_HERE = b"mpynet here v1"
CALL, ANSWER = 0, 1
ASK = 1


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


def here_key(root_fingerprint, psk):
    """K_h: whoever knows the root, and the psk if there is one, is a member."""
    return wg.kdf(1, root_fingerprint, psk + LABEL_HERE)[0]


def here_plaintext(flags, port4, port6, certificate, issuer):
    return struct.pack("<BBHH", VERSION, flags, port4, port6) \
        + struct.pack("<H", len(certificate)) + certificate \
        + struct.pack("<H", len(issuer)) + issuer


def here(key, nonce, plain):
    head = struct.pack("<I", HERE)
    return head + nonce + wg.xseal(key, nonce, plain, head)
