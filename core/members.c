/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * members.c - certificates that are held, and who has which name and address.
 *
 * Three indexes point at the same members: by key all of them, by name and by address those that
 * are not superseded. What has expired counts as gone wherever it would stand in somebody's way.
 */
#include "core/members.h"

#include "core/table.h"
#include "core/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct members {
	struct table by_key;
	struct table by_name; /* the name with zeros to NAME_KEY_LEN */
	struct table by_ip;   /* struct ip */
	struct member **all;
	uint32_t count;
	uint32_t cap;
	uint32_t limit;
	uint32_t cursor; /* where members_expire looks next */
	struct cert own; /* reserved; without a name: nothing is */
	struct pins *pins; /* NULL: there are none */
};

#define NAME_KEY_LEN (NAME_MAX_LEN + 1)

struct members *
members_new(const struct rng *rng, uint32_t limit)
{
	struct members *ms = calloc(1, sizeof(*ms));
	uint8_t hash_key[16];

	if (ms == NULL)
		return NULL;
	ms->limit = limit;
	rng_fill(rng, hash_key, sizeof(hash_key));
	table_init(&ms->by_key, hash_key, 32, limit);
	table_init(&ms->by_name, hash_key, NAME_KEY_LEN, limit);
	table_init(&ms->by_ip, hash_key, sizeof(struct ip), limit * CERT_ADDRESSES_MAX);
	return ms;
}

static void
member_free(struct member *m)
{
	free(m->bytes);
	free(m);
}

void
members_free(struct members *ms)
{
	if (ms == NULL)
		return;
	for (uint32_t i = 0; i < ms->count; i++)
		member_free(ms->all[i]);
	table_free(&ms->by_key);
	table_free(&ms->by_name);
	table_free(&ms->by_ip);
	free(ms->all);
	free(ms->pins);
	free(ms);
}

void
member_cert(const struct member *m, struct cert *ret)
{
	int rc = cert_decode(ret, m->bytes, m->host_len, NULL);

	assert(rc == 0);
	(void)rc;
}

struct member *
members_get(const struct members *ms, const uint8_t key[static 32])
{
	return table_get(&ms->by_key, key);
}

struct member *
members_by_name(const struct members *ms, const char *name)
{
	char padded[NAME_KEY_LEN] = { 0 };

	if (strlen(name) > NAME_MAX_LEN)
		return NULL;
	memcpy(padded, name, strlen(name));
	return table_get(&ms->by_name, padded);
}

struct member *
members_by_ip(const struct members *ms, struct ip ip)
{
	return table_get(&ms->by_ip, &ip);
}

static bool
expired(const struct member *m, uint64_t now)
{
	return now > m->valid_until;
}

bool
members_is_stock(const struct members *ms, const uint8_t key[static 32], uint64_t now)
{
	const struct member *m = members_get(ms, key);

	return m != NULL && (m->flags & CERT_STOCK) != 0 && !m->superseded && !expired(m, now);
}

uint32_t
members_count(const struct members *ms)
{
	return ms->count;
}

struct member *
members_at(const struct members *ms, uint32_t i)
{
	return i < ms->count ? ms->all[i] : NULL;
}

void
members_stamp(struct member *m, const uint8_t timestamp[static MEMBER_TIMESTAMP_LEN])
{
	/* TAI64N is big-endian. */
	if (memcmp(timestamp, m->timestamp, MEMBER_TIMESTAMP_LEN) > 0)
		memcpy(m->timestamp, timestamp, MEMBER_TIMESTAMP_LEN);
}

/* Takes from `m` the name and addresses that it has in the indexes. */
static void
unindex(struct members *ms, const struct member *m)
{
	struct cert c;

	member_cert(m, &c);
	if (table_get(&ms->by_name, m->name) == m)
		(void)table_del(&ms->by_name, m->name);
	for (uint32_t i = 0; i < c.address_count; i++) {
		if (members_by_ip(ms, c.addresses[i].ip) == m)
			(void)table_del(&ms->by_ip, &c.addresses[i].ip);
	}
}

/* Without memory `m` stays found by its key, and by less than all of the rest. */
static int
index_member(struct members *ms, struct member *m, const struct cert *c)
{
	int rc = table_put(&ms->by_name, m->name, m);

	for (uint32_t i = 0; rc == 0 && i < c->address_count; i++)
		rc = table_put(&ms->by_ip, &c->addresses[i].ip, m);
	return rc;
}

/* `m` has its name again, and those of its addresses that nobody else has by now. */
static void
revive(struct members *ms, struct member *m)
{
	struct cert c;

	member_cert(m, &c);
	m->superseded = table_put(&ms->by_name, m->name, m) < 0;
	for (uint32_t i = 0; !m->superseded && i < c.address_count; i++) {
		if (members_by_ip(ms, c.addresses[i].ip) == NULL)
			(void)!table_put(&ms->by_ip, &c.addresses[i].ip, m);
	}
}

static void
remove_member(struct members *ms, struct member *m, struct outbox *o)
{
	unindex(ms, m);
	(void)table_del(&ms->by_key, m->key);
	ms->all[m->index] = ms->all[--ms->count];
	ms->all[m->index]->index = m->index;
	if (o != NULL)
		outbox_remember(o, MEMORY_MEMBER, m->key, sizeof(m->key), NULL, 0, 0);
	member_free(m);
}

void
members_drop(struct members *ms, struct member *m, struct outbox *o)
{
	remove_member(ms, m, o);
}

uint32_t
members_expire(struct members *ms, uint64_t now, uint32_t max, struct outbox *o)
{
	uint32_t removed = 0;

	for (uint32_t looked = 0; looked < max && ms->count > 0; looked++) {
		if (ms->cursor >= ms->count)
			ms->cursor = 0;
		if (!expired(ms->all[ms->cursor], now)) {
			ms->cursor++;
			continue;
		}
		/* The last one comes here and is looked at next. */
		remove_member(ms, ms->all[ms->cursor], o);
		removed++;
	}
	return removed;
}

int
members_pin(struct members *ms, const struct pin_list *list)
{
	if (ms->pins == NULL && list->count == 0)
		return 0;
	if (ms->pins == NULL)
		ms->pins = calloc(1, sizeof(*ms->pins));
	return ms->pins != NULL ? pins_set(ms->pins, list) : -ENOMEM;
}

const struct pins *
members_pins(const struct members *ms)
{
	static const struct pins none;

	return ms->pins != NULL ? ms->pins : &none;
}

void
members_revive(struct members *ms)
{
	for (size_t i = 0; ms->pins != NULL && i < ms->pins->count; i++) {
		const struct pin *p = &ms->pins->row[i].pin;

		for (uint32_t k = 0; k < ms->count && members_by_name(ms, p->name) == NULL; k++) {
			if (strcmp(ms->all[k]->name, p->name) == 0 && pin_fits(p, ms->all[k]->key))
				revive(ms, ms->all[k]);
		}
	}
}

void
members_reserve(struct members *ms, const struct cert *own)
{
	ms->own = *own;
}

/* Does `c` claim what this host has itself? */
static bool
claims_ours(const struct members *ms, const struct cert *c)
{
	for (uint32_t i = 0; i < c->address_count; i++) {
		if (cert_has_address(&ms->own, c->addresses[i].ip))
			return true;
	}
	return strcmp(c->name, ms->own.name) == 0 || memcmp(c->key, ms->own.key, 32) == 0;
}

/* Who stands where a certificate wants to be; NULL where nobody does. */
struct claim {
	struct member *key;     /* may have expired: its timestamp stays with the key */
	struct member *name;    /* another key with its name */
	struct member *address; /* yet another with one of its addresses */
};

/* `m`, unless it is `but` or has expired; then it is removed. */
static struct member *
in_the_way(struct members *ms, struct member *m, const struct member *but, uint64_t now,
    struct outbox *o)
{
	if (m == NULL || m == but)
		return NULL;
	if (!expired(m, now))
		return m;
	remove_member(ms, m, o);
	return NULL;
}

static struct claim
claim_of(struct members *ms, const struct cert *c, uint64_t now, struct outbox *o)
{
	struct claim claim = { .key = members_get(ms, c->key) };

	claim.name = in_the_way(ms, members_by_name(ms, c->name), claim.key, now, o);
	for (uint32_t i = 0; i < c->address_count; i++) {
		struct member *m = members_by_ip(ms, c->addresses[i].ip);

		m = in_the_way(ms, m, claim.key, now, o);
		if (m != claim.name && claim.address == NULL)
			claim.address = m;
	}
	return claim;
}

/* Does a certificate come after the one that `m` holds, from the same issuer or its successor? */
static int
comes_after(const struct verified *v, const struct member *m)
{
	const struct cert *c = &v->cert;

	for (uint32_t i = 0; i < v->follows_count; i++) {
		if (memcmp(v->follows[i], m->issuer, sizeof(m->issuer)) == 0)
			return 0;
	}
	if (memcmp(c->issuer, m->issuer, sizeof(m->issuer)) != 0 || c->serial == m->serial)
		return ERR_CONFLICT;
	return c->serial > m->serial ? 0 : ERR_SUPERSEDED;
}

/* May `v` take the places that it claims? If not, `*holder` is who keeps them. */
static int
claim_judge(const struct claim *claim, const struct verified *v, uint64_t now,
    struct member **holder)
{
	int rc = 0;

	*holder = claim->key;
	if (claim->key != NULL && !expired(claim->key, now))
		rc = comes_after(v, claim->key);
	if (rc == 0 && claim->name != NULL) {
		*holder = claim->name;
		rc = comes_after(v, claim->name);
	}
	if (rc == 0 && claim->address != NULL) {
		*holder = claim->address;
		rc = ERR_CONFLICT;
	}
	return rc;
}

/* The fact that `c` is refused for the pin `p`. */
static struct trace_fact
fact_of_pin(const struct pin *p, const struct cert *c)
{
	struct trace_fact f = {
		.what = strcmp(p->name, c->name) == 0 ? TRACE_PIN_KEY : TRACE_PIN_NAME,
		.level = TRACE_WARNING,
		.number = (int64_t)c->serial,
	};

	memcpy(f.name, c->name, strlen(c->name) + 1);
	memcpy(f.other, p->name, strlen(p->name) + 1);
	(void)pin_word_bytes(f.words[0], p);
	cert_key_word_bytes(f.words[1], c->key);
	return f;
}

int
members_against_pins(struct members *ms, const struct cert *c, uint64_t now, struct outbox *o)
{
	struct pinned *p = ms->pins != NULL ? pins_against(ms->pins, c->name, c->key) : NULL;
	struct trace_fact f;

	if (p == NULL)
		return 0;
	f = fact_of_pin(&p->pin, c);
	if (pins_refuse(ms->pins, p, c->name, c->key, now) && o != NULL)
		outbox_trace(o, &f);
	return ERR_PINNED;
}

/* A member for a key that is not here yet, in the table but without a certificate. */
static int
add_member(struct members *ms, const uint8_t key[static 32], struct member **ret)
{
	uint32_t cap = ms->cap > 0 ? ms->cap * 2 : 64;
	struct member **all;
	struct member *m;
	int rc;

	if (ms->count == ms->cap) {
		all = realloc(ms->all, cap * sizeof(struct member *));
		if (all == NULL)
			return -ENOMEM;
		ms->all = all;
		ms->cap = cap;
	}
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return -ENOMEM;
	rc = table_put(&ms->by_key, key, m);
	if (rc < 0) {
		free(m);
		return rc;
	}
	memcpy(m->key, key, sizeof(m->key));
	m->index = ms->count;
	ms->all[ms->count++] = m;
	*ret = m;
	return 0;
}

/* Gives `m` another certificate. `bytes` are `m`'s from now on. */
static void
set_certificate(struct member *m, const struct verified *v, uint8_t *bytes, size_t host_len)
{
	const struct cert *c = &v->cert;

	free(m->bytes);
	m->bytes = bytes;
	m->host_len = (uint16_t)host_len;
	m->issuing_len = (uint16_t)v->issuing_len;
	memcpy(m->fingerprint, c->fingerprint, sizeof(m->fingerprint));
	memcpy(m->issuer, c->issuer, sizeof(m->issuer));
	memcpy(m->name, c->name, sizeof(m->name));
	m->serial = c->serial;
	m->valid_from = v->valid_from;
	m->valid_until = v->valid_until;
	m->flags = c->flags;
	m->superseded = false;
}

/* Stores what was found to be allowed, in `*m` or, if that is NULL, in a new member. */
static int
store(struct members *ms, const struct verified *v, const uint8_t *host, size_t host_len,
    struct member *loser, struct member **m)
{
	uint8_t *bytes = malloc(host_len + v->issuing_len);
	int rc = 0;

	if (bytes == NULL)
		return -ENOMEM;
	memcpy(bytes, host, host_len);
	memcpy(bytes + host_len, v->issuing, v->issuing_len);
	if (*m != NULL)
		unindex(ms, *m);
	else
		rc = add_member(ms, v->cert.key, m);
	if (rc < 0) {
		free(bytes);
		return rc;
	}
	set_certificate(*m, v, bytes, host_len);
	if (loser != NULL) {
		unindex(ms, loser);
		loser->superseded = true;
	}
	return index_member(ms, *m, &v->cert);
}

/* The certificate is the one that `m` holds; only its issuing CA may have been renewed. */
static int
learn_again(struct members *ms, const struct verified *v, const uint8_t *host, size_t host_len,
    struct member *m)
{
	int rc;

	if (m->superseded)
		return ERR_SUPERSEDED;
	if (v->valid_until <= m->valid_until)
		return LEARNED_NOTHING;
	rc = store(ms, v, host, host_len, NULL, &m);
	return rc < 0 ? rc : LEARNED_RENEWED;
}

static int
make_room(struct members *ms, uint64_t now, struct outbox *o)
{
	if (ms->count == ms->limit)
		(void)members_expire(ms, now, ms->count, o);
	return ms->count < ms->limit ? 0 : ERR_FULL;
}

int
members_learn(struct members *ms, const struct verified *v, const uint8_t *host, size_t host_len,
    uint64_t now, struct outbox *o, struct member **ret, struct member **loser)
{
	struct claim claim;
	struct member *m, *holder;
	int rc;

	if (claims_ours(ms, &v->cert)) {
		if (loser != NULL)
			*loser = NULL;
		return ERR_CONFLICT;
	}
	claim = claim_of(ms, &v->cert, now, o);
	m = claim.key;
	if (m != NULL && memcmp(m->fingerprint, v->cert.fingerprint, sizeof(m->fingerprint)) == 0) {
		rc = learn_again(ms, v, host, host_len, m);
		holder = members_by_name(ms, m->name);
	} else {
		rc = claim_judge(&claim, v, now, &holder);
		/* An old certificate from before the pin is only old. */
		if (rc != ERR_SUPERSEDED && members_against_pins(ms, &v->cert, now, o) < 0)
			rc = ERR_PINNED;
		if (rc == 0 && m == NULL)
			rc = make_room(ms, now, o);
		if (rc == 0)
			rc = store(ms, v, host, host_len, claim.name, &m);
		if (rc == 0)
			rc = claim.name != NULL  ? LEARNED_REPLACED
			     : claim.key != NULL ? LEARNED_RENEWED
			                         : LEARNED_NEW;
	}
	if (rc >= 0 && ret != NULL)
		*ret = m;
	if ((rc == LEARNED_REPLACED || rc == ERR_CONFLICT || rc == ERR_SUPERSEDED) && loser != NULL)
		*loser = holder;
	return rc;
}
