# SPDX-License-Identifier: GPL-3.0-or-later
"""A member is revoked between real hosts: it is out at once, and nobody else notices."""

import subprocess
import sys
import time

from internet import Internet
from lab import Failed, wait_until
from mesh import Mesh

LIGHTHOUSES = {"lh1": "198.18.0.10", "lh2": "198.18.0.11"}
PARTIES = {"party1": "198.18.1.1", "party2": "198.18.2.1", "party3": "198.18.3.1"}

# A line is sent and echoed every 20 ms over one TCP connection; in the end the longest pause.
ECHO = """
import socket, sys
s = socket.create_server((sys.argv[1], 5000))
print("ready", flush=True)
c = s.accept()[0]
while data := c.recv(100):
    c.sendall(data)
"""
TALK = """
import socket, sys, time
s = socket.create_connection((sys.argv[1], 5000), 10)
s.settimeout(30)
worst, end = 0, time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    before = time.monotonic()
    s.sendall(b"x")
    if not s.recv(1):
        sys.exit("the connection has ended")
    worst = max(worst, time.monotonic() - before)
    time.sleep(0.02)
print(worst)
"""


class Study:
    def __init__(self, lab):
        self.lab = lab
        internet = Internet(lab)
        for name, address in {**LIGHTHOUSES, **PARTIES}.items():
            internet.host(name, address)
        self.mesh = Mesh(lab, LIGHTHOUSES, list(PARTIES))
        self.parties = list(self.mesh.parties.values())
        for a in self.parties:
            for b in self.parties:
                if a is not b:
                    a.reaches(b, 20)

    def talk(self, a, b, seconds):
        """One TCP connection from a to b; wait() on what is returned gives the longest pause."""
        echo = self.lab.spawn(b.namespace, sys.executable, "-c", ECHO, b.overlay(),
                              stdout=subprocess.PIPE)
        echo.stdout.readline()
        return self.lab.spawn(a.namespace, sys.executable, "-c", TALK, b.overlay(), seconds,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def carry_state(self, *hosts):
        """The newest state, as a file that somebody carries there."""
        file = self.lab.dir / "study.state"
        file.write_text(self.mesh.authority.tell("ca", "export", "--network-state"))
        for host in hosts:
            host.tell("join", file)


def version(host):
    return host.json("status")["network_state"].get("version", 0)


def pings(host, other):
    return host.lab.run(host.namespace, "ping", "-c1", "-W0.5", other.overlay())[0] == 0


def who_is_revoked_is_out_and_the_others_go_on(lab):
    study = Study(lab)
    one, two, three = study.parties
    address = three.overlay()
    talk = study.talk(one, two, 15)
    study.mesh.authority.tell("revoke", "party3")
    study.carry_state(study.mesh.lighthouses["lh1"])
    began = time.monotonic()
    for host in (one, two, study.mesh.lighthouses["lh2"]):
        if wait_until(lambda: version(host) > 0, 20) is None:
            raise Failed("%s has not heard of the state: %s" % (host.name, host.run("status")[1]))
        if host.tell("state") != (lab.dir / "study.state").read_text():
            raise Failed("%s prints another state than the authority signed" % host.name)
    took = time.monotonic() - began
    if wait_until(lambda: not one.peer(three).get("connected"), 10) is None:
        raise Failed("the session with who is revoked goes on: %s" % one.run("peers")[1])
    if one.lab.run(one.namespace, "ping", "-c2", "-W1", address)[0] == 0:
        raise Failed("who is revoked still answers")
    out, err = talk.communicate(timeout=60)
    if talk.returncode:
        raise Failed("a connection of others was disturbed: %s" % err.strip())
    three.tell("down")
    three.tell("up", "--allow-all")
    if wait_until(lambda: one.lab.run(one.namespace, "ping", "-c1", "-W0.3", address)[0] == 0, 8):
        raise Failed("who is revoked came back by starting anew")
    return "everybody knew after %.1f s, the longest pause of others %.2f s" % (took, float(out))


def a_state_is_joined_without_a_daemon_and_remembered(lab):
    study = Study(lab)
    one, two, three = study.parties
    two.tell("down")
    one.tell("down")
    study.mesh.authority.tell("revoke", "party3")
    study.carry_state(one)
    status, _, err = one.run("join", lab.dir / "study.state")
    if status == 0 or "not newer" not in err:
        raise Failed("the same state was taken twice: %s" % err)
    for host in study.mesh.lighthouses.values():
        host.tell("down")
    one.tell("up", "--allow-all")
    if version(one) == 0:
        raise Failed("the state is not in force: %s" % one.run("status")[1])
    two.tell("up", "--allow-all")
    one.reaches(two, 60)
    if wait_until(lambda: version(two) == version(one), 20) is None:
        raise Failed("a peer that is newer was not asked")
    return None


SCENARIOS = (
    who_is_revoked_is_out_and_the_others_go_on,
    a_state_is_joined_without_a_daemon_and_remembered,
)
