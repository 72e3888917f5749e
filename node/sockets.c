/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockets.c - a table of what was opened by effect.
 */
#include "node/sockets.h"
#include "core/grow.h"

#include <stdlib.h>
#include <string.h>

/* Numbers below SOCKET_STREAM, of which each turn has one for every row. */
#define TURNS 0x100000

static struct extra_socket *
free_row(struct sockets *s)
{
	struct extra_socket *more;
	size_t i = 0;

	while (i < s->room && s->row[i].owner != SOCKET_OF_NOBODY)
		i++;
	more = grow(s->row, &s->room, i, sizeof(*more), MESH_SOCKETS_MAX);
	if (more == NULL)
		return NULL;
	s->row = more;
	return &s->row[i];
}

static socket_id
open_row(struct sockets *s, const struct extra_socket *like, struct socket_change change,
    struct outbox *out)
{
	struct extra_socket *e = free_row(s);

	if (e == NULL)
		return SOCKET_NONE;
	s->turn = (s->turn + 1) % TURNS;
	change.open = true;
	change.family = like->family;
	change.id = SOCKET_EXTRA + s->turn * MESH_SOCKETS_MAX + (uint32_t)(e - s->row);
	if (!outbox_socket(out, &change))
		return SOCKET_NONE;
	*e = *like;
	e->id = change.id;
	s->open++;
	return e->id;
}

socket_id
sockets_open(struct sockets *s, enum socket_owner owner, struct peer *peer, uint8_t family,
    uint16_t port, struct outbox *out)
{
	struct extra_socket like = { .owner = owner, .family = family, .peer = peer };

	return open_row(s, &like, (struct socket_change){ .port = port }, out);
}

socket_id
sockets_open_on(struct sockets *s, enum socket_owner owner, uint32_t ifindex, uint8_t family,
    struct outbox *out)
{
	struct extra_socket like = { .owner = owner, .family = family };

	return open_row(s, &like, (struct socket_change){ .ifindex = ifindex }, out);
}

struct extra_socket *
sockets_find(const struct sockets *s, socket_id id)
{
	struct extra_socket *e;

	if (id < SOCKET_EXTRA || MESH_SOCKET_ROW(id) >= s->room)
		return NULL;
	e = &s->row[MESH_SOCKET_ROW(id)];
	return e->owner != SOCKET_OF_NOBODY && e->id == id && !e->closing ? e : NULL;
}

static void
forget(struct sockets *s, struct extra_socket *e)
{
	memset(e, 0, sizeof(*e));
	if (--s->open > 0)
		return;
	free(s->row);
	s->row = NULL;
	s->room = 0;
}

void
sockets_opened(struct sockets *s, socket_id id, const struct addr *local)
{
	struct extra_socket *e = sockets_find(s, id);

	if (e == NULL)
		return;
	e->local = *local;
	if (local->family == FAMILY_NONE)
		forget(s, e);
}

static void
close_row(struct sockets *s, struct extra_socket *e, struct outbox *out)
{
	struct socket_change change = { .id = e->id, .family = e->family };

	e->closing = true;
	e->peer = NULL;
	if (outbox_socket(out, &change))
		forget(s, e);
}

void
sockets_close(struct sockets *s, socket_id id, struct outbox *out)
{
	struct extra_socket *e = sockets_find(s, id);

	if (e != NULL)
		close_row(s, e, out);
}

void
sockets_leave(struct sockets *s, const struct peer *peer, struct outbox *out)
{
	for (size_t i = 0; i < s->room && s->open > 0; i++) {
		struct extra_socket *e = &s->row[i];

		if (e->owner != SOCKET_OF_NOBODY && e->peer == peer)
			close_row(s, e, out);
	}
}

void
sockets_sweep(struct sockets *s, struct outbox *out)
{
	for (size_t i = 0; i < s->room && s->open > 0; i++) {
		if (s->row[i].closing)
			close_row(s, &s->row[i], out);
	}
}

void
sockets_wipe(struct sockets *s)
{
	free(s->row);
	memset(s, 0, sizeof(*s));
}
