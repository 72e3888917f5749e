# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing and revoking survive whatever happens between two system calls.

A command is killed, or the disk fails it, at every call that changes the disk. After
each of them: the ledger verifies, serial numbers are unique, no certificate exists
outside the ledger, nothing hidden is left once the next command has run, and a
certificate in the ledger has its bundle.
"""

import collections
import os
import shutil
import subprocess

from authority import LIGHTHOUSE, Host, authority, check, fault_library

LONG = "LONG" in os.environ

# In `make check` one point of this many, and another choice of them for every fault.
STRIDE = 1 if LONG else 9


# Each verb, and at how many points it was killed: the runner shows it.
killed = collections.Counter()


class Scene:
    """A command that is run again and again from the same beginning."""

    def __init__(self, path, prepare, *words):
        self.path, self.words = path, words
        self.before = path / "before"
        prepare(self.before)
        self.library = fault_library()

    def run(self, **orders):
        """The site after the command, its status and its words."""
        now = self.path / "now"
        shutil.rmtree(now, ignore_errors=True)
        if self.before.exists():
            shutil.copytree(self.before, now)
        site = Host(now)
        status, _, err = site.run(*self.words, env={"LD_PRELOAD": self.library, **orders})
        if status == -9:
            killed[self.words[0]] += 1
        return site, status, err

    def calls(self):
        count = self.path / "count"
        _, status, err = self.run(FAULT_COUNT=str(count))
        check(status == 0, self.words, "without a fault:", err)
        return int(count.read_text())


def hidden(site):
    return [p.name for p in site.path.iterdir() if p.name.startswith(".")]


def check_whole(site):
    """What has to hold whatever happened. Returns the ledger's certificates."""
    certificates = site.json("ca", "list")["certificates"]     # the next command
    check(site.json("ca", "log", "--verify")["verified"], "the ledger does not verify")
    serials = [c["serial"] for c in certificates]
    check(len(set(serials)) == len(serials), "serials are used twice:", serials)
    live = [c["name"] for c in certificates if c["status"] == "live"]
    check(len(set(live)) == len(live), "a name is live twice:", live)
    check(not hidden(site), "left behind:", hidden(site))
    check(not site.json("ca", "check")["expiring"], "ca check")

    known = {c["fingerprint"]: c for c in certificates}
    outside = {}
    for file in site.path.glob("*.mpynet"):
        bundle = site.json("inspect", file.name)
        check(bundle["fingerprint"] in known, file.name, "is in no ledger")
        check(bundle["has_key"] and bundle["valid"], file.name, "is not whole")
        outside[bundle["fingerprint"]] = file.name
    for fingerprint, c in known.items():
        check(fingerprint in outside, c["name"], "serial", c["serial"], "has no bundle")
    return certificates


def check_goes_on(site):
    """The authority signs as before; if the command did nothing, it can be done again."""
    site.tell("sign", "next")
    check_whole(site)


def points(count, offset):
    return range(1 + offset % STRIDE, count + 1, STRIDE)


def kill_everywhere(scene, how, after=check_goes_on):
    count = scene.calls()
    for at in points(count, count):
        site, status, err = scene.run(FAULT_AT=str(at), FAULT_HOW=how)
        check(status == -9, "call", at, "of", count, "was to kill, and did not:", status, err)
        try:
            check_whole(site)
            after(site)
        except Exception as error:
            raise type(error)("%s at call %d of %d: %s" % (how, at, count, error)) from error


def fail_everywhere(scene, how, stays):
    """A disk that fails gets a sentence and no harm is done. Some failures cost nothing:
    then the command has done what it says."""
    count = scene.calls()
    orders = {"FAULT_STAYS": "1"} if stays else {}
    for at in points(count, 2 + stays):
        site, status, err = scene.run(FAULT_AT=str(at), FAULT_HOW=how, **orders)
        try:
            check(status in (0, 4, 6), "ended with", status, err)
            check((status == 0) == (err == ""), "status", status, "with", repr(err))
            check_whole(site)
            check_goes_on(site)
        except Exception as error:
            raise type(error)("%s at call %d of %d: %s" % (how, at, count, error)) from error


def signing(path):
    return Scene(path, lambda p: authority(p, LIGHTHOUSE, ("party1",)), "sign", "party2")


def replacing(path):
    def prepare(p):
        site = authority(p, LIGHTHOUSE, ("party1",))
        os.rename(site.path / "party1.mpynet", site.path / "old.mpynet")
    return Scene(path, prepare, "sign", "party1", "--replace", "--groups", "a")


def revoking(path):
    def prepare(p):
        authority(p, LIGHTHOUSE, ("party1",), ("party2",)).tell("revoke", "party1")
    return Scene(path, prepare, "revoke", "party2")


def check_revoked(site):
    """Revoked and in a state, or neither; and if not, it can be done again."""
    status = [c["status"] for c in site.json("ca", "list")["certificates"]][-1]
    check(site.json("ca", "state")["keys"] == (2 if status == "revoked" else 1), status)
    if status == "live":
        site.tell("revoke", "party2")
        check(site.json("ca", "state")["keys"] == 2)
    check_goes_on(site)


def several(path):
    return Scene(path, lambda p: authority(p, LIGHTHOUSE), "sign", "party1", "party2", "party3")


def test_sign_killed_at_every_call(place):
    kill_everywhere(signing(place.dir), "kill")


def test_sign_killed_in_the_middle_of_every_write(place):
    kill_everywhere(signing(place.dir), "torn")


def test_replace_killed_at_every_call(place):
    kill_everywhere(replacing(place.dir), "kill")


def test_revoke_killed_at_every_call(place):
    kill_everywhere(revoking(place.dir), "kill", check_revoked)


def test_revoke_killed_in_the_middle_of_every_write(place):
    kill_everywhere(revoking(place.dir), "torn", check_revoked)


def test_sign_of_several_killed_at_every_call(place):
    kill_everywhere(several(place.dir), "kill")


def test_init_killed_at_every_call(place):
    """A network that was half made is made by the same command."""
    def again(site):
        status, _, err = site.run("ca", "init", "study", "--no-passphrase")
        check(status == 0 or "already" in err, "init again:", status, err)
        check_goes_on(site)

    scene = Scene(place.dir, lambda p: None, "ca", "init", "study", "--no-passphrase")
    count = scene.calls()
    for at in points(count, count):
        site, status, _ = scene.run(FAULT_AT=str(at), FAULT_HOW="kill")
        check(status == -9, "call", at, "was to kill")
        again(site)


def test_invite_killed_at_every_call(place):
    """There is an invitation or there is none; a token that nobody has seen is withdrawn."""
    scene = Scene(place.dir, lambda p: authority(p, LIGHTHOUSE), "invite", "party2")
    count = scene.calls()
    for at in points(count, count):
        site, status, _ = scene.run(FAULT_AT=str(at), FAULT_HOW="kill")
        check(status == -9, "call", at, "was to kill")
        check(site.json("ca", "log", "--verify")["verified"], "the ledger does not verify")
        invited = site.json("ca", "pending")["invitations"]
        check(len(invited) <= 1, "call", at, "left", invited)
        if invited:
            site.tell("invite", "party2", "--withdraw")
        site.tell("invite", "party2")


def test_sign_on_a_full_disk(place):
    fail_everywhere(signing(place.dir), "ENOSPC", stays=True)


def test_sign_on_a_disk_that_fails_once(place):
    fail_everywhere(signing(place.dir), "EIO", stays=False)


def test_sign_on_a_disk_that_goes_on_failing(place):
    fail_everywhere(signing(place.dir), "EIO", stays=True)


def test_sign_on_a_disk_that_becomes_read_only(place):
    fail_everywhere(signing(place.dir), "EROFS", stays=True)


def test_two_that_sign_at_once_wait_for_each_other(place):
    site = authority(place.dir / "ca", LIGHTHOUSE)
    names = ["host%d" % i for i in range(8)]
    children = [subprocess.Popen(site.words("sign", n), cwd=site.path, text=True,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                for n in names]
    for child in children:
        _, err = child.communicate(timeout=60)
        check(child.returncode == 0, "one of eight:", err)
    certificates = check_whole(site)
    check(sorted(c["name"] for c in certificates) == sorted(names + ["lh"]), certificates)
