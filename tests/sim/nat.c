/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nat.c - two keys and a choice of ports.
 */
#include "tests/sim/nat.h"

#include <stdlib.h>
#include <string.h>

enum {
	PORT_FIRST = 1024,
	PORT_LAST = 65535,
};

void
nat_init(struct translator *n, const struct nat_behaviour *is, struct addr outside, struct rng rng)
{
	memset(n, 0, sizeof(*n));
	n->is = *is;
	n->rng = rng;
	n->outside = outside;
	n->outside.port = 0;
	n->last_port = (uint16_t)(20000 + rng_below(&rng, 20000));
}

void
nat_free(struct translator *n)
{
	free(n->sessions);
	memset(n, 0, sizeof(*n));
}

static struct addr
masked(enum nat_depends depends, const struct addr *remote)
{
	struct addr key = *remote;

	if (depends == NAT_ENDPOINT_INDEPENDENT)
		return (struct addr){ .family = remote->family };
	if (depends == NAT_ADDRESS_DEPENDENT)
		key.port = 0;
	return key;
}

struct addr
nat_mapping_key(const struct nat_behaviour *is, const struct addr *remote)
{
	return masked(is->mapping, remote);
}

struct addr
nat_filter_key(const struct nat_behaviour *is, const struct addr *remote)
{
	return masked(is->filtering, remote);
}

static bool
alive(const struct nat_session *s, usec_t now)
{
	return s->expires > now;
}

/* Where the outside sees the session. */
static struct addr
outside_of(const struct translator *n, const struct nat_session *s)
{
	struct addr a = n->is.ports == NAT_PORTS_SAME ? s->inside : n->outside;

	a.port = s->port;
	return a;
}

/* Has a stranger's packet made the tuple (remote, port) its own? */
static bool
is_taken(const struct translator *n, usec_t now, uint16_t port, const struct addr *remote)
{
	for (size_t i = 0; i < NAT_TAKEN; i++) {
		const struct nat_taken *t = &n->taken[i];

		if (t->expires > now && t->port == port && addr_equal(&t->by, remote))
			return true;
	}
	return false;
}

static void
take(struct translator *n, usec_t now, uint16_t port, const struct addr *remote)
{
	struct nat_taken *oldest = &n->taken[0];

	for (size_t i = 0; i < NAT_TAKEN; i++) {
		struct nat_taken *t = &n->taken[i];

		if (t->port == port && addr_equal(&t->by, remote)) {
			oldest = t;
			break;
		}
		if (t->expires < oldest->expires)
			oldest = t;
	}
	*oldest = (struct nat_taken){ .by = *remote, .port = port, .expires = now + n->is.one_way };
}

/* The mapping that was asked for and has this port, or NULL. */
static const struct nat_mapped *
mapped_at(const struct translator *n, usec_t now, uint16_t port)
{
	for (size_t i = 0; i < NAT_MAPPED; i++)
		if (n->mapped[i].port == port && n->mapped[i].expires > now)
			return &n->mapped[i];
	return NULL;
}

/* Is the outside port held by a mapping, of whomever? */
static bool
port_in_use(const struct translator *n, usec_t now, uint16_t port)
{
	if (mapped_at(n, now, port) != NULL)
		return true;
	for (uint32_t i = 0; i < n->count; i++)
		if (n->sessions[i].port == port && alive(&n->sessions[i], now))
			return true;
	return false;
}

static bool
inside_in_use(const struct translator *n, usec_t now, const struct addr *inside)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (alive(&n->sessions[i], now) && addr_equal(&n->sessions[i].inside, inside))
			return true;
	return false;
}

static uint16_t
port_random(struct translator *n, usec_t now, uint32_t first, uint32_t count)
{
	uint16_t port = 0;

	for (int tries = 0; tries < 64; tries++) {
		port = (uint16_t)(first + rng_below(&n->rng, count));
		if (!port_in_use(n, now, port))
			break;
	}
	return port;
}

/* The next port in the row, past those that other users of the NAT took since the last. */
static uint16_t
port_step(struct translator *n, usec_t now)
{
	uint64_t foreign = 0;
	int64_t port = n->last_port;

	if (n->last_made != 0)
		foreign = ((now - n->last_made) * n->is.noise + rng_below(&n->rng, USEC_PER_SEC)) /
		          USEC_PER_SEC;
	do {
		port += n->is.step * (int64_t)(1 + foreign % 4096);
		foreign = 0;
		while (port > PORT_LAST)
			port -= PORT_LAST + 1 - PORT_FIRST;
		while (port < PORT_FIRST)
			port += PORT_LAST + 1 - PORT_FIRST;
	} while (port_in_use(n, now, (uint16_t)port));
	n->last_port = (uint16_t)port;
	n->last_made = now;
	return n->last_port;
}

/* The first port of the block that belongs to the host of `inside`. */
static uint32_t
block_of(struct translator *n, const struct addr *inside)
{
	struct nat_block *b;

	for (uint32_t i = 0; i < n->block_count; i++)
		if (addr_same_ip(&n->blocks[i].host, inside))
			return n->blocks[i].base;
	b = &n->blocks[n->block_count < NAT_BLOCKS ? n->block_count++ : NAT_BLOCKS - 1];
	b->host = *inside;
	b->base =
	    (uint16_t)(n->is.block * (1 + rng_below(&n->rng, (PORT_LAST + 1) / n->is.block - 1)));
	return b->base;
}

static uint16_t
port_for(struct translator *n, usec_t now, const struct addr *inside, const struct addr *remote)
{
	bool keep = false;

	switch (n->is.ports) {
	case NAT_PORTS_SAME: return inside->port;
	case NAT_PORTS_KEEP: keep = true; break;
	case NAT_PORTS_FIRST_KEEPS: keep = !inside_in_use(n, now, inside); break;
	case NAT_PORTS_STEP: return port_step(n, now);
	case NAT_PORTS_BLOCK: return port_random(n, now, block_of(n, inside), n->is.block);
	case NAT_PORTS_RANDOM: break;
	}
	if (keep && !port_in_use(n, now, inside->port) && !is_taken(n, now, inside->port, remote))
		return inside->port;
	return port_random(n, now, PORT_FIRST, PORT_LAST + 1 - PORT_FIRST);
}

/* A free row: one that expired, or a new one; NULL at the limit. */
static struct nat_session *
session_row(struct translator *n, usec_t now)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (!alive(&n->sessions[i], now))
			return &n->sessions[i];
	if (n->count == NAT_SESSIONS)
		return NULL;
	if (n->count == n->room) {
		uint32_t room = n->room == 0 ? 16 : 2 * n->room;
		struct nat_session *more = realloc(n->sessions, room * sizeof(*more));

		if (more == NULL)
			return NULL;
		n->sessions = more;
		n->room = room;
	}
	return &n->sessions[n->count++];
}

/* A session that begins now; NULL when there may be no more. */
static struct nat_session *
session_new(struct translator *n, usec_t now, const struct addr *inside, const struct addr *remote,
    uint16_t port)
{
	struct nat_session *s = session_row(n, now);

	if (s == NULL)
		return NULL;
	*s = (struct nat_session){
		.inside = *inside,
		.to = nat_mapping_key(&n->is, remote),
		.peer = nat_filter_key(&n->is, remote),
		.port = port,
		.began = now,
		.expires = now + n->is.one_way,
	};
	return s;
}

/*
 * The session of a flow from `inside` to `remote`, or NULL. `port` is that of the mapping that it
 * would share, or -1.
 */
static struct nat_session *
session_find(struct translator *n, usec_t now, const struct addr *inside, const struct addr *remote,
    int *port)
{
	struct addr to = nat_mapping_key(&n->is, remote);
	struct addr peer = nat_filter_key(&n->is, remote);

	*port = -1;
	for (uint32_t i = 0; i < n->count; i++) {
		struct nat_session *s = &n->sessions[i];

		if (!alive(s, now) || s->alias != 0 || !addr_equal(&s->inside, inside) ||
		    !addr_equal(&s->to, &to))
			continue;
		if (addr_equal(&s->peer, &peer))
			return s;
		if (*port < 0 && !is_taken(n, now, s->port, remote))
			*port = s->port;
	}
	return NULL;
}

/* The same, made if there is none; NULL when full. */
static struct nat_session *
session_out(struct translator *n, usec_t now, const struct addr *inside, const struct addr *remote)
{
	int port;
	struct nat_session *s = session_find(n, now, inside, remote, &port);

	if (s != NULL)
		return s;
	if (port < 0)
		port = port_for(n, now, inside, remote);
	return session_new(n, now, inside, remote, (uint16_t)port);
}

static void
refresh(const struct translator *n, struct nat_session *s, usec_t now, unsigned way)
{
	bool two_way = s->answered && now - s->began >= n->is.settled;

	if (n->is.refresh & way)
		s->expires = now + (two_way ? n->is.two_way : n->is.one_way);
}

/* The session by which a packet from `src` to the outside endpoint `dst` comes in, or NULL. */
static struct nat_session *
session_in(struct translator *n, usec_t now, const struct addr *src, const struct addr *dst)
{
	struct addr peer = nat_filter_key(&n->is, src);

	for (uint32_t i = 0; i < n->count; i++) {
		struct nat_session *s = &n->sessions[i];
		struct addr at = outside_of(n, s);

		if (alive(s, now) && addr_equal(&at, dst) && addr_equal(&s->peer, &peer))
			return s;
	}
	return NULL;
}

/* A stranger's packet to a port that was asked for. */
static struct nat_session *
session_mapped(struct translator *n, usec_t now, const struct addr *src, const struct addr *dst)
{
	const struct nat_mapped *m = mapped_at(n, now, dst->port);
	struct nat_session *s;
	bool taken;
	int port;

	if (m == NULL)
		return NULL;
	taken = session_find(n, now, &m->inside, src, &port) != NULL;
	s = session_new(n, now, &m->inside, src, m->port);
	if (s != NULL && taken)
		s->alias = (uint16_t)(PORT_FIRST + rng_below(&n->rng, PORT_LAST + 1 - PORT_FIRST));
	return s;
}

/* The row of a stranger; the one that was refused longest ago makes room. */
static struct nat_stranger *
stranger(struct translator *n, const struct addr *src)
{
	struct nat_stranger *oldest = &n->strangers[0];

	for (size_t i = 0; i < NAT_STRANGERS; i++) {
		struct nat_stranger *s = &n->strangers[i];

		if (addr_same_ip(&s->who, src))
			return s;
		if (s->since < oldest->since)
			oldest = s;
	}
	*oldest = (struct nat_stranger){ .who = *src };
	return oldest;
}

/* A flood guard counts what is refused. */
static void
refuse(struct translator *n, usec_t now, const struct addr *src)
{
	struct nat_stranger *s = stranger(n, src);

	if (now - s->since >= USEC_PER_SEC) {
		s->since = now;
		s->refused = 0;
	}
	if (++s->refused <= n->is.guard || now < s->banned_until)
		return;
	s->banned_until = now + NAT_BAN;
	n->bans++;
}

enum nat_verdict
nat_from_outside(struct translator *n, usec_t now, struct addr *src, struct addr *dst)
{
	struct nat_session *s;

	if (n->is.udp_blocked || (n->is.guard != 0 && now < stranger(n, src)->banned_until))
		return NAT_DROP;
	s = session_in(n, now, src, dst);
	if (s == NULL)
		s = session_mapped(n, now, src, dst);
	if (s == NULL) {
		if (n->is.guard != 0)
			refuse(n, now, src);
		if (n->is.open)
			take(n, now, dst->port, src);
		return NAT_DROP;
	}
	s->answered = true;
	refresh(n, s, now, NAT_REFRESH_IN);
	*dst = s->inside;
	if (s->alias != 0)
		src->port = s->alias;
	return NAT_TO_INSIDE;
}

/* The session of somebody whom inside knows by another port, or NULL. */
static struct nat_session *
session_aliased(struct translator *n, usec_t now, const struct addr *inside, const struct addr *to)
{
	for (uint32_t i = 0; i < n->count; i++) {
		struct nat_session *s = &n->sessions[i];

		if (s->alias != 0 && s->alias == to->port && alive(s, now) &&
		    addr_same_ip(&s->peer, to) && addr_equal(&s->inside, inside))
			return s;
	}
	return NULL;
}

enum nat_verdict
nat_from_inside(struct translator *n, usec_t now, struct addr *src, struct addr *dst)
{
	bool own = n->is.ports != NAT_PORTS_SAME && addr_same_ip(dst, &n->outside);
	struct nat_session *s;

	if (n->is.udp_blocked || (own && !n->is.hairpin))
		return NAT_DROP;
	s = session_aliased(n, now, src, dst);
	if (s != NULL)
		dst->port = s->peer.port;
	else
		s = session_out(n, now, src, dst);
	if (s == NULL)
		return NAT_DROP;
	refresh(n, s, now, NAT_REFRESH_OUT);
	*src = outside_of(n, s);
	return own ? nat_from_outside(n, now, src, dst) : NAT_TO_OUTSIDE;
}

uint16_t
nat_map(struct translator *n, usec_t now, const struct addr *inside, usec_t lifetime)
{
	struct nat_mapped *row = NULL;
	uint16_t port = inside->port;

	if (!n->is.maps)
		return 0;
	for (size_t i = 0; i < NAT_MAPPED; i++)
		if (addr_equal(&n->mapped[i].inside, inside)) {
			row = &n->mapped[i];
			port = row->port;
			break;
		} else if (row == NULL && n->mapped[i].expires <= now) {
			row = &n->mapped[i];
		}
	if (row == NULL)
		return 0;
	row->expires = 0;
	if (lifetime == 0)
		return 0;
	if (port_in_use(n, now, port))
		port = port_random(n, now, PORT_FIRST, PORT_LAST + 1 - PORT_FIRST);
	*row = (struct nat_mapped){ .inside = *inside, .port = port, .expires = now + lifetime };
	return port;
}

void
nat_flush(struct translator *n)
{
	memset(n->mapped, 0, sizeof(n->mapped));
	n->count = 0;
	memset(n->taken, 0, sizeof(n->taken));
}

void
nat_readdress(struct translator *n, struct addr outside)
{
	nat_flush(n);
	n->outside = outside;
	n->outside.port = 0;
}

uint32_t
nat_alive(const struct translator *n, usec_t now)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n->count; i++)
		count += alive(&n->sessions[i], now);
	return count;
}

bool
nat_keeps(const struct translator *n, usec_t now, uint16_t inside, const struct addr *remote)
{
	for (uint32_t i = 0; i < n->count; i++) {
		const struct nat_session *s = &n->sessions[i];

		if (alive(s, now) && s->inside.port == inside && addr_same_ip(&s->peer, remote))
			return true;
	}
	return false;
}
