# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that seal with AES, nodes that do not, and both kinds together."""

import collections
import itertools
import socket
import struct

from lab import Failed, wait_until
from test_bulk import Pair

DATA, DATA_AES = 4, 0x51
PORT = 7717
SIZE = 300000


class Ear:
    """Counts the bytes that come to a host by the type of message; some come joined."""

    def __init__(self, lab, name):
        with lab.inside(name):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                        socket.htons(0x0800))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.socket.setblocking(False)

    def types(self):
        heard = collections.Counter()
        while True:
            try:
                packet = self.socket.recv(65536)
            except BlockingIOError:
                return heard
            at = (packet[0] & 15) * 4
            if packet[9] == socket.IPPROTO_UDP and len(packet) >= at + 12 and \
                    PORT in struct.unpack_from(">HH", packet, at):
                heard[struct.unpack_from("<I", packet, at + 8)[0]] += len(packet)


def aes_is_used_where_both_have_it_and_only_there(lab):
    pair = Pair(lab)
    ear = Ear(lab, "party2")
    for ciphers in itertools.product(("aes", "chacha"), repeat=2):
        for host, cipher in zip((pair.one, pair.two), ciphers):
            host.tell("set", "cipher", cipher)
            host.tell("down")
            host.tell("up")
        pair.one.reaches(pair.two, 30)
        wanted = DATA_AES if ciphers == ("aes", "aes") else DATA
        other = DATA + DATA_AES - wanted

        def settled():
            """Once both have agreed, or were heard not to, all of a transfer is of one type."""
            ear.types()
            pair.stream(SIZE).finish(60)
            heard = ear.types()
            # Frames to and from the lighthouse are of type 4 always.
            return heard[wanted] > SIZE and heard[other] < SIZE / 10

        if wait_until(settled, 30) is None:
            raise Failed("with %s and %s not type %#x" % (*ciphers, wanted))
        pair.stream(SIZE, back=True).finish(60)
    return "in every combination"


SCENARIOS = (aes_is_used_where_both_have_it_and_only_there,)
