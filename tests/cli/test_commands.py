# SPDX-License-Identifier: GPL-3.0-or-later
"""Usage, help, exit codes, output."""

import json
import os
import pty
import re
import shutil
import subprocess
import time

from daemon import DIRECT, RELAYED, STATUS, Daemon, peer
from place import MPYNET, ROOT, Skipped


def names(place):
    """Every command's name: the words before its arguments."""
    usages = [c["usage"] for c in place.does("help", "--json").json()["commands"]]
    return [re.match(r"[a-z-]+( [a-z]+)*(?= |$)(?!\|)", usage).group(0) for usage in usages]


def test_help_lists_every_command_and_shows_its_usage(place):
    listed = place.does("help").out
    for name in names(place):
        assert re.search("^  %s +" % re.escape(name), listed, re.M), name
        assert place.does("help", *name.split()).out.startswith("mpynet " + name)
        assert place.does(*name.split(), "--help").out.startswith("mpynet " + name)


def test_the_manual_describes_every_command(place):
    manual = (ROOT / "docs" / "mpynet.1").read_text()
    described = re.findall(r"^\.(?:It )?Ic ([a-z-]+(?: [a-z]+)?)", manual, re.M)
    for name in names(place):
        assert any(name == d or d.startswith(name + " ") for d in described), name


def test_the_manual_has_no_mistakes(place):
    if not shutil.which("mandoc"):
        raise Skipped("mandoc is not installed")
    done = subprocess.run(["mandoc", "-Tlint", ROOT / "docs" / "mpynet.1"],
                          capture_output=True, text=True)
    assert done.stdout == "", done.stdout


def test_a_wrong_command_line_is_told_what_would_be_right(place):
    place.fails(2, "'stauts' is not a command, but 'status' is", "stauts")
    place.fails(2, "usage: mpynet ping <peer>", "ping")
    place.fails(2, "there is no option '--josn' here, but there is --json", "peers", "--josn")
    place.fails(2, "it is one of bash|zsh|fish", "completion", "ksh")
    place.fails(2, "exclude each other", "status", "--json", "--porcelain")
    place.fails(2, "it is 0.01 to 60 seconds", "ping", "x", "--interval", "90")
    place.fails(2, "--state is empty", "--state", "", "status")


def test_the_first_missing_argument_is_named(place):
    place.fails(2, "set: <key> is missing", "set")
    place.fails(2, "set: <value> is missing", "set", "listen")


def test_a_node_is_joined_by_root(place):
    if os.geteuid() != 0:
        raise Skipped("not root")
    place.dir.chmod(0o777)
    place.does("ca", "init", "study", "--no-passphrase")
    place.does("sign", "party1")
    (place.dir / "party1.mpynet").chmod(0o644)
    (place.dir / "ca.pem").write_text(place.does("ca", "export", "--ca").out)
    env = {k: v for k, v in place.env.items() if k != "MPYNET_STATE"}
    for words in ("join", "party1.mpynet"), ("request", "party1", "--ca", "ca.pem"):
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                               MPYNET, *words], cwd=place.dir, env=env, capture_output=True,
                              text=True)
        assert done.returncode == 4 and "sudo mpynet %s party1" % words[0] in done.stderr, done
    assert not (place.dir / ".local").exists()


def test_without_a_daemon_commands_say_how_to_start_one(place):
    place.fails(3, "which has joined no network", "status")
    (place.state / "node").mkdir(parents=True)
    (place.state / "node" / "bundle.mpynet").touch()
    place.fails(3, "is not running", "peers")


def test_a_dead_daemons_socket_is_no_daemon(place):
    Daemon(place).close()
    place.fails(3, "no daemon runs", "status")


def test_peers_are_a_table_json_and_porcelain_of_one_body(place):
    body = {"schema": 1, "role": "node",
            "peers": [peer("party2", path=DIRECT, why="direct"), peer("party3")]}
    Daemon(place, {"peers": body})
    lines = place.does("peers").out.splitlines()
    assert lines[0].split() == ["NAME", "IP", "PATH", "RTT", "LOSS", "MTU", "NAT", "TX", "RX",
                                "LAST", "EXPIRES", "WHY", "PIN"]
    assert "direct 203.0.113.7:7717" in lines[1] and "relay lh" in lines[2]
    assert place.does("peers", "--json").json() == body
    rows = [line.split("\t") for line in place.does("--porcelain", "peers").out.splitlines()]
    assert [row[0] for row in rows] == ["party2", "party3"]
    assert rows[1][3] == "43100"


def test_a_lighthouse_shows_what_it_has(place):
    Daemon(place, {"status": {"schema": 1, "role": "lighthouse", "name": "lh",
                              "state": "ready", "clients": {"registrations": 3}},
                   "peers": {"schema": 1, "role": "lighthouse", "peers": []}}, "lighthouse")
    assert "lighthouse     lh" in place.does("status").out
    assert "no node has registered yet" in place.does("peers").out


def test_a_node_is_asked_before_a_lighthouse(place):
    Daemon(place, {"status": {**STATUS, "role": "lighthouse", "name": "lh"}}, "lighthouse")
    assert "lh" in place.does("status").out
    Daemon(place)
    assert "party1" in place.does("status").out


def test_bytes_from_outside_do_not_reach_the_terminal(place):
    evil = "\x1b]0;owned\x07\u202eparty\n"
    Daemon(place, {"status": {**STATUS, "name": evil, "warnings": [{"text": evil}]},
                   "peer": (1, "no peer '%s'" % evil)})
    for words in ("status",), ("status", "--json"), ("status", "--porcelain"):
        out = place.does(*words).out
        assert "\x1b" not in out and "\u202e" not in out, repr(out)
    assert "\x1b" not in place.run("peer", "x").err


def test_refusals_end_with_the_daemons_exit_code(place):
    for code in 1, 2, 4, 5, 6:
        state = place.dir / str(code)
        Daemon(place, {"peer": (code, "no, because of %d" % code)}, state=state)
        place.fails(code, "no, because of %d" % code, "--state", state, "peer", "x")


def test_a_daemon_that_hangs_up_is_said(place):
    Daemon(place, {"peers": None})
    place.fails(6, "the daemon closed the connection", "peers")


def ping_answer(seq, path=None, **more):
    base = {"schema": 1, "name": "party3", "ip": "10.87.0.4", "seq": seq,
            "answered": path is not None, **more}
    return {**base, "path": path, "rtt_us": 43811} if path else {**base, "why": "no-answer"}


def test_ping_names_each_path_and_says_when_it_changes(place):
    Daemon(place, {"ping": [ping_answer(1, RELAYED), ping_answer(2),
                            ping_answer(3, DIRECT), {"schema": 1}]})
    lines = place.does("ping", "party3", "--count", "3").out.splitlines()
    assert lines[0] == "party3 (10.87.0.4): seq=1 time=43.8 ms relay lh"
    assert lines[1] == "party3 (10.87.0.4): seq=2 no answer (no-answer)"
    assert lines[2] == "the path changed from relay lh to direct 203.0.113.7:7717"
    assert lines[4] == "3 sent, 2 answered, 33 % lost"


def test_ping_exits_with_1_if_nobody_answers(place):
    daemon = Daemon(place, {"ping": [ping_answer(1), {"schema": 1}]})
    result = place.run("ping", "party3", "--count=1", "--interval=0.5", "--size=64")
    assert result.status == 1 and "100 % lost" in result.out, result
    assert daemon.asked == [("ping", {"name": "party3", "count": 1, "interval_ms": 500,
                                      "size": 64})]


def test_ping_as_json_is_one_object_a_line(place):
    answers = [ping_answer(1, RELAYED), ping_answer(2, DIRECT)]
    Daemon(place, {"ping": [*answers, {"schema": 1}]})
    out = place.does("ping", "party3", "--count", "2", "--json").out
    assert [json.loads(line) for line in out.splitlines()] == answers


def test_settings_say_when_they_count(place):
    def setting(args):
        return {"schema": 1, "settings": [{"key": args["key"], "value": args["value"],
                                           "now": args["key"] != "listen"}]}

    Daemon(place, {"set": setting, "get": (1, "there is no setting 'x'")})
    assert place.does("set", "allow-all", "yes").out == "allow-all is yes\n"
    assert place.does("set", "listen", "7000").out == \
        "listen is 7000 from the next start on\n"
    place.fails(1, "there is no setting 'x'", "get", "x")


def test_a_rule_is_sent_as_one_text(place):
    daemon = Daemon(place, {v: {"schema": 1, "rules": []} for v in ("allow", "rules")})
    place.does("allow", "group:nurses", "tcp/80")
    place.does("allow", "party2")
    place.does("allow")
    assert daemon.asked == [("allow", {"rule": "group:nurses tcp/80"}),
                            ("allow", {"rule": "party2"}), ("rules", {})]


def test_down_waits_until_the_daemon_is_gone(place):
    Daemon(place, {"stop": {"schema": 1, "name": "party1"}})
    assert place.does("down").out == "party1 is down\n"
    assert place.does("down", "--json").json() == {"schema": 1, "name": "party1"}


def test_colour_is_for_terminals_that_want_it(place):
    Daemon(place, {"peers": {"schema": 1, "role": "node", "peers": [peer("party3")]}})
    assert "\x1b[" not in place.does("peers").out
    for env, colour in ({}, True), ({"NO_COLOR": "1"}, False):
        reader, writer = pty.openpty()
        subprocess.run([MPYNET, "peers"], stdout=writer, env={**place.env, **env}, check=True)
        assert (b"\x1b[" in os.read(reader, 65536)) == colour
        os.close(reader)
        os.close(writer)


def test_the_state_is_where_the_environment_says(place):
    for env, state in (
            ({"MPYNET_STATE": "/x/y"}, "/x/y"),
            ({"MPYNET_STATE": "relative"}, str(place.dir / "relative"))):
        place.fails(3, "no daemon runs on %s," % state, "status", env=env)
    place.fails(3, "no daemon runs on /z,", "status", "--state", "/z")


def test_leaving_removes_everything_and_asks_first(place):
    node = place.state / "node"
    node.mkdir(parents=True, mode=0o700)
    place.state.chmod(0o700)
    (node / "bundle.mpynet").touch()
    place.fails(2, "say --yes", "leave")
    assert node.exists()
    place.does("leave", "--yes")
    assert not node.exists()
    place.fails(1, "has joined no network", "leave", "--yes")


WHY = {"schema": 1, "role": "node", **peer("party3", why="never-answered"), "connected": True,
       "nat": "symmetric, random ports",
       "here": {"why": "never-answered", "nat": "endpoint-independent", "facts": {"tries": 14},
                "text": "14 packets to 3 addresses of party3 had no answer", "change": "open UDP"},
       "there": {"why": "punching", "text": "direct ways to party1 are being tried",
                 "path": RELAYED, "facts": {}, "change": "wait"},
       "paths": [{"kind": "direct", "at": "203.0.113.7:7717", "state": "probing", "tries": 7,
                  "origin": "told", "in_use": False}]}


def test_why_shows_both_ends_and_what_was_tried(place):
    daemon = Daemon(place, {"why": WHY})
    out = place.does("why", "party3").out
    for text in ("here        14 packets to 3 addresses of party3 had no answer",
                 "what helps  open UDP", "why there   punching", "path there  relay lh",
                 "there       direct ways to party1 are being tried",
                 "NAT there   symmetric, random ports"):
        assert text in out, out
    assert out.splitlines()[-1].split() == [
        "direct", "203.0.113.7:7717", "-", "told", "probing", "7", "-", "-", "-", "-"], out
    assert place.does("why", "party3", "--json").json() == WHY
    assert daemon.asked[0] == ("why", {"name": "party3"})


def test_netcheck_waits_for_what_is_measured(place):
    body = {"schema": 1, "running": False, "measured_s": 0, "udp": True,
            "public": ["203.0.113.7:4242"], "mapping": "endpoint-independent",
            "filtering": "address- and port-dependent", "ports": "preserved", "keepalive_s": 22,
            "ipv6": {"udp": False}, "lighthouses": [], "mappings": [],
            "means": "Paths to most others are direct."}
    turns = iter([{"schema": 1, "running": True}, {"schema": 1, "running": True}, body])
    daemon = Daemon(place, {"netcheck": lambda _: next(turns)})
    out = place.does("netcheck", "--again").out
    for text in ("mapping    endpoint-independent", "seen at    203.0.113.7:4242",
                 "keepalive  22s", "IPv6       no",
                 "that is    Paths to most others are direct."):
        assert text in out, out
    assert [args["again"] for _, args in daemon.asked] == [True, False, False]


def test_netcheck_exits_with_1_without_udp(place):
    body = {"schema": 1, "running": False, "udp": False, "means": "UDP gets no answer."}
    Daemon(place, {"netcheck": body})
    result = place.run("netcheck", "--json")
    assert result.status == 1 and result.json() == body, result


def test_why_exits_with_1_if_there_is_no_connection(place):
    body = {"schema": 1, "role": "node", "name": "party9", "connected": False, "why": "unknown",
            "here": {"why": "unknown", "text": "no lighthouse has heard of party9",
                     "change": "see that the name is right"}}
    Daemon(place, {"why": body})
    result = place.run("why", "party9")
    assert result.status == 1 and "no lighthouse has heard of party9" in result.out, result
    place.fails(2, "why whom?", "why")


def test_why_watch_says_a_thing_once(place):
    daemon = Daemon(place, {"why": WHY})
    terminal = place.terminal("why", "party3", "--watch")
    terminal.wait("14 packets")
    while len(daemon.asked) < 3:
        time.sleep(0.05)
    terminal.type("\x03")
    assert terminal.end() == 0 and "14 packets" not in terminal.seen, terminal.seen


def test_the_list_of_reasons_is_the_one_of_the_page(place):
    page = (ROOT / "docs" / "paths.md").read_text()
    listed = re.findall(r"^\| `([a-z0-9-]+)` \| (.*) \| (.*) \|$", page, re.M)
    codes = place.does("why", "--codes", "--json").json()["codes"]
    assert [(c["why"], c["text"], c["change"]) for c in codes] == listed


def test_metrics_are_what_status_and_peers_say(place):
    status = {**STATUS, "version": "0.1.0", "tx_bytes": 1500, "counters": {"bad-outer": 3},
              "lighthouses": [{"name": "lh", "registered": True, "rtt_us": 21400}]}
    peers = {"schema": 1, "role": "node",
             "peers": [peer("party2", path=DIRECT, why="punched", connected=True),
                       peer('p"\\\x1b', loss_percent=25)]}
    Daemon(place, {"status": status, "peers": peers})
    out = place.does("metrics").out
    for line in ('mpynet_info{name="party1",role="node",network="study",version="0.1.0"} 1',
                 "mpynet_sent_bytes_total 1500", 'mpynet_events_total{event="bad-outer"} 3',
                 'mpynet_lighthouse_registered{lighthouse="lh"} 1',
                 'mpynet_lighthouse_rtt_seconds{lighthouse="lh"} 0.0214',
                 'mpynet_peer_rtt_seconds{peer="party2"} 0.0431',
                 'mpynet_peer_path{peer="party2",path="direct"} 1',
                 'mpynet_peer_why{peer="party2",why="punched"} 1',
                 'mpynet_peer_loss_ratio{peer="p\\"\\\\?"} 0.25',
                 'mpynet_peer_path{peer="p\\"\\\\?",path="relay",relay="lh"} 1'):
        assert line in out.splitlines(), (line, out)
    assert "mpynet_circuits" not in out         # a lighthouse's
    named = re.findall(r"^# TYPE (\S+) (counter|gauge)$", out, re.M)
    assert {name for name, _ in named} == set(re.findall(r"^(mpynet_\w+)", out, re.M))
    assert place.does("metrics", "--json").json()["metrics"][0]["name"] == "mpynet_info"
