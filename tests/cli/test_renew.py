# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host asks for after it has joined, and what it is brought by hand."""

import re

from authority import CONFIG, NO, PERMISSION, USAGE, Host, authority, check
from daemon import STATUS, Daemon
from test_lighthouse import Lighthouse


def node(path, ca, name):
    """A host that has joined, whose daemon is down."""
    host = Host(path)
    ca.tell("sign", name)
    host.tell("join", ca.path / (name + ".mpynet"))
    return host


def state_of(ca):
    return ca.file("study.state", ca.tell("ca", "export", "--network-state"))


def test_a_state_is_joined_where_no_daemon_runs(place):
    ca = authority(place.dir / "ca", ("lh", "--lighthouse", "--public", "vpn.example.org:7717"))
    host = node(place.dir / "one", ca, "party1")
    ca.tell("sign", "party2", "party3")
    ca.tell("revoke", "party2")
    first = state_of(ca).read_text()
    host.refuse(NO, "none has come here", "state")
    check("state" in host.tell("join", ca.path / "study.state"))
    check(host.tell("state") == first)
    shown = host.json("inspect", ca.path / "study.state")
    check(shown["valid"] and shown["ranges"] == 1 and shown["keys"] == 1, shown)
    check("revoked keys" in host.tell("inspect", ca.path / "study.state"))
    host.refuse(CONFIG, "is not newer", "join", ca.path / "study.state")
    ca.tell("revoke", "party3")
    host.tell("join", state_of(ca))
    host.refuse(CONFIG, "is not newer", "join", ca.file("old.state", first))
    stranger = authority(place.dir / "other")
    stranger.tell("sign", "party9")
    stranger.tell("revoke", "party9")
    status, _, err = host.run("join", state_of(stranger))
    check(status != 0 and err.startswith("mpynet: "), "another network's state:", err)
    spoilt = first.replace("\nA", "\nB", 1) if "\nA" in first else first[:-80] + first[-79:]
    check(host.run("join", ca.file("spoilt.state", spoilt))[0] != 0, "a spoilt state was taken")


def test_a_state_is_joined_while_a_daemon_runs(place):
    light = Lighthouse(place)
    place.does("lighthouse", light.bundle)
    place.does("sign", "party1")
    place.does("revoke", "party1")
    file = place.dir / "study.state"
    file.write_text(place.does("ca", "export", "--network-state").out)
    version = place.does("ca", "state", "--json").json()["version"]
    place.does("join", file)
    held = place.does("status", "--json").json()["network_state"]
    check(held["version"] == version, held)
    place.fails(CONFIG, "not newer", "join", file)


def test_a_new_key_is_asked_for_by_hand_where_no_daemon_runs(place):
    ca = authority(place.dir / "ca")
    host = node(place.dir / "one", ca, "party1")
    bundle = host.state / "node" / "bundle.mpynet"
    before = host.json("inspect", bundle)
    host.refuse(USAGE, "--offline is for --rekey", "renew", "--offline")
    status, request, told = host.run("renew", "--rekey")
    check(status == 0 and "--replace --request" in told, told)
    check(host.run("renew", "--rekey", "--offline")[1] == request, "it is another key now")
    ca.tell("sign", "party1", "--replace", "--request", ca.file("party1.req", request),
            "--yes", "--out", "new.mpynet")
    check(host.json("inspect", bundle) == before, "the old bundle is gone before its time")
    host.tell("join", ca.path / "new.mpynet")
    check(host.json("inspect", bundle) != before, "nothing has changed")
    check(not (host.state / "node" / "request.key").exists(), "its key waits still")


def test_renew_says_what_came_of_it(place):
    words = "one two three four five six seven eight"
    asked = {"schema": 1, "serial": 3}
    status = {**STATUS, "serial": 4}
    daemon = Daemon(place, {"renew": lambda args: {**asked, "key_words": words}
                            if args.get("rekey") else asked, "status": status})
    check("serial 4" in place.does("renew").out)
    check(words not in place.does("renew").out)
    check(words in place.does("renew", "--rekey").out)
    check(("renew", {"rekey": True}) in daemon.asked, daemon.asked)
    daemon.answers["status"] = {**STATUS, "serial": 3, "renewal": {
        "phase": "waiting", "text": "its renewal waits until the authority is there"}}
    place.fails(NO, "waits until the authority is there", "renew")
    daemon.answers["renew"] = (6, "a lighthouse keeps its key")
    place.fails(CONFIG, "keeps its key", "renew", "--rekey")


def test_a_lighthouse_keeps_its_key(place):
    place.does("lighthouse", Lighthouse(place).bundle)
    place.fails(PERMISSION, "a lighthouse keeps its key", "renew", "--rekey")


def test_nothing_is_signed_where_nobody_has_asked(place):
    ca = authority(place.dir)
    check("Nothing waits" in ca.tell("ca", "renew", "--pending"))
    status, _, err = ca.run("ca", "renew")
    check(status == USAGE, err)


def test_an_invitation_can_be_drawn(place):
    ca = authority(place.dir, ("lh", "--lighthouse", "--public", "vpn.example.org:7717"))
    out = ca.tell("invite", "party1", "--qr")
    drawn = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in out.splitlines()
             if "\u2588" in line]
    check(len(drawn) > 20 and len({len(line) for line in drawn}) == 1, out)
    check(abs(len(drawn[0]) - 2 * len(drawn)) <= 1, "no square:", len(drawn[0]), len(drawn))
    check([line for line in out.splitlines() if line.startswith("mpy1_")], out)
