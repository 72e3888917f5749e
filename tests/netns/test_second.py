# SPDX-License-Identifier: GPL-3.0-or-later
"""A second implementation of the protocol, in Python, at a real lighthouse.

It is made of the modules behind tests/vectors, which know the documents and not
the C code: what works here was written down well enough.
"""

import base64
import os
import pathlib
import re
import struct
import sys
import time

from internet import Internet
from lab import Failed
from mesh import Mesh

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "vectors"))

import frames as f                                                # noqa: E402
import objects as o                                               # noqa: E402
import present as p                                               # noqa: E402
import wireguard as wg                                            # noqa: E402

LIGHTHOUSE = ("198.18.0.10", 7717)
MINE = "198.18.1.1"
SILENCE = 1.0
CLOCK_STEP = 1 << 24        # nanoseconds: finer is not shown to anybody


def blocks(text):
    """The PEM blocks of a bundle: a list of (label, bytes)."""
    return [(label, base64.b64decode(body)) for label, body in re.findall(
        r"-----BEGIN ([^-]+)-----\n([^-]+)-----END \1-----\n", text)]


def field(certificate, wanted):
    """The value of one tag of a signed object."""
    body = certificate[12:-64]
    while body:
        tag, length = struct.unpack_from("<BH", body)
        if tag == wanted:
            return body[3:3 + length]
        body = body[3 + length:]
    raise Failed("a certificate without tag %02x" % wanted)


def now():
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    return wg.tai64n(seconds, nanoseconds - nanoseconds % CLOCK_STEP)


class Node:
    """A node that holds a bundle and talks to one other, whose key it knows."""

    def __init__(self, bundle, other):
        (_, self.certificate), (label, self.static) = blocks(bundle)[:2]
        if label != "MPYNET HOST KEY":
            raise Failed("the second block is " + label)
        self.other = other
        self.received = {}

    def initiation(self):
        self.ephemeral = os.urandom(32)
        return wg.initiation(self.static, self.ephemeral, self.other, 0x1d, now())

    def present(self, certificate=None):
        """A PRESENT; the Handshake of the last one is kept."""
        first, self.hs = self.initiation()
        plain = p.plaintext(0, 0, 0, p.NOTHING_KNOWN,
                            {p.HOST_CERTIFICATE: certificate or self.certificate})
        return p.present(first, self.hs, plain)

    def answered(self, second):
        """Takes the 92 bytes; from then on frames can be said and heard."""
        kind, self.theirs, ours = struct.unpack_from("<III", second)
        if (kind, ours, len(second)) != (wg.RESPONSE, 0x1d, 92):
            raise Failed("the answer to PRESENT is type %d, %d bytes" % (kind, len(second)))
        wg.read_response(second, self.hs, self.static, self.ephemeral)
        self.send_key, self.receive_key = wg.transport_keys(self.hs)
        self.counter = 0

    def connect(self, s):
        s.send(self.present())
        self.answered(s.recv(2048))
        hello = f.hello(1, 1, 0, 0, 0, bytes(16), int(time.time()), 1420,
                        o.fingerprint(self.certificate[:-64]),
                        {f.HELLO_VERSION: b"second 1.0"})
        self.say(s, f.HELLO, hello)
        self.hear(s, f.HELLO)

    def say(self, s, type_, body):
        s.send(wg.transport(self.send_key, self.theirs, self.counter, f.frame(type_, body)))
        self.counter += 1

    def hear(self, s, wanted):
        """The body of the next frame of a type; others are let pass."""
        while True:
            message = s.recv(2048)
            kind, _, counter = struct.unpack_from("<IIQ", message)
            if kind != wg.TRANSPORT:
                continue
            frame = wg.unseal(self.receive_key, counter, message[16:], b"")
            if frame[:2] == bytes((0xc1, wanted)):
                length, = struct.unpack_from("<H", frame, 2)
                return frame[4:4 + length]


class Study:
    """A lighthouse, and a public host where a Node may live."""

    def __init__(self, lab):
        self.lab = lab
        internet = Internet(lab)
        internet.host("lh", LIGHTHOUSE[0])
        internet.host("party1", MINE)
        self.mesh = Mesh(lab, {"lh": LIGHTHOUSE[0]}, [], ["party1", "party2"])
        (_, certificate), *_ = blocks(self.mesh.bundle("lh").read_text())
        self.key = field(certificate, o.KEY)

    def node(self, name="party1"):
        return Node(self.mesh.bundle(name).read_text(), self.key)

    def socket(self):
        s = self.lab.udp("party1", MINE)
        s.settimeout(5)
        s.connect(LIGHTHOUSE)
        return s


def a_second_implementation_registers_and_asks(lab):
    study = Study(lab)
    node, s = study.node(), study.socket()
    node.connect(s)
    here = f.ep(f.EP_HOST, *s.getsockname())

    node.say(s, f.REGISTER, f.candidates(1, f.nat(1, 1), [here], []))
    seq, observed = struct.unpack_from("<I20s", node.hear(s, f.REG_ACK))
    if seq != 1 or observed[1:] != here[1:]:
        raise Failed("REG_ACK %d: observed %s at %s" % (seq, observed.hex(), here.hex()))

    node.say(s, f.PING, f.ping(0x1234, 1, 99, f.NO_EP, 0, 0, 0))
    txid, path, echoed, observed = struct.unpack_from("<QIQ20s", node.hear(s, f.PONG))
    if (txid, path, echoed, observed[1:]) != (0x1234, 1, 99, here[1:]):
        raise Failed("PONG %x %d %d %s" % (txid, path, echoed, observed.hex()))

    for qid, name, status in ((7, b"party1", 0), (8, b"nobody", 1)):
        node.say(s, f.QUERY, f.query(qid, f.BY_NAME, 0, name))
        reply = node.hear(s, f.REPLY)
        if struct.unpack_from("<IB", reply) != (qid, status):
            raise Failed("REPLY about %s: %s" % (name.decode(), reply[:5].hex()))
        if status == 0 and node.certificate not in reply:
            raise Failed("a REPLY without the certificate")


def a_copy_of_an_initiation_gets_a_copy_of_the_answer(lab):
    """One initiation may go out on several paths; each is answered where it came."""
    study = Study(lab)
    node = study.node()
    first, second = study.socket(), study.socket()
    message = node.present()
    first.send(message)
    answer = first.recv(2048)
    second.send(message)
    if second.recv(2048) != answer:
        raise Failed("the copy got another answer")
    node.answered(answer)


def strangers_get_silence(lab):
    study = Study(lab)
    node, s = study.node(), study.socket()
    s.settimeout(SILENCE)
    right = node.present()
    other = study.node("party2")
    forged = bytearray(node.certificate)
    forged[-1] ^= 1

    bad = [right[:n] for n in (0, 3, 4, 8, 155, len(right) - 1)]
    bad += [right[:i] + bytes([right[i] ^ 1]) + right[i + 1:]
            for i in (0, 4, 6, 8, 16, 50, 100, 130, 160, len(right) - 1)]
    bad += [node.initiation()[0]]                   # a PRESENT stripped of its certificate
    bad += [node.present(other.certificate), node.present(bytes(forged))]
    bad += [os.urandom(n) for n in (1, 32, 64, 92, 148, 236, 1180)]
    bad += [struct.pack("<I", kind) + os.urandom(n - 4) for kind, n in
            ((1, 148), (2, 92), (3, 64), (4, 32), (4, 1400), (0x50, 236), (0x52, 32))]
    for message in bad:
        s.send(message)
        time.sleep(0.01)
    try:
        raise Failed("a stranger was answered: " + s.recv(2048).hex())
    except TimeoutError:
        pass
    s.settimeout(5)
    other.connect(s)                                # who is a member is served


def a_stun_client_learns_its_address_where_that_is_switched_on(lab):
    """RFC 8489 by coturn's client, which shares nothing with us either."""
    study = Study(lab)
    lighthouse = study.mesh.lighthouses["lh"]

    def learned():
        _, out, _ = lab.run("party1", "timeout", 3, "turnutils_stunclient",
                            "-p", LIGHTHOUSE[1], LIGHTHOUSE[0])
        return "reflexive addr: %s:" % MINE in out

    if learned():
        raise Failed("STUN was answered without having been asked for")
    lighthouse.tell("down")
    lighthouse.tell("lighthouse", "--stun")
    if not learned():
        raise Failed("turnutils_stunclient did not learn its address")


SCENARIOS = (
    a_second_implementation_registers_and_asks,
    a_copy_of_an_initiation_gets_a_copy_of_the_answer,
    strangers_get_silence,
    a_stun_client_learns_its_address_where_that_is_switched_on,
)
