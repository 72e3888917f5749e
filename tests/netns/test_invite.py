# SPDX-License-Identifier: GPL-3.0-or-later
"""From an invitation to a member: the token, who may use it, and who says yes."""

import json
import re
import subprocess
import time

from internet import Internet
from lab import Failed, wait_until
from mesh import MPYNET, OWN_RUN, Host

LIGHTHOUSE, AUTHORITY = "198.18.0.10", "198.18.3.1"
ONE, TWO = "198.18.1.1", "198.18.2.1"
TIMEOUT = 5


class Network:
    """An authority with a lighthouse that runs, and two machines that nobody has certified."""

    def __init__(self, lab):
        self.lab = lab
        internet = Internet(lab)
        for name, address in (("lh", LIGHTHOUSE), ("you", AUTHORITY), ("party1", ONE),
                              ("party2", TWO)):
            internet.host(name, address)
        self.authority = Host(lab, "you")
        self.authority.tell("ca", "init", "study", "--no-passphrase")
        self.authority.tell("sign", "lh", "--lighthouse", "--public", LIGHTHOUSE + ":7717")
        self.lighthouse = Host(lab, "lh")
        self.lighthouse.tell("lighthouse", self.authority.state / "lh.mpynet")
        self.party1, self.party2 = Host(lab, "party1"), Host(lab, "party2")
        self.serving, self.log = None, lab.dir / "serve.log"

    def serve(self, *words, through=()):
        """The authority's node answers from now on; one that runs is stopped before. `through`
        are the words of a program that starts it."""
        self.away()
        with open(self.log, "a") as log:
            self.serving = self.lab.spawn(
                "you", *OWN_RUN, *through, MPYNET, "--state", self.authority.state, "ca", "serve",
                "--foreground", *words, stdout=log, stderr=log)
        return self

    def away(self):
        if self.serving:
            self.serving.terminate()
            self.serving.wait(30)
            self.serving = None

    def invite(self, name, *words):
        """The token for `name`: the first line of what a person sees."""
        return self.authority.tell("invite", name, *words).splitlines()[0]

    def other_host(self, beside, number):
        """Another state on the machine of `beside`."""
        return Host(self.lab, "%s-%d" % (beside.name, number), beside.name)

    def certified(self, name):
        """Every certificate that was ever made for a name."""
        return [c for c in self.authority.json("ca", "list")["certificates"]
                if c["name"] == name]

    def one_certificate(self, name):
        made = self.certified(name)
        if len(made) != 1:
            raise Failed("%d certificates of one invitation: %s" % (len(made), made))
        if not self.authority.json("ca", "log", "--verify")["verified"]:
            raise Failed("the ledger does not verify")
        return made[0]


class Joining:
    """`mpynet join` that goes on by itself, with what it says in a file."""

    def __init__(self, host, token, through=()):
        self.host = host
        self.said = host.lab.dir / ("%s-join.log" % host.name)
        with open(self.said, "w") as file:
            self.child = host.lab.spawn(
                host.namespace, *OWN_RUN, *through, MPYNET, "--state", host.state, "join", "-",
                cwd=host.state, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT)
        self.child.stdin.write(token + "\n")
        self.child.stdin.close()

    def says(self, words, seconds=30):
        if wait_until(lambda: words in self.said.read_text(), seconds) is None:
            raise Failed("%s never says %r: %s" % (self.host.name, words, self.said.read_text()))

    def dies_after(self, words):
        self.says(words)
        self.child.kill()
        self.child.wait()

    def end(self, seconds=60):
        """The exit code."""
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed("%s still joins after %d s: %s" % (
                self.host.name, seconds, self.said.read_text())) from None

    def joins(self, seconds=60):
        if self.end(seconds):
            raise Failed("%s does not join: %s" % (self.host.name, self.said.read_text()))

    def is_refused(self, phrase, seconds=60):
        if self.end(seconds) == 0 or phrase not in self.said.read_text():
            raise Failed("%s was not refused with %r: %s" % (
                self.host.name, phrase, self.said.read_text()))


def an_invited_host_is_up_after_two_commands(lab):
    """What a person does who has read nothing but --help."""
    net = Network(lab).serve()
    token = net.invite("party1")
    if not re.fullmatch(r"mpy1_[A-Za-z0-9_-]{150,200}", token):
        raise Failed("no token: %r" % token)
    said = net.party1.tell("join", token)
    if "sudo mpynet up" not in said:
        raise Failed("join does not say what comes next: %s" % said)
    net.party1.tell("up")
    url = json.loads(net.authority.tell("--json", "invite", "party2"))["url"]
    if not url.startswith("mpynet://join/mpy1_"):
        raise Failed("no URL: %s" % url)
    net.party2.tell("join", url)
    net.party2.tell("up")
    took = net.party1.reaches(net.party2, 20)
    net.party1.tell("ping", "party2", "--count", "1")
    net.one_certificate("party1")
    net.one_certificate("party2")
    if net.authority.json("ca", "pending")["invitations"]:
        raise Failed("an invitation that was used is still open")
    return "first answer after %.2f s" % took


def twenty_with_one_token_are_one_member(lab):
    """Twenty keys on two machines: one is certified, nineteen are told that they are not it."""
    net = Network(lab).serve()
    token = net.invite("party1")
    hosts = [net.other_host(net.party1 if i % 2 else net.party2, i) for i in range(20)]
    joining = [Joining(host, token) for host in hosts]
    ends = [one.end(120) for one in joining]
    if ends.count(0) != 1:
        raise Failed("%d of 20 have joined: %s" % (ends.count(0), ends))
    for one, status in zip(joining, ends):
        if status and "used" not in one.said.read_text():
            raise Failed("no word of another host: %s" % one.said.read_text())
    made = net.one_certificate("party1")
    winner = hosts[ends.index(0)]
    bundle = winner.json("inspect", winner.state / "node" / "bundle.mpynet")
    if bundle["fingerprint"] != made["fingerprint"]:
        raise Failed("the host has another certificate than the ledger")
    if "another host shows it again" not in net.log.read_text():
        raise Failed("the authority's log has no word of the others")


def a_token_that_was_used_works_again_for_its_host_alone(lab):
    """The answer was lost with the machine's power; the key was not."""
    net = Network(lab).serve()
    token = net.invite("party1")
    Joining(net.party1, token).joins()
    first = net.one_certificate("party1")
    bundle = net.party1.state / "node" / "bundle.mpynet"
    key = re.search(r"-----BEGIN MPYNET HOST KEY-----.*?-----END MPYNET HOST KEY-----\n",
                    bundle.read_text(), re.S).group()
    waits = net.party1.state / "node" / "request.key"
    waits.touch(0o600)
    waits.write_text(key)       # as it was when the answer was on its way
    bundle.unlink()
    Joining(net.party1, token).joins()
    if key not in bundle.read_text() or net.one_certificate("party1") != first:
        raise Failed("the same host was given something else")
    status, _, err = net.party2.run("join", token)
    if status == 0 or "used" not in err:
        raise Failed("another host joined, or was told nothing: %d %s" % (status, err))
    if net.one_certificate("party1") != first:
        raise Failed("the second host changed the certificate")


def words_are_compared_before_an_invited_host_is_certified(lab):
    net = Network(lab).serve()
    joining = Joining(net.party1, net.invite("party1", "--approve"))
    joining.says("Tell them the words")
    waits = net.authority.json("ca", "pending")["requests"]
    if len(waits) != 1 or waits[0]["key_words"] not in joining.said.read_text():
        raise Failed("the host shows other words: %s and %s" % (
            waits, joining.said.read_text()))
    if net.certified("party1"):
        raise Failed("certified before anybody said yes")
    net.authority.tell("ca", "pending", "--approve", "party1", "--yes")
    joining.joins(90)
    net.one_certificate("party1")

    denied = Joining(net.party2, net.invite("party2", "--approve"))
    denied.says("Tell them the words")
    net.authority.tell("ca", "pending", "--deny", "party2")
    denied.is_refused("denied", 90)
    if net.certified("party2"):
        raise Failed("certified although somebody said no")


def an_authority_that_is_away_answers_when_it_comes(lab):
    """The host's request outlives its own command, and the lighthouse's process."""
    net = Network(lab).serve()
    token = net.invite("party1")
    time.sleep(3)               # the lighthouse hears of the token
    net.away()
    Joining(net.party1, token).dies_after("keeps the request")
    net.lighthouse.tell("down")
    net.lighthouse.tell("lighthouse")
    net.serve("--no-key")
    if wait_until(lambda: net.authority.json("ca", "pending")["requests"], 90, 0.5) is None:
        raise Failed("nothing waits for an authority whose key is locked")
    net.authority.tell("ca", "pending", "--approve", "party1", "--yes")
    made = net.one_certificate("party1")
    Joining(net.party1, token).dies_after("a person has to say yes")    # collecting seals nothing
    net.serve()
    Joining(net.party1, token).joins(90)
    if net.one_certificate("party1") != made:
        raise Failed("signed again")


def an_invitation_that_is_withdrawn_leads_nowhere(lab):
    net = Network(lab).serve()
    token = net.invite("party1")
    net.authority.tell("invite", "party1", "--withdraw")
    second = net.invite("party1")
    Joining(net.party1, second).joins()
    status, _, err = net.party2.run("join", token, timeout=90)
    if status != TIMEOUT or "does not know this invitation" not in err:
        raise Failed("a withdrawn token is answered with %d %s" % (status, err))
    net.one_certificate("party1")


SCENARIOS = (
    an_invited_host_is_up_after_two_commands,
    twenty_with_one_token_are_one_member,
    a_token_that_was_used_works_again_for_its_host_alone,
    words_are_compared_before_an_invited_host_is_certified,
    an_authority_that_is_away_answers_when_it_comes,
    an_invitation_that_is_withdrawn_leads_nowhere,
)
