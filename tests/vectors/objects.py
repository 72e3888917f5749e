# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed objects: certificates of hosts and authorities, and requests.

One container ("MPY1", kind, algorithm, body of TLVs, signature), one way to
sign it, one way to name it. An object here is its bytes; a body is a dict from
tag to value bytes, so that a vector may also hold what no encoder would write.
"""

import base64
import hashlib
import ipaddress
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MAGIC = b"MPY1"
HOST, CA, STATE, REQUEST = 1, 2, 3, 4
ED25519, PROOF = 1, 2

NETWORK, ISSUER, SERIAL, NOT_BEFORE, NOT_AFTER = 0x01, 0x02, 0x03, 0x04, 0x05
KEY, NAME, ADDRESSES4, ADDRESSES6 = 0x06, 0x07, 0x08, 0x09
ROUTES4, ROUTES6, GROUPS, FLAGS = 0x0a, 0x0b, 0x0c, 0x0d
MAX_LIFETIME, PATH_LENGTH, ENROL_KEY, NAME_SUFFIX = 0x10, 0x11, 0x12, 0x13
TLS_PIN = 0x14
OLD_KEY = 0x16

LIGHTHOUSE, RELAY, GATEWAY, STOCK, ENROL, STATE_REQUIRED, HOLDS_STATE = \
    (1 << bit for bit in range(7))

PEM_LABELS = {
    HOST: "MPYNET CERTIFICATE",
    CA: "MPYNET CA CERTIFICATE",
    REQUEST: "MPYNET REQUEST",
}


def context(words):
    """A domain-separation label, zero-padded to 24 bytes."""
    return words.encode().ljust(24, b"\0")


SIGNED = context("mpynet signed object v1")
FINGERPRINT = context("mpynet fingerprint v1")
KEY_ID = context("mpynet key id v1")


def ed25519_public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key() \
        .public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(ed25519_key):
    return hashlib.blake2b(KEY_ID + ed25519_key, digest_size=32).digest()[:16]


def tls_seed(static):
    """The seed of the Ed25519 key that a lighthouse with this X25519 key speaks TLS with."""
    clamped = bytes([static[0] & 0xf8]) + static[1:31] + bytes([static[31] & 0x7f | 0x40])
    return hashlib.blake2b(context("mpynet tls key v1"), key=clamped, digest_size=32).digest()


def tls_pin(static):
    """SHA-256 of that key as TLS certificates hold it."""
    return hashlib.sha256(Ed25519PrivateKey.from_private_bytes(tls_seed(static)).public_key()
                          .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def u32(value):
    return struct.pack("<I", value)


def u64(value):
    return struct.pack("<Q", value)


def prefixes(*texts):
    """An address list: 4 or 16 bytes and the prefix length, sorted as bytes."""
    items = []
    for text in texts:
        interface = ipaddress.ip_interface(text)
        items.append(interface.ip.packed + bytes([interface.network.prefixlen]))
    return b"".join(sorted(items))


def groups(*names):
    """Each name after its length; sorted by name, as bytes compare."""
    return b"".join(bytes([len(n)]) + n for n in sorted(n.encode() for n in names))


def tlvs(items):
    """`items` is a dict, which is written in ascending order of tags, or a
    list of (tag, value), which is written as it is."""
    if isinstance(items, dict):
        items = sorted(items.items())
    return b"".join(struct.pack("<BH", tag, len(value)) + value for tag, value in items)


def unsigned(kind, alg, body, reserved=0):
    return MAGIC + struct.pack("<BBHI", kind, alg, reserved, len(body)) + body


def sign(seed, to_be_signed):
    """The object: `to_be_signed` and its Ed25519 signature."""
    return to_be_signed + Ed25519PrivateKey.from_private_bytes(seed).sign(
        SIGNED + to_be_signed)


def prove(shared, to_be_signed):
    """A request's proof of possession: `shared` is the X25519 of the host key
    and the authority's enrolment key, and is the key of a 64-byte BLAKE2b."""
    return to_be_signed + hashlib.blake2b(
        SIGNED + to_be_signed, key=shared, digest_size=64).digest()


def prove_old(shared, to_be_signed):
    """The proof of the key before, over the request as it is without field 16."""
    return hashlib.blake2b(context("mpynet rekey v1") + to_be_signed, key=shared,
                           digest_size=32).digest()


def fingerprint(to_be_signed):
    return hashlib.blake2b(FINGERPRINT + to_be_signed, digest_size=32).digest()


def pem(label, data):
    encoded = base64.b64encode(data).decode()
    lines = [encoded[i:i + 64] for i in range(0, len(encoded), 64)]
    return "\n".join(["-----BEGIN %s-----" % label, *lines,
                      "-----END %s-----" % label, ""]).encode()
