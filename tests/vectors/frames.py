# SPDX-License-Identifier: GPL-3.0-or-later
"""Control frames: what mpynet nodes and lighthouses say inside a session.

A frame is u8 0xC1, u8 type, u16 length, body. Inside transport data it is padded
with zeros like any packet. Each function here returns a body.
"""

import ipaddress
import struct

from objects import tlvs

(HELLO, CLOSE, ERROR) = (0x01, 0x02, 0x03)
(REGISTER, REG_ACK, QUERY, REPLY, PUNCH, CANDIDATES) = \
    (0x10, 0x11, 0x12, 0x13, 0x14, 0x18)
WHY = 0x19
AIM = 0x1a
(PING, PONG) = (0x20, 0x21)
(RELAY_OPEN, RELAY_OPENED, RELAY_INCOMING, RELAY_CLOSE, RELAY_DATA) = range(0x30, 0x35)
STATE_ADV, BLOB_REQ, BLOB = range(0x40, 0x43)

EP_HOST, EP_REFLEXIVE, EP_MAPPED, EP_TCP = 1, 2, 3, 4
BY_ADDRESS, BY_KEY, BY_NAME = 1, 2, 3
INTRODUCE = 1
HELLO_CERTIFICATE, HELLO_ISSUER, HELLO_VERSION = 1, 2, 3
PING_LENGTH = 64
NO_EP = bytes(20)


def frame(type_, body):
    return struct.pack("<BBH", 0xc1, type_, len(body)) + body


def ep(kind, text, port):
    """An endpoint: 20 bytes, an IPv4 address in the first four of sixteen."""
    address = ipaddress.ip_address(text)
    return struct.pack("<BBH", kind, address.version, port) \
        + address.packed.ljust(16, b"\0")


def nat(mapping, filtering, step=0, flags=0, base_port=0, epoch=0):
    """The ten bytes that say how a node's NAT behaves."""
    return struct.pack("<BBbBHI", mapping, filtering, step, flags, base_port, epoch)


def counted(items):
    """A list of endpoints or of relay keys after its u8 count."""
    return bytes([len(items)]) + b"".join(items)


def blob(data):
    """A certificate after its u16 length; none has length zero."""
    return struct.pack("<H", len(data)) + data


def hello(proto_min, proto_max, flags, caps, state_version, state_hash, unix_time,
          max_inner, fingerprint, items):
    return struct.pack("<HHBIQ16sQH32s", proto_min, proto_max, flags, caps, state_version,
                       state_hash, unix_time, max_inner, fingerprint) + tlvs(items)


def close(reason):
    return bytes([reason])


def error(code, type_, ref):
    return struct.pack("<HBI", code, type_, ref)


def candidates(seq, descriptor, eps, relays):
    """REGISTER and CANDIDATES."""
    return struct.pack("<I", seq) + descriptor + counted(eps) + counted(relays)


def reg_ack(seq, observed, ttl, state_version, relays=()):
    return struct.pack("<I", seq) + observed + struct.pack("<HQ", ttl, state_version) \
        + counted(relays)


def query(qid, by, flags, value):
    return struct.pack("<IBB", qid, by, flags) + value


def contact(certificate, issuer, descriptor, eps, relays):
    """What REPLY and PUNCH say of a node."""
    return blob(certificate) + blob(issuer) + descriptor + counted(eps) + counted(relays)


def reply(qid, status, introduction, delay_ms, about):
    return struct.pack("<IB", qid, status) + introduction + struct.pack("<H", delay_ms) + about


def punch(introduction, delay_ms, about):
    return introduction + struct.pack("<H", delay_ms) + about


def why(ref, flags, path, loss_percent, code, rtt_us, at, descriptor, numbers, via):
    """Why the sender reaches the other as it does; `numbers` are (fact, value)."""
    return struct.pack("<IBBBHI", ref, flags, path, loss_percent, code, rtt_us) + at \
        + descriptor + counted([struct.pack("<BQ", *n) for n in numbers]) \
        + bytes([len(via)]) + via


def aim(attempt, step, technique, code, stride, ports, at):
    """How to get through two NATs, and where the sender is to be aimed at."""
    return struct.pack("<IBBBbH", attempt, step, technique, code, stride, ports) + at


def ping(txid, path, time_us, observed, flags, delay_s, highest, length=PING_LENGTH):
    """PING and PONG; `length` is that of the whole frame."""
    body = struct.pack("<QIQ", txid, path, time_us) + observed \
        + struct.pack("<BBQ", flags, delay_s, highest)
    return body.ljust(length - 4, b"\0")


def relay_open(circuit, key):
    """RELAY_OPEN and RELAY_INCOMING."""
    return struct.pack("<I", circuit) + key


def relay_end(circuit, code):
    """RELAY_OPENED and RELAY_CLOSE."""
    return struct.pack("<IB", circuit, code)


def relay_data(circuit, datagram):
    return struct.pack("<I", circuit) + datagram


def state_adv(version, hash_, size):
    return struct.pack("<Q16sI", version, hash_, size)


def blob_req(version, hash_, offset, length):
    return struct.pack("<Q16sIH", version, hash_, offset, length)


def blob_part(version, hash_, size, offset, data):
    return struct.pack("<Q16sII", version, hash_, size, offset) + data
