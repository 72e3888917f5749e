# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that relay, and sites that need no lighthouse."""

from internet import Internet, home
from lab import Failed, wait_until
from mesh import Host

LIGHTHOUSE = "198.18.0.10"
RELAYS = {"relay1": "198.18.0.11", "relay2": "198.18.0.12"}
PARTIES = {"party1": "198.18.1.1", "party2": "198.18.1.2"}


def authority(lab):
    lab.namespace("you")
    you = Host(lab, "you")
    you.tell("ca", "init", "study", "--no-passphrase")
    return you


def relay_between(one, other):
    """The name of the relay in use, or None."""
    path = one.peer(other).get("path", {})
    return path.get("relay") if path.get("kind") == "relay" else None


def comes_over(one, other, names, seconds):
    took = wait_until(lambda: relay_between(one, other) in names, seconds, every=0.1)
    if took is None:
        raise Failed("%s to %s: %s, not over %s: %s" % (
            one.name, other.name, one.path(other), names, one.run("peers")[1]))
    return relay_between(one, other), took


def relaying(host):
    return host.json("status").get("relaying", {})


def a_node_relays_where_no_lighthouse_does(lab):
    """Two parties behind the hardest NATs, two nodes that may relay: one carries,
    and when it is gone the other one does."""
    internet = Internet(lab)
    internet.host("lh", LIGHTHOUSE)
    for name, address in RELAYS.items():
        internet.host(name, address)
    for name, address in PARTIES.items():
        home(internet, name, address, "linux-frandom")
    you = authority(lab)
    you.tell("sign", "lh", "--lighthouse", "--no-relay", "--public", LIGHTHOUSE + ":7717")
    you.tell("sign", *RELAYS, "--relay")
    you.tell("sign", *PARTIES)
    hosts = {name: Host(lab, name) for name in ("lh", *RELAYS, *PARTIES)}
    hosts["lh"].tell("lighthouse", you.state / "lh.mpynet")
    for name in (*RELAYS, *PARTIES):
        hosts[name].join(you.state / (name + ".mpynet"))
    one, two = hosts["party1"], hosts["party2"]

    took = one.reaches(two, 20)
    first, _ = comes_over(one, two, set(RELAYS), 10)
    if not internet.between(PARTIES["party1"], RELAYS[first]):
        raise Failed("nothing was seen to go to %s" % first)
    if internet.between(*PARTIES.values()) > 400:
        raise Failed("%d packets between the parties" % internet.between(*PARTIES.values()))
    carried = relaying(hosts[first])
    if not carried.get("circuits") or not carried.get("bytes"):
        raise Failed("%s says that it relays %s" % (first, carried))
    if "relaying" in one.json("status"):
        raise Failed("a party that is not certified for it relays")

    # Its operator has it relay no more; then the other one's power fails.
    hosts[first].tell("set", "relay", "no")
    second, turned = comes_over(one, two, set(RELAYS) - {first}, 15)
    one.reaches(two, 10)
    hosts[first].tell("set", "relay", "yes")
    hosts[second].crash()
    left = wait_until(lambda: relay_between(one, two) != second, 30, every=0.1)
    if left is None:
        raise Failed("%s is still used" % second)
    return "first answer after %.1f s, over %s, %.1f s later over %s, left after %.1f s" % (
        took, first, turned, second, left)


def two_on_a_link_need_no_lighthouse(lab):
    """A switch with two machines on it, and nothing else in the world."""
    lab.namespace("switch")
    lab.ip("switch", "link add lan type bridge mcast_snooping 0")
    lab.ip("switch", "link set lan up")
    for i, name in enumerate(PARTIES):
        lab.namespace(name)
        lab.link("switch", "port%d" % i, name, "eth0")
        lab.ip("switch", "link set port%d master lan" % i)
        lab.ip(name, "addr add 192.168.1.%d/24 dev eth0" % (10 + i))
    you = authority(lab)
    you.tell("sign", "lh", "--lighthouse", "--public", LIGHTHOUSE + ":7717")
    you.tell("sign", *PARTIES)
    one, two = (Host(lab, name) for name in PARTIES)
    for host in (one, two):
        host.run("up", "--allow-all", you.state / (host.name + ".mpynet"))

    took = wait_until(lambda: one.run("ping", two.name, "--count", "1")[0] == 0, 30)
    if took is None:
        raise Failed("no answer: %s" % one.run("ping", two.name, "--count", "1")[2])
    if one.path(two) != "lan":
        raise Failed("the path is %s" % one.path(two))
    one.reaches(two, 5)

    # Elsewhere on the same switch, and told so by nobody but the machine itself.
    lab.ip(two.name, "addr flush dev eth0")
    lab.ip(two.name, "addr add 192.168.1.77/24 dev eth0")
    one.reaches(two, 30)
    return "answered after %.1f s" % took


SCENARIOS = (a_node_relays_where_no_lighthouse_does, two_on_a_link_need_no_lighthouse)
