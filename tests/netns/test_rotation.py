# SPDX-License-Identifier: GPL-3.0-or-later
"""The root is succeeded by another one, on real hosts and under a connection."""

import time

from lab import Failed, wait_until
from mesh import Host
from test_renewal import Pulse, network

OVERLAP = 30


def serial(host):
    return host.json("status")["serial"]


def the_root_is_rotated_under_a_connection(lab):
    you, (one, two) = network(lab, "90d")
    lighthouse = Host(lab, "lh")
    hosts = (one, two, lighthouse, you)
    one.reaches(two, 20)
    before = {host.name: serial(host) for host in hosts}
    pulse = Pulse(lab, one, two)
    you.tell("ca", "rotate", "--overlap", "%ds" % OVERLAP)
    began = time.monotonic()
    # The node that serves has no key of the new root until it is unlocked again.
    you.tell("down")
    you.tell("ca", "serve")
    for host in hosts:
        if wait_until(lambda: serial(host) != before[host.name], OVERLAP) is None:
            raise Failed("%s has no certificate of the new root: %s" % (
                host.name, host.tell("status")))
    took = time.monotonic() - began
    time.sleep(max(0, began + OVERLAP + 2 - time.monotonic()))     # the old root is gone
    pulse.end()
    for host in hosts:
        now = host.json("status")
        if now["expires"] < time.time() + 86400 or now.get("warnings"):
            raise Failed("%s is not well: %s" % (host.name, now))
    # And nothing of it is needed: who starts anew, and who comes now, finds the others.
    one.tell("down")
    one.tell("up", "--allow-all")
    one.reaches(two, 20)
    you.tell("sign", "party3")
    three = Host(lab, "party3", "lh")
    three.join(you.state / "party3.mpynet")
    three.reaches(one, 20)
    return "all moved after %.1f s, %d beats, the slowest %.0f ms" % (
        took, pulse.count, 1000 * pulse.longest)


SCENARIOS = [the_root_is_rotated_under_a_connection]
