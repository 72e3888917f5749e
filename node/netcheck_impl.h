/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netcheck_impl.h - the inside of a measurement, for its two files: netcheck.c (asking)
 * and netsteps.c (what each step asks, and what follows).
 */
#ifndef NODE_NETCHECK_IMPL_H
#define NODE_NETCHECK_IMPL_H

#include "node/netcheck.h"

/* Between the first packets of a step: NATs are to see their order. */
#define SPACING USEC_PER_MS

static inline const struct addr *
server_at(const struct netcheck_run *r, unsigned server, bool v6)
{
	return v6 ? &r->servers[server].v6 : &r->servers[server].v4;
}

static inline struct addr
second_port(const struct addr *first)
{
	struct addr a = *first;

	a.port++;
	return a;
}

static inline bool
has_server(const struct netcheck_run *r, unsigned server, bool v6)
{
	return server < r->server_count && server_at(r, server, v6)->family != FAMILY_NONE;
}

/*
 * netcheck.c
 */

/* Puts a question at the end of the step's, to be asked first at `at`. NULL: there are too many. */
struct netcheck_probe *netcheck_ask(struct netcheck_run *r, usec_t at,
    const struct netcheck_probe *like);

/* How is `slot` seen by the first port of `server`, or the second? */
void netcheck_ask_plainly(struct netcheck_run *r, usec_t at, unsigned slot, unsigned server,
    bool alt, bool v6);

/* The question of that kind from `slot`, if it was answered. */
const struct netcheck_probe *netcheck_seen_at(const struct netcheck_run *r, unsigned slot);

/*
 * netsteps.c
 */

/* Asks what the step that `r` has come to begins with; nothing, if it has nothing to find out. */
void netsteps_begin(struct netcheck_run *r, usec_t now);

/* `p` was answered: asks what can be asked now. */
void netsteps_go_on(struct netcheck_run *r, usec_t now, const struct netcheck_probe *p);

/* Every question was answered or given up: what that says goes into `found`. */
void netsteps_conclude(struct netcheck_run *r, usec_t now);

#endif
