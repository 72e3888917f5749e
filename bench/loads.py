# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make bench` measures: one function each, of a System that is up.

A function returns a dict of figures. CPU seconds are those of the program's own
processes at both ends (`vpn`) and of the whole machine without idling, loads
included (`machine`); they hold on a noisy machine where times do not.
"""

import json
import math
import os
import re
import subprocess
import time

from lab import Failed
from mesh import PROGRAMS, VENV

TICKS = os.sysconf("SC_CLK_TCK")
WAIT = 30                       # seconds that a load may take longer than it should
MPYC_PORT = 11365


# The machine's accounts

class Cpu:
    """CPU seconds since it was made."""

    def __init__(self, system):
        self.pids = system.pids()
        self.start = self._now()

    def _now(self):
        return sum(map(cpu_of, self.pids)), cpu_of_machine()

    def spent(self):
        return [now - then for now, then in zip(self._now(), self.start)]


def cpu_of(pid):
    """User and system time of a process with its threads."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError as error:
        raise Failed("process %d has ended" % pid) from error
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_of_machine():
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, softirq = map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / TICKS


# Programs that make load

def run(system, side, *argv, timeout):
    """What a load prints, as JSON."""
    status, out, err = system.lab.run(system.at(side), *argv, timeout=timeout + WAIT)
    if status:
        raise Failed((err or out).strip()[-300:] or "status %d" % status)
    return json.loads(out)


def serve(system, tools):
    """The far end of the loads, for as long as the lab lives."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    system.lab.spawn(system.at("b"), tools.load, "echo", **quiet)
    system.lab.spawn(system.at("b"), "iperf3", "-s", **quiet)


def iperf(system, seconds, *words):
    """iperf3 knows whole seconds only, and 0 is for ever."""
    return ["iperf3", "-c", system.inner["b"], "-J", "-i", "0", "-t", math.ceil(seconds), *words]


def bulk(system, seconds, *words):
    cpu = Cpu(system)
    end = run(system, "a", *iperf(system, seconds, *words), timeout=seconds)["end"]
    vpn, machine = cpu.spent()
    sums = [end[name] for name in ("sum_received", "sum_received_bidir_reverse") if name in end]
    gigabytes = sum(one["bytes"] for one in sums) / 1e9
    if not gigabytes:
        raise Failed("nothing came through")
    return {"gbit": sum(one["bits_per_second"] for one in sums) / 1e9,
            "vpn_s_per_gb": vpn / gigabytes, "machine_s_per_gb": machine / gigabytes,
            "retransmits": end["sum_sent"].get("retransmits", 0)}


def tcp1(system, seconds, tools):
    return bulk(system, seconds)


def tcp1_back(system, seconds, tools):
    return bulk(system, seconds, "-R")


def tcp4(system, seconds, tools):
    return bulk(system, seconds, "-P", "4")


def tcp4_back(system, seconds, tools):
    return bulk(system, seconds, "-P", "4", "-R")


def tcp_both(system, seconds, tools):
    return bulk(system, seconds, "--bidir")


def rr(system, seconds, tools):
    cpu = Cpu(system)
    said = run(system, "a", tools.load, "rr", system.inner["b"], seconds, timeout=seconds)
    vpn, machine = cpu.spent()
    n = said.pop("transactions")
    return {**said, "vpn_us": vpn / n * 1e6, "machine_us": machine / n * 1e6}


def small(system, seconds, tools):
    sink = system.lab.spawn(system.at("b"), tools.load, "sink", seconds + 3,
                            stdout=subprocess.PIPE)
    time.sleep(0.1)
    cpu = Cpu(system)
    sent = run(system, "a", tools.load, "flood", system.inner["b"], seconds,
               timeout=seconds)["datagrams"]
    said = json.loads(sink.communicate(timeout=seconds + WAIT)[0])
    vpn, machine = cpu.spent()
    n = said.pop("datagrams")
    if not n:
        raise Failed("nothing came through")
    return {**said, "arrived": n / sent, "vpn_us": vpn / n * 1e6, "machine_us": machine / n * 1e6}


def ping(system, seconds, tools):
    """Round trips of ICMP echoes, 100 a second, beside one TCP stream that takes what it gets."""
    stream = system.lab.spawn(system.at("a"), *iperf(system, seconds + 1),
                              stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    _, out, _ = system.lab.run(system.at("a"), "ping", "-n", "-i", "0.01", "-c",
                               int(seconds * 100), "-W", "2", system.inner["b"],
                               timeout=seconds + WAIT)
    stream.wait(seconds + WAIT)
    took = sorted(float(ms) for ms in re.findall(r"time=([\d.]+)", out))
    if not took:
        raise Failed("no ping was answered: %s" % out[-200:])
    return {"p50_ms": took[len(took) // 2], "p99_ms": took[len(took) * 99 // 100],
            "lost": 1 - len(took) / int(seconds * 100)}


def reach(system, tools, seconds=30):
    return run(system, "a", tools.load, "reach", system.inner["b"], seconds, timeout=seconds)


def setup(system, seconds, tools):
    """One end starts again: how long from its command until a datagram is answered."""
    if not system.pids():
        raise Failed("there is nothing to start")
    system.stop("a")
    time.sleep(0.5)
    start = time.monotonic()
    system.start("a")
    reach(system, tools)
    return {"seconds": time.monotonic() - start}


def memory(system, seconds, tools):
    """What the processes of one end hold now, and held at most."""
    sums = {"VmRSS": 0, "VmHWM": 0}
    for pid in system.pids("a"):
        with open("/proc/%d/status" % pid) as file:
            for line in file:
                name, _, value = line.partition(":")
                if name in sums:
                    sums[name] += int(value.split()[0]) / 1024
    return {"now_mb": sums["VmRSS"], "most_mb": sums["VmHWM"]}


def mpyc(system, seconds, tools):
    """A chain of secret squarings; party 0 at one end, 1 and 2 at the other.

    The time is MPyC's own, from when all are connected.
    """
    rounds = int(seconds * 500)
    parties = [("a", 0), ("b", 0), ("b", 1)]
    peers = [word for side, offset in parties
             for word in ("-P", "%s:%d" % (system.inner[side], MPYC_PORT + offset))]
    children = [system.lab.spawn(
        system.at(side), VENV / "bin" / "python", PROGRAMS / "rounds.py", "-n", rounds,
        *peers, "-I", i, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for i, (side, _) in enumerate(parties)]
    cpu = Cpu(system)
    said = [child.communicate(timeout=rounds / 20 + WAIT)[0] for child in children]
    vpn, _ = cpu.spent()
    elapsed = re.search(r"elapsed time: (\d+):(\d+):([\d.]+)", said[0])
    if not elapsed or "squarings give" not in said[0]:
        raise Failed("party 0 printed: " + said[0][-300:])
    hours, minutes, rest = elapsed.groups()
    took = int(hours) * 3600 + int(minutes) * 60 + float(rest)
    return {"seconds": took, "ms_per_round": took / rounds * 1e3, "vpn_us": vpn / rounds * 1e6}


LOADS = {f.__name__: f for f in (tcp1, tcp1_back, tcp4, tcp4_back, tcp_both, rr, ping, small,
                                 mpyc, memory, setup)}
