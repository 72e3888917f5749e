# SPDX-License-Identifier: GPL-3.0-or-later
"""A stock WireGuard is a member: Debian's wireguard-go against the real binary."""

import os
import socket
import struct
import threading
import time

from lab import Failed
from stock import PARTY, PHONE, PORT, Scene, wg

OURS = PARTY + ":7717"


def calls(lab, psk):
    """The phone begins; then both may talk."""
    scene = Scene(lab, psk=psk)
    scene.stock.start(scene.config, OURS)
    took = scene.comes_through(scene.phone_pings, 30)
    if scene.party_pings() != 3:
        raise Failed("party1 does not reach the phone that has called it")
    if not scene.stock.handshake():
        raise Failed("wg knows of no handshake")
    return "first answer after %.1f s" % took


def is_called(lab, psk):
    """party1 begins: the phone has no endpoint to call."""
    scene = Scene(lab, psk=psk, join=["--endpoint", "%s:%d" % (PHONE, PORT)])
    scene.stock.start(scene.config)
    took = scene.comes_through(scene.party_pings, 30)
    if scene.phone_pings() != 3:
        raise Failed("the phone does not reach party1 that has called it")
    return "first answer after %.1f s" % took


def stock_wireguard_calls(lab):
    return calls(lab, False)


def stock_wireguard_calls_with_a_psk(lab):
    return calls(lab, True)


def stock_wireguard_is_called(lab):
    return is_called(lab, False)


def stock_wireguard_is_called_with_a_psk(lab):
    return is_called(lab, True)


def stock_wireguard_without_the_psk_gets_nowhere(lab):
    scene = Scene(lab, psk=True)
    scene.config = "\n".join(line for line in scene.config.splitlines()
                             if not line.startswith("PresharedKey"))
    scene.stock.start(scene.config, OURS)
    if scene.phone_pings(count=1, wait=3) or scene.stock.handshake():
        raise Failed("it got through")


def a_stock_wireguard_that_nobody_knows_hears_nothing(lab):
    scene = Scene(lab)
    scene.stock.private = os.urandom(32)
    scene.stock.start(scene.config, OURS)
    scene.phone_pings(count=1, wait=3)
    if scene.internet.counters().get((PARTY, PHONE), 0):
        raise Failed("party1 has answered a stranger")
    if not scene.counter("not-stock"):
        raise Failed("party1 has not counted it")


def stock_wireguard_roams(lab):
    """Either end gets another address while they talk."""
    scene = Scene(lab)
    scene.stock.start(scene.config, OURS)
    scene.comes_through(scene.phone_pings, 30)

    # wireguard-go holds on to the address it had until it misses the answers.
    scene.phone_line.renumber("198.18.3.2")
    phone = scene.comes_through(scene.phone_pings, 30)
    if scene.party_pings() != 3:
        raise Failed("party1 does not follow the phone")

    scene.party_line.renumber("198.18.1.2")
    party = scene.comes_through(scene.party_pings, 30)
    if scene.stock.peer_endpoint() != "198.18.1.2:7717":
        raise Failed("the phone still sends to %s" % scene.stock.peer_endpoint())
    if scene.phone_pings() != 3:
        raise Failed("the phone does not follow party1")
    return "after %.1f s and %.1f s" % (phone, party)


class Flood:
    """Initiations with a right mac1 from one address to another, until it ends."""

    def __init__(self, scene, target, public, rate):
        scene.internet.host("mob", "198.18.9.1")
        self.socket = scene.lab.udp("mob", "198.18.9.1")
        self.target, self.rate = target, rate
        self.message = wg.macs(struct.pack("<II", wg.INITIATION, 1) + os.urandom(108), public)
        self.ended, self.answers, self.kinds = False, 0, set()
        self.threads = [threading.Thread(target=run, daemon=True)
                        for run in (self._send, self._receive)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        for thread in self.threads:
            thread.join()

    def _send(self):
        due = time.monotonic()
        while not self.ended:
            for _ in range(50):
                self.socket.sendto(self.message, self.target)
            due += 50 / self.rate
            time.sleep(max(0, due - time.monotonic()))

    def _receive(self):
        self.socket.settimeout(0.2)
        while not self.ended:
            try:
                answer = self.socket.recv(2048)
            except socket.timeout:
                continue
            self.answers += 1
            self.kinds.add((answer[0], len(answer)))


def stock_wireguard_gets_through_a_flood_with_a_cookie(lab):
    scene = Scene(lab)
    with Flood(scene, (PARTY, 7717), scene.party_public(), 1500) as flood:
        time.sleep(1)
        scene.stock.start(scene.config, OURS)
        took = scene.comes_through(scene.phone_pings, 30)
    if flood.kinds != {(wg.COOKIE_REPLY, 64)}:
        raise Failed("the flood was answered by %s" % flood.kinds)
    return "%.1f s, %d cookies" % (took, flood.answers)


def a_flooded_stock_wireguard_is_shown_its_cookie(lab):
    """It asks for one when its queue is long, which a fast machine may prevent."""
    scene = Scene(lab, join=["--endpoint", "%s:%d" % (PHONE, PORT)])
    scene.stock.start(scene.config)
    with Flood(scene, (PHONE, PORT), scene.stock.public, 40000) as flood:
        time.sleep(1)
        took = scene.comes_through(scene.party_pings, 30)
    return "%.1f s, %d cookies" % (took, flood.answers)


class Middle:
    """A host that passes on what the phone and party1 send each other, and keeps it."""

    address = "198.18.5.1"

    def __init__(self, scene):
        scene.internet.host("middle", self.address)
        self.front = scene.lab.udp("middle", self.address, 7717)
        self.back = scene.lab.udp("middle", self.address, 7718)
        self.again = scene.lab.udp("middle", self.address, 7719)
        self.phone = None
        self.seen = []          # from the phone
        for run in (self._from_phone, self._from_party):
            threading.Thread(target=run, daemon=True).start()

    def _from_phone(self):
        while True:
            message, self.phone = self.front.recvfrom(2048)
            self.seen.append(message)
            self.back.sendto(message, (PARTY, 7717))

    def _from_party(self):
        while True:
            message = self.back.recv(2048)
            if self.phone:
                self.front.sendto(message, self.phone)

    def replay(self, messages):
        """Sends them again from another port; what comes back within a second."""
        answers = []
        for message in messages:
            self.again.sendto(message, (PARTY, 7717))
        self.again.settimeout(1)
        while True:
            try:
                answers.append(self.again.recv(2048))
            except socket.timeout:
                return answers


def replays_of_a_stock_wireguard_draw_nothing(lab):
    scene = Scene(lab)
    middle = Middle(scene)
    scene.stock.start(scene.config, middle.address + ":7717")
    scene.comes_through(scene.phone_pings, 30)
    time.sleep(6)               # copies of an initiation are answered for 5.3 s

    initiations = [m for m in middle.seen if m[0] == wg.INITIATION]
    data = [m for m in middle.seen if m[0] == wg.TRANSPORT]
    if not initiations or not data:
        raise Failed("the middle has seen nothing")
    answers = middle.replay((initiations + data) * 20)
    if answers:
        raise Failed("replays drew %d answers" % len(answers))
    if scene.counter("replayed") < 20 * len(data):
        raise Failed("only %d replays were counted" % scene.counter("replayed"))
    # And they have moved nothing: packets still come by the old way.
    if scene.party_pings() != 3 or scene.phone_pings() != 3:
        raise Failed("the session suffered")
    return "%d of data, %d of initiations" % (20 * len(data), 20 * len(initiations))


def a_stock_wireguard_that_lost_its_keys_is_called_again(lab):
    """It restarts without an endpoint: only party1 can mend that."""
    scene = Scene(lab, join=["--endpoint", "%s:%d" % (PHONE, PORT)])
    scene.stock.start(scene.config)
    scene.comes_through(scene.party_pings, 30)
    scene.stock.stop()
    scene.stock.start(scene.config)
    return "%.1f s" % scene.comes_through(scene.party_pings, 30)


SCENARIOS = (
    stock_wireguard_calls, stock_wireguard_calls_with_a_psk,
    stock_wireguard_is_called, stock_wireguard_is_called_with_a_psk,
    stock_wireguard_without_the_psk_gets_nowhere,
    a_stock_wireguard_that_nobody_knows_hears_nothing,
    stock_wireguard_roams,
    stock_wireguard_gets_through_a_flood_with_a_cookie,
    a_flooded_stock_wireguard_is_shown_its_cookie,
    replays_of_a_stock_wireguard_draw_nothing,
    a_stock_wireguard_that_lost_its_keys_is_called_again,
)
