# SPDX-License-Identifier: GPL-3.0-or-later
"""A study between three hosts: one comes late, or none are ever there together; and what programs
are told of it."""

from internet import Internet
from lab import Failed, wait_until
from mesh import Mesh

LIGHTHOUSES = {"lh": "198.18.0.10"}
HOSTS = {"party1": "198.18.1.1", "party2": "198.18.2.1", "party3": "198.18.3.1"}


def stances(host, word="salaries"):
    """How each party stands to the study, as `host` knows it; None where it has none."""
    status, _, _ = host.run("study", "show", word)
    if status != 0:
        return None
    return {row["name"]: row["stance"] for row in host.json("study", "show", word)["parties"]}


def expect(host, wanted, seconds, what):
    took = wait_until(lambda: stances(host) == wanted, seconds, every=0.2)
    if took is None:
        raise Failed("%s: %s, and not %s" % (what, stances(host), wanted))
    return took


def a_study_finds_its_parties_and_each_decides(lab):
    internet = Internet(lab)
    for name, address in {**LIGHTHOUSES, **HOSTS}.items():
        internet.host(name, address)
    mesh = Mesh(lab, LIGHTHOUSES, list(HOSTS))
    one, two, three = mesh.parties.values()
    one.reaches(three, 20)
    three.tell("down")
    one.tell("allow", "anyone", "tcp")
    status, out, err = one.run("study", "new", "salaries", "--parties", "party1,party2,nobody")
    if status == 0 or "no certificate of nobody" not in err:
        raise Failed("a party that there is not: %d %s%s" % (status, out, err))
    one.tell("study", "new", "salaries", "--parties", "party3,party1,party2", "--port", "4000",
             "--out", lab.dir / "salaries.study")
    took = expect(two, {"party1": "accepted", "party2": "proposed", "party3": "absent"}, 30,
                  "party2 does not get the study")
    if "party1 proposes the study salaries" not in two.tell("status"):
        raise Failed("status does not say what is proposed: %s" % two.tell("status"))
    two.tell("study", "accept", "salaries")
    expect(one, {"party1": "accepted", "party2": "accepted", "party3": "absent"}, 30,
           "party1 does not hear that party2 has accepted")
    three.tell("up")
    late = expect(three, {"party1": "accepted", "party2": "accepted", "party3": "proposed"}, 120,
                  "party3, who came late, does not get the study")
    three.tell("study", "accept", lab.dir / "salaries.study")
    for host in one, two, three:
        expect(host, dict.fromkeys(HOSTS, "accepted"), 60, "not everybody knows of everybody")
    one.crash()
    one.tell("up")
    expect(one, dict.fromkeys(HOSTS, "accepted"), 10, "party1 has forgotten it")
    at = [h.overlay() + ":4000" for h in (three, one, two)]
    for index, host in enumerate((three, one, two)):
        wanted = "-P %s -P %s -P %s -I %d\n" % (*at, index)
        if host.tell("mpyc-args", "salaries") != wanted:
            raise Failed("%r, and not %r" % (host.tell("mpyc-args", "salaries"), wanted))
        if host.tell("mpyc-args", lab.dir / "salaries.study") != wanted:
            raise Failed("the file says something else than the daemon")
    two.tell("study", "close", "salaries")
    expect(one, {"party1": "accepted", "party2": "closed", "party3": "accepted"}, 30,
           "party1 does not hear that party2 has closed it")
    return "there after %.1f s, %.1f s after the late one came" % (took, late)


def parties_that_are_never_there_together_agree(lab):
    """Each host is on for a while, alone; the last one has no node running but for its commands."""
    internet = Internet(lab)
    for name, address in {**LIGHTHOUSES, **HOSTS}.items():
        internet.host(name, address)
    mesh = Mesh(lab, LIGHTHOUSES, list(HOSTS))
    one, two, three = mesh.parties.values()
    light = mesh.lighthouses["lh"]
    one.reaches(two, 20)
    one.reaches(three, 20)
    two.tell("down")
    three.tell("down")
    one.tell("study", "new", "salaries", "--parties", "party1,party2,party3")
    told = wait_until(lambda: [row.get("told") for row in one.json("study", "show", "salaries")
                               ["parties"]] == [None, "letter", "letter"], 60, every=0.2)
    if told is None:
        raise Failed("no letters: %s" % one.tell("study", "show", "salaries"))
    if light.json("status")["clients"]["letters"] != 2:
        raise Failed("the lighthouse keeps no letters: %s" % light.tell("status"))
    one.crash()
    light.crash()
    light.tell("lighthouse")
    two.tell("up")
    expect(two, {"party1": "accepted", "party2": "proposed", "party3": "absent"}, 60,
           "party2 does not get the letter")
    two.tell("study", "accept", "salaries")
    if wait_until(lambda: light.json("status")["clients"]["letters"] == 3, 60, every=0.2) is None:
        raise Failed("party2 leaves no letters: %s" % light.tell("status"))
    two.tell("down")
    three.tell("up")
    expect(three, {"party1": "accepted", "party2": "accepted", "party3": "proposed"}, 60,
           "party3 does not get both letters")
    three.tell("down")
    three.tell("study", "accept", "salaries")
    one.tell("up")
    expect(one, dict.fromkeys(HOSTS, "accepted"), 60, "party1 does not hear of the others")
    return "letters left after %.1f s" % told


SCENARIOS = [a_study_finds_its_parties_and_each_decides,
             parties_that_are_never_there_together_agree]
