/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outbox.c - a bounded list of effects and the arena that their bytes lie in.
 */
#include "core/outbox.h"
#include "core/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
outbox_init(struct outbox *o, uint32_t cap, size_t size)
{
	struct outbox n = { .cap = cap, .size = size };

	n.effects = calloc(cap, sizeof(*n.effects));
	n.arena = aligned_alloc(64, (size + 63) / 64 * 64);
	if (n.effects == NULL || n.arena == NULL) {
		outbox_free(&n);
		return -ENOMEM;
	}
	*o = n;
	return 0;
}

void
outbox_free(struct outbox *o)
{
	free(o->effects);
	free(o->arena);
	memset(o, 0, sizeof(*o));
}

void
outbox_reset(struct outbox *o)
{
	o->count = 0;
	o->used = 0;
}

bool
outbox_half_full(const struct outbox *o)
{
	return o->count >= o->cap / 2 || o->used >= o->size / 2;
}

void *
outbox_alloc(struct outbox *o, size_t len)
{
	size_t at = (o->used + 15) & ~(size_t)15;

	if (at > o->size || len > o->size - at) {
		o->dropped++;
		return NULL;
	}
	o->used = at + len;
	return o->arena + at;
}

uint8_t *
outbox_room(struct outbox *o, size_t len)
{
	uint8_t *p = outbox_alloc(o, PACKET_HEADROOM + len + PACKET_TAILROOM);

	return p == NULL ? NULL : p + PACKET_HEADROOM;
}

bool
outbox_loosen(struct outbox *o, struct packet *pk)
{
	uint8_t *room = outbox_room(o, pk->len);

	if (room == NULL)
		return false;
	memcpy(room, pk->data, pk->len);
	pk->data = room;
	pk->meta &= ~META_TIGHT;
	return true;
}

/* The next free effect, zeroed but for its kind, or NULL. */
static struct effect *
append(struct outbox *o, enum effect_kind kind)
{
	struct effect *e;

	if (o->count == o->cap) {
		o->dropped++;
		return NULL;
	}
	e = &o->effects[o->count++];
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	return e;
}

void
outbox_to_net_ttl(struct outbox *o, socket_id socket, const struct addr *to, uint8_t *data,
    uint32_t len, uint8_t ttl)
{
	struct effect *e = append(o, EFFECT_TO_NET);

	if (e == NULL)
		return;
	e->socket = socket;
	e->to = *to;
	e->data = data;
	e->len = len;
	e->meta = META_TTL(ttl);
}

void
outbox_to_net(struct outbox *o, socket_id socket, const struct addr *to, uint8_t *data,
    uint32_t len)
{
	outbox_to_net_ttl(o, socket, to, data, len, 0);
}

bool
outbox_socket(struct outbox *o, const struct socket_change *change)
{
	struct effect *e = append(o, EFFECT_SOCKET);

	if (e == NULL)
		return false;
	e->change = *change;
	return true;
}

void
outbox_to_tun(struct outbox *o, uint8_t *data, uint32_t len)
{
	struct effect *e = append(o, EFFECT_TO_TUN);

	if (e == NULL)
		return;
	e->data = data;
	e->len = len;
}

void
outbox_route(struct outbox *o, struct prefix to, uint32_t mtu, bool add)
{
	struct effect *e = append(o, EFFECT_ROUTE);

	if (e != NULL)
		e->route = (struct route_change){ .to = to, .mtu = mtu, .add = add };
}

void
outbox_remember(struct outbox *o, enum memory_table table, const void *key, uint32_t key_len,
    const void *value, uint32_t value_len, uint64_t ticket)
{
	uint8_t *copy = outbox_alloc(o, value_len + 1);
	struct effect *e;

	assert(key_len <= MEMORY_KEY_MAX);
	if (copy == NULL)
		return;
	e = append(o, EFFECT_REMEMBER);
	if (e == NULL)
		return;
	if (value_len > 0)
		memcpy(copy, value, value_len);
	e->memory = (struct memory){
		.table = table,
		.key_len = key_len,
		.value_len = value_len,
		.value = copy,
		.ticket = ticket,
	};
	memcpy(e->memory.key, key, key_len);
}

void
outbox_event(struct outbox *o, const struct event *ev)
{
	struct event *copy = outbox_alloc(o, sizeof(*copy));
	struct effect *e;

	if (copy == NULL)
		return;
	e = append(o, EFFECT_EVENT);
	if (e == NULL)
		return;
	*copy = *ev;
	e->event = copy;
}

void
outbox_trace(struct outbox *o, const struct trace_fact *f)
{
	struct trace_fact *copy = outbox_alloc(o, sizeof(*copy));
	struct effect *e;

	if (copy == NULL)
		return;
	e = append(o, EFFECT_TRACE);
	if (e == NULL)
		return;
	*copy = *f;
	e->fact = copy;
}

void
outbox_stream(struct outbox *o, const struct stream_change *s)
{
	struct stream_change *copy = outbox_alloc(o, sizeof(*copy));
	struct effect *e;

	if (copy == NULL)
		return;
	e = append(o, EFFECT_STREAM);
	if (e == NULL)
		return;
	*copy = *s;
	e->stream = copy;
}
