/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * finder.h - questions to the lighthouses: who has this address, this name, and where is this key?
 *
 * A seek asks the two nearest lighthouses at once and all of them 300 ms later, again and again for
 * four seconds, and is over with the first answer that helps. One that found nothing is kept for a
 * while, so that a program that calls into the void does not make us ask without end.
 */
#ifndef NODE_FINDER_H
#define NODE_FINDER_H

#include "core/addr.h"
#include "core/rng.h"
#include "core/text.h"
#include "core/wire.h"
#include "node/config.h"

#define FINDER_SEEKS_MAX     256
#define FINDER_NEAREST	     2 /* lighthouses that are asked first */
#define FINDER_WAITING_MAX   16 /* packets kept for an address that is being looked up */
#define FINDER_NOTHING_FOR   (3 * USEC_PER_SEC)

struct waiting;

enum seek_state {
	SEEK_FREE,
	SEEK_ASKING,
	SEEK_NOTHING, /* nobody knows; forgotten after FINDER_NOTHING_FOR */
};

struct seek {
	enum seek_state state;
	enum query_by by;
	struct ip address;
	uint8_t key[32];
	char name[NAME_MAX_LEN + 1];
	bool introduce;
	bool asked_peers; /* and not lighthouses alone */
	uint32_t qid;
	unsigned round;
	usec_t due;
	unsigned unknown_at; /* set of lighthouses that do not know it */
	struct waiting *first; /* packets to the address, oldest first */
	unsigned waiting_count;
};

struct finder {
	struct seek **seeks; /* at most FINDER_SEEKS_MAX; some may be free */
	size_t count;
	size_t room;
	uint32_t next_qid;
};

void finder_init(struct finder *f, const struct rng *rng);
void finder_wipe(struct finder *f);

/*
 * Looks for what `like` says (by, and its value; introduce): the seek that is under way or has
 * found nothing lately, or a new one. NULL when FINDER_SEEKS_MAX are under way.
 */
struct seek *finder_seek(struct finder *f, usec_t now, const struct seek *like);

/* The seek that asked with `qid`, or NULL. */
struct seek *finder_by_qid(struct finder *f, uint32_t qid);

/* A seek that has something due, or NULL; call finder_asked() or finder_drop() before the next. */
struct seek *finder_next_due(struct finder *f, usec_t now);

/* Which of the lighthouses, in order of nearness, the coming round asks: how many. */
size_t finder_round_width(const struct seek *s);

/*
 * A round was asked. False: that was the last, and nobody answered in time; it is SEEK_NOTHING from
 * now on.
 */
bool finder_asked(struct seek *s, usec_t now);

/* It is over: nobody knows. */
void finder_nothing(struct seek *s, usec_t now);

/* Forgets a seek and what waits for it. */
void finder_drop(struct seek *s);

/* Keeps a copy of a packet until the address is found; beyond FINDER_WAITING_MAX it is dropped. */
void seek_wait(struct seek *s, const uint8_t *bytes, uint32_t len);

usec_t finder_due(const struct finder *f);

#endif
