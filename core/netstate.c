/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netstate.c - the network state as bytes. What is encoded is decoded again before it leaves, so that
 * the rules stand once.
 */
#include "core/netstate.h"

#include "core/crypto.h"
#include "core/object.h"

#include <errno.h>
#include <stdlib.h>

enum {
	TAG_NETWORK = 0x01,
	TAG_ISSUER = 0x02,
	TAG_VERSION = 0x03,
	TAG_ISSUED = 0x04,
	TAG_EXPIRES = 0x05,
	TAG_FLAGS = 0x0d,
	TAG_NEXT_UPDATE = 0x20,
	TAG_PREVIOUS = 0x21,
	TAG_LOG_HEAD = 0x22,
	TAG_MIN_NOT_BEFORE = 0x23,
	TAG_LIGHTHOUSES = 0x24,
	TAG_RANGES = 0x25,
	TAG_KEYS = 0x26,
	TAG_CAS = 0x27,
};

#define RANGE_LEN 32 /* issuer, first, last */
#define KEY_LEN   32
#define CA_LEN    16

/* A state on its way from bytes: the fields with lists, until there is memory for them. */
struct parse {
	struct netstate s;
	struct rd lighthouses, ranges, keys, cas;
};

/*
 * Decoding
 */

/* Takes one endpoint that `l` does not have yet. */
static enum breach
decode_endpoint(struct bundle_lighthouse *l, struct rd *v)
{
	char text[ENDPOINT_TEXT_MAX] = { 0 };
	size_t len = rd_u8(v);
	const uint8_t *p = rd_take(v, len);
	uint32_t count;

	if (p == NULL)
		return BREACH_FIELD_LENGTH;
	memcpy(text, p, len);
	for (uint32_t i = 0; i < l->endpoint_count; i++) {
		if (strcmp(l->endpoints[i], text) == 0)
			return BREACH_ENDPOINT;
	}
	count = l->endpoint_count;
	if (strlen(text) != len || endpoint_take(l, text) < 0)
		return BREACH_ENDPOINT;
	/* What did not become an endpoint is the port of streams, which was checked. */
	return l->endpoint_count == count || endpoint_check(text) == 0 ? BREACH_NONE
	                                                              : BREACH_ENDPOINT;
}

static enum breach
decode_lighthouse(struct netstate_lighthouse *to, struct rd *v)
{
	uint32_t count;

	memset(to, 0, sizeof(*to));
	rd_bytes(v, to->key, sizeof(to->key));
	count = rd_u8(v);
	for (uint32_t i = 0; i < count; i++) {
		enum breach b = decode_endpoint(&to->where, v);

		if (b != BREACH_NONE)
			return b;
	}
	if (v->failed)
		return BREACH_FIELD_LENGTH;
	return to->where.endpoint_count > 0 ? BREACH_NONE : BREACH_ENDPOINT;
}

/* How many there are, and with `to` not NULL what they are. */
static enum breach
decode_lighthouses(struct netstate_lighthouse *to, uint32_t *count, struct rd v)
{
	struct netstate_lighthouse one;
	uint8_t last[KEY_LEN];

	*count = 0;
	while (v.left > 0) {
		enum breach b = decode_lighthouse(&one, &v);

		if (b != BREACH_NONE)
			return b;
		if (*count > 0 && memcmp(last, one.key, KEY_LEN) >= 0)
			return BREACH_LIST_ORDER;
		if (*count == NETSTATE_LIGHTHOUSES_MAX)
			return BREACH_LIST_LONG;
		memcpy(last, one.key, KEY_LEN);
		if (to != NULL)
			to[*count] = one;
		(*count)++;
	}
	return BREACH_NONE;
}

static enum breach
decode_ranges(struct netstate_range *to, uint32_t count, struct rd v)
{
	enum breach b;

	for (uint32_t i = 0; i < count; i++) {
		rd_bytes(&v, to[i].issuer, sizeof(to[i].issuer));
		to[i].first = rd_u64(&v);
		to[i].last = rd_u64(&v);
		if (to[i].first == 0 || to[i].last < to[i].first)
			return BREACH_RANGE;
		b = i > 0 ? netstate_range_follows(&to[i - 1], &to[i]) : BREACH_NONE;
		if (b != BREACH_NONE)
			return b;
	}
	return BREACH_NONE;
}

/* Entries that are their bytes. */
static enum breach
decode_items(void *to, uint32_t count, size_t size, struct rd v)
{
	uint8_t *p = to;

	for (uint32_t i = 0; i < count; i++) {
		rd_bytes(&v, p + i * size, size);
		if (i > 0 && memcmp(p + (i - 1) * size, p + i * size, size) >= 0)
			return BREACH_LIST_ORDER;
	}
	return BREACH_NONE;
}

static enum breach
decode_count(uint32_t *count, struct rd *list, size_t size, struct rd *v)
{
	*list = *v;
	*count = (uint32_t)(v->left / size);
	if (v->left == 0)
		return BREACH_EMPTY_LIST;
	return v->left % size == 0 ? BREACH_NONE : BREACH_FIELD_LENGTH;
}

/* 32 bytes that are not zeros. */
static enum breach
decode_hash(uint8_t to[static 32], struct rd *v)
{
	rd_bytes(v, to, 32);
	return crypto_is_zero(to, 32) ? BREACH_ZERO : BREACH_NONE;
}

static enum breach
decode_time(uint64_t *to, struct rd *v)
{
	*to = rd_u64(v);
	return *to <= CERT_TIME_MAX ? BREACH_NONE : BREACH_TIME;
}

static enum breach
take(void *to, int tag, struct rd *v)
{
	struct parse *p = to;
	struct netstate *s = &p->s;
	uint32_t flags;

	switch (tag) {
	case TAG_NETWORK: rd_bytes(v, s->network, sizeof(s->network)); return BREACH_NONE;
	case TAG_ISSUER: rd_bytes(v, s->issuer, sizeof(s->issuer)); return BREACH_NONE;
	case TAG_VERSION: s->version = rd_u64(v); return s->version > 0 ? BREACH_NONE : BREACH_SERIAL;
	case TAG_ISSUED: return decode_time(&s->issued, v);
	case TAG_EXPIRES: return decode_time(&s->expires, v);
	case TAG_FLAGS:
		flags = rd_u32(v);
		s->required = flags == CERT_STATE_REQUIRED;
		return s->required || flags == 0 ? BREACH_NONE : BREACH_FLAGS;
	case TAG_NEXT_UPDATE: return decode_time(&s->next_update, v);
	case TAG_PREVIOUS: return decode_hash(s->previous, v);
	case TAG_LOG_HEAD: return decode_hash(s->log_head, v);
	case TAG_MIN_NOT_BEFORE:
		s->min_not_before = rd_u64(v);
		return s->min_not_before == 0              ? BREACH_ZERO
		       : s->min_not_before > CERT_TIME_MAX ? BREACH_TIME
		                                           : BREACH_NONE;
	case TAG_LIGHTHOUSES:
		p->lighthouses = *v;
		return v->left > 0 ? decode_lighthouses(NULL, &s->lighthouse_count, *v)
		                   : BREACH_EMPTY_LIST;
	case TAG_RANGES: return decode_count(&s->range_count, &p->ranges, RANGE_LEN, v);
	case TAG_KEYS: return decode_count(&s->key_count, &p->keys, KEY_LEN, v);
	case TAG_CAS: return decode_count(&s->ca_count, &p->cas, CA_LEN, v);
	}
	return BREACH_TAG;
}

static const struct object_rule rules[] = {
	{ TAG_NETWORK, true, 16 },
	{ TAG_ISSUER, true, 16 },
	{ TAG_VERSION, true, 8 },
	{ TAG_ISSUED, true, 8 },
	{ TAG_EXPIRES, true, 8 },
	{ TAG_FLAGS, true, 4 },
	{ TAG_NEXT_UPDATE, true, 8 },
	{ TAG_PREVIOUS, false, 32 },
	{ TAG_LOG_HEAD, false, 32 },
	{ TAG_MIN_NOT_BEFORE, false, 8 },
	{ TAG_LIGHTHOUSES, false, 0 },
	{ TAG_RANGES, false, 0 },
	{ TAG_KEYS, false, 0 },
	{ TAG_CAS, false, 0 },
};

static const struct object_format format = {
	.kind = OBJECT_STATE,
	.max = NETSTATE_MAX,
	.take = take,
	.rules = rules,
	.rule_count = ARRAY_LEN(rules),
};

/* Rules that need more than one field. */
static enum breach
check_fields(const struct netstate *s)
{
	if (s->issued >= s->next_update || s->next_update > s->expires)
		return BREACH_TIME;
	return (uint64_t)s->range_count + s->key_count + s->ca_count <= NETSTATE_ENTRIES_MAX
	           ? BREACH_NONE
	           : BREACH_LIST_LONG;
}

/* The lists, in memory of their size, by falling alignment; it is `s->lists`. */
static enum breach
decode_lists(struct parse *p, uint8_t *memory)
{
	struct netstate *s = &p->s;
	struct netstate_range *ranges = (void *)memory;
	struct netstate_lighthouse *lighthouses = (void *)(ranges + s->range_count);
	struct netstate_key *keys = (void *)(lighthouses + s->lighthouse_count);
	struct netstate_ca *cas = (void *)(keys + s->key_count);
	enum breach b = decode_lighthouses(lighthouses, &s->lighthouse_count, p->lighthouses);

	if (b == BREACH_NONE)
		b = decode_ranges(ranges, s->range_count, p->ranges);
	if (b == BREACH_NONE)
		b = decode_items(keys, s->key_count, KEY_LEN, p->keys);
	if (b == BREACH_NONE)
		b = decode_items(cas, s->ca_count, CA_LEN, p->cas);
	s->lighthouses = lighthouses;
	s->ranges = ranges;
	s->keys = keys;
	s->cas = cas;
	s->lists = memory;
	return b;
}

static size_t
lists_size(const struct netstate *s)
{
	return s->lighthouse_count * sizeof(*s->lighthouses) + s->range_count * sizeof(*s->ranges) +
	       s->key_count * sizeof(*s->keys) + s->ca_count * sizeof(*s->cas);
}

int
netstate_decode(struct netstate *ret, const uint8_t *bytes, size_t len, enum breach *why)
{
	struct parse p = { 0 };
	uint8_t *memory;
	enum breach b = object_read(&p, &format, bytes, len);

	if (b == BREACH_NONE)
		b = check_fields(&p.s);
	if (b != BREACH_NONE)
		return breach_set(why, b);
	memory = malloc(lists_size(&p.s) + 1);
	if (memory == NULL)
		return -ENOMEM;
	b = decode_lists(&p, memory);
	if (b != BREACH_NONE) {
		free(memory);
		return breach_set(why, b);
	}
	object_fingerprint(p.s.fingerprint, bytes, len);
	*ret = p.s;
	return breach_set(why, BREACH_NONE);
}

void
netstate_free(struct netstate *s)
{
	free(s->lists);
	s->lists = NULL;
	s->lighthouse_count = s->range_count = s->key_count = s->ca_count = 0;
	s->lighthouses = NULL;
	s->ranges = NULL;
	s->keys = NULL;
	s->cas = NULL;
}

/*
 * Encoding
 */

static void
encode_lighthouses(struct wr *w, const struct netstate *s)
{
	uint8_t *len_at;

	if (s->lighthouse_count == 0)
		return;
	len_at = object_open_field(w, TAG_LIGHTHOUSES);
	for (uint32_t i = 0; i < s->lighthouse_count; i++) {
		const struct bundle_lighthouse *l = &s->lighthouses[i].where;
		uint32_t count = endpoint_count_all(l);

		wr_bytes(w, s->lighthouses[i].key, KEY_LEN);
		wr_u8(w, (uint8_t)count);
		for (uint32_t k = 0; k < count; k++) {
			char room[ENDPOINT_TEXT_MAX];
			const char *text = endpoint_nth(l, k, room);
			size_t len = strnlen(text, ENDPOINT_TEXT_MAX - 1);

			wr_u8(w, (uint8_t)len);
			wr_bytes(w, text, len);
		}
	}
	object_close_field(w, len_at);
}

static void
encode_lists(struct wr *w, const struct netstate *s)
{
	encode_lighthouses(w, s);
	if (s->range_count > 0) {
		uint8_t *len_at = object_open_field(w, TAG_RANGES);

		for (uint32_t i = 0; i < s->range_count; i++) {
			wr_bytes(w, s->ranges[i].issuer, sizeof(s->ranges[i].issuer));
			wr_u64(w, s->ranges[i].first);
			wr_u64(w, s->ranges[i].last);
		}
		object_close_field(w, len_at);
	}
	if (s->key_count > 0)
		object_put(w, TAG_KEYS, s->keys, s->key_count * sizeof(*s->keys));
	if (s->ca_count > 0)
		object_put(w, TAG_CAS, s->cas, s->ca_count * sizeof(*s->cas));
}

static void
put_hash(struct wr *w, uint8_t tag, const uint8_t hash[static 32])
{
	if (!crypto_is_zero(hash, 32))
		object_put(w, tag, hash, 32);
}

static void
encode_body(struct wr *w, const struct netstate *s)
{
	object_put(w, TAG_NETWORK, s->network, sizeof(s->network));
	object_put(w, TAG_ISSUER, s->issuer, sizeof(s->issuer));
	object_put_uint(w, TAG_VERSION, s->version, 8);
	object_put_uint(w, TAG_ISSUED, s->issued, 8);
	object_put_uint(w, TAG_EXPIRES, s->expires, 8);
	object_put_uint(w, TAG_FLAGS, s->required ? CERT_STATE_REQUIRED : 0, 4);
	object_put_uint(w, TAG_NEXT_UPDATE, s->next_update, 8);
	put_hash(w, TAG_PREVIOUS, s->previous);
	put_hash(w, TAG_LOG_HEAD, s->log_head);
	if (s->min_not_before != 0)
		object_put_uint(w, TAG_MIN_NOT_BEFORE, s->min_not_before, 8);
	encode_lists(w, s);
}

/* Decodes what was written, for its rules and its fingerprint. */
static int
check(uint8_t fingerprint[static 32], const uint8_t *object, size_t len, enum breach *why)
{
	struct netstate again;
	int rc = netstate_decode(&again, object, len, why);

	if (rc < 0)
		return rc;
	memcpy(fingerprint, again.fingerprint, 32);
	netstate_free(&again);
	return 0;
}

int
netstate_encode(const struct netstate *s, uint8_t *to, size_t cap,
    const uint8_t signature[static OBJECT_SIGNATURE], enum breach *why)
{
	struct wr w = wr_init(to, cap);
	uint8_t fingerprint[32];
	uint8_t *body_len = object_begin(&w, OBJECT_STATE, ALG_ED25519);
	int rc;

	encode_body(&w, s);
	object_end(&w, body_len);
	wr_bytes(&w, signature, OBJECT_SIGNATURE);
	rc = wr_end(&w);
	if (rc >= 0)
		rc = check(fingerprint, to, w.len, why);
	return rc < 0 ? rc : (int)w.len;
}

int
netstate_sign(struct netstate *s, uint8_t *to, size_t cap, const uint8_t seed[static 32],
    enum breach *why)
{
	static const uint8_t unsigned_yet[OBJECT_SIGNATURE];
	struct netstate done = *s;
	uint8_t key[CRYPTO_SIGN_KEY];
	int rc, len;

	crypto_ed25519_public(key, seed);
	cert_key_id(done.issuer, key);
	len = netstate_encode(&done, to, cap, unsigned_yet, why);
	if (len < 0)
		return len;
	rc = object_sign(to, (size_t)len, seed);
	if (rc < 0)
		return rc;
	object_fingerprint(done.fingerprint, to, (size_t)len);
	*s = done;
	return len;
}

struct state_id
netstate_id(const struct netstate *s)
{
	struct state_id id = { .version = s->version };

	memcpy(id.hash, s->fingerprint, sizeof(id.hash));
	return id;
}
