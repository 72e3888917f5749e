# SPDX-License-Identifier: GPL-3.0-or-later
"""A root for which several sign names its successor."""

import time

from authority import CONFIG, NO, USAGE, Host, authority, check
from test_cosign import ask, carry, organisations
from test_cosign_state import certify, sign_at


def fingerprint(ca):
    return ca.json("ca", "show")["fingerprint"]


def take_state(ca, host):
    host.file("x.state", ca.tell("ca", "export", "--network-state"))
    return host.tell("join", "x.state")


def test_two_of_three_rotate_their_root(place):
    ca, bank, hospital, party = organisations(place)
    certify(ca, bank, party, "party1")
    before = fingerprint(ca)
    out = ca.tell("ca", "rotate", "--out", "r.draft")
    check("rotation to a new root" in out and "network state" in out, out)
    check("mpynet ca cosign r.draft" in out and "goes on under its root" in out, out)
    check(fingerprint(ca) == before)
    ca.refuse(CONFIG, "the statement of the old root has 1 of 2", "ca", "cosign", "r.draft")

    shown = sign_at(ca, hospital, "r.draft")["drafts"]
    check([d["signed"] for d in shown] == [2, 2], shown)
    words = shown[0]["changes"]
    check(words[0].startswith("ANOTHER ROOT follows, with the key "), words)
    check("2 of 3 must sign under it, of whom 2 do so now" in words, words)
    out = ca.tell("ca", "cosign", "r.draft")
    check("root before" in out, out)
    check(fingerprint(ca) != before)
    events = [line["event"] for line in ca.json("ca", "log")["log"]]
    check(events[-3:] == ["init", "rotate", "state"], events)
    ca.tell("ca", "log", "--verify")
    ca.refuse(NO, "no new root waits", "ca", "cosign", "r.draft")

    # Members follow, and the same co-signers sign under the new root.
    take_state(ca, party)
    ca.file("study.ca", ca.tell("ca", "export", "--ca"))
    new = Host(place.dir / "new")
    certify(ca, hospital, new, "party2")
    ca.tell("revoke", "party1", "--out", "s.draft")
    sign_at(ca, bank, "s.draft")
    ca.tell("ca", "cosign", "s.draft")
    take_state(ca, new)


def test_a_root_has_one_successor(place):
    ca, bank, hospital, party = organisations(place)
    certify(ca, bank, party, "party1")
    ca.tell("ca", "rotate", "--out", "first.draft")
    sign_at(ca, bank, "first.draft")
    ca.tell("ca", "rotate", "--out", "second.draft")
    ca.refuse(CONFIG, "the last file counts", "ca", "cosign", "first.draft")
    carry("second.draft", ca, bank)
    bank.refuse(CONFIG, "another successor for this root", "ca", "cosign", "second.draft", "--yes")
    sign_at(ca, hospital, "second.draft")

    # What was said to everybody since then is not to be lost.
    ca.tell("revoke", "party1", "--out", "x.draft")
    sign_at(ca, hospital, "x.draft")
    ca.tell("ca", "cosign", "x.draft")
    before = fingerprint(ca)
    ca.refuse(CONFIG, "this rotation is stale", "ca", "cosign", "second.draft")
    check(fingerprint(ca) == before)


def test_one_key_hands_over_to_many_and_back(place):
    ca = authority(place.dir / "solo", ("party1",))
    cards = []
    for name in "bank", "clinic":
        org = Host(place.dir / name)
        org.tell("ca", "cosigner", name, "--no-passphrase")
        cards += ["--cosigner", org.path / (name + ".cosigner")]
    bank, clinic = Host(place.dir / "bank"), Host(place.dir / "clinic")
    member = Host(place.dir / "member")
    member.tell("join", ca.path / "party1.mpynet")
    ca.refuse(USAGE, "say with --cosigners", "ca", "rotate", *cards)
    ca.tell("ca", "rotate", "--cosigners", "2of2", *cards, "--out", "r.draft")
    for org in bank, clinic:
        sign_at(ca, org, "r.draft")
    ca.tell("ca", "cosign", "r.draft")
    check("in force" in take_state(ca, member))
    ca.file("study.ca", ca.tell("ca", "export", "--ca"))
    host = Host(place.dir / "host")
    ca.tell("sign", "party2", "--request", ask(ca, host, "party2"), "--yes")
    ca.refuse(CONFIG, "has 0 of 2 signatures", "ca", "cosign", "party2.draft")

    time.sleep(1.1)
    ca.tell("ca", "rotate", "--cosigners", "none", "--out", "back.draft")
    carry("back.draft", ca, bank)
    shown = bank.json("ca", "cosign", "back.draft", "--yes")["changes"]
    check(any("SIGNS ALONE" in t for t in shown), shown)
    carry("back.draft", bank, ca)
    ca.refuse(CONFIG, "has 1 of 2 signatures", "ca", "cosign", "back.draft")
    sign_at(ca, clinic, "back.draft")
    ca.tell("ca", "cosign", "back.draft")
    check("in force" in take_state(ca, member))
    ca.tell("sign", "party3")
    ca.tell("ca", "log", "--verify")
