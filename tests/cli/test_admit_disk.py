# SPDX-License-Identifier: GPL-3.0-or-later
"""Admitting an organisation, and joining as one: killed at every call, and on a disk that fails.

After each: the ledger verifies; it happened or it did not; what was admitted has its charter;
and the same command, or the next, goes on.
"""

import shutil

from authority import check
from test_admit import BANK, apply, root
from test_crash import LONG, STRIDE, Scene

FAULTS = (("kill", False), ("torn", False), ("ENOSPC", True), ("EIO", False), ("EROFS", True))


def admitting(path):
    def prepare(before):
        study = root(before)
        study.tell("sign", "lh", "--lighthouse", "--public", "vpn.example.org:7717")
        bank = apply(study, path / "bank")
        shutil.copy(bank.path / "bank.ca", before / "bank.ca")
    return Scene(path, prepare, "ca", "admit", "bank.ca", "--yes", *BANK)


def check_admitted(site, done):
    admitted = site.json("ca", "list")["authorities"]
    file = site.path / "bank.charter"
    check(len(admitted) <= 1, "admitted twice:", admitted)
    check(not done or (admitted and file.exists()), "it was said and not done")
    check(admitted or not file.exists(), "a charter of who is not admitted")
    if admitted:
        site.refuse(6, "`mpynet ca export bank` prints its charter", "ca", "admit", "bank.ca",
                    "--yes", *BANK, "--out", "other.charter")
    else:
        site.tell("ca", "admit", "bank.ca", "--yes", *BANK)
    whole = site.file("again.charter", site.tell("ca", "export", "bank"))
    check(not file.exists() or file.read_text() == whole.read_text(), "half a charter")
    check(site.json("inspect", "again.charter")["valid"])
    check(site.json("sign", "next")["signed"][0]["addresses"][0] == "10.87.0.10")


def joining(path):
    def prepare(before):
        study = root(path / "study")
        bank = apply(study, before)
        study.tell("ca", "admit", bank.path / "bank.ca", "--yes", *BANK, "--out", "bank.charter")
        shutil.copy(study.path / "bank.charter", before / "bank.charter")
    return Scene(path, prepare, "ca", "join", "bank.charter")


def check_joined(site, done):
    role = site.json("ca", "show")["role"]
    check(not done or role == "issuing authority", "it was said and not done")
    if role != "issuing authority":
        site.refuse(6, "applied and is not admitted", "sign", "party1.bank")
        site.tell("ca", "join", "bank.charter")
    site.tell("sign", "party1.bank")
    check(site.json("inspect", "party1.bank.mpynet")["valid"])


def try_everywhere(scene, after, ledger=True):
    count = scene.calls()
    stride = 1 if LONG else 2 * STRIDE
    for offset, (how, stays) in enumerate(FAULTS):
        orders = {"FAULT_STAYS": "1"} if stays else {}
        for at in range(1 + 4 * offset % stride, count + 1, stride):
            site, status, err = scene.run(FAULT_AT=str(at), FAULT_HOW=how, **orders)
            try:
                if how in ("kill", "torn"):
                    check(status == -9, "was to be killed:", status, err)
                else:
                    check(status in (0, 4, 6), "ended with", status, err)
                    check((status == 0) == (err == ""), "status", status, "with", repr(err))
                after(site, status == 0)
                check(not ledger or site.json("ca", "log", "--verify")["verified"],
                      "the ledger does not verify")
            except Exception as error:
                raise type(error)("%s at call %d of %d: %s" % (how, at, count, error)) from error


def test_admit_killed_or_failed_at_every_call(place):
    try_everywhere(admitting(place.dir), check_admitted)


def test_ca_join_killed_or_failed_at_every_call(place):
    try_everywhere(joining(place.dir), check_joined)
