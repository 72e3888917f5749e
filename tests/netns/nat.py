# SPDX-License-Identifier: GPL-3.0-or-later
"""NATs by nftables, each one behaviour of RFC 4787.

KINDS maps a name to a function from the router's outer address to its rules.
The inner device is "lan", the outer one "eth0". What a kind does to mapping and
filtering is proved from outside by nats_are_what_they_are_called in scenarios.py.
"""

# A home router: nothing comes in that was not asked for.
CLOSED = """
table ip filter {
	chain input {
		type filter hook input priority 0; policy drop
		iifname { lo, lan } accept
		ct state established,related accept
	}
	chain forward {
		type filter hook forward priority 0; policy drop
		iifname lan accept
		ct state established,related accept
	}
}
"""

# The same, but for what a dynamic map has translated.
CLOSED_BUT_TRANSLATED = CLOSED.replace(
    "\t\tiifname lan accept\n", "\t\tiifname lan accept\n\t\tct status dnat accept\n")


def masquerade(how=""):
    return """
table ip nat {
	chain postrouting {
		type nat hook postrouting priority 100
		oifname eth0 masquerade %s
	}
}
""" % how


def linux(_address):
    """Endpoint-independent mapping, port kept; address-and-port-dependent filter."""
    return CLOSED + masquerade()


def linux_open(_address):
    """No input policy: a stranger's packet that comes first takes the tuple, and
    the flow of the host behind then gets another port."""
    return masquerade()


def fully_random(_address):
    """Symmetric: every destination sees another, random port."""
    return CLOSED + masquerade("fully-random")


SEQUENCE = 2000


def sequential(address):
    """Symmetric: every destination sees the next port."""
    ports = ", ".join("%d : %s . %d" % (i, address, 20000 + i) for i in range(SEQUENCE))
    return CLOSED + """
table ip nat {
	chain postrouting {
		type nat hook postrouting priority 100
		oifname eth0 meta l4proto udp snat ip to numgen inc mod %d map { %s }
		oifname eth0 masquerade
	}
}
""" % (SEQUENCE, ports)


def cone(wanted, remember):
    """Port kept, and a map from port to host that lets in what `wanted` says.
    Exact while no two hosts behind it use one source port."""
    return CLOSED_BUT_TRANSLATED + """
table ip nat {
	map hosts {
		typeof udp sport : ip saddr . udp sport
		size 4096
		flags dynamic, timeout
		timeout 120s
	}
	set known {
		typeof ip saddr . udp dport
		size 4096
		flags dynamic, timeout
		timeout 120s
	}
	chain remember {
		type filter hook postrouting priority 90
		oifname eth0 meta l4proto udp update @hosts { udp sport : ip saddr . udp sport }
		%s
	}
	chain postrouting {
		type nat hook postrouting priority 100
		oifname eth0 masquerade
	}
	chain prerouting {
		type nat hook prerouting priority -100
		iifname eth0 meta l4proto udp %s dnat ip to udp dport map @hosts
	}
}
""" % (remember, wanted)


def full_cone(_address):
    """Endpoint-independent mapping and filtering."""
    return cone("", "")


def address_cone(_address):
    """Endpoint-independent mapping, address-dependent filtering."""
    return cone("ip saddr . udp dport @known",
                "oifname eth0 meta l4proto udp update @known { ip daddr . udp sport }")


def udp_blocked(_address):
    """A guest network: everything but UDP."""
    return """
table ip guests {
	chain forward {
		type filter hook forward priority -1
		meta l4proto udp drop
	}
}
""" + linux(_address)


# Where miniupnpd writes what it was asked for; see portmap.py.
MAPPED = """
table inet miniupnpd {
	chain forward {
		type filter hook forward priority 0
		jump asked
	}
	chain asked {
	}
	chain prerouting {
		type nat hook prerouting priority -100
		iifname eth0 jump translated
	}
	chain translated {
	}
	chain postrouting {
		type nat hook postrouting priority 99
		oifname eth0 jump returned
	}
	chain returned {
	}
}
"""


def mapping(_address):
    """Symmetric, but its router maps ports when it is asked to."""
    return CLOSED_BUT_TRANSLATED + MAPPED + masquerade("fully-random")


# IPv6 has no NAT, but a home router lets in only what was asked for.
FIREWALL6 = """
table ip6 filter {
	chain forward {
		type filter hook forward priority 0; policy drop
		iifname lan accept
		ct state established,related accept
	}
}
"""

KINDS = {
    "linux": linux,
    "linux-open": linux_open,
    "linux-frandom": fully_random,
    "sym-seq": sequential,
    "fullcone": full_cone,
    "acone": address_cone,
    "udp-block": udp_blocked,
    "upnp": mapping,
    "pcp": mapping,
}
