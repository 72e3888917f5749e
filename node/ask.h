/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ask.h - the verb `why`: our reason, and the one that the peer gives.
 *
 * The peer is asked over the session, and whoever asked waits for that, but no longer than
 * ASK_PATIENCE: the half that we know is worth having when the other end is silent.
 */
#ifndef NODE_ASK_H
#define NODE_ASK_H

#include "core/outbox.h"
#include "host/ctl.h"

#define ASKS_MAX     8
#define ASK_PATIENCE (1 * USEC_PER_SEC)

struct node;

struct asking {
	uint64_t client; /* 0: the row is free */
	json_int_t id;
	uint32_t ref;	 /* by which the peer's answer is known; 0: not asked yet */
	char name[64];
	usec_t give_up;	 /* mono */
	usec_t next_look; /* for a name that the lighthouses are asked for; 0: none */
};

struct asker {
	struct asking asks[ASKS_MAX];
	uint32_t last_ref;
};

/* Begins what `r` asks for: 0, or a negative number with a sentence. The answer comes later. */
int ask_start(struct node *n, const struct ctl_request *r, struct err *err) must_check;

/*
 * Puts into `row` why `name` is reached as it is, or not: "why", "text" and "change", as "here" in
 * the answer of `why`. `p` is what is known of it, or NULL where that is nothing.
 */
struct view_peer;
void ask_put_reason(json_t *row, const struct node *n, const char *name, const struct view_peer *p);

/* EVENT_WHY_ANSWER of the engine. */
void ask_answered(struct node *n, const struct event *e);

/* Answers those whose time is over; the caller settles. */
void ask_tick(struct node *n, usec_t now);

/* When ask_tick() has something to do: mono, 0 for never. */
usec_t ask_next_due(const struct asker *a);

#endif
