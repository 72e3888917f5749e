# SPDX-License-Identifier: GPL-3.0-or-later
"""mpynet, driven by nothing but its public commands, and MPyC on top of it."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys

from lab import Failed, wait_until

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MPYNET = os.environ.get("MPYNET", str(ROOT / "build" / "mpynet"))
VENV = pathlib.Path(os.environ.get("MPYNET_VENV", ROOT / "build" / "venv"))
PROGRAMS = ROOT / "tests" / "mpyc"
MPYC_PORT = 11365

# What runs as root also listens in /run/mpynet, which belongs to the machine that the
# tests run on and not to them: a daemon here sees a /run of its own.
OWN_RUN = ("sh", "-c", 'mount -t tmpfs run /run && exec "$0" "$@"')


class Host:
    """A machine with mpynet on it: a namespace and a state directory."""

    def __init__(self, lab, name, namespace=None):
        self.lab, self.name = lab, name
        self.namespace = namespace or name
        self.state = lab.dir / name
        self.state.mkdir(mode=0o700, exist_ok=True)

    def run(self, *words, **more):
        """Run a command: (status, stdout, stderr)."""
        return self.lab.run(self.namespace, *OWN_RUN, MPYNET, "--state", self.state,
                            *words, cwd=self.state, **more)

    def tell(self, *words, **more):
        """A command that has to work; what it prints."""
        status, out, err = self.run(*words, **more)
        if status:
            raise Failed("%s$ mpynet %s: status %d: %s" % (
                self.name, " ".join(map(str, words)), status, (err or out).strip()))
        return out

    def unlock(self, passphrase, *words):
        """A command that uses the authority's key."""
        reader, writer = os.pipe()
        with open(writer, "w") as file:
            file.write(passphrase + "\n")
        try:
            return self.tell(*words, "--passphrase-fd", reader, pass_fds=[reader])
        finally:
            os.close(reader)

    def json(self, *words):
        return json.loads(self.tell("--json", *words))

    def join(self, bundle):
        """Join and bring the mesh up. Every member may open flows to this one,
        as MPyC needs it."""
        return self.tell("up", "--allow-all", bundle)

    def crash(self):
        """End the daemon as a power cut would."""
        pid = self.json("status")["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not os.path.exists("/proc/%d" % pid), 30)

    def peer(self, other):
        """What `peers` says of one peer: a dict, empty if it says nothing."""
        status, out, _ = self.run("--json", "peers")
        if status:
            return {}
        for peer in json.loads(out)["peers"]:
            if peer["name"] == other.name:
                return peer
        return {}

    def path(self, other):
        """The kind of the path to a peer: "lan", "direct", "relay" or "none"."""
        return self.peer(other).get("path", {}).get("kind", "none")

    def overlay(self, family=4):
        """The first address of a family inside the mesh."""
        for address in self.json("status")["ips"]:
            if (":" in address) == (family == 6):
                return address.split("/")[0]
        raise Failed("%s has no IPv%d address in the mesh" % (self.name, family))

    def reaches(self, other, seconds):
        """How long until a ping over the mesh is answered; Failed if it is not."""
        address = other.overlay()
        took = wait_until(lambda: self.lab.run(
            self.namespace, "ping", "-c1", "-W0.3", address)[0] == 0, seconds)
        if took is None:
            raise Failed("%s does not reach %s in %d s; peers: %s" % (
                self.name, other.name, seconds, self.run("peers")[1]))
        return took

    def comes_to(self, other, path, seconds):
        """How long until the path to a peer is of this kind; Failed if never."""
        took = wait_until(lambda: self.path(other) == path, seconds, every=0.1)
        if took is None:
            raise Failed("%s to %s is %s after %d s, not %s; peers: %s" % (
                self.name, other.name, self.path(other), seconds, path,
                self.run("peers")[1]))
        return took


class Mesh:
    """An authority without a network, lighthouses, and parties that are up.

    `lighthouses` maps names to public addresses, `parties` and `others` list names
    that get a bundle; only `parties` join. `init` are more words for `ca init`, `sign` for signing
    lighthouses. All of them are namespaces that exist; the hosts are in .lighthouses and .parties,
    by name, `machine` for the parties.
    """

    def __init__(self, lab, lighthouses, parties, others=(), init=(), sign=(), machine=Host):
        self.lab = lab
        lab.namespace("you")
        self.authority = Host(lab, "you")
        self.authority.tell("ca", "init", "study", "--no-passphrase", *init)
        for name, address in lighthouses.items():
            self.authority.tell("sign", name, "--lighthouse", "--public",
                                "%s:7717" % address, *sign)
        self.authority.tell("sign", *parties, *others)
        self.lighthouses = {name: Host(lab, name) for name in lighthouses}
        self.parties = {name: machine(lab, name) for name in parties}
        for name, host in self.lighthouses.items():
            host.tell("lighthouse", self.bundle(name))
        for name, host in self.parties.items():
            host.join(self.bundle(name))

    def bundle(self, name):
        return self.authority.state / (name + ".mpynet")


# MPyC

def alone(program, *args):
    """What a program prints when one party runs it."""
    done = subprocess.run([VENV / "bin" / "python", PROGRAMS / program, *map(str, args),
                           "-M1", "--no-log"], capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise Failed("%s with one party: %s" % (program, done.stderr.strip()))
    return done.stdout


class Computation:
    """One MPyC program, started by every party, with its output in files."""

    def __init__(self, lab, hosts, program, *args):
        self.lab, self.hosts, self.program, self.args = lab, hosts, program, args
        addresses = [host.overlay() for host in hosts]
        peers = [word for address in addresses
                 for word in ("-P", "%s:%d" % (address, MPYC_PORT))]
        self.files = [lab.dir / ("%s-%s.out" % (program, host.name)) for host in hosts]
        self.children = []
        for i, (host, file) in enumerate(zip(hosts, self.files)):
            with open(file, "w") as out:
                self.children.append(lab.spawn(
                    host.namespace, VENV / "bin" / "python", PROGRAMS / program,
                    *args, *peers, "-I", i, stdout=out, stderr=subprocess.STDOUT))

    def running(self):
        return all(child.poll() is None for child in self.children)

    def lines(self):
        """The lines that every party has printed so far: the fewest."""
        return min(len(results(file).splitlines()) for file in self.files)

    def compare(self, seconds):
        """Wait for the end; Failed unless all outputs equal a run of one party."""
        expected = alone(self.program, *without_pauses(self.args))
        for host, child, file in zip(self.hosts, self.children, self.files):
            try:
                status = child.wait(seconds)
            except subprocess.TimeoutExpired:
                raise Failed("%s on %s still runs after %d s; it has printed:\n%s" % (
                    self.program, host.name, seconds, file.read_text())) from None
            if status or results(file) != expected:
                raise Failed("%s on %s ended with %d and printed:\n%s\nalone:\n%s" % (
                    self.program, host.name, status, file.read_text(), expected))
        return expected


class StudyRun(Computation):
    """The same by `mpynet run`, for a study that every host has accepted."""

    def __init__(self, lab, hosts, study, program, *args):
        self.lab, self.hosts, self.program, self.args = lab, hosts, program, args
        self.files = [lab.dir / ("%s-%s.out" % (program, host.name)) for host in hosts]
        self.said = [lab.dir / ("%s-%s.err" % (program, host.name)) for host in hosts]
        self.children = []
        for host, file, said in zip(hosts, self.files, self.said):
            with open(file, "w") as out, open(said, "w") as err:
                self.children.append(lab.spawn(
                    host.namespace, *OWN_RUN, MPYNET, "--state", host.state, "run", study,
                    "--", VENV / "bin" / "python", PROGRAMS / program, *args,
                    stdout=out, stderr=err))


def results(file):
    """What the program printed, without MPyC's own lines, which have a date."""
    return "".join(line for line in file.read_text().splitlines(keepends=True)
                   if not re.match(r"\d{4}-\d\d-\d\d ", line))


def without_pauses(args):
    """The same computation without the time between its parts."""
    args = list(map(str, args))
    if "--every" in args:
        at = args.index("--every")
        del args[at:at + 2]
    return args


def need_program():
    """Say what is missing before anything is built."""
    if not os.access(MPYNET, os.X_OK):
        sys.exit("%s is not there: run make first" % MPYNET)
