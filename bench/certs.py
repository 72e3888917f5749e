#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an authority takes for many certificates: issued, listed, revoked, distributed.

    certs.py [COUNT]    10,000 by default

Every step is the program as people run it, on a state in memory (/dev/shm), so that the
times are the program's and not the disk's. The output is the table of docs/scaling.md.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

MPYNET = os.environ["MPYNET"]
AT_ONCE = 250           # names in one command
NAMED = 1000            # revoked by name; what is older than something, all at once


class Authority:
    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.rows = []

    def run(self, *words, state="ca"):
        done = subprocess.run([MPYNET, "--state", self.dir / state, *map(str, words)], cwd=self.dir,
                              capture_output=True)
        if done.returncode != 0:
            sys.exit("%s: %s" % (" ".join(map(str, words[:4])), done.stderr.decode()))
        return done.stdout

    def step(self, what, count, work):
        begin = time.monotonic()
        work()
        seconds = time.monotonic() - begin
        self.rows.append((what, count, seconds))
        print("| %s | %d | %.2f | %.2f |" % (what, count, seconds, seconds * 1000 / count),
              flush=True)

    def in_batches(self, verb, names):
        for i in range(0, len(names), AT_ONCE):
            self.run(verb, *names[i:i + AT_ONCE])


def size(path):
    return "%.1f" % (path.stat().st_size / 1024)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    named = min(NAMED, count // 2)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="mpynet-certs-", dir=memory) as directory:
        ca = Authority(directory)
        ca.run("ca", "init", "study", "--no-passphrase")
        ca.run("sign", "lh", "--lighthouse", "--public", "vpn.example.org:7717")
        names = ["host%05d" % i for i in range(count)]
        print("| | certificates | s | ms each |\n|---|--:|--:|--:|")
        ca.step("issued, with keys and bundles", count, lambda: ca.in_batches("sign", names))
        ca.step("listed", count, lambda: ca.run("ca", "list"))
        ca.step("verified (`ca log --verify`)", count, lambda: ca.run("ca", "log", "--verify"))
        ca.step("backed up", count,
                lambda: ca.run("ca", "backup", "a.backup", "--no-passphrase"))
        ca.step("restored", count, lambda: ca.run("ca", "restore", "a.backup", state="other"))
        ca.run("join", "%s.mpynet" % names[-1], state="host")
        # Every second one, so that no two serial numbers are one range.
        ca.step("revoked by name", named, lambda: ca.in_batches("revoke", names[:2 * named:2]))
        state = ca.dir / "study.state"
        ca.step("state written", named,
                lambda: state.write_bytes(ca.run("ca", "export", "--network-state")))
        ca.step("state verified and kept by a host", named,
                lambda: ca.run("join", state, state="host"))
        print("\nledger %s KiB, backup %s KiB, state %s KiB as text" %
              (size(ca.dir / "ca" / "ca.db"), size(ca.dir / "a.backup"), size(state)))


main()
