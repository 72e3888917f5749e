/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockets.c - by number and by port.
 */
#include "tests/sim/sockets.h"
#include "node/mesh.h"
#include "tests/sim/stage.h"

#include <stdlib.h>

/* Those that Linux gives out by itself. */
enum {
	EPHEMERAL_FIRST = 32768,
	EPHEMERAL_COUNT = 28232,
};

static struct box_socket *
by_number(const struct box *b, socket_id id)
{
	struct box_socket *s = b->sockets == NULL ? NULL : &b->sockets[MESH_SOCKET_ROW(id)];

	return s != NULL && s->port != 0 && s->id == id ? s : NULL;
}

static struct box_socket *
by_port(const struct box *b, uint8_t family, uint16_t port)
{
	for (size_t i = 0; i < MESH_SOCKETS_MAX && b->sockets != NULL; i++)
		if (b->sockets[i].port == port && b->sockets[i].family == family)
			return &b->sockets[i];
	return NULL;
}

static uint16_t
free_port(struct box *b, uint8_t family)
{
	uint16_t port;

	do
		port = (uint16_t)(EPHEMERAL_FIRST + rng_below(&b->stage->w->rng, EPHEMERAL_COUNT));
	while (by_port(b, family, port) != NULL);
	return port;
}

static void
run_opened(struct box *b, struct errand *e)
{
	const struct box_socket *s = by_number(b, e->socket);
	struct addr local = { 0 };

	if (s != NULL)
		local = (struct addr){ .family = s->family, .port = s->port };
	if (b->mesh == NULL)
		return;
	mesh_socket_opened(b->mesh, box_clock(b), e->socket, &local, &b->stage->out);
	box_settle(b);
}

void
sockets_change(struct box *b, const struct socket_change *c)
{
	struct errand errand = { .box = b, .run = run_opened, .socket = c->id };
	struct box_socket *s;

	if (b->sockets == NULL)
		b->sockets = calloc(MESH_SOCKETS_MAX, sizeof(*b->sockets));
	if (b->sockets == NULL)
		abort();
	s = &b->sockets[MESH_SOCKET_ROW(c->id)];
	if (c->open == (s->port != 0) || (!c->open && s->id != c->id))
		world_fail(b->stage->w, "box %u %s socket %u, whose row has %u", b->number,
		    c->open ? "opens" : "closes", c->id, s->id);
	*s = (struct box_socket){ 0 };
	if (!c->open)
		return;
	*s = (struct box_socket){
		.id = c->id,
		.family = c->family,
		.port = c->port != 0 ? c->port : free_port(b, c->family),
	};
	stage_errand(b->stage, errand);
}

struct addr
sockets_source(const struct box *b, socket_id id, const struct addr *to)
{
	struct addr from = to->family == FAMILY_V4 ? b->site.host_v4 : b->site.host_v6;
	const struct box_socket *s = id >= SOCKET_EXTRA ? by_number(b, id) : NULL;
	bool lan = id == SOCKET_LAN_V4 || id == SOCKET_LAN_V6;
	bool v6 = s != NULL ? s->family == FAMILY_V6 : (id & 1) != 0; /* the main ones: odd */

	if ((id >= SOCKET_EXTRA && s == NULL) || (to->family == FAMILY_V6) != v6)
		world_fail(b->stage->w, "box %u sends by socket %u to an address of family %u",
		    b->number, id, to->family);
	from.port = s != NULL ? s->port :
	    lan               ? BOX_PORT_LAN :
	    id >= SOCKET_ALT_V4 ? BOX_PORT_ALT :
				  BOX_PORT;
	return from;
}

socket_id
sockets_at(const struct box *b, const struct addr *at)
{
	bool v6 = at->family == FAMILY_V6;
	const struct box_socket *s;

	if (at->port == BOX_PORT_LAN && !b->is_lighthouse)
		return v6 ? SOCKET_LAN_V6 : SOCKET_LAN_V4;
	if (at->port == BOX_PORT)
		return v6 ? SOCKET_V6 : SOCKET_V4;
	if (at->port == BOX_PORT_ALT && b->is_lighthouse)
		return v6 ? SOCKET_ALT_V6 : SOCKET_ALT_V4;
	s = by_port(b, at->family, at->port);
	return s == NULL ? SOCKET_NONE : s->id;
}

void
sockets_free(struct box *b)
{
	free(b->sockets);
	b->sockets = NULL;
}
