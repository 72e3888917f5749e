# SPDX-License-Identifier: GPL-3.0-or-later
"""Minutes in which nothing happens: new keys every two, and NATs that forget."""

import time

from internet import Internet, home
from lab import Failed
from mesh import Mesh

LIGHTHOUSE = "198.18.0.10"
PINGS, INTERVAL = 520, 0.5          # over two changes of keys
IDLE = 240
NAT_TIMEOUT = 25                    # a keepalive every 20 s has to suffice


def two_homes(lab, kind):
    """(party1, party2, their routers), both behind this kind of NAT."""
    internet = Internet(lab)
    internet.host("lh", LIGHTHOUSE)
    sites = [home(internet, "party%d" % i, "198.18.%d.1" % i, kind) for i in (1, 2)]
    mesh = Mesh(lab, {"lh": LIGHTHOUSE}, ["party1", "party2"])
    return [*mesh.parties.values(), sites]


def loses_nothing(lab, kind, path):
    a, b, _ = two_homes(lab, kind)
    a.reaches(b, 20)
    a.comes_to(b, path, 40)
    status, out, _ = lab.run(a.namespace, "ping", "-q", "-c", PINGS, "-i", INTERVAL,
                             b.overlay(), timeout=2 * PINGS * INTERVAL)
    if status or " 0% packet loss" not in out or "duplicates" in out:
        raise Failed("pings by the %s path: %s" % (path, out))
    age = a.json("peer", b.name)["session_age_s"]
    if age >= PINGS * INTERVAL - 100:
        raise Failed("the session is %d s old" % age)
    return out.strip().splitlines()[-1]


def a_direct_session_makes_new_keys_and_loses_nothing(lab):
    return loses_nothing(lab, "linux", "direct")


def a_relayed_session_makes_new_keys_and_loses_nothing(lab):
    return loses_nothing(lab, "linux-frandom", "relay")


def an_idle_path_stays_open_through_its_nats(lab):
    a, b, sites = two_homes(lab, "linux")
    for site in sites:
        lab.sysctl(site.name, net__netfilter__nf_conntrack_udp_timeout=NAT_TIMEOUT,
                   net__netfilter__nf_conntrack_udp_timeout_stream=NAT_TIMEOUT)
    a.reaches(b, 20)
    a.comes_to(b, "direct", 40)
    time.sleep(IDLE)
    if a.path(b) != "direct":
        raise Failed("after %d idle seconds the path is %s" % (IDLE, a.path(b)))
    status, out, _ = lab.run(a.namespace, "ping", "-c1", "-W2", b.overlay())
    if status:
        raise Failed("the first packet after %d idle seconds is lost: %s" % (IDLE, out))


SCENARIOS = (
    a_direct_session_makes_new_keys_and_loses_nothing,
    a_relayed_session_makes_new_keys_and_loses_nothing,
    an_idle_path_stays_open_through_its_nats,
)
