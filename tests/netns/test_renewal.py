# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that end after seconds, and connections that go on."""

import threading
import time

from lab import Failed, wait_until
from internet import Internet
from mesh import Host

LIGHTHOUSE, OFFICE = "198.18.0.10", "198.18.3.1"
PARTIES = {"party1": "198.18.1.1", "party2": "198.18.2.1"}
LIFETIME = 20


class Pulse:
    """One TCP connection through the mesh that carries a byte every 50 ms, both ways."""

    def __init__(self, lab, one, other):
        self.longest, self.count, self.error = 0, 0, None
        with lab.inside(other.namespace):
            listener = socket_of()
            listener.bind((other.overlay(), 4000))
            listener.listen(1)
        with lab.inside(one.namespace):
            self.near = socket_of()
            self.near.settimeout(20)
            self.near.connect((other.overlay(), 4000))
        self.far, _ = listener.accept()
        listener.close()
        self.far.settimeout(20)
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=run) for run in (self._echo, self._beat)]
        for thread in self.threads:
            thread.start()

    def _echo(self):
        try:
            while byte := self.far.recv(1):
                self.far.sendall(byte)
        except OSError as error:
            self.error = self.error or error

    def _beat(self):
        try:
            while not self.stop.wait(0.05):
                start = time.monotonic()
                self.near.sendall(b"x")
                if self.near.recv(1) != b"x":
                    raise OSError("the connection was closed")
                self.longest = max(self.longest, time.monotonic() - start)
                self.count += 1
        except OSError as error:
            self.error = self.error or error

    def end(self):
        self.stop.set()
        self.threads[1].join()
        self.near.close()
        self.threads[0].join()
        self.far.close()
        if self.error:
            raise Failed("the connection broke after %d beats: %s" % (self.count, self.error))


def socket_of():
    import socket
    s = socket.socket()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def network(lab, lifetime="%ds" % LIFETIME):
    """An authority that serves, a lighthouse, and two parties, whose certificates are short."""
    internet = Internet(lab)
    internet.host("lh", LIGHTHOUSE)
    internet.host("you", OFFICE)
    you, lighthouse = Host(lab, "you"), Host(lab, "lh")
    you.tell("ca", "init", "study", "--no-passphrase")
    you.tell("sign", "lh", "--lighthouse", "--public", LIGHTHOUSE + ":7717")
    lighthouse.tell("lighthouse", you.state / "lh.mpynet")
    you.tell("ca", "serve")
    you.tell("sign", *PARTIES, "--lifetime", lifetime)
    parties = []
    for name, address in PARTIES.items():
        internet.host(name, address)
        parties.append(Host(lab, name))
        parties[-1].join(you.state / (name + ".mpynet"))
    return you, parties


def certificates_are_renewed_under_a_connection(lab):
    you, (one, two) = network(lab)
    one.reaches(two, 20)
    serial = {host.name: host.json("status")["serial"] for host in (one, two)}
    pulse = Pulse(lab, one, two)
    time.sleep(LIFETIME + 4)                     # the first ones have ended by now
    status = one.json("status")
    pulse.end()
    for host in (one, two):
        now = host.json("status")
        if now["serial"] <= serial[host.name] or now["expires"] < time.time():
            raise Failed("%s was not renewed: %s" % (host.name, now))
        if "is renewed: serial" not in (host.state / "node" / "log").read_text():
            raise Failed("the log of %s does not say so" % host.name)
    if status["renewal"]["urgent"]:
        raise Failed("it is said to be urgent: %s" % status)
    return "%d beats, the slowest %.0f ms" % (pulse.count, 1000 * pulse.longest)


def an_end_that_comes_without_a_successor_is_said(lab):
    you, (one, _) = network(lab)
    one.tell("status")
    you.tell("down")
    if wait_until(lambda: one.json("status")["renewal"]["urgent"], LIFETIME) is None:
        raise Failed("nothing is said: %s" % one.tell("status"))
    status, _, err = one.run("renew")
    if status != 1 or "waits until the authority is there" not in err:
        raise Failed("renew: status %d: %s" % (status, err))
    if "expires in" not in one.tell("status"):
        raise Failed("status does not warn: %s" % one.tell("status"))
    you.tell("ca", "serve")
    before = one.json("status")["serial"]
    if wait_until(lambda: one.json("status")["serial"] != before, LIFETIME) is None:
        raise Failed("the authority is back, and there is no renewal: %s" % one.tell("status"))


def key_of(host):
    return host.json("status")["key_words"]


def a_new_key_comes_over_the_network_under_a_connection(lab):
    """Power goes twice in between; and the authority's person may have a word in it."""
    you, (one, two) = network(lab, "90s")
    one.reaches(two, 20)
    old = key_of(one)
    you.tell("down")
    status, _, err = one.run("renew", "--rekey")
    if status != 1 or "waits until the authority is there" not in err:
        raise Failed("renew --rekey: status %d: %s" % (status, err))
    one.crash()
    one.tell("up", "--allow-all")
    waits = (one.state / "node" / "rekey.key").read_text()
    you.tell("ca", "serve", "--approve")
    pending = wait_until(lambda: you.json("ca", "pending")["requests"], 60)
    if pending is None:
        raise Failed("nobody waits: %s" % one.tell("status"))
    request = you.json("ca", "pending")["requests"][0]
    if request["wants"] != "new key" or request["name"] != one.name:
        raise Failed("something else waits: %s" % request)
    one.reaches(two, 20)
    if key_of(one) != old or (one.state / "node" / "rekey.key").read_text() != waits:
        raise Failed("a key has changed before its time")
    pulse = Pulse(lab, one, two)
    before = one.json("status")["serial"]
    you.tell("ca", "pending", "--approve", one.name, "--yes")
    if wait_until(lambda: key_of(one) == request["key_words"], 60) is None:
        raise Failed("%s has not the new key: %s" % (one.name, one.tell("status")))
    time.sleep(2)
    pulse.end()
    if one.json("status")["serial"] <= before:
        raise Failed("it has no newer certificate: %s" % one.tell("status"))
    if wait_until(lambda: not (one.state / "node" / "rekey.key").exists(), 30) is None:
        raise Failed("the authority has not heard that the new key is in use")
    if you.json("ca", "state")["keys"] != 1:
        raise Failed("the key before is not revoked: %s" % you.tell("ca", "state"))
    if wait_until(lambda: two.peer(one).get("connected"), 20) is None:
        raise Failed("there is no session under the new key")
    if [r for r in you.json("ca", "pending")["requests"] if r["name"] == one.name]:
        raise Failed("it waits still")
    one.tell("down")
    one.tell("up", "--allow-all")
    one.reaches(two, 20)
    return "%d beats, the slowest %.0f ms" % (pulse.count, 1000 * pulse.longest)


SCENARIOS = [a_new_key_comes_over_the_network_under_a_connection,
             certificates_are_renewed_under_a_connection,
             an_end_that_comes_without_a_successor_is_said]
