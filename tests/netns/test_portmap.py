# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers that map ports, and routers that lie about it."""

import socket
import struct
import threading
import time

from internet import Internet, home
from lab import Failed, wait_until
from mesh import Mesh
from portmap import MAPPABLE, Mapper

LIGHTHOUSE = "198.18.0.10"
OURS, THEIRS = MAPPABLE % 1, "198.18.1.2"
LEASE = (7717, "192.168.1.10", 7717)


class Town:
    """party1 behind a symmetric router that maps ports, party2 behind one that does not."""

    def __init__(self, lab, party2="linux-frandom", real=True, **mapper):
        self.internet = Internet(lab)
        self.internet.host("lh", LIGHTHOUSE)
        self.router = home(self.internet, "party1", OURS, "upnp")
        home(self.internet, "party2", THEIRS, party2)
        self.mapper = Mapper(self.router, **mapper) if real else None

    def begin(self, lab):
        self.mesh = Mesh(lab, {"lh": LIGHTHOUSE}, ["party1", "party2"])
        self.one, self.two = self.mesh.parties.values()

    def mapped(self, lease=LEASE, seconds=20):
        if wait_until(lambda: self.mapper.leases() == [lease], seconds) is None:
            raise Failed("mapped: %s; status: %s" % (self.mapper.leases(),
                                                     self.one.run("status")[1]))

    def says(self, method):
        held = self.one.json("status")["mappings"]
        if [row["method"] for row in held] != [method] or held[0]["double_nat"]:
            raise Failed("status says %s, not %s" % (held, method))

    def gone(self, seconds=20):
        if wait_until(lambda: not self.mapper.leases(), seconds) is None:
            raise Failed("still mapped: %s" % self.mapper.leases())


def symmetric_pair_is_direct(lab, method, **mapper):
    """By the mapping, which is there at the beginning and gone at the end."""
    town = Town(lab, **mapper)
    town.begin(lab)
    town.mapped()
    town.says(method)
    town.one.reaches(town.two, 20)
    took = town.one.comes_to(town.two, "direct", 30)
    if town.internet.between(OURS, THEIRS) == 0:
        raise Failed("nothing went between the two routers")
    town.one.tell("down")
    town.gone()
    return "direct after %.1f s" % took


def a_port_mapped_by_pcp_makes_a_symmetric_pair_direct(lab):
    return symmetric_pair_is_direct(lab, "PCP", upnp=False)


def a_port_mapped_by_upnp_makes_a_symmetric_pair_direct(lab):
    return symmetric_pair_is_direct(lab, "UPnP", pcp=False)


def a_router_that_speaks_everything_is_asked_for_one_mapping(lab):
    return symmetric_pair_is_direct(lab, "PCP")


def without_a_mapping_such_a_pair_stays_relayed(lab):
    town = Town(lab)
    town.begin(lab)
    town.mapped()
    town.one.tell("set", "port-mapping", "no")
    town.gone()
    town.one.reaches(town.two, 20)
    time.sleep(3)
    if town.one.path(town.two) != "relay":
        raise Failed("it is %s" % town.one.path(town.two))
    town.one.tell("set", "port-mapping", "yes")
    town.mapped()
    town.one.comes_to(town.two, "direct", 60)


def a_lease_is_renewed_before_it_ends(lab):
    town = Town(lab, upnp=False, longest=10)
    town.begin(lab)
    town.mapped()
    until = time.monotonic() + 16
    while time.monotonic() < until:
        if town.mapper.leases() != [LEASE]:
            raise Failed("the lease was lost: %s" % town.mapper.leases())
        time.sleep(0.5)


def a_node_that_was_killed_gets_its_port_back(lab):
    town = Town(lab, upnp=False)
    town.begin(lab)
    town.mapped()
    town.one.crash()
    if town.mapper.leases() != [LEASE]:
        raise Failed("mapped: %s" % town.mapper.leases())
    town.one.tell("up")
    if wait_until(lambda: town.one.json("status")["mappings"], 10) is None:
        raise Failed("the router does not know who it is")
    town.says("PCP")
    town.one.tell("down")
    town.gone()


def a_router_that_was_restarted_is_asked_again(lab):
    town = Town(lab, upnp=False)
    town.begin(lab)
    town.mapped()
    town.mapper.stop()
    if town.mapper.leases():
        raise Failed("the router remembers")
    town.mapper.start()
    town.mapped(seconds=20)     # it announces itself; within five seconds it is asked


# Liars

def pcp(request, **other):
    """A grant for what was asked, but for what is told otherwise."""
    a = {"nonce": request[24:36], "result": 0, "lifetime": 7200, "port": 7717,
         "external": bytes([11, 18, 1, 1])} | other
    return (bytes([2, 0x81, 0, a["result"]]) + struct.pack(">II", a["lifetime"], 1) + bytes(12) +
            a["nonce"] + bytes([17, 0, 0, 0]) + request[40:42] + struct.pack(">H", a["port"]) +
            bytes(10) + b"\xff\xff" + a["external"])


PCP_LIES = (
    lambda r: pcp(r, nonce=bytes(12)),
    lambda r: pcp(r)[:59],
    lambda r: pcp(r) + bytes(1400),
    lambda r: pcp(r)[:40] + b"\xff\xff" + pcp(r)[42:],
    lambda r: b"\x02",
    lambda r: bytes([0, 0x81, 0, 1, 0, 0, 0, 1]),
)

XML = b'<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0">%s</root>'
SERVICE = (b"<device><serviceList><service><serviceType>urn:schemas-upnp-org:service:"
           b"WANIPConnection:1</serviceType><controlURL>%s</controlURL></service></serviceList>"
           b"</device>")


def http(body, status=b"200 OK", more=b""):
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, more, len(body), body)


ELSEWHERE = b"http://%s:5000/desc.xml" % LIGHTHOUSE.encode()
WEB_LIES = {
    b"/huge": lambda: http(XML % (b"<a>" * 40000)),
    b"/redirect": lambda: http(b"", b"302 Found", b"Location: %s\r\n" % ELSEWHERE),
    b"/control": lambda: http(XML % (SERVICE % ELSEWHERE)),
    b"/nothing": lambda: b"",
    b"/noise": lambda: bytes(range(256)) * 64,
    b"/chunks": lambda: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
    # The last, since it takes all the time that there is.
    b"/endless": lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"<a>" * 10,
}


class Liar:
    """A router that answers everything, and nothing truthfully."""

    def __init__(self, lab, name):
        self.asked = {"pcp": 0, "ssdp": 0, "web": set()}
        self.udp = lab.udp(name, port=5351)
        self.ssdp = lab.udp(name, port=1900)
        with lab.inside(name):
            self.ssdp.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                                 socket.inet_aton("239.255.255.250")
                                 + socket.inet_aton("192.168.1.1"))
            self.web = socket.create_server(("192.168.1.1", 5000))
        with lab.inside("lh"):
            self.elsewhere = socket.create_server((LIGHTHOUSE, 5000))
        self.elsewhere.settimeout(0)
        for serve in (self.lie_by_pcp, self.lie_by_ssdp, self.lie_by_web):
            threading.Thread(target=serve, daemon=True).start()

    def lie_by_pcp(self):
        while True:
            request, client = self.udp.recvfrom(2000)
            self.asked["pcp"] += 1
            if len(request) != 60:      # NAT-PMP: no address, and somebody else's port
                self.udp.sendto(bytes([0, 128, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]), client)
                self.udp.sendto(bytes([0, 129, 0, 0, 0, 0, 0, 1, 0, 9, 0, 9, 0, 0, 28, 32]),
                                client)
                continue
            for lie in PCP_LIES:
                self.udp.sendto(lie(request), client)

    def lie_by_ssdp(self):
        while True:
            _, client = self.ssdp.recvfrom(2000)
            self.asked["ssdp"] += 1
            for location in (ELSEWHERE, *(b"http://192.168.1.1:5000" + p for p in WEB_LIES)):
                self.ssdp.sendto(b"HTTP/1.1 200 OK\r\nST: x\r\nLOCATION: %s\r\n\r\n" % location,
                                 client)

    def lie_by_web(self):
        while True:
            client, _ = self.web.accept()
            path = client.recv(4096).split(b" ")[1]
            self.asked["web"].add(path)
            try:
                client.sendall(WEB_LIES[path]())
                if path != b"/endless":
                    client.close()
            except OSError:
                pass
            self.open = client          # one that stays open is dropped by the next


def nobody_believes_a_router_that_lies(lab):
    town = Town(lab, real=False)
    liar = Liar(lab, town.router.name)
    town.begin(lab)
    town.one.reaches(town.two, 20)
    if wait_until(lambda: liar.asked["pcp"] > 1 and liar.asked["ssdp"]
                  and len(liar.asked["web"]) == len(WEB_LIES), 20) is None:
        raise Failed("asked: %s" % liar.asked)
    time.sleep(3)               # longer than all of it may take
    status = town.one.json("status")
    if status["mappings"]:
        raise Failed("believed: %s" % status["mappings"])
    try:
        liar.elsewhere.accept()
    except BlockingIOError:
        pass
    else:
        raise Failed("it was led to another host")
    town.one.reaches(town.two, 5)
    return "asked %s" % liar.asked


SCENARIOS = (
    a_port_mapped_by_pcp_makes_a_symmetric_pair_direct,
    a_port_mapped_by_upnp_makes_a_symmetric_pair_direct,
    a_router_that_speaks_everything_is_asked_for_one_mapping,
    without_a_mapping_such_a_pair_stays_relayed,
    a_lease_is_renewed_before_it_ends,
    a_node_that_was_killed_gets_its_port_back,
    a_router_that_was_restarted_is_asked_again,
    nobody_believes_a_router_that_lies,
)
