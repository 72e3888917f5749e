# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining by a file survives whatever happens between two system calls.

Few calls, so all of them, always. That a token is one certificate when `join` is killed takes a
network: tests/netns/test_killed.py.
"""

from authority import LIGHTHOUSE, Host, authority, check
from test_crash import Scene

KILLS = ("kill", False), ("torn", False)
FAILURES = ("ENOSPC", True), ("EROFS", True), ("EIO", True), ("EIO", False)


def an_authority(path):
    return authority(path.parent / "ca", LIGHTHOUSE, ("party1",))


def hand_over(source, target, name):
    (target.path / name).write_text((source.path / name).read_text())


def by_bundle(path):
    """The host gets its key with the certificate."""
    hand_over(an_authority(path), Host(path), "party1.mpynet")


def by_request(path):
    """The host has its key, and what comes is its certificate."""
    ca, host = an_authority(path), Host(path)
    host.file("study.ca", ca.tell("ca", "export", "--ca"))
    ca.file("party2.req", host.tell("request", "party2", "--ca", "study.ca"))
    ca.tell("sign", "party2", "--request", "party2.req", "--yes")
    hand_over(ca, host, "party2.mpynet")


def by_the_next(path):
    """The host is a member, and what comes takes the place of what it has."""
    by_bundle(path)
    host, ca = Host(path), Host(path.parent / "ca")
    host.tell("join", "party1.mpynet")
    ca.tell("sign", "party1", "--replace", "--out", "party1.again")
    hand_over(ca, host, "party1.again")


def by_state(path):
    """A member is told who is revoked."""
    by_bundle(path)
    host, ca = Host(path), Host(path.parent / "ca")
    host.tell("join", "party1.mpynet")
    ca.tell("sign", "party9")
    ca.tell("revoke", "party9")
    host.file("study.state", ca.tell("ca", "export", "--network-state"))


JOINS = {
    "party1.mpynet": by_bundle,
    "party2.mpynet": by_request,
    "party1.again": by_the_next,
    "study.state": by_state,
}


def check_member(site, file):
    """It joins by the same words, is whole then, and nothing hidden is left."""
    status, _, err = site.run("join", file)
    if file == "study.state":
        check(status == 0 or "not newer" in err, "join again:", status, err)
        file = "party1.mpynet"
    else:
        check(status == 0 or "already" in err, "join again:", status, err)
    has = site.json("inspect", site.state / "node" / "bundle.mpynet")
    given = site.json("inspect", file)
    check(has["fingerprint"] == given["fingerprint"], "another certificate than", file)
    check(has["has_key"] and has["valid"], "not whole")
    left = [p.name for p in (site.state / "node").iterdir() if p.name.startswith(".")]
    check(not left, "left behind:", left)


def join_everywhere(place, how, stays):
    for file, prepare in JOINS.items():
        scene = Scene(place.dir / ("%s-%s-%d" % (file, how, stays)) / "host", prepare, "join", file)
        count = scene.calls()
        orders = {"FAULT_STAYS": "1"} if stays else {}
        for at in range(1, count + 1):
            site, status, err = scene.run(FAULT_AT=str(at), FAULT_HOW=how, **orders)
            try:
                if (how, stays) in KILLS:
                    check(status == -9, "was to be killed:", status, err)
                else:
                    check(status in (0, 4, 6), "ended with", status, err)
                    check((status == 0) == (err == ""), "status", status, "with", repr(err))
                check_member(site, file)
            except Exception as error:
                raise type(error)("%s, %s at call %d of %d: %s" %
                                  (file, how, at, count, error)) from error


def test_join_killed_at_every_call(place):
    for how, stays in KILLS:
        join_everywhere(place, how, stays)


def test_join_on_a_disk_that_fails_at_every_call(place):
    for how, stays in FAILURES:
        join_everywhere(place, how, stays)
