/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * natpmp.h - NAT-PMP (RFC 6886), by libnatpmp: the router's address, then a port of it.
 *
 * The library repeats a question nine times, 250 ms after the first and then ever more seldom, and
 * drops what does not come from the gateway. It never blocks.
 */
#ifndef HOST_NATPMP_H
#define HOST_NATPMP_H

#include <natpmp.h>
#include <uv.h>

#include "core/addr.h"

enum natpmp_stage {
	NATPMP_IDLE,
	NATPMP_ADDRESS, /* asking where the router is */
	NATPMP_MAP,	/* asking for the port */
};

struct natpmp_answer {
	struct addr external;
	uint32_t lifetime; /* seconds */
	uint32_t epoch;
};

struct natpmp {
	natpmp_t lib;
	enum natpmp_stage stage;
	uint16_t internal;
	uint16_t external; /* wanted */
	uint32_t lifetime; /* wanted */
	struct addr at;	   /* the router's address */
	uv_poll_t *poll;   /* libuv lets go of one a turn after its question: each has its own */
	void *ctx;
	/* NULL: refused, or nobody answers. */
	void (*on_answer)(void *ctx, const struct natpmp_answer *answer);
};

/*
 * Asks `gateway` (IPv4) for a UDP port; what was asked before is forgotten. `on_answer` is called
 * once, from the loop. 0 or -errno.
 */
int natpmp_ask(struct natpmp *n, uv_loop_t *loop, struct ip gateway, uint16_t internal,
    uint16_t external, uint32_t lifetime, void *ctx,
    void (*on_answer)(void *ctx, const struct natpmp_answer *answer)) must_check;

/* Repeats what is due. */
void natpmp_tick(struct natpmp *n);

/* When that is, on clock_now().mono; 0 for never. */
usec_t natpmp_due(const struct natpmp *n);

/* Asks once that the mapping of `internal` be deleted, and does not wait for an answer. */
void natpmp_release(struct ip gateway, uint16_t internal);

/* Forgets what was asked. */
void natpmp_stop(struct natpmp *n);

#endif
