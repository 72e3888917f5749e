# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers that map ports: Debian's miniupnpd in a router's namespace.

It refuses to map at an outer address that is reserved, as those of our Internet
are: a site with such a router has one of MAPPABLE.
"""

import re

from lab import Failed, sh, wait_until

MAPPABLE = "11.18.1.%d"

CONFIG = """
ext_ifname=eth0
listening_ip=lan
http_port=5000
enable_natpmp=%(pcp)s
enable_upnp=%(upnp)s
min_lifetime=%(shortest)d
max_lifetime=%(longest)d
secure_mode=yes
notify_interval=900
clean_ruleset_interval=2
upnp_table_name=miniupnpd
upnp_nat_table_name=miniupnpd
upnp_forward_chain=asked
upnp_nat_chain=translated
upnp_nat_postrouting_chain=returned
lease_file=%(leases)s
uuid=4a6ae1de-0000-4000-8000-000000000001
allow 1024-65535 192.168.0.0/16 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
"""


class Mapper:
    """miniupnpd on a router, speaking UPnP, or NAT-PMP and PCP, or all."""

    def __init__(self, router, upnp=True, pcp=True, longest=86400):
        self.lab, self.router = router.lab, router
        self.full = self.lab.full(router.name)
        self.config = self.lab.dir / (router.name + ".miniupnpd")
        self.config.write_text(CONFIG % {
            "upnp": "yes" if upnp else "no", "pcp": "yes" if pcp else "no",
            "shortest": min(120, longest - 1), "longest": longest,
            "leases": self.lab.dir / (router.name + ".leases")})
        self.start()

    def start(self):
        with open(self.lab.dir / (self.router.name + "-miniupnpd.log"), "a") as log:
            self.child = self.lab.spawn(self.router.name, "miniupnpd", "-d", "-f", self.config,
                                        "-P", self.config.with_suffix(".pid"),
                                        stdout=log, stderr=log)
        if wait_until(self._listens, 10) is None:
            raise Failed("miniupnpd does not start on %s" % self.router.name)

    def _listens(self):
        sockets = sh("ip", "netns", "exec", self.full, "ss", "-Hlun")
        return ":5351" in sockets or ":1900" in sockets

    def stop(self):
        """As when a router is switched off: what it mapped is gone."""
        self.child.terminate()
        self.child.wait()
        for chain in ("asked", "translated", "returned"):
            sh("ip", "netns", "exec", self.full, "nft", "flush", "chain", "inet",
               "miniupnpd", chain)

    def leases(self):
        """What is mapped, by the kernel's word: (outer port, address, inner port)."""
        rules = sh("ip", "netns", "exec", self.full, "nft", "list", "chain", "inet",
                   "miniupnpd", "translated")
        return [(int(outer), host, int(inner)) for outer, host, inner in re.findall(
            r"dport (\d+) .*dnat ip to ([\d.]+):(\d+)", rules)]
