# SPDX-License-Identifier: GPL-3.0-or-later
"""What `mpynet netcheck` says of real NATs, with one lighthouse and with two."""

import json
import time

from internet import Internet, home, home_behind_carrier
from lab import Failed, wait_until
from mesh import Host, Mesh

LIGHTHOUSES = {"lh1": "198.18.0.10", "lh2": "198.18.0.20"}
SITE = "198.18.1.1"

ENDPOINT = "endpoint-independent"
ADDRESS = "address-dependent"
PORT = "address- and port-dependent"


def measured(lab, place, lighthouses=2):
    """What a party at `place` finds, a function that builds it on an Internet."""
    internet = Internet(lab)
    used = dict(list(LIGHTHOUSES.items())[:lighthouses])
    for name, address in used.items():
        internet.host(name, address)
    place(internet)
    mesh = Mesh(lab, used, ["party1"])
    _, out, _ = mesh.parties["party1"].run("--json", "netcheck")   # ends with 1 without UDP
    return json.loads(out)


def behind(kind):
    return lambda internet: home(internet, "party1", SITE, kind)


def expect(found, **expected):
    """Compares some members of the body; None: it is not there."""
    wrong = ["%s is %r, not %r" % (key, found.get(key), value)
             for key, value in expected.items() if found.get(key) != value]
    if found.get("running"):
        wrong.append("it still measures")
    if wrong:
        raise Failed("; ".join(wrong) + ": %r" % found)
    return found["means"]


def a_public_host_has_no_nat(lab):
    found = measured(lab, lambda internet: internet.host("party1", SITE))
    return expect(found, udp=True, mapping="none", filtering=ENDPOINT, ports="preserved",
                  public=[SITE + ":7717"], hops=None)


def masquerading_is_endpoint_independent(lab):
    found = measured(lab, behind("linux"))
    return expect(found, udp=True, mapping=ENDPOINT, filtering=PORT, ports="preserved",
                  public=[SITE + ":7717"], hops=2, hairpin=False, pooled=False)


def one_lighthouse_is_enough_for_that(lab):
    found = measured(lab, behind("linux"), lighthouses=1)
    expect(found, mapping=ENDPOINT, filtering=PORT, ports="preserved", hops=2)
    return found["doubt"]


def masquerading_at_random_is_symmetric(lab):
    return expect(measured(lab, behind("linux-frandom")), udp=True, mapping=PORT, filtering=PORT,
                  ports="random", hops=None, hairpin=None)


def ports_in_a_row_are_seen(lab):
    return expect(measured(lab, behind("sym-seq")), udp=True, mapping=PORT, filtering=PORT,
                  ports="sequential, by 1")


def a_full_cone_lets_in_anybody(lab):
    return expect(measured(lab, behind("fullcone")), mapping=ENDPOINT, filtering=ENDPOINT,
                  ports="preserved", hops=None)


def an_address_cone_lets_in_by_address(lab):
    return expect(measured(lab, behind("acone")), mapping=ENDPOINT, filtering=ADDRESS,
                  ports="preserved", hops=2)


def a_carrier_adds_a_hop(lab):
    found = measured(lab, lambda internet: home_behind_carrier(internet, "party1", SITE))
    return expect(found, mapping=ENDPOINT, filtering=PORT, hops=3)


def a_site_without_udp_says_so_too(lab):
    return expect(measured(lab, behind("udp-block")), udp=False, mapping=None, public=[])


def another_gateway_is_another_network(lab):
    """The same address, and the same gateway's address: only its Ethernet address differs."""
    found = measured(lab, behind("linux"))
    party = Host(lab, "party1")
    _, route, _ = lab.run("party1", "ip", "-4", "route", "show", "default")
    gateway, device = route.split()[2], route.split()[4]
    _, link, _ = lab.run("party1-nat", "ip", "-o", "-4", "address", "show", "to", gateway)
    time.sleep(5)
    age = party.json("netcheck")["measured_s"]
    if age < found["measured_s"] + 4:
        raise Failed("it was measured again without a reason, %d s ago" % age)
    lab.run("party1-nat", "ip", "link", "set", "dev", link.split()[1], "address",
            "02:00:00:00:00:77")
    lab.run("party1", "ip", "neigh", "flush", "dev", device)
    took = wait_until(lambda: party.json("netcheck")["measured_s"] < age, 30, every=0.5)
    if took is None:
        raise Failed("it was not measured again")
    return "measured again after %.1f s" % took


SCENARIOS = [
    a_public_host_has_no_nat, masquerading_is_endpoint_independent,
    one_lighthouse_is_enough_for_that, masquerading_at_random_is_symmetric,
    ports_in_a_row_are_seen, a_full_cone_lets_in_anybody, an_address_cone_lets_in_by_address,
    a_carrier_adds_a_hop, a_site_without_udp_says_so_too,
    another_gateway_is_another_network,
]
