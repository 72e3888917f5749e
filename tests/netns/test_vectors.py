# SPDX-License-Identifier: GPL-3.0-or-later
"""The implementation behind tests/vectors, spoken to a stock WireGuard.

Vectors are worth what their maker is worth: here it shakes hands with
wireguard-go, as initiator, with and without a pre-shared key, and pings through.
"""

import base64
import os
import pathlib
import struct
import sys
import time

from lab import Failed, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "vectors"))

import wireguard as wg                                            # noqa: E402

PORT = 51820


def echo_request(source, target, sequence):
    """An IPv4 packet with an ICMP echo request."""
    icmp = struct.pack(">BBHHH", 8, 0, 0, 1, sequence)
    icmp = icmp[:2] + checksum(icmp) + icmp[4:]
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(icmp), 0, 0, 64, 1, 0,
                         source, target)
    return header[:10] + checksum(header) + header[12:] + icmp


def checksum(data):
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    return struct.pack(">H", ~(total + (total >> 16)) & 0xffff)


class Stock:
    """wireguard-go with one peer, in a namespace."""

    def __init__(self, lab, peer_public, psk):
        self.private = os.urandom(32)
        # Its control socket is named after the device, for the whole machine.
        device = "wgv%d" % os.getpid()
        lab.namespace("stock")
        lab.spawn("stock", "wireguard-go", "-f", device, stdout=open(os.devnull, "w"),
                  stderr=open(lab.dir / "wireguard-go.log", "w"))
        if wait_until(lambda: pathlib.Path("/run/wireguard/%s.sock" % device).exists(),
                      30) is None:
            raise Failed("wireguard-go does not start")
        key, shared = lab.dir / "stock.key", lab.dir / "stock.psk"
        key.write_bytes(base64.b64encode(self.private))
        shared.write_bytes(base64.b64encode(psk))
        status, _, said = lab.run(
            "stock", "wg", "set", device, "listen-port", PORT, "private-key", key,
            "peer", base64.b64encode(peer_public).decode(), "preshared-key", shared,
            "allowed-ips", "10.99.0.2/32")
        if status:
            raise Failed("wg set: " + said)
        lab.ip("stock", "addr add 10.99.0.1/24 dev " + device)
        lab.ip("stock", "link set %s up" % device)


def shake_hands(lab, psk):
    """A handshake and a ping; Failed, or an exception of the cryptography."""
    static, ephemeral = os.urandom(32), os.urandom(32)
    stock = Stock(lab, wg.public(static), psk)
    s = lab.udp("stock", "127.0.0.1")
    s.settimeout(5)
    s.connect(("127.0.0.1", PORT))

    first, hs = wg.initiation(static, ephemeral, wg.public(stock.private), 7,
                              wg.tai64n(int(time.time()), 0))
    s.send(first)
    second = s.recv(2048)
    kind, theirs, ours = struct.unpack_from("<III", second)
    if (kind, ours, len(second)) != (wg.RESPONSE, 7, 92):
        raise Failed("the answer is type %d to %d, %d bytes" % (kind, ours, len(second)))
    wg.read_response(second, hs, static, ephemeral, psk)
    send, receive = wg.transport_keys(hs)

    ping = echo_request(bytes((10, 99, 0, 2)), bytes((10, 99, 0, 1)), 1)
    s.send(wg.transport(send, theirs, 0, ping))
    while True:                         # a keepalive may come first
        message = s.recv(2048)
        _, _, counter = struct.unpack_from("<IIQ", message)
        packet = wg.unseal(receive, counter, message[16:], b"")
        if packet[20:21] == b"\0":      # an echo reply
            return


def the_vectors_are_wireguard(lab):
    shake_hands(lab, wg.ZERO_PSK)


def the_vectors_are_wireguard_with_a_psk(lab):
    shake_hands(lab, os.urandom(32))


SCENARIOS = (the_vectors_are_wireguard, the_vectors_are_wireguard_with_a_psk)
