# SPDX-License-Identifier: GPL-3.0-or-later
"""The authority's part of the quick start, and every error that a newcomer makes on it."""

import ipaddress
import os
import re
import shutil
import sqlite3
import stat
import time

from authority import (CONFIG, DONE, LIGHTHOUSE, NO, PERMISSION, USAGE, Host, SmallHost,
                       authority, check)
from place import Terminal


def last_line(text):
    return text.strip().splitlines()[-1]


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_quick_start_leads_from_step_to_step(place):
    you = Host(place.dir / "you")
    status, out, err = you.unlocked("correct horse battery", "ca", "init", "study")
    check(status == DONE, err)
    check("Argon2id with 4 passes over" in out and "10.87.0.0/16" in out, out)
    check("mpynet sign lh --lighthouse --public HOST:7717" in last_line(out), out)

    status, out, err = you.unlocked("correct horse battery", "sign", *LIGHTHOUSE)
    check(status == DONE, err)
    check("mpynet lighthouse lh.mpynet" in last_line(out), out)

    status, out, err = you.unlocked("correct horse battery", "sign", "party1", "party2", "party3")
    check(status == DONE, err)
    check("sudo mpynet up NAME.mpynet" in last_line(out), out)
    for name in "lh", "party1", "party2", "party3":
        check(mode(you.path / (name + ".mpynet")) == 0o600, name)
    check(mode(you.state) == 0o700 and mode(you.state / "ca.db") == 0o600)

    addresses = [c["addresses"] for c in you.json("ca", "list")["certificates"]]
    check([a[0] for a in addresses] == ["10.87.0.1", "10.87.0.10", "10.87.0.11", "10.87.0.12"])
    check([a[1][-3:] for a in addresses] == ["::1", "::a", "::b", "::c"], addresses)
    lighthouses = you.json("inspect", "party1.mpynet")["lighthouses"]
    check([h["endpoints"] for h in lighthouses] == [["vpn.example.org:7717"]], lighthouses)

    party_next = "sudo mpynet up, or without root: mpynet exec -- PROGRAM"
    for name, next_step in ("lh", "mpynet lighthouse"), ("party1", party_next):
        host = Host(place.dir / name)
        out = host.tell("join", you.path / (name + ".mpynet"))
        check(last_line(out) == "Next: " + next_step, out)


def typed(place, ca, lines, *words):
    """What a terminal shows when these lines are typed, each when its question is seen."""
    terminal = Terminal(ca.words(*words), ca.path, ca.environment())
    place.closing.append(terminal)
    shown = ""
    for question, line in lines:
        shown += terminal.wait(question)
        terminal.type(line + "\n")
    check(terminal.end() == DONE, terminal.seen)
    return shown + terminal.seen


def test_a_passphrase_is_asked_twice_and_never_shown(place):
    ca = SmallHost(place.dir)
    shown = typed(place, ca, [("authority's key: ", "a fine passphrase"),
                              ("again: ", "a fine passphrase")], "ca", "init", "study")
    shown += typed(place, ca, [("of study: ", "not this one"),
                               ("try again\r\nPassphrase of study: ", "a fine passphrase")], "sign", "party1")
    check("fine" not in shown and "not this" not in shown, "a passphrase was shown")
    check((ca.path / "party1.mpynet").exists())


def test_passphrases_that_will_not_do(place):
    ca = SmallHost(place.dir)
    ca.refuse(USAGE, "--passphrase-fd 3 3<FILE", "ca", "init", "study")
    ca.refuse(USAGE, "no file is open there", "ca", "init", "--passphrase-fd", "77")
    ca.refuse(USAGE, "number of an open file", "ca", "init", "--passphrase-fd", "x")
    ca.refuse(USAGE, "exclude each other", "ca", "init", "--no-passphrase",
                 "--passphrase-fd", "0")
    status, _, err = ca.unlocked("short", "ca", "init", "study")
    check(status == USAGE and "at least 8 characters" in err, err)
    check(not ca.state.exists(), "something was made")
    check(ca.unlocked("long enough", "ca", "init", "study")[0] == DONE)
    status, _, err = ca.unlocked("something else", "sign", "party1")
    check(status == CONFIG and "this is not the passphrase of study" in err, err)
    check(not (ca.path / "party1.mpynet").exists())


def test_errors_of_a_newcomer(place):
    ca = Host(place.dir)
    ca.refuse(CONFIG, "make one with `mpynet ca init`", "sign", "party1")
    ca.refuse(CONFIG, "there is no authority in", "ca", "list")
    ca.refuse(USAGE, "one looks like 10.87.0.0/16", "ca", "init", "--network", "10.87.0.1/16",
                 "--no-passphrase")
    ca.refuse(CONFIG, "too small for a network", "ca", "init", "--network", "10.87.0.0/31",
                 "--no-passphrase")
    ca.refuse(CONFIG, "overlaps another", "ca", "init", "--network", "10.87.0.0/16",
                 "--network", "10.87.1.0/24", "--no-passphrase")
    ca.refuse(CONFIG, "loopback", "ca", "init", "--network", "127.0.0.0/8", "--no-passphrase")
    ca.refuse(USAGE, "is no endpoint", "ca", "init", "--no-passphrase", "--lighthouse", "a b")
    ca.refuse(USAGE, "letter or digit at both ends", "ca", "init", "My Study",
                 "--no-passphrase")
    ca.tell("ca", "init", "study", "--no-passphrase")
    ca.refuse(CONFIG, "the authority of network study already", "ca", "init",
                 "--no-passphrase")

    ca.refuse(USAGE, "say with --public HOST:PORT where it is", "sign", "lh", "--lighthouse")
    ca.refuse(USAGE, "say --lighthouse too", "sign", "lh", "--public", "192.0.2.1")
    ca.refuse(USAGE, "say that too", "sign", "lh", "--tcp", "8443")
    ca.refuse(USAGE, "--tcp takes a port", "sign", "lh", "--lighthouse", "--public", "192.0.2.1",
              "--tcp", "65536")
    ca.refuse(USAGE, "is no endpoint", "sign", "lh", "--lighthouse", "--public", "a b:1")
    ca.refuse(USAGE, "is no endpoint", "sign", "lh", "--lighthouse", "--public", "lh:99999")
    ca.refuse(USAGE, "named twice", "sign", "a", "a")
    ca.refuse(USAGE, "of one host", "sign", "a", "b", "--ip", "10.87.0.20")
    ca.refuse(USAGE, "is no address", "sign", "a", "--ip", "10.87.0")
    ca.refuse(USAGE, "--groups takes names", "sign", "a", "--groups", "x,,y")
    ca.refuse(USAGE, "--routes takes ranges", "sign", "a", "--routes", "192.168.7.1/24")
    ca.refuse(USAGE, "--lifetime takes a duration", "sign", "a", "--lifetime", "90")
    ca.refuse(USAGE, "belong together", "sign", "a", "--stock")
    ca.refuse(USAGE, "as `wg pubkey` prints", "sign", "a", "--stock", "--public-key", "abc")
    ca.refuse(CONFIG, "at most 10y", "sign", "a", "--lifetime", "11y")
    ca.refuse(CONFIG, "is no host address of authority study", "sign", "a", "--ip", "10.87.0.0")
    ca.refuse(CONFIG, "is no host address of authority study", "sign", "a", "--ip", "192.0.2.1")
    ca.refuse(CONFIG, "overlaps the addresses of the network", "sign", "a", "--routes",
                 "10.0.0.0/8")
    ca.refuse(NO, "no live certificate to replace", "sign", "a", "--replace")
    check(not ca.json("ca", "list")["certificates"], "something was signed")
    check(not list(ca.path.glob("*.mpynet")) and not list(ca.path.glob(".*")), "left files")


def test_what_was_signed_is_never_overwritten(place):
    ca = authority(place.dir, ("party1",))
    ca.refuse(CONFIG, "mpynet sign party1 --replace", "sign", "party1")
    ca.refuse(CONFIG, "exists already and is never overwritten", "sign", "party1", "--replace")
    ca.refuse(CONFIG, "exists already", "sign", "party2", "--out", "party1.mpynet")
    ca.refuse(CONFIG, "No such file or directory", "sign", "party2", "--out", "no/where")
    check([c["name"] for c in ca.json("ca", "list")["certificates"]] == ["party1"])
    ca.tell("sign", "party1", "--replace", "--out", "new.mpynet")
    old, new = ca.json("ca", "list")["certificates"]
    check((old["status"], new["status"]) == ("replaced", "live"), old, new)
    check(old["addresses"] == new["addresses"] and old["key"] != new["key"], old, new)
    check(ca.json("inspect", "new.mpynet")["serial"] == new["serial"])


def test_a_bundle_that_cannot_get_its_name_waits_until_it_can(place):
    """What a crash left while somebody put another file in its place."""
    ca = authority(place.dir, ("a",))
    bundle, hidden = ca.path / "a.mpynet", ca.path / ".a.mpynet.12345678"
    os.rename(bundle, hidden)
    bundle.write_text("somebody else's\n")
    db = sqlite3.connect(ca.state / "ca.db")
    db.execute("INSERT INTO handout (hidden, path, serial) VALUES (?, ?, 2)",
               (str(hidden), str(bundle)))
    db.commit()
    db.close()
    status, out, err = ca.run("ca", "list")
    check(status == DONE and "waits as" in err, err)
    check(bundle.read_text() == "somebody else's\n" and hidden.exists())
    bundle.unlink()
    check(ca.run("ca", "list")[2] == "" and not hidden.exists())
    check(ca.json("inspect", "a.mpynet")["valid"])
    check(ca.run("ca", "list")[2] == "")


def test_parties_that_were_signed_before_a_lighthouse_learn_of_it(place):
    ca = authority(place.dir / "ca")
    out = ca.tell("sign", "party1")
    check("no lighthouse yet" in out, out)
    host = Host(place.dir / "party1")
    host.tell("join", ca.path / "party1.mpynet")
    out = ca.tell("sign", *LIGHTHOUSE)
    check("Signed before lh" in out and "party1" in out, out)

    (host.path / "new.mpynet").write_text(ca.tell("ca", "export", "party1"))
    check(not ca.json("inspect", host.path / "new.mpynet")["has_key"], "export gave a key")
    host.tell("join", "new.mpynet")
    bundle = host.json("inspect", host.state / "node" / "bundle.mpynet")
    check(bundle["has_key"] and len(bundle["lighthouses"]) == 1, bundle)


def test_a_request_keeps_the_key_at_home(place):
    ca, host = authority(place.dir / "ca", LIGHTHOUSE), Host(place.dir / "party3")
    root = host.file("study.ca", ca.tell("ca", "export", "--ca"))
    status, request, said = host.run("request", "party3", "--ca", root)
    check(status == DONE, said)
    words = re.search(r"in words: (.*)", said).group(1)
    check(len(words.split()) == 8, words)
    check(host.run("request", "party3", "--ca", root)[1] == request, "asked with another key")

    ca.file("party3.req", request)
    ca.refuse(USAGE, words, "sign", "party3", "--request", "party3.req")
    ca.refuse(CONFIG, "asks for the name party3", "sign", "x", "--request", "party3.req")
    ca.tell("sign", "party3", "--request", "party3.req", "--yes")
    check(not ca.json("inspect", "party3.mpynet")["has_key"])

    Host(place.dir / "other").refuse(CONFIG, "has no key", "join", ca.path / "party3.mpynet")
    host.tell("join", ca.path / "party3.mpynet")
    check(not (host.state / "node" / "request.key").exists(), "the key is still waiting")
    check(host.json("inspect", host.state / "node" / "bundle.mpynet")["valid"])


def test_a_person_compares_the_words_of_a_request(place):
    ca, host = authority(place.dir / "ca"), Host(place.dir / "party3")
    root = host.file("study.ca", ca.tell("ca", "export", "--ca"))
    _, request, said = host.run("request", "party3", "--ca", root)
    ca.file("party3.req", request)
    command = "sign", "party3", "--request", "party3.req"
    for answer, status in ("n", NO), ("y", DONE):
        terminal = Terminal(ca.words(*command), ca.path, ca.environment())
        place.closing.append(terminal)
        shown = terminal.wait("[y/N] ")
        check(re.search(r"in words: (.*)", said).group(1) in shown, shown)
        terminal.type(answer + "\n")
        check(terminal.end() == status, answer, terminal.seen)


def test_one_key_is_certified_once(place):
    """A second name for a key would let its holder be taken for another."""
    ca, host, thief = (authority(place.dir / "ca"), Host(place.dir / "host"),
                       Host(place.dir / "thief"))
    root = host.file("study.ca", ca.tell("ca", "export", "--ca"))
    for who, name in (host, "a"), (thief, "b"):
        if who is thief:
            shutil.copytree(host.state, thief.state)
        ca.file(name + ".req", who.tell("request", name, "--ca", root))
    ca.tell("sign", "a", "--request", "a.req", "--yes")
    ca.refuse(CONFIG, "certified for a already", "sign", "b", "--request", "b.req", "--yes")


def test_requests_that_prove_nothing(place):
    ca, other = authority(place.dir / "ca"), authority(place.dir / "other")
    host = Host(place.dir / "host")
    root = host.file("other.ca", other.tell("ca", "export", "--ca"))
    ca.file("other.req", host.tell("request", "a", "--ca", root))
    ca.refuse(CONFIG, "asks another authority, not study", "sign", "a", "--request", "other.req",
              "--yes")
    ca.file("no.req", "hello\n")
    ca.refuse(CONFIG, "no.req", "sign", "a", "--request", "no.req")
    ca.refuse(CONFIG, "cannot be read", "sign", "a", "--request", "none.req")
    ca.tell("sign", "b")
    ca.refuse(CONFIG, "b.mpynet", "sign", "a", "--request", "b.mpynet")
    host.refuse(CONFIG, "cannot be read", "request", "a", "--ca", "none")
    host.refuse(CONFIG, "b.mpynet", "request", "a", "--ca", ca.path / "b.mpynet")
    host.refuse(USAGE, "letter or digit", "request", "A", "--ca", root)


def test_a_stock_peer_gets_what_wg_quick_reads(place):
    ca = authority(place.dir / "ca", LIGHTHOUSE, ("party1",))
    key = "GI+MyCe93Qc6o6CJAKK9ymFySfYQCIHfOQYv6RRLuCo="
    out = ca.tell("sign", "tablet", "--stock", "--public-key", key)
    check("[Interface]" in out and "Address = 10.87.0.11/32" in out, out)
    check(out.count("[Peer]") == 1 and "AllowedIPs = 10.87.0.10/32" in out, out)
    check(key in out and "vpn.example.org" not in out, out)
    check(ca.json("inspect", "tablet.crt")["flags"] == ["stock"])
    ca.refuse(CONFIG, "certified for tablet already", "sign", "phone", "--stock",
                 "--public-key", key)
    ca.refuse(CONFIG, "weak", "sign", "phone", "--stock", "--public-key", "A" * 43 + "=")
    ca.refuse(USAGE, "neither lighthouse nor relay", "sign", "x", "--stock", "--public-key",
                 key, "--relay")

    host = Host(place.dir / "party1")
    host.refuse(CONFIG, "only hosts answer tablet", "join", ca.path / "tablet.crt")
    host.tell("join", ca.path / "party1.mpynet")
    host.tell("join", ca.path / "tablet.crt")
    check((host.state / "node" / "members" / "tablet.crt").exists())
    stranger = authority(place.dir / "other")
    stranger.tell("sign", "spy", "--stock", "--public-key", key)
    host.refuse(CONFIG, "spy", "join", stranger.path / "spy.crt")


def test_a_pre_shared_key_is_in_every_bundle(place):
    ca = Host(place.dir)
    ca.tell("ca", "init", "study", "--no-passphrase", "--psk")
    ca.tell("sign", "party1")
    check(ca.json("inspect", "party1.mpynet")["has_psk"])
    out = ca.tell("sign", "tablet", "--stock", "--public-key",
                     "GI+MyCe93Qc6o6CJAKK9ymFySfYQCIHfOQYv6RRLuCo=")
    check("PresharedKey = " in out, out)


def test_addresses_are_the_lowest_that_are_free(place):
    """Against a model that only counts."""
    ca = Host(place.dir)
    ca.tell("ca", "init", "study", "--no-passphrase", "--network", "10.9.8.0/29")
    free = [str(a) for a in ipaddress.ip_network("10.9.8.0/29").hosts()]
    ca.tell("sign", "x", "--ip", free.pop(2))
    for name in "abcde":
        ca.tell("sign", name)
        got = ca.json("ca", "list")["certificates"][-1]["addresses"]
        check(got == [free.pop(0)], name, got)
    ca.refuse(CONFIG, "no address is free", "sign", "z")
    ca.refuse(CONFIG, "belongs to another host", "sign", "z", "--ip", "10.9.8.1")


def test_an_address_returns_when_its_certificate_has_expired(place):
    ca = authority(place.dir)
    ca.tell("sign", "a", "--lifetime", "1s")
    ca.tell("sign", "b", "--lifetime", "1s", "--ip", "10.87.0.99")
    time.sleep(2.1)
    check([c["status"] for c in ca.json("ca", "list")["certificates"]] == ["expired"] * 2)
    ca.tell("sign", "c")
    ca.tell("sign", "b", "--out", "b2.mpynet")
    got = [c["addresses"][0] for c in ca.json("ca", "list")["certificates"][2:]]
    check(got == ["10.87.0.10", "10.87.0.11"], got)


def test_check_tells_who_is_close_to_the_end(place):
    ca = authority(place.dir, ("a",))
    check("no certificate is close" in ca.tell("ca", "check"))
    ca.tell("sign", "b", "--lifetime", "12s")
    time.sleep(8.1)                     # the last third begins
    status, out, _ = ca.run("ca", "check")
    check(status == NO and "b " in out and "--replace" in last_line(out), status, out)
    names = [c["name"] for c in ca.json("ca", "list", "--expiring", "1h")["certificates"]]
    check(names == ["b"], names)


def test_check_tells_when_the_authority_itself_ends_too_soon(place):
    ca = authority(place.dir)
    old = Host(place.dir / "old")
    old.tell("ca", "init", "study", "--no-passphrase", "--lifetime", "15s")
    check("no certificate is close" in ca.tell("ca", "check"))
    time.sleep(10.1)                    # the last third begins
    status, out, _ = old.run("ca", "check")
    check(status == NO and "ca rotate" in out, status, out)
    old.tell("ca", "rotate", "--overlap", "1h", "--lifetime", "10y")
    check("no certificate is close" in old.tell("ca", "check"))


def test_lighthouses_relay_unless_told_otherwise(place):
    ca = authority(place.dir, LIGHTHOUSE)
    ca.tell("sign", "lh2", "--lighthouse", "--public", "[2001:db8::1]", "--public",
               "LH.example.org", "--no-relay")
    ca.tell("sign", "relay", "--relay")
    flags = [c["flags"] for c in ca.json("ca", "list")["certificates"]]
    check(flags == [["lighthouse", "relay"], ["lighthouse"], ["relay"]], flags)
    shown = ca.json("ca", "show")["lighthouses"][1]["endpoints"]
    check(shown == ["[2001:db8::1]:7717", "lh.example.org:7717"], shown)
    for i in range(3, 9):
        ca.tell("sign", "lh%d" % i, "--lighthouse", "--public", "192.0.2.%d" % i)
    ca.refuse(CONFIG, "a bundle holds no more", "sign", "lh9", "--lighthouse", "--public",
                 "192.0.2.9")


def test_init_can_sign_its_lighthouse_at_once(place):
    ca = Host(place.dir)
    out = ca.tell("ca", "init", "study", "--no-passphrase", "--lighthouse", "192.0.2.1")
    check("mpynet lighthouse lh.mpynet" in last_line(out), out)
    check(ca.json("inspect", "lh.mpynet")["lighthouses"][0]["endpoints"] == ["192.0.2.1:7717"])


def test_a_ledger_that_somebody_changed_is_not_used(place):
    ca = authority(place.dir / "ca", ("a",), ("b",))
    changes = [
        "UPDATE log SET detail = 'x' WHERE seq = 2",
        "UPDATE log SET time = time + 1 WHERE seq = 1",
        "DELETE FROM log WHERE seq = 3",
        "DELETE FROM log WHERE seq = 2",
        "UPDATE meta SET log_seq = 2",
        "UPDATE cert SET name = 'c' WHERE name = 'b'",
        "UPDATE cert SET object = (SELECT object FROM cert WHERE name = 'a'), "
        "fingerprint = randomblob(32) WHERE name = 'b'",
        "DELETE FROM cert WHERE name = 'b'",
        "UPDATE cert SET not_after = not_after + 1 WHERE name = 'b'",
    ]
    for change in changes:
        victim = Host(place.dir / "victim")
        shutil.copytree(ca.state, victim.state)
        db = sqlite3.connect(victim.state / "ca.db")
        for kind, name in list(db.execute("SELECT type, name FROM sqlite_schema")):
            if kind == "trigger":
                db.execute("DROP TRIGGER " + name)
        db.execute(change)
        db.commit()
        db.close()
        victim.refuse(CONFIG, "restore", "ca", "log", "--verify")
        victim.refuse(CONFIG, "restore", "sign", "c")
        shutil.rmtree(victim.path)


def test_the_ledger_itself_refuses_changes(place):
    ca = authority(place.dir, ("a",))
    db = sqlite3.connect(ca.state / "ca.db")
    for change in ("UPDATE log SET detail = 'x'", "DELETE FROM log", "DELETE FROM cert",
                   "INSERT INTO log SELECT seq + 5, time, event, name, serial, digest, detail, "
                   "hash FROM log WHERE seq = 1",
                   "UPDATE cert SET name = 'x'", "DELETE FROM ca", "UPDATE ca SET name = 'x'",
                   "INSERT OR REPLACE INTO log SELECT * FROM log WHERE seq = 1",
                   "INSERT OR REPLACE INTO cert SELECT * FROM cert"):
        try:
            db.execute(change)
        except sqlite3.Error:
            continue
        check(False, "was not refused:", change)
    db.close()
    check(ca.json("ca", "log", "--verify")["verified"])


def test_a_damaged_or_foreign_ledger_gets_a_sentence(place):
    ca = authority(place.dir, ("a",))
    ledger = ca.state / "ca.db"
    good = ledger.read_bytes()
    for bad in b"hello", good[:5000], bytes(4096), good[:4096] + b"\xff" * 4096 + good[8192:]:
        ledger.write_bytes(bad)
        status, _, err = ca.run("ca", "list")
        check(status == CONFIG and err.startswith("mpynet: ") and err.count("\n") == 1, err)
    ledger.write_bytes(good)
    ledger.chmod(0o644)
    ca.refuse(PERMISSION, "chmod 600", "ca", "list")
    ledger.chmod(0o600)
    ca.tell("ca", "list")


def test_machines_get_json_and_columns(place):
    ca = authority(place.dir, LIGHTHOUSE)
    body = ca.json("sign", "a", "b")
    check(body["schema"] == 1 and [s["name"] for s in body["signed"]] == ["a", "b"], body)
    check(all(os.path.exists(s["file"]) for s in body["signed"]), body)
    for words in ("ca", "show"), ("ca", "list"), ("ca", "log"), ("ca", "check"), \
            ("ca", "log", "--verify"), ("inspect", "a.mpynet"):
        check(ca.json(*words)["schema"] == 1, words)
    rows = ca.tell("--porcelain", "ca", "list").splitlines()
    check(len(rows) == 3 and all("\t" in row for row in rows), rows)


def test_inspect_shows_no_secret(place):
    ca = authority(place.dir, ("a",))
    text = (ca.path / "a.mpynet").read_text()
    secret = re.search(r"HOST KEY-----\n(.*?)\n-----END", text, re.S).group(1)
    for words in ("inspect", "a.mpynet"), ("--json", "inspect", "a.mpynet"):
        check(secret not in ca.tell(*words), "the key was shown")
    ca.refuse(CONFIG, "cannot be read", "inspect", "none")
    ca.refuse(CONFIG, "inspect", "inspect", ca.file("inspect", "x"))
    ca.refuse(CONFIG, "cut", "inspect", ca.file("cut", text[:-40]))


def test_joining_what_does_not_fit(place):
    ca = authority(place.dir / "ca", ("a",), ("b",))
    host = Host(place.dir / "host")
    host.refuse(CONFIG, "cannot be read", "join", "none.mpynet")
    host.tell("join", ca.path / "a.mpynet")
    host.refuse(CONFIG, "has joined as a already", "join", ca.path / "b.mpynet")
    os.rename(ca.path / "a.mpynet", ca.path / "old.mpynet")
    ca.tell("sign", "a", "--replace")
    host.tell("join", ca.path / "a.mpynet")
    host.refuse(CONFIG, "newer certificate", "join", ca.path / "old.mpynet")
    ca.tell("sign", "brief", "--lifetime", "1s")
    time.sleep(2.1)
    Host(place.dir / "late").refuse(CONFIG, "expired", "join", ca.path / "brief.mpynet")
    text = (ca.path / "b.mpynet").read_text().replace("A", "B", 1)
    Host(place.dir / "bad").refuse(CONFIG, "bad.mpynet", "join", ca.file("bad.mpynet", text))
