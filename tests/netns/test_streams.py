# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites whose network blocks UDP, and lighthouses that are reached over TCP."""

import pathlib
import socket
import subprocess
import sys
import time

import nat
from internet import Internet, home
from lab import Failed, wait_until
from mesh import Host, Mesh

LIGHTHOUSE = "198.18.0.10"
PROXY = "198.18.0.20"
PROXY_PORT = 3128


def over(host):
    """What the lighthouses are reached over."""
    return [row["over"] for row in host.json("status")["lighthouses"] if row["registered"]]


def comes_over(host, what, seconds):
    took = wait_until(lambda: over(host) == [what], seconds, every=0.2)
    if took is None:
        raise Failed("%s reaches the lighthouse over %s, not %s: %s" % (
            host.name, over(host), what, host.run("status")[1]))
    return took


def world(lab, *kinds, sign=()):
    """A lighthouse and as many parties as kinds of sites."""
    internet = Internet(lab)
    internet.host("lh", LIGHTHOUSE)
    names = ["party%d" % (i + 1) for i in range(len(kinds))]
    for i, (name, kind) in enumerate(zip(names, kinds)):
        home(internet, name, "198.18.1.%d" % (i + 1), kind)
    return internet, Mesh(lab, {"lh": LIGHTHOUSE}, names, sign=sign)


def copy_through(lab, sender, receiver, megabytes):
    """Send that much over TCP inside the mesh: Mbit/s, after it came whole."""
    address = receiver.overlay()
    code = """
import hashlib, socket, sys, time
s = socket.create_server((sys.argv[1], 5001))
print("ready", flush=True)
c, _ = s.accept()
n, h, t = 0, hashlib.sha256(), time.monotonic()
while data := c.recv(1 << 16):
    n += len(data); h.update(data)
print(n, h.hexdigest(), time.monotonic() - t, flush=True)
"""
    child = lab.spawn(receiver.namespace, sys.executable, "-c", code, address,
                      stdout=subprocess.PIPE)
    child.stdout.readline()
    code = """
import hashlib, socket, sys
block, h = bytes(range(256)) * 4096, hashlib.sha256()
s = socket.create_connection((sys.argv[1], 5001))
for _ in range(int(sys.argv[2])):
    s.sendall(block); h.update(block)
s.close()
print(h.hexdigest())
"""
    status, out, err = lab.run(sender.namespace, sys.executable, "-c", code, address,
                               megabytes, timeout=120)
    if status:
        raise Failed("sending: %s" % err)
    count, digest, seconds = child.stdout.readline().split()
    if digest != out.strip() or int(count) != megabytes << 20:
        raise Failed("%s bytes arrived, of %d" % (count, megabytes << 20))
    return int(count) * 8 / 1e6 / float(seconds)


class Transfer:
    """A TCP connection inside the mesh that says something 20 times a second."""

    CODE = """
import socket, sys, time
if sys.argv[1] == "serve":
    c, _ = socket.create_server((sys.argv[2], 5002)).accept()
    while data := c.recv(1 << 16):
        c.sendall(data)
else:
    s = socket.create_connection((sys.argv[2], 5002))
    while True:
        s.sendall(b"x" * 100)
        n = 0
        while n < 100:
            n += len(s.recv(100 - n))
        print(time.monotonic(), flush=True)
        time.sleep(0.05)
"""

    def __init__(self, lab, one, two):
        address = two.overlay()
        self.file = lab.dir / "transfer.out"
        lab.spawn(two.namespace, sys.executable, "-c", self.CODE, "serve", address)
        wait_until(lambda: ":5002" in lab.run(two.namespace, "ss", "-tln")[1], 10)
        with open(self.file, "w") as out:
            self.child = lab.spawn(one.namespace, sys.executable, "-c", self.CODE, "ask",
                                   address, stdout=out)

    def times(self):
        return [float(line) for line in self.file.read_text().splitlines(keepends=True)
                if line.endswith("\n")]

    def blocks(self):
        return len(self.times())

    def wait_for(self, blocks):
        if wait_until(lambda: self.blocks() >= blocks, 30) is None:
            raise Failed("nothing comes back")

    def end(self):
        """The longest time without an answer."""
        if self.child.poll() is not None:
            raise Failed("the connection has ended")
        times = self.times()
        return max(b - a for a, b in zip(times, times[1:]))


def both_without_udp(lab):
    """Two sites that block UDP talk through the lighthouse, both over TCP."""
    internet, mesh = world(lab, "udp-block", "udp-block")
    one, two = mesh.parties.values()
    took = one.reaches(two, 30)
    comes_over(one, "TCP", 5)
    comes_over(two, "TCP", 5)
    if one.path(two) != "relay":
        raise Failed("the path is %s" % one.path(two))
    if internet.between("198.18.1.1", LIGHTHOUSE) or internet.between("198.18.1.2", LIGHTHOUSE):
        raise Failed("UDP has passed")
    rate = copy_through(lab, one, two, 40)
    return "first answer after %.1f s; %.0f Mbit/s through TLS on both sides" % (took, rate)


def one_without_udp(lab):
    """TCP on one side and UDP on the other meet at the lighthouse."""
    internet, mesh = world(lab, "udp-block", "linux")
    one, two = mesh.parties.values()
    took = one.reaches(two, 30)
    comes_over(one, "TCP", 5)
    comes_over(two, "UDP", 5)
    rate = copy_through(lab, two, one, 40)
    if internet.between("198.18.1.1", "198.18.1.2"):
        raise Failed("somebody was called where a stream came from")
    return "first answer after %.1f s; %.0f Mbit/s from UDP into TLS" % (took, rate)


def on_another_port(lab):
    """The bundle says where TCP goes: to the port, and none needs to pass on 443."""
    _, mesh = world(lab, "udp-block", "udp-block", sign=("--tcp", "8443"))
    one, two = mesh.parties.values()
    took = one.reaches(two, 30)
    comes_over(one, "TCP", 5)
    comes_over(two, "TCP", 5)
    tcp = mesh.lighthouses["lh"].json("status")["tcp"]
    if tcp["port"] != 8443 or tcp["streams"] < 2:
        raise Failed("the lighthouse has %s" % tcp)
    return "first answer after %.1f s" % took


def free(lab, router):
    lab.nft(router, "delete table ip guests\n")


def udp_is_taken_back(lab):
    """When UDP works again it is used again, and a connection inside notices nothing."""
    _, mesh = world(lab, "udp-block", "linux")
    one, two = mesh.parties.values()
    one.reaches(two, 30)
    comes_over(one, "TCP", 5)
    free(lab, "party1-nat")
    rates, start = [], time.monotonic()
    while over(one) != ["UDP"]:
        rates.append(copy_through(lab, one, two, 20))
        if time.monotonic() - start > 90:
            raise Failed("still over TCP: %s" % one.run("status")[1])
    took = time.monotonic() - start
    copy_through(lab, one, two, 10)
    one.comes_to(two, "direct", 30)
    return "UDP again after %.0f s, %d transfers on the way" % (took, len(rates))


def udp_stops_under_a_transfer(lab):
    """What was direct goes on through TCP, and the connection inside lives."""
    _, mesh = world(lab, "linux", "linux")
    one, two = mesh.parties.values()
    one.reaches(two, 30)
    one.comes_to(two, "direct", 30)
    transfer = Transfer(lab, one, two)
    transfer.wait_for(20)
    lab.nft("party1-nat", nat.udp_blocked("").split("table ip filter")[0])
    before = transfer.blocks()
    took = wait_until(lambda: transfer.blocks() > before + 20, 60, every=0.02)
    if took is None:
        raise Failed("the transfer stands still: %s" % one.run("peers")[1])
    comes_over(one, "TCP", 10)
    comes_over(two, "UDP", 10)
    free(lab, "party1-nat")
    comes_over(one, "UDP", 90)
    one.comes_to(two, "direct", 60)
    return "%.1f s to go on; the longest pause was %.1f s" % (took, transfer.end())


def only_by_proxy(lab, secret):
    """A site from which nothing passes but what its proxy connects."""
    internet = Internet(lab)
    internet.host("lh", LIGHTHOUSE)
    internet.host("proxy", PROXY)
    for i in (1, 2):
        home(internet, "party%d" % i, "198.18.1.%d" % i, "udp-block")
        lab.nft("party%d-nat" % i, "table ip web { chain forward {\n"
                "type filter hook forward priority -2; ip daddr %s accept; ip saddr %s accept\n"
                "drop; }\n}\n" % (PROXY, PROXY))
    log = lab.dir / "proxy.log"
    with open(log, "w") as out:
        lab.spawn("proxy", sys.executable, pathlib.Path(__file__).with_name("proxy.py"),
                  PROXY, PROXY_PORT, *([secret] if secret else []), stdout=out)
    wait_until(lambda: "ready" in log.read_text(), 10)
    return Mesh(lab, {"lh": LIGHTHOUSE}, ["party1", "party2"]), log


def a_proxy_connects_them(lab):
    mesh, log = only_by_proxy(lab, None)
    one, two = mesh.parties.values()
    for party in (one, two):
        party.tell("set", "proxy", "http://%s:%d" % (PROXY, PROXY_PORT))
    comes_over(one, "TCP", 90)
    comes_over(two, "TCP", 90)
    one.reaches(two, 30)
    rate = copy_through(lab, one, two, 20)
    if "200 %s:443" % LIGHTHOUSE not in log.read_text():
        raise Failed("the proxy has seen: %s" % log.read_text())
    return "%.0f Mbit/s" % rate


def a_proxy_wants_a_password(lab):
    mesh, log = only_by_proxy(lab, "party:s3cret")
    one, two = mesh.parties.values()
    for party in (one, two):
        party.tell("set", "proxy", "http://%s:%d" % (PROXY, PROXY_PORT))
    said = one.state / "node" / "log"
    if wait_until(lambda: "407" in said.read_text(), 90) is None:
        raise Failed("the log does not say what the proxy wants: %s" % said.read_text())
    for party in (one, two):
        party.tell("set", "proxy", "http://party:s3cret@%s:%d" % (PROXY, PROXY_PORT))
    comes_over(one, "TCP", 90)
    comes_over(two, "TCP", 90)
    one.reaches(two, 30)
    if "s3cret" in said.read_text():
        raise Failed("the password is in the log")


def another_key_is_refused(lab):
    """Something between opens TLS with a key of its own: that is said, and no session."""
    internet = Internet(lab)
    internet.host("lh", LIGHTHOUSE)
    home(internet, "party1", "198.18.1.1", "udp-block")
    lab.namespace("you2")
    other = Host(lab, "you2")
    other.tell("ca", "init", "other", "--no-passphrase")
    other.tell("sign", "lh", "--lighthouse", "--public", "%s:7717" % LIGHTHOUSE)
    lab.namespace("you")
    authority = Host(lab, "you")
    authority.tell("ca", "init", "study", "--no-passphrase")
    authority.tell("sign", "lh", "--lighthouse", "--public", "%s:7717" % LIGHTHOUSE)
    authority.tell("sign", "party1")
    Host(lab, "lh").tell("lighthouse", other.state / "lh.mpynet")
    party = Host(lab, "party1")
    party.join(authority.state / "party1.mpynet")
    said = party.state / "node" / "log"
    took = wait_until(lambda: "is not the lighthouse" in said.read_text(), 30)
    if took is None:
        raise Failed("the log says: %s" % said.read_text())
    return said.read_text().splitlines()[-1]


def strangers_do_not_disturb(lab):
    """Silence, garbage, HTTP and half of a handshake at the port: members are served."""
    internet, mesh = world(lab, "udp-block", "udp-block")
    internet.host("stranger", "198.18.0.66")
    one, two = mesh.parties.values()
    one.reaches(two, 30)
    lighthouse = mesh.lighthouses["lh"]
    sockets = []
    with lab.inside("stranger"):
        for i in range(400):
            s = socket.socket()
            s.settimeout(5)
            sockets.append(s)
    for i, s in enumerate(sockets):
        try:
            s.connect((LIGHTHOUSE, 443))
            s.send((b"", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 40,
                    b"\x16\x03\x01\x02\x00\x01")[i % 4])
        except OSError:
            pass
    tcp = lighthouse.json("status")["tcp"]
    if tcp["streams"] > 140 or tcp["refused"] < 100:
        raise Failed("the lighthouse holds %s" % tcp)
    one.reaches(two, 5)
    one.crash()
    one.tell("up")
    one.reaches(two, 30)        # and whoever comes now is let in
    answered = b""
    sockets[1].settimeout(1)
    try:
        answered = sockets[1].recv(100)
    except OSError:
        pass
    if b"HTTP" in answered or b"mpynet" in answered:
        raise Failed("a stranger is told: %s" % answered)
    if wait_until(lambda: lighthouse.json("status")["tcp"]["streams"] <= 3, 30) is None:
        raise Failed("strangers stay: %s" % lighthouse.json("status")["tcp"])
    rate = copy_through(lab, one, two, 20)
    return "%d connections refused; %.0f Mbit/s afterwards" % (tcp["refused"], rate)


def a_lighthouse_restarts_under_streams(lab):
    _, mesh = world(lab, "udp-block", "udp-block")
    one, two = mesh.parties.values()
    one.reaches(two, 30)
    lighthouse = mesh.lighthouses["lh"]
    lighthouse.crash()
    lighthouse.tell("lighthouse")
    took = wait_until(lambda: over(one) == over(two) == ["TCP"], 60)
    return "there again after %s s, %.1f s" % (took, one.reaches(two, 60))


SCENARIOS = (
    both_without_udp,
    one_without_udp,
    on_another_port,
    udp_is_taken_back,
    udp_stops_under_a_transfer,
    a_proxy_connects_them,
    a_proxy_wants_a_password,
    another_key_is_refused,
    strangers_do_not_disturb,
    a_lighthouse_restarts_under_streams,
)
