# SPDX-License-Identifier: GPL-3.0-or-later
"""Vectors of network states, rotations and co-signed objects, good and bad.

The bad ones carry a valid signature, so that only the rule under test can be
what refuses them.
"""

import objects as o
import states as s
import vectors_objects as v
import wireguard as wg
from vectors_wireguard import INITIATOR, RESPONDER, secret

DAY = v.DAY
NOW = v.ISSUED

SECOND = secret("second root signing key")
STATE_CA = secret("signing key of who speaks for the network")
COSIGNED = secret("signing key of a co-signed root")
COSIGNERS = [secret("co-signer %d" % i) for i in range(3)]
COSIGNER_KEYS = [o.ed25519_public(seed) for seed in COSIGNERS]

ROOT_ID = o.key_id(o.ed25519_public(v.ROOT))
ISSUING_ID = o.key_id(o.ed25519_public(v.ISSUING))

SECOND_CERTIFICATE = v.certificate(o.CA, SECOND, v.ca_body(SECOND, SECOND, "study2"))
STATE_CA_CERTIFICATE = v.certificate(o.CA, v.ROOT, v.ca_body(
    v.ROOT, STATE_CA, "network-operations", PATH_LENGTH=bytes([0]),
    FLAGS=o.u32(o.HOLDS_STATE)))
COSIGNED_CERTIFICATE = v.certificate(o.CA, COSIGNED, {
    **v.ca_body(COSIGNED, COSIGNED, "study-of-three"),
    s.COSIGNERS: s.cosigners(2, COSIGNER_KEYS)})


def state_body(issuer, **more):
    body = {
        o.NETWORK: v.NETWORK_ID,
        o.ISSUER: o.key_id(o.ed25519_public(issuer)),
        s.VERSION: o.u64(NOW),
        s.ISSUED: o.u64(NOW),
        s.EXPIRES: o.u64(NOW + 30 * DAY),
        o.FLAGS: o.u32(0),
        s.NEXT_UPDATE: o.u64(NOW + 7 * DAY),
    }
    body.update({getattr(s, tag, None) or getattr(o, tag): value
                 for tag, value in more.items()})
    return body


EVERYTHING = dict(
    FLAGS=o.u32(o.STATE_REQUIRED),
    PREVIOUS=o.fingerprint(b"the state before"), LOG_HEAD=o.fingerprint(b"the log"),
    MIN_NOT_BEFORE=o.u64(NOW - 90 * DAY),
    LIGHTHOUSES=b"".join(sorted((
        s.lighthouse(wg.public(v.LIGHTHOUSE), "192.0.2.1:7717", "lh.example:7717", "tcp/8443"),
        s.lighthouse(wg.public(RESPONDER), "[2001:db8::1]:7717")))),
    RANGES=b"".join(sorted((s.span(ROOT_ID, 5, 9), s.span(ROOT_ID, 11, 11),
                            s.span(ISSUING_ID, 1, 2**64 - 1)))),
    KEYS=b"".join(sorted((wg.public(INITIATOR), wg.public(RESPONDER)))),
    CAS=ISSUING_ID)


def state(issuer, **more):
    return o.sign(issuer, o.unsigned(s.STATE, o.ED25519, o.tlvs(state_body(issuer, **more))))


def rotation_body(old, new, **more):
    body = {
        o.NETWORK: v.NETWORK_ID,
        o.ISSUER: o.key_id(o.ed25519_public(old)),
        s.ISSUED: o.u64(NOW),
        s.EXPIRES: o.u64(NOW + 90 * DAY),
        s.NEW_ROOT: new,
    }
    body.update({getattr(s, tag, None) or getattr(o, tag): value
                 for tag, value in more.items()})
    return body


def rotation(old, new, **more):
    return o.sign(old, o.unsigned(s.ROTATION, o.ED25519, o.tlvs(rotation_body(old, new, **more))))


def shown(data, signature_len, *private):
    return [*private, ("unsigned", data[:-signature_len]), ("object", data),
            ("fingerprint", o.fingerprint(data[:-signature_len]))]


def good():
    root = [("issuer_seed", v.ROOT), ("issuer_public", o.ed25519_public(v.ROOT))]
    plain, full = state(v.ROOT), state(v.ROOT, **EVERYTHING)
    turn = rotation(v.ROOT, SECOND_CERTIFICATE)
    yield "state that revokes nobody", shown(plain, 64, *root)
    yield "state with every field", shown(full, 64, *root)
    yield "rotation", shown(turn, 64, *root)
    after = state(SECOND, VERSION=o.u64(NOW + 1))
    yield "blob of a root", [("root", v.ROOT_CERTIFICATE), ("blob", s.blob(full))]
    yield "blob after a rotation", [
        ("root", v.ROOT_CERTIFICATE), ("blob", s.blob(turn, after))]
    yield "blob of an issuing ca", [
        ("root", v.ROOT_CERTIFICATE), ("blob", s.blob(STATE_CA_CERTIFICATE, state(STATE_CA)))]
    bare = o.unsigned(s.STATE, s.MULTI, o.tlvs(state_body(COSIGNED)))
    yield "blob that two of three signed", [
        ("root", COSIGNED_CERTIFICATE),
        ("blob", s.blob(s.cosign(COSIGNERS[1:], COSIGNER_KEYS, bare)))]
    bare = o.unsigned(o.HOST, s.MULTI, o.tlvs(v.host_body(COSIGNED, INITIATOR, "party1")))
    yield "host that two of three signed", [
        ("root", COSIGNED_CERTIFICATE),
        *shown(s.cosign(COSIGNERS[:2], COSIGNER_KEYS, bare), 1 + 2 * 65)]


def bad_states():
    def changed(**more):
        return {**state_body(v.ROOT), **{
            getattr(s, tag, None) or getattr(o, tag): value for tag, value in more.items()}}

    base = state_body(v.ROOT)
    for tag, name in ((o.NETWORK, "network id"), (o.ISSUER, "issuer"), (s.VERSION, "version"),
                      (s.ISSUED, "time of issue"), (s.EXPIRES, "end"), (o.FLAGS, "flags"),
                      (s.NEXT_UPDATE, "next update")):
        yield "no " + name, {t: value for t, value in base.items() if t != tag}
    yield "version zero", changed(VERSION=o.u64(0))
    yield "a short version", changed(VERSION=bytes(7))
    yield "next update when issued", changed(NEXT_UPDATE=o.u64(NOW))
    yield "next update after its end", changed(NEXT_UPDATE=o.u64(NOW + 31 * DAY))
    yield "beyond the year 9999", changed(EXPIRES=o.u64(253402300800))
    yield "another flag", changed(FLAGS=o.u32(o.RELAY))
    yield "a previous state of zeros", changed(PREVIOUS=bytes(32))
    yield "a log head of zeros", changed(LOG_HEAD=bytes(32))
    yield "a first issue of zero", changed(MIN_NOT_BEFORE=o.u64(0))
    yield "an unknown tag below 40", {**base, 0x3f: b""}
    yield "a key of a host", changed(KEY=wg.public(INITIATOR))
    yield "a new root in a state", changed(NEW_ROOT=SECOND_CERTIFICATE)
    for tag in ("LIGHTHOUSES", "RANGES", "KEYS", "CAS"):
        yield "an empty list, %02x" % getattr(s, tag), changed(**{tag: b""})
    yield "serial zero revoked", changed(RANGES=s.span(ROOT_ID, 0, 3))
    yield "a range backwards", changed(RANGES=s.span(ROOT_ID, 3, 2))
    yield "ranges not sorted", changed(RANGES=s.span(ROOT_ID, 9, 9) + s.span(ROOT_ID, 5, 5))
    yield "ranges that touch", changed(RANGES=s.span(ROOT_ID, 5, 6) + s.span(ROOT_ID, 7, 7))
    yield "ranges that overlap", changed(RANGES=s.span(ROOT_ID, 5, 9) + s.span(ROOT_ID, 7, 11))
    yield "half a range", changed(RANGES=s.span(ROOT_ID, 5, 9)[:-1])
    one, two = sorted((wg.public(INITIATOR), wg.public(RESPONDER)))
    yield "keys not sorted", changed(KEYS=two + one)
    yield "a key twice", changed(KEYS=one + one)
    yield "half a key", changed(KEYS=one + two[:31])
    yield "a ca twice", changed(CAS=ROOT_ID + ROOT_ID)
    yield "1,001 keys", changed(KEYS=b"".join(i.to_bytes(32, "big") for i in range(1001)))
    here = s.lighthouse(one, "192.0.2.1:7717")
    there = s.lighthouse(two, "192.0.2.2:7717")
    yield "lighthouses not sorted", changed(LIGHTHOUSES=there + here)
    yield "a lighthouse twice", changed(LIGHTHOUSES=here + here)
    yield "a lighthouse without an endpoint", changed(LIGHTHOUSES=s.lighthouse(one))
    yield "an endpoint twice", changed(
        LIGHTHOUSES=s.lighthouse(one, "192.0.2.1:7717", "192.0.2.1:7717"))
    yield "an endpoint in another spelling", changed(
        LIGHTHOUSES=s.lighthouse(one, "192.0.2.01:7717"))
    yield "an endpoint cut off", changed(LIGHTHOUSES=here[:-1])
    yield "seventeen lighthouses", changed(LIGHTHOUSES=b"".join(
        s.lighthouse(i.to_bytes(32, "big"), "192.0.2.1:7717") for i in range(17)))


def bad_rotations():
    base = rotation_body(v.ROOT, SECOND_CERTIFICATE)
    for tag, name in ((o.NETWORK, "network id"), (o.ISSUER, "issuer"), (s.ISSUED, "beginning"),
                      (s.EXPIRES, "end"), (s.NEW_ROOT, "new root")):
        yield "rotation without " + name, {t: value for t, value in base.items() if t != tag}
    yield "rotation that ends before it begins", {**base, s.EXPIRES: o.u64(NOW - 1)}
    yield "rotation to itself", {**base, s.NEW_ROOT: v.ROOT_CERTIFICATE}
    yield "rotation to an issuing ca", {**base, s.NEW_ROOT: v.ISSUING_CERTIFICATE}
    yield "rotation to a host", {**base, s.NEW_ROOT: v.HOST_CERTIFICATE}
    yield "rotation to half a root", {**base, s.NEW_ROOT: SECOND_CERTIFICATE[:-1]}
    yield "rotation of another network", {**base, o.NETWORK: bytes(16)}
    yield "rotation to a root with another signature", {
        **base, s.NEW_ROOT: SECOND_CERTIFICATE[:-1] + b"\0"}


def bad_multis():
    bare = o.unsigned(s.STATE, s.MULTI, o.tlvs(state_body(COSIGNED)))
    right = s.cosign(COSIGNERS[:2], COSIGNER_KEYS, bare)
    parts = [right[len(bare) + 1 + i * 65:][:65] for i in range(2)]
    yield "no signature of several", bare + b"\0"
    yield "one signature of several", bare + b"\1" + parts[0]
    yield "six signatures", bare + b"\6" + parts[0] * 6
    yield "signatures out of order", bare + b"\2" + parts[1] + parts[0]
    yield "a signer twice", bare + b"\2" + parts[0] + parts[0]
    yield "a signer above seven", bare + b"\2" + parts[0] + b"\x08" + parts[1][1:]
    yield "a signature too few", bare + b"\3" + parts[0] + parts[1]
    yield "a signature too many", bare + b"\2" + parts[0] + parts[1] + parts[1]


def bad():
    for name, body in bad_states():
        yield name, [("object", o.sign(v.ROOT, o.unsigned(s.STATE, o.ED25519, o.tlvs(body))))]
    for name, body in bad_rotations():
        yield name, [("object", o.sign(v.ROOT, o.unsigned(s.ROTATION, o.ED25519, o.tlvs(body))))]
    for name, data in bad_multis():
        yield name, [("object", data)]


def files():
    yield ("states.txt", "Network states, rotations, and what co-signers signed.", good())
    yield ("states-refused.txt",
           "States and rotations with a valid signature that must not be accepted.", bad())
