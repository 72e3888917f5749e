/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ping.h - the verb `ping`: echo requests through the mesh, and a stream of what came of them.
 *
 * Each request is a row here from its first echo to its last answer. Answers are told as they come,
 * and what is not answered in time is told when its time is over.
 */
#ifndef NODE_PING_H
#define NODE_PING_H

#include "core/outbox.h"
#include "host/ctl.h"

#define PINGS_MAX	       16
#define PING_COUNT_MAX	       1000000
#define PING_INTERVAL_MIN_MS   10
#define PING_INTERVAL_MAX_MS   60000
#define PING_INTERVAL_MS       1000
#define PING_TIMEOUT_MAX_MS    10000
#define PING_TIMEOUT_MS	       2000
#define PING_SIZE_MAX	       1200
#define PING_SIZE	       32
/* Echoes under way: PING_TIMEOUT_MAX_MS / PING_INTERVAL_MIN_MS fit. */
#define PING_WINDOW	       1024

struct node;

struct pinging {
	uint64_t client;	/* 0: the row is free */
	json_int_t id;
	uint16_t token;		/* by which the engine names this row */
	char name[64];
	struct ip ip;		/* FAMILY_NONE until the name is known */
	uint64_t count;		/* 0: until the client goes */
	usec_t interval, timeout;
	size_t size;
	usec_t next_send;	/* mono; or when to look for the name again */
	usec_t give_up;		/* when the name is unknown for good */
	uint64_t sent, answered;
	uint64_t oldest;	/* no echo before this one is under way */
	usec_t sent_at[PING_WINDOW]; /* 0: not under way */
};

struct pinger {
	struct pinging pings[PINGS_MAX];
	uint16_t generation;
};

/* Begins what `r` asks for: 0, or a negative number with a sentence. Answers come later. */
int ping_start(struct node *n, const struct ctl_request *r, struct err *err) must_check;

/* EVENT_PING_ANSWER of the engine. */
void ping_answered(struct node *n, const struct event *e);

/* Sends what is due and tells what was not answered; the caller settles. */
void ping_tick(struct node *n, usec_t now);

/* When ping_tick() has something to do: mono, 0 for never. */
usec_t ping_next_due(const struct pinger *p);

#endif
