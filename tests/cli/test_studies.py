# SPDX-License-Identifier: GPL-3.0-or-later
"""Studies: as files, without a daemon, and as a daemon tells of them."""

import base64
import sys

from authority import CONFIG, LIGHTHOUSE, NO, NO_DAEMON, USAGE, Host, authority, check
from daemon import Daemon
from place import ROOT

sys.path.insert(0, str(ROOT / "tests" / "vectors"))
import objects as o                                                # noqa: E402
import studies as s                                                # noqa: E402

PORT = 11365


def study_file(path, parties, name="salaries", network=bytes(16)):
    """A study as nobody but tests/vectors writes it; a party is (name, key, address, port)."""
    body = {o.NETWORK: network, o.NAME: name.encode(),
            s.PARTIES: b"".join(s.party(*p) for p in parties)}
    path.write_bytes(o.pem("MPYNET STUDY", o.unsigned(s.STUDY, s.NONE, o.tlvs(body))))
    return path


def three(own_key):
    """This host is the second of three."""
    return [("party1", b"\x09" * 32, "10.87.0.2", PORT), ("party2", own_key, "10.87.0.3", 4000),
            ("party3", b"\x0a" * 32, "fd77::4", PORT)]


def joined(path):
    """A host that has joined as party2, and its key."""
    ca = authority(path / "ca", LIGHTHOUSE, ("party2",))
    host = Host(path / "party2")
    host.tell("join", ca.path / "party2.mpynet")
    key = host.json("inspect", ca.path / "party2.mpynet")["key"]
    return host, base64.b64decode(key) if len(key) != 64 else bytes.fromhex(key)


def test_a_file_says_what_mpyc_is_told(place):
    host, key = joined(place.dir)
    file = study_file(host.path / "salaries.study", three(key))
    args = "-P 10.87.0.2:11365 -P 10.87.0.3:4000 -P fd77::4:11365 -I 1\n"
    check(host.tell("mpyc-args", "salaries.study") == args, host.tell("mpyc-args", file))
    lines = host.tell("mpyc-args", file, "--env").splitlines()
    check("MPYNET_INDEX='1'" in lines and "MPYNET_ADDR_2='fd77::4'" in lines, lines)
    check("MPYNET_MPYC_ARGS='%s'" % args.strip() in lines, lines)
    check(host.tell("mpyc-args", file, "--each", "{index} {name} {endpoint}").splitlines() ==
          ["0 party1 10.87.0.2:11365", "1 party2 10.87.0.3:4000", "2 party3 [fd77::4]:11365"])
    template = "{{{study}}} {parties} {threshold} {index} {addr} {port:0} {name:2} {endpoint:2}"
    check(host.tell("mpyc-args", file, "--template", template) ==
          "{salaries} 3 1 1 10.87.0.3 11365 party3 [fd77::4]:11365\n")


def test_templates_that_mean_nothing_get_a_sentence(place):
    host, key = joined(place.dir)
    file = study_file(host.path / "salaries.study", three(key))
    for template, phrase in (("{addr:3}", "no party"), ("{addr:x}", "no party"),
                             ("{addr:}", "no party"), ("{adress}", "stands for nothing"),
                             ("{index:0}", "stands for nothing"), ("{", "stands alone"),
                             ("a}b", "stands alone"), ("{addr", "stands alone"),
                             ("{study}" * 15000, "too long")):
        host.refuse(CONFIG, phrase, "mpyc-args", file, "--template", template)
    host.refuse(USAGE, "exclude each other", "mpyc-args", file, "--env", "--each", "x")


def test_who_is_no_party_is_told_so(place):
    host, _ = joined(place.dir)
    file = study_file(host.path / "salaries.study", three(b"\x0b" * 32))
    host.refuse(CONFIG, "no party", "mpyc-args", file)
    check("party2" in host.tell("study", "show", file))
    host.refuse(CONFIG, "it is a study", "inspect", file)
    Host(place.dir / "nobody").refuse(CONFIG, "no party", "mpyc-args", file)


def test_files_that_are_no_study_are_refused(place):
    host, key = joined(place.dir)
    good = study_file(host.path / "good.study", three(key)).read_text()
    for name, text in (("empty", ""), ("words", "hello\n"), ("cut", good[:-30]),
                       ("twice", good + good),
                       ("other", good.replace("MPYNET STUDY", "MPYNET REQUEST"))):
        (host.path / (name + ".study")).write_text(text)
        host.refuse(CONFIG, name + ".study", "study", "show", name + ".study")
    twice = study_file(host.path / "same.study", three(key) + three(key)[:1])
    host.refuse(CONFIG, "one name, one key or one address", "study", "show", twice)
    nobody = Host(place.dir / "nobody")
    nobody.refuse(NO_DAEMON, "joined no network", "study", "list")
    nobody.refuse(NO_DAEMON, "joined no network", "study", "accept", host.path / "good.study")


PARTIES = [{"index": 0, "name": "party1", "ip": "10.87.0.2", "port": PORT, "stance": "accepted",
            "key_words": "aardvark adroitness", "self": True},
           {"index": 1, "name": "party2", "ip": "10.87.0.3", "port": PORT, "stance": "absent",
            "key_words": "absurd adviser", "self": False, "connected": False}]
STUDY = {"schema": 1, "role": "node", "name": "salaries", "hash": "ab" * 32, "stance": "accepted",
         "index": 0, "count": 2, "accepted": 1, "threshold": 0, "since": 1767225600, "by": "party1",
         "parties": PARTIES, "warnings": ["with two parties the threshold is 0"], "file": "F"}


def test_a_study_is_proposed_shown_accepted_and_closed(place):
    asked = []

    def study_new(args):
        asked.append(args)
        return {"schema": 1, "missing": "party2"} if len(asked) < 3 else STUDY

    daemon = Daemon(place, {
        "study_new": study_new, "study": STUDY, "study_accept": STUDY,
        "study_close": {**STUDY, "stance": "closed"},
        "studies": {"schema": 1, "role": "node", "studies": [STUDY]}})
    done = place.does("study", "new", "salaries", "--parties", "party1,party2", "--port", "4000",
                      "--out", place.dir / "out.study")
    check(asked[-1] == {"name": "salaries", "parties": ["party1", "party2"], "port": 4000}, asked)
    check(len(asked) == 3 and "study accept salaries" in done.out, done)
    check("threshold is 0" in done.out and (place.dir / "out.study").read_text() == "F", done)
    check("salaries" in place.does("study", "list").out)
    check("absent" in place.does("study", "show", "salaries").out)
    check("1 of 2" in place.does("study", "accept", "salaries").out)
    check(daemon.asked[-1] == ("study_accept", {"study": "ab" * 32}), daemon.asked[-1])
    check("closed" in place.does("study", "close", "abab").out)
    check(daemon.asked[-1] == ("study_close", {"study": "abab"}), daemon.asked[-1])
    place.fails(USAGE, "no terminal", "study", "accept", "salaries", "--words")
    check("1 of 2" in place.does("study", "accept", "salaries", "--words", "--yes").out)
    place.fails(USAGE, "--port takes", "study", "new", "x", "--parties", "a", "--port", "70000")


def test_what_a_daemon_says_is_escaped(place):
    Daemon(place, {"study": {**STUDY, "name": "a\x1b[2J", "warnings": ["w\x1b[2J"]}})
    check("\x1b" not in place.does("study", "show", "salaries").out)


def test_a_party_that_is_not_found_is_named(place):
    Daemon(place, {"study_new": lambda _: {"schema": 1, "missing": "party9"},
                   "study": (NO, "there is no study \"x\" here")})
    place.fails(NO, "no certificate of party9", "study", "new", "x", "--parties", "party9")
    place.fails(NO, "no study", "study", "show", "x")
