# SPDX-License-Identifier: GPL-3.0-or-later
"""Parties that trust nobody alone: a network for which several must sign."""

import json

from authority import CONFIG, DONE, NO, USAGE, Host, SmallHost, check


def organisations(place):
    """An authority and two co-signers, of whom any two must sign; and a host that asks."""
    ca, bank, hospital, party = (Host(place.dir / n) for n in ("ca", "bank", "hospital", "party"))
    for org in bank, hospital:
        out = org.tell("ca", "cosigner", org.path.name, "--no-passphrase")
        check("key in words" in out and org.path.name + ".cosigner" in out, out)
    out = ca.tell("ca", "init", "study", "--no-passphrase", "--cosigners", "2of3",
                  "--cosigner", bank.path / "bank.cosigner",
                  "--cosigner", hospital.path / "hospital.cosigner")
    check("mpynet request NAME --ca FILE" in out, out)
    ca.file("study.ca", ca.tell("ca", "export", "--ca"))
    return ca, bank, hospital, party


def ask(ca, host, name, *roles):
    host.file(name + ".req", host.tell("request", name, "--ca", ca.path / "study.ca", *roles))
    return host.path / (name + ".req")


def carry(name, source, target):
    """A file goes from one machine to another."""
    text = (source.path / name).read_text()
    (target.path / name).write_text(text)
    return target.path / name


def test_two_of_three_certify_a_host(place):
    ca, bank, hospital, party = organisations(place)
    request = ask(ca, party, "party3")
    out = ca.tell("sign", "party3", "--request", request, "--yes")
    check("1 of the 2 that are needed" in out and "mpynet ca cosign party3.draft" in out, out)
    check(ca.json("ca", "list")["certificates"] == [])

    # The authority alone is not enough.
    ca.refuse(CONFIG, "has 1 of 2 signatures", "ca", "cosign", "party3.draft")

    carry("party3.draft", ca, bank)
    words = party.json("request", "party3", "--ca", ca.path / "study.ca")["key_words"]
    shown = bank.json("ca", "cosign", "party3.draft", "--yes")
    check(shown["name"] == "party3" and shown["key_words"] == words, shown)
    check(shown["signed"] == 2 and shown["needed"] == 2, shown)

    carry("party3.draft", bank, ca)
    out = ca.tell("ca", "cosign", "party3.draft")
    check("sudo mpynet up party3.mpynet" in out, out)
    check([c["name"] for c in ca.json("ca", "list")["certificates"]] == ["party3"])
    ca.tell("ca", "log", "--verify")
    check("draft" in ca.tell("ca", "log"))

    # Whoever joins counts the signatures again.
    check(ca.json("inspect", "party3.mpynet")["valid"])
    party.tell("join", ca.path / "party3.mpynet")

    # What was taken once is not taken twice.
    ca.refuse(CONFIG, "by this draft already", "ca", "cosign", "party3.draft", "--out", "twice")


def test_files_that_went_round_apart_come_together(place):
    ca, bank, hospital, party = organisations(place)
    solo = Host(place.dir / "solo")
    solo.tell("ca", "init", "other", "--no-passphrase", "--cosigners", "2of2",
              "--cosigner", bank.path / "bank.cosigner",
              "--cosigner", hospital.path / "hospital.cosigner")
    solo.file("study.ca", solo.tell("ca", "export", "--ca"))
    request = ask(solo, party, "party3")
    out = solo.tell("sign", "party3", "--request", request, "--yes")
    check("0 of the 2" in out, out)          # the authority is none of those who sign
    files = []
    for org in bank, hospital:
        carry("party3.draft", solo, org)
        org.tell("ca", "cosign", "party3.draft", "--yes")
        files.append(org.path / "party3.draft")
    solo.refuse(CONFIG, "has 1 of 2 signatures", "ca", "cosign", files[0])
    solo.tell("ca", "cosign", *files)
    party.tell("join", solo.path / "party3.mpynet")


def test_drafts_are_taken_in_any_order(place):
    ca, bank, _, party = organisations(place)
    other = Host(place.dir / "other")
    for host, name in (party, "party1"), (other, "party2"):
        ca.tell("sign", name, "--request", ask(ca, host, name), "--yes")
        carry(name + ".draft", ca, bank)
    bank.tell("ca", "cosign", "party1.draft", "party2.draft", "--yes")
    for name in "party2", "party1":
        carry(name + ".draft", bank, ca)
        ca.tell("ca", "cosign", name + ".draft")
    serials = {c["name"]: c["serial"] for c in ca.json("ca", "list")["certificates"]}
    check(serials["party1"] < serials["party2"], serials)
    ca.tell("ca", "log", "--verify")


def test_nobody_signs_alone_or_for_another_network(place):
    ca, bank, _, party = organisations(place)
    ca.refuse(USAGE, "only with --request", "sign", "party3")
    party.refuse(USAGE, "--lighthouse cannot be signed", "ca", "init", "--no-passphrase",
                 "--lighthouse", "192.0.2.1", "--cosigners", "2of3",
                 "--cosigner", bank.path / "bank.cosigner")
    ca.tell("sign", "party3", "--request", ask(ca, party, "party3"), "--yes")
    stranger = Host(place.dir / "stranger")
    carry("party3.draft", ca, stranger)
    stranger.refuse(CONFIG, "neither a co-signer's key nor the authority", "ca", "cosign",
                    "party3.draft", "--yes")
    stranger.tell("ca", "cosigner", "stranger", "--no-passphrase")
    stranger.refuse(CONFIG, "does not name this co-signer", "ca", "cosign", "party3.draft", "--yes")
    carry("party3.draft", ca, bank)
    bank.refuse(USAGE, "say --yes if it is", "ca", "cosign", "party3.draft")

    # A draft that was touched says nothing any more.
    draft = (ca.path / "party3.draft").read_text()
    line = draft.splitlines()[8]
    bank.file("broken.draft", draft.replace(line, line[::-1]))
    before = (bank.path / "broken.draft").read_text()
    status, _, err = bank.run("ca", "cosign", "broken.draft", "--yes")
    check(status == CONFIG and "broken.draft" in err, status, err)
    check((bank.path / "broken.draft").read_text() == before)


def test_numbers_and_cards_are_checked(place):
    bank, ca = Host(place.dir / "bank"), Host(place.dir / "ca")
    bank.tell("ca", "cosigner", "bank", "--no-passphrase")
    bank.refuse(CONFIG, "has a co-signer's key already", "ca", "cosigner", "bank", "--no-passphrase")
    card = bank.path / "bank.cosigner"
    init = "ca", "init", "study", "--no-passphrase"
    for text in "2", "1of2", "3of2", "6of8", "2of9", "2 of 3", "of", "2of":
        ca.refuse(USAGE, "as in 2of3", *init, "--cosigners", text, "--cosigner", card)
    ca.refuse(USAGE, "0 were named", *init, "--cosigners", "2of3")
    ca.refuse(USAGE, "say with --cosigners", *init, "--cosigner", card)
    ca.refuse(CONFIG, "the key of another card", *init, "--cosigners", "2of2", "--cosigner", card,
              "--cosigner", card)
    text = card.read_text()
    broken = bank.file("broken.cosigner", text.replace(text[60], "A" if text[60] != "A" else "B"))
    status, _, err = ca.run(*init, "--cosigners", "2of2", "--cosigner", broken)
    check(status == CONFIG and "broken.cosigner" in err, status, err)
    check(not (ca.state / "ca.db").exists())


def test_a_cosigners_key_rests_under_its_passphrase(place):
    bank, ca, party = (SmallHost(place.dir / n) for n in ("bank", "ca", "party"))
    status, _, err = bank.unlocked("correct horse", "ca", "cosigner", "bank")
    check(status == DONE, err)
    check((bank.state / "cosigner.key").stat().st_mode & 0o777 == 0o600)
    ca.tell("ca", "init", "study", "--no-passphrase", "--cosigners", "2of2",
            "--cosigner", bank.path / "bank.cosigner")
    ca.file("study.ca", ca.tell("ca", "export", "--ca"))
    ca.tell("sign", "party3", "--request", ask(ca, party, "party3"), "--yes")
    carry("party3.draft", ca, bank)
    status, _, err = bank.unlocked("wrong horse", "ca", "cosign", "party3.draft", "--yes")
    check(status == CONFIG and "not the passphrase" in err, status, err)
    status, out, err = bank.unlocked("correct horse", "--json", "ca", "cosign", "party3.draft",
                                     "--yes")
    check(status == DONE and json.loads(out)["signed"] == 2, out, err)
