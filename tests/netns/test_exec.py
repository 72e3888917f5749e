# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs in the mesh without root: an unprivileged user, and mpynet only unpacked."""

import json
import os
import shutil
import signal
import subprocess
import sys

from internet import Internet, home, home_behind_carrier
from lab import Failed, wait_until
from mesh import (MPYC_PORT, MPYNET, OWN_RUN, PROGRAMS, VENV, Host, alone, results)

LIGHTHOUSE = "198.18.0.10"
USER = 54321

# A user who owns nothing but a directory, and no capability now or later.
UNPRIVILEGED = ("setpriv", "--reuid=%d" % USER, "--regid=%d" % USER, "--clear-groups",
                "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all")


class User(Host):
    """Somebody without rights on a machine where mpynet was only unpacked."""

    def __init__(self, lab, name):
        super().__init__(lab, name)
        os.chown(self.state, USER, USER)
        self.program = lab.dir / "mpynet"

    def words(self, *words):
        return (*UNPRIVILEGED, self.program, "--state", self.state, *words)

    def run(self, *words, **more):
        return self.lab.run(self.namespace, *self.words(*words), cwd=self.state, **more)

    def start(self, *program, **more):
        return self.lab.spawn(self.namespace, *self.words("exec", "--", *program),
                              cwd=self.state, **more)

    def take(self, bundle):
        own = self.state / bundle.name
        shutil.copy(bundle, own)
        os.chown(own, USER, USER)
        return own


class Place:
    """A lighthouse, and users, each behind a NAT of its kind; None: nothing at all."""

    def __init__(self, lab, names, kinds=("linux", None, "linux-frandom")):
        self.lab = lab
        lab.dir.chmod(0o711)
        shutil.copy(MPYNET, lab.dir / "mpynet")
        internet = Internet(lab)
        internet.host("lh", LIGHTHOUSE)
        lab.namespace("you")
        authority = Host(lab, "you")
        authority.tell("ca", "init", "study", "--no-passphrase")
        authority.tell("sign", "lh", "--lighthouse", "--public", LIGHTHOUSE + ":7717")
        authority.tell("sign", *names)
        Host(lab, "lh").tell("lighthouse", authority.state / "lh.mpynet")
        for i, (name, kind) in enumerate(zip(names, kinds), 1):
            address = "198.18.%d.1" % i
            if kind == "carrier":
                home_behind_carrier(internet, name, address)
            elif kind:
                home(internet, name, address, kind)
            else:
                internet.host(name, address)
        self.users = [User(lab, name) for name in names]
        for user in self.users:
            user.tell("join", user.take(authority.state / (user.name + ".mpynet")))

    def processes(self):
        """Those of users that are mpynet's; other scenarios that run have their own."""
        return [pid for pid in pids_of(USER) if exe_of(pid) == str(self.lab.dir / "mpynet")]

    def clean(self, user, before):
        """Failed unless nothing of mpynet is left on the user's machine."""
        def left():
            return self.lab.run(user.namespace, "ip", "-o", "link")[1] != before or \
                self.processes()
        if wait_until(lambda: not left(), 20) is None:
            raise Failed("left behind: %s" % left())


def pids_of(uid):
    for entry in os.scandir("/proc"):
        try:
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                yield int(entry.name)
        except FileNotFoundError:
            pass


def field_of(pid, file):
    try:
        with open("/proc/%d/%s" % (pid, file)) as f:
            return f.read()
    except OSError:
        return ""


def exe_of(pid):
    try:
        return os.readlink("/proc/%d/exe" % pid)
    except OSError:                     # it has ended
        return ""


def links(lab, user):
    return lab.run(user.namespace, "ip", "-o", "link")[1]


def without_root_a_program_has_the_mesh_and_nothing_else(lab):
    place = Place(lab, ["party1", "party2"])
    one, two = place.users
    before = links(lab, one)
    status, out, _ = one.run("up")
    if status != 4 or "exec" not in one.run("up")[2]:
        raise Failed("up without root ended with %d and does not say what would do" % status)
    status, out, err = one.run("exec", "--", "ip", "-json", "address")
    seen = {link["ifname"]: [a["local"] for a in link["addr_info"]] for link in json.loads(out)}
    if status or len(seen) != 2 or "127.0.0.1" not in seen.pop("lo"):
        raise Failed("a program sees %s: %s" % (out, err))
    status, out, _ = one.run("exec", "--", "sh", "-c", "id -u; grep CapEff /proc/self/status")
    if out.split() != [str(USER), "CapEff:", "0" * 16]:
        raise Failed("the program is more than its user: %s" % out)
    if links(lab, one) != before:
        raise Failed("the machine has another interface now")
    for program, expected in ((("sh", "-c", "exit 7"), 7), (("/nothing/there",), 127),
                              (("/",), 126), (("sh", "-c", "kill -TERM $$"), 128 + 15)):
        status = one.run("exec", "--", *program)[0]
        if status != expected:
            raise Failed("exec -- %s ended with %d, not %d" % (program, status, expected))
    place.clean(one, before)
    two.tell("up", "--namespace", "--allow-all")
    address = two.overlay()
    server = two.start(sys.executable, "-c", "import socket\n"
                       "s = socket.create_server(('', 5000)); print('ready', flush=True)\n"
                       "c = s.accept()[0]; c.sendall(c.recv(100) * 2)", stdout=subprocess.PIPE)
    server.stdout.readline()
    client = ("import socket, sys\ns = socket.create_connection((sys.argv[1], 5000), 20)\n"
              "s.sendall(b'word'); print(s.recv(100).decode())")
    status, out, err = one.run("exec", "--", sys.executable, "-c", client, address)
    if status or out != "wordword\n" or server.wait(20):
        raise Failed("a program of party1 talks to one of party2: %d %s %s" % (status, out, err))
    if two.json("status")["attached"] != 0:
        raise Failed("the node of party2 believes that a program still runs")
    two.tell("down")
    place.clean(two, links(lab, two))


def programs_share_a_node_and_the_last_one_ends_it(lab):
    place = Place(lab, ["party1"])
    user, = place.users
    before = links(lab, user)
    running = [user.start("sh", "-c", "ip -o link show; read word", stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) for _ in range(5)]
    seen = {child.stdout.readline() + child.stdout.readline() for child in running}
    if len(seen) != 1 or user.json("status")["attached"] != 5:
        raise Failed("five programs see %s" % seen)
    for child in running[:4]:
        child.stdin.close()
        child.wait(20)
    status = user.json("status")
    if status["attached"] != 1 or not status["transient"]:
        raise Failed("with one of five programs left: %s" % status)
    # Killed, mpynet takes its program along, and with it the node.
    for pid in place.processes():
        if "exec" in field_of(pid, "cmdline").split("\0") and pid != status["pid"]:
            os.kill(pid, signal.SIGKILL)
    running[4].wait(20)
    place.clean(user, before)
    # A node that is killed leaves a program without a mesh, which is told.
    child = user.start("sleep", "1000", stderr=subprocess.PIPE)
    if wait_until(lambda: user.run("status")[0] == 0, 20) is None:
        raise Failed("no node runs beside the program")
    os.kill(user.json("status")["pid"], signal.SIGKILL)
    if "no mesh any more" not in child.stderr.readline():
        raise Failed("nobody was told that the node has ended")
    child.terminate()
    if child.wait(20) != 128 + signal.SIGTERM:
        raise Failed("a terminated program's status is %d" % child.returncode)
    place.clean(user, before)


def where_no_namespace_may_be_made_it_says_what_would_do(lab):
    place = Place(lab, ["party1"])
    user, = place.users
    forbid = ("unshare", "--user", "--map-root-user", "sh", "-c",
              'echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" "$@"')
    status, _, err = lab.run(user.namespace, *UNPRIVILEGED[:4], *forbid, *user.words(
        "exec", "--", "true")[len(UNPRIVILEGED):], cwd=user.state)
    if "root" not in err or status == 0:
        raise Failed("without namespaces: %d %s" % (status, err))
    # Without the device: a /dev in which it does not exist.
    status, _, err = lab.run(user.namespace, "unshare", "--mount", "sh", "-c",
                             'mount -t tmpfs none /dev/net && exec "$0" "$@"',
                             *user.words("exec", "--", "true"), cwd=user.state)
    if "/dev/net/tun is missing" not in err or status != 6:
        raise Failed("without a TUN: %d %s" % (status, err))
    # And one that is root's alone.
    status, _, err = lab.run(user.namespace, "unshare", "--mount", "sh", "-c",
                             'mount -t tmpfs none /dev/net && mknod -m 600 /dev/net/tun c 10 200 '
                             '&& exec "$0" "$@"', *user.words("exec", "--", "true"),
                             cwd=user.state)
    if "may not open /dev/net/tun" not in err or status == 0:
        raise Failed("with a TUN that is root's: %d %s" % (status, err))


def three_users_compute_with_mpyc(lab):
    place = Place(lab, ["party1", "party2", "party3"])
    shutil.copy(PROGRAMS / "survey.py", lab.dir / "survey.py")
    (lab.dir / "venv").mkdir()
    mounted = (*OWN_RUN[:2], 'mount --bind %s %s && exec "$0" "$@"' % (VENV, lab.dir / "venv"))
    for user in place.users:
        user.tell("up", "--namespace", "--allow-all")
    peers = [w for user in place.users for w in ("-P", "%s:%d" % (user.overlay(), MPYC_PORT))]
    files = [lab.dir / (user.name + ".out") for user in place.users]
    children = []
    for i, (user, file) in enumerate(zip(place.users, files)):
        with open(file, "w") as out:
            children.append(lab.spawn(
                user.namespace, *mounted, *user.words(
                    "exec", "--", lab.dir / "venv/bin/python", lab.dir / "survey.py", *peers,
                    "-I", i), stdout=out, stderr=subprocess.STDOUT, cwd=user.state))
    expected = alone("survey.py")
    for user, child, file in zip(place.users, children, files):
        if child.wait(120) or results(file) != expected:
            raise Failed("%s printed %s, and alone it is %s" % (
                user.name, file.read_text(), expected))


def studies_are_decided_where_no_node_runs(lab):
    """What `study accept` says is kept, by a node that is gone again when the command ends."""
    place = Place(lab, ["party1", "party2"])
    first, second = place.users
    before = [links(lab, user) for user in place.users]
    second.tell("up", "--namespace")
    first.tell("study", "new", "salaries", "--parties", "party1,party2", "--out",
               first.state / "s.study")
    second.tell("down")
    if "salaries" not in first.tell("study", "list"):
        raise Failed("what was decided is forgotten: %s" % first.tell("study", "list"))
    shutil.copy(first.state / "s.study", second.state / "s.study")
    second.tell("study", "accept", second.state / "s.study")
    if "accepted" not in second.tell("study", "list"):
        raise Failed("what was accepted is forgotten")
    first.tell("study", "close", "salaries")
    if "closed" not in first.tell("study", "list"):
        raise Failed("what was closed is forgotten")
    for user, were in zip(place.users, before):
        if user.run("status")[0] != 3:
            raise Failed("a node of %s is left" % user.name)
        place.clean(user, were)


SCENARIOS = (
    without_root_a_program_has_the_mesh_and_nothing_else,
    programs_share_a_node_and_the_last_one_ends_it,
    where_no_namespace_may_be_made_it_says_what_would_do,
    studies_are_decided_where_no_node_runs,
    three_users_compute_with_mpyc,
)
