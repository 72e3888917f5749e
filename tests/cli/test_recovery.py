# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/recovery.md does what it says: each of its chapters is run as it stands there."""

import os
import re
import shutil
import subprocess

from authority import DONE, LIGHTHOUSE, SmallHost, check, fault_library
from place import MPYNET, ROOT

PASSPHRASE = "correct horse battery"

# `mpynet` as somebody calls it who types the passphrase where one is asked for.
WRAPPER = """#!/bin/sh
case "$1 $2" in
"ca init" | "ca backup" | "ca restore" | sign* | revoke*)
	exec %s "$@" --passphrase-fd 3 3<%s ;;
esac
exec %s "$@"
"""


def chapter(title):
    """The lines of its boxes, as (machine, command)."""
    text = (ROOT / "docs" / "recovery.md").read_text()
    for part in re.split(r"^## ", text, flags=re.M):
        if part.startswith(title + "\n") or (title == "" and part.startswith("# ")):
            boxes = re.findall(r"^```\n(.*?)^```", part, flags=re.M | re.S)
            lines = "".join(boxes).splitlines()
            check(lines, "no commands in", title)
            return [tuple(line.split("$ ", 1)) for line in lines]
    raise AssertionError("docs/recovery.md has no chapter %r" % title)


class World:
    """A network as the page begins: an authority, a lighthouse and two parties."""

    def __init__(self, place):
        self.dir = place.dir
        tools = self.dir / "tools"
        tools.mkdir()
        passphrase = tools / "passphrase"
        passphrase.write_text(PASSPHRASE + "\n")
        (tools / "mpynet").write_text(WRAPPER % (MPYNET, passphrase, MPYNET))
        (tools / "mpynet").chmod(0o755)
        self.path = "%s:%s" % (tools, os.environ["PATH"])
        self.run("you", "mpynet ca init study")
        self.run("you", "mpynet sign lh --lighthouse --public vpn.example.org:7717")
        self.run("you", "mpynet sign party1 party2")
        for machine, name in ("vps", "lh"), ("party1", "party1"), ("party2", "party2"):
            self.run(machine, "mpynet join %s.mpynet" % name)
        for name in "lh", "party1", "party2":       # handed over
            (self.dir / "you" / (name + ".mpynet")).unlink()

    def carry(self, machine, command):
        """The files that a command names and another machine wrote."""
        here = self.dir / machine
        here.mkdir(exist_ok=True)
        read = command.split(">")[0]
        for word in re.findall(r"[a-z0-9]+\.[a-z]+", read):
            there = [p for p in self.dir.glob("*/" + word) if p.parent != here]
            if there and not (here / word).exists() and " backup " not in read:
                shutil.copy2(max(there, key=lambda p: p.stat().st_mtime), here / word)

    def run(self, machine, command):
        self.carry(machine, command)
        env = {**os.environ, "PATH": self.path, "NO_COLOR": "1",
               "MPYNET_STATE": str(self.dir / machine / "state"),
               "LD_PRELOAD": fault_library(), "FAULT_RAM": str(64 << 20)}
        done = subprocess.run(["sh", "-c", "umask 077; " + command], cwd=self.dir / machine, env=env, text=True,
                              capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
        check(done.returncode == DONE, machine, "$", command, "ended with", done.returncode,
              done.stdout, done.stderr)
        return done.stdout

    def follow(self, title):
        """Everything that the chapter prints."""
        return "".join(self.run(*line) for line in chapter(title))


def test_recovery_from_a_lost_lighthouse(place):
    world = World(place)
    check("vpn2.example.org:7717" in world.follow("A lost lighthouse"))


def test_recovery_from_a_lost_authority(place):
    world = World(place)
    world.follow("")
    world.run("you", "mpynet revoke party2")
    world.run("you", "mpynet ca export --network-state > study.state")  # as any host has it
    shutil.move(world.dir / "you" / "state", world.dir / "lost")
    lines = [line for line in chapter("A lost authority") if line[0] == "spare"]
    out = "".join(world.run(*line) for line in lines)
    check("party2" in out and "study" in out and "revoked" in out, out)
    world.run("party4", "mpynet join party4.mpynet")


def test_recovery_from_a_stolen_authority(place):
    world = World(place)
    for name in "lh", "party1", "party2":       # the old bundles are of no use
        for old in world.dir.glob("*/%s.mpynet" % name):
            old.unlink()
    world.follow("A stolen authority")
    out = world.run("party1", "mpynet inspect party1.mpynet")
    check("study2" in out or "vpn.example.org" in out, out)


def test_recovery_from_a_lost_host(place):
    world = World(place)
    for old in world.dir.glob("*/party2.mpynet"):
        old.unlink()
    world.follow("A lost host")
