/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * circuit.c - two tables: ends to circuits, keys to clients.
 */
#include "core/circuit.h"
#include "core/bucket.h"
#include "core/bytes.h"
#include "core/heap.h"
#include "core/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define END_LEN 36 /* static key, number */

enum side {
	OPENER,
	OTHER,
};

struct client;

struct circuit {
	struct side_of {
		struct client *client;
		uint32_t number;
		struct circuit *next, **at; /* in its client's list of this side */
	} side[2];
	struct heap_item idle;
	usec_t last;      /* something passed */
	usec_t announced; /* RELAY_INCOMING was last said */
	bool used;        /* the other side has sent something */
};

/* Somebody with at least one circuit. */
struct client {
	uint8_t key[32];
	struct circuit *circuits[2]; /* those that it opened, those that came to it */
	uint32_t count;
	uint32_t last_number; /* picked by the relay */
	struct bucket spent;
	uint64_t second; /* in which it last sent something */
	uint64_t bytes;
};

struct circuits {
	uint8_t self[32];
	struct table ends;
	struct table clients;
	struct heap idle;
	uint32_t limit;
	uint64_t rate;
	uint64_t second;         /* now, in whole seconds */
	uint32_t senders;        /* clients that sent something in it so far */
	uint32_t senders_before; /* in the second before */
	struct circuits_totals totals;
};

struct circuits *
circuits_new(const uint8_t self[static 32], const struct rng *rng, uint32_t limit, uint64_t rate)
{
	struct circuits *c = calloc(1, sizeof(*c));
	uint8_t key[2][16];

	if (c == NULL)
		return NULL;
	rng_fill(rng, key, sizeof(key));
	table_init(&c->ends, key[0], END_LEN, 2 * limit);
	table_init(&c->clients, key[1], 32, 2 * limit);
	memcpy(c->self, self, sizeof(c->self));
	c->limit = limit;
	c->rate = rate;
	return c;
}

void
circuits_set_rate(struct circuits *c, uint64_t rate)
{
	c->rate = rate;
}

static void
end_key(uint8_t ret[static END_LEN], const uint8_t key[static 32], uint32_t number)
{
	memcpy(ret, key, 32);
	put_le32(ret + 32, number);
}

static struct circuit *
find(const struct circuits *c, const uint8_t key[static 32], uint32_t number)
{
	uint8_t end[END_LEN];

	end_key(end, key, number);
	return table_get(&c->ends, end);
}

/* Whose number it is: those picked by the relay have bit 31 set. */
static enum side
side_of(uint32_t number)
{
	return number & CIRCUIT_BY_RELAY ? OTHER : OPENER;
}

static void
end_of(struct circuit_end *ret, const struct circuit *ci, enum side side)
{
	memcpy(ret->key, ci->side[side].client->key, 32);
	ret->number = ci->side[side].number;
}

/* What each of those who relay at the moment may send in a second. */
static uint64_t
share_of(const struct circuits *c)
{
	uint64_t sharing = max_u64(max_u64(c->senders, c->senders_before), 1);

	return max_u64(c->rate / sharing, CIRCUIT_SHARE_MIN);
}

static uint64_t
burst_of(uint64_t share)
{
	return max_u64(share / 4, CIRCUIT_BURST_MIN);
}

/*
 * Clients come with their first circuit and go with their last. A new one may send at once only
 * what a handshake needs, so that coming anew gains nobody an allowance.
 */

static struct client *
client_get(struct circuits *c, usec_t now, const uint8_t key[static 32])
{
	struct client *cl = table_get(&c->clients, key);

	if (cl != NULL)
		return cl;
	cl = calloc(1, sizeof(*cl));
	if (cl == NULL)
		return NULL;
	memcpy(cl->key, key, 32);
	cl->spent.taken = (burst_of(share_of(c)) - CIRCUIT_SHARE_MIN) * USEC_PER_SEC;
	cl->spent.at = now;
	if (table_put(&c->clients, key, cl) < 0) {
		free(cl);
		return NULL;
	}
	return cl;
}

static void
client_drop_unused(struct circuits *c, struct client *cl)
{
	if (cl == NULL || cl->count > 0)
		return;
	table_del(&c->clients, cl->key);
	free(cl);
}

static void
attach(struct circuit *ci, enum side side, struct client *cl, uint32_t number)
{
	struct side_of *s = &ci->side[side];

	s->client = cl;
	s->number = number;
	s->at = &cl->circuits[side];
	s->next = *s->at;
	if (s->next != NULL)
		s->next->side[side].at = &s->next;
	*s->at = ci;
	cl->count++;
}

static void
detach(struct circuits *c, struct circuit *ci, enum side side)
{
	struct side_of *s = &ci->side[side];
	uint8_t end[END_LEN];

	end_key(end, s->client->key, s->number);
	table_del(&c->ends, end);
	*s->at = s->next;
	if (s->next != NULL)
		s->next->side[side].at = s->at;
	s->client->count--;
	client_drop_unused(c, s->client);
}

static void
circuit_free(struct circuits *c, struct circuit *ci)
{
	(void)heap_set(&c->idle, &ci->idle, 0);
	detach(c, ci, OPENER);
	detach(c, ci, OTHER);
	free(ci);
}

void
circuits_free(struct circuits *c)
{
	struct heap_item *i;

	if (c == NULL)
		return;
	while ((i = heap_first(&c->idle)) != NULL)
		circuit_free(c, CONTAINER_OF(i, struct circuit, idle));
	heap_free(&c->idle);
	table_free(&c->ends);
	table_free(&c->clients);
	free(c);
}

/*
 * Opening
 */

/* A number that is free on the other client's session. */
static uint32_t
pick_number(struct circuits *c, struct client *cl)
{
	uint32_t n;

	do {
		n = ++cl->last_number & ~CIRCUIT_GREATER;
		n |= CIRCUIT_BY_RELAY | circuit_side(c->self, cl->key);
	} while (find(c, cl->key, n) != NULL);
	return n;
}

/* Room in every table first, so that nothing has to be undone. */
static int
enter(struct circuits *c, usec_t now, struct circuit *ci)
{
	uint8_t end[2][END_LEN];
	int r;

	for (enum side s = OPENER; s <= OTHER; s++)
		end_key(end[s], ci->side[s].client->key, ci->side[s].number);
	r = heap_set(&c->idle, &ci->idle, now + CIRCUIT_IDLE);
	if (r == 0)
		r = table_put(&c->ends, end[OPENER], ci);
	if (r == 0)
		r = table_put(&c->ends, end[OTHER], ci);
	return r;
}

static int
circuit_new(struct circuits *c, usec_t now, struct client *opener, uint32_t number,
    struct client *other, struct circuit **ret)
{
	struct circuit *ci = calloc(1, sizeof(*ci));
	int r;

	if (ci == NULL)
		return -ENOMEM;
	ci->last = now;
	ci->announced = now;
	attach(ci, OPENER, opener, number);
	attach(ci, OTHER, other, pick_number(c, other));
	r = enter(c, now, ci);
	if (r < 0)
		circuit_free(c, ci);
	else
		*ret = ci;
	return r;
}

/* The circuit that the client `opener` has opened to `other`, or NULL. */
static struct circuit *
between(const struct circuits *c, const uint8_t opener[static 32], const uint8_t other[static 32])
{
	const struct client *cl = table_get(&c->clients, opener);
	struct circuit *ci = cl != NULL ? cl->circuits[OPENER] : NULL;

	while (ci != NULL && memcmp(ci->side[OTHER].client->key, other, 32) != 0)
		ci = ci->side[OPENER].next;
	return ci;
}

/* Its opener calls it by another number, as after a restart. */
static void
renumber(struct circuits *c, struct circuit *ci, uint32_t number)
{
	struct side_of *s = &ci->side[OPENER];
	uint8_t end[END_LEN];
	int r;

	end_key(end, s->client->key, s->number);
	table_del(&c->ends, end);
	s->number = number;
	end_key(end, s->client->key, s->number);
	r = table_put(&c->ends, end, ci);
	assert(r == 0); /* where one was taken out there is room */
	(void)r;
}

int
circuits_open(struct circuits *c, usec_t now, const uint8_t opener[static 32], uint32_t number,
    const uint8_t other[static 32], struct circuit_end *ret)
{
	struct circuit *ci = find(c, opener, number);
	struct client *a, *b;
	int r = -ENOMEM;

	assert(side_of(number) == OPENER);
	if (memcmp(opener, other, 32) == 0)
		return ERR_DENIED;
	if (ci != NULL && memcmp(ci->side[OTHER].client->key, other, 32) != 0)
		return ERR_CONFLICT;
	if (ci == NULL) {
		ci = between(c, opener, other);
		if (ci != NULL)
			renumber(c, ci, number);
	}
	if (ci == NULL) {
		if (c->idle.count >= c->limit)
			return ERR_FULL;
		a = client_get(c, now, opener);
		b = client_get(c, now, other);
		if (a != NULL && b != NULL)
			r = a->count < CIRCUITS_OF_CLIENT && b->count < CIRCUITS_OF_CLIENT
			        ? circuit_new(c, now, a, number, b, &ci)
			        : ERR_FULL;
		if (ci == NULL) {
			client_drop_unused(c, table_get(&c->clients, opener));
			client_drop_unused(c, table_get(&c->clients, other));
			return r;
		}
	}
	ci->announced = now;
	end_of(ret, ci, OTHER);
	return 0;
}

enum relay_code
circuits_code(int r)
{
	switch (r) {
	case 0: return RELAY_OK;
	case ERR_FULL:
	case -ENOMEM: return RELAY_FULL;
	}
	return RELAY_DENIED;
}

/*
 * Passing on
 */

/* Counts who is sending, second by second; the last whole one tells how many share. */
static void
count_sender(struct circuits *c, struct client *cl, usec_t now)
{
	uint64_t second = now / USEC_PER_SEC + 1;

	if (second != c->second) {
		c->senders_before = second == c->second + 1 ? c->senders : 0;
		c->senders = 0;
		c->second = second;
	}
	if (cl->second != second) {
		cl->second = second;
		c->senders++;
	}
}

static bool
take_share(struct circuits *c, struct client *cl, usec_t now, size_t len)
{
	uint64_t share, burst;

	count_sender(c, cl, now);
	share = share_of(c);
	burst = burst_of(share);
	/* A share that became smaller still lets a handshake through. */
	if (cl->spent.taken > burst * USEC_PER_SEC)
		cl->spent.taken = (burst - CIRCUIT_SHARE_MIN) * USEC_PER_SEC;
	return bucket_take(&cl->spent, now, share, burst, len);
}

int
circuits_pass(struct circuits *c, usec_t now, const uint8_t key[static 32], uint32_t number,
    size_t len, struct circuit_hop *ret)
{
	struct circuit *ci = find(c, key, number);
	enum side from = side_of(number);
	struct client *cl;

	if (ci == NULL)
		return ERR_UNKNOWN;
	cl = ci->side[from].client;
	if (!take_share(c, cl, now, len)) {
		c->totals.dropped++;
		return ERR_LIMITED;
	}
	ci->last = now;
	ci->used |= from == OTHER;
	cl->bytes += len;
	c->totals.packets++;
	c->totals.bytes += len;
	end_of(&ret->to, ci, from == OPENER ? OTHER : OPENER);
	ret->from_key = cl->key;
	ret->announce = !ci->used && now - ci->announced >= CIRCUIT_ANNOUNCE;
	if (ret->announce)
		ci->announced = now;
	return 0;
}

/*
 * Closing
 */

int
circuits_close(struct circuits *c, const uint8_t key[static 32], uint32_t number,
    enum relay_code code, struct circuit_end *ret)
{
	struct circuit *ci = find(c, key, number);

	if (ci == NULL)
		return ERR_UNKNOWN;
	if (code == RELAY_NO_SUCH && side_of(number) == OTHER && !ci->used) {
		ci->announced = 0;
		return ERR_STATE;
	}
	end_of(ret, ci, side_of(number) == OPENER ? OTHER : OPENER);
	circuit_free(c, ci);
	return 0;
}

bool
circuits_leave(struct circuits *c, const uint8_t key[static 32], struct circuit_end *ret)
{
	struct client *cl = table_get(&c->clients, key);
	enum side s;

	if (cl == NULL)
		return false;
	s = cl->circuits[OPENER] != NULL ? OPENER : OTHER;
	end_of(ret, cl->circuits[s], s == OPENER ? OTHER : OPENER);
	circuit_free(c, cl->circuits[s]);
	return true;
}

static void
close_both(struct circuits *c, struct circuit *ci, struct circuit_end ret[static 2])
{
	end_of(&ret[0], ci, OPENER);
	end_of(&ret[1], ci, OTHER);
	circuit_free(c, ci);
}

bool
circuits_stop(struct circuits *c, struct circuit_end ret[static 2])
{
	struct heap_item *any = heap_first(&c->idle);

	if (any == NULL)
		return false;
	close_both(c, CONTAINER_OF(any, struct circuit, idle), ret);
	return true;
}

/* A circuit's place in the heap is moved only when it comes first: packets do not touch it. */
bool
circuits_expire(struct circuits *c, usec_t now, struct circuit_end ret[static 2])
{
	while (due_reached(heap_next_due(&c->idle), now)) {
		struct circuit *ci = CONTAINER_OF(heap_first(&c->idle), struct circuit, idle);

		if (now - ci->last < CIRCUIT_IDLE) {
			(void)heap_set(&c->idle, &ci->idle, ci->last + CIRCUIT_IDLE);
			continue;
		}
		close_both(c, ci, ret);
		return true;
	}
	return false;
}

usec_t
circuits_next_due(const struct circuits *c)
{
	return heap_next_due(&c->idle);
}

uint32_t
circuits_count(const struct circuits *c)
{
	return (uint32_t)c->idle.count;
}

uint32_t
circuits_of(const struct circuits *c, const uint8_t key[static 32], uint64_t *bytes)
{
	const struct client *cl = table_get(&c->clients, key);

	*bytes = cl != NULL ? cl->bytes : 0;
	return cl != NULL ? cl->count : 0;
}

struct circuits_totals
circuits_totals(const struct circuits *c)
{
	return c->totals;
}
