/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * desk.h - where a node that speaks for an authority hands over what it hears.
 *
 * `mpynet ca serve` runs a node without a device (HOME_AUTHORITY, node/run.h) whose certificate has
 * the flag ENROL. Its engine carries tokens, petitions and rulings (node/registrar.h); what they
 * say, and what is signed, is for the owner of the ledger, who sits at this desk. All calls come
 * from the one thread of the node's loop, one at a time. Nothing else of the node goes on
 * meanwhile, so whatever takes longer than a signature is to be put off.
 *
 *	open -> started -> heard, look, ... -> close
 *	           ^___________________|  (the node was reloaded: its engine knows nothing any more)
 */
#ifndef NODE_DESK_H
#define NODE_DESK_H

#include <jansson.h>

#include "core/err.h"
#include "core/trace.h"
#include "node/registrar.h"

struct node;

/* How often the desk is asked whether it has news. */
#define DESK_LOOK_MS 500

struct desk {
	void *ctx; /* the first argument of every call */
	/*
	 * In the process that is going to run (databases are opened, memory is locked here), once
	 * the state is locked and before system calls are limited. A negative number with a
	 * sentence ends the node before it has begun. May be NULL.
	 */
	int (*open)(void *ctx, struct err *err);
	/* The engine has just started: tokens are to be offered, and rulings that wait to be given. */
	void (*started)(void *ctx, struct node *n);
	/*
	 * Somebody wants something. `p` and its bytes are valid during the call. desk_answer() now,
	 * or at any time later.
	 */
	void (*heard)(void *ctx, struct node *n, const struct petition *p);
	/* Every DESK_LOOK_MS: has another command changed the ledger, has a token expired? */
	void (*look)(void *ctx, struct node *n);
	/* Adds members to the body of `status`. May be NULL. */
	void (*show)(void *ctx, json_t *body);
	/* After the last call, also if `open` failed. May be NULL. */
	void (*close)(void *ctx);
};

/*
 * mesh_offer() and mesh_answer() of the node's engine, to be called from within started(), heard()
 * and look() and from nowhere else. ERR_STATE: the engine has ended.
 */
int desk_offer(struct node *n, const struct offer *tokens, size_t count) must_check;
int desk_answer(struct node *n, const struct ruling *r) must_check;

/*
 * The authority's newest network state, a blob (core/netstate.h), for everybody that the node meets.
 * To be called from started(), and whenever there is a newer one, likewise. As spread_bring
 * (core/spread.h): ERR_SUPERSEDED where it is known already.
 */
int desk_bring_state(struct node *n, const uint8_t *blob, size_t len, struct err *err) must_check;

/* A line in the node's log. What came from outside is escaped by the caller (core/text.h). */
void desk_log(struct node *n, enum trace_level level, const char *fmt, ...) printf_like(3, 4);

/* Who the node is. */
const struct verified *desk_own(const struct node *n);

#endif
