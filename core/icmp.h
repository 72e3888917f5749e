/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * icmp.h - inner IP packets, as far as the mesh has to understand them, and the ICMP messages
 * that it says itself (RFC 791, 792, 1191, 4443, 8200).
 */
#ifndef CORE_ICMP_H
#define CORE_ICMP_H

#include "core/addr.h"
#include "core/base.h"

enum {
	IPPROTO_OF_ICMP = 1,
	IPPROTO_OF_TCP = 6,
	IPPROTO_OF_UDP = 17,
	IPPROTO_OF_ICMP6 = 58,
};

/* What kind of ICMP message an inner packet is, the same words for both families. */
enum icmp_kind {
	ICMP_NONE, /* not ICMP */
	ICMP_ECHO,
	ICMP_ECHO_REPLY,
	ICMP_ERROR, /* quotes a packet */
	ICMP_OTHER,
};

/* The fields of an inner packet that decide where it may go. */
struct inner {
	struct ip src;
	struct ip dst;
	uint32_t len;	  /* of the IP packet; what follows is padding */
	uint32_t body;	  /* offset of the transport header */
	uint8_t protocol; /* of the transport header, IPv6 extension headers skipped */
	bool fragment;	  /* not the first: there are no ports */
	bool dont_fragment; /* IPv4 DF, or IPv6 */
	enum icmp_kind icmp;
	uint16_t sport;	  /* TCP, UDP; ICMP echo: the identifier, in both */
	uint16_t dport;
	uint16_t seq;	  /* ICMP echo */
};

/*
 * Reads the headers of the `len` bytes at `p`. 0; ERR_SHORT when the packet is longer than the
 * bytes or a header is cut; ERR_FORMAT for what is no IP packet.
 */
int inner_parse(struct inner *ret, const uint8_t *p, size_t len) must_check;

/*
 * The packet that an ICMP error quotes, as far as its first bytes tell (its length is not
 * checked). ERR_SHORT or ERR_FORMAT when it quotes too little.
 */
int inner_parse_quoted(struct inner *ret, const uint8_t *p, const struct inner *error) must_check;

/* Turns an echo request into its reply, in place. `in` describes it. */
void icmp_echo_turn(uint8_t *p, const struct inner *in);

/* The largest echo payload that icmp_echo_make takes. */
#define ICMP_ECHO_PAYLOAD_MAX 1372
#define ICMP_ECHO_OVERHEAD    48 /* IPv6 and ICMP headers, the larger ones */

/*
 * An echo request from `src` to `dst` (of one family) with `payload_len` bytes of payload 0, 1, 2..
 * Writes at most ICMP_ECHO_OVERHEAD + payload_len bytes and returns how many.
 */
size_t icmp_echo_make(uint8_t *to, struct ip src, struct ip dst, uint16_t id, uint16_t seq,
    size_t payload_len);

/* The largest ICMP error that we make: an IPv6 packet of 1280 bytes (RFC 4443 2.4 c). */
#define ICMP_ERROR_MAX 1280

/*
 * "Fragmentation needed" or "packet too big" for the packet `p` described by `in`, from its
 * destination to its source, naming `mtu`. Writes at most ICMP_ERROR_MAX bytes, returns how many;
 * 0 when the packet must not be answered (it is an ICMP error itself, or a later fragment).
 */
size_t icmp_too_big_make(uint8_t *to, const uint8_t *p, const struct inner *in, uint32_t mtu);

/* Host or address unreachable, likewise. */
size_t icmp_unreachable_make(uint8_t *to, const uint8_t *p, const struct inner *in);

#endif
