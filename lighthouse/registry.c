/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * registry.c - a table of rows, and a heap of when they end.
 */
#include "lighthouse/registry.h"
#include "core/bytes.h"
#include "core/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct registry {
	struct table rows;
	struct heap expiry;
};

struct registry *
registry_new(const struct rng *rng, uint32_t limit)
{
	struct registry *r = calloc(1, sizeof(*r));
	uint8_t key[16];

	if (r == NULL)
		return NULL;
	rng_fill(rng, key, sizeof(key));
	table_init(&r->rows, key, 32, limit);
	return r;
}

static void
row_free(struct registry *r, struct registration *g)
{
	(void)heap_set(&r->expiry, &g->expiry, 0);
	table_del(&r->rows, g->key);
	free(g->said);
	free(g);
}

void
registry_free(struct registry *r)
{
	struct heap_item *i;

	if (r == NULL)
		return;
	while ((i = heap_first(&r->expiry)) != NULL)
		row_free(r, CONTAINER_OF(i, struct registration, expiry));
	heap_free(&r->expiry);
	table_free(&r->rows);
	free(r);
}

struct registration *
registry_get(const struct registry *r, const uint8_t key[static 32])
{
	return table_get(&r->rows, key);
}

static int
row_new(struct registry *r, usec_t now, const uint8_t key[static 32], struct registration **ret)
{
	struct registration *g = calloc(1, sizeof(*g));
	int rc;

	if (g == NULL)
		return -ENOMEM;
	memcpy(g->key, key, 32);
	rc = table_put(&r->rows, key, g);
	if (rc == 0)
		rc = heap_set(&r->expiry, &g->expiry, now + REGISTRY_TTL);
	if (rc < 0)
		row_free(r, g);
	else
		*ret = g;
	return rc;
}

/* What is kept of it: no more than can be passed on. */
static struct candidates
cut(const struct candidates *c)
{
	struct candidates ret = { .seq = c->seq, .nat = c->nat };

	while (ret.eps.n < c->eps.n && ret.eps.n < CONTACT_EPS) {
		ret.eps.ep[ret.eps.n] = c->eps.ep[ret.eps.n];
		ret.eps.n++;
	}
	while (ret.relays.n < c->relays.n && ret.relays.n < CONTACT_RELAYS) {
		memcpy(ret.relays.key[ret.relays.n], c->relays.key[ret.relays.n], 32);
		ret.relays.n++;
	}
	return ret;
}

void
registration_said(const struct registration *g, struct candidates *ret)
{
	uint8_t copy[FRAME_MAX];
	struct frame f;
	int r;

	*ret = (struct candidates){ 0 };
	if (g->said_len == 0)
		return;
	memcpy(copy, g->said, g->said_len);
	r = frame_open(&f, copy, g->said_len);
	assert(r == FRAME_SPOKEN);
	r = candidates_decode(ret, &f);
	assert(r == 0);
	(void)r;
}

int
registration_say(struct registration *g, const struct candidates *said)
{
	struct candidates kept = cut(said);
	uint8_t frame[FRAME_MAX], *copy;
	int len = candidates_encode(frame, sizeof(frame), FRAME_CANDIDATES, &kept);

	assert(len > 0);
	if (g->said_len == len && memcmp(g->said, frame, (size_t)len) == 0)
		return 0;
	copy = malloc((size_t)len);
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, frame, (size_t)len);
	free(g->said);
	g->said = copy;
	g->said_len = (uint16_t)len;
	return 1;
}

/*
 * The row on disk: u8 version, u64 when the node was last heard (Unix seconds), and a CANDIDATES
 * frame whose first endpoint is the observed one.
 */
#define ROW_VERSION 1
#define ROW_HEAD    9
#define ROW_MAX     (ROW_HEAD + FRAME_MAX)

static struct ep
observed_ep(const struct registration *g)
{
	struct ep e = { .kind = g->in_stream ? EP_TCP : EP_REFLEXIVE, .addr = g->observed };

	e.addr.scope = 0;
	return e;
}

static void
row_write(struct registration *g, struct instant now, struct outbox *out)
{
	uint8_t row[ROW_MAX];
	struct wr w = wr_init(row, sizeof(row));
	struct candidates c;
	int len;

	wr_u8(&w, ROW_VERSION);
	wr_u64(&w, now.wall / USEC_PER_SEC);
	registration_said(g, &c);
	memmove(&c.eps.ep[1], &c.eps.ep[0], c.eps.n * sizeof(c.eps.ep[0]));
	c.eps.ep[0] = observed_ep(g);
	c.eps.n++;
	len = candidates_encode(row + ROW_HEAD, sizeof(row) - ROW_HEAD, FRAME_CANDIDATES, &c);
	assert(len > 0);
	outbox_remember(out, MEMORY_REGISTRATION, g->key, sizeof(g->key), row,
	    ROW_HEAD + (uint32_t)len, 0);
	g->written = now.mono;
}

static void
heard(struct registration *g, struct instant now, const struct addr *at, bool in_stream,
    bool changed, struct outbox *out)
{
	changed |= g->written == 0 || !addr_equal(&g->observed, at) || g->in_stream != in_stream ||
	           now.mono - g->written >= REGISTRY_REWRITE;
	g->observed = *at;
	g->in_stream = in_stream;
	g->heard = now.mono;
	g->seen = now.mono;
	if (changed)
		row_write(g, now, out);
}

void
registration_heard(struct registration *g, struct instant now, const struct addr *at,
    bool in_stream, struct outbox *out)
{
	/* Keepalives come over both families, and each moves only what it is of. */
	if (at->family != g->observed.family && in_stream == g->in_stream &&
	    now.mono - g->seen < REGISTRY_TTL / 2)
		g->heard = now.mono;
	else
		heard(g, now, at, in_stream, false, out);
}

int
registry_put(struct registry *r, struct instant now, const uint8_t key[static 32],
    const struct addr *observed, bool in_stream, const struct candidates *c, struct outbox *out,
    struct registration **ret)
{
	struct registration *g = registry_get(r, key);
	bool fresh = g == NULL;
	int rc = fresh ? row_new(r, now.mono, key, &g) : 0;

	if (rc < 0)
		return rc;
	rc = registration_say(g, c);
	if (rc < 0) {
		if (fresh)
			row_free(r, g);
		return rc;
	}
	heard(g, now, observed, in_stream, rc > 0, out);
	*ret = g;
	return 0;
}

void
registration_contact(struct contact *ret, const struct registration *g)
{
	struct candidates said;

	registration_said(g, &said);
	ret->nat = said.nat;
	ret->relays = said.relays;
	ret->eps = (struct eps){ .n = 1 };
	ret->eps.ep[0] = observed_ep(g);
	for (size_t i = 0; i < said.eps.n && ret->eps.n < CONTACT_EPS; i++) {
		const struct ep *e = &said.eps.ep[i];

		if (e->kind != EP_TCP && addr_equal(&e->addr, &ret->eps.ep[0].addr))
			continue;
		ret->eps.ep[ret->eps.n++] = *e;
	}
}

static void
row_forget(struct registry *r, struct registration *g, struct outbox *out)
{
	outbox_remember(out, MEMORY_REGISTRATION, g->key, sizeof(g->key), NULL, 0, 0);
	row_free(r, g);
}

void
registry_drop(struct registry *r, const uint8_t key[static 32], struct outbox *out)
{
	struct registration *g = registry_get(r, key);

	if (g != NULL)
		row_forget(r, g, out);
}

/* A row's place in the heap is moved only when it comes first: packets do not touch it. */
bool
registry_expire(struct registry *r, usec_t now, struct outbox *out)
{
	while (due_reached(heap_next_due(&r->expiry), now)) {
		struct registration *g =
		    CONTAINER_OF(heap_first(&r->expiry), struct registration, expiry);

		if (now - g->heard < REGISTRY_TTL) {
			(void)heap_set(&r->expiry, &g->expiry, g->heard + REGISTRY_TTL);
			continue;
		}
		row_forget(r, g, out);
		return true;
	}
	return false;
}

usec_t
registry_next_due(const struct registry *r)
{
	return heap_next_due(&r->expiry);
}

uint32_t
registry_count(const struct registry *r)
{
	return r->rows.count;
}

struct registration *
registry_next(const struct registry *r, size_t *cursor)
{
	return table_next(&r->rows, cursor, NULL);
}

static int
row_read(struct candidates *ret, uint64_t *heard_at, const uint8_t *value, size_t len)
{
	uint8_t copy[ROW_MAX];
	struct rd r = rd_init(value, len);
	uint8_t version = rd_u8(&r);
	struct frame f;
	int rc;

	*heard_at = rd_u64(&r);
	if (r.failed)
		return ERR_SHORT;
	if (version != ROW_VERSION)
		return ERR_VERSION;
	if (len > sizeof(copy))
		return ERR_EXCESS;
	memcpy(copy, value, len);
	rc = frame_open(&f, copy + ROW_HEAD, len - ROW_HEAD);
	if (rc < 0)
		return rc;
	if (rc != FRAME_SPOKEN || f.type != FRAME_CANDIDATES)
		return ERR_FORMAT;
	rc = candidates_decode(ret, &f);
	return rc == 0 && ret->eps.n == 0 ? ERR_FORMAT : rc;
}

int
registry_recall(struct registry *r, struct instant now, const uint8_t *key, size_t key_len,
    const uint8_t *value, size_t value_len)
{
	struct candidates c;
	struct registration *g;
	uint64_t heard_at;
	struct addr observed;
	bool in_stream;
	int rc = row_read(&c, &heard_at, value, value_len);

	if (rc < 0)
		return rc;
	if (key_len != 32)
		return ERR_FORMAT;
	if (now.wall / USEC_PER_SEC > heard_at + REGISTRY_RECALL / USEC_PER_SEC)
		return ERR_EXPIRED;
	rc = registry_get(r, key) == NULL ? row_new(r, now.mono, key, &g) : ERR_CONFLICT;
	if (rc < 0)
		return rc;
	observed = c.eps.ep[0].addr;
	in_stream = c.eps.ep[0].kind == EP_TCP;
	c.eps.n--;
	memmove(&c.eps.ep[0], &c.eps.ep[1], c.eps.n * sizeof(c.eps.ep[0]));
	c.eps.ep[c.eps.n] = (struct ep){ 0 };
	rc = registration_say(g, &c);
	if (rc < 0) {
		row_free(r, g);
		return rc;
	}
	g->observed = observed;
	g->in_stream = in_stream;
	g->heard = now.mono;
	g->seen = now.mono;
	g->written = now.mono;
	return 0;
}
