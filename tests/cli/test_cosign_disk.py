# SPDX-License-Identifier: GPL-3.0-or-later
"""`ca cosign`, on both sides, killed at its calls and on disks that fail.

After each: the draft is as it was or signed, and what a co-signer signed it knows; the authority has
taken a draft or it has not, its ledger verifies, and the same command can be given again.
"""

import shutil
import types

from authority import CONFIG, check
from test_admit_disk import try_everywhere
from test_cosign import ask, carry, organisations
from test_cosign_renew import wait_to_be_renewed
from test_cosign_state import certify, sign_at
from test_crash import Scene


def world(path):
    """Everybody, with a state that revokes party2, a new host, and a renewal, on their way."""
    path.parent.mkdir(exist_ok=True)
    orgs = types.SimpleNamespace(dir=path.parent / "orgs")
    shutil.rmtree(orgs.dir, ignore_errors=True)
    ca, bank, hospital, party = organisations(orgs)
    certify(ca, bank, party, "party2")
    wait_to_be_renewed(ca, {"party2": party})
    ca.tell("ca", "renew", "--pending", "--out", "renew.draft")
    ask(ca, hospital, "party3")
    ca.tell("sign", "party3", "--request", hospital.path / "party3.req", "--yes")
    ca.tell("ca", "state", "--sign", "--out", "state.draft")
    ca.tell("ca", "rotate", "--out", "rotate.draft")
    return ca, bank, hospital


def at_the_bank(path):
    ca, bank, _ = world(path)
    carry("state.draft", ca, bank)
    shutil.copytree(bank.path, path)


def at_the_authority(path):
    ca, bank, _ = world(path)
    for name in "state.draft", "party3.draft", "renew.draft", "rotate.draft":
        sign_at(ca, bank, name)
    shutil.copytree(ca.path, path)


def check_signed(site, done):
    signed = site.json("inspect", "state.draft")["signed"]
    check(signed in (1, 2) and (signed == 2 or not done), "signed by", signed)
    if signed == 2:
        check(list((site.state / "cosigned").glob("*-state.draft")), "it does not know its word")
    check(site.json("ca", "cosign", "state.draft", "--yes")["signed"] == 2)


def check_state(site, done):
    status, _, _ = site.run("ca", "state")
    check(status == 0 or not done, "it was said and not done")
    if status != 0:
        site.tell("ca", "cosign", "state.draft")
    site.tell("ca", "export", "--network-state")


def check_rotated(site, done):
    """Under one root or the other, and the new one has spoken to everybody."""
    if site.run("ca", "state")[0] != 0:
        check(not done, "it was said and not done")
        site.tell("ca", "cosign", "rotate.draft")
    rotated = [line["event"] for line in site.json("ca", "log")["log"]].count("rotate")
    check(rotated == 1, "rotated so often:", rotated)
    site.tell("ca", "export", "--network-state")


def certificates(site, name):
    return [c["status"] for c in site.json("ca", "list")["certificates"] if c["name"] == name]


def check_host(site, done):
    made = certificates(site, "party3")
    check(made in ([], ["live"]) and (made or not done), made)
    if not made:
        site.tell("ca", "cosign", "party3.draft")
    check(site.json("inspect", "party3.mpynet")["valid"], "a certificate without its file")


def check_renewal(site, done):
    made = certificates(site, "party2")
    check(made in (["live"], ["superseded", "live"]) and (len(made) == 2 or not done), made)
    check(bool(site.json("ca", "pending")["requests"]) == (len(made) == 1), "the request")
    if len(made) == 1:
        site.tell("ca", "cosign", "renew.draft")


def check_drafted(site, done):
    """One root waits, with its drafts, or the one before; a new try takes its place."""
    check((site.path / "again.draft").exists() or not done, "the drafts are lost")
    site.tell("ca", "rotate", "--out", "third.draft")
    site.refuse(CONFIG, "has 1 of 2 signatures", "ca", "cosign", "third.draft")


def check_revoked(site, done):
    made = certificates(site, "party2")
    check(made == ["revoked"] or not done, made)
    if made == ["live"]:
        site.tell("revoke", "party2", "--out", "again.draft")
    else:           # also where the draft was lost: every later one says it
        site.tell("ca", "state", "--sign", "--out", "again.draft")
    check(site.json("inspect", "again.draft")["keys"] == 1)


def try_cosigning(place, prepare, after, *words):
    try_everywhere(Scene(place.dir / "scene", prepare, *words), after,
                   ledger=prepare is at_the_authority)


def test_a_cosigner_signs_whatever_happens(place):
    try_cosigning(place, at_the_bank, check_signed, "ca", "cosign", "state.draft", "--yes")


def test_a_state_is_taken_whatever_happens(place):
    try_cosigning(place, at_the_authority, check_state, "ca", "cosign", "state.draft")


def test_a_host_is_taken_whatever_happens(place):
    try_cosigning(place, at_the_authority, check_host, "ca", "cosign", "party3.draft")


def test_a_renewal_is_taken_whatever_happens(place):
    try_cosigning(place, at_the_authority, check_renewal, "ca", "cosign", "renew.draft")


def test_a_rotation_is_drafted_whatever_happens(place):
    try_cosigning(place, at_the_authority, check_drafted, "ca", "rotate", "--out", "again.draft")


def test_a_rotation_is_taken_whatever_happens(place):
    try_cosigning(place, at_the_authority, check_rotated, "ca", "cosign", "rotate.draft")


def test_a_revocation_is_drafted_whatever_happens(place):
    try_cosigning(place, at_the_authority, check_revoked, "revoke", "party2", "--out", "x.draft")
