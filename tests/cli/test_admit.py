# SPDX-License-Identifier: GPL-3.0-or-later
"""Organisations that certify their own hosts, each held to what the root lets it give."""

import json

from authority import CONFIG, DONE, NO, PERMISSION, USAGE, Host, SmallHost, check
from authority import authority as new_authority

NETWORK = ("--network", "10.87.0.0/16", "--network", "fd00:87::/48")
BANK = ("--network", "10.87.4.0/24", "--network", "fd00:87:0:4::/64")
CLINIC = ("--network", "10.87.5.0/24", "--network", "fd00:87:0:5::/64")


def root(path, *words):
    study = Host(path)
    study.tell("ca", "init", "study", "--no-passphrase", *NETWORK, *words)
    study.file("study.ca", study.tell("ca", "export", "--ca"))
    return study


def apply(study, path, name="bank"):
    """An office that has applied; what it sends is in NAME.ca."""
    office = Host(path)
    office.tell("ca", "init", name, "--issuing", "--ca", study.path / "study.ca",
                "--no-passphrase")
    office.file(name + ".ca", office.tell("ca", "export", "--ca"))
    return office


def admit(study, office, *words, name="bank"):
    study.tell("ca", "admit", office.path / (name + ".ca"), "--yes", *words)
    office.tell("ca", "join", study.path / (name + ".charter"))


def bank_of(place, *words):
    """A root with a lighthouse, and a bank that it has admitted."""
    study = root(place.dir / "study")
    study.tell("sign", "lh", "--lighthouse", "--public", "vpn.example.org:7717")
    bank = apply(study, place.dir / "bank")
    admit(study, bank, *BANK, *words)
    return study, bank


def test_an_organisation_certifies_hosts_within_its_limits(place):
    study, bank = bank_of(place, "--groups", "tellers,vault")
    shown = bank.json("ca", "show")
    check(shown["role"] == "issuing authority" and shown["root"] == "study", shown)
    check(shown["name_suffix"] == ".bank" and shown["flags"] == ["enrol"], shown)
    bank.tell("sign", "party1.bank", "--groups", "vault")
    bundle = bank.json("inspect", "party1.bank.mpynet")
    check(bundle["valid"] and bundle["addresses"] == ["10.87.4.10", "fd00:87:0:4::a"], bundle)
    check([c["name"] for c in bundle["authorities"]] == ["study", "bank"], bundle)
    check([lh["name"] for lh in bundle["lighthouses"]] == ["lh"], bundle)
    party = Host(place.dir / "party")
    out = party.tell("join", bank.path / "party1.bank.mpynet")
    check("study" in out and "party1.bank" in out, out)

    for words, sentence in (
            (("party2",), "those end with .bank, as in party2.bank"),
            (("party2.bank", "--groups", "doctors"), "groups that bank may give: tellers, vault"),
            (("party2.bank", "--ip", "10.87.5.9"), "10.87.5.9"),
            (("party2.bank", "--lifetime", "91d"), "bank may sign for at most 90d"),
            (("party2.bank", "--relay"), "flag relay; the flags that bank may give: enrol"),
            (("lh.bank", "--lighthouse", "--public", "192.0.2.9"), "flag lighthouse, relay"),
            (("gw.bank", "--routes", "192.168.7.0/24"), "routes that bank may give: none")):
        bank.refuse(CONFIG, sentence, "sign", *words)
    check(bank.json("ca", "list")["certificates"][0]["name"] == "party1.bank")
    check(bank.json("ca", "log", "--verify")["verified"])
    check(study.json("ca", "log", "--verify")["verified"])


def test_who_has_only_applied_signs_nobody(place):
    study = root(place.dir / "study")
    bank = apply(study, place.dir / "bank")
    check(bank.json("ca", "show")["role"].startswith("applied"))
    for words in (("sign", "party1"), ("ca", "serve", "--foreground"), ("invite", "party1"),
                  ("ca", "admit", bank.path / "bank.ca", *BANK, "--out", "x"),
                  ("ca", "rotate"), ("ca", "state", "--sign")):
        status, _, err = bank.run(*words)
        check(status in (CONFIG, PERMISSION) and err.count("\n") == 1, words, status, err)
    check(bank.json("ca", "list")["certificates"] == [])
