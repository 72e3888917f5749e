# SPDX-License-Identifier: GPL-3.0-or-later
"""A wire in the middle of the Internet that loses, repeats, delays and spoils packets."""

import os
import pathlib
import subprocess

from lab import Failed
from mesh import ROOT

PROGRAM = pathlib.Path(os.environ.get("MPYNET_BUILD", ROOT / "build")) / "badwire"
DEVICE = "bad"
TABLE = 100


class BadWire:
    """What comes from some lines goes over it, whatever it is; tests/netns/badwire.c says what
    may be set. It is a good one at first."""

    def __init__(self, internet, lines, **knobs):
        self.lab, self.where = internet.lab, internet.name
        self.child = self.lab.spawn(self.where, PROGRAM, DEVICE, 1, stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE)
        if self.child.stdout.readline() != "ready\n":
            raise Failed("there is no bad wire")
        # What comes out of it came from elsewhere by the tables.
        self.lab.sysctl(self.where, net__ipv4__conf__all__rp_filter=0,
                        **{"net__ipv4__conf__%s__rp_filter" % DEVICE: 0})
        self.lab.ip(self.where, "link set %s mtu 1500 txqueuelen 10000 up" % DEVICE)
        for family in ("-4", "-6"):
            self._ip(family, "route add default dev %s table %d" % (DEVICE, TABLE))
            for line in lines:
                self._ip(family, "rule add iif %s lookup %d" % (line.port, TABLE))
        self.set(**knobs)

    def _ip(self, family, command):
        self.lab.ip(self.where, family + " " + command)

    def set(self, **knobs):
        """Once it returns, that is how the wire is."""
        for name, value in knobs.items():
            line = "%s %d\n" % (name, value)
            self.child.stdin.write(line)
            self.child.stdin.flush()
            if self.child.stdout.readline() != line:
                raise Failed("the bad wire does not know %s" % name)

    def mtu(self, size):
        """Whoever sends more is told so."""
        self.lab.ip(self.where, "link set %s mtu %d" % (DEVICE, size))

    def end(self):
        """The wire is cut; what it has done, by name."""
        self.child.stdin.close()
        told = dict(line.split() for line in self.child.stdout)
        self.child.wait()
        return {name: int(count) for name, count in told.items()}
