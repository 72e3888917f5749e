# SPDX-License-Identifier: GPL-3.0-or-later
"""Vectors of control frames, good and bad.

In a good block `frame` is what the other fields make. A bad one has a header that
is right, but for the blocks that are about the header.
"""

import struct

import frames as f
import objects as o
import vectors_objects as v
import wireguard as wg
from vectors_wireguard import secret, u32, u64

NAT = f.nat(4, 3, step=-2, flags=1, base_port=40000, epoch=7)
EPS = [f.ep(f.EP_REFLEXIVE, "198.51.100.7", 40001),
       f.ep(f.EP_HOST, "192.168.1.10", 7717),
       f.ep(f.EP_MAPPED, "2001:db8::7", 7717)]
RELAYS = [wg.public(v.LIGHTHOUSE), wg.public(secret("second relay"))]
INTRODUCTION = secret("introduction")[:8]
NOBODY = f.contact(b"", b"", f.nat(0, 0), [], [])
PARTY1 = f.contact(v.HOST_CERTIFICATE, b"", NAT, EPS, RELAYS)
PARTY1_ISSUED = f.contact(v.ISSUED_HOST_CERTIFICATE, v.ISSUING_CERTIFICATE, NAT,
                          EPS[:1], [])


def u8(value):
    return bytes([value])


def u16(value):
    return struct.pack("<H", value)


def hello(flags, items):
    fields = [
        ("proto_min", u16(1)), ("proto_max", u16(1)), ("flags", u8(flags)),
        ("caps", u32(0)), ("state_version", u64(5)),
        ("state_hash", secret("state hash")[:16]), ("unix_time", u64(v.ISSUED + 60)),
        ("max_inner", u16(1420)), ("fingerprint", o.fingerprint(v.HOST_CERTIFICATE[:-64])),
        *(("tlv%d" % tag, value) for tag, value in items.items())]
    return fields + [("frame", f.frame(f.HELLO, f.hello(
        1, 1, flags, 0, 5, secret("state hash")[:16], v.ISSUED + 60, 1420,
        o.fingerprint(v.HOST_CERTIFICATE[:-64]), items)))]


def hellos():
    version = b"mpynet 0.1.0"
    yield "hello", hello(0, {f.HELLO_VERSION: version})
    yield "hello, seen yours", hello(1, {})
    yield "hello with a certificate", hello(0, {
        f.HELLO_CERTIFICATE: v.HOST_CERTIFICATE, f.HELLO_VERSION: version})
    yield "hello with a chain", hello(0, {
        f.HELLO_CERTIFICATE: v.ISSUED_HOST_CERTIFICATE,
        f.HELLO_ISSUER: v.ISSUING_CERTIFICATE, f.HELLO_VERSION: version})


def ends():
    yield "close", [("reason", u8(1)), ("frame", f.frame(f.CLOSE, f.close(1)))]
    yield "error", [("code", u16(2)), ("type", u8(0x48)), ("ref", u32(0x01020304)),
                    ("frame", f.frame(f.ERROR, f.error(2, 0x48, 0x01020304)))]


def discoveries():
    for name, type_ in (("register", f.REGISTER), ("candidates", f.CANDIDATES)):
        yield name, [
            ("seq", u32(9)), ("nat", NAT), ("eps", b"".join(EPS)),
            ("relays", b"".join(RELAYS)),
            ("frame", f.frame(type_, f.candidates(9, NAT, EPS, RELAYS)))]
        yield name + ", empty", [
            ("seq", u32(0)), ("nat", f.nat(0, 0)), ("eps", b""), ("relays", b""),
            ("frame", f.frame(type_, f.candidates(0, f.nat(0, 0), [], [])))]
    for name, relays_ in (("reg_ack", []), ("reg_ack with relays", RELAYS)):
        yield name, [
            ("seq", u32(9)), ("observed", EPS[0]), ("ttl", u16(60)),
            ("state_version", u64(5)), ("relays", b"".join(relays_)),
            ("frame", f.frame(f.REG_ACK, f.reg_ack(9, EPS[0], 60, 5, relays_)))]
    for name, by, flags, value in (
            ("by IPv4", f.BY_ADDRESS, f.INTRODUCE, bytes((10, 87, 0, 3))),
            ("by IPv6", f.BY_ADDRESS, 0, bytes.fromhex("fd871234567800000000000000000003")),
            ("by key", f.BY_KEY, f.INTRODUCE, wg.public(v.INITIATOR)),
            ("by name", f.BY_NAME, f.INTRODUCE, b"party1")):
        yield "query " + name, [
            ("qid", u32(77)), ("by", u8(by)), ("flags", u8(flags)), ("value", value),
            ("frame", f.frame(f.QUERY, f.query(77, by, flags, value)))]


def contacts():
    for name, status, introduction, delay, about in (
            ("found", 0, INTRODUCTION, 0, PARTY1),
            ("found below an issuing ca", 0, INTRODUCTION, 25, PARTY1_ISSUED),
            ("unknown", 1, bytes(8), 0, NOBODY)):
        yield "reply, " + name, [
            ("qid", u32(77)), ("status", u8(status)), ("introduction", introduction),
            ("delay_ms", u16(delay)), ("contact", about),
            ("frame", f.frame(f.REPLY, f.reply(77, status, introduction, delay, about)))]
    yield "punch", [
        ("introduction", INTRODUCTION), ("delay_ms", u16(35)), ("contact", PARTY1),
        ("frame", f.frame(f.PUNCH, f.punch(INTRODUCTION, 35, PARTY1)))]


def reasons():
    for name, flags, path, code, at, numbers, via in (
            ("why, the question alone", 1, 0, 0, f.NO_EP, [], b""),
            ("why, never answered", 0, 3, 26, f.NO_EP,
             [(2, 14), (3, 3), (5, 4_000_000)], b"lh1"),
            ("why, punched", 1, 2, 5, EPS[0], [(0, 23400)], b"")):
        yield name, [
            ("ref", u32(0x01020304)), ("flags", u8(flags)), ("path", u8(path)),
            ("loss_percent", u8(3)), ("code", u16(code)), ("rtt_us", u32(23400)),
            ("at", at), ("nat", NAT),
            ("numbers", b"".join(u8(k) + u64(value) for k, value in numbers)), ("via", via),
            ("frame", f.frame(f.WHY, f.why(0x01020304, flags, path, 3, code, 23400, at, NAT,
                                           numbers, via)))]


def aims():
    for name, step, technique, code, stride, ports, at in (
            ("aim, asking for a sweep", 1, 1, 0, 0, 1, EPS[0]),
            ("aim, ready to be met downwards", 2, 2, 0, -3, 32, EPS[0]),
            ("aim, asking for a birthday", 1, 3, 0, 1, 64512, EPS[0]),
            ("aim, refused", 3, 4, 1, 0, 0, f.NO_EP)):
        yield name, [
            ("attempt", u32(7)), ("step", u8(step)), ("technique", u8(technique)),
            ("code", u8(code)), ("stride", u8(stride & 0xff)), ("ports", u16(ports)), ("at", at),
            ("frame", f.frame(f.AIM, f.aim(7, step, technique, code, stride, ports, at)))]


def pings():
    for name, type_, observed, flags, delay, length in (
            ("ping", f.PING, EPS[0], 0, 0, 64),
            ("ping without an observed address", f.PING, f.NO_EP, 0, 0, 64),
            ("ping from the other port, later", f.PING, f.NO_EP, 1, 19, 64),
            ("ping that measures", f.PING, f.NO_EP, 2, 0, 64),
            ("ping that measures, for another port", f.PING, EPS[0], 3, 0, 64),
            ("ping of an mtu probe", f.PING, EPS[0], 0, 0, 1440),
            ("pong", f.PONG, EPS[2], 0, 0, 64)):
        yield name, [
            ("txid", u64(0x1112131415161718)), ("path", u32(3)),
            ("time_us", u64(0x2122232425262728)), ("observed", observed),
            ("flags", u8(flags)), ("delay_s", u8(delay)), ("highest", u64(1000)),
            ("frame", f.frame(type_, f.ping(0x1112131415161718, 3, 0x2122232425262728,
                                            observed, flags, delay, 1000, length)))]


def relays():
    key = wg.public(v.INITIATOR)
    for name, type_, circuit in (("relay_open", f.RELAY_OPEN, 5),
                                 ("relay_incoming", f.RELAY_INCOMING, 0x80000005)):
        yield name, [("circuit", u32(circuit)), ("key", key),
                     ("frame", f.frame(type_, f.relay_open(circuit, key)))]
    for name, type_, circuit, code in (("relay_opened", f.RELAY_OPENED, 5, 0),
                                       ("relay_close", f.RELAY_CLOSE, 0x80000005, 1)):
        yield name, [("circuit", u32(circuit)), ("code", u8(code)),
                     ("frame", f.frame(type_, f.relay_end(circuit, code)))]
    datagram = wg.transport(secret("relayed key"), 0x01020304, 8, b"end to end")
    yield "relay_data", [("circuit", u32(5)), ("datagram", datagram),
                         ("frame", f.frame(f.RELAY_DATA, f.relay_data(5, datagram)))]


def states():
    hash_ = secret("state hash")[:16]
    for name, version, digest, size in (("state_adv", 5, hash_, 3000),
                                        ("state_adv of none", 0, bytes(16), 0)):
        yield name, [("version", u64(version)), ("hash", digest), ("size", u32(size)),
                     ("frame", f.frame(f.STATE_ADV, f.state_adv(version, digest, size)))]
    for name, version, digest, offset, length in (
            ("blob_req", 5, hash_, 2048, 952), ("blob_req for anything", 0, bytes(16), 0, 8192)):
        yield name, [
            ("version", u64(version)), ("hash", digest), ("offset", u32(offset)),
            ("length", u16(length)),
            ("frame", f.frame(f.BLOB_REQ, f.blob_req(version, digest, offset, length)))]
    for name, size, offset, data in (("blob", 3000, 2048, bytes(range(200)) * 4 + bytes(152)),
                                     ("blob of one byte", 65536, 65535, b"z")):
        yield name, [
            ("version", u64(5)), ("hash", hash_), ("size", u32(size)), ("offset", u32(offset)),
            ("bytes", data),
            ("frame", f.frame(f.BLOB, f.blob_part(5, hash_, size, offset, data)))]


def good():
    for part in (hellos, ends, discoveries, contacts, reasons, aims, pings, relays, states):
        yield from part()


def bad_frames():
    pong = f.ping(1, 2, 3, EPS[0], 0, 0, 4)
    ack = f.reg_ack(9, EPS[0], 60, 5)
    yield "a header cut off", b"\xc1\x20"
    yield "a body cut off", f.frame(f.PONG, pong)[:-1]
    yield "more than padding behind it", f.frame(f.CLOSE, f.close(1)) + bytes(16)
    yield "padding that is not zero", f.frame(f.CLOSE, f.close(1)) + b"\1"
    yield "another magic", b"\xc2" + f.frame(f.CLOSE, f.close(1))[1:]
    yield "an empty close", f.frame(f.CLOSE, b"")
    yield "a close of two bytes", f.frame(f.CLOSE, b"\1\1")
    yield "a pong that is a probe", f.frame(f.PONG, f.ping(1, 2, 3, EPS[0], 0, 0, 4, 65))
    yield "a ping that is too short", f.frame(f.PING, pong[:-1])
    yield "a reg_ack that is too long", f.frame(f.REG_ACK, ack + b"\0")
    yield "a reg_ack with 5 relays", f.frame(
        f.REG_ACK, f.reg_ack(9, EPS[0], 60, 5, RELAYS[:1] * 5))
    yield "an endpoint of no kind", f.frame(
        f.REG_ACK, f.reg_ack(9, f.ep(0, "198.51.100.7", 1), 60, 5))
    yield "an endpoint of no family", f.frame(
        f.REG_ACK, f.reg_ack(9, b"\1\5" + EPS[0][2:], 60, 5))
    yield "an endpoint without a port", f.frame(
        f.REG_ACK, f.reg_ack(9, f.ep(1, "198.51.100.7", 0), 60, 5))
    yield "an IPv4 endpoint with a tail", f.frame(
        f.REG_ACK, f.reg_ack(9, EPS[0][:-1] + b"\1", 60, 5))
    yield "17 endpoints", f.frame(f.REGISTER, f.candidates(1, NAT, EPS[:1] * 17, []))
    yield "5 relays", f.frame(f.REGISTER, f.candidates(1, NAT, [], RELAYS[:1] * 5))
    yield "fewer endpoints than counted", f.frame(
        f.REGISTER, u32(1) + NAT + u8(2) + EPS[0] + f.counted([]))
    yield "bytes after the lists", f.frame(
        f.CANDIDATES, f.candidates(1, NAT, EPS, RELAYS) + b"\0")
    yield "a query by nothing", f.frame(f.QUERY, f.query(1, 0, 0, b"party1"))
    yield "a query with an unknown flag", f.frame(f.QUERY, f.query(1, 3, 2, b"party1"))
    yield "a query by half an address", f.frame(f.QUERY, f.query(1, 1, 0, bytes(5)))
    yield "a query by a long key", f.frame(f.QUERY, f.query(1, 2, 0, bytes(33)))
    yield "a query by a wrong name", f.frame(f.QUERY, f.query(1, 3, 0, b"Party1"))
    yield "a reply that found nobody", f.frame(f.REPLY, f.reply(1, 0, INTRODUCTION, 0, NOBODY))
    yield "a punch without a certificate", f.frame(f.PUNCH, f.punch(INTRODUCTION, 0, NOBODY))
    yield "a reply with 9 endpoints", f.frame(f.REPLY, f.reply(
        1, 0, INTRODUCTION, 0, f.contact(v.HOST_CERTIFICATE, b"", NAT, EPS[:1] * 9, [])))
    for what, reason in (
            ("an unknown flag", (1, 2, 0, 0, 5, 0, f.NO_EP, NAT, [], b"")),
            ("an unknown path", (1, 0, 5, 0, 5, 0, f.NO_EP, NAT, [], b"")),
            ("a loss of 101 percent", (1, 0, 0, 101, 5, 0, f.NO_EP, NAT, [], b"")),
            ("9 numbers", (1, 0, 0, 0, 5, 0, f.NO_EP, NAT, [(1, 1)] * 9, b"")),
            ("a wrong name", (1, 0, 0, 0, 5, 0, f.NO_EP, NAT, [], b"LH1"))):
        yield "a why with " + what, f.frame(f.WHY, f.why(*reason))
    for what, aim in (
            ("an unknown step", (1, 4, 1, 0, 0, 1, EPS[0])),
            ("an unknown technique", (1, 1, 5, 0, 0, 1, EPS[0])),
            ("a code and no refusal", (1, 1, 1, 1, 0, 1, EPS[0])),
            ("a refusal and no code", (1, 3, 1, 0, 0, 0, f.NO_EP)),
            ("ports and a refusal", (1, 3, 1, 1, 0, 1, EPS[0])),
            ("no ports", (1, 1, 1, 0, 0, 0, EPS[0])),
            ("more ports than there are", (1, 1, 1, 0, 1, 64513, EPS[0])),
            ("no endpoint", (1, 1, 1, 0, 0, 1, f.NO_EP))):
        yield "an aim with " + what, f.frame(f.AIM, f.aim(*aim))
    yield "a hello without versions", f.frame(f.HELLO, f.hello(
        0, 0, 0, 0, 0, bytes(16), 0, 0, bytes(32), {}))
    yield "a hello with tags out of order", f.frame(f.HELLO, f.hello(
        1, 1, 0, 0, 0, bytes(16), 0, 0, bytes(32),
        [(f.HELLO_VERSION, b"v"), (f.HELLO_CERTIFICATE, v.HOST_CERTIFICATE)]))
    for what, adv in (("a version and no hash", (5, bytes(16), 9)),
                      ("a hash and no version", (0, b"h" * 16, 0)),
                      ("a size and no state", (0, bytes(16), 9)),
                      ("no size", (5, b"h" * 16, 0)),
                      ("too large a size", (5, b"h" * 16, 65537))):
        yield "a state_adv with " + what, f.frame(f.STATE_ADV, f.state_adv(*adv))
    for what, req in (("nothing", (5, b"h" * 16, 0, 0)),
                      ("too much", (5, b"h" * 16, 0, 8193)),
                      ("what is past every end", (5, b"h" * 16, 65536, 1)),
                      ("the middle of anything", (0, bytes(16), 1, 1))):
        yield "a blob_req for " + what, f.frame(f.BLOB_REQ, f.blob_req(*req))
    for what, part in (("of no state", (0, bytes(16), 9, 0, b"x")),
                       ("without bytes", (5, b"h" * 16, 9, 0, b"")),
                       ("past its end", (5, b"h" * 16, 9, 9, b"x")),
                       ("over its end", (5, b"h" * 16, 9, 8, b"xy")),
                       ("of too large a whole", (5, b"h" * 16, 65537, 0, b"x")),
                       ("with too many bytes", (5, b"h" * 16, 65536, 0, bytes(1025)))):
        yield "a blob " + what, f.frame(f.BLOB, f.blob_part(*part))
    yield "a relay_open with the relay's number", f.frame(
        f.RELAY_OPEN, f.relay_open(0x80000005, bytes(32)))
    yield "a relay_data without a datagram", f.frame(f.RELAY_DATA, f.relay_data(5, b""))


def bad():
    for name, data in bad_frames():
        yield name, [("frame", data)]


def files():
    yield "frames.txt", "Control frames that are right.", good()
    yield "frames-refused.txt", "Control frames that are dropped and counted.", bad()
