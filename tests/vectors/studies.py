# SPDX-License-Identifier: GPL-3.0-or-later
"""Studies: lists of parties, which nobody signs."""

import ipaddress
import struct

STUDY, NONE = 7, 0
PARTIES = 0x28


def party(name, key, address, port):
    """u8 n, name, key, u8 family, address, u16 port."""
    ip = ipaddress.ip_address(address)
    return bytes([len(name)]) + name.encode() + key + bytes([ip.version]) + ip.packed + \
        struct.pack("<H", port)
