# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh between real hosts: who reaches whom, how, and what survives."""

import sys
import time

from internet import Internet, Router, home, home_behind_carrier
from lab import Failed, wait_until
from mesh import MPYNET, OWN_RUN, Host, Mesh

LIGHTHOUSE = "198.18.0.10"
ONE, TWO = "198.18.1.1", "198.18.2.1"


def internet_with_lighthouse(lab):
    internet = Internet(lab)
    internet.host("lh", LIGHTHOUSE)
    return internet


def two_sites(lab, one, two):
    """party1 and party2 behind NATs of these kinds, None for a public host.
    Returns (internet, mesh, [site or None])."""
    internet = internet_with_lighthouse(lab)
    sites = []
    for name, address, kind in (("party1", ONE, one), ("party2", TWO, two)):
        if kind:
            sites.append(home(internet, name, address, kind))
        else:
            sites.append(internet.host(name, address))
    return internet, Mesh(lab, {"lh": LIGHTHOUSE}, ["party1", "party2"]), sites


def direct_sites(lab, one, two):
    """The same, when they have come to a direct path. Returns (internet, mesh, sites)."""
    internet, mesh, sites = two_sites(lab, one, two)
    a, b = mesh.parties.values()
    a.reaches(b, 20)
    a.comes_to(b, "direct", 40)
    return internet, mesh, sites


def flood(host, other, count=50):
    """Packets over the mesh, to be seen by the Internet's counters."""
    status, out, _ = host.lab.run(host.namespace, "ping", "-c", count, "-i0.01", "-W2",
                                  other.overlay())
    if status:
        raise Failed("%s to %s: %s" % (host.name, other.name, out))


def ends_up(lab, one, two, path):
    """Both reach each other, and what they say of the path is what is counted."""
    internet, mesh, _ = two_sites(lab, one, two)
    a, b = mesh.parties.values()
    first = a.reaches(b, 20)
    took = a.comes_to(b, path, 90)
    time.sleep(2 if path == "relay" else 0)     # attempts to punch have ended
    direct, relayed = internet.between(ONE, TWO), internet.between(ONE, LIGHTHOUSE)
    flood(a, b)
    direct = internet.between(ONE, TWO) - direct
    relayed = internet.between(ONE, LIGHTHOUSE) - relayed
    if (direct >= 100) != (path == "direct") or (relayed >= 100) != (path == "relay"):
        raise Failed("%s, but %d packets went between them and %d by the lighthouse"
                     % (path, direct, relayed))
    return "first answer after %.2f s, %s after %.2f s" % (first, path, took)


def public_hosts_are_direct(lab):
    return ends_up(lab, None, None, "direct")


def homes_are_direct(lab):
    return ends_up(lab, "linux", "linux", "direct")


def open_routers_reach_each_other(lab):
    """Whoever comes first takes the tuple of the other's flow: both paths are right."""
    _, mesh, _ = two_sites(lab, "linux-open", "linux-open")
    a, b = mesh.parties.values()
    first = a.reaches(b, 20)
    return "first answer after %.2f s, %s" % (first, a.path(b))


def a_symmetric_nat_reaches_a_public_host_directly(lab):
    return ends_up(lab, "linux-frandom", None, "direct")


def a_symmetric_nat_reaches_a_full_cone_directly(lab):
    return ends_up(lab, "linux-frandom", "fullcone", "direct")


def a_symmetric_nat_reaches_an_address_cone_directly(lab):
    return ends_up(lab, "acone", "linux-frandom", "direct")


def a_symmetric_nat_reaches_a_home_after_a_search(lab):
    return ends_up(lab, "linux", "linux-frandom", "direct")


def two_symmetric_nats_use_the_relay(lab):
    return ends_up(lab, "linux-frandom", "linux-frandom", "relay")


def a_carrier_nat_in_front_of_a_home_is_crossed(lab):
    internet = internet_with_lighthouse(lab)
    home_behind_carrier(internet, "party1", ONE)
    home(internet, "party2", TWO)
    mesh = Mesh(lab, {"lh": LIGHTHOUSE}, ["party1", "party2"])
    a, b = mesh.parties.values()
    first = a.reaches(b, 20)
    return "first answer after %.2f s, direct after %.2f s" % (
        first, a.comes_to(b, "direct", 40))


def two_hosts_of_one_home_stay_in_it(lab):
    internet = internet_with_lighthouse(lab)
    site = home(internet, "party1", ONE)
    site.host("party2")
    mesh = Mesh(lab, {"lh": LIGHTHOUSE}, ["party1", "party2"])
    a, b = mesh.parties.values()
    a.reaches(b, 20)
    took = a.comes_to(b, "lan", 40)
    before = internet.between(ONE, LIGHTHOUSE)
    flood(a, b, 400)            # many more than are sent to measure the NAT meanwhile
    packets = internet.between(ONE, LIGHTHOUSE) - before
    if packets >= 800:
        raise Failed("lan, but %d packets went to the lighthouse" % packets)
    return "lan after %.2f s" % took


def a_site_without_udp_and_tcp_says_so(lab):
    internet = internet_with_lighthouse(lab)
    home(internet, "party1", ONE, "udp-block")
    lab.nft("party1-nat", "table ip web { chain forward {\n"
            "type filter hook forward priority -2; tcp dport 443 drop; }\n}\n")
    internet.host("party2", TWO)
    mesh = Mesh(lab, {"lh": LIGHTHOUSE}, ["party1", "party2"])
    a, b = mesh.parties.values()
    if a.json("status")["state"] != "starting":
        raise Failed("ready, without anybody that answers: %s" % a.tell("status"))
    status, _, said = a.run("ping", b.name, "--count", 1, "--timeout", 3)
    if status not in (1, 5) or not said.strip():
        raise Failed("ping ends with %d: %s" % (status, said))
    return said.strip()


def two_symmetric_nats_with_ipv6_are_direct(lab):
    internet = internet_with_lighthouse(lab)
    for name, address, prefix in (("party1", ONE, "2001:db8:1::"),
                                  ("party2", TWO, "2001:db8:2::")):
        home(internet, name, address, "linux-frandom").give_ipv6(prefix, name)
    mesh = Mesh(lab, {"lh": LIGHTHOUSE}, ["party1", "party2"])
    a, b = mesh.parties.values()
    first = a.reaches(b, 20)
    took = a.comes_to(b, "direct", 40)
    before = internet.between("2001:db8:1::10", "2001:db8:2::10")
    flood(a, b)
    packets = internet.between("2001:db8:1::10", "2001:db8:2::10") - before
    if packets < 100:
        raise Failed("direct, but only %d packets went by IPv6" % packets)
    return "first answer after %.2f s, direct by IPv6 after %.2f s" % (first, took)


EASY = ("fullcone", "acone")                    # anybody who was called gets in
SYMMETRIC = ("linux-frandom", "sym-seq")        # nobody can say where a call comes from


def expected_path(one, two):
    """What two kinds of NAT allow (RFC 4787, 5128). None: ports have to be guessed,
    one pair at a time, and that may fail."""
    if one in EASY or two in EASY or not (one in SYMMETRIC or two in SYMMETRIC):
        return "direct"
    if one in SYMMETRIC and two in SYMMETRIC and (one, two) != ("sym-seq", "sym-seq"):
        return "relay"
    return None


def ten_parties_of_many_kinds_reach_each_other(lab):
    kinds = ("linux", "linux-frandom", "fullcone", "linux", "sym-seq", "acone", "linux",
             "linux-frandom", "linux", "linux")
    internet = internet_with_lighthouse(lab)
    names = ["party%d" % i for i in range(len(kinds))]
    for i, (name, kind) in enumerate(zip(names, kinds)):
        home(internet, name, "198.18.%d.1" % (i + 1), kind)
    mesh = Mesh(lab, {"lh": LIGHTHOUSE}, names)
    parties = list(mesh.parties.values())
    pairs = [(i, j) for i in range(len(kinds)) for j in range(i)]
    slowest = max(parties[i].reaches(parties[j], 30) for i, j in pairs)
    expected = {(i, j): expected_path(kinds[i], kinds[j]) for i, j in pairs}
    settled = max(parties[i].comes_to(parties[j], path, 60)
                  for (i, j), path in expected.items() if path)
    guessed = [parties[i].path(parties[j]) for (i, j), path in expected.items() if not path]
    return ("%d pairs, slowest first answer after %.2f s, path as expected after %.2f s; by then "
            "%d of %d ports were guessed" % (
                len(pairs), slowest, settled, guessed.count("direct"), len(guessed)))


def a_path_becomes_direct_when_it_can(lab):
    internet = internet_with_lighthouse(lab)
    home(internet, "party1", ONE)
    home(internet, "party2", TWO)
    internet.cut(ONE, TWO)
    mesh = Mesh(lab, {"lh": LIGHTHOUSE}, ["party1", "party2"])
    a, b = mesh.parties.values()
    a.reaches(b, 20)
    a.comes_to(b, "relay", 20)
    internet.heal(ONE, TWO)
    return "direct %.2f s after the cut was healed" % a.comes_to(b, "direct", 90)


def a_direct_path_that_dies_is_relayed(lab):
    internet, mesh, _ = direct_sites(lab, "linux", "linux")
    a, b = mesh.parties.values()
    internet.cut(ONE, TWO)
    return "an answer %.2f s after the cut" % a.reaches(b, 60)


def a_dead_lighthouse_disturbs_nobody(lab):
    _, mesh, _ = direct_sites(lab, "linux", "linux")
    a, b = mesh.parties.values()
    mesh.lighthouses["lh"].crash()
    for _ in range(5):
        flood(a, b, 10)
        time.sleep(1)
    if a.path(b) != "direct":
        raise Failed("the path is %s" % a.path(b))
    return None


def a_restarted_lighthouse_introduces_again(lab):
    _, mesh, _ = two_sites(lab, "linux", "linux")
    a, b = mesh.parties.values()
    lighthouse = mesh.lighthouses["lh"]
    lighthouse.crash()
    lighthouse.tell("lighthouse")
    return "first answer %.2f s after its restart" % a.reaches(b, 60)


def a_restarted_node_needs_no_lighthouse(lab):
    """It knows its peers, their certificates and where they were."""
    _, mesh, _ = direct_sites(lab, "linux", "linux")
    a, b = mesh.parties.values()
    time.sleep(3)                       # what is remembered is written in batches
    mesh.lighthouses["lh"].crash()
    a.crash()
    a.tell("up")
    return "first answer %.2f s after its restart" % a.reaches(b, 60)


def a_crashed_node_is_reached_again(lab):
    _, mesh, _ = two_sites(lab, "linux", "linux")
    a, b = mesh.parties.values()
    a.reaches(b, 20)
    time.sleep(3)                       # what is remembered is written in batches
    b.crash()
    b.tell("up")
    return "first answer %.2f s after its restart" % a.reaches(b, 60)


def a_rebooted_nat_is_crossed_again(lab):
    _, mesh, (site, _) = direct_sites(lab, "linux", "linux")
    a, b = mesh.parties.values()
    site.lose_power()
    time.sleep(3)
    site.boot()
    took = a.reaches(b, 60)
    return "first answer %.2f s after it, direct after %.2f s" % (
        took, a.comes_to(b, "direct", 90))


def a_flushed_nat_with_new_ports_is_crossed_again(lab):
    _, mesh, (site, _) = direct_sites(lab, "linux-frandom", "fullcone")
    a, b = mesh.parties.values()
    site.forget()
    took = b.reaches(a, 60)
    return "first answer %.2f s after it" % took


def a_new_public_address_is_found_out(lab):
    _, mesh, (site, _) = direct_sites(lab, "linux", "linux")
    a, b = mesh.parties.values()
    site.renumber("198.18.1.99")
    took = b.reaches(a, 60)
    return "first answer %.2f s after it, direct after %.2f s" % (
        took, b.comes_to(a, "direct", 90))


def a_host_that_walks_to_another_network_is_reached(lab):
    internet, mesh, _ = direct_sites(lab, "linux", "linux")
    cafe = Router(internet, "cafe-nat", "linux", "198.18.4.1", lan="10.0.0")
    a, b = mesh.parties.values()
    cafe.adopt("party1")
    took = b.reaches(a, 60)
    return "first answer after %.2f s, direct after %.2f s" % (
        took, b.comes_to(a, "direct", 90))


def a_cable_may_be_pulled_for_a_while(lab):
    _, mesh, _ = direct_sites(lab, "linux", "linux")
    a, b = mesh.parties.values()
    lab.ip(a.namespace, "link set eth0 down")
    time.sleep(5)
    lab.ip(a.namespace, "link set eth0 up")
    lab.ip(a.namespace, "route replace default via 192.168.1.1")
    took = a.reaches(b, 60)
    return "first answer after %.2f s, direct after %.2f s" % (
        took, a.comes_to(b, "direct", 90))


def one_of_two_lighthouses_may_die(lab):
    internet = internet_with_lighthouse(lab)
    internet.host("lh2", "198.18.0.11")
    home(internet, "party1", ONE)
    home(internet, "party2", TWO, "linux-frandom")
    mesh = Mesh(lab, {"lh": LIGHTHOUSE, "lh2": "198.18.0.11"}, ["party1", "party2"])
    a, b = mesh.parties.values()
    first = a.reaches(b, 20)
    times = []
    for name in ("lh", "lh2"):
        mesh.lighthouses[name].crash()
        times.append(a.reaches(b, 60))
        mesh.lighthouses[name].tell("lighthouse")
        a.reaches(b, 60)
        time.sleep(5)                   # both sides register with it again
    return "first answer %.2f s, after the deaths %.1f and %.2f s" % (first, *times)


def connects(host, other, port):
    """Does a TCP connection over the mesh come about?"""
    return host.lab.run(host.namespace, sys.executable, "-c", CONNECT, other.overlay(),
                        port)[0] == 0


CONNECT = """
import socket, sys
socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)
"""

LISTEN = """
import socket, sys, time
servers = [socket.create_server(("0.0.0.0", int(port))) for port in sys.argv[1:]]
time.sleep(600)
"""


def nobody_comes_in_who_is_not_allowed(lab):
    """Echo requests and answers come in; flows only by rules, and while they stand."""
    internet = internet_with_lighthouse(lab)
    internet.host("party1", ONE)
    internet.host("party2", TWO)
    mesh = Mesh(lab, {"lh": LIGHTHOUSE}, ["party1", "party2"])
    a, b = mesh.parties.values()
    b.tell("unset", "allow-all")
    lab.spawn(b.namespace, sys.executable, "-c", LISTEN, 5000, 5001)
    lab.spawn(a.namespace, sys.executable, "-c", LISTEN, 5000)
    a.reaches(b, 20)
    for change, port, expected in ((None, 5000, False),
                                   (("allow", "party1", "tcp/5000"), 5000, True),
                                   (None, 5001, False),
                                   (("disallow", "party1", "tcp/5000"), 5000, False),
                                   (("allow", "anyone"), 5001, True)):
        if change:
            b.tell(*change)
        if connects(a, b, port) != expected:
            raise Failed("after %s, port %d is %s" % (
                change, port, "closed" if expected else "open"))
    b.tell("disallow", "anyone")
    if not connects(b, a, 5000):
        raise Failed("answers to an own flow do not come in")


def ping_names_the_path_and_tells_when_it_changes(lab):
    internet = internet_with_lighthouse(lab)
    home(internet, "party1", ONE)
    home(internet, "party2", TWO)
    internet.cut(ONE, TWO)
    mesh = Mesh(lab, {"lh": LIGHTHOUSE}, ["party1", "party2"])
    a, b = mesh.parties.values()
    a.reaches(b, 20)
    out = lab.dir / "ping.out"
    with open(out, "w") as file:
        child = lab.spawn(a.namespace, *OWN_RUN, MPYNET, "--state", a.state, "ping",
                          "party2", "--interval", "0.2", "--count", 300, stdout=file)
    if wait_until(lambda: "relay lh" in out.read_text(), 20) is None:
        raise Failed("no answer by the relay: %s" % out.read_text())
    internet.heal(ONE, TWO)
    took = wait_until(lambda: "direct " + TWO in out.read_text(), 60)
    child.terminate()
    if took is None:
        raise Failed("no answer by a direct path: %s" % out.read_text()[-500:])
    return "direct %.2f s after it was possible" % took


def down_leaves_nothing_behind(lab):
    _, mesh, _ = two_sites(lab, "linux", "linux")
    a, b = mesh.parties.values()
    a.reaches(b, 20)
    a.tell("down")
    left = lab.ip(a.namespace, "-o link") + lab.ip(a.namespace, "route")
    if "mpy" in left or "10.87." in left:
        raise Failed("left behind: %s" % left)
    status, _, said = a.run("status")
    if status != 3:
        raise Failed("status of a daemon that is down ends with %d: %s" % (status, said))
    a.tell("up")
    return "first answer %.2f s after up" % a.reaches(b, 30)


def a_host_joins_with_a_request_and_keeps_its_key(lab):
    """The authority never sees the key, and the host needs no network to ask."""
    internet, mesh, _ = two_sites(lab, None, None)
    home(internet, "party3", "198.18.3.1")
    host, authority = Host(lab, "party3"), mesh.authority
    (host.state / "study.ca").write_text(authority.tell("ca", "export", "--ca"))
    request = host.state / "party3.req"
    request.write_text(host.tell("request", "party3", "--ca", "study.ca"))
    authority.tell("sign", "party3", "--request", request, "--yes")
    bundle = mesh.bundle("party3")
    if "KEY" in bundle.read_text():
        raise Failed("the bundle of a request has a key in it")
    host.tell("join", bundle)
    host.tell("up", "--allow-all")
    return "first answer %.2f s after up" % host.reaches(mesh.parties["party1"], 30)


SCENARIOS = (
    public_hosts_are_direct,
    homes_are_direct,
    open_routers_reach_each_other,
    a_symmetric_nat_reaches_a_public_host_directly,
    a_symmetric_nat_reaches_a_full_cone_directly,
    a_symmetric_nat_reaches_an_address_cone_directly,
    a_symmetric_nat_reaches_a_home_after_a_search,
    two_symmetric_nats_use_the_relay,
    two_symmetric_nats_with_ipv6_are_direct,
    a_carrier_nat_in_front_of_a_home_is_crossed,
    two_hosts_of_one_home_stay_in_it,
    a_site_without_udp_and_tcp_says_so,
    ten_parties_of_many_kinds_reach_each_other,
    a_path_becomes_direct_when_it_can,
    a_direct_path_that_dies_is_relayed,
    a_dead_lighthouse_disturbs_nobody,
    a_restarted_lighthouse_introduces_again,
    a_restarted_node_needs_no_lighthouse,
    a_crashed_node_is_reached_again,
    a_rebooted_nat_is_crossed_again,
    a_flushed_nat_with_new_ports_is_crossed_again,
    a_new_public_address_is_found_out,
    a_host_that_walks_to_another_network_is_reached,
    a_cable_may_be_pulled_for_a_while,
    one_of_two_lighthouses_may_die,
    nobody_comes_in_who_is_not_allowed,
    ping_names_the_path_and_tells_when_it_changes,
    down_leaves_nothing_behind,
    a_host_joins_with_a_request_and_keeps_its_key,
)
