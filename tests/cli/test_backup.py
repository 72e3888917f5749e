# SPDX-License-Identifier: GPL-3.0-or-later
"""An authority in one file, and back: nothing is lost unless somebody says so."""

import fcntl
import os
import pathlib
import shutil
import sqlite3
import stat

from authority import (CONFIG, DONE, LIGHTHOUSE, USAGE, Host, SmallHost, authority, check)
from test_crash import STRIDE, Scene, points

PASSPHRASE = "correct horse battery"


def serials(ca):
    return {c["name"]: c["serial"] for c in ca.json("ca", "list")["certificates"]}


def lines(ca):
    return [(line["event"], line["detail"]) for line in ca.json("ca", "log")["log"]]


def backup(ca, name="a.backup"):
    ca.tell("ca", "backup", name, "--no-passphrase")
    return ca.path / name


def test_a_backup_makes_the_authority_on_another_machine(place):
    ca, other = SmallHost(place.dir / "ca"), SmallHost(place.dir / "other")
    check(ca.unlocked(PASSPHRASE, "ca", "init", "study", "--psk")[0] == DONE)
    check(ca.unlocked(PASSPHRASE, "sign", *LIGHTHOUSE)[0] == DONE)
    status, out, err = ca.unlocked(PASSPHRASE, "ca", "backup", "study.backup")
    check(status == DONE, err)
    check("log ends at line" in out, out)
    file = ca.path / "study.backup"
    check(stat.S_IMODE(file.stat().st_mode) == 0o600)
    root = ca.tell("ca", "export", "--ca")

    status, out, err = other.unlocked(PASSPHRASE, "ca", "restore", file)
    check(status == DONE and "Next: what was signed or revoked after" in out, out, err)
    check(other.json("ca", "log", "--verify")["verified"])
    check(other.tell("ca", "export", "--ca") == root)
    check(serials(other) == {"lh": 2}, serials(other))
    status, _, err = other.unlocked(PASSPHRASE, "sign", "party1")
    check(status == DONE, err)
    check(other.json("inspect", "party1.mpynet")["has_psk"])
    check(stat.S_IMODE((other.state / "ca.db").stat().st_mode) == 0o600)


def test_a_backup_shows_nothing_without_its_passphrase(place):
    ca = SmallHost(place.dir)
    check(ca.unlocked(PASSPHRASE, "ca", "init", "study", "--psk")[0] == DONE)
    check(ca.unlocked(PASSPHRASE, "ca", "backup", "a.backup")[0] == DONE)
    with sqlite3.connect(ca.state / "ca.db") as db:
        psk, keyfile = db.execute("SELECT psk, keyfile FROM ca").fetchone()
    content = (ca.path / "a.backup").read_bytes()
    for secret in psk, keyfile[56:], b"SQLite", b"study", PASSPHRASE.encode():
        check(secret not in content, "a secret is in the backup")
    status, _, err = ca.unlocked("another passphrase", "ca", "backup", "b.backup")
    check(status == CONFIG and "not the passphrase of study" in err, err)
    check(not (ca.path / "b.backup").exists())
    other = SmallHost(place.dir / "other")
    status, _, err = other.unlocked("another passphrase", "ca", "restore", ca.path / "a.backup")
    check(status == CONFIG and "not its passphrase" in err, err)
    check(not (other.state / "ca.db").exists())


def test_a_key_without_a_passphrase_has_it_said(place):
    ca = authority(SmallHost(place.dir).path)
    ca.refuse(USAGE, "--passphrase-fd 3 3<FILE", "ca", "backup", "a.backup")
    status, _, err = ca.unlocked("short", "ca", "backup", "a.backup")
    check(status == USAGE and "opens the backup" in err, err)
    backup(ca)
    ca.refuse(CONFIG, "never overwritten", "ca", "backup", "a.backup", "--no-passphrase")
    locked = SmallHost(place.dir / "locked")
    check(locked.unlocked(PASSPHRASE, "ca", "init")[0] == DONE)
    locked.refuse(USAGE, "for an authority whose key has none", "ca", "backup", "a.backup",
                  "--no-passphrase")


def test_what_is_no_backup_is_refused_and_harms_nobody(place):
    ca = authority(place.dir / "ca", LIGHTHOUSE)
    content = backup(ca).read_bytes()
    other = Host(place.dir / "other")
    cases = {
        "empty": b"", "text": b"hello\n", "cut in its header": content[:40],
        "cut": content[:-1], "longer": content + b"\0",
        "newer": content[:4] + b"\x02" + content[5:],
        "another kind": b"MPYK" + content[4:],
        "hostile memory": content[:5] + b"\x01" + content[6:8] + b"\xff" * 8 + content[16:],
        "hostile passes": content[:5] + b"\x01" + content[6:8] + b"\xff\0\0\0\0\x20\0\0" + content[16:],
        "a salt for nobody": content[:20] + b"\x01" + content[21:],
        "another nonce": content[:40] + bytes([content[40] ^ 1]) + content[41:],
        "another page": content[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
    }
    before = (ca.state / "ca.db").read_bytes()
    for name, bad in cases.items():
        (other.path / "bad").write_bytes(bad)
        for host in other, ca:
            status, _, err = host.run("ca", "restore", other.path / "bad", "--go-back")
            check(status == CONFIG and err.count("\n") == 1, name, status, err)
    other.refuse(CONFIG, "cannot be read", "ca", "restore", "none")
    check((ca.state / "ca.db").read_bytes() == before, "the ledger was touched")
    check(not (other.state / "ca.db").exists(), "a ledger was made")


def test_going_back_has_to_be_said(place):
    ca = authority(place.dir, LIGHTHOUSE, ("party1",))
    old = backup(ca)
    ca.tell("sign", "party2")
    ca.tell("sign", "party1", "--replace", "--out", "again.mpynet")
    used = serials(ca)
    ca.refuse(CONFIG, "would be forgotten, say --go-back", "ca", "restore", old)
    check(serials(ca) == used, "the ledger changed")

    kept = pathlib.Path(ca.json("ca", "restore", old, "--go-back")["kept"])
    check(set(serials(ca)) == {"lh", "party1"}, serials(ca))
    check(stat.S_IMODE(kept.stat().st_mode) == 0o600, "the ledger that was there is open")
    with sqlite3.connect(kept) as db:
        check(db.execute("SELECT count(*) FROM cert").fetchone() == (4,), "it is not whole")
    check(lines(ca)[-1][0] == "restore", lines(ca))

    # The lost ones keep their serial numbers to themselves.
    ca.tell("sign", "party3")
    check(serials(ca)["party3"] > max(used.values()) + 1000, serials(ca))
    check(ca.json("ca", "log", "--verify")["verified"])


def test_going_forward_needs_no_word(place):
    ca = authority(place.dir, LIGHTHOUSE)
    old = backup(ca, "old.backup")
    ca.tell("sign", "party1")
    new = backup(ca, "new.backup")
    check(ca.json("ca", "restore", new)["same"], "what is the same was restored")
    shutil.rmtree(ca.state)
    ca.tell("ca", "restore", old)
    # Since then this ledger has a line of its own: the newer one does not hold it.
    ca.refuse(CONFIG, "say --go-back", "ca", "restore", new)
    ca.tell("ca", "restore", new, "--go-back")
    check("party1" in serials(ca))


def test_another_network_is_never_overwritten(place):
    ca, other = authority(place.dir / "ca"), authority(place.dir / "other")
    other.refuse(CONFIG, "another network", "ca", "restore", backup(ca))
    other.refuse(CONFIG, "another network", "ca", "restore", backup(ca, "b"), "--go-back")


def test_an_older_ledger_in_the_place_of_the_newest_is_noticed(place):
    ca = authority(place.dir, LIGHTHOUSE)
    old = place.dir / "old.db"
    shutil.copy2(ca.state / "ca.db", old)
    ca.tell("sign", "party1")
    used = serials(ca)["party1"]
    shutil.copy2(old, ca.state / "ca.db")
    for words in ("ca", "list"), ("sign", "party2"), ("ca", "check"):
        ca.refuse(CONFIG, "an older copy or another ledger was put there", *words)
    ca.refuse(USAGE, "--go-back accepts", "ca", "restore")
    ca.tell("ca", "restore", "--go-back")
    ca.tell("sign", "party2")
    check(serials(ca)["party2"] > used, serials(ca))


def test_another_history_of_the_same_length_is_noticed(place):
    ca = authority(place.dir, LIGHTHOUSE)
    twin = Host(place.dir / "twin")
    shutil.copytree(ca.state, twin.state)
    ca.tell("sign", "party1")
    twin.tell("sign", "party2")
    shutil.copy2(twin.state / "ca.db", ca.state / "ca.db")
    ca.refuse(CONFIG, "another ledger was put there", "ca", "list")


def test_invitations_do_not_survive_a_restore(place):
    """Somebody may have used them since."""
    ca = authority(place.dir, LIGHTHOUSE)
    with sqlite3.connect(ca.state / "ca.db") as db:
        db.execute("INSERT INTO token (id, name, lighthouse, psk, enrol, approve, made, expires,"
                   " template, status) VALUES (zeroblob(8), 'party1', zeroblob(32),"
                   " zeroblob(32), zeroblob(32), 0, 0, 253402300799, zeroblob(0), 'open')")
    file = backup(ca)
    shutil.rmtree(ca.state)
    ca.tell("ca", "restore", file)
    with sqlite3.connect(ca.state / "ca.db") as db:
        check(db.execute("SELECT status, psk, enrol FROM token").fetchall() ==
              [("withdrawn", None, None)])


def test_a_running_authority_is_not_restored_under_its_feet(place):
    ca = authority(place.dir)
    file = backup(ca)
    (ca.state / "authority").mkdir(mode=0o700)
    with open(ca.state / "authority" / "lock", "w") as lock:
        lock.write("4711\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        status, _, err = ca.run("ca", "restore", file, "--go-back")
        check(status != DONE and "4711" in err, status, err)
    ca.tell("ca", "restore", file)


def test_a_journal_that_a_crash_left_is_not_played_into_the_backup(place):
    """SQLite would: it knows journals by their names."""
    ca = authority(place.dir, LIGHTHOUSE)
    file = backup(ca)
    (ca.state / "ca.db").write_bytes(b"not a database, but damaged")
    (ca.state / "ca.db-journal").write_bytes(os.urandom(4096))
    ca.refuse(CONFIG, "--go-back would put it aside", "ca", "restore", file)
    ca.tell("ca", "restore", file, "--go-back")
    check(not (ca.state / "ca.db-journal").exists())
    check(set(serials(ca)) == {"lh"}, serials(ca))


def restoring(path):
    def prepare(p):
        ca = authority(p, LIGHTHOUSE)
        backup(ca)
        ca.tell("sign", "party1")
    return Scene(path, prepare, "ca", "restore", "a.backup", "--go-back")


def check_one_of_both(site):
    """The ledger before, or the one of the backup: whole, and the command can be repeated."""
    status, _, err = site.run("ca", "list")
    if status != DONE:      # in place, and not yet said to be the newest
        check("put there" in err, err)
    site.tell("ca", "restore", "a.backup", "--go-back")
    site.tell("sign", "next")
    check(site.json("ca", "log", "--verify")["verified"])
    check("lh" in serials(site) and "party1" not in serials(site), serials(site))
    check(not (site.state / "restore").exists(), "the stage is left")


def test_restore_killed_at_every_call(place):
    scene = restoring(place.dir)
    count = scene.calls()
    for at in points(count, count):
        site, status, err = scene.run(FAULT_AT=str(at), FAULT_HOW="kill")
        check(status == -9, "call", at, "of", count, "was to kill", status, err)
        check_one_of_both(site)


def test_restore_on_a_disk_that_fails(place):
    scene = restoring(place.dir)
    count = scene.calls()
    for how in "ENOSPC", "EIO", "EROFS":
        for at in range(1 + len(how) % STRIDE, count + 1, STRIDE):
            site, status, err = scene.run(FAULT_AT=str(at), FAULT_HOW=how)
            check(status in (0, 4, 6) and (status == 0) == (err == ""), how, at, status, err)
            check_one_of_both(site)


def test_backup_on_a_disk_that_fails(place):
    scene = Scene(place.dir, lambda p: authority(p, LIGHTHOUSE), "ca", "backup", "a.backup",
                  "--no-passphrase")
    count = scene.calls()
    for how in "ENOSPC", "EIO", "kill", "torn":
        for at in range(1 + len(how) % STRIDE, count + 1, STRIDE):
            site, status, err = scene.run(FAULT_AT=str(at), FAULT_HOW=how)
            file = site.path / "a.backup"
            if status == 0:
                check(file.exists() and err == "", how, at, "of", count, err)
            elif how not in ("kill", "torn"):
                check(not file.exists() and err.count("\n") == 1, how, at, "of", count, err)
            check(set(serials(site)) == {"lh"})
            check(site.json("ca", "log", "--verify")["verified"])
