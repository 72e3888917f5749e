/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * study.c - studies as bytes and as text. What is encoded is decoded again before it leaves, so that
 * the rules stand once.
 */
#include "core/study.h"

#include "core/cert.h"
#include "core/crypto.h"
#include "core/object.h"
#include "core/pem.h"

enum {
	TAG_NETWORK = 0x01,
	TAG_NAME = 0x07,
	TAG_PARTIES = 0x28,
};

static_assert(STUDY_MAX <= OBJECT_MAX, "a study is an object");
static_assert(STUDY_MIN > OBJECT_SIGNATURE, "object_fingerprint() asks for more than that");
static_assert(PEM_LEN(sizeof(PEM_STUDY) - 1, STUDY_MAX) < STUDY_TEXT_MAX, "its file has room");

static bool
same_party(const struct study_party *a, const struct study_party *b)
{
	return strcmp(a->name, b->name) == 0 || memcmp(a->key, b->key, sizeof(a->key)) == 0 ||
	       ip_equal(a->address, b->address);
}

static enum breach
decode_name(char to[static NAME_MAX_LEN + 1], struct rd *v, size_t len)
{
	const uint8_t *p = rd_take(v, len);

	if (p == NULL)
		return BREACH_FIELD_LENGTH;
	if (!text_is_name((const char *)p, len))
		return BREACH_NAME;
	memcpy(to, p, len);
	to[len] = '\0';
	return BREACH_NONE;
}

static enum breach
party_breach(const struct study_party *p)
{
	struct prefix whole = { p->address, (uint8_t)(ip_size(p->address) * 8) };

	if (!crypto_x25519_key_good(p->key))
		return BREACH_KEY;
	if (whole.len == 0 || !cert_prefix_good(whole))
		return BREACH_ADDRESS;
	return p->port != 0 ? BREACH_NONE : BREACH_PORT;
}

static enum breach
decode_party(struct study_party *to, struct rd *v)
{
	enum breach b = decode_name(to->name, v, rd_u8(v));

	if (b != BREACH_NONE)
		return b;
	rd_bytes(v, to->key, sizeof(to->key));
	to->address.family = rd_u8(v);
	rd_bytes(v, to->address.b, ip_size(to->address));
	to->port = rd_u16(v);
	return v->failed ? BREACH_FIELD_LENGTH : party_breach(to);
}

static enum breach
decode_parties(struct study *s, struct rd *v)
{
	while (v->left > 0) {
		struct study_party *p = &s->parties[s->count];
		enum breach b;

		if (s->count == STUDY_PARTIES_MAX)
			return BREACH_PARTIES;
		b = decode_party(p, v);
		if (b != BREACH_NONE)
			return b;
		for (uint32_t i = 0; i < s->count; i++) {
			if (same_party(&s->parties[i], p))
				return BREACH_PARTY_TWICE;
		}
		s->count++;
	}
	return s->count > 0 ? BREACH_NONE : BREACH_PARTIES;
}

static enum breach
decode_field(struct study *s, struct object_field *f)
{
	switch (f->tag) {
	case TAG_NETWORK:
		if (f->value.left != sizeof(s->network))
			return BREACH_FIELD_LENGTH;
		rd_bytes(&f->value, s->network, sizeof(s->network));
		return BREACH_NONE;
	case TAG_NAME: return decode_name(s->name, &f->value, f->value.left);
	case TAG_PARTIES: return decode_parties(s, &f->value);
	}
	return BREACH_TAG;
}

/* Every field must be there: tags ascend, so three of them are the three. */
static enum breach
decode_body(struct study *s, struct rd body)
{
	struct object_field f = { .tag = -1 };
	unsigned seen = 0;

	for (; body.left > 0; seen++) {
		enum breach b = object_next(&f, &body);

		if (b == BREACH_NONE)
			b = decode_field(s, &f);
		if (b != BREACH_NONE)
			return b;
	}
	return seen == 3 ? BREACH_NONE : BREACH_MISSING;
}

int
study_decode(struct study *ret, const uint8_t *p, size_t len, enum breach *why)
{
	struct study s = { .count = 0 };
	struct object o;
	enum breach b = object_open(&o, p, len);

	if (b == BREACH_NONE && o.kind != OBJECT_STUDY)
		b = BREACH_KIND_OTHER;
	if (b == BREACH_NONE && len > STUDY_MAX)
		b = BREACH_TOO_LONG;
	if (b == BREACH_NONE)
		b = decode_body(&s, o.body);
	if (b == BREACH_NONE) {
		object_fingerprint(s.hash, p, len);
		*ret = s;
	}
	return breach_set(why, b);
}

static void
encode_party(struct wr *w, const struct study_party *p)
{
	size_t len = strnlen(p->name, NAME_MAX_LEN);

	wr_u8(w, (uint8_t)len);
	wr_bytes(w, p->name, len);
	wr_bytes(w, p->key, sizeof(p->key));
	wr_u8(w, p->address.family);
	wr_bytes(w, p->address.b, ip_size(p->address));
	wr_u16(w, p->port);
}

int
study_encode(struct study *s, uint8_t *to, size_t cap, enum breach *why)
{
	struct wr w = wr_init(to, cap);
	uint8_t *body_len = object_begin(&w, OBJECT_STUDY, ALG_NONE), *len_at;
	struct study again;
	int rc;

	if (s->count > STUDY_PARTIES_MAX)
		return breach_set(why, BREACH_PARTIES);
	object_put(&w, TAG_NETWORK, s->network, sizeof(s->network));
	object_put(&w, TAG_NAME, s->name, strnlen(s->name, NAME_MAX_LEN));
	len_at = object_open_field(&w, TAG_PARTIES);
	for (uint32_t i = 0; i < s->count; i++)
		encode_party(&w, &s->parties[i]);
	object_close_field(&w, len_at);
	object_end(&w, body_len);
	rc = wr_end(&w);
	if (rc >= 0)
		rc = study_decode(&again, to, w.len, why);
	if (rc < 0)
		return rc;
	memcpy(s->hash, again.hash, sizeof(s->hash));
	return (int)w.len;
}

int
study_read(struct study *ret, const char *text, size_t len, struct err *e)
{
	uint8_t bytes[STUDY_MAX];
	enum breach why;
	int n = pem_read_object(bytes, sizeof(bytes), text, len, e), rc;

	if (n < 0)
		return n;
	rc = study_decode(ret, bytes, (size_t)n, &why);
	return rc < 0 ? err_set(e, rc, "what it holds %s", breach_reason(rc, why)) : 0;
}

int
study_write(struct study *s, char *to, size_t cap, enum breach *why)
{
	uint8_t bytes[STUDY_MAX];
	int n = study_encode(s, bytes, sizeof(bytes), why);

	if (n < 0)
		return n;
	if (cap == 0)
		return ERR_FULL;
	n = pem_write(to, cap - 1, PEM_STUDY, bytes, (size_t)n);
	if (n >= 0)
		to[n] = '\0';
	return n;
}

int
study_index_of(const struct study *s, const uint8_t key[static 32])
{
	for (uint32_t i = 0; i < s->count; i++) {
		if (memcmp(s->parties[i].key, key, 32) == 0)
			return (int)i;
	}
	return ERR_UNKNOWN;
}

int
study_index_named(const struct study *s, const char *name)
{
	for (uint32_t i = 0; i < s->count; i++) {
		if (strcmp(s->parties[i].name, name) == 0)
			return (int)i;
	}
	return ERR_UNKNOWN;
}

bool
study_equal(const struct study *a, const struct study *b)
{
	return memcmp(a->hash, b->hash, STUDY_HASH_LEN) == 0;
}

unsigned
study_threshold(const struct study *s)
{
	return s->count > 0 ? (s->count - 1) / 2 : 0;
}

bool
study_is_called(const struct study *s, const char *word)
{
	char hex[2 * STUDY_HASH_LEN + 1];
	size_t len = strlen(word);

	if (strcmp(s->name, word) == 0)
		return true;
	text_hex(hex, s->hash, STUDY_HASH_LEN);
	return len >= STUDY_PREFIX_MIN && len < sizeof(hex) && strncmp(hex, word, len) == 0;
}
