/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * offload.h - many packets of one flow as one, and one as many.
 *
 * A kernel that knows that somebody else will cut its packets sends up to 64 KB of a TCP stream, or
 * many UDP datagrams of one length, below one header (TSO, USO); and it takes as much at once (GRO).
 * That is one way through its stack, and one system call, instead of forty. But what goes through
 * the mesh are packets: a super-packet from the device is cut here, and packets for the device are
 * put together here. The rules are those of the kernel itself, so that a super-packet cut by
 * whoever forwards it gives the packets back that it was made of.
 *
 * A checksum is `partial` while its field holds the folded sum of the pseudo header only, not
 * complemented: who sends the packet on adds the rest. A kernel leaves it so to the device, and
 * takes it so.
 */
#ifndef CORE_OFFLOAD_H
#define CORE_OFFLOAD_H

#include "core/base.h"
#include "core/outbox.h"

/* The largest super-packet, with its headers. */
#define OFFLOAD_MAX 65535
/* Packets in a super-packet that we make; kernels take no more UDP datagrams at once. */
#define OFFLOAD_PACKETS_MAX 64

/* Where the checksums of TCP and UDP are, from the beginning of their headers. */
enum {
	OFFLOAD_TCP_CHECKSUM = 16,
	OFFLOAD_UDP_CHECKSUM = 6,
};

/*
 * Completes the partial checksum at `start` + `at` of a packet, which covers its bytes from `start`
 * to `len`. ERR_SHORT when the field is not within.
 */
int offload_complete(uint8_t *p, size_t len, size_t start, size_t at) must_check;

/* A super-packet on its way through the knife. */
struct segmenter {
	const uint8_t *p;
	uint32_t len;
	uint32_t body;	  /* offset of the TCP or UDP header */
	uint32_t header;  /* bytes of all headers, which every packet gets */
	uint32_t size;	  /* payload of every packet but the last */
	uint32_t at;	  /* of the payload that comes next */
	uint16_t pseudo;  /* sum of the pseudo header without the length */
	bool tcp;
};

/*
 * Begins to cut the super-packet of `len` bytes at `p`, whose checksum is partial, into packets of
 * `size` bytes of payload with whole checksums. `p` must stay until the last. ERR_FORMAT, or
 * ERR_SHORT, for what is no TCP or UDP of that length; ERR_FULL when the packets would be longer than
 * PACKET_MAX.
 */
int segmenter_begin(struct segmenter *s, const uint8_t *p, size_t len, size_t size) must_check;

/* Writes the next packet, of at most PACKET_MAX bytes, and returns its length; 0 after the last. */
size_t segmenter_next(struct segmenter *s, uint8_t *to);

/* Packets of one flow that will be one. */
struct coalescer {
	uint8_t *p;	  /* the first packet; it lends its headers */
	uint32_t len;	  /* of the headers and all payload */
	uint32_t body;	  /* offset of the TCP or UDP header */
	uint32_t header;  /* bytes of all headers */
	uint32_t size;	  /* payload of every packet but the last */
	uint32_t count;	  /* packets */
	uint32_t seq;	  /* TCP: of what comes next */
	bool tcp;
	bool pushed;	  /* the last has PSH */
	bool closed;	  /* nothing may follow */
};

/*
 * Begins with the packet of `len` bytes at `p`, which is valid until the end. ERR_FORMAT when none
 * can follow it: it is no TCP or UDP, has no payload or is a fragment.
 */
int coalescer_begin(struct coalescer *c, uint8_t *p, size_t len) must_check;

/*
 * Takes the packet at `p` if it follows what is there: then its payload, from c->header on, does.
 * Checksums are verified, those of the first packet too: from here on nobody would notice what is
 * wrong.
 */
bool coalescer_take(struct coalescer *c, const uint8_t *p, size_t len);

/* Is this a packet of the same flow, whether it may be taken or not? */
bool coalescer_same_flow(const struct coalescer *c, const uint8_t *p, size_t len);

/*
 * No more come. When there is more than one, the headers of the first become those of all, with a
 * partial checksum.
 */
void coalescer_end(struct coalescer *c);

#endif
