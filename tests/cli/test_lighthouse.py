# SPDX-License-Identifier: GPL-3.0-or-later
"""A real lighthouse on this machine, from the authority to its end."""

import json
import os
import pathlib
import random
import re
import select
import subprocess

from place import MPYNET, OWN_RUN, ROOT, Skipped


class Lighthouse:
    """Signed in `place`, and running on ports of its own until the test is over."""

    def __init__(self, place):
        self.place, self.port = place, random.randrange(20000, 60000)
        place.does("ca", "init", "study", "--no-passphrase")
        place.does("sign", "lantern", "--lighthouse", "--public",
                   "127.0.0.1:%d" % self.port)
        self.bundle = place.dir / "lantern.mpynet"
        place.closing.append(self)

    def close(self):
        self.place.run("down")


def test_a_lighthouse_starts_answers_and_stops(place):
    light = Lighthouse(place)
    assert "lantern is lit" in place.does("lighthouse", light.bundle).out
    status = place.does("status", "--json").json()
    assert status["role"] == "lighthouse" and status["network"] == "study"
    assert status["listen"][0] == "0.0.0.0:%d" % light.port
    assert status["public"] == ["127.0.0.1:%d" % light.port]
    assert "no node has registered yet" in place.does("peers").out
    place.does("reload")
    place.fails(2, "a lighthouse", "routes")
    place.fails(6, "runs already", "lighthouse")
    place.fails(6, "runs already", "leave", "--yes")
    place.does("down")
    place.fails(3, "is not running", "status")
    place.does("lighthouse")
    place.does("down")
    place.does("leave", "--yes")
    assert not (place.state / "lighthouse").exists()


def children(pid):
    """The processes whose parent is `pid`, dead ones too."""
    return [p.parent.name for p in pathlib.Path("/proc").glob("[0-9]*/stat")
            if p.read_text().rsplit(")", 1)[1].split()[1] == str(pid)]


def test_a_daemon_is_nobodys_child(place):
    light = Lighthouse(place)
    terminal = place.terminal()
    terminal.wait("mpynet> ")
    terminal.type("lighthouse lantern.mpynet\r")
    terminal.wait("study/lantern> ")
    assert children(terminal.pid) == []
    terminal.type("\x04")
    assert terminal.end() == 0
    assert place.does("status", "--json").json()["name"] == "lantern"
    assert light.port


def test_a_daemon_keeps_nothing_open_of_who_started_it(place):
    light = Lighthouse(place)
    reader, writer = os.pipe()
    subprocess.run([*OWN_RUN, MPYNET, "lighthouse", light.bundle], env=place.env, cwd=place.dir,
                   stdout=subprocess.DEVNULL, pass_fds=[writer], check=True)
    os.close(writer)
    assert select.select([reader], [], [], 5)[0] and os.read(reader, 1) == b""
    os.close(reader)


def test_a_daemon_whose_socket_is_gone_is_told_from_none(place):
    light = Lighthouse(place)
    place.does("lighthouse", light.bundle)
    socket = place.state / "lighthouse" / "control.sock"
    pid = place.does("status", "--json").json()["pid"]
    socket.rename(socket.with_name("elsewhere"))
    try:
        place.fails(3, "kill %d" % pid, "status")
        place.fails(6, "runs already", "lighthouse")
    finally:
        socket.with_name("elsewhere").rename(socket)


def test_a_lighthouse_leaves_no_socket_behind(place):
    if not OWN_RUN:
        raise Skipped("not root")
    light = Lighthouse(place)
    script = "%s lighthouse %s && ls /run/mpynet && %s down && ls /run/mpynet" % (
        MPYNET, light.bundle, MPYNET)
    done = subprocess.run([*OWN_RUN, "sh", "-c", script], env=place.env, cwd=place.dir,
                          capture_output=True, text=True, check=True)
    assert done.stdout.count("lantern.sock") == 1, done


def test_a_private_endpoint_is_pointed_out(place):
    place.does("ca", "init", "study", "--no-passphrase")
    for name, endpoint, private in (("a", "10.0.0.5:7717", True), ("b", "[fd00::5]:1", True),
                                    ("c", "203.0.113.5", False), ("d", "vpn.example.org", False)):
        out = place.does("sign", name, "--lighthouse", "--public", endpoint).out
        assert ("is not a public address" in out) == private, out


def test_settings_of_a_lighthouse_last(place):
    light = Lighthouse(place)
    place.does("lighthouse", light.bundle, "--stun")
    assert place.does("status", "--json").json()["stun"] is True
    place.fails(2, "neither yes nor no", "set", "relay", "perhaps")
    place.fails(1, "no setting", "set", "colour", "red")
    assert place.does("set", "relay", "no").out.startswith("relay is no")
    place.does("down")
    place.does("lighthouse")
    values = {s["key"]: s["value"] for s in place.does("get", "--json").json()["settings"]}
    assert values["relay"] == "no" and values["stun"] == "yes"
    assert place.does("unset", "stun").out.startswith("stun is no")


def test_a_trial_lighthouse_signs_itself(place):
    place.does("ca", "init", "study", "--no-passphrase")
    place.fails(6, "has not joined a network", "lighthouse")
    port = random.randrange(20000, 60000)
    place.does("lighthouse", "--public", "127.0.0.1:%d" % port)
    try:
        assert place.does("status", "--json").json()["public"] == ["127.0.0.1:%d" % port]
    finally:
        place.does("down")


def test_a_bundle_is_for_its_own_daemon(place):
    light = Lighthouse(place)
    place.does("sign", "party1")
    place.fails(2, "mpynet up party1.mpynet", "lighthouse", "party1.mpynet")
    if os.geteuid() == 0:
        place.fails(2, "mpynet lighthouse lantern.mpynet", "up", "lantern.mpynet")
    else:
        place.fails(4, "sudo mpynet up", "up", light.bundle)


def test_a_state_belongs_to_one_host(place):
    light = Lighthouse(place)
    place.does("join", light.bundle)
    place.does("sign", "lantern2", "--lighthouse", "--public", "127.0.0.1:9")
    place.fails(6, "has joined as lantern already", "lighthouse", "lantern2.mpynet")
    place.does("sign", "lantern", "--replace", "--lighthouse", "--public", "127.0.0.1:9",
               "--out", "newer.mpynet")
    place.does("join", "newer.mpynet")
    place.fails(6, "has a newer certificate already", "join", light.bundle)


def test_broken_bundles_are_refused_with_a_sentence(place):
    light = Lighthouse(place)
    text = light.bundle.read_text()
    broken = place.dir / "broken.mpynet"
    place.fails(6, "cannot be read", "lighthouse", "absent.mpynet")
    for content in "", "x\n", text[:-40], text.replace("HOST KEY", "HOST KEE"), text + "\n":
        broken.write_text(content)
        place.fails(6, str(broken), "lighthouse", broken)
    assert not (place.state / "lighthouse" / "bundle.mpynet").exists()


def members(value, prefix=""):
    """The names of all members of an object, those of members as "a.b"."""
    if isinstance(value, list):
        return set().union(*(members(v, prefix) for v in value))
    if not isinstance(value, dict):
        return set()
    return set().union(*({prefix + k} | members(v, prefix + k + ".")
                         for k, v in value.items()))


def test_the_protocol_page_describes_the_answers(place):
    page = (ROOT / "docs" / "control.md").read_text()
    bodies = [json.loads(body) for body in re.findall(r"```json\n({\"schema\"[^`]*?})\n```", page)
              if body.count("\n{") == 0]
    light = Lighthouse(place)
    place.does("lighthouse", light.bundle)
    told = members(place.does("status", "--json").json())
    written = next(members(b) for b in bodies if b.get("role") == "lighthouse" and "clients" in b)
    assert told | {"warnings.text"} == written | {"warnings.text"}, told ^ written
