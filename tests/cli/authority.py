# SPDX-License-Identifier: GPL-3.0-or-later
"""Authorities and hosts: directories with a state in each, judged by what they say."""

import json
import os
import pathlib
import subprocess

from place import MPYNET, ROOT

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("MPYNET_BUILD", ROOT / "build"))

DONE, NO, USAGE, NO_DAEMON, PERMISSION, TIMEOUT, CONFIG = range(7)


class Failed(Exception):
    """What a test expected and did not see."""


def check(true, *words):
    if not true:
        raise Failed(" ".join(map(str, words)))


class Host:
    """A directory, with the state of one host or authority in it."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.state = self.path / "state"

    def environment(self, **more):
        return {**os.environ, "NO_COLOR": "1", **more}

    def words(self, *words):
        """What a shell would be given."""
        return [MPYNET, "--state", str(self.state), *map(str, words)]

    def run(self, *words, env=None, **more):
        """(status, stdout, stderr). There is no terminal to ask on."""
        more.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run(self.words(*words), cwd=self.path, text=True, capture_output=True, timeout=120,
                              start_new_session=True, env=self.environment(**(env or {})),
                              **more)
        return done.returncode, done.stdout, done.stderr

    def tell(self, *words, **more):
        """A command that has to work; what it prints."""
        status, out, err = self.run(*words, **more)
        check(status == DONE, words, "ended with", status, err)
        return out

    def json(self, *words, **more):
        return json.loads(self.tell("--json", *words, **more))

    def refuse(self, status, phrase, *words, **more):
        """A command that has to fail with one sentence that holds `phrase`."""
        got, _, err = self.run(*words, **more)
        lines = err.splitlines()
        said = [line for line in lines if line.startswith("mpynet: ")]
        check(got == status, words, "ended with", got, "instead of", status, err)
        check(len(said) == 1 and phrase in said[0], words, "said", repr(err),
              "and not", repr(phrase))
        check("  " not in said[0].strip() and len(said[0]) < 400, "no sentence:", said[0])

    def unlocked(self, passphrase, *words):
        """(status, stdout, stderr) of a command that gets this passphrase."""
        reader, writer = os.pipe()
        os.write(writer, passphrase.encode() + b"\n")
        os.close(writer)
        try:
            return self.run(*words, "--passphrase-fd", reader, pass_fds=[reader])
        finally:
            os.close(reader)

    def file(self, name, text):
        path = self.path / name
        path.write_text(text)
        return path


class SmallHost(Host):
    """A machine with so little memory that a key is derived from a passphrase at once."""

    def environment(self, **more):
        return super().environment(LD_PRELOAD=fault_library(), FAULT_RAM=str(64 << 20), **more)


def fault_library():
    """The library that stands between mpynet and the kernel; fault.c says what it can do."""
    made, source = BUILD / "cli" / "fault.so", HERE / "fault.c"
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        made.parent.mkdir(parents=True, exist_ok=True)
        new = made.with_suffix(".%d" % os.getpid())     # others may make it at once
        subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC",
                        "-o", new, source, "-ldl"], check=True)
        os.replace(new, made)
    return str(made)


def authority(path, *signed):
    """An authority without a passphrase, which has signed these."""
    ca = Host(path)
    ca.tell("ca", "init", "study", "--no-passphrase")
    for words in signed:
        ca.tell("sign", *words)
    return ca


LIGHTHOUSE = ("lh", "--lighthouse", "--public", "vpn.example.org:7717")
