# SPDX-License-Identifier: GPL-3.0-or-later
"""wireguard-go as it is in Debian, set up with what `mpynet sign --stock` prints."""

import base64
import os
import pathlib
import re
import sys

from internet import Internet
from lab import Failed, wait_until
from mesh import Mesh

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "vectors"))

import wireguard as wg                                            # noqa: E402

LIGHTHOUSE, PARTY, PHONE = "198.18.0.10", "198.18.1.1", "198.18.3.1"
PORT = 51820


def text(key):
    return base64.b64encode(key).decode()


class Stock:
    """A host with wireguard-go and nothing of ours."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.private = os.urandom(32)
        self.public = wg.public(self.private)
        # Its control socket is named after the device, for the whole machine.
        self.device = "wgs%d" % os.getpid()
        self.daemon = None

    def start(self, config, endpoint=None):
        """`config` is what sign printed; without `endpoint` it waits to be called."""
        self.daemon = self.lab.spawn(
            self.name, "wireguard-go", "-f", self.device,
            stdout=open(os.devnull, "w"), stderr=open(self.lab.dir / "stock.log", "a"))
        socket = pathlib.Path("/run/wireguard/%s.sock" % self.device)
        if wait_until(socket.exists, 30) is None:
            raise Failed("wireguard-go does not start")
        address = re.search(r"^Address = (.*)$", config, re.M).group(1)
        file = self.lab.dir / "stock.conf"
        file.write_text(self._fill_in(config, endpoint))
        self.wg("setconf", self.device, file)
        for one in address.split(", "):
            self.lab.ip(self.name, "addr add %s dev %s" % (one, self.device))
        self.lab.ip(self.name, "link set %s up mtu 1420" % self.device)
        for allowed in re.findall(r"^AllowedIPs = (.*)$", config, re.M):
            for one in allowed.split(", "):
                self.lab.ip(self.name, "route add %s dev %s" % (one, self.device))

    def _fill_in(self, config, endpoint):
        """What the person who reads it does, and what wg-quick alone understands."""
        config = config.replace("PRIVATE_KEY", "%s\nListenPort = %d" % (
            text(self.private), PORT))
        config = re.sub(r"^(Address|MTU) = .*\n", "", config, flags=re.M)
        if endpoint:
            return re.sub(r"^# Endpoint = HOST:.*$", "Endpoint = " + endpoint, config,
                          flags=re.M)
        return re.sub(r"^PersistentKeepalive = .*\n", "", config, flags=re.M)

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait()

    def wg(self, *words):
        status, out, err = self.lab.run(self.name, "wg", *words)
        if status:
            raise Failed("wg %s: %s" % (" ".join(map(str, words)), err))
        return out

    def handshake(self):
        """When the last one was, in Unix seconds; 0 for never."""
        return int(self.wg("show", self.device, "latest-handshakes").split()[1])

    def peer_endpoint(self):
        return self.wg("show", self.device, "endpoints").split()[1]


class Scene:
    """A lighthouse, party1, and a phone with wireguard-go that party1 knows."""

    def __init__(self, lab, psk=False, join=(), phone=PHONE):
        self.lab = lab
        self.internet = Internet(lab)
        self.internet.host("lh", LIGHTHOUSE)
        self.party_line = self.internet.host("party1", PARTY)
        self.phone_line = self.internet.host("phone", phone)
        self.mesh = Mesh(lab, {"lh": LIGHTHOUSE}, ["party1"],
                         init=["--psk"] if psk else [])
        self.party = self.mesh.parties["party1"]
        self.stock = Stock(lab, "phone")
        self.config = self.mesh.authority.tell(
            "sign", "phone", "--stock", "--public-key", text(self.stock.public))
        self.party.tell("join", self.mesh.authority.state / "phone.crt", *join)
        self.address = re.search(r"^Address = ([\d.]+)", self.config, re.M).group(1)

    def party_public(self):
        return base64.b64decode(
            re.search(r"^PublicKey = (.*)$", self.config, re.M).group(1))

    def ping(self, host, target, count=3, interval=0.2, wait=5):
        """How many of `count` pings were answered."""
        _, out, _ = self.lab.run(host, "ping", "-c", count, "-i", interval, "-W", wait,
                                 target, timeout=count * interval + wait + 30)
        return int(re.search(r"(\d+) received", out).group(1))

    def phone_pings(self, **more):
        return self.ping("phone", self.party.overlay(), **more)

    def party_pings(self, **more):
        return self.ping("party1", self.address, **more)

    def comes_through(self, pings, seconds):
        """How long until one ping is answered; Failed if none is."""
        took = wait_until(lambda: pings(count=1, wait=1), seconds)
        if took is None:
            raise Failed("no ping came through in %d s; peer: %s; counters: %s; wg: %s" % (
                seconds, self.party.run("peer", "phone")[1], self.counters(),
                self.stock.wg("show", self.stock.device)))
        return took

    def counters(self):
        counters = self.party.json("status")["counters"]
        return {name: count for name, count in counters.items() if count}

    def counter(self, name):
        return self.counters().get(name, 0)
