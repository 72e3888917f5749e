# SPDX-License-Identifier: GPL-3.0-or-later
"""Organisations that certify their own hosts, each held to what the root lets it give."""

import json
import time

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


def test_a_root_gives_no_more_than_it_has(place):
    study = root(place.dir / "study", "--lifetime", "400d")
    bank = apply(study, place.dir / "bank")
    file = bank.path / "bank.ca"
    for words, sentence in (
            ((), "say with --network"),
            (("--network", "10.88.0.0/24"), "the addresses that study may give: 10.87.0.0/16"),
            (("--network", "10.0.0.0/8"), "10.0.0.0/8; the addresses that study may give"),
            ((*BANK, "--lifetime", "2y"), "the root itself ends at"),
            ((*BANK, "--max-lifetime", "2y"), "study may for at most 1y 35d"),
            ((*BANK, "--suffix", "bank"), "a dot and at most"),
            ((*BANK, "--suffix", "." + "b" * 60), "a dot and at most")):
        study.refuse(CONFIG, sentence, "ca", "admit", file, "--yes", *words)
    for words, sentence in (
            ((*BANK, "--flags", "lighthouse,state"), "--flags takes"),
            ((*BANK, "--flags", ""), "--flags takes"),
            ((*BANK, "--groups", "a,,b"), "--groups takes"),
            ((*BANK, "--suffix", ".b", "--any-name"), "exclude each other"),
            (("--network", "10.87.4.1/24"), "is no range"),
            ((*BANK, "--lifetime", "soon"), "takes a duration")):
        study.refuse(USAGE, sentence, "ca", "admit", file, "--yes", *words)
    check(study.json("ca", "list")["authorities"] == [])
    study.tell("ca", "admit", file, "--yes", *BANK)
    row, = study.json("ca", "list")["authorities"]
    check(row["not_after"] <= study.json("ca", "show")["not_after"], row)


def test_two_organisations_share_nothing_unless_told(place):
    study, bank = bank_of(place)
    clinic = apply(study, place.dir / "clinic", "clinic")
    file = clinic.path / "clinic.ca"
    study.refuse(CONFIG, "overlaps 10.87.4.0/24, which bank gives", "ca", "admit", file, "--yes",
                 "--network", "10.87.4.128/25")
    study.refuse(CONFIG, "all that end with .bank", "ca", "admit", file, "--yes", *CLINIC,
                 "--suffix", ".clinic.bank")
    study.refuse(CONFIG, "could give names that bank gives", "ca", "admit", file, "--yes", *CLINIC,
                 "--any-name")
    study.refuse(CONFIG, "10.87.0.1 in 10.87.0.0/24 belongs to a host", "ca", "admit", file,
                 "--yes", "--network", "10.87.0.0/24")
    study.tell("ca", "admit", file, "--yes", "--network", "10.87.4.128/25", "--any-name", "--shared")
    clinic.tell("ca", "join", study.path / "clinic.charter")
    clinic.tell("sign", "anything")
    check(len(study.json("ca", "list")["authorities"]) == 2)


def test_the_root_keeps_away_from_what_it_gave(place):
    study = root(place.dir / "study")
    study.tell("sign", "lh", "--lighthouse", "--public", "vpn.example.org:7717")
    study.tell("sign", "early.bank")
    bank = apply(study, place.dir / "bank")
    admit(study, bank, "--network", "10.87.0.11/32", "--network", "10.87.0.12/30",
          "--network", "10.87.0.128/25")
    got = [study.json("sign", "h%d" % i)["signed"][0]["addresses"][0] for i in range(3)]
    check(got == ["10.87.0.16", "10.87.0.17", "10.87.0.18"], got)
    study.refuse(CONFIG, "10.87.0.13 is for bank to give", "sign", "h9", "--ip", "10.87.0.13")
    study.refuse(CONFIG, "h9.bank is a name for bank to give", "sign", "h9.bank")
    study.refuse(CONFIG, "bank is an issuing authority", "sign", "bank")
    study.tell("sign", "early.bank", "--replace", "--out", "again")    # it was here before
    study.tell("revoke", "bank")
    study.tell("sign", "h9", "--ip", "10.87.0.13")


def test_who_is_admitted_is_admitted_once_and_anew_only_when_told(place):
    study, bank = bank_of(place, "--groups", "tellers")
    file = bank.path / "bank.ca"
    again = ("ca", "admit", file, "--yes", "--out", "again.charter")
    study.refuse(CONFIG, "bank is admitted already (serial 3", *again, *CLINIC)
    other = apply(study, place.dir / "other")
    study.refuse(CONFIG, "bank is admitted with another key", "ca", "admit", other.path / "bank.ca",
                 "--yes", *CLINIC, "--out", "other.charter")
    study.refuse(CONFIG, "bank.charter exists already", "ca", "admit", file, "--yes", "--replace")

    # What is not said stays; by the application or by the certificate that it has.
    study.tell(*again, "--replace", "--max-lifetime", "30d")
    rows = study.json("ca", "list")["authorities"]
    check([r["status"] for r in rows] == ["superseded", "live"], rows)
    check(rows[0]["addresses"] == rows[1]["addresses"] and rows[1]["groups"] == ["tellers"], rows)
    bank.tell("ca", "join", study.path / "again.charter")
    bank.refuse(CONFIG, "bank may sign for at most 30d", "sign", "party1.bank", "--lifetime", "60d")
    bank.refuse(CONFIG, "bank has a newer certificate already", "ca", "join",
                study.path / "bank.charter")
    bank.file("now.ca", bank.tell("ca", "export", "--ca"))
    study.tell("ca", "admit", bank.path / "now.ca", "--replace", "--groups", "vault", "--out",
               "third.charter")
    bank.tell("ca", "join", study.path / "third.charter")
    out = bank.tell("ca", "join", study.path / "third.charter")
    check("had that certificate already" in out, out)

    # All that it ever had ends with it, and its key never comes back.
    revoked = study.json("revoke", "bank")
    check(revoked["count"] == 3 and revoked["state"]["cas"] == 1, revoked)
    study.refuse(CONFIG, "the key of bank was revoked", "ca", "admit", file, "--yes", *BANK,
                 "--out", "x")
    study.refuse(NO, "bank has no live certificate", "ca", "export", "bank")
    study.refuse(NO, "bank has no certificate that could be revoked", "revoke", "bank")
    study.tell("ca", "admit", other.path / "bank.ca", "--yes", *BANK, "--out", "other.charter")
    other.tell("ca", "join", study.path / "other.charter")
    check(study.json("ca", "log", "--verify")["verified"])


def test_only_a_root_admits_and_only_applications(place):
    study, bank = bank_of(place)
    clinic = apply(study, place.dir / "clinic", "clinic")
    bank.refuse(CONFIG, "only a root admits issuing authorities", "ca", "admit",
                clinic.path / "clinic.ca", "--yes", *BANK)
    clinic.refuse(CONFIG, "only a root admits issuing authorities", "ca", "admit",
                  bank.path / "bank.ca", "--yes", *BANK)
    bank.file("bank-now.ca", bank.tell("ca", "export", "--ca"))
    status, _, err = Host(place.dir / "third").run(
        "ca", "init", "third", "--issuing", "--ca", bank.path / "bank-now.ca", "--no-passphrase")
    check(status == CONFIG and "bank is not the root" in err, status, err)

    # A host's certificate, the root itself, a stranger's root, and somebody else's network.
    bundle = study.path / "lh.mpynet"
    study.file("host.crt", bundle.read_text().split("-----BEGIN MPYNET HOST KEY")[0])
    study.refuse(CONFIG, "where only CA certificates belong", "ca", "admit", "host.crt", *BANK)
    study.refuse(CONFIG, "study is no application", "ca", "admit", "study.ca", "--yes", *BANK)
    alien = new_authority(place.dir / "alien")
    alien.file("alien.ca", alien.tell("ca", "export", "--ca"))
    study.refuse(CONFIG, "another network", "ca", "admit", alien.path / "alien.ca", "--yes", *BANK,
                 "--out", "x")
    stray = Host(place.dir / "stray")
    stray.tell("ca", "init", "stray", "--issuing", "--ca", alien.path / "alien.ca",
               "--no-passphrase")
    stray.file("stray.ca", stray.tell("ca", "export", "--ca"))
    study.refuse(CONFIG, "stray applies to another network", "ca", "admit", stray.path / "stray.ca",
                 "--yes", *BANK)

    # One whose last bit was turned on the way.
    text = (clinic.path / "clinic.ca").read_text().splitlines()
    text[-2] = text[-2][:-3] + ("A" if text[-2][-3] != "A" else "B") + text[-2][-2:]
    status, _, err = study.run("ca", "admit", study.file("torn.ca", "\n".join(text) + "\n"),
                               "--yes", *CLINIC)
    check(status == CONFIG and err.count("\n") == 1, status, err)
    study.refuse(USAGE, "say --yes if it does", "ca", "admit", clinic.path / "clinic.ca", *CLINIC)


def test_only_the_right_charter_is_taken(place):
    study, bank = bank_of(place)
    clinic = apply(study, place.dir / "clinic", "clinic")
    charter = study.path / "bank.charter"
    clinic.refuse(CONFIG, "admits bank with another key", "ca", "join", charter)
    study.refuse(CONFIG, "is admitted by nobody", "ca", "join", charter)
    clinic.refuse(CONFIG, "bank.charter", "join", charter)
    clinic.refuse(CONFIG, "lh.mpynet", "ca", "join", study.path / "lh.mpynet")
    clinic.refuse(CONFIG, "it admits no issuing CA", "ca", "join", study.path / "study.ca")

    # Somebody with a root of their own, who knows the network's id.
    alien = new_authority(place.dir / "alien")
    text = charter.read_text() + ""
    alien_ca = alien.tell("ca", "export", "--ca")
    bank.refuse(CONFIG, "another network", "ca", "join", bank.file("x.charter", alien_ca + text))
    half = text.replace("-----BEGIN MPYNET LIGHTHOUSE", "-----BEGIN MPYNET NETWORK KEY", 1)
    status, _, err = bank.run("ca", "join", bank.file("half.charter", half))
    check(status == CONFIG and err.count("\n") == 1, status, err)
    check(bank.json("ca", "show")["role"] == "issuing authority")
    check(clinic.json("ca", "show")["role"].startswith("applied"))
    check(bank.json("inspect", charter)["valid"])


def test_an_organisation_follows_a_rotation_when_told_the_new_root(place):
    study, bank = bank_of(place)
    bank.tell("sign", "party1.bank")
    study.tell("ca", "rotate")
    new = study.file("new.ca", study.tell("ca", "export", "--ca"))
    bank.file("bank-now.ca", bank.tell("ca", "export", "--ca"))
    study.tell("ca", "admit", bank.path / "bank-now.ca", "--replace", "--out", "new.charter")
    charter = study.path / "new.charter"
    bank.refuse(NO, "a root study that nobody named here", "ca", "join", charter)
    bank.refuse(CONFIG, "is no root of this network", "ca", "join", charter, "--ca",
                bank.path / "bank.ca")
    bank.tell("ca", "join", charter, "--ca", new)
    bank.tell("sign", "party2.bank")
    bundle = bank.json("inspect", "party2.bank.mpynet")
    check(bundle["valid"] and len(bundle["authorities"]) == 3, bundle)
    check(bank.json("ca", "log", "--verify")["verified"])


def test_an_application_is_of_a_root_that_lives(place):
    study = root(place.dir / "study", "--lifetime", "1s")
    bank = Host(place.dir / "bank")
    words = ("ca", "init", "bank", "--issuing", "--no-passphrase")
    bank.refuse(USAGE, "belong together", *words)
    bank.refuse(USAGE, "--psk is for the root to say", *words, "--ca", study.path / "study.ca",
                "--psk")
    bank.refuse(USAGE, "needs a name", "ca", "init", "--issuing", "--no-passphrase", "--ca",
                study.path / "study.ca")
    bank.refuse(CONFIG, "study is the name of the network", "ca", "init", "study", "--issuing",
                "--no-passphrase", "--ca", study.path / "study.ca")
    while study.json("ca", "show")["not_after"] >= time.time() - 1:
        time.sleep(0.3)
    bank.refuse(CONFIG, "the root study expired at", *words, "--ca", study.path / "study.ca")
    check(not (bank.state / "ca.db").exists())


def test_the_keys_of_an_organisation_rest_under_its_own_passphrase(place):
    study = root(place.dir / "study")
    bank = SmallHost(place.dir / "bank")
    status, _, err = bank.unlocked("correct horse", "ca", "init", "bank", "--issuing", "--ca",
                                   study.path / "study.ca")
    check(status == DONE, err)
    bank.file("bank.ca", bank.tell("ca", "export", "--ca"))
    admit(study, bank, *BANK)
    status, _, err = bank.unlocked("wrong horse", "sign", "party1.bank")
    check(status == CONFIG and "not the passphrase of bank" in err, status, err)
    status, out, err = bank.unlocked("correct horse", "--json", "sign", "party1.bank")
    check(status == DONE and json.loads(out)["signed"][0]["name"] == "party1.bank", out, err)


def test_a_charter_carries_the_networks_key_and_comes_again(place):
    study = root(place.dir / "study", "--psk")
    bank = apply(study, place.dir / "bank")
    admit(study, bank, *BANK)
    charter = study.path / "bank.charter"
    check(charter.stat().st_mode & 0o777 == 0o600)
    check(study.tell("ca", "export", "bank") == charter.read_text())
    check(bank.json("ca", "show")["psk"])
    bank.tell("sign", "party1.bank")
    check(bank.json("inspect", "party1.bank.mpynet")["has_psk"])

    # A lighthouse that came later reaches the organisation with the next charter.
    study.tell("sign", "lh", "--lighthouse", "--public", "vpn.example.org:7717")
    bank.file("new.charter", study.tell("ca", "export", "bank"))
    bank.tell("ca", "join", "new.charter")
    check([lh["name"] for lh in bank.json("ca", "show")["lighthouses"]] == ["lh"])
    bank.tell("sign", "party2.bank")
    check(len(bank.json("inspect", "party2.bank.mpynet")["lighthouses"]) == 1)
    token = bank.tell("invite", "party3.bank").splitlines()[0]
    check(token.startswith("mpy1_"), token)
    bank.refuse(CONFIG, "as in party4.bank", "invite", "party4")
