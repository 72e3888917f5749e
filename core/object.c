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
	case OBJECT_ROTATION: return BREACH_NONE;
	case OBJECT_LOG_HEAD:
	case OBJECT_STUDY:
	case OBJECT_COSIGN: return BREACH_KIND_RESERVED;
	default: return BREACH_KIND;
	}
}

static enum breach
alg_breach(uint8_t kind, uint8_t alg)
{
	if (alg == ALG_MULTI)
		return BREACH_ALG_RESERVED;
	return alg == (kind == OBJECT_REQUEST ? ALG_PROOF : ALG_ED25519) ? BREACH_NONE : BREACH_ALG;
}

enum breach
object_open(struct object *ret, const uint8_t *p, size_t len)
{
	struct rd r = rd_init(p, len);
	const uint8_t *start = rd_take(&r, sizeof(magic));
	struct object o = { .kind = rd_u8(&r), .signature_len = OBJECT_SIGNATURE };
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
	if (r.left < o.signature_len || body_len != r.left - o.signature_len)
		return BREACH_LENGTH;
	o.body = rd_sub(&r, body_len);
	o.signature = rd_take(&r, o.signature_len);
	*ret = o;
	return BREACH_NONE;
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
object_sign(uint8_t *object, size_t len, const uint8_t seed[static 32])
{
	uint8_t small[SMALL_MAX], *m;
	size_t m_len;

	assert(len > OBJECT_SIGNATURE && len <= OBJECT_MAX);
	m = message(small, object, len - OBJECT_SIGNATURE, &m_len);
	if (m == NULL)
		return -ENOMEM;
	crypto_ed25519_sign(object + len - OBJECT_SIGNATURE, m, m_len, seed);
	if (m != small)
		free(m);
	return 0;
}

int
object_verify(const uint8_t *object, size_t len, const uint8_t key[static 32])
{
	uint8_t small[SMALL_MAX], *m;
	size_t m_len;
	bool valid;

	assert(len > OBJECT_SIGNATURE && len <= OBJECT_MAX);
	m = message(small, object, len - OBJECT_SIGNATURE, &m_len);
	if (m == NULL)
		return ERR_AUTH;
	valid = crypto_ed25519_valid(object + len - OBJECT_SIGNATURE, m, m_len, key);
	if (m != small)
		free(m);
	return valid ? 0 : ERR_AUTH;
}

void
object_fingerprint(uint8_t to[static 32], const uint8_t *object, size_t len)
{
	assert(len > OBJECT_SIGNATURE);
	crypto_blake2b(to, 32, NULL, 0, context_fingerprint, OBJECT_CONTEXT_LEN, object,
	    len - OBJECT_SIGNATURE);
}
