# SPDX-License-Identifier: GPL-3.0-or-later
"""Vectors of the handshake, of cookies and of transport data, also of type 0x51."""

import hashlib
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import wireguard as wg


def secret(name):
    """32 bytes that anybody can make again from what they are called."""
    return hashlib.blake2s(b"mpynet test vector: " + name.encode()).digest()


INITIATOR = secret("initiator static")
RESPONDER = secret("responder static")
TIMESTAMP = wg.tai64n(1700000000, 0x2a000000)
INITIATOR_INDEX = 0x11223344
RESPONDER_INDEX = 0xa1b2c3d4


def u32(value):
    return struct.pack("<I", value)


def u64(value):
    return struct.pack("<Q", value)


def exchange(label, psk, cookie=None):
    """One handshake, both sides computed and compared. Its fields in the order
    in which they come into being, and the transport keys."""
    e_i = secret(label + ", initiator ephemeral")
    e_r = secret(label + ", responder ephemeral")
    first, hs_i = wg.initiation(INITIATOR, e_i, wg.public(RESPONDER),
                                INITIATOR_INDEX, TIMESTAMP, cookie)
    c_i, h_i = hs_i.ck, hs_i.h

    static, timestamp, hs_r = wg.read_initiation(first, RESPONDER)
    assert (static, timestamp) == (wg.public(INITIATOR), TIMESTAMP)
    assert (hs_r.ck, hs_r.h) == (c_i, h_i)
    second = wg.response(hs_r, e_r, wg.public(e_i), static, RESPONDER_INDEX,
                         INITIATOR_INDEX, psk)
    wg.read_response(second, hs_i, INITIATOR, e_i, psk)
    assert (hs_r.ck, hs_r.h) == (hs_i.ck, hs_i.h)
    keys = wg.transport_keys(hs_i)

    fields = [
        ("initiator_static", INITIATOR),
        ("initiator_static_public", wg.public(INITIATOR)),
        ("initiator_ephemeral", e_i),
        ("initiator_ephemeral_public", wg.public(e_i)),
        ("initiator_index", u32(INITIATOR_INDEX)),
        ("responder_static", RESPONDER),
        ("responder_static_public", wg.public(RESPONDER)),
        ("responder_ephemeral", e_r),
        ("responder_ephemeral_public", wg.public(e_r)),
        ("responder_index", u32(RESPONDER_INDEX)),
        ("timestamp", TIMESTAMP),
        ("psk", psk),
    ]
    if cookie is not None:
        fields.append(("cookie", cookie))
    return fields + [
        ("initiation", first),
        ("chaining_key_after_initiation", c_i),
        ("hash_after_initiation", h_i),
        ("response", second),
        ("chaining_key_after_response", hs_r.ck),
        ("hash_after_response", hs_r.h),
        ("key_initiator_to_responder", keys[0]),
        ("key_responder_to_initiator", keys[1]),
    ]


def handshakes():
    yield "handshake without psk", exchange("without psk", wg.ZERO_PSK)
    yield "handshake with psk", exchange("with psk", secret("psk"))
    yield "handshake with mac2", exchange("with mac2", wg.ZERO_PSK,
                                          secret("a cookie")[:16])


def primitives():
    key, data = secret("primitive key"), b"data of no particular length"
    for n in (1, 2, 3):
        fields = [("key", key), ("input", data)]
        fields += [("output%d" % (i + 1), out)
                   for i, out in enumerate(wg.kdf(n, key, data))]
        yield "kdf%d" % n, fields
    yield "mac", [("key", key), ("input", data), ("output", wg.mac(key, data))]
    yield "hash", [("input", data), ("output", wg.hash_(data))]
    yield "dh", [("private", INITIATOR), ("public", wg.public(RESPONDER)),
                 ("output", wg.dh(INITIATOR, wg.public(RESPONDER)))]
    yield "hchacha20", [
        # The example of draft-irtf-cfrg-xchacha-03, 2.2.1.
        ("key", bytes(range(32))),
        ("nonce", bytes.fromhex("000000090000004a0000000031415927")),
        ("output", wg.hchacha20(bytes(range(32)),
                                bytes.fromhex("000000090000004a0000000031415927"))),
    ]
    nonce24, ad = secret("xaead nonce")[:24], b"associated data"
    yield "xchacha20poly1305", [
        ("key", key), ("nonce", nonce24), ("ad", ad), ("plain", data),
        ("sealed", wg.xseal(key, nonce24, data, ad))]
    yield "chacha20poly1305", [
        ("key", key), ("counter", u64(0x0102030405060708)), ("ad", ad),
        ("plain", data), ("sealed", wg.seal(key, 0x0102030405060708, data, ad))]
    for seconds, nanoseconds in ((0, 0), (1700000000, 999999999)):
        yield "tai64n of %d.%09d" % (seconds, nanoseconds), [
            ("seconds", u64(seconds)), ("nanoseconds", u32(nanoseconds)),
            ("output", wg.tai64n(seconds, nanoseconds))]


def cookies():
    """A reply to an initiation, for an IPv4 and an IPv6 sender."""
    maker = secret("cookie secret")
    first, _ = wg.initiation(INITIATOR, secret("cookie ephemeral"),
                             wg.public(RESPONDER), INITIATOR_INDEX, TIMESTAMP)
    for name, address, port in (
            ("ipv4", bytes((192, 0, 2, 7)), 51820),
            ("ipv6", bytes.fromhex("20010db8000000000000000000000007"), 7717)):
        cookie = wg.cookie_of(maker, address, port)
        nonce24 = secret("cookie nonce " + name)[:24]
        again, _ = wg.initiation(INITIATOR, secret("cookie ephemeral, again"),
                                 wg.public(RESPONDER), INITIATOR_INDEX + 1,
                                 wg.tai64n(1700000000, 0x2b000000), cookie)
        yield "cookie for " + name, [
            ("responder_static_public", wg.public(RESPONDER)),
            ("secret", maker), ("address", address), ("port", struct.pack(">H", port)),
            ("cookie", cookie), ("message", first), ("mac1", first[-32:-16]),
            ("nonce", nonce24),
            ("reply", wg.cookie_reply(wg.public(RESPONDER), nonce24, cookie, first)),
            ("message_with_mac2", again), ("mac2", again[-16:])]


def transports():
    key = secret("transport key")
    packets = (
        ("keepalive", 0, b""),
        ("one byte", 1, b"\xc1"),
        ("fifteen bytes", 2, bytes(range(15))),
        ("sixteen bytes", 3, bytes(range(16))),
        ("almost a full packet", 4, bytes(i * 5 & 0xff for i in range(1411))),
        ("a full packet", 0x100000000, bytes(i * 7 & 0xff for i in range(1420))),
        ("the last counter but one", 2**64 - 2**13 - 1 - 1, b"almost"),
    )
    for name, counter, packet in packets:
        yield "transport, " + name, [
            ("key", key), ("receiver_index", u32(RESPONDER_INDEX)),
            ("counter", u64(counter)), ("packet", packet),
            ("message", wg.transport(key, RESPONDER_INDEX, counter, packet))]


def transports_aes():
    """The same packets under outer type 0x51, with the key that is derived for it."""
    for name, fields in transports():
        given = dict(fields)
        key, = wg.kdf(1, given["key"], b"mpynet aes-256-gcm")
        header = u32(0x51) + given["message"][4:16]
        padded = given["packet"] + bytes(len(given["message"]) - 32 - len(given["packet"]))
        sealed = AESGCM(key).encrypt(bytes(4) + given["counter"], padded, None)
        yield name.replace("transport", "AES"), fields[:-1] + [
            ("key_aes", key), ("message", header + sealed)]


def files():
    yield ("primitives.txt", "The primitives under the names of the WireGuard paper.",
           primitives())
    yield ("handshake.txt", "WireGuard handshakes, both messages and every result.",
           handshakes())
    yield ("cookie.txt", "Cookie replies, and the initiation that uses the cookie.",
           cookies())
    yield ("transport.txt", "Transport data: padding, counter, ciphertext.",
           transports())
    yield ("transport_aes.txt", "Outer type 0x51: key, padding, counter, ciphertext.",
           transports_aes())
