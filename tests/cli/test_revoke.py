# SPDX-License-Identifier: GPL-3.0-or-later
"""Revoking, rotating, and the state that says so."""

import sqlite3
import time

from authority import CONFIG, DONE, NO, USAGE, Host, SmallHost, authority, check


def row(ca, name):
    """The newest certificate of a name."""
    return [c for c in ca.json("ca", "list")["certificates"] if c["name"] == name][-1]


def test_a_revoked_host_is_in_the_state_and_in_the_log(place):
    ca = authority(place.dir)
    ca.tell("sign", "party1", "party2")
    ca.refuse(NO, "nobody is revoked", "ca", "state")
    ca.refuse(CONFIG, "`mpynet ca state --sign` does", "ca", "export", "--network-state")
    out = ca.tell("revoke", "party1")
    check("party1" in out and "ca serve" in out and "mpynet join" in out, out)
    state = ca.json("ca", "state")
    check((state["ranges"], state["keys"], state["cas"]) == (1, 1, 0), state)
    check(state["version"] >= state["issued"] > time.time() - 120, state)
    check(row(ca, "party1")["status"] == "revoked" and row(ca, "party2")["status"] == "live")
    events = [(line["event"], line["name"]) for line in ca.json("ca", "log")["log"]]
    check(("revoke", "party1") in events and events[-1][0] == "state", events)
    text = ca.tell("ca", "export", "--network-state")
    check(text.startswith("-----BEGIN MPYNET NETWORK STATE-----\n"), text)
    ca.tell("ca", "log", "--verify")
    ca.refuse(NO, "no certificate that could be revoked", "revoke", "party1")
    ca.refuse(NO, "no certificate that could be revoked", "revoke", "nobody")
    # The name is free again; the key is not.
    ca.tell("sign", "party1", "--out", "again.mpynet")
    check(row(ca, "party1")["status"] == "live")


def test_several_are_revoked_at_once_or_none(place):
    ca = authority(place.dir)
    ca.tell("sign", "party1", "party2", "party3")
    ca.refuse(NO, "nobody has no certificate", "revoke", "party1", "nobody")
    check(row(ca, "party1")["status"] == "live")
    serials = [str(row(ca, name)["serial"]) for name in ("party1", "party3")]
    done = ca.json("revoke", *serials)
    check([c["name"] for c in done["revoked"]] == ["party1", "party3"], done)
    check(done["state"]["ranges"] == 2 and done["state"]["keys"] == 2, done)
    check(row(ca, "party2")["status"] == "live")


def test_a_state_that_fills_up_says_so_before_and_when_it_is_full(place):
    ca = authority(place.dir)
    names = ["host%04d" % i for i in range(1010)]
    for i in range(0, len(names), 202):
        ca.tell("sign", *names[i:i + 202])
    scattered = names[::2]          # no two serial numbers are one range
    check("revocations" not in ca.tell("revoke", *scattered[:200]))
    check(ca.json("ca", "check")["state_entries"] == 400)
    out = ca.tell("revoke", *scattered[200:400])
    check("lists 800 of at most 1000" in out and "--older-than" in out, out)
    check("lists 800 of at most 1000" in ca.tell("ca", "check"))
    out = ca.tell("revoke", *scattered[400:])
    check("no room for 10 of the revoked keys" in out, out)
    state = ca.json("ca", "state")
    check((state["ranges"], state["keys"]) == (505, 495), state)
    check("no room for 10 of the revoked keys" in ca.tell("ca", "check"))
    # Between what is revoked there is nothing left: all of it is one range.
    ca.tell("revoke", *names[1:505:2])
    ca.tell("revoke", *names[505::2])
    state = ca.json("ca", "state")
    check((state["ranges"], state["keys"]) == (1, 999), state)


def test_what_is_older_than_something_is_revoked(place):
    ca = authority(place.dir)
    ca.tell("sign", "party1", "party2")
    ca.refuse(USAGE, "--older-than takes a duration", "revoke", "--older-than", "soon")
    ca.refuse(USAGE, "whose certificates end", "revoke")
    ca.refuse(USAGE, "whose certificates end", "revoke", "party1", "--older-than", "1d")
    ca.tell("revoke", "--older-than", "1d")
    check(row(ca, "party1")["status"] == "live")
    time.sleep(1.1)
    done = ca.json("revoke", "--older-than", "0s")
    check(done["count"] == 2 and done["state"]["ranges"] == 0, done)
    # The keys were good, so their hosts may have certificates again.
    check(row(ca, "party2")["status"] == "replaced", row(ca, "party2"))
    ca.tell("sign", "party2", "--out", "again.mpynet")
    check(row(ca, "party2")["status"] == "live")


def test_a_replaced_certificate_is_revoked_without_its_key(place):
    ca = authority(place.dir)
    ca.tell("sign", "party1")
    ca.tell("sign", "party1", "--replace", "--out", "new.mpynet")
    state = ca.json("ca", "state")
    check((state["ranges"], state["keys"]) == (1, 0), state)
    ca.tell("revoke", "party1")
    state = ca.json("ca", "state")
    check((state["ranges"], state["keys"]) == (1, 2), state)


def test_a_state_says_what_nodes_are_to_do_when_it_has_expired(place):
    ca = authority(place.dir)
    ca.refuse(USAGE, "say --sign too", "ca", "state", "--required")
    check(ca.json("ca", "state", "--sign", "--required")["required"] is True)
    first = ca.json("ca", "state")
    check(first["required"] is True)
    second = ca.json("ca", "state", "--sign", "--not-required")
    check(second["required"] is False and second["version"] > first["version"], first, second)


def test_taking_back_a_revocation_is_noticed(place):
    ca = authority(place.dir)
    ca.tell("sign", "party1")
    ca.tell("revoke", "party1")
    db = sqlite3.connect(ca.state / "ca.db")
    for sql, why in (("UPDATE cert SET status = 'live'", "does not return"),
                     ("DELETE FROM state", "never forgotten"),
                     ("UPDATE state SET version = 1", "higher version")):
        try:
            db.execute(sql)
            check(False, sql)
        except sqlite3.IntegrityError as err:
            check(why in str(err), err)
    db.rollback()
    db.execute("DROP TRIGGER cert_no_return")
    db.execute("UPDATE cert SET status = 'live'")
    db.commit()
    ca.refuse(CONFIG, "the log says otherwise", "ca", "log", "--verify")
    db.execute("UPDATE cert SET status = 'revoked'")
    db.execute("DROP TRIGGER state_no_delete")
    db.execute("DELETE FROM state")
    db.commit()
    ca.refuse(CONFIG, "not the last that was signed", "ca", "log", "--verify")


def test_a_network_gets_a_new_root_and_moves_over(place):
    ca = authority(place.dir, ("party1",))
    ca.tell("sign", "party2", "--out", "party2.old")
    before = ca.json("ca", "show")
    ca.refuse(USAGE, "--overlap takes a duration", "ca", "rotate", "--overlap", "never")
    done = ca.json("ca", "rotate", "--overlap", "200d")
    after = ca.json("ca", "show")
    check(done["before"]["fingerprint"] == before["fingerprint"], done)
    check(after["fingerprint"] == done["fingerprint"] != before["fingerprint"], after)
    check(after["network"] == before["network"] and after["ranges"] == before["ranges"])
    check(abs(done["before"]["until"] - time.time() - 200 * 86400) < 120, done)
    events = [line["event"] for line in ca.json("ca", "log")["log"]]
    check(events[-3:] == ["init", "rotate", "state"], events)
    ca.tell("ca", "log", "--verify")
    ca.tell("ca", "check")

    # Both roots are in what is handed out, so old and new members believe each other.
    ca.tell("sign", "party3")
    host = Host(place.dir / "host")
    host.tell("join", ca.path / "party3.mpynet")
    old = Host(place.dir / "old")
    old.tell("join", ca.path / "party2.old")
    check(ca.json("inspect", "party3.mpynet")["valid"])
    ca.tell("revoke", "party1")
    check(ca.json("ca", "state")["version"] > done["state"])
    ca.json("ca", "rotate")
    ca.tell("ca", "log", "--verify")


def test_the_old_key_is_gone_after_a_rotation(place):
    ca = authority(place.dir)
    db = sqlite3.connect(ca.state / "ca.db")
    (old,), = db.execute("SELECT keyfile FROM ca").fetchall()
    ca.tell("ca", "rotate")
    kept = [bytes(k) for k, in db.execute("SELECT keyfile FROM ca ORDER BY id")]
    check(kept[0] == b"" and len(kept[1]) == len(old), kept)
    check(bytes(old) not in (ca.state / "ca.db").read_bytes(), "the old key is in the file")


def test_the_new_root_has_a_passphrase_of_its_own(place):
    ca = SmallHost(place.dir)
    check(ca.unlocked("the first passphrase", "ca", "init", "study")[0] == DONE)
    status, _, err = ca.unlocked("the first passphrase\nthe second passphrase", "ca", "rotate")
    check(status == DONE, err)
    check(ca.unlocked("the first passphrase", "sign", "party1")[0] != DONE)
    check(ca.unlocked("the second passphrase", "sign", "party1")[0] == DONE)
