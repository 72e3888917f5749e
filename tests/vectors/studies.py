# SPDX-License-Identifier: GPL-3.0-or-later
"""Studies: lists of parties, which nobody signs, and the frames that carry them."""

import ipaddress
import struct

STUDY, NONE = 7, 0
PARTIES = 0x28
MAX = 7460

SAYS, REQ, PART = 0x50, 0x51, 0x52


def party(name, key, address, port):
    """u8 n, name, key, u8 family, address, u16 port."""
    ip = ipaddress.ip_address(address)
    return bytes([len(name)]) + name.encode() + key + bytes([ip.version]) + ip.packed + \
        struct.pack("<H", port)


def says(hash_, stance, yours, flags, size):
    return struct.pack("<32sBBBH", hash_, stance, yours, flags, size)


def req(hash_, offset):
    return struct.pack("<32sH", hash_, offset)


def part(hash_, size, offset, data):
    return struct.pack("<32sHH", hash_, size, offset) + data
