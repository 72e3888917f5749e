/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch.h - what must be true after every event, whatever the story.
 *
 *  - A key and a counter seal one message, ever. Seen from outside: what one sender says with one
 *    receiver index and one counter is always the same bytes (a copy on a second path is).
 *  - A packet for the TUN is one that was handed to the mesh, comes out at most once, at the host
 *    that it was addressed to, from the host whose address it bears.
 *
 * Where datagrams go is looked at by guard.h.
 *
 * Packets in the tunnel are parcels: UDP packets that carry a number, so that each is known again.
 */
#ifndef TESTS_SIM_WATCH_H
#define TESTS_SIM_WATCH_H

#include "core/addr.h"
#include "tests/sim/world.h"

struct flow;

#define PARCEL_NONE UINT32_MAX

/* The smallest parcel: an IP and a UDP header and its number, in either family. */
#define PARCEL_SIZE_MIN 64
#define PARCEL_SIZE_MAX 1420

struct parcel {
	uint32_t from; /* numbers of boxes */
	uint32_t to;
	uint32_t answers; /* the parcel that this one answers, or PARCEL_NONE */
	bool forged;      /* bears the address of somebody else: must never come out */
	bool delivered;
	bool direct; /* it came from its sender's own station */
	usec_t sent;
	struct flow *owner; /* NULL: nobody asks */
};

/* One sealed message: the hash of what names it, and of all of it. */
struct sealed {
	uint64_t name; /* 0: free */
	uint64_t bytes;
};

struct watch {
	struct world *w;
	struct sealed *sealed; /* open addressing; a power of two */
	size_t sealed_count;
	size_t sealed_room;
	struct parcel *parcels;
	uint32_t parcel_count;
	uint32_t parcel_room;
};

void watch_init(struct watch *t, struct world *w);
void watch_free(struct watch *t);

/* A box says `len` bytes, by whatever way. */
void watch_said(struct watch *t, uint32_t from, const uint8_t *p, size_t len);

/*
 * Writes a new parcel of `size` bytes between two inner addresses of one family and returns its
 * number. `from` and `to` are the boxes that are meant to have them.
 */
uint32_t watch_parcel(struct watch *t, uint8_t *p, size_t size, struct ip src, struct ip dst,
    uint32_t from, uint32_t to);

/*
 * The mesh hands `len` bytes to the TUN of box `at`, whose addresses are `own`, having just got a
 * datagram from the box `via` (PARCEL_NONE: not known). Returns the parcel, or NULL if it is none.
 */
struct parcel *watch_delivered(struct watch *t, uint32_t at, const struct ip *own, size_t own_count,
    uint32_t via, const uint8_t *p, size_t len);

#endif
