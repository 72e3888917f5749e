# SPDX-License-Identifier: GPL-3.0-or-later
"""Much data between two namespaces, compared byte by byte at its end.

Whatever cuts, joins, and sums up packets on the way may do so only unseen: a stream
has the same hash at both ends, and a datagram that arrives is one that was sent, as
long as it was, and arrives once.
"""

import hashlib
import os
import random
import socket
import struct
import threading
import time
import zlib

from lab import Failed

MB = 1 << 20
SO_RCVBUFFORCE, UDP_SEGMENT = 33, 103
PATIENCE = 60


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Worker(threading.Thread):
    """A thread whose trouble is told where it is waited for."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self.work, self.trouble = work, None
        self.start()

    def run(self):
        try:
            self.work()
        except Exception as error:      # told by wait()
            self.trouble = error

    def wait(self, seconds):
        self.join(seconds)
        if self.is_alive():
            raise Failed("still not done after %d s" % seconds)
        if self.trouble:
            raise Failed("%s: %s" % (type(self.trouble).__name__, self.trouble))


class Stream:
    """`size` random bytes over TCP from a namespace to an address in another one, or back."""

    def __init__(self, lab, one, other, address, size, back=False):
        self.size, self.start = size, time.monotonic()
        self.sent, self.received = hashlib.sha256(), hashlib.sha256()
        self.count = 0
        with lab.inside(other):
            self.server = socket.create_server((address, 0), family=family_of(address))
        port = self.server.getsockname()[1]
        with lab.inside(one):
            self.client = socket.create_connection((address, port), timeout=PATIENCE)
        self.inner, _ = self.server.accept()
        self.inner.settimeout(PATIENCE)
        self.source, self.sink = (self.client, self.inner)[::-1 if back else 1]
        self.workers = [Worker(self._send), Worker(self._receive)]

    def _send(self):
        """Pieces of all lengths, so that segments are not all full and pushes fall anywhere."""
        block, left = memoryview(os.urandom(MB)), self.size
        while left:
            length = min(left, random.choice((random.randrange(1, 3000),
                                              random.randrange(1, MB))))
            at = random.randrange(MB - length + 1)
            self.source.sendall(block[at:at + length])
            self.sent.update(block[at:at + length])
            left -= length
        self.source.shutdown(socket.SHUT_WR)

    def _receive(self):
        buffer = bytearray(MB)
        while got := self.sink.recv_into(buffer):
            self.received.update(memoryview(buffer)[:got])
            self.count += got

    def finish(self, seconds):
        """Waits for the end and compares; the seconds it took."""
        for worker in self.workers:
            worker.wait(seconds)
        took = time.monotonic() - self.start
        for s in (self.client, self.inner, self.server):
            s.close()
        if self.count != self.size or self.sent.digest() != self.received.digest():
            raise Failed("%d bytes were sent, and what came, %d, is not they" % (
                self.size, self.count))
        return took


class Datagrams:
    """`count` datagrams from a namespace to an address in another one.

    `sizes` are the least and the greatest length. With `at_once` the kernel is handed that
    many of one length in one piece (UDP_SEGMENT). No more than `ahead` are on their way, so
    that a good wire has no reason to lose any; those that are not heard of for `patience` seconds
    are not on their way any more.
    """

    HEAD = struct.Struct("!QI")

    def __init__(self, lab, one, other, address, count, sizes=(20, 1200), at_once=1, ahead=64,
                 patience=10):
        self.count, self.at_once, self.ahead = count, at_once, ahead
        self.lengths = self._lengths(max(sizes[0], self.HEAD.size), sizes[1])
        self.seen = bytearray(count)
        self.patience, self.lost = patience, 0
        self.arrived, self.overtaken, self.last = 0, 0, -1
        self.ended = False
        with lab.inside(other):
            self.sink = socket.socket(family_of(address), socket.SOCK_DGRAM)
        self.sink.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 * MB)
        self.sink.bind((address, 0))
        self.sink.settimeout(0.5)
        with lab.inside(one):
            self.source = socket.socket(family_of(address), socket.SOCK_DGRAM)
        self.source.connect((address, self.sink.getsockname()[1]))
        self.receiver = Worker(self._receive)
        self.sender = Worker(self._send)

    def _lengths(self, least, most):
        """One for each; those that leave in one piece are equal, but the last may be shorter."""
        lengths = []
        while len(lengths) < self.count:
            length = random.randint(least, most)
            lengths += [length] * (self.at_once - 1) + [random.randint(least, length)]
        return lengths[:self.count]

    def _datagram(self, number, noise):
        body = noise[:self.lengths[number] - self.HEAD.size]
        return self.HEAD.pack(number, zlib.crc32(body, number)) + body

    def _send(self):
        noise = os.urandom(65536)
        for first in range(0, self.count, self.at_once):
            if first % 1024 == 0:
                noise = os.urandom(65536)
            batch = range(first, min(first + self.at_once, self.count))
            if self.at_once > 1:
                self.source.setsockopt(socket.SOL_UDP, UDP_SEGMENT, self.lengths[first])
            self.source.send(b"".join(self._datagram(n, noise) for n in batch))
            self._wait_for(first - self.ahead)
        self.patience = max(self.patience, 0.5)
        self._wait_for(self.count)
        time.sleep(0.2)         # nothing may come again
        self.ended = True

    def _wait_for(self, wanted):
        """Until so many have arrived, or none comes any more: then what is missing is lost."""
        arrived, since = self.arrived, time.monotonic()
        while self.arrived + self.lost < wanted:
            if self.arrived > arrived:
                arrived, since = self.arrived, time.monotonic()
            elif time.monotonic() - since > self.patience:
                self.lost = min(wanted + self.ahead, self.count) - self.arrived
            time.sleep(0.0002)

    def _receive(self):
        while not self.ended:
            try:
                data = self.sink.recv(65536)
            except socket.timeout:
                continue
            self._take(data)

    def _take(self, data):
        number, crc = self.HEAD.unpack_from(data)
        if number >= self.count or len(data) != self.lengths[number] or \
                zlib.crc32(data[self.HEAD.size:], number) != crc:
            raise Failed("a datagram of %d bytes is none that was sent" % len(data))
        if self.seen[number]:
            raise Failed("datagram %d came twice" % number)
        self.seen[number] = 1
        self.arrived += 1
        self.overtaken += number < self.last
        self.last = max(number, self.last)

    def finish(self, seconds, lost=0.0, overtaken=None):
        """Waits for the end. At most this part may be lost, and come in another order."""
        self.sender.wait(seconds)
        self.receiver.wait(5)
        self.sink.close()
        self.source.close()
        if self.count - self.arrived > lost * self.count:
            raise Failed("%d of %d datagrams are lost" % (
                self.count - self.arrived, self.count))
        if overtaken is not None and self.overtaken > overtaken * self.count:
            raise Failed("%d of %d datagrams were overtaken" % (self.overtaken, self.count))
        return self.arrived
