/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mss.h - TCP is told what fits the tunnel before it sends too much (RFC 9293 3.7.1, RFC 6691).
 *
 * Hosts behind a router know nothing of the tunnel's MTU, and the ICMP that would tell them is
 * often filtered. But each side of a TCP connection says in its SYN how large a segment it takes,
 * and who passes it on may make that less.
 */
#ifndef CORE_MSS_H
#define CORE_MSS_H

#include "core/icmp.h"

/*
 * If the packet at `p`, which `in` describes, is a SYN or SYN-ACK that offers segments which would
 * not fit packets of `mtu` bytes, it offers such as do; the checksum is kept (RFC 1624). Returns
 * whether it was changed. A SYN that offers none is left alone: the default fits any path.
 */
bool mss_clamp(uint8_t *p, const struct inner *in, uint32_t mtu);

#endif
