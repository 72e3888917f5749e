/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seat.c - the node's side of its desk.
 */
#include "node/seat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node/shell.h"

int
seat_open(struct node *n, struct err *err)
{
	struct seat *s = &n->seat;
	int rc = 0;

	if (!s->desk)
		return 0;
	s->waiting = calloc(SEAT_PETITIONS, sizeof(*s->waiting));
	if (!s->waiting)
		return err_set(err, -ENOMEM, "no memory to serve an authority");
	s->opened = true;
	if (s->desk->open)
		rc = s->desk->open(s->desk->ctx, err);
	return rc < 0 ? rc : 0;
}

void
seat_started(struct node *n)
{
	if (!n->seat.desk)
		return;
	n->seat.count = 0;	/* what an engine that is no more has heard is repeated to this one */
	n->seat.desk->started(n->seat.desk->ctx, n);
	node_settle(n);
}

static void
on_look(uv_timer_t *timer)
{
	struct seat *s = CONTAINER_OF(timer, struct seat, timer);
	struct node *n = CONTAINER_OF(s, struct node, seat);

	if (!n->mesh)
		return;
	s->desk->look(s->desk->ctx, n);
	node_settle(n);
}

int
seat_watch(struct node *n, struct err *err)
{
	struct seat *s = &n->seat;
	int rc;

	if (!s->desk)
		return 0;
	rc = uv_timer_init(&n->loop.uv, &s->timer);
	if (rc == 0)
		rc = uv_timer_start(&s->timer, on_look, DESK_LOOK_MS, DESK_LOOK_MS);
	if (rc < 0)
		return err_set(err, rc, "cannot set a timer: %s", uv_strerror(rc));
	s->ticking = true;
	return 0;
}

void
seat_note(struct node *n, const struct petition *p)
{
	struct seat *s = &n->seat;
	struct seat_petition *to;

	if (!s->desk || s->count == SEAT_PETITIONS || p->bytes.len > WIRE_PLEA_MAX)
		return;
	to = &s->waiting[(s->first + s->count++) % SEAT_PETITIONS];
	to->is = *p;
	if (p->bytes.len > 0)
		memcpy(to->bytes, p->bytes.p, p->bytes.len);
	to->is.bytes.p = to->bytes;
}

bool
seat_told(struct node *n)
{
	struct seat *s = &n->seat;

	if (s->count == 0 || !n->mesh)
		return false;
	s->desk->heard(s->desk->ctx, n, &s->waiting[s->first].is);
	s->first = (s->first + 1) % SEAT_PETITIONS;
	s->count--;
	return true;
}

void
seat_show(struct node *n, json_t *body)
{
	const struct desk *d = n->seat.desk;

	if (d && d->show)
		d->show(d->ctx, body);
}

void
seat_close(struct node *n)
{
	struct seat *s = &n->seat;

	if (s->ticking)
		uv_close((uv_handle_t *)&s->timer, NULL);
	if (s->opened && s->desk->close)
		s->desk->close(s->desk->ctx);
	free(s->waiting);
	s->waiting = NULL;
	s->count = 0;
}
