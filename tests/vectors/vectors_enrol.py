# SPDX-License-Identifier: GPL-3.0-or-later
"""Vectors of tokens, of what is sealed under them, and of the frames ENROL to TOKEN_ACK."""

import enrol as e
import frames as f
import objects as o
import vectors_objects as v
import wireguard as wg
from vectors_frames import u8, u16
from vectors_wireguard import secret, u64

ID = secret("token id")[:8]
SECRET = secret("token secret")
ROOT = o.fingerprint(v.ROOT_CERTIFICATE[:-64])
LIGHTHOUSE = wg.public(v.LIGHTHOUSE)
EXPIRES = v.ISSUED + 86400
KEY = e.enrol_key(SECRET)
ENROL_SECRET, HOST_SECRET = secret("token enrolment key"), secret("token host key")
REQUEST = secret("any request") * 6
WELCOME = e.sealed(KEY, secret("welcome nonce")[:24], b"enrol welcome v1", ID, e.NO_REF,
                   e.welcome(b"party3", v.ROOT_CERTIFICATE, v.ISSUING_CERTIFICATE))
PLEA = e.sealed(KEY, secret("plea nonce")[:24], b"enrol plea v1", ID, e.NO_REF, REQUEST)
REF = e.hash_(PLEA)[:16]


def tokens():
    for name, place in (("an IPv4 address", "198.51.100.7:7717"),
                        ("an IPv6 address", "[2001:db8::7]:7717"),
                        ("a name", "lighthouse.example.org:443")):
        data = e.token_bytes(ID, SECRET, ROOT, LIGHTHOUSE, EXPIRES, e.endpoint(place))
        yield "token with " + name, [
            ("id", ID), ("secret", SECRET), ("root", ROOT), ("lighthouse", LIGHTHOUSE),
            ("expires", u64(EXPIRES)), ("endpoint", place.encode()),
            ("psk", e.psk(SECRET)), ("enrol", KEY), ("text", e.token_text(data).encode())]


def refused_tokens():
    def of(place, expires=EXPIRES):
        return e.token_text(e.token_bytes(ID, SECRET, ROOT, LIGHTHOUSE, expires, place))

    good = of(e.endpoint("198.51.100.7:7717"))
    for name, text in (
            ("nothing", ""),
            ("the beginning alone", "mpy1_"),
            ("another version", "mpy2_" + good[5:]),
            ("a character less", good[:-1]),
            ("a character more", good + "A"),
            ("bits after the last byte", of(e.endpoint("lh.example:443"))[:-1] + "-"),
            ("padding", of(e.endpoint("lh.example:443")) + "="),
            ("the other base64", good[:30] + "+" + good[31:]),
            ("white space inside", good[:30] + "\n" + good[30:]),
            ("no expiry", of(e.endpoint("198.51.100.7:7717"), 0)),
            ("an endpoint of no family", of(b"\5" + e.endpoint("198.51.100.7:7717")[1:])),
            ("no port", of(e.endpoint("198.51.100.7:0"))),
            ("half an address", of(e.endpoint("198.51.100.7:7717")[:-1])),
            ("a name in capitals", of(e.endpoint("Lh.example:443"))),
            ("an address as a name", of(b"\0" + e.endpoint("1.2.3.4:1")[1:3] + b"1.2.3.4")),
            ("an empty name", of(e.endpoint(":443"))),
            ("a long name", of(e.endpoint("a" * 254 + ":443")))):
        yield name, [("text", text.encode())]


def envelopes():
    yield "welcome", [
        ("secret", SECRET), ("id", ID), ("nonce", secret("welcome nonce")[:24]),
        ("name", b"party3"), ("root", v.ROOT_CERTIFICATE), ("issuing", v.ISSUING_CERTIFICATE),
        ("sealed", WELCOME)]
    yield "plea", [
        ("secret", SECRET), ("id", ID), ("nonce", secret("plea nonce")[:24]),
        ("request", REQUEST), ("ref", REF), ("sealed", PLEA)]
    key = e.answer_key(KEY, ENROL_SECRET, wg.public(HOST_SECRET))
    for name, plain in (("answer with a bundle", b"\0any text"), ("answer that refuses", b"\1")):
        nonce = secret(name)[:24]
        yield name, [
            ("secret", SECRET), ("id", ID), ("nonce", nonce), ("ref", REF),
            ("enrol_secret", ENROL_SECRET), ("enrol_public", wg.public(ENROL_SECRET)),
            ("host_secret", HOST_SECRET), ("host_public", wg.public(HOST_SECRET)),
            ("refusal", plain[:1]), ("bundle", plain[1:]),
            ("sealed", e.sealed(key, nonce, b"enrol answer v1", ID, REF, plain))]


def enrols():
    for name, step, ref, offset, plea in (
            ("knock", e.KNOCK, e.NO_REF, 0, b""), ("plea", e.PLEA, REF, 0, PLEA),
            ("fetch", e.FETCH, REF, 1024, b""), ("thanks", e.THANKS, REF, 0, b"")):
        yield "enrol, " + name, [
            ("step", u8(step)), ("id", ID), ("ref", ref), ("offset", u16(offset)),
            ("plea", plea), ("frame", f.frame(e.ENROL, e.enrol(step, ID, ref, offset, plea)))]
    for name, status, ref, offset, total, piece in (
            ("welcome", e.WELCOME, e.NO_REF, 0, 0, WELCOME),
            ("piece", e.ANSWER, REF, 1024, 1056, SECRET),
            ("kept", e.KEPT, REF, 0, 0, b""), ("gone", e.GONE, e.NO_REF, 0, 0, b"")):
        yield "enrol_result, " + name, [
            ("status", u8(status)), ("id", ID), ("ref", ref), ("offset", u16(offset)),
            ("total", u16(total)), ("piece", piece),
            ("frame", f.frame(e.ENROL_RESULT,
                              e.enrol_result(status, ID, ref, offset, total, piece)))]


def renewals():
    for name, request in (("request", REQUEST), ("thanks", b"")):
        yield "renew, " + name, [
            ("key", LIGHTHOUSE), ("request", request),
            ("frame", f.frame(e.RENEW, e.renew(LIGHTHOUSE, request)))]
    for name, status, certificate, issuing in (
            ("by the root", e.ISSUED, v.HOST_CERTIFICATE, b""),
            ("by an issuing ca", e.ISSUED, v.ISSUED_HOST_CERTIFICATE, v.ISSUING_CERTIFICATE),
            ("nobody", e.NOBODY, b"", b"")):
        yield "renew_result, " + name, [
            ("key", LIGHTHOUSE), ("status", u8(status)), ("cert", certificate), ("ca", issuing),
            ("frame", f.frame(e.RENEW_RESULT,
                              e.renew_result(LIGHTHOUSE, status, certificate, issuing)))]


def offers():
    for name, psk, expires, welcome in (("token", e.psk(SECRET), EXPIRES, WELCOME),
                                        ("token withdrawn", bytes(32), 0, b"")):
        yield name, [
            ("id", ID), ("psk", psk), ("expires", u64(expires)), ("welcome", welcome),
            ("frame", f.frame(e.TOKEN, e.offer(ID, psk, expires, welcome)))]
    yield "token_ack", [("id", ID), ("status", u8(1)),
                        ("frame", f.frame(e.TOKEN_ACK, e.offer_ack(ID, 1)))]


def good():
    for part in (enrols, renewals, offers):
        yield from part()


def bad_enrols():
    yield "of no step", (0, ID, REF, 0, b"")
    yield "of a step that is not known", (5, ID, REF, 0, b"")
    yield "with a plea in a knock", (e.KNOCK, ID, e.NO_REF, 0, PLEA)
    yield "without a plea", (e.PLEA, ID, REF, 0, b"")
    yield "with an offset in a plea", (e.PLEA, ID, REF, 1, PLEA)
    yield "with a ref in a knock", (e.KNOCK, ID, REF, 0, b"")
    yield "with too long a plea", (e.PLEA, ID, REF, 0, bytes(421))


def bad_results():
    yield "of no status", (0, ID, REF, 0, 0, b"")
    yield "of a status that is not known", (8, ID, REF, 0, 0, b"")
    yield "without a welcome", (e.WELCOME, ID, e.NO_REF, 0, 0, b"")
    yield "with a ref in a welcome", (e.WELCOME, ID, REF, 0, 0, WELCOME)
    yield "with too long a welcome", (e.WELCOME, ID, e.NO_REF, 0, 0, bytes(1025))
    yield "with an empty piece", (e.ANSWER, ID, REF, 0, 10, b"")
    yield "with a piece past the end", (e.ANSWER, ID, REF, 1, 10, bytes(10))
    yield "of an answer that is too long", (e.ANSWER, ID, REF, 0, 16385, b"x")
    yield "with too long a piece", (e.ANSWER, ID, REF, 0, 2000, bytes(1025))
    yield "with a piece and kept", (e.KEPT, ID, REF, 0, 0, b"x")
    yield "with a total and kept", (e.KEPT, ID, REF, 0, 1, b"")


def bad_renewals():
    certificate = v.HOST_CERTIFICATE
    yield "of no status", (LIGHTHOUSE, 0, b"", b"")
    yield "of a status that is not known", (LIGHTHOUSE, 8, b"", b"")
    yield "without a certificate", (LIGHTHOUSE, e.ISSUED, b"", b"")
    yield "with a certificate and refused", (LIGHTHOUSE, e.REFUSED, certificate, b"")
    yield "with an issuer and no certificate", (LIGHTHOUSE, e.REFUSED, b"", certificate)


def bad():
    for name, fields in bad_enrols():
        yield "enrol " + name, [("frame", f.frame(e.ENROL, e.enrol(*fields)))]
    for name, fields in bad_results():
        yield "enrol_result " + name, [("frame", f.frame(e.ENROL_RESULT,
                                                         e.enrol_result(*fields)))]
    yield "renew with too long a request", [
        ("frame", f.frame(e.RENEW, e.renew(LIGHTHOUSE, bytes(381))))]
    for name, fields in bad_renewals():
        yield "renew_result " + name, [("frame", f.frame(e.RENEW_RESULT,
                                                         e.renew_result(*fields)))]
    for name, fields in (("token that never was", (ID, e.psk(SECRET), 0, b"")),
                         ("token without a welcome", (ID, e.psk(SECRET), EXPIRES, b"")),
                         ("token without a key", (ID, bytes(32), EXPIRES, WELCOME)),
                         ("token with too long a welcome",
                          (ID, e.psk(SECRET), EXPIRES, bytes(1025)))):
        yield name, [("frame", f.frame(e.TOKEN, e.offer(*fields)))]
    yield "token_ack of no status", [("frame", f.frame(e.TOKEN_ACK, e.offer_ack(ID, 3)))]


def files():
    yield "tokens.txt", "Invitations, and the keys in them.", tokens()
    yield "tokens-refused.txt", "What is no invitation.", refused_tokens()
    yield "envelopes.txt", "What host and authority say through a lighthouse.", envelopes()
    yield "enrol.txt", "Frames ENROL to TOKEN_ACK that are right.", good()
    yield "enrol-refused.txt", "Frames ENROL to TOKEN_ACK that are dropped and counted.", bad()
