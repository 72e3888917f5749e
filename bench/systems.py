# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that `make bench` compares, each between two namespaces of its own.

A System makes both ends, `a` and `b`, with a link between them whose addresses are
ENDS, and a tunnel whose addresses are in .inner. All of them exist side by side
and are idle but for the one that is measured. Each is configured as its own
documents show it, with the cipher and the MTU that it chooses itself.
"""

import os
import re
import subprocess

from lab import Failed, sh, wait_until
from mesh import Host

ENDS = {"a": "198.18.0.1", "b": "198.18.0.2"}
INNER = {"a": "10.77.0.1", "b": "10.77.0.2"}
OTHER = {"a": "b", "b": "a"}
PORT = 7000
START = 15                      # seconds that a program has to come up
LOADS = ("load", "iperf3", "ping", "python", "python3", "wire", "ip", "sh")


class System:
    """One program; what is not common to all is in start() and prepare()."""

    name, packages = "", ()
    inner = INNER

    def __init__(self, lab):
        self.lab, self.daemons = lab, {"a": [], "b": []}
        self.dir = lab.dir / self.name
        self.dir.mkdir()

    def at(self, side):
        """The namespace of one end."""
        return "%s-%s" % (self.name, side)

    def prepare(self):
        """Keys and files, once."""

    def start(self, side):
        """Bring up one end; needs not wait for the other."""

    def stop(self, side):
        for daemon in self.daemons[side]:
            daemon.terminate()
        for daemon in self.daemons[side]:
            try:
                daemon.wait(5)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.daemons[side] = []

    def spawn(self, side, *argv, **more):
        with open(self.dir / (side + ".log"), "a") as log:
            child = self.lab.spawn(self.at(side), *argv, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, **more)
        self.daemons[side].append(child)
        return child

    def write(self, name, text, mode=0o600):
        file = self.dir / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def pids(self, *sides):
        """The processes of the program itself, without the loads."""
        found = []
        for side in sides or ENDS:
            for pid in sh("ip", "netns", "pids", self.lab.full(self.at(side))).split():
                try:
                    with open("/proc/%s/comm" % pid) as comm:
                        name = comm.read().strip()
                except OSError:         # it has ended since
                    continue
                if name not in LOADS:
                    found.append(int(pid))
        return found

    def device(self, side, name, mtu=None):
        """Give the tunnel its address, as soon as its device is there."""
        full = self.lab.full(self.at(side))
        if wait_until(lambda: not subprocess.run(
                ["ip", "-n", full, "addr", "add", INNER[side] + "/24", "dev", name],
                capture_output=True, check=False).returncode, START, 0.005) is None:
            raise Failed("%s makes no device %s" % (self.name, name))
        self.lab.ip(self.at(side), "link set %s up%s" % (
            name, " mtu %d" % mtu if mtu else ""))


class Raw(System):
    """The link itself, without a tunnel: the ceiling."""

    name, inner = "raw", ENDS


class Mpynet(System):
    """Two members and a lighthouse, which lives beside the second."""

    name = "mpynet"

    def prepare(self):
        authority = Host(self.lab, "authority", self.at("a"))
        authority.tell("ca", "init", "bench", "--no-passphrase")
        authority.tell("sign", "lh", "--lighthouse", "--public", ENDS["b"] + ":7717")
        authority.tell("sign", "one", "two")
        self.bundles = authority.state
        self.hosts = {"a": Host(self.lab, "one", self.at("a")),
                      "b": Host(self.lab, "two", self.at("b"))}
        self.settings = [pair.split("=", 1)
                         for pair in os.environ.get("MPYNET_SET", "").split()]
        Host(self.lab, "lh", self.at("b")).tell("lighthouse", self.bundles / "lh.mpynet")

    def start(self, side):
        host = self.hosts[side]
        if (host.state / "joined").exists():
            host.tell("up", "--allow-all")
            return
        host.join(self.bundles / (host.name + ".mpynet"))
        for name, value in self.settings:
            host.tell("set", name, value)
        if self.settings:
            host.tell("down")
            host.tell("up", "--allow-all")
        (host.state / "joined").touch()
        self.inner = {**self.inner, side: host.overlay()}

    def stop(self, side):
        self.hosts[side].tell("down")


class WireguardGo(System):
    name = "wireguard-go"
    packages = ("wireguard-go", "wireguard-tools")

    def prepare(self):
        self.private = {side: sh("wg", "genkey").strip() for side in ENDS}
        for side in ENDS:
            other = OTHER[side]
            public = sh("wg", "pubkey", input=self.private[other]).strip()
            self.write(side + ".conf", (
                "[Interface]\nPrivateKey = %s\nListenPort = %d\n"
                "[Peer]\nPublicKey = %s\nEndpoint = %s:%d\nAllowedIPs = %s/32\n") % (
                    self.private[side], PORT, public, ENDS[other], PORT, INNER[other]))

    def start(self, side):
        # Its control socket is named after the device, for the whole machine.
        name = "wb%s%d" % (side, os.getpid())
        self.spawn(side, "wireguard-go", "-f", name)
        if wait_until(lambda: os.path.exists("/run/wireguard/%s.sock" % name), START,
                      0.005) is None:
            raise Failed("wireguard-go does not start")
        sh(*self.lab.argv(self.at(side), ["wg", "setconf", name, self.dir / (side + ".conf")]))
        self.device(side, name, 1420)


class Nebula(System):
    name = "nebula"
    packages = ("nebula",)

    CONFIG = """
pki: {{ca: {dir}/ca.crt, cert: {dir}/{side}.crt, key: {dir}/{side}.key}}
static_host_map: {{"{lighthouse}": ["{address}:{port}"]}}
lighthouse: {{am_lighthouse: {am}, interval: 10, hosts: {hosts}}}
listen: {{host: 0.0.0.0, port: {port}}}
punchy: {{punch: true}}
tun: {{dev: neb0}}
logging: {{level: warning, format: text}}
firewall:
  outbound: [{{port: any, proto: any, host: any}}]
  inbound: [{{port: any, proto: any, host: any}}]
"""

    def prepare(self):
        sh("nebula-cert", "ca", "-name", "bench", cwd=self.dir)
        for side in ENDS:
            sh("nebula-cert", "sign", "-name", side, "-ip", INNER[side] + "/24", cwd=self.dir)
            self.write(side + ".yml", self.CONFIG.format(
                dir=self.dir, side=side, port=PORT, lighthouse=INNER["b"], address=ENDS["b"],
                am=str(side == "b").lower(),
                hosts="[]" if side == "b" else '["%s"]' % INNER["b"]))

    def start(self, side):
        self.spawn(side, "nebula", "-config", self.dir / (side + ".yml"))


class Tinc(System):
    name = "tinc"
    packages = ("tinc",)

    def prepare(self):
        for side in ENDS:
            self.write(side + "/tinc.conf", "Name = %s\nConnectTo = %s\nInterface = tinc0\n" % (
                side, OTHER[side]))
            self.write(side + "/tinc-up", (
                "#!/bin/sh\nip addr add %s/24 dev tinc0\nip link set tinc0 up\n") % INNER[side],
                0o700)
            self.write(side + "/hosts/" + side, "Address = %s\nPort = %d\nSubnet = %s/32\n" % (
                ENDS[side], PORT, INNER[side]))
            sh("tincd", "-c", self.dir / side, "-K2048", stdin=subprocess.DEVNULL)
        for side in ENDS:           # the key was added to it
            self.write(OTHER[side] + "/hosts/" + side,
                       (self.dir / side / "hosts" / side).read_text())

    def start(self, side):
        self.spawn(side, "tincd", "-c", self.dir / side, "-D",
                   "--pidfile=%s/%s.pid" % (self.dir, side))


class N2n(System):
    name = "n2n"
    packages = ("n2n",)

    def prepare(self):
        self.lab.spawn(self.at("b"), "supernode", "-l", PORT, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def start(self, side):
        self.spawn(side, "edge", "-d", "n2n0", "-a", INNER[side], "-s", "255.255.255.0",
                   "-c", "bench", "-l", "%s:%d" % (ENDS["b"], PORT), "-p", PORT + 1,
                   env={**os.environ, "N2N_KEY": "bench"})


class Openvpn(System):
    name = "openvpn"
    packages = ("openvpn", "openssl")

    def prepare(self):
        prints = {}
        for side in ENDS:
            key, cert = self.dir / (side + ".key"), self.dir / (side + ".crt")
            sh("openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:prime256v1", "-days", 10, "-subj", "/CN=" + side,
               "-keyout", key, "-out", cert)
            prints[side] = sh("openssl", "x509", "-in", cert, "-noout", "-fingerprint",
                              "-sha256").strip().split("=")[1]
        for side in ENDS:
            other = OTHER[side]
            self.write(side + ".conf", (
                "dev ovpn0\ndev-type tun\nproto udp\nport %d\nremote %s %d\n"
                "ifconfig %s %s\n%s\ncert %s/%s.crt\nkey %s/%s.key\n"
                "peer-fingerprint %s\ndisable-dco\nverb 1\n") % (
                    PORT, ENDS[other], PORT, INNER[side], INNER[other],
                    "tls-server\ndh none" if side == "b" else "tls-client",
                    self.dir, side, self.dir, side, prints[other]))

    def start(self, side):
        self.spawn(side, "openvpn", "--config", self.dir / (side + ".conf"))


class Fastd(System):
    name = "fastd"
    packages = ("fastd",)

    def prepare(self):
        secret, public = {}, {}
        for side in ENDS:
            said = sh("fastd", "--generate-key")
            secret[side] = re.search(r"Secret: (\w+)", said).group(1)
            public[side] = re.search(r"Public: (\w+)", said).group(1)
        for side in ENDS:
            other = OTHER[side]
            self.write(side + ".conf", (
                'log level warn;\nmode tun;\ninterface "fastd0";\nmtu 1426;\n'
                'method "salsa2012+umac";\nbind %s:%d;\nsecret "%s";\n'
                'on up "ip addr add %s peer %s dev $INTERFACE; ip link set $INTERFACE up";\n'
                'peer "%s" { key "%s"; remote %s:%d; }\n') % (
                    ENDS[side], PORT, secret[side], INNER[side], INNER[other],
                    other, public[other], ENDS[other], PORT))

    def start(self, side):
        self.spawn(side, "fastd", "-c", self.dir / (side + ".conf"))


SYSTEMS = (Raw, Mpynet, WireguardGo, N2n, Fastd, Openvpn, Nebula, Tinc)


# The network below

def connect(system, network, wire):
    """Two namespaces and what is between them: a veth pair, or a long wire of `delay` seconds."""
    lab, ends = system.lab, [system.at(side) for side in ENDS]
    for end in ends:
        lab.namespace(end)
    if network.delay:
        middle = system.at("m")
        lab.namespace(middle)
        for end, device in zip(ends, ("left", "right")):
            lab.link(end, "under", middle, device)
            offloads(lab, middle, device)
        lab.spawn(middle, wire, "left", "right", int(network.delay * 1e6))
    else:
        lab.link(ends[0], "under", ends[1], "under")
    for side, end in zip(ENDS, ends):
        lab.ip(end, "addr add %s/24 dev under" % ENDS[side])
        if not network.offloads:
            offloads(lab, end, "under")


def offloads(lab, name, device):
    """Turn off what a poor network card would not do."""
    sh(*lab.argv(name, ["ethtool", "-K", device, "tso", "off", "gso", "off", "gro", "off",
                        "tx", "off", "rx", "off"]))


def install(systems, more=()):
    """The Debian packages of the others; nothing is done if all are there."""
    wanted = sorted({p for system in systems for p in system.packages} | set(more))
    missing = [p for p in wanted if subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", p], capture_output=True, text=True,
        check=False).stdout[:2] != "ii"]
    if not missing:
        return
    print("installing Debian packages: " + " ".join(missing), flush=True)
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        sh(*command, timeout=600, env=env)
    except Failed:              # package lists may be old or absent
        sh("apt-get", "update", "-q", timeout=300, env=env)
        sh(*command, timeout=600, env=env)
