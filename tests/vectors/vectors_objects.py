# SPDX-License-Identifier: GPL-3.0-or-later
"""Vectors of signed objects, good and bad, and of PRESENT, OPEN and HERE.

The bad ones carry a valid signature, so that only the rule under test can be
what refuses them.
"""

import hashlib

import objects as o
import present as p
import wireguard as wg
from vectors_wireguard import (INITIATOR, INITIATOR_INDEX, RESPONDER, TIMESTAMP,
                               secret)

NETWORK_ID = secret("network id")[:16]
ROOT = secret("root signing key")
ISSUING = secret("issuing signing key")
ROOT_ENROL = secret("root enrolment key")
ISSUING_ENROL = secret("issuing enrolment key")
LIGHTHOUSE = secret("lighthouse static")

DAY = 86400
ISSUED = 1700000000
ALL_FLAGS = 0x7f


def host_body(issuer, key, name, **more):
    body = {
        o.NETWORK: NETWORK_ID,
        o.ISSUER: o.key_id(o.ed25519_public(issuer)),
        o.SERIAL: o.u64(3),
        o.NOT_BEFORE: o.u64(ISSUED - 300),
        o.NOT_AFTER: o.u64(ISSUED + 90 * DAY),
        o.KEY: wg.public(key),
        o.NAME: name.encode(),
        o.ADDRESSES4: o.prefixes("10.87.0.3/32"),
        o.FLAGS: o.u32(0),
    }
    body.update({getattr(o, tag): value for tag, value in more.items()})
    return body


def ca_body(issuer, key, name, **more):
    body = {
        o.NETWORK: NETWORK_ID,
        o.ISSUER: o.key_id(o.ed25519_public(issuer)),
        o.SERIAL: o.u64(1),
        o.NOT_BEFORE: o.u64(ISSUED - 300),
        o.NOT_AFTER: o.u64(ISSUED + 3650 * DAY),
        o.KEY: o.ed25519_public(key),
        o.NAME: name.encode(),
        o.ADDRESSES4: o.prefixes("10.87.0.0/16"),
        o.ADDRESSES6: o.prefixes("fd87:1234:5678::/48"),
        o.ROUTES4: o.prefixes("192.168.0.0/16"),
        o.GROUPS: o.groups("*"),
        o.FLAGS: o.u32(ALL_FLAGS),
        o.MAX_LIFETIME: o.u32(365 * DAY),
        o.PATH_LENGTH: bytes([1]),
        o.ENROL_KEY: wg.public(ROOT_ENROL),
    }
    body.update({getattr(o, tag): value for tag, value in more.items()})
    return body


def certificate(kind, seed, body, alg=o.ED25519, reserved=0):
    return o.sign(seed, o.unsigned(kind, alg, o.tlvs(body), reserved))


ROOT_CERTIFICATE = certificate(o.CA, ROOT, ca_body(ROOT, ROOT, "study"))

ISSUING_CERTIFICATE = certificate(o.CA, ROOT, ca_body(
    ROOT, ISSUING, "hospital-a", SERIAL=o.u64(2),
    NOT_AFTER=o.u64(ISSUED + 365 * DAY), ADDRESSES4=o.prefixes("10.87.16.0/20"),
    ADDRESSES6=o.prefixes("fd87:1234:5678:a::/64"), ROUTES4=o.prefixes("192.168.8.0/24"),
    GROUPS=o.groups("analysts", "parties"), FLAGS=o.u32(o.GATEWAY | o.STOCK),
    MAX_LIFETIME=o.u32(30 * DAY), PATH_LENGTH=bytes([0]),
    ENROL_KEY=wg.public(ISSUING_ENROL), NAME_SUFFIX=b".hospital-a"))

HOST_CERTIFICATE = certificate(o.HOST, ROOT, host_body(ROOT, INITIATOR, "party1"))

ISSUED_HOST_CERTIFICATE = certificate(o.HOST, ISSUING, host_body(
    ISSUING, INITIATOR, "party1.hospital-a", SERIAL=o.u64(0x0102030405060708),
    NOT_AFTER=o.u64(ISSUED + 29 * DAY),
    ADDRESSES4=o.prefixes("10.87.16.9/32", "10.87.16.10/32"),
    ADDRESSES6=o.prefixes("fd87:1234:5678:a::9/128"),
    ROUTES4=o.prefixes("192.168.8.0/25", "192.168.8.128/25"),
    GROUPS=o.groups("parties", "analysts"), FLAGS=o.u32(o.GATEWAY)))

LIGHTHOUSE_CERTIFICATE = certificate(o.HOST, ROOT, host_body(
    ROOT, LIGHTHOUSE, "lh", SERIAL=o.u64(4), ADDRESSES4=o.prefixes("10.87.0.1/32"),
    ADDRESSES6=o.prefixes("fd87:1234:5678::1/128"),
    FLAGS=o.u32(o.LIGHTHOUSE | o.RELAY)))

REQUEST_UNSIGNED = o.unsigned(o.REQUEST, o.PROOF, o.tlvs({
    o.NETWORK: NETWORK_ID,
    o.ISSUER: o.key_id(o.ed25519_public(ROOT)),
    o.KEY: wg.public(INITIATOR),
    o.NAME: b"party1",
    o.TLS_PIN: o.tls_pin(INITIATOR),
}))
REQUEST = o.prove(wg.dh(INITIATOR, wg.public(ROOT_ENROL)), REQUEST_UNSIGNED)

# The key of the responder is to take the place of the initiator's.
REKEY_BODY = {
    o.NETWORK: NETWORK_ID,
    o.ISSUER: o.key_id(o.ed25519_public(ROOT)),
    o.SERIAL: o.u64(3),
    o.KEY: wg.public(RESPONDER),
    o.NAME: b"party1",
    o.TLS_PIN: o.tls_pin(RESPONDER),
}
OLD_PROOF = o.prove_old(wg.dh(INITIATOR, wg.public(ROOT_ENROL)),
                        o.unsigned(o.REQUEST, o.PROOF, o.tlvs(REKEY_BODY)))
REKEY_UNSIGNED = o.unsigned(o.REQUEST, o.PROOF, o.tlvs({
    **REKEY_BODY, o.OLD_KEY: wg.public(INITIATOR) + OLD_PROOF}))
REKEY = o.prove(wg.dh(RESPONDER, wg.public(ROOT_ENROL)), REKEY_UNSIGNED)


def shown(kind, data, private):
    unsigned = data[:-64]
    return [
        *private,
        ("unsigned", unsigned),
        ("signature", data[-64:]),
        ("object", data),
        ("fingerprint", o.fingerprint(unsigned)),
        ("pem", o.pem(o.PEM_LABELS[kind], data)),
    ]


def good():
    root_public = o.ed25519_public(ROOT)
    assert hashlib.blake2b(o.KEY_ID + root_public, digest_size=32) \
        .digest()[:16] == o.key_id(root_public)
    yield "key id", [("ed25519_public", root_public), ("key_id", o.key_id(root_public))]
    root = [("issuer_seed", ROOT), ("issuer_public", root_public)]
    issuing = [("issuer_seed", ISSUING), ("issuer_public", o.ed25519_public(ISSUING))]
    yield "root", shown(o.CA, ROOT_CERTIFICATE, root)
    yield "issuing ca", shown(o.CA, ISSUING_CERTIFICATE, root)
    yield "host by the root", shown(o.HOST, HOST_CERTIFICATE, root)
    yield "host by the issuing ca", shown(o.HOST, ISSUED_HOST_CERTIFICATE, issuing)
    yield "lighthouse", shown(o.HOST, LIGHTHOUSE_CERTIFICATE, root)
    yield "lighthouse that speaks tls", shown(o.HOST, certificate(o.HOST, ROOT, host_body(
        ROOT, LIGHTHOUSE, "lh", FLAGS=o.u32(o.LIGHTHOUSE), TLS_PIN=o.tls_pin(LIGHTHOUSE))), [
            *root, ("host_static", LIGHTHOUSE), ("tls_seed", o.tls_seed(LIGHTHOUSE)),
            ("tls_pin", o.tls_pin(LIGHTHOUSE))])
    yield "host with a tag to ignore", shown(o.HOST, certificate(o.HOST, ROOT, {
        **host_body(ROOT, INITIATOR, "party1"), 0x40: b"not for us"}), root)
    yield "request", shown(o.REQUEST, REQUEST, [
        ("host_static", INITIATOR), ("enrol_static", ROOT_ENROL),
        ("shared", wg.dh(INITIATOR, wg.public(ROOT_ENROL)))])
    yield "request for another key", shown(o.REQUEST, REKEY, [
        ("host_static", RESPONDER), ("old_static", INITIATOR), ("enrol_static", ROOT_ENROL),
        ("shared", wg.dh(RESPONDER, wg.public(ROOT_ENROL))), ("old_proof", OLD_PROOF)])


def bad_bodies():
    """Bodies of host certificates that break one rule each."""
    base = host_body(ROOT, INITIATOR, "party1")
    ordered = sorted(base.items())

    def changed(**more):
        return {**base, **{getattr(o, tag): value for tag, value in more.items()}}

    def without(tag):
        return {t: v for t, v in base.items() if t != tag}

    yield "tags out of order", [ordered[1], ordered[0], *ordered[2:]]
    yield "a tag twice", [ordered[0], *ordered]
    yield "an unknown tag below 40", {**base, 0x3f: b""}
    yield "tag zero", {**base, 0x00: b""}
    yield "a tag above 7f", {**base, 0x80: b""}
    for tag, name in ((o.NETWORK, "network id"), (o.ISSUER, "issuer"), (o.SERIAL, "serial"),
                      (o.NOT_BEFORE, "not_before"), (o.NOT_AFTER, "not_after"),
                      (o.KEY, "key"), (o.NAME, "name"), (o.ADDRESSES4, "address"),
                      (o.FLAGS, "flags")):
        yield "no " + name, without(tag)
    yield "serial zero", changed(SERIAL=o.u64(0))
    yield "a short serial", changed(SERIAL=bytes(7))
    yield "never valid", changed(NOT_AFTER=o.u64(ISSUED - 301))
    for point, name in ((bytes(32), "zero"), (b"\1" + bytes(31), "one"),
                        (bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd"
                                       "866205165f49b800"), "order eight"),
                        (b"\xed" + b"\xff" * 30 + b"\x7f", "p")):
        yield "low-order key, " + name, changed(KEY=point)
    for name in ("", "-party", "party-", "Party", "party 1", "a" * 64, "p\0", "p\xe9"):
        yield "name %s" % name.encode("latin-1").hex(), changed(NAME=name.encode("latin-1"))
    for text in ("10.87.0.3/31", "127.0.0.1/32", "224.0.0.1/32", "169.254.0.1/32",
                 "0.0.0.0/32", "255.255.255.255/32"):
        yield "address " + text, changed(ADDRESSES4=o.prefixes(text))
    for text in ("fd00::1/127", "::1/128", "ff02::1/128", "fe80::1/128",
                 "::ffff:10.0.0.1/128", "::/128"):
        yield "address " + text, changed(ADDRESSES6=o.prefixes(text))
    one, two = o.prefixes("10.87.0.3/32"), o.prefixes("10.87.0.4/32")
    yield "addresses not sorted", changed(ADDRESSES4=two + one)
    yield "an address twice", changed(ADDRESSES4=one + one)
    yield "an empty list of addresses", changed(ADDRESSES4=b"")
    yield "half an address", changed(ADDRESSES4=one + two[:3])
    yield "a prefix of 33 bits", changed(ADDRESSES4=one[:4] + bytes([33]))
    yield "host bits in a route", changed(ROUTES4=bytes((192, 168, 8, 1, 24)))
    yield "groups not sorted", changed(GROUPS=b"\1b\1a")
    yield "a group twice", changed(GROUPS=b"\1a\1a")
    yield "an empty group", changed(GROUPS=b"\0")
    yield "a group beyond the end", changed(GROUPS=b"\5abc")
    yield "an unknown flag", changed(FLAGS=o.u32(0x80))
    yield "a path length in a host", changed(PATH_LENGTH=b"\0")
    yield "an enrolment key in a host", changed(ENROL_KEY=wg.public(ROOT_ENROL))
    yield "a tls key of who is no lighthouse", changed(TLS_PIN=o.tls_pin(INITIATOR))
    yield "a tls key of zeros", changed(FLAGS=o.u32(o.LIGHTHOUSE), TLS_PIN=bytes(32))
    yield "a short hash of a tls key", changed(FLAGS=o.u32(o.LIGHTHOUSE), TLS_PIN=b"\1" * 31)
    yield "co-signers in a host", {**base, 0x15: b"\2" + bytes(64)}
    yield "too long for a host", {**base, 0x40: bytes(400)}


def bad_containers():
    body = o.tlvs(host_body(ROOT, INITIATOR, "party1"))
    right = o.unsigned(o.HOST, o.ED25519, body)
    yield "another magic", o.sign(ROOT, b"MPY2" + right[4:])
    yield "kind zero", o.sign(ROOT, o.unsigned(0, o.ED25519, body))
    yield "an unknown kind", o.sign(ROOT, o.unsigned(9, o.ED25519, body))
    yield "a host with a proof for a signature", \
        o.prove(wg.dh(INITIATOR, wg.public(ROOT_ENROL)), o.unsigned(o.HOST, o.PROOF, body))
    yield "an unknown algorithm", o.sign(ROOT, o.unsigned(o.HOST, 4, body))
    yield "a root that claims to be signed by several", \
        o.unsigned(o.CA, 3, o.tlvs(ca_body(ROOT, ROOT, "study"))) + b"\2" + (
            b"\0" + bytes(64) + b"\1" + bytes(64))
    yield "a reserved bit", o.sign(ROOT, o.unsigned(o.HOST, o.ED25519, body, 1))
    yield "a byte too many", HOST_CERTIFICATE + b"\0"
    yield "a byte too few", HOST_CERTIFICATE[:-1]
    yield "a body longer than the object", o.sign(
        ROOT, right[:8] + o.u32(len(body) + 1) + body)
    yield "a body shorter than its fields", o.sign(
        ROOT, right[:8] + o.u32(len(body) - 1) + body)
    yield "an empty body", o.sign(ROOT, o.unsigned(o.HOST, o.ED25519, b""))
    yield "a field cut off", o.sign(ROOT, o.unsigned(o.HOST, o.ED25519, body[:-1]))


def bad():
    for name, body in bad_bodies():
        yield name, [("object", certificate(o.HOST, ROOT, body))]
    for name, data in bad_containers():
        yield name, [("object", data)]


def presents():
    cases = (
        ("a host by the root", p.NOTHING_KNOWN, {p.HOST_CERTIFICATE: HOST_CERTIFICATE}),
        ("a host by an issuing ca", secret("known prefix")[:8],
         {p.HOST_CERTIFICATE: ISSUED_HOST_CERTIFICATE,
          p.ISSUER_CERTIFICATE: ISSUING_CERTIFICATE}),
    )
    for name, prefix, items in cases:
        plain = p.plaintext(0, 0, 0, prefix, items)
        yield "present " + name, presented(name, plain, prefix)
    plain = p.plaintext(p.FLAG_ENROL, 0, 0, p.NOTHING_KNOWN,
                        {p.TOKEN_ID: secret("token")[:8]})
    yield "present a token", presented("a token", plain, p.NOTHING_KNOWN)


def presented(name, plain, prefix):
    ephemeral = secret("present %s, ephemeral" % name)
    first, hs = wg.initiation(INITIATOR, ephemeral, wg.public(RESPONDER),
                              INITIATOR_INDEX, TIMESTAMP)
    return [
        ("initiator_static", INITIATOR), ("initiator_ephemeral", ephemeral),
        ("initiator_index", o.u32(INITIATOR_INDEX)), ("timestamp", TIMESTAMP),
        ("responder_static", RESPONDER),
        ("responder_static_public", wg.public(RESPONDER)),
        ("known_prefix", prefix), ("plain", plain),
        ("key", p.presentation_key(hs)), ("message", p.present(first, hs, plain)),
    ]


def opens():
    introduction = secret("introduction")[:8]
    key = p.open_key(INITIATOR, wg.public(RESPONDER), introduction)
    assert key == p.open_key(RESPONDER, wg.public(INITIATOR), introduction)
    for name, direction in (("call", p.CALL), ("answer", p.ANSWER)):
        yield "open, " + name, [
            ("static", INITIATOR), ("other_public", wg.public(RESPONDER)),
            ("introduction", introduction), ("key", key),
            ("message", p.open_(key, direction, introduction))]


def heres():
    root = o.fingerprint(ROOT_CERTIFICATE[:-64])
    cases = (
        ("an announcement", bytes(32), p.ASK, 7717, 7717, HOST_CERTIFICATE, b""),
        ("an answer below an issuing ca", secret("psk"), 0, 41000, 0,
         ISSUED_HOST_CERTIFICATE, ISSUING_CERTIFICATE),
    )
    for name, psk, flags, port4, port6, host, issuer in cases:
        key, nonce = p.here_key(root, psk), secret("here " + name)[:24]
        plain = p.here_plaintext(flags, port4, port6, host, issuer)
        yield "here, " + name, [
            ("root", root), ("psk", psk), ("key", key), ("nonce", nonce),
            ("flags", bytes([flags])), ("port4", port4.to_bytes(2, "little")),
            ("port6", port6.to_bytes(2, "little")), ("certificate", host),
            ("issuer", issuer), ("plain", plain), ("message", p.here(key, nonce, plain))]


def files():
    yield ("objects.txt", "Signed objects that are right.", good())
    yield ("refused.txt", "Objects with a valid signature that must not be accepted.",
           bad())
    yield ("present.txt", "PRESENT: an initiation and the certificate of its sender.",
           presents())
    yield ("open.txt", "OPEN: a punch without a session.", opens())
    yield ("here.txt", "HERE: a sealed announcement on the link.", heres())
