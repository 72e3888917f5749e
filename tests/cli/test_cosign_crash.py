# SPDX-License-Identifier: GPL-3.0-or-later
"""Co-signing survives whatever happens between two system calls, and a disk that fails at each.

Few calls of a co-signer, so all of them; of the authority's, which takes what was signed, a sample.
"""

import shutil

from authority import Host, check
from test_cosign import ask, carry, organisations
from test_crash import LONG, Scene

WAYS = ("kill", False), ("torn", False), ("ENOSPC", True), ("EIO", False), ("EROFS", True)


class World:
    """What organisations() wants of a place."""

    def __init__(self, path):
        self.dir = path


def drafted(path):
    """The authority has signed a draft, and the bank has it."""
    world = World(path.parent / "world")
    ca, bank, _, party = organisations(world)
    ca.tell("sign", "party3", "--request", ask(ca, party, "party3"), "--yes")
    carry("party3.draft", ca, bank)
    return ca, bank


def at_the_bank(path):
    _, bank = drafted(path)
    shutil.copytree(bank.path, path)


def at_the_authority(path):
    ca, bank = drafted(path)
    bank.tell("ca", "cosign", "party3.draft", "--yes")
    carry("party3.draft", bank, ca)
    shutil.copytree(ca.path, path)


def check_bank(site):
    """The draft is whole, and has its signature after the same words."""
    shown = site.json("ca", "cosign", "party3.draft", "--yes")
    check(shown["signed"] == 2, shown)


def check_authority(site):
    """The certificate is there once, with its file, or it comes by the same words."""
    check(site.json("ca", "log", "--verify")["verified"], "the ledger does not verify")
    made = site.json("ca", "list")["certificates"]      # and finishes what was left
    check(len(made) <= 1, "certified twice", made)
    if not made:
        site.tell("ca", "cosign", "party3.draft")
    check(site.json("inspect", "party3.mpynet")["valid"])
    check(len(site.json("ca", "list")["certificates"]) == 1)


def everywhere(path, prepare, after, stride, *words):
    scene = Scene(path, prepare, *words)
    count = scene.calls()
    check(count > 0, "writes nothing")
    for offset, (how, stays) in enumerate(WAYS):
        orders = {"FAULT_STAYS": "1"} if stays else {}
        for at in range(1 + offset % stride, count + 1, stride):
            site, status, err = scene.run(FAULT_AT=str(at), FAULT_HOW=how, **orders)
            try:
                check(status in (-9, 0, 4, 6), "ended with", status, err)
                after(Host(site.path))
            except Exception as error:
                raise type(error)("%s at call %d of %d: %s" % (how, at, count, error)) from error


def test_a_cosigner_is_killed_or_its_disk_fails_at_every_call(place):
    everywhere(place.dir / "scene", at_the_bank, check_bank, 1, "ca", "cosign", "party3.draft",
               "--yes")


def test_taking_what_was_cosigned_killed_or_on_a_disk_that_fails(place):
    everywhere(place.dir / "scene", at_the_authority, check_authority, 1 if LONG else 12, "ca",
               "cosign", "party3.draft")
