# SPDX-License-Identifier: GPL-3.0-or-later
"""Renewals, and what else is signed by many, under a root with co-signers."""

import base64
import sqlite3
import time

from authority import CONFIG, Host, check
from test_cosign import ask, carry, organisations
from test_cosign_state import certify, sign_at

FIVE = ["party%d" % n for n in range(1, 6)]


def wait_to_be_renewed(ca, hosts):
    """What `ca serve` keeps of members that ask for their next certificate."""
    with sqlite3.connect(ca.state / "ca.db") as db:
        for name, host in hosts.items():
            text = (host.path / (name + ".req")).read_text()
            request = base64.b64decode("".join(text.splitlines()[1:-1]))
            key, = db.execute("SELECT key FROM cert WHERE name = ?", (name,)).fetchone()
            db.execute("INSERT INTO request (member, name, key, object, came, status) VALUES"
                       " (?, ?, ?, ?, ?, 'waiting')", (key, name, key, request, int(time.time())))
    db.close()


def members(place, ca, bank):
    hosts = {name: Host(place.dir / name) for name in FIVE}
    for name, host in hosts.items():
        certify(ca, bank, host, name)
    wait_to_be_renewed(ca, hosts)
    return hosts


def statuses(ca):
    return [c["status"] for c in ca.json("ca", "list")["certificates"]]


def test_many_renewals_are_one_look_and_one_yes(place):
    ca, bank, hospital, _ = organisations(place)
    members(place, ca, bank)
    out = ca.tell("ca", "renew", "--pending", "--out", "all.draft")
    check(all(name in out for name in FIVE) and "mpynet ca cosign all.draft" in out, out)
    check(len(ca.json("ca", "pending")["requests"]) == 5 and statuses(ca) == ["live"] * 5)

    # The bank signed them before, and sees that nothing changes but the time.
    shown = sign_at(ca, bank, "all.draft")["drafts"]
    check(sorted(d["name"] for d in shown) == FIVE, shown)
    for draft in shown:
        check(draft["signed"] == 2 and draft["changes"][0] == "the same key", draft)
        check(len(draft["changes"]) == 2 and "valid until" in draft["changes"][1], draft)
    out = ca.tell("ca", "cosign", "all.draft")
    check(out.count("is renewed") == 5 and "mpynet ca serve" in out, out)
    check(statuses(ca) == ["superseded"] * 5 + ["live"] * 5, statuses(ca))
    check(ca.json("ca", "pending")["requests"] == [])
    ca.tell("ca", "log", "--verify")
    status, _, err = ca.run("ca", "cosign", "all.draft")
    check(status == CONFIG and err.count("by this draft already") == 5, status, err)

    # Nobody was revoked by it.
    ca.tell("ca", "state", "--sign", "--out", "x.draft")
    check(sign_at(ca, hospital, "x.draft")["changes"] == [])


def test_an_older_renewal_is_refused(place):
    ca, bank, _, _ = organisations(place)
    members(place, ca, bank)
    for name in "old.draft", "new.draft":
        ca.tell("ca", "renew", "--pending", "--out", name)
    sign_at(ca, bank, "old.draft")
    sign_at(ca, bank, "new.draft")
    carry("old.draft", ca, bank)
    bank.refuse(CONFIG, "goes back in time", "ca", "cosign", "old.draft", "--yes")
    ca.tell("ca", "cosign", "new.draft")
    status, _, err = ca.run("ca", "cosign", "old.draft")
    check(status == CONFIG and err.count("has a newer certificate") == 5, err)
    check(statuses(ca).count("live") == 5)


def test_a_cosigner_sees_another_key(place):
    ca, bank, _, party = organisations(place)
    certify(ca, bank, party, "party1")
    thief = Host(place.dir / "thief")
    ca.tell("sign", "party1", "--request", ask(ca, thief, "party1"), "--groups", "admins",
            "--replace", "--yes", "--out", "x.draft")
    shown = sign_at(ca, bank, "x.draft")["changes"]
    check(shown[0].startswith("ANOTHER KEY; before: "), shown)
    check("groups: admins, before: none" in shown, shown)
    out = ca.tell("ca", "cosign", "x.draft", "--replace", "--out", "new.mpynet")
    check("mpynet ca state --sign" in out, out)


def test_two_of_three_admit_an_issuing_authority(place):
    ca, bank, _, _ = organisations(place)
    org, host, other = (Host(place.dir / n) for n in ("org", "host", "other"))
    for name, site in ("clinic", org), ("lab", other):
        site.tell("ca", "init", name, "--issuing", "--ca", ca.path / "study.ca", "--no-passphrase")
        ca.file(name + ".app", site.tell("ca", "export", "--ca"))
    out = ca.tell("ca", "admit", "clinic.app", "--network", "10.87.4.0/24", "--yes")
    check("issuing CA certificate" in out and "mpynet ca cosign clinic.draft" in out, out)
    ca.refuse(CONFIG, "has 1 of 2 signatures", "ca", "cosign", "clinic.draft")
    ca.tell("ca", "admit", "lab.app", "--network", "10.87.4.0/24", "--yes")
    for name in "clinic", "lab":
        shown = sign_at(ca, bank, name + ".draft")
        check((shown["name"], shown["addresses"]) == (name, ["10.87.4.0/24"]), shown)
        check(shown["name_suffix"] == "." + name, shown)
    out = ca.tell("ca", "cosign", "clinic.draft")
    check("mpynet ca join FILE" in out, out)
    # What was free when it was drafted need not be free when it comes back.
    ca.refuse(CONFIG, "overlaps 10.87.4.0/24", "ca", "cosign", "lab.draft")
    ca.refuse(CONFIG, "exists already", "ca", "cosign", "clinic.draft")
    ca.refuse(CONFIG, "admitted by this draft already", "ca", "cosign", "clinic.draft",
              "--out", "again.charter")
    ca.tell("ca", "log", "--verify")

    org.tell("ca", "join", ca.path / "clinic.charter")
    org.tell("sign", "party1.clinic")
    check(org.json("inspect", "party1.clinic.mpynet")["valid"])
    host.tell("join", org.path / "party1.clinic.mpynet")

    # And it is revoked together, by name.
    ca.tell("revoke", "clinic", "--out", "x.draft")
    check(any("revokes the authority" in t for t in sign_at(ca, bank, "x.draft")["changes"]))
    ca.tell("ca", "cosign", "x.draft")
    check(ca.json("ca", "state")["cas"] == 1)
    host.file("x.state", ca.tell("ca", "export", "--network-state"))
    host.tell("join", "x.state")
