# SPDX-License-Identifier: GPL-3.0-or-later
"""A restored authority takes over what the network was told after the backup."""

from authority import CONFIG, LIGHTHOUSE, NO, USAGE, Host, authority, check
from test_crash import LONG, Scene

RESTORE = "ca", "restore", "--network-state", "study.state"


def carry(name, source, target):
    (target.path / name).write_bytes((source.path / name).read_bytes())


def lost(path):
    """An authority that went on after its backup: what is left is backup, state and a request."""
    ca, host = authority(path / "lost", LIGHTHOUSE, ("party1",), ("party2",)), Host(path / "host")
    ca.tell("ca", "backup", "study.backup", "--no-passphrase")
    host.file("study.ca", ca.tell("ca", "export", "--ca"))
    ca.file("party3.req", host.tell("request", "party3", "--ca", "study.ca"))
    ca.tell("sign", "party3", "--request", "party3.req", "--yes")
    ca.tell("revoke", "party2", "party3")
    ca.file("study.state", ca.tell("ca", "export", "--network-state"))
    return ca


def restored(path):
    ca, spare = lost(path.parent), Host(path)
    for name in "study.backup", "study.state", "party3.req":
        carry(name, ca, spare)
    out = spare.tell("ca", "restore", "study.backup")
    check("mpynet state" in out, out)
    return spare


def status(site, name):
    return [c["status"] for c in site.json("ca", "list")["certificates"] if c["name"] == name]


def test_what_was_revoked_after_the_backup_stays_revoked(place):
    spare = restored(place.dir / "spare")
    check(status(spare, "party2") == ["live"] and status(spare, "party3") == [])
    before = Host(place.dir / "lost").json("ca", "state")
    check(spare.json(*RESTORE)["version"] == before["version"])
    check(status(spare, "party2") == ["revoked"] and status(spare, "party1") == ["live"])
    spare.refuse(CONFIG, "has state", *RESTORE)
    spare.tell("ca", "log", "--verify")

    # Who was forgotten is revoked in every state from now on, and has its key for nothing.
    spare.refuse(CONFIG, "was revoked and is never certified again", "sign", "party3", "--request",
                 "party3.req", "--yes")
    after = spare.json("revoke", "party1")["state"]
    check(after["version"] > before["version"] and after["keys"] == 3, after)
    check(spare.json("ca", "check")["state_entries"] == after["keys"] + after["ranges"])
    # What is older than now needs no numbers any more.
    after = spare.json("ca", "state", "--sign")
    check(after["keys"] == 3, after)


def test_only_a_state_of_this_authority_is_taken(place):
    spare = restored(place.dir / "spare")
    other = authority(place.dir / "other", LIGHTHOUSE, ("party1",))
    other.tell("revoke", "party1")
    spare.file("other.state", other.tell("ca", "export", "--network-state"))
    spare.refuse(CONFIG, "another network", "ca", "restore", "--network-state", "other.state")
    spare.refuse(CONFIG, "is no network state", "ca", "restore", "--network-state", "party3.req")
    spare.refuse(USAGE, "name the backup", "ca", "restore")
    ca = Host(place.dir / "lost")
    ca.tell("ca", "rotate")
    spare.file("next.state", ca.tell("ca", "export", "--network-state"))
    spare.refuse(CONFIG, "restore a newer backup", "ca", "restore", "--network-state", "next.state")
    text = (spare.path / "study.state").read_text().splitlines()
    for line in 3, len(text) - 2:
        broken = [*text[:line], text[line][::-1], *text[line + 1:]]
        spare.file("broken.state", "\n".join(broken) + "\n")
        code, _, err = spare.run("ca", "restore", "--network-state", "broken.state")
        check(code in (NO, CONFIG) and "state" in err, code, err)
    check(status(spare, "party2") == ["live"])
    spare.tell(*RESTORE)


def test_import_killed_at_every_call(place):
    scene = Scene(place.dir / "scene", restored, *RESTORE)
    count = scene.calls()
    for at in range(1, count + 1, 1 if LONG else 9):
        for how in "kill", "torn", "EIO", "ENOSPC":
            site, code, err = scene.run(FAULT_AT=str(at), FAULT_HOW=how)
            check(code in (-9, 0, 4, 6), how, "at call", at, "ended with", code, err)
            check(site.json("ca", "log", "--verify")["verified"], "the ledger does not verify")
            if status(site, "party2") == ["live"]:
                site.tell(*RESTORE)
            check(status(site, "party2") == ["revoked"])
            check(site.json("revoke", "party1")["state"]["keys"] == 3, how, "at call", at)
