# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds keys is closed: files, links, memory, and the places where others look."""

import os
import pathlib
import resource
import shutil
import signal
import subprocess
import time

from authority import (CONFIG, DONE, LIGHTHOUSE, NO, PERMISSION, USAGE, Host, SmallHost,
                       authority, check)
from place import Skipped

PASSPHRASE = "a passphrase that is nowhere else"


def refused(ca, *words):
    status, _, err = ca.run(*words)
    check(status in (USAGE, CONFIG, PERMISSION) and err.count("\n") == 1, words, status, err)
    return err


def test_a_ledger_that_others_could_read_or_wrote_is_refused(place):
    ca = authority(place.dir, LIGHTHOUSE)
    db = ca.state / "ca.db"
    for mode in 0o604, 0o640, 0o602, 0o660:
        db.chmod(mode)
        check("chmod 600" in refused(ca, "ca", "list"))
        check("chmod 600" in refused(ca, "sign", "party1"))
    db.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(db, 4711, 4711)
        check("4711" in refused(ca, "ca", "list"))


def test_a_ledger_that_is_a_link_is_refused(place):
    ca = authority(place.dir, LIGHTHOUSE)
    elsewhere = place.dir / "elsewhere.db"
    shutil.move(ca.state / "ca.db", elsewhere)
    (ca.state / "ca.db").symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    check("not a regular file" in refused(ca, "sign", "party1"))
    check(elsewhere.read_bytes() == before)


def test_links_that_wait_for_what_is_written_lead_nowhere(place):
    """Where a bundle, a backup, the lock or the mark is to be, somebody put a link."""
    ca = authority(place.dir, LIGHTHOUSE)
    victim = place.dir / "victim"
    victim.write_text("precious\n")
    for name, words in (("party1.mpynet", ("sign", "party1")),
                        ("a.backup", ("ca", "backup", "a.backup", "--no-passphrase"))):
        (ca.path / name).symlink_to(victim)
        check("never overwritten" in refused(ca, *words))
        (ca.path / name).unlink()
        (ca.path / name).symlink_to(ca.path / "nowhere")    # would be created
        refused(ca, *words)
        check(not (ca.path / "nowhere").exists())
    for name in "ca.mark", "ca.mark.new":
        (ca.state / name).unlink(missing_ok=True)
        (ca.state / name).symlink_to(victim)
        ca.run("sign", "host-%s" % name.replace(".", "-"))
        (ca.state / name).unlink(missing_ok=True)
    (ca.state / "ca.lock").unlink()
    (ca.state / "ca.lock").symlink_to(victim)
    refused(ca, "sign", "party2")
    check(victim.read_text() == "precious\n", "somebody's file was written")


def test_a_state_directory_that_others_enter_is_refused(place):
    ca = Host(place.dir)
    ca.state.mkdir(mode=0o755)
    ca.state.chmod(0o755)
    check("chmod 700" in refused(ca, "ca", "init", "study", "--no-passphrase"))
    check(not (ca.state / "ca.db").exists())


def test_files_are_private_whatever_the_umask_says(place):
    ca = Host(place.dir)
    before = os.umask(0)
    try:
        ca.tell("ca", "init", "study", "--no-passphrase")
        ca.tell("sign", "party1")
        ca.tell("ca", "backup", "a.backup", "--no-passphrase")
    finally:
        os.umask(before)
    files = [p for p in ca.state.rglob("*") if p.is_file()]
    for path in [*files, ca.path / "party1.mpynet", ca.path / "a.backup"]:
        check(path.stat().st_mode & 0o077 == 0, path, oct(path.stat().st_mode))
    check(ca.state.stat().st_mode & 0o077 == 0)


def test_a_passphrase_is_in_no_argument_environment_or_file(place):
    ca = SmallHost(place.dir)
    status, out, err = ca.unlocked(PASSPHRASE, "ca", "init", "study")
    check(status == DONE, err)
    for words in ("sign", *LIGHTHOUSE), ("ca", "backup", "a.backup"):
        status, more, err = ca.unlocked(PASSPHRASE, *words)
        check(status == DONE and PASSPHRASE not in out + more + err, words, err)
    for path in place.dir.rglob("*"):
        if path.is_file():
            check(PASSPHRASE.encode() not in path.read_bytes(), path)
    check(PASSPHRASE not in ca.tell("ca", "log"))


def waiting(place):
    """An mpynet that waits for its passphrase."""
    ca = SmallHost(place.dir)
    check(ca.unlocked(PASSPHRASE, "ca", "init", "study")[0] == DONE)
    reader, writer = os.pipe()
    child = subprocess.Popen(ca.words("sign", "party1", "--passphrase-fd", reader),
                             cwd=ca.path, env=ca.environment(), pass_fds=[reader],
                             preexec_fn=lambda: resource.setrlimit(
                                 resource.RLIMIT_CORE, (1 << 20, 1 << 20)))
    os.close(reader)
    os.write(writer, PASSPHRASE[:9].encode())
    end = time.monotonic() + 60
    while core_limit(child.pid) != "0" and time.monotonic() < end:
        time.sleep(0.05)
    return child, writer


def core_limit(pid):
    with open("/proc/%d/limits" % pid) as limits:
        return next(line.split()[4] for line in limits if line.startswith("Max core file"))


def test_a_process_with_keys_leaves_no_core_and_nobody_attaches(place):
    if os.geteuid() != 0:
        raise Skipped("what is not dumpable belongs to root")
    child, writer = waiting(place)
    try:
        check(core_limit(child.pid) == "0", "core files are allowed")
        looked = subprocess.run(
            ["setpriv", "--reuid", "65534", "--clear-groups", "cat",
             "/proc/%d/environ" % child.pid], capture_output=True)
        check(looked.returncode != 0, "another user read its environment")
        with open("/proc/%d/cmdline" % child.pid) as cmdline:
            check(PASSPHRASE[:9] not in cmdline.read())
        child.send_signal(signal.SIGABRT)
        check(child.wait(timeout=60) == -signal.SIGABRT)
    finally:
        os.close(writer)
        child.kill()
        child.wait()
    check(not list(place.dir.rglob("core*")), "there is a core file")


def test_a_token_leaves_the_list_of_processes_and_the_history(place):
    ca = authority(place.dir / "ca", ("lh", "--lighthouse", "--public", "192.0.2.1:7717"))
    token = ca.tell("invite", "party1").split()[0]
    host = Host(place.dir / "party1")
    child = subprocess.Popen(host.words("join", token), cwd=host.path, env=host.environment(),
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True)
    try:
        shown = pathlib.Path("/proc/%d/cmdline" % child.pid)
        until = time.monotonic() + 20
        while token.encode() in shown.read_bytes() or b"join" not in shown.read_bytes():
            check(time.monotonic() < until, "the token is still shown")
            time.sleep(0.05)
        check(child.poll() is None, "it does not wait for the lighthouse")
        check(token.encode() not in pathlib.Path("/proc/%d/environ" % child.pid).read_bytes())
    finally:
        child.terminate()
    _, err = child.communicate(timeout=20)
    check(token not in err, err)
    for path in host.state.rglob("*"):
        check(not path.is_file() or token.encode() not in path.read_bytes(), path)


def test_a_token_that_is_spoilt_or_expired_gets_a_sentence(place):
    ca = authority(place.dir / "ca", ("lh", "--lighthouse", "--public", "192.0.2.1:7717"))
    token = ca.tell("invite", "party1", "--expires", "1s").split()[0]
    host = Host(place.dir / "party1")
    for bad in token[:-1], token[:40] + "AAAA" + token[44:], "mpy2_" + token[5:], token + "x":
        status, _, err = host.run("join", bad)
        check(status not in (DONE, NO) and err.count("\n") == 1 and bad not in err, bad, err)
    time.sleep(2.1)
    check(ca.json("ca", "pending")["invitations"] == [])
    ca.tell("invite", "party1")         # its place is free again
