# SPDX-License-Identifier: GPL-3.0-or-later
"""What everybody is told under a root for which several must sign."""

import shlex
import shutil
import time

from authority import CONFIG, NO, Host, check
from test_cosign import ask, carry, organisations
from test_recovery import chapter


def certify(ca, by, host, name):
    """A host of this name, signed by the authority and one co-signer, that has joined."""
    ca.tell("sign", name, "--request", ask(ca, host, name), "--yes")
    carry(name + ".draft", ca, by)
    by.tell("ca", "cosign", name + ".draft", "--yes")
    carry(name + ".draft", by, ca)
    ca.tell("ca", "cosign", name + ".draft")
    host.tell("join", ca.path / (name + ".mpynet"))


def sign_at(ca, by, draft):
    """The draft travels to a co-signer and back."""
    carry(draft, ca, by)
    shown = by.json("ca", "cosign", draft, "--yes")
    carry(draft, by, ca)
    return shown


def test_two_of_three_revoke_for_everybody(place):
    ca, bank, hospital, party = organisations(place)
    bad = Host(place.dir / "bad")
    certify(ca, bank, party, "party1")
    certify(ca, bank, bad, "party2")
    serial = ca.json("ca", "list")["certificates"][-1]["serial"]

    out = ca.tell("revoke", "party2", "--out", "x.draft")
    check("party2" in out and "2 of 3 co-signers" in out and "mpynet ca cosign x.draft" in out, out)
    check([c["status"] for c in ca.json("ca", "list")["certificates"]] == ["live", "revoked"])
    check(ca.json("ca", "check")["untold"] == 2)
    check("so nobody heard of them" in ca.tell("ca", "check"))
    # Nobody was told yet, and the authority cannot do it alone.
    ca.refuse(NO, "no state of network study was signed yet", "ca", "state")
    ca.refuse(CONFIG, "has 1 of 2 signatures", "ca", "cosign", "x.draft")
    ca.refuse(CONFIG, "no state", "ca", "export", "--network-state")

    # The bank certified it, and so knows whom it revokes; the hospital reads numbers and words.
    carry("x.draft", ca, hospital)
    shown = hospital.json("ca", "cosign", "x.draft", "--yes")["changes"]
    check("revokes serial %d, signed by the root" % serial in shown, shown)
    shown = sign_at(ca, bank, "x.draft")
    check(shown["kind"] == "network state" and shown["signed"] == 2, shown)
    check("revokes serial %d, party2, signed by the root" % serial in shown["changes"], shown)
    check(any(t.startswith("revokes the key of party2: ") for t in shown["changes"]), shown)

    out = ca.tell("ca", "cosign", "x.draft")
    check("mpynet ca export --network-state" in out, out)
    state = ca.json("ca", "state")
    check((state["ranges"], state["keys"]) == (1, 1), state)
    check(ca.json("ca", "check")["untold"] == 0)
    ca.tell("ca", "log", "--verify")
    events = [line["event"] for line in ca.json("ca", "log")["log"]]
    check(events[-3:] == ["revoke", "draft", "state"], events)

    # Whoever gets it counts the signatures again.
    text = ca.tell("ca", "export", "--network-state")
    party.file("x.state", text)
    check("in force" in party.tell("join", "x.state"))
    ca.refuse(CONFIG, "is installed already", "ca", "cosign", "x.draft")
    line = text.splitlines()[6]
    status, _, err = party.run("join", party.file("broken.state", text.replace(line, line[::-1])))
    check(status == CONFIG, status, err)


def test_cards_and_drafts_are_inspected(place):
    ca, bank, hospital, party = organisations(place)
    card = bank.json("inspect", "bank.cosigner")
    check((card["kind"], card["name"], card["valid"]) == ("co-signer's card", "bank", True), card)
    check("serial" not in card and card["key_words"] in bank.tell("inspect", "bank.cosigner"))
    ca.tell("ca", "state", "--sign", "--out", "x.draft")
    draft = party.json("inspect", ca.path / "x.draft")
    check(draft["kind"] == "network state" and draft["signed"] == 1 and draft["valid"], draft)
    check("not enough yet" in draft["verdict"], draft)
    sign_at(ca, hospital, "x.draft")
    check("are enough" in party.tell("inspect", ca.path / "x.draft"))
    two = ca.file("two.draft", "".join((ca.path / "x.draft").read_text() for _ in range(2)))
    check(party.json("inspect", two)["version"] == draft["version"])     # the same one twice
    ca.tell("ca", "state", "--sign", "--out", "y.draft")
    ca.file("two.draft", "".join((ca.path / n).read_text() for n in ("x.draft", "y.draft")))
    check([d["signed"] for d in party.json("inspect", two)["drafts"]] == [2, 1])


def test_one_signature_counts_once(place):
    ca, bank, _, _ = organisations(place)
    ca.tell("ca", "state", "--sign", "--out", "x.draft")
    # The authority is a co-signer itself, and one who signs again is still one.
    carry("x.draft", ca, bank)
    bank.tell("ca", "cosign", "x.draft", "--yes")
    check(bank.json("ca", "cosign", "x.draft", "--yes")["signed"] == 2)
    solo = Host(place.dir / "solo")
    solo.tell("ca", "init", "other", "--no-passphrase", "--cosigners", "2of2", "--cosigner",
              bank.path / "bank.cosigner", "--cosigner", place.dir / "hospital/hospital.cosigner")
    solo.tell("ca", "state", "--sign", "--out", "y.draft")
    carry("y.draft", solo, bank)
    for _ in range(2):
        check(bank.json("ca", "cosign", "y.draft", "--yes")["signed"] == 1)
    carry("y.draft", bank, solo)
    solo.refuse(CONFIG, "has 1 of 2 signatures", "ca", "cosign", "y.draft", "y.draft")


def test_a_stale_draft_is_refused(place):
    ca, bank, hospital, party = organisations(place)
    certify(ca, bank, party, "party1")
    ca.tell("ca", "state", "--sign", "--out", "first.draft")
    ca.tell("revoke", "party1", "--out", "second.draft")
    for name in "first.draft", "second.draft":
        sign_at(ca, hospital, name)
    ca.tell("ca", "cosign", "second.draft")
    ca.refuse(CONFIG, "this draft is stale", "ca", "cosign", "first.draft")
    check(ca.json("ca", "state")["keys"] == 1)
    # Nothing is decided for a draft that could not be written.
    ca.refuse(CONFIG, "is there already", "ca", "state", "--sign", "--out", "first.draft")


def test_a_cosigner_is_not_led_back(place):
    ca, bank, hospital, _ = organisations(place)
    ca.tell("ca", "state", "--sign", "--out", "first.draft")
    ca.tell("ca", "state", "--sign", "--required", "--out", "second.draft")
    shown = sign_at(ca, bank, "second.draft")
    check(any("REFUSES new sessions" in t for t in shown["changes"]), shown)
    carry("first.draft", ca, bank)
    before = (bank.path / "first.draft").read_text()
    bank.refuse(CONFIG, "goes back in time", "ca", "cosign", "first.draft", "--yes")
    check((bank.path / "first.draft").read_text() == before)
    bank.tell("ca", "cosign", "first.draft", "--yes", "--go-back")
    check((bank.path / "first.draft").read_text() != before)

    ca.tell("ca", "state", "--sign", "--not-required", "--out", "third.draft")
    carry("second.draft", ca, hospital)
    hospital.tell("ca", "cosign", "second.draft", "--yes")
    shown = sign_at(ca, hospital, "third.draft")
    check(any("no longer refuses" in t for t in shown["changes"]), shown)


def test_a_cosigner_signs_one_state_of_a_version(place):
    """Two copies of an authority that work beside each other say two things of one version."""
    ca, bank, _, party = organisations(place)
    certify(ca, bank, party, "party1")
    for n in range(10):     # versions run ahead of the clock, so that the next one is foreseen
        ca.tell("ca", "state", "--sign", "--out", "%d.draft" % n)
    twin = Host(place.dir / "twin")
    shutil.copytree(ca.state, twin.state)
    twin.tell("ca", "state", "--sign", "--out", "x.draft")
    ca.tell("revoke", "party1", "--out", "y.draft")
    carry("x.draft", twin, bank)
    carry("y.draft", ca, bank)
    bank.tell("ca", "cosign", "x.draft", "--yes")
    bank.refuse(CONFIG, "sees a fork", "ca", "cosign", "y.draft", "--yes")
    bank.tell("ca", "cosign", "x.draft", "--yes")


def test_drafts_of_two_copies_of_a_ledger(place):
    ca, bank, hospital, party = organisations(place)
    certify(ca, bank, party, "party1")
    ca.tell("ca", "backup", "safe", "--no-passphrase")
    ca.tell("ca", "state", "--sign", "--out", "x.draft")
    sign_at(ca, hospital, "x.draft")
    ca.tell("ca", "restore", "safe", "--go-back")
    ca.refuse(CONFIG, "was not drafted by this ledger", "ca", "cosign", "x.draft")
    time.sleep(1.1)         # a version is at least the time, so the restored one is not behind
    ca.tell("ca", "state", "--sign", "--out", "y.draft")
    sign_at(ca, hospital, "y.draft")
    ca.tell("ca", "cosign", "y.draft")


def test_a_state_that_was_altered_between_signers(place):
    ca, bank, hospital, _ = organisations(place)
    stranger = Host(place.dir / "stranger")
    stranger.tell("ca", "cosigner", "stranger", "--no-passphrase")
    ca.tell("ca", "state", "--sign", "--out", "x.draft")
    text = (ca.path / "x.draft").read_text()
    for at in range(1, len(text.splitlines()) - 1, 3):
        line = text.splitlines()[at]
        bank.file("x.draft", text.replace(line, line[:20][::-1] + line[20:]))
        before = (bank.path / "x.draft").read_text()
        if before == text:
            continue
        status, _, err = bank.run("ca", "cosign", "x.draft", "--yes")
        check(status == CONFIG and "x.draft" in err, at, status, err)
        check((bank.path / "x.draft").read_text() == before)
    carry("x.draft", ca, stranger)
    stranger.refuse(CONFIG, "does not name this co-signer", "ca", "cosign", "x.draft", "--yes")


def test_the_recovery_page_revokes_a_host_together(place):
    ca, bank, _, party = organisations(place)
    lost = Host(place.dir / "lost")
    certify(ca, bank, party, "party1")
    certify(ca, bank, lost, "party2")
    machines = {"you": ca, "bank": bank, "party1": party}
    for name, line in chapter("A lost host where several sign"):
        words, _, file = line.partition(" > ")
        words = shlex.split(words)[1:] + (["--yes"] if name == "bank" else [])
        out = machines[name].tell(*words)
        if file:
            machines[name].file(file, out)
        for kind in "*.draft", "*.state":      # and it is sent to everybody
            for path in machines[name].path.glob(kind):
                for other in machines.values():
                    if other is not machines[name]:
                        shutil.copy(path, other.path)
    check("in force" in out, out)
    check(ca.json("ca", "state")["keys"] == 1)
