# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that are fixed by name, where no node runs: straight in its database."""

from authority import CONFIG, LIGHTHOUSE, NO, USAGE, Host, authority, check
from daemon import Daemon
from test_crash import LONG, STRIDE, Scene


def joined(path):
    """The host that is to pin, and the authority's own view of the others' keys."""
    ca = authority(path / "ca", LIGHTHOUSE, ("party1",), ("party2",), ("party3",))
    host = Host(path)
    host.tell("join", ca.path / "party1.mpynet")
    return host, {name: ca.json("inspect", name + ".mpynet")["key_words"]
                  for name in ("party1", "party2", "party3")}


def pins(host):
    return {row["name"]: row["words"] for row in host.json("pin")["pins"]}


def test_keys_are_pinned_by_words_and_by_key_and_taken_back(place):
    host, words = joined(place.dir)
    check("no key is pinned" in host.tell("pin"))
    check(words["party2"] in host.tell("pin", "party2", *words["party2"].upper().split()))
    check(pins(host) == {"party2": words["party2"]}, pins(host))
    key = "%064x" % 9
    out = host.tell("pin", "party3", key)
    check("compare the words" in out, out)
    row = [row for row in host.json("pin")["pins"] if row["name"] == "party3"][0]
    check(row["key"] == "A" * 42 + "k=", row)
    host.tell("pin", "party3", row["key"])
    host.tell("pin", "party3", words["party3"].replace(" ", "-"))
    check(pins(host) == {"party2": words["party2"], "party3": words["party3"]}, pins(host))
    check("no longer pinned" in host.tell("unpin", "party2"))
    check(pins(host) == {"party3": words["party3"]}, pins(host))


def test_what_cannot_be_pinned_gets_a_sentence(place):
    host, words = joined(place.dir)
    host.refuse(NO, "no node runs", "pin", "party2")
    host.refuse(CONFIG, "is no key", "pin", "party2", "aardvark", "aardvark")
    host.refuse(CONFIG, "is no key", "pin", "party2", "00" * 31)
    host.refuse(CONFIG, "no name", "pin", "Party 2", words["party2"])
    host.refuse(USAGE, "eight words", "pin", "party2", "word " * 100)
    host.refuse(NO, "no key is pinned", "unpin", "party2")
    host.tell("pin", "party2", words["party2"])
    host.refuse(CONFIG, "pinned for party2 already", "pin", "party3", words["party2"])
    check(pins(host) == {"party2": words["party2"]}, pins(host))
    Host(place.dir / "nobody").refuse(CONFIG, "has joined", "pin", "party2", words["party2"])


def test_a_node_that_runs_is_asked(place):
    words = " ".join(["aardvark adroitness"] * 4)
    answers = {
        "pins": {"schema": 1, "pins": [{"name": "party2", "words": words, "state": "refused",
                 "refused": {"words": "absurd " + words[9:], "times": 3, "name": "party2",
                             "key": "", "at": 1767225600}}]},
        "pin": lambda args: {"schema": 1, "pins": [{"name": args["name"], "words": words}],
                             "had_words": "absurd " + words[9:], "differs": "key" in args},
        "unpin": (1, "no key is pinned for party3"),
    }
    daemon = Daemon(place, answers)
    done = place.does("pin")
    check("refused" in done.out and "absurd" in done.out and words in done.out, done)
    check("another until now" not in place.does("pin", "party2").out)
    check("another until now" in place.does("pin", "party2", words).out)
    check(daemon.asked[-1][1] == {"name": "party2", "key": words}, daemon.asked[-1])
    place.fails(NO, "no key is pinned", "unpin", "party3")


def prepare(path):
    host, words = joined(path)
    host.tell("pin", "party2", words["party2"])


def check_pins(site, verb, done, before):
    """Every pin is there or not, the old one with its key, and the command can be given again."""
    now = pins(site)
    if verb == "pin":
        check(now.get("party2") == before, "a pin was lost", now)
        check(not done or "party3" in now, "it was said and not done", now)
        site.tell("pin", "party3", "%064x" % 9)
    else:
        check(now.get("party2") in (None, before), "another key is pinned", now)
        check(not done or "party2" not in now, "it was said and not done", now)
        site.tell("pin", "party2", before)
        site.tell("unpin", "party2")


def everywhere(place, how, stays):
    orders = {"FAULT_STAYS": "1"} if stays else {}
    for words in ("pin", "party3", "%064x" % 9), ("unpin", "party2"):
        scene = Scene(place.dir / how / words[0], prepare, *words)
        before = pins(Host(scene.before))["party2"]
        count = scene.calls()
        check(count > 0, words, "writes nothing")
        for at in range(1 + len(how) % STRIDE, count + 1, 1 if LONG else 2 * STRIDE):
            site, status, err = scene.run(FAULT_AT=str(at), FAULT_HOW=how, **orders)
            try:
                if how in ("kill", "torn"):
                    check(status == -9, "was to be killed:", status, err)
                else:
                    check((status == 0) == (err == ""), "status", status, "with", repr(err))
                check_pins(site, words[0], status == 0, before)
            except Exception as error:
                raise type(error)("%s, %s at call %d of %d: %s" %
                                  (words[0], how, at, count, error)) from error


def test_pins_survive_a_kill_at_every_call(place):
    everywhere(place, "kill", False)
    everywhere(place, "torn", False)


def test_pins_survive_every_disk(place):
    everywhere(place, "ENOSPC", True)
    everywhere(place, "EIO", False)
    everywhere(place, "EROFS", True)
