# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command that writes the ledger, on a disk that fails at each of its calls, and killed there.

After each: the ledger verifies, what was revoked before is revoked, and the same command
can be given again.
"""

import waiting

from authority import LIGHTHOUSE, authority, check
from test_crash import LONG, STRIDE, Scene

COMMANDS = {
    "revoke": ("revoke", "party2"),
    "revoke-several": ("revoke", "party2", "party3"),
    "state": ("ca", "state", "--sign"),
    "export": ("ca", "export", "party2"),
    "rotate": ("ca", "rotate"),
    "invite": ("invite", "party9"),
    "uninvite": ("invite", "party8", "--withdraw"),
    "approve": ("ca", "pending", "--approve", "party7", "--yes"),
    "deny": ("ca", "pending", "--deny", "party7"),
    "renew": ("ca", "renew", "--pending"),
    "request": ("sign", "party6", "--request", "party6.req", "--yes"),
}


def prepare(path):
    ca = authority(path, LIGHTHOUSE, ("party1",), ("party2",), ("party3",))
    ca.tell("revoke", "party1")
    ca.tell("invite", "party8")
    waiting.invited(ca, "party7")
    waiting.member(ca, "party5")
    waiting.ask(ca, "party6")


def statuses(site):
    return {c["name"]: c["status"] for c in site.json("ca", "list")["certificates"]}


def check_invitation(site, words, done):
    """An invitation is there or not; either way it can be had, and be taken back."""
    name = words[1]
    was = name in [i["name"] for i in site.json("ca", "pending")["invitations"]]
    check(not done or was != ("--withdraw" in words), "it was said and not done")
    if was:
        site.tell("invite", name, "--withdraw")
    site.tell("invite", name)
    site.tell("invite", name, "--withdraw")


def made(site, name):
    """Every certificate that a name ever had."""
    return [c for c in site.json("ca", "list")["certificates"] if c["name"] == name]


def check_decision(site, words, done):
    """Who waits is certified once or not at all, and can be decided about again."""
    def waits():
        return "party7" in {r["name"] for r in site.json("ca", "pending")["requests"]}

    check(not (done and waits()), "it was said and not done")
    if waits():
        check(not made(site, "party7"), "certified, and waits")
        site.tell(*words)
    check(not waits() and len(made(site, "party7")) == ("--approve" in words), "not decided once")


def check_renewed(site, words, done):
    """The next certificate is there or not, never twice, and nothing was taken from the host."""
    both = made(site, "party5")
    check(len(both) == 2 or (len(both) == 1 and not done), "renewed", len(both) - 1, "times")
    site.tell(*words)
    both = [c["status"] for c in made(site, "party5")]
    check(both == ["superseded", "live"], both)


def check_ledger(site, words, done):
    now = statuses(site)
    check(site.json("ca", "log", "--verify")["verified"], "the ledger does not verify")
    check(now["party1"] == "revoked", "a revocation was lost", now)
    if words[0] == "revoke":
        named = {now[name] for name in words[1:]}
        check(len(named) == 1, "half of it happened", now)
        check(not done or named == {"revoked"}, "it was said and not done", now)
        if named == {"live"}:
            site.tell(*words)
            check(statuses(site)[words[1]] == "revoked")
    elif words[0] == "invite":
        check_invitation(site, words, done)
    elif "pending" in words:
        check_decision(site, words, done)
    elif "--pending" in words:
        check_renewed(site, words, done)
    elif words[0] == "sign":
        check(len(made(site, words[1])) <= 1, "signed twice")
        if words[1] not in now:
            site.tell(*words)
        check((site.path / (words[1] + ".mpynet")).exists(), "a certificate without its file")
    else:
        check(now["party2"] == "live", now)
        site.tell(*words)
    site.tell("sign", "next")


def try_everywhere(place, how, stays, commands=COMMANDS):
    orders = {"FAULT_STAYS": "1"} if stays else {}
    for offset, (name, words) in enumerate(commands.items()):
        scene = Scene(place.dir / name, prepare, *words)
        count = scene.calls()
        check(count > 0, name, "writes nothing")
        stride = 1 if LONG else 2 * STRIDE
        for at in range(1 + (3 * offset + len(how)) % stride, count + 1, stride):
            site, status, err = scene.run(FAULT_AT=str(at), FAULT_HOW=how, **orders)
            try:
                if how in ("kill", "torn"):
                    check(status == -9, "was to be killed:", status, err)
                else:
                    check(status in (0, 4, 6), "ended with", status, err)
                    check((status == 0) == (err == ""), "status", status, "with", repr(err))
                check_ledger(site, words, status == 0)
            except Exception as error:
                raise type(error)("%s, %s at call %d of %d: %s" %
                                  (name, how, at, count, error)) from error


def test_commands_killed_at_every_call(place):
    try_everywhere(place, "kill", False)


def test_commands_killed_in_the_middle_of_every_write(place):
    try_everywhere(place, "torn", False)


def test_commands_on_a_full_disk(place):
    try_everywhere(place, "ENOSPC", True)


def test_commands_on_a_disk_that_fails_once(place):
    try_everywhere(place, "EIO", False)


def test_commands_on_a_disk_that_becomes_read_only(place):
    try_everywhere(place, "EROFS", True)
