# SPDX-License-Identifier: GPL-3.0-or-later
"""WireGuard's messages, written from the paper alone.

This is the second opinion that the C code is compared with, so it shares
nothing with it: the primitives come from hashlib and the cryptography
package, the one that neither has (HChaCha20) is below, and the names are those
of section 5.4 of the paper "WireGuard: Next Generation Kernel Network Tunnel".

Every function is pure. Ephemeral keys, indices and timestamps are arguments.
"""

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey, X25519PublicKey)
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"
LABEL_MAC1 = b"mac1----"
LABEL_COOKIE = b"cookie--"

INITIATION, RESPONSE, COOKIE_REPLY, TRANSPORT = 1, 2, 3, 4
ZERO_PSK = bytes(32)
ZERO_MAC = bytes(16)
MTU = 1420


# Primitives (section 5.4, first list)

def public(private):
    """The X25519 public key of 32 private bytes; RFC 7748 clamps them."""
    return X25519PrivateKey.from_private_bytes(private).public_key() \
        .public_bytes(Encoding.Raw, PublicFormat.Raw)


def dh(private, other_public):
    return X25519PrivateKey.from_private_bytes(private).exchange(
        X25519PublicKey.from_public_bytes(other_public))


def nonce(counter):
    return bytes(4) + struct.pack("<Q", counter)


def seal(key, counter, plain, ad):
    return ChaCha20Poly1305(key).encrypt(nonce(counter), plain, ad)


def unseal(key, counter, sealed, ad):
    """Raises cryptography.exceptions.InvalidTag when it does not open."""
    return ChaCha20Poly1305(key).decrypt(nonce(counter), sealed, ad)


def hash_(*parts):
    return hashlib.blake2s(b"".join(parts)).digest()


def mac(key, data):
    """Keyed BLAKE2s of 16 bytes; the key has 16 (a cookie) or 32 bytes."""
    return hashlib.blake2s(data, key=key, digest_size=16).digest()


def hmac_(key, data):
    return hmac.new(key, data, hashlib.blake2s).digest()


def kdf(n, key, data):
    """KDF_n of the paper: a list of n outputs of 32 bytes, as HKDF expands."""
    secret = hmac_(key, data)
    outputs, last = [], b""
    for i in range(1, n + 1):
        last = hmac_(secret, last + bytes([i]))
        outputs.append(last)
    return outputs


def rotate_left(word, bits):
    return (word << bits | word >> (32 - bits)) & 0xffffffff


def quarter_round(s, a, b, c, d):
    """RFC 8439, 2.1."""
    for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & 0xffffffff
        s[z] = rotate_left(s[z] ^ s[x], bits)


def hchacha20(key, nonce16):
    """draft-irtf-cfrg-xchacha-03, 2.2: the ChaCha20 rounds without the final
    addition; the first and the last row are the derived key."""
    s = list(struct.unpack("<4I8I4I", b"expand 32-byte k" + key + nonce16))
    for _ in range(10):
        for column in range(4):
            quarter_round(s, column, 4 + column, 8 + column, 12 + column)
        for i in range(4):
            quarter_round(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<8I", *s[0:4], *s[12:16])


def xseal(key, nonce24, plain, ad):
    """XChaCha20-Poly1305."""
    derived = ChaCha20Poly1305(hchacha20(key, nonce24[:16]))
    return derived.encrypt(bytes(4) + nonce24[16:], plain, ad)


def tai64n(seconds, nanoseconds):
    """TAI64N as WireGuard writes it: 2^62 + 10 is the label of Unix second 0."""
    return struct.pack(">QI", 0x400000000000000a + seconds, nanoseconds)


# Handshake (5.4.2, 5.4.3)

class Handshake:
    """Chaining key and hash of one side, mixed as the paper's equations say."""

    def __init__(self, responder_static_public):
        self.ck = hash_(CONSTRUCTION)
        self.h = hash_(hash_(self.ck, IDENTIFIER), responder_static_public)

    def mix_hash(self, data):
        self.h = hash_(self.h, data)

    def mix_key(self, data):
        """Returns the key; used where the paper says (C, k) := KDF2."""
        self.ck, key = kdf(2, self.ck, data)
        return key

    def mix_chain(self, data):
        """C := KDF1(C, data)."""
        self.ck, = kdf(1, self.ck, data)

    def seal(self, key, plain):
        sealed = seal(key, 0, plain, self.h)
        self.mix_hash(sealed)
        return sealed

    def unseal(self, key, sealed):
        plain = unseal(key, 0, sealed, self.h)
        self.mix_hash(sealed)
        return plain


def macs(message, receiver_static_public, cookie=None):
    """The message without its macs, with both appended (5.4.4)."""
    mac1 = mac(hash_(LABEL_MAC1, receiver_static_public), message)
    mac2 = mac(cookie, message + mac1) if cookie is not None else ZERO_MAC
    return message + mac1 + mac2


def initiation(static, ephemeral, responder_public, sender_index, timestamp,
               cookie=None):
    """Returns (148 bytes, the Handshake after the timestamp was mixed in)."""
    hs = Handshake(responder_public)
    hs.mix_chain(public(ephemeral))
    hs.mix_hash(public(ephemeral))
    sealed_static = hs.seal(hs.mix_key(dh(ephemeral, responder_public)), public(static))
    sealed_time = hs.seal(hs.mix_key(dh(static, responder_public)), timestamp)
    message = struct.pack("<II", INITIATION, sender_index) + public(ephemeral) \
        + sealed_static + sealed_time
    return macs(message, responder_public, cookie), hs


def read_initiation(message, responder_static):
    """What the responder learns: (static key, timestamp, its own Handshake)."""
    ephemeral, sealed_static, sealed_time = \
        message[8:40], message[40:88], message[88:116]
    hs = Handshake(public(responder_static))
    hs.mix_chain(ephemeral)
    hs.mix_hash(ephemeral)
    static = hs.unseal(hs.mix_key(dh(responder_static, ephemeral)), sealed_static)
    timestamp = hs.unseal(hs.mix_key(dh(responder_static, static)), sealed_time)
    return static, timestamp, hs


def response(hs, ephemeral, initiator_ephemeral, initiator_static, sender_index,
             receiver_index, psk=ZERO_PSK, cookie=None):
    """Returns 92 bytes; `hs` is what read_initiation() gave and moves on."""
    hs.mix_chain(public(ephemeral))
    hs.mix_hash(public(ephemeral))
    hs.mix_chain(dh(ephemeral, initiator_ephemeral))
    hs.mix_chain(dh(ephemeral, initiator_static))
    sealed_nothing = finish(hs, psk)
    message = struct.pack("<III", RESPONSE, sender_index, receiver_index) \
        + public(ephemeral) + sealed_nothing
    return macs(message, initiator_static, cookie)


def finish(hs, psk):
    hs.ck, tau, key = kdf(3, hs.ck, psk)
    hs.mix_hash(tau)
    return hs.seal(key, b"")


def read_response(message, hs, static, ephemeral, psk=ZERO_PSK):
    """The initiator's side: moves its Handshake on, raises if it does not open."""
    other = message[12:44]
    hs.mix_chain(other)
    hs.mix_hash(other)
    hs.mix_chain(dh(ephemeral, other))
    hs.mix_chain(dh(static, other))
    hs.ck, tau, key = kdf(3, hs.ck, psk)
    hs.mix_hash(tau)
    assert hs.unseal(key, message[44:60]) == b""


def transport_keys(hs):
    """(initiator to responder, responder to initiator), section 5.4.5."""
    return kdf(2, hs.ck, b"")


# Transport and cookies (5.4.6, 5.4.7)

def transport(key, receiver_index, counter, packet):
    """Padding to 16, but never beyond the device's MTU, as the kernel's module
    does: a full packet must still fit 1500 bytes over IPv6."""
    padded = packet + bytes(min(-len(packet) % 16, max(0, MTU - len(packet))))
    return struct.pack("<IIQ", TRANSPORT, receiver_index, counter) \
        + seal(key, counter, padded, b"")


def cookie_of(secret, address, port):
    """What an address proves by echoing it. Only its maker reads it, so its
    input is each implementation's own; this one is the Linux kernel's: the
    packed address and the port as it was on the wire."""
    return mac(secret, address + struct.pack(">H", port))


def cookie_reply(responder_public, nonce24, cookie, message):
    """An answer to `message`, whose mac1 is the associated data."""
    receiver_index = message[4:8]
    mac1 = message[-32:-16]
    return struct.pack("<I", COOKIE_REPLY) + receiver_index + nonce24 \
        + xseal(hash_(LABEL_COOKIE, responder_public), nonce24, cookie, mac1)
