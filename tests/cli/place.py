# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a test runs the program: a directory, its environment, a terminal."""

import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MPYNET = os.environ.get("MPYNET", str(ROOT / "build" / "mpynet"))

# What runs as root also listens in /run/mpynet, which is the machine's: here it sees a
# /run of its own.
OWN_RUN = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs run /run && exec "$0" "$@"'] \
    if os.geteuid() == 0 else []


class Skipped(Exception):
    """What the test needs is not on this machine."""


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return "status %d, out %r, err %r" % (self.status, self.out, self.err)


class Place:
    def __init__(self, directory):
        self.dir = directory
        self.state = directory / "state"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(directory), "TERM": "dumb",
                    "LC_ALL": "C.UTF-8", "MPYNET_STATE": str(self.state)}
        self.closing = []

    def close(self):
        for thing in reversed(self.closing):
            thing.close()

    def run(self, *words, text=None, env=None, timeout=120):
        done = subprocess.run([*OWN_RUN, MPYNET, *map(str, words)], cwd=self.dir, input=text or "",
                              env={**self.env, **(env or {})}, capture_output=True,
                              text=True, timeout=timeout)
        return Result(done.returncode, done.stdout, done.stderr)

    def does(self, *words, **more):
        """A command that has to work."""
        result = self.run(*words, **more)
        assert result.status == 0, result
        return result

    def fails(self, status, says, *words, **more):
        """A command that has to fail with this status, and a sentence that holds `says`."""
        result = self.run(*words, **more)
        assert result.status == status, result
        assert says in result.err, result
        return result

    def terminal(self, *words, **env):
        terminal = Terminal([*OWN_RUN, MPYNET, *map(str, words)], self.dir, {**self.env, **env})
        self.closing.append(terminal)
        return terminal


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, argv, directory, env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(directory)
            os.execvpe(argv[0], argv, env)
        self.seen = ""
        self.status = None

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def _read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:                 # the other side has ended
            return False
        self.seen += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", data.decode(errors="replace"))
        return bool(data)

    def wait(self, text, seconds=60):
        """Read until `text` is seen; it and what came before it are taken off."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            left = end - time.monotonic()
            assert left > 0 and (self._read(left) or text in self.seen), \
                "no %r in %r" % (text, self.seen)
        before, self.seen = self.seen.split(text, 1)
        return before

    def end(self, seconds=60):
        """Wait for the program's end: its status."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                return self.status
        raise AssertionError("it does not end; it has printed %r" % self.seen)

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
