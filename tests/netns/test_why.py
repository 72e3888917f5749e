# SPDX-License-Identifier: GPL-3.0-or-later
"""What `mpynet why` says is the reason, where it can be seen from outside that it is.

Every reason has a story in the simulator; here are those that need no more than
routers, cuts and daemons that go away.
"""

import json
import re
import subprocess

from internet import Internet, home
from lab import Failed, wait_until
from mesh import Mesh

LIGHTHOUSE = "198.18.0.10"
ADDRESS = {name: "198.18.%d.1" % n for n, name in enumerate(
    ("party1", "party2", "party3", "party4"), 1)}


def build(lab, **sites):
    """A mesh of parties behind NATs of these kinds, None for a public host, all up."""
    internet = Internet(lab)
    internet.host("lh", LIGHTHOUSE)
    for name, kind in sites.items():
        if kind:
            home(internet, name, ADDRESS[name], kind)
        else:
            internet.host(name, ADDRESS[name])
    return internet, Mesh(lab, {"lh": LIGHTHOUSE}, list(sites), ["absent"])


def why(host, name):
    """The body of `why`, whatever the status: 1 is "not connected"."""
    status, out, err = host.run("--json", "why", name)
    if status not in (0, 1):
        raise Failed("%s$ mpynet why %s: status %d: %s" % (host.name, name, status, err))
    body = json.loads(out)
    if body["connected"] != (status == 0):
        raise Failed("status %d: %s" % (status, out))
    return body


def comes_to(host, other, word, end="here", seconds=30):
    """Wait until one end gives this reason; the body."""
    name = other if isinstance(other, str) else other.name
    last = {}

    def said():
        last.update(why(host, name))
        return last.get(end, {}).get("why") == word

    if wait_until(said, seconds, every=0.2) is None:
        raise Failed("%s about %s is not %s (%s): %s" % (
            host.name, name, word, end, json.dumps(last)))
    return last


def talk(host, other):
    """Packets in the background, so that the path is wanted."""
    return host.lab.spawn(host.namespace, "ping", "-q", "-i0.2", other.overlay(),
                          stdout=subprocess.DEVNULL)


def drop_one_way(lab, one, other):
    """The Internet carries nothing from one address to the other any more."""
    lab.nft("internet", """
table ip oneway {
	chain forward {
		type filter hook forward priority -1
		ip saddr %s ip daddr %s drop
	}
}
""" % (one, other))


def direct_paths_say_how_they_were_found(lab):
    _, mesh = build(lab, party1="linux", party2="linux", party3=None)
    one, two, three = mesh.parties.values()
    one.reaches(two, 20)
    one.reaches(three, 20)
    comes_to(one, two, "punched")
    body = comes_to(one, two, "punched", end="there")
    comes_to(one, three, "open")
    comes_to(one, "lh", "fixed-address")
    if body["here"]["facts"]["at"] != ADDRESS["party2"] + ":7717":
        raise Failed("it is said to answer elsewhere: %s" % body["here"])
    if wait_until(lambda: one.peer(two).get("nat") == "endpoint-independent", 20) is None \
            or one.peer(two)["why"] != "punched":
        raise Failed("peers says something else: %s" % one.peer(two))


def techniques_are_named(lab):
    _, mesh = build(lab, party1="linux", party2="linux-frandom", party3="sym-seq")
    one, two, three = mesh.parties.values()
    for other in (two, three):
        one.reaches(other, 20)
        talk(one, other)
    comes_to(one, three, "predicted", seconds=60)
    comes_to(one, two, "birthday", seconds=90)
    comes_to(two, one, "birthday")


def relayed_paths_say_what_stands_between(lab):
    internet, mesh = build(lab, party1="linux", party2="linux-frandom",
                           party3="linux-frandom", party4="linux")
    one, two, three, four = mesh.parties.values()
    internet.cut(ADDRESS["party1"], ADDRESS["party4"])
    for a, b in ((two, three), (one, four)):
        a.reaches(b, 20)
    body = comes_to(two, three, "both-symmetric")
    if "random ports" not in body["here"]["facts"]["nat_me"]:
        raise Failed("its own NAT is said to be %s" % body["here"]["facts"])
    comes_to(two, three, "both-symmetric", end="there")
    body = comes_to(one, four, "never-answered")
    if not body["here"]["facts"]["tries"] or body["path"]["relay"] != "lh":
        raise Failed("nothing was measured: %s" % body)
    internet.heal(ADDRESS["party1"], ADDRESS["party4"])
    one.comes_to(four, "direct", 60)
    if why(one, "party4")["here"]["why"] not in ("punched", "predicted"):
        raise Failed("direct by a firewall, and it says %s" % why(one, "party4")["here"])


def a_path_that_fails_says_in_which_direction(lab):
    internet, mesh = build(lab, party1=None, party2=None, party3=None)
    one, two, three = mesh.parties.values()
    for other in (two, three):
        one.reaches(other, 20)
        one.comes_to(other, "direct", 20)
        talk(one, other)
    drop_one_way(lab, ADDRESS["party1"], ADDRESS["party2"])
    internet.cut(ADDRESS["party1"], ADDRESS["party3"])
    comes_to(one, two, "not-heard-there")
    comes_to(two, one, "not-heard-here")
    comes_to(one, three, "went-silent")


def who_is_not_there_is_said_not_to_be(lab):
    _, mesh = build(lab, party1="linux", party2="linux", party3="linux")
    one, two, three = mesh.parties.values()
    for other in (two, three):
        one.reaches(other, 20)
    comes_to(one, "absent", "unknown")
    comes_to(one, "nobody-at-all", "unknown")
    two.tell("down")
    body = comes_to(one, two, "stopped")
    if "goodbye" not in body["here"]["text"] or "there" in body:
        raise Failed("it says %s" % body)
    talk(one, three)
    three.crash()
    comes_to(one, three, "no-path")
    mesh.lighthouses["lh"].crash()
    comes_to(one, "nobody-at-all", "no-lighthouse")


def metrics_have_every_peer_and_why(lab):
    _, mesh = build(lab, party1="linux", party2=None)
    one, two = mesh.parties.values()
    one.reaches(two, 20)
    comes_to(one, two, "open")
    wait_until(lambda: one.peer(two).get("rtt_us"), 10)
    text = one.tell("metrics")
    for line in ('mpynet_peer_why{peer="party2",why="open"} 1',
                 'mpynet_peer_path{peer="party2",path="direct"} 1',
                 'mpynet_lighthouse_registered{lighthouse="lh"} 1'):
        if line not in text.splitlines():
            raise Failed("%s is not in\n%s" % (line, text))
    rtt = re.search(r'^mpynet_peer_rtt_seconds{peer="party2"} (\S+)$', text, re.MULTILINE)
    if not rtt or not 0 < float(rtt[1]) < 10:
        raise Failed("no RTT in\n%s" % text)
    text = mesh.lighthouses["lh"].tell("metrics")
    if "mpynet_registrations 2" not in text.splitlines():
        raise Failed("the lighthouse says\n%s" % text)


SCENARIOS = (
    direct_paths_say_how_they_were_found,
    techniques_are_named,
    relayed_paths_say_what_stands_between,
    a_path_that_fails_says_in_which_direction,
    who_is_not_there_is_said_not_to_be,
    metrics_have_every_peer_and_why,
)
