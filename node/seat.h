/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seat.h - the node's side of its desk (node/desk.h).
 *
 * An engine must not be called while its outbox is carried out, so petitions are copied there and
 * handed over once that is done. At most SEAT_PETITIONS wait; lighthouses repeat those that are
 * lost.
 */
#ifndef NODE_SEAT_H
#define NODE_SEAT_H

#include <uv.h>

#include "node/desk.h"

#define SEAT_PETITIONS 64

struct seat_petition {
	struct petition is;
	uint8_t bytes[WIRE_PLEA_MAX];
};

struct seat {
	const struct desk *desk; /* NULL: nobody sits here, and nothing below is used */
	bool opened;
	uv_timer_t timer;
	bool ticking;
	struct seat_petition *waiting; /* SEAT_PETITIONS of them */
	size_t first, count;
};

/* Opens the desk, if there is one. */
int seat_open(struct node *n, struct err *err) must_check;

/* The engine has started. */
void seat_started(struct node *n);

/* From here on the desk is asked for its news. The loop runs. */
int seat_watch(struct node *n, struct err *err) must_check;

/* EVENT_PETITION: copies it. */
void seat_note(struct node *n, const struct petition *p);

/* Hands over one petition; false: there is none. To be followed by settling. */
bool seat_told(struct node *n);

/* What the desk adds to `status`. */
void seat_show(struct node *n, json_t *body);

/* Before the loop is freed. */
void seat_close(struct node *n);

#endif
