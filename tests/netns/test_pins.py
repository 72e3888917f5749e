# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator of an authority certifies a second key for a member, and who has pinned the first."""

import shutil

from internet import Internet
from lab import Failed, wait_until
from mesh import Host, Mesh

LIGHTHOUSES = {"lh": "198.18.0.10"}
HOSTS = {"party1": "198.18.1.1", "party2": "198.18.2.1", "party3": "198.18.3.1",
         "elsewhere": "198.18.4.1"}


def certify_behind_its_back(mesh, lab):
    """A later certificate for party2, with another key: from a copy of the ledger that knows none."""
    shutil.copytree(mesh.authority.state, lab.dir / "copy")
    operator = Host(lab, "copy", "you")
    mesh.authority.tell("sign", "party2")
    operator.tell("sign", "nobody", "party2")
    return operator.state / "party2.mpynet"


def pings(host, address):
    return host.lab.run(host.namespace, "ping", "-c1", "-W0.3", address)[0] == 0


def a_pinned_key_is_never_replaced(lab):
    internet = Internet(lab)
    for name, address in {**LIGHTHOUSES, **HOSTS}.items():
        internet.host(name, address)
    mesh = Mesh(lab, LIGHTHOUSES, ["party1", "party3"])
    one, three = mesh.parties.values()
    bundle = certify_behind_its_back(mesh, lab)
    two, second = Host(lab, "party2"), Host(lab, "elsewhere")
    two.join(mesh.bundle("party2"))
    one.reaches(two, 20)
    three.reaches(two, 20)
    address, words = two.overlay(), two.json("status")["key_words"]
    if words not in one.tell("pin", "party2"):
        raise Failed("another key is pinned than party2 has: %s" % one.run("pin")[1])
    second.join(bundle)
    took = wait_until(lambda: pings(second, three.overlay()), 30)
    if took is None:
        raise Failed("who pinned nothing does not take the newer certificate")
    other = second.json("status")["key_words"]
    if wait_until(lambda: pings(second, one.overlay()), 5) is not None:
        raise Failed("who pinned the first key answers the second")
    if not pings(one, address):
        raise Failed("who is pinned is not reached any more: %s" % one.run("peers")[1])
    two.tell("down")
    if wait_until(lambda: not one.peer(two).get("connected"), 30) is None:
        raise Failed("who has gone is said to be there")
    one.tell("down")
    one.tell("up", "--allow-all")
    if wait_until(lambda: one.json("pin")["pins"][0]["state"] == "refused", 90, every=0.5) is None:
        raise Failed("the pin does not outlive the daemon: %s" % one.run("pin")[1])
    for command in ("status",), ("why", "party2"), ("pin",):
        _, out, _ = one.run("--json", *command)
        if words not in out or other not in out:
            raise Failed("%s does not show both keys: %s" % (command, out))
    if "mpynet_pins_refused_total" not in one.tell("metrics"):
        raise Failed("metrics do not count it")
    one.tell("unpin", "party2")
    if wait_until(lambda: pings(second, one.overlay()), 30) is None:
        raise Failed("the newer certificate is not taken when the pin is gone")
    if "another until now" not in one.tell("pin", "party2", words):
        raise Failed("it is not said that the key in use is another one")
    if wait_until(lambda: not pings(second, one.overlay()), 10) is None:
        raise Failed("a session goes on that a new pin speaks against")
    return "the unpinned took the second key after %.1f s" % took


SCENARIOS = (a_pinned_key_is_never_replaced,)
