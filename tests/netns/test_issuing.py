# SPDX-License-Identifier: GPL-3.0-or-later
"""Organisations certify hosts of their own, which meet as any others, until the root ends one."""

import subprocess

from internet import Internet
from lab import Failed, wait_until
from mesh import MPYNET, OWN_RUN, Host

LIGHTHOUSE = "198.18.0.10"
MACHINES = {"lh": LIGHTHOUSE, "party1": "198.18.1.1", "party2": "198.18.2.1",
            "party3": "198.18.3.1", "desk": "198.18.4.1"}


class Study:
    """A root with a lighthouse, and the offices of two organisations that it admitted."""

    def __init__(self, lab):
        self.lab = lab
        internet = Internet(lab)
        for name, address in MACHINES.items():
            internet.host(name, address)
        lab.namespace("you")
        self.root = Host(lab, "you")
        self.root.tell("ca", "init", "study", "--no-passphrase", "--psk",
                       "--network", "10.87.0.0/16", "--network", "fd00:87::/48")
        self.root.tell("sign", "lh", "--lighthouse", "--public", LIGHTHOUSE + ":7717")
        self.lighthouse = Host(lab, "lh")
        self.lighthouse.tell("lighthouse", self.root.state / "lh.mpynet")
        self.bank, self.clinic = self.office("bank", 4), self.office("clinic", 5)

    def office(self, name, subnet):
        """An office on the machine "desk", which reaches the lighthouse."""
        office = Host(self.lab, name, "desk")
        (office.state / "study.ca").write_text(self.root.tell("ca", "export", "--ca"))
        office.tell("ca", "init", name, "--issuing", "--ca", "study.ca", "--no-passphrase")
        (self.root.state / (name + ".ca")).write_text(office.tell("ca", "export", "--ca"))
        self.root.tell("ca", "admit", name + ".ca", "--yes", "--network",
                       "10.87.%d.0/24" % subnet, "--network", "fd00:87:0:%d::/64" % subnet)
        office.tell("ca", "join", self.root.state / (name + ".charter"))
        return office

    def host(self, machine, office=None):
        """A host that is up, called as its organisation has it."""
        signer = office or self.root
        host = Host(self.lab, machine + ("." + office.name if office else ""), machine)
        signer.tell("sign", host.name)
        host.join(signer.state / (host.name + ".mpynet"))
        return host


def an_organisation_that_is_revoked_is_out_with_its_hosts(lab):
    study = Study(lab)
    ours, theirs, other = (study.host("party1", study.bank), study.host("party2", study.clinic),
                           study.host("party3"))
    for a, b in ((ours, theirs), (theirs, other), (other, ours)):
        a.reaches(b, 30)
    study.root.tell("revoke", "clinic")
    file = lab.dir / "study.state"
    file.write_text(study.root.tell("ca", "export", "--network-state"))
    address = theirs.overlay()
    study.lighthouse.tell("join", file)
    for host in ours, other:
        if wait_until(lambda: not host.peer(theirs).get("connected"), 20) is None:
            raise Failed("%s goes on with who is revoked: %s" % (host.name, host.run("peers")[1]))
        if lab.run(host.namespace, "ping", "-c2", "-W1", address)[0] == 0:
            raise Failed("who is revoked still answers %s" % host.name)
    took = ours.reaches(other, 10)
    study.clinic.tell("sign", "late.clinic")    # nobody can keep it from signing
    late = Host(lab, "late.clinic", "party2")
    theirs.tell("down")
    late.run("up", study.clinic.state / "late.clinic.mpynet")
    if wait_until(lambda: ours.peer(late).get("connected"), 8):
        raise Failed("a new certificate of who is revoked is believed")
    return "others answered within %.2f s of it" % took


def an_organisation_invites_by_itself(lab):
    study = Study(lab)
    with open(lab.dir / "serve.log", "w") as log:
        serving = lab.spawn("desk", *OWN_RUN, MPYNET, "--state", study.bank.state, "ca", "serve",
                            "--foreground", stdout=log, stderr=subprocess.STDOUT)
    token = study.bank.tell("invite", "party1.bank", "--lifetime", "30d").splitlines()[0]
    host = Host(lab, "party1.bank", "party1")
    said = host.tell("join", token, timeout=90)
    if "study" not in said:
        raise Failed("another network was joined: %s" % said)
    host.tell("up", "--allow-all")
    other = study.host("party3")
    other.reaches(host, 30)
    names = [c["name"] for c in study.bank.json("ca", "list")["certificates"]]
    if names != ["ca.bank", "party1.bank"]:
        raise Failed("the ledger of the bank has %s" % names)
    if study.root.json("ca", "list")["certificates"][-1]["name"] == "party1.bank":
        raise Failed("the root signed for the bank")
    serving.terminate()
    serving.wait(30)
    return None


SCENARIOS = (
    an_organisation_that_is_revoked_is_out_with_its_hosts,
    an_organisation_invites_by_itself,
)
