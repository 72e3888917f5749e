/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * object.c - the container of signed objects: taken apart, put together, signed.
 */
#include "core/object.h"

#include "core/crypto.h"

#include <errno.h>
#include <stdlib.h>

/* What is signed is put together on the stack up to this length. */
#define SMALL_MAX 1024

static const char magic[4] = { 'M', 'P', 'Y', '1' };
static const char context_fingerprint[OBJECT_CONTEXT_LEN] = "mpynet fingerprint v1";

const char object_context[OBJECT_CONTEXT_LEN] = "mpynet signed object v1";

static enum breach
kind_breach(uint8_t kind)
{
	switch (kind) {
	case OBJECT_HOST:
	case OBJECT_CA:
	case OBJECT_STATE:
	case OBJECT_REQUEST:
	case OBJECT_ROTATION:
	case OBJECT_STUDY:
	case OBJECT_COSIGNER: return BREACH_NONE;
	case OBJECT_LOG_HEAD: return BREACH_KIND_RESERVED;
	default: return BREACH_KIND;
	}
}

/* Requests are proved, studies are their hash; everything else is signed by one or by several. */
static enum breach
alg_breach(uint8_t kind, uint8_t alg)
{
	bool good = kind == OBJECT_REQUEST ? alg == ALG_PROOF
		    : kind == OBJECT_STUDY ? alg == ALG_NONE
	                                   : alg == ALG_ED25519 || alg == ALG_MULTI;

	return good ? BREACH_NONE : BREACH_ALG;
}

/* How long what begins at `p`, with `left` bytes, is as a signature of `alg`; SIZE_MAX: it is none. */
static size_t
signature_len(uint8_t alg, const uint8_t *p, size_t left)
{
	size_t k = left > 0 ? p[0] : 0;

	if (alg != ALG_MULTI)
		return alg == ALG_NONE ? 0 : OBJECT_SIGNATURE;
	return k >= COSIGNERS_K_MIN && k <= COSIGNERS_K_MAX ? 1 + k * OBJECT_PART : SIZE_MAX;
}

/* Signers ascend, so that there is one order. */
static enum breach
parts_breach(const uint8_t *signature)
{
	int last = -1;

	for (size_t i = 0; i < signature[0]; i++) {
		int index = signature[1 + i * OBJECT_PART];

		if (index <= last || index >= COSIGNERS_MAX)
			return BREACH_SIGNATURES;
		last = index;
	}
	return BREACH_NONE;
}

static enum breach
take_signature(struct object *o, struct rd *r)
{
	o->signature_len = signature_len(o->alg, r->p, r->left);
	if (o->signature_len == SIZE_MAX && r->left > 0)
		return BREACH_SIGNATURES;
	if (o->signature_len != r->left)
		return BREACH_LENGTH;
	o->signature = rd_take(r, o->signature_len);
	return o->alg == ALG_MULTI ? parts_breach(o->signature) : BREACH_NONE;
}

enum breach
object_open(struct object *ret, const uint8_t *p, size_t len)
{
	struct rd r = rd_init(p, len);
	const uint8_t *start = rd_take(&r, sizeof(magic));
	struct object o = { .kind = rd_u8(&r) };
	uint16_t reserved;
	uint32_t body_len;
	enum breach b;

	o.alg = rd_u8(&r);
	reserved = rd_u16(&r);
	body_len = rd_u32(&r);
	if (r.failed)
		return BREACH_LENGTH;
	if (memcmp(start, magic, sizeof(magic)) != 0)
		return BREACH_MAGIC;
	b = kind_breach(o.kind);
	if (b == BREACH_NONE)
		b = alg_breach(o.kind, o.alg);
	if (b != BREACH_NONE)
		return b;
	if (reserved != 0)
		return BREACH_RESERVED;
	if (body_len > r.left)
		return BREACH_LENGTH;
	o.body = rd_sub(&r, body_len);
	b = take_signature(&o, &r);
	if (b == BREACH_NONE)
		*ret = o;
	return b;
}

size_t
object_len(const uint8_t *p, size_t len)
{
	size_t before, signature;

	if (len < OBJECT_HEADER_LEN || le32(p + 8) > len - OBJECT_HEADER_LEN)
		return 0;
	before = OBJECT_HEADER_LEN + le32(p + 8);
	signature = signature_len(p[5], p + before, len - before);
	return signature <= len - before ? before + signature : 0;
}

/* What a signature is over, of an object or of what may be none: never more than `len`. */
static size_t
unsigned_len(const uint8_t *object, size_t len)
{
	size_t body = OBJECT_HEADER_LEN;

	if (len > OBJECT_HEADER_LEN && object[5] == ALG_MULTI && le32(object + 8) < len - body)
		return body + le32(object + 8);
	if (object[5] == ALG_NONE)
		return len;
	return len - OBJECT_SIGNATURE;
}

enum breach
object_next(struct object_field *f, struct rd *body)
{
	struct object_field next = { .start = body->p };

	next.tag = rd_u8(body);
	next.value = rd_sub(body, rd_u16(body));
	if (body->failed)
		return BREACH_FIELD_CUT;
	if (next.tag <= f->tag)
		return BREACH_ORDER;
	*f = next;
	return BREACH_NONE;
}

static enum breach
read_field(void *to, const struct object_format *format, uint64_t *seen, struct object_field *f)
{
	if (f->tag >= OBJECT_LATER_FIRST && f->tag <= OBJECT_LATER_LAST)
		return BREACH_NONE;
	for (size_t i = 0; i < format->rule_count; i++) {
		const struct object_rule *rule = &format->rules[i];

		if (rule->tag != f->tag)
			continue;
		if (rule->len != 0 && f->value.left != rule->len)
			return BREACH_FIELD_LENGTH;
		*seen |= (uint64_t)1 << f->tag;
		return format->take(to, f->tag, &f->value);
	}
	return BREACH_TAG;
}

static enum breach
read_fields(void *to, const struct object_format *format, struct rd body)
{
	struct object_field f = { .tag = -1 };
	uint64_t seen = 0; /* a bit for each tag */

	while (body.left > 0) {
		enum breach b = object_next(&f, &body);

		if (b == BREACH_NONE)
			b = read_field(to, format, &seen, &f);
		if (b != BREACH_NONE)
			return b;
	}
	for (size_t i = 0; i < format->rule_count; i++) {
		if (format->rules[i].must && !(seen >> format->rules[i].tag & 1))
			return BREACH_MISSING;
	}
	return BREACH_NONE;
}

enum breach
object_read(void *to, const struct object_format *format, const uint8_t *p, size_t len)
{
	struct object o;
	enum breach b = object_open(&o, p, len);

	if (b != BREACH_NONE)
		return b;
	if (o.kind != format->kind)
		return BREACH_KIND_OTHER;
	if (len > format->max)
		return BREACH_TOO_LONG;
	return read_fields(to, format, o.body);
}

uint8_t *
object_begin(struct wr *w, uint8_t kind, uint8_t alg)
{
	wr_bytes(w, magic, sizeof(magic));
	wr_u8(w, kind);
	wr_u8(w, alg);
	wr_u16(w, 0);
	return wr_room(w, 4);
}

void
object_end(struct wr *w, uint8_t *body_len)
{
	if (!w->failed)
		put_le32(body_len, (uint32_t)(w->start + w->len - body_len) - 4);
}

uint8_t *
object_open_field(struct wr *w, uint8_t tag)
{
	wr_u8(w, tag);
	return wr_room(w, 2);
}

void
object_close_field(struct wr *w, uint8_t *len_at)
{
	size_t len = len_at != NULL ? (size_t)(w->start + w->len - len_at) - 2 : 0;

	if (len > UINT16_MAX)
		w->failed = true;
	if (w->failed)
		return;
	len_at[0] = (uint8_t)len;
	len_at[1] = (uint8_t)(len >> 8);
}

void
object_put(struct wr *w, uint8_t tag, const void *p, size_t len)
{
	uint8_t *len_at = object_open_field(w, tag);

	wr_bytes(w, p, len);
	object_close_field(w, len_at);
}

void
object_put_uint(struct wr *w, uint8_t tag, uint64_t v, size_t n)
{
	uint8_t *len_at = object_open_field(w, tag);

	wr_uint(w, v, n);
	object_close_field(w, len_at);
}

/*
 * What a signature is over: the context, and the object without its signature. In `small` if it
 * fits, else in memory that is to be freed; NULL without memory.
 */
static uint8_t *
message(uint8_t small[static SMALL_MAX], const uint8_t *object, size_t unsigned_len, size_t *ret)
{
	size_t len = OBJECT_CONTEXT_LEN + unsigned_len;
	uint8_t *to = len <= SMALL_MAX ? small : malloc(len);

	if (to == NULL)
		return NULL;
	memcpy(to, object_context, OBJECT_CONTEXT_LEN);
	memcpy(to + OBJECT_CONTEXT_LEN, object, unsigned_len);
	*ret = len;
	return to;
}

int
object_sign_part(uint8_t ret[static OBJECT_SIGNATURE], const uint8_t *bare, size_t len,
    const uint8_t seed[static 32])
{
	uint8_t small[SMALL_MAX], *m;
	size_t m_len;

	assert(len <= OBJECT_MAX);
	m = message(small, bare, len, &m_len);
	if (m == NULL)
		return -ENOMEM;
	crypto_ed25519_sign(ret, m, m_len, seed);
	if (m != small)
		free(m);
	return 0;
}

int
object_verify_part(const uint8_t signature[static OBJECT_SIGNATURE], const uint8_t *bare,
    size_t len, const uint8_t key[static 32])
{
	uint8_t small[SMALL_MAX], *m;
	size_t m_len;
	bool valid;

	assert(len <= OBJECT_MAX);
	m = message(small, bare, len, &m_len);
	if (m == NULL)
		return ERR_AUTH;
	valid = crypto_ed25519_valid(signature, m, m_len, key);
	if (m != small)
		free(m);
	return valid ? 0 : ERR_AUTH;
}

int
object_sign(uint8_t *object, size_t len, const uint8_t seed[static 32])
{
	assert(len > OBJECT_SIGNATURE);
	len -= OBJECT_SIGNATURE;
	return object_sign_part(object + len, object, len, seed);
}

int
object_verify(const uint8_t *object, size_t len, const uint8_t key[static 32])
{
	assert(len > OBJECT_SIGNATURE);
	if (object[5] == ALG_MULTI || object[5] == ALG_NONE)
		return ERR_AUTH;
	len -= OBJECT_SIGNATURE;
	return object_verify_part(object + len, object, len, key);
}

int
object_verify_multi(const uint8_t *object, size_t len, const struct cosigners *by)
{
	size_t bare = unsigned_len(object, len);
	const uint8_t *part = object + bare + 1;

	if (object[5] != ALG_MULTI || object[bare] != by->k)
		return ERR_AUTH;
	for (uint8_t i = 0; i < by->k; i++, part += OBJECT_PART) {
		if (part[0] >= by->count ||
		    object_verify_part(part + 1, object, bare, by->keys[part[0]]) < 0)
			return ERR_AUTH;
	}
	return 0;
}

size_t
object_bare(uint8_t *to, const uint8_t *object, size_t len)
{
	assert(len > OBJECT_SIGNATURE);
	len -= OBJECT_SIGNATURE;
	memcpy(to, object, len);
	to[5] = ALG_MULTI;
	return len;
}

void
object_fingerprint(uint8_t to[static 32], const uint8_t *object, size_t len)
{
	assert(len > OBJECT_SIGNATURE);
	crypto_blake2b(to, 32, NULL, 0, context_fingerprint, OBJECT_CONTEXT_LEN, object,
	    unsigned_len(object, len));
}
