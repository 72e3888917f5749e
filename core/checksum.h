/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * checksum.h - the Internet checksum (RFC 1071), as IP, TCP, UDP and ICMP use it.
 *
 * Every inner packet that the kernel left unfinished, and every one that is put together with
 * others, is added up byte by byte, so this is written for speed: sixteen bytes at a time, in the
 * machine's own byte order, which a one's complement sum does not mind.
 */
#ifndef CORE_CHECKSUM_H
#define CORE_CHECKSUM_H

#include "core/base.h"

/* What inet_sum takes at most. */
#define INET_SUM_MAX (1 << 18)

/* The one's complement sum of at most INET_SUM_MAX bytes, folded; an odd last one counts high. */
uint16_t inet_sum(const uint8_t *p, size_t len);

/* Folds a sum of such sums. */
uint16_t inet_fold(uint64_t sum);

/* The checksum of `len` bytes added to the sum `start`: the complement. */
uint16_t inet_checksum(const uint8_t *p, size_t len, uint64_t start);

/*
 * The sum of the pseudo header that TCP, UDP and ICMPv6 are checked with, for `len` bytes of
 * `protocol` below the IPv4 or IPv6 header at `p` (RFC 9293 3.1, RFC 8200 8.1).
 */
uint32_t inet_pseudo_sum(const uint8_t *p, uint8_t protocol, size_t len);

/* Fills in the checksum of the IPv4 header of `header` bytes at `p`. */
void inet_set_header_checksum(uint8_t *p, size_t header);

#endif
