# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell: scripts, a terminal, completion in it and in other shells."""

import shutil
import stat
import subprocess

from daemon import RELAYED, STATUS, Daemon, peer
from place import MPYNET, ROOT, Skipped

PEERS = {"schema": 1, "role": "node", "peers": [peer("party2"), peer("party3")]}


def test_a_script_runs_every_line(place):
    Daemon(place, {"peers": PEERS})
    result = place.does(text="# a comment\n\nversion\n'peers'  --porcelain # more\n")
    assert result.out.startswith("mpynet  ") and "party3" in result.out


def test_a_script_ends_with_the_last_failure(place):
    result = place.run(text="nonsense\nstatus\nversion\n")
    assert result.status == 3, result
    assert result.out.startswith("mpynet  "), result


def test_exit_ends_a_script(place):
    assert place.does(text="exit\nnonsense\n").out == ""


def test_global_options_hold_for_the_whole_script(place):
    Daemon(place, {"peers": PEERS})
    out = place.does("--json", text="peers\nversion\n").out
    assert all(line.startswith("{") for line in out.splitlines()), out


def test_an_open_quote_is_an_error(place):
    place.fails(2, "a quote in this line is not closed", text="peer 'party3\n")


def test_the_prompt_has_the_network_and_what_is_wrong(place):
    daemon = Daemon(place)
    terminal = place.terminal()
    terminal.wait("study/party1> ")
    daemon.answers["status"] = {**STATUS, "state": "starting"}
    terminal.type("version\r")
    terminal.wait("study/party1 starting> ")
    terminal.type("exit\r")
    assert terminal.end() == 0


def test_without_a_daemon_there_is_a_shell_all_the_same(place):
    terminal = place.terminal()
    terminal.wait("mpynet> ")
    terminal.type("stauts\r")
    terminal.wait("'status' is")
    terminal.wait("mpynet> ")
    terminal.type("\x04")
    assert terminal.end() == 2


def test_tab_completes_commands_peers_and_options(place):
    Daemon(place, {"peers": PEERS, "peer": peer("party3")})
    terminal = place.terminal()
    terminal.wait("study/party1> ")
    terminal.type("peer p\t")
    terminal.wait("arty")
    terminal.type("3\r")
    terminal.wait("relay lh")
    terminal.wait("study/party1> ")
    terminal.type("stat\t --po\t\r")
    terminal.wait("--porcelain")
    terminal.wait("party1")


def test_ctrl_c_ends_a_command_and_not_the_shell(place):
    answer = {"schema": 1, "name": "party3", "ip": "10.87.0.4", "seq": 1, "answered": True,
              "rtt_us": 1000, "path": RELAYED}
    Daemon(place, {"ping": [answer, None]})
    terminal = place.terminal()
    terminal.wait("study/party1> ")
    terminal.type("ping party3\r")
    terminal.wait("seq=1")
    terminal.type("\x03")
    terminal.wait("1 sent, 1 answered")
    terminal.wait("study/party1> ")
    terminal.type("half a line\x03")
    terminal.wait("study/party1> ")
    terminal.type("version\r")
    terminal.wait("mpynet  ")
    terminal.wait("study/party1> ")
    terminal.type("\x04")
    assert terminal.end() == 0


def test_history_is_private_and_forgets_secrets(place):
    Daemon(place)
    place.state.chmod(0o700)
    for line in "version", " status", "join mpy1_secret":
        terminal = place.terminal()
        terminal.wait("study/party1> ")
        terminal.type(line + "\r")
        terminal.wait("study/party1> ")
        terminal.type("\x04")
        terminal.end()
    history = place.state / "history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert history.read_text() == "version\n"


def complete(place, *words):
    out = place.does("__complete", "--", *words).out
    return [line.split("\t")[0] for line in out.splitlines()]


def test_candidates_come_from_the_daemon_of_the_line(place):
    other = place.dir / "other"
    Daemon(place, {"peers": PEERS}, state=other)
    assert complete(place, "--state", other, "ping", "p") == ["party2", "party3"]
    assert complete(place, "ping", "p") == []


def test_names_come_from_the_ledger(place):
    place.does("ca", "init", "study", "--no-passphrase")
    place.does("sign", "party1", "party2")
    assert complete(place, "ca", "export", "p") == ["party1", "party2"]


def test_bash_completes(place):
    Daemon(place, {"peers": PEERS})
    (place.dir / "mpynet").symlink_to(MPYNET)
    script = """
        source %s/completions/mpynet.bash
        shopt -s extglob
        complete_line() {
            COMP_LINE=$1 COMP_POINT=${#1}
            shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _mpynet 2>/dev/null; printf '%%s|' "${COMPREPLY[@]}"; echo
        }
        PATH=.:$PATH
        complete_line "mpynet pee" mpynet pee
        complete_line "mpynet ping " mpynet ping ""
        complete_line "mpynet --state=sta" mpynet --state = sta
        complete_line "mpynet completion b" mpynet completion b
    """ % ROOT
    done = subprocess.run(["bash", "-c", script], cwd=place.dir, env=place.env,
                          capture_output=True, text=True)
    assert done.stdout.splitlines() == ["peers|peer|", "party2|party3|", "state/|", "bash|"], done


def test_the_program_carries_the_completion_scripts(place):
    for shell, file in ("bash", "mpynet.bash"), ("zsh", "_mpynet"), ("fish", "mpynet.fish"):
        script = (ROOT / "completions" / file).read_text()
        assert place.does("completion", shell).out == script


def test_other_shells_can_read_their_scripts(place):
    found = [s for s in ("zsh", "fish") if shutil.which(s)]
    if not found:
        raise Skipped("neither zsh nor fish is installed")
    for shell in found:
        script = place.dir / shell
        script.write_text(place.does("completion", shell).out)
        subprocess.run([shell, "-n", script], check=True)
