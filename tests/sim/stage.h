/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stage.h - a whole mesh in a world: an authority, lighthouses, nodes.
 */
#ifndef TESTS_SIM_STAGE_H
#define TESTS_SIM_STAGE_H

#include "tests/sim/box.h"
#include "tests/sim/flow.h"
#include "tests/sim/guard.h"
#include "tests/sim/watch.h"

#define STAGE_LIGHTHOUSES_MAX 32 /* a bundle names at most MESH_LIGHTHOUSES_MAX of them */

/* What a box still has to do when its engine's call is over: nothing happens within one. */
struct errand {
	struct box *box;
	void (*run)(struct box *b, struct errand *e);
	uint32_t parcel;
	socket_id socket;
	uint64_t ticket;
	uint8_t *packet; /* freed afterwards */
	size_t len;
};

struct stage {
	struct world *w;
	struct net net;
	struct watch watch;
	struct guard guard;
	struct outbox out; /* of whichever engine is called */
	struct errand *errands;
	size_t errand_count;
	size_t errand_room;
	bool errands_run;              /* at this moment: those that are added now come last */
	struct datagram *const *heard; /* the batch that is being taken in */
	size_t heard_count;
	struct table streams; /* of either end; see streams.c */
	uint32_t stream_count;
	uint8_t ca_seed[32];
	struct cert ca;
	uint8_t ca_cert[CERT_MAX];
	size_t ca_cert_len;
	uint64_t serial;
	struct box **boxes;
	uint32_t box_count;
	uint32_t box_room;
	struct box *lighthouses[STAGE_LIGHTHOUSES_MAX];
	size_t lighthouse_count;
	/* Of everybody that is made or turned on from now on. */
	uint64_t lifetime;       /* seconds that certificates are valid; 0: 90 days */
	uint32_t handshake_rate; /* more in a second is load; 0: the engines' default */
	uint32_t node_flags;     /* that nodes are certified with */
	uint32_t wards;          /* lighthouses of their bundles, a bit each; 0: all */
	bool no_relay;           /* lighthouses are no relays */
	bool has_psk;
	uint8_t psk[32];
};

void stage_init(struct stage *st, struct world *w);

/* Turns everything off and frees it. */
void stage_free(struct stage *st);

/* A lighthouse on the Internet itself, with no delay of its own. Off. */
struct box *stage_lighthouse(struct stage *st);

/* A node at a site of its own, of kind KIND_*. Off. */
struct box *stage_node(struct stage *st, unsigned kind);

/* A second node on the home LAN of `a`. Off. */
struct box *stage_neighbour(struct stage *st, const struct box *a);

/*
 * A machine that takes the place of `b` with a key of its own: a newer certificate with the same
 * name and addresses. Off.
 */
struct box *stage_successor(struct stage *st, const struct box *b);

/* Turns on everything that is off. */
void stage_on(struct stage *st);

/* Lets time pass. */
void stage_run(struct stage *st, usec_t span);

/* Nothing passes from `a`'s site to `b`'s any more; and again. */
void stage_cut(struct stage *st, struct box *a, struct box *b);
void stage_heal(struct stage *st, struct box *a, struct box *b);

/* The routers of `b`'s site start again. */
void stage_reboot(struct stage *st, struct box *b);

/*
 * The provider of `b`'s site gives it another public address, the `nth`. Where the machine has that
 * address itself, its engine is told.
 */
void stage_readdress(struct stage *st, struct box *b, unsigned nth);

/*
 * Hands a parcel of `size` bytes for `b` to the TUN of `a`. `owner` is the flow that wants to know
 * of its delivery, or NULL; `answers` the parcel that it answers, or PARCEL_NONE. Its number.
 */
uint32_t
stage_send(struct box *a, struct box *b, size_t size, struct flow *owner, uint32_t answers);

/* The same with the source address of `as`: must never come out. */
void stage_forge(struct box *a, const struct box *as, struct box *b, size_t size);

/* Remembers to do `e` when the engine's call is over. */
void stage_errand(struct stage *st, struct errand e);
void stage_run_errands(struct stage *st);

#endif
