# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab: network namespaces and what runs in them, gone when it is over.

Every namespace is called mng<pid>-<name>, after the process that made it (other
families of labs have other letters), so that several labs live side by side and
nobody removes what another one made.
Addresses exist inside the namespaces only. The lab's files are in one directory
below /tmp, whose name is short because control sockets live there.

    with Lab() as lab:
        lab.namespace("party1")
        lab.run("party1", "ping", "-c1", "198.18.0.1")

On the way out, also by SIGINT, SIGTERM or SIGHUP, what runs in the namespaces
is ended, the namespaces are removed, and the directory with them.
"""

import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """A command of the lab's own did not do what it had to."""


def sh(*argv, check=True, timeout=30, **more):
    """Run a command of the host; its output as text."""
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=timeout, **more)
    if check and done.returncode:
        raise Failed("%s: status %d: %s" % (" ".join(map(str, argv)), done.returncode,
                                            done.stdout.strip()))
    return done.stdout


def namespaces(prefix):
    """The full names of the namespaces of one lab."""
    return [line.split()[0] for line in sh("ip", "netns", "list").splitlines()
            if line.startswith(prefix + "-")]


def end_processes(names):
    """Ask what runs in the namespaces to end, and insist after two seconds."""
    for sig, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0)):
        deadline = time.monotonic() + patience
        pids = pids_in(names)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sig)
        while pids and time.monotonic() < deadline:
            time.sleep(0.05)
            pids = pids_in(names)


def pids_in(names):
    return [int(pid) for name in names
            for pid in sh("ip", "netns", "pids", name, check=False).split()
            if pid.isdigit()]


def remove(prefix):
    """Remove everything that a lab of this name made."""
    names = namespaces(prefix)
    end_processes(names)
    for name in names:
        sh("ip", "netns", "del", name, check=False)
    shutil.rmtree("/tmp/" + prefix, ignore_errors=True)


class Lab:
    def __init__(self, family="mng"):
        self.prefix = "%s%d" % (family, os.getpid())
        self.dir = pathlib.Path("/tmp") / self.prefix
        self.keep = False
        self.children = []
        self.before = {}

    def __enter__(self):
        if self.dir.exists():           # a process of the same number left it
            raise Failed("%s is in the way: %s --remove %s" % (
                self.dir, pathlib.Path(__file__).with_name("demo"), self.prefix))
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.before[sig] = signal.signal(sig, self._interrupted)
        self.dir.mkdir(mode=0o700)
        return self

    def __exit__(self, *_):
        # A second Ctrl-C must not leave half of the lab behind.
        for sig in self.before:
            signal.signal(sig, signal.SIG_IGN)
        if not self.keep:
            remove(self.prefix)
            for child in self.children:
                child.wait()
        for sig, handler in self.before.items():
            signal.signal(sig, handler)

    @staticmethod
    def _interrupted(sig, _frame):
        raise SystemExit(128 + sig)

    # Namespaces

    def full(self, name):
        return "%s-%s" % (self.prefix, name)

    def namespace(self, name):
        sh("ip", "netns", "add", self.full(name))
        self.ip(name, "link set lo up")

    def ip(self, name, command):
        return sh("ip", "-n", self.full(name), *command.split())

    def link(self, one, one_device, other, other_device):
        """A veth pair between two namespaces, up at both ends."""
        self.ip(one, "link add %s type veth peer name %s netns %s"
                % (one_device, other_device, self.full(other)))
        self.ip(one, "link set %s up" % one_device)
        self.ip(other, "link set %s up" % other_device)

    def nft(self, name, rules):
        sh("ip", "netns", "exec", self.full(name), "nft", "-f", "-", input=rules)

    def sysctl(self, name, **settings):
        """Dots of a name are written as two underscores."""
        words = ["%s=%s" % (key.replace("__", "."), value)
                 for key, value in settings.items()]
        sh("ip", "netns", "exec", self.full(name), "sysctl", "-q", "-w", *words)

    # Processes and sockets

    def logs(self):
        """The last lines of every log below the lab's directory, for a person."""
        said = []
        for log in sorted(self.dir.glob("**/log")) + sorted(self.dir.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-15:]
            said += ["    %s: %s" % (log.relative_to(self.dir), line) for line in lines]
        return "\n".join(said)

    def argv(self, name, argv):
        return ["ip", "netns", "exec", self.full(name), *map(str, argv)]

    def run(self, name, *argv, timeout=60, **more):
        """Run to the end in a namespace: (status, stdout, stderr)."""
        done = subprocess.run(self.argv(name, argv), capture_output=True, text=True,
                              timeout=timeout, **more)
        return done.returncode, done.stdout, done.stderr

    def spawn(self, name, *argv, **more):
        """Start something in a namespace; it ends with the lab at the latest."""
        child = subprocess.Popen(self.argv(name, argv), text=True, **more)
        self.children.append(child)
        return child

    @contextlib.contextmanager
    def inside(self, name):
        """This thread is in the namespace; a socket made here stays there."""
        with open("/proc/thread-self/ns/net") as home, \
                open("/run/netns/" + self.full(name)) as there:
            setns(there)
            try:
                yield
            finally:
                setns(home)

    def udp(self, name, address="0.0.0.0", port=0):
        """A UDP socket that lives in a namespace."""
        with self.inside(name):
            s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                              socket.SOCK_DGRAM)
        s.bind((address, port))
        return s


def setns(file):
    if LIBC.setns(file.fileno(), CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def wait_until(condition, seconds, every=0.05):
    """The seconds it took until condition() was true, or None if it never was."""
    start = time.monotonic()
    while True:
        if condition():
            return time.monotonic() - start
        if time.monotonic() - start > seconds:
            return None
        time.sleep(every)
