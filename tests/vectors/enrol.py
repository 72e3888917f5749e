# SPDX-License-Identifier: GPL-3.0-or-later
"""How hosts get certificates: tokens, what is sealed under them, and the frames that carry it."""

import base64
import hashlib
import ipaddress
import struct

import wireguard as wg
from frames import blob

(ENROL, ENROL_RESULT, RENEW, RENEW_RESULT, TOKEN, TOKEN_ACK) = range(0x48, 0x4e)
(KNOCK, PLEA, FETCH, THANKS) = range(1, 5)
(WELCOME, ANSWER, KEPT, PENDING, TAKEN, FULL, GONE) = range(1, 8)
(ISSUED, REFUSED, NOBODY) = (1, 4, 7)
NO_REF = bytes(16)


def hash_(data):
    return hashlib.blake2s(data).digest()


def endpoint(text):
    host, port = text.rsplit(":", 1)
    try:
        address = ipaddress.ip_address(host.strip("[]"))
        return struct.pack("<BH", address.version, int(port)) + address.packed
    except ValueError:
        return struct.pack("<BH", 0, int(port)) + host.encode()


def token_bytes(id_, secret, root, lighthouse, expires, place):
    body = id_ + secret + root + lighthouse + struct.pack("<I", expires) + place
    return body + hash_(body)[:4]


def token_text(data):
    return "mpy1_" + base64.urlsafe_b64encode(data).decode().rstrip("=")


def psk(secret):
    return wg.kdf(1, secret, b"mpynet token psk v1")[0]


def enrol_key(secret):
    return wg.kdf(1, secret, b"mpynet token enrol v1")[0]


def sealed(key, nonce, label, id_, ref, plain):
    """What a lighthouse passes on and cannot read."""
    return nonce + wg.xseal(key, nonce, plain, label.ljust(16, b"\0") + id_ + ref)


def welcome(name, root, issuing):
    return bytes([len(name)]) + name + blob(root) + blob(issuing)


def answer_key(key, private, public):
    return wg.kdf(1, key, wg.dh(private, public) + b"enrol answer v1\0")[0]


def enrol(step, id_, ref, offset, plea):
    return bytes([step]) + id_ + ref + struct.pack("<H", offset) + plea


def enrol_result(status, id_, ref, offset, total, piece):
    return bytes([status]) + id_ + ref + struct.pack("<HH", offset, total) + piece


def renew(key, request):
    return key + request


def renew_result(key, status, certificate, issuing):
    return key + bytes([status]) + blob(certificate) + blob(issuing)


def offer(id_, psk_, expires, welcome_):
    return id_ + psk_ + struct.pack("<Q", expires) + welcome_


def offer_ack(id_, status):
    return id_ + bytes([status])
