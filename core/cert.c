/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cert.c - signed objects as bytes: decoded by one table of fields, encoded by another walk over
 * the same, and what is encoded is decoded again before it leaves, so that the rules stand once.
 */
#include "core/cert.h"

#include "core/bytes.h"
#include "core/crypto.h"
#include "core/words.h"

enum {
	TAG_NETWORK = 0x01,
	TAG_ISSUER = 0x02,
	TAG_SERIAL = 0x03,
	TAG_NOT_BEFORE = 0x04,
	TAG_NOT_AFTER = 0x05,
	TAG_KEY = 0x06,
	TAG_NAME = 0x07,
	TAG_ADDRESSES_V4 = 0x08,
	TAG_ADDRESSES_V6 = 0x09,
	TAG_ROUTES_V4 = 0x0a,
	TAG_ROUTES_V6 = 0x0b,
	TAG_GROUPS = 0x0c,
	TAG_FLAGS = 0x0d,
	TAG_MAX_LIFETIME = 0x10,
	TAG_PATH_LENGTH = 0x11,
	TAG_ENROL_KEY = 0x12,
	TAG_NAME_SUFFIX = 0x13,
	TAG_TLS_PIN = 0x14,
	TAG_COSIGNERS = 0x15,
	TAG_OLD_KEY = 0x16,
};

/* More than any struct cert can fill, so that what is too long is told as that. */
#define ENCODE_MAX 2048

static const char context_key_id[OBJECT_CONTEXT_LEN] = "mpynet key id v1";

/* Whether a kind has a field. */
enum { NO, MAY, MUST };

static const struct field {
	uint8_t tag;
	uint8_t host, ca, request, cosigner;
	uint8_t len; /* 0: it varies */
} fields[] = {
	{ TAG_NETWORK, MUST, MUST, MUST, NO, 16 },
	{ TAG_ISSUER, MUST, MUST, MUST, NO, 16 },
	{ TAG_SERIAL, MUST, MUST, MAY, NO, 8 },
	{ TAG_NOT_BEFORE, MUST, MUST, NO, NO, 8 },
	{ TAG_NOT_AFTER, MUST, MUST, NO, NO, 8 },
	{ TAG_KEY, MUST, MUST, MUST, MUST, 32 },
	{ TAG_NAME, MUST, MUST, MUST, MUST, 0 },
	{ TAG_ADDRESSES_V4, MAY, MAY, NO, NO, 0 },
	{ TAG_ADDRESSES_V6, MAY, MAY, NO, NO, 0 },
	{ TAG_ROUTES_V4, MAY, MAY, NO, NO, 0 },
	{ TAG_ROUTES_V6, MAY, MAY, NO, NO, 0 },
	{ TAG_GROUPS, MAY, MAY, NO, NO, 0 },
	{ TAG_FLAGS, MUST, MUST, NO, NO, 4 },
	{ TAG_MAX_LIFETIME, NO, MUST, NO, NO, 4 },
	{ TAG_PATH_LENGTH, NO, MUST, NO, NO, 1 },
	{ TAG_ENROL_KEY, NO, MUST, NO, NO, 32 },
	{ TAG_NAME_SUFFIX, NO, MAY, NO, NO, 0 },
	{ TAG_TLS_PIN, MAY, NO, MAY, NO, 32 },
	{ TAG_COSIGNERS, NO, MAY, NO, NO, 0 },
	{ TAG_OLD_KEY, NO, NO, MAY, NO, 64 },
};

/* What no address of a mesh may be: it means something else to every host. */
static const struct prefix never_inside[] = {
	{ { FAMILY_V4, { 0 } }, 8 },                         /* this network, unspecified */
	{ { FAMILY_V4, { 127 } }, 8 },                       /* loopback */
	{ { FAMILY_V4, { 169, 254 } }, 16 },                 /* link-local */
	{ { FAMILY_V4, { 224 } }, 3 },                       /* multicast, reserved, broadcast */
	{ { FAMILY_V6, { 0 } }, 127 },                       /* unspecified, loopback */
	{ { FAMILY_V6, { [10] = 0xff, [11] = 0xff } }, 96 }, /* v4-mapped */
	{ { FAMILY_V6, { 0xfe, 0x80 } }, 10 },               /* link-local */
	{ { FAMILY_V6, { 0xff } }, 8 },                      /* multicast */
};

static const struct field *
field_of(uint8_t tag)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (fields[i].tag == tag)
			return &fields[i];
	}
	return NULL;
}

static int
field_for(const struct field *f, uint8_t kind)
{
	switch (kind) {
	case OBJECT_HOST: return f->host;
	case OBJECT_CA: return f->ca;
	case OBJECT_REQUEST: return f->request;
	default: return f->cosigner;
	}
}

/* Of one that names co-signers or not: the latter is looked at when it is known. */
static size_t
len_max(uint8_t kind, bool cosigned)
{
	switch (kind) {
	case OBJECT_HOST: return CERT_HOST_MAX;
	case OBJECT_CA: return cosigned ? CERT_ROOT_MAX : CERT_CA_MAX;
	default: return CERT_REQUEST_MAX;
	}
}

static bool
has_validity(uint8_t kind)
{
	return kind == OBJECT_HOST || kind == OBJECT_CA;
}

static bool
suffix_good(const char *p, size_t len)
{
	char name[NAME_MAX_LEN + 1] = "a";

	/* It begins with anything that a name may have inside: "a" stands for what comes before. */
	if (len == 0 || len > NAME_MAX_LEN)
		return false;
	if (len == NAME_MAX_LEN)
		return text_is_name(p, len);
	memcpy(name + 1, p, len);
	return text_is_name(name, len + 1);
}

static enum breach
decode_time(uint64_t *ret, struct rd *v)
{
	*ret = rd_u64(v);
	return *ret <= CERT_TIME_MAX ? BREACH_NONE : BREACH_TIME;
}

static enum breach
decode_name(char to[static NAME_MAX_LEN + 1], struct rd *v)
{
	size_t len = v->left;

	if (!text_is_name((const char *)v->p, len))
		return BREACH_NAME;
	rd_bytes(v, to, len);
	return BREACH_NONE;
}

bool
cert_prefix_good(struct prefix p)
{
	for (size_t i = 0; i < ARRAY_LEN(never_inside); i++) {
		if (prefix_within(p, never_inside[i]))
			return false;
	}
	return true;
}

static enum breach
prefix_breach(const struct prefix *p, bool whole)
{
	size_t bits = ip_size(p->ip) * 8;

	if (p->len > bits || (whole && p->len != bits))
		return BREACH_PREFIX_LENGTH;
	if (!prefix_host_bits_zero(*p))
		return BREACH_HOST_BITS;
	return cert_prefix_good(*p) ? BREACH_NONE : BREACH_ADDRESS;
}

/* A list of prefixes of one family, after what `to` has already. */
static enum breach
decode_prefixes(struct prefix *to, uint32_t *count, uint32_t max, uint8_t family, bool whole,
    struct rd *v)
{
	uint32_t first = *count;
	size_t size = family == FAMILY_V4 ? 4 : 16;

	if (v->left == 0)
		return BREACH_EMPTY_LIST;
	if (v->left % (size + 1) != 0)
		return BREACH_FIELD_LENGTH;
	while (v->left > 0) {
		struct prefix p = { .ip.family = family };
		enum breach b;

		rd_bytes(v, p.ip.b, size);
		p.len = rd_u8(v);
		b = prefix_breach(&p, whole);
		if (b != BREACH_NONE)
			return b;
		if (*count > first && memcmp(&to[*count - 1], &p, sizeof(p)) >= 0)
			return BREACH_LIST_ORDER;
		if (*count == max)
			return BREACH_LIST_LONG;
		to[(*count)++] = p;
	}
	return BREACH_NONE;
}

static enum breach
decode_groups(struct cert *c, struct rd *v)
{
	if (v->left == 0)
		return BREACH_EMPTY_LIST;
	while (v->left > 0) {
		size_t len = rd_u8(v);
		const char *p = (const char *)rd_take(v, len);
		bool any = c->kind == OBJECT_CA && len == 1 && p != NULL && p[0] == '*';
		char *to = c->groups[c->group_count];

		if (p == NULL)
			return BREACH_FIELD_LENGTH;
		if (len > CERT_GROUP_LEN || (!any && !text_is_name(p, len)))
			return BREACH_GROUP;
		if (c->group_count == CERT_GROUPS_MAX)
			return BREACH_LIST_LONG;
		memcpy(to, p, len);
		if (c->group_count > 0 && strcmp(c->groups[c->group_count - 1], to) >= 0)
			return BREACH_LIST_ORDER;
		c->group_count++;
	}
	/* "*" sorts before every name. */
	return c->group_count > 1 && c->groups[0][0] == '*' ? BREACH_GROUP : BREACH_NONE;
}

static enum breach
decode_key(struct cert *c, struct rd *v)
{
	rd_bytes(v, c->key, sizeof(c->key));
	if (c->kind == OBJECT_CA || c->kind == OBJECT_COSIGNER)
		return crypto_ed25519_key_good(c->key) ? BREACH_NONE : BREACH_KEY;
	return crypto_x25519_key_good(c->key) ? BREACH_NONE : BREACH_KEY;
}

static enum breach
decode_suffix(struct cert *c, struct rd *v)
{
	size_t len = v->left;

	if (!suffix_good((const char *)v->p, len))
		return BREACH_SUFFIX;
	rd_bytes(v, c->name_suffix, len);
	return BREACH_NONE;
}

static enum breach
decode_cosigners(struct cosigners *to, struct rd *v)
{
	to->k = rd_u8(v);
	if (v->failed || v->left % 32 != 0)
		return BREACH_FIELD_LENGTH;
	if (v->left / 32 > COSIGNERS_MAX)
		return BREACH_LIST_LONG;
	while (v->left > 0) {
		uint8_t *key = to->keys[to->count];

		rd_bytes(v, key, 32);
		if (!crypto_ed25519_key_good(key))
			return BREACH_KEY;
		if (to->count > 0 && memcmp(to->keys[to->count - 1], key, 32) >= 0)
			return BREACH_LIST_ORDER;
		to->count++;
	}
	return to->k >= COSIGNERS_K_MIN && to->k <= COSIGNERS_K_MAX && to->k <= to->count
	           ? BREACH_NONE
	           : BREACH_COSIGNERS;
}

static enum breach
decode_old_key(struct cert *c, struct rd *v)
{
	rd_bytes(v, c->old_key, sizeof(c->old_key));
	rd_bytes(v, c->old_proof, sizeof(c->old_proof));
	return crypto_x25519_key_good(c->old_key) && !crypto_is_zero(c->old_key, 32) ?
	    BREACH_NONE : BREACH_KEY;
}

/* The value of a field that this kind has, of the right length if it has a fixed one. */
static enum breach
decode_value(struct cert *c, uint8_t tag, struct rd *v)
{
	bool whole = c->kind == OBJECT_HOST;

	switch (tag) {
	case TAG_NETWORK: rd_bytes(v, c->network, sizeof(c->network)); return BREACH_NONE;
	case TAG_ISSUER: rd_bytes(v, c->issuer, sizeof(c->issuer)); return BREACH_NONE;
	case TAG_SERIAL: c->serial = rd_u64(v); return c->serial > 0 ? BREACH_NONE : BREACH_SERIAL;
	case TAG_NOT_BEFORE: return decode_time(&c->not_before, v);
	case TAG_NOT_AFTER: return decode_time(&c->not_after, v);
	case TAG_KEY: return decode_key(c, v);
	case TAG_NAME: return decode_name(c->name, v);
	case TAG_ADDRESSES_V4:
		return decode_prefixes(c->addresses, &c->address_count, CERT_ADDRESSES_MAX,
		    FAMILY_V4, whole, v);
	case TAG_ADDRESSES_V6:
		return decode_prefixes(c->addresses, &c->address_count, CERT_ADDRESSES_MAX,
		    FAMILY_V6, whole, v);
	case TAG_ROUTES_V4:
		return decode_prefixes(c->routes, &c->route_count, CERT_ROUTES_MAX, FAMILY_V4,
		    false, v);
	case TAG_ROUTES_V6:
		return decode_prefixes(c->routes, &c->route_count, CERT_ROUTES_MAX, FAMILY_V6,
		    false, v);
	case TAG_GROUPS: return decode_groups(c, v);
	case TAG_FLAGS:
		c->flags = rd_u32(v);
		return (c->flags & ~(uint32_t)CERT_FLAGS_ALL) == 0 ? BREACH_NONE : BREACH_FLAGS;
	case TAG_MAX_LIFETIME:
		c->max_lifetime = rd_u32(v);
		return c->max_lifetime > 0 ? BREACH_NONE : BREACH_LIFETIME;
	case TAG_PATH_LENGTH:
		c->path_length = rd_u8(v);
		return c->path_length <= 1 ? BREACH_NONE : BREACH_PATH_LENGTH;
	case TAG_ENROL_KEY:
		rd_bytes(v, c->enrol_key, sizeof(c->enrol_key));
		return crypto_x25519_key_good(c->enrol_key) ? BREACH_NONE : BREACH_KEY;
	case TAG_NAME_SUFFIX: return decode_suffix(c, v);
	case TAG_TLS_PIN:
		rd_bytes(v, c->tls_pin, sizeof(c->tls_pin));
		return crypto_is_zero(c->tls_pin, sizeof(c->tls_pin)) ? BREACH_TLS_PIN : BREACH_NONE;
	case TAG_COSIGNERS: return decode_cosigners(&c->cosigners, v);
	case TAG_OLD_KEY: return decode_old_key(c, v);
	}
	return BREACH_TAG;
}

static enum breach
decode_field(struct cert *c, uint8_t tag, struct rd *v)
{
	const struct field *f = field_of(tag);

	if (f != NULL) {
		if (field_for(f, c->kind) == NO)
			return BREACH_TAG_KIND;
		if (f->len != 0 && v->left != f->len)
			return BREACH_FIELD_LENGTH;
		return decode_value(c, tag, v);
	}
	return tag >= OBJECT_LATER_FIRST && tag <= OBJECT_LATER_LAST ? BREACH_NONE : BREACH_TAG;
}

/* Rules that need more than one field. `seen` has a bit for each tag below 64. */
static enum breach
check_fields(const struct cert *c, uint64_t seen)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (field_for(&fields[i], c->kind) == MUST && !(seen >> fields[i].tag & 1))
			return BREACH_MISSING;
	}
	if (c->kind == OBJECT_HOST && c->address_count == 0)
		return BREACH_MISSING;
	if (has_validity(c->kind) && c->not_before >= c->not_after)
		return BREACH_TIME;
	if (c->kind == OBJECT_HOST && (seen >> TAG_TLS_PIN & 1) && !(c->flags & CERT_LIGHTHOUSE))
		return BREACH_TLS_PIN;
	/* The key of a certificate that is named is to be followed by another one. */
	if ((seen >> TAG_OLD_KEY & 1) && c->serial == 0)
		return BREACH_MISSING;
	if ((seen >> TAG_OLD_KEY & 1) && memcmp(c->old_key, c->key, sizeof(c->key)) == 0)
		return BREACH_KEY;
	/* Who is to be counted on must be counted by everybody: it says so itself, and it is a root. */
	if (c->cosigners.count > 0 && !cert_is_root(c))
		return BREACH_COSIGNERS;
	return cert_is_root(c) && c->parts_len > 0 ? BREACH_ALG : BREACH_NONE;
}

static enum breach
decode_body(struct cert *c, struct rd body)
{
	struct object_field f = { .tag = -1 };
	uint64_t seen = 0;

	while (body.left > 0) {
		enum breach b = object_next(&f, &body);
		size_t len = (size_t)(body.p - f.start);

		if (b == BREACH_NONE)
			b = decode_field(c, (uint8_t)f.tag, &f.value);
		if (b != BREACH_NONE)
			return b;
		if (f.tag < OBJECT_LATER_FIRST) {
			seen |= (uint64_t)1 << f.tag;
			continue;
		}
		/* What does not fit has left no room for the fields that must be there. */
		if (len > CERT_EXTRA_MAX - c->extra_len)
			return BREACH_MISSING;
		memcpy(c->extra + c->extra_len, f.start, len);
		c->extra_len += (uint32_t)len;
	}
	return check_fields(c, seen);
}

static enum breach
decode(struct cert *c, const uint8_t *p, size_t len)
{
	struct object o;
	enum breach b = object_open(&o, p, len);

	if (b != BREACH_NONE)
		return b;
	if (o.kind == OBJECT_STATE || o.kind == OBJECT_ROTATION || o.kind == OBJECT_STUDY)
		return BREACH_KIND_OTHER;
	if (o.kind == OBJECT_COSIGNER && o.alg != ALG_ED25519)
		return BREACH_ALG;
	if (len > len_max(o.kind, true))
		return BREACH_TOO_LONG;
	c->kind = o.kind;
	if (o.alg == ALG_MULTI) {
		c->parts_len = (uint16_t)o.signature_len;
		memcpy(c->parts, o.signature, o.signature_len);
	} else {
		memcpy(c->signature, o.signature, sizeof(c->signature));
	}
	b = decode_body(c, o.body);
	if (b == BREACH_NONE && len > len_max(c->kind, c->cosigners.count > 0))
		b = BREACH_TOO_LONG;
	return b;
}

int
cert_decode(struct cert *ret, const uint8_t *p, size_t len, enum breach *why)
{
	struct cert c;
	enum breach b;

	memset(&c, 0, sizeof(c));
	b = decode(&c, p, len);
	if (b != BREACH_NONE)
		return breach_set(why, b);
	cert_fingerprint(c.fingerprint, p, len);
	*ret = c;
	return breach_set(why, BREACH_NONE);
}

bool
cert_has_old_key(const struct cert *c)
{
	return !crypto_is_zero(c->old_key, sizeof(c->old_key));
}

/* Those of one family; no field if there are none. */
static void
encode_prefixes(struct wr *w, uint8_t tag, const struct prefix *p, uint32_t count, uint8_t family)
{
	uint8_t *len_at = NULL;

	for (uint32_t i = 0; i < count; i++) {
		if (p[i].ip.family != family)
			continue;
		if (len_at == NULL)
			len_at = object_open_field(w, tag);
		wr_bytes(w, p[i].ip.b, ip_size(p[i].ip));
		wr_u8(w, p[i].len);
	}
	if (len_at != NULL)
		object_close_field(w, len_at);
}

static void
encode_groups(struct wr *w, const struct cert *c)
{
	uint8_t *len_at;

	if (c->group_count == 0)
		return;
	len_at = object_open_field(w, TAG_GROUPS);
	for (uint32_t i = 0; i < c->group_count; i++) {
		size_t len = strnlen(c->groups[i], sizeof(c->groups[i]));

		wr_u8(w, (uint8_t)len);
		wr_bytes(w, c->groups[i], len);
	}
	object_close_field(w, len_at);
}

static void
encode_ca_fields(struct wr *w, const struct cert *c)
{
	object_put_uint(w, TAG_MAX_LIFETIME, c->max_lifetime, 4);
	object_put_uint(w, TAG_PATH_LENGTH, c->path_length, 1);
	object_put(w, TAG_ENROL_KEY, c->enrol_key, sizeof(c->enrol_key));
	if (c->name_suffix[0] != '\0')
		object_put(w, TAG_NAME_SUFFIX, c->name_suffix,
		    strnlen(c->name_suffix, sizeof(c->name_suffix)));
}

static void
encode_cosigners(struct wr *w, const struct cosigners *c)
{
	uint8_t *len_at = object_open_field(w, TAG_COSIGNERS);

	wr_u8(w, c->k);
	wr_bytes(w, c->keys, c->count * sizeof(c->keys[0]));
	object_close_field(w, len_at);
}

static void
encode_old_key(struct wr *w, const struct cert *c)
{
	uint8_t *len_at = object_open_field(w, TAG_OLD_KEY);

	wr_bytes(w, c->old_key, sizeof(c->old_key));
	wr_bytes(w, c->old_proof, sizeof(c->old_proof));
	object_close_field(w, len_at);
}

static void
encode_body(struct wr *w, const struct cert *c)
{
	bool dated = has_validity(c->kind);

	if (c->kind != OBJECT_COSIGNER) {
		object_put(w, TAG_NETWORK, c->network, sizeof(c->network));
		object_put(w, TAG_ISSUER, c->issuer, sizeof(c->issuer));
	}
	if (dated || (c->kind == OBJECT_REQUEST && c->serial > 0))
		object_put_uint(w, TAG_SERIAL, c->serial, 8);
	if (dated) {
		object_put_uint(w, TAG_NOT_BEFORE, c->not_before, 8);
		object_put_uint(w, TAG_NOT_AFTER, c->not_after, 8);
	}
	object_put(w, TAG_KEY, c->key, sizeof(c->key));
	object_put(w, TAG_NAME, c->name, strnlen(c->name, sizeof(c->name)));
	encode_prefixes(w, TAG_ADDRESSES_V4, c->addresses, c->address_count, FAMILY_V4);
	encode_prefixes(w, TAG_ADDRESSES_V6, c->addresses, c->address_count, FAMILY_V6);
	encode_prefixes(w, TAG_ROUTES_V4, c->routes, c->route_count, FAMILY_V4);
	encode_prefixes(w, TAG_ROUTES_V6, c->routes, c->route_count, FAMILY_V6);
	encode_groups(w, c);
	if (dated)
		object_put_uint(w, TAG_FLAGS, c->flags, 4);
	if (c->kind == OBJECT_CA)
		encode_ca_fields(w, c);
	if (!crypto_is_zero(c->tls_pin, sizeof(c->tls_pin)))
		object_put(w, TAG_TLS_PIN, c->tls_pin, sizeof(c->tls_pin));
	if (c->cosigners.count > 0)
		encode_cosigners(w, &c->cosigners);
	if (cert_has_old_key(c))
		encode_old_key(w, c);
	wr_bytes(w, c->extra, c->extra_len);
}

/* Everything but the signature, whatever the rules say of it. */
static void
encode_unsigned(struct wr *w, const struct cert *c)
{
	uint8_t alg = c->kind == OBJECT_REQUEST ? ALG_PROOF
	              : c->parts_len > 0        ? ALG_MULTI
	                                        : ALG_ED25519;
	uint8_t *body_len = object_begin(w, c->kind, alg);

	encode_body(w, c);
	object_end(w, body_len);
}

static void
encode_signature(struct wr *w, const struct cert *c)
{
	if (c->parts_len > 0)
		wr_bytes(w, c->parts, c->parts_len);
	else
		wr_bytes(w, c->signature, sizeof(c->signature));
}

int
cert_encode_whole(uint8_t *to, size_t cap, const struct cert *c, enum breach *why)
{
	uint8_t buf[ENCODE_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	struct cert again;
	int rc;

	if (c->address_count > CERT_ADDRESSES_MAX || c->route_count > CERT_ROUTES_MAX ||
	    c->group_count > CERT_GROUPS_MAX || c->extra_len > CERT_EXTRA_MAX ||
	    c->cosigners.count > COSIGNERS_MAX || c->parts_len > sizeof(c->parts))
		return breach_set(why, BREACH_LIST_LONG);
	encode_unsigned(&w, c);
	encode_signature(&w, c);
	assert(!w.failed);
	rc = cert_decode(&again, buf, w.len, why);
	if (rc < 0)
		return rc;
	if (w.len > cap)
		return ERR_FULL;
	memcpy(to, buf, w.len);
	return (int)w.len;
}

int
cert_encode(uint8_t *to, size_t cap, const struct cert *c, enum breach *why)
{
	uint8_t whole[CERT_MAX];
	int len = cert_encode_whole(whole, sizeof(whole), c, why);

	if (len < 0)
		return len;
	len -= c->parts_len > 0 ? c->parts_len : CERT_SIGNATURE_LEN;
	if ((size_t)len > cap)
		return ERR_FULL;
	memcpy(to, whole, (size_t)len);
	return len;
}

int
cert_sign(struct cert *c, uint8_t *to, size_t cap, const uint8_t seed[static 32], enum breach *why)
{
	struct cert done = *c;
	uint8_t key[CRYPTO_SIGN_KEY];
	int len, rc;

	crypto_ed25519_public(key, seed);
	cert_key_id(done.issuer, key);
	done.parts_len = 0;
	len = cert_encode_whole(to, cap, &done, why);
	if (len < 0)
		return len;
	rc = object_sign(to, (size_t)len, seed);
	if (rc < 0)
		return rc;
	memcpy(done.signature, to + len - CERT_SIGNATURE_LEN, CERT_SIGNATURE_LEN);
	cert_fingerprint(done.fingerprint, to, (size_t)len);
	*c = done;
	return len;
}

int
cert_verify(const uint8_t *object, size_t len, const uint8_t issuer_key[static 32])
{
	return object_verify(object, len, issuer_key);
}

int
cert_verify_by(const uint8_t *object, size_t len, const struct cert *issuer)
{
	return issuer->cosigners.count > 0 ? object_verify_multi(object, len, &issuer->cosigners)
	                                   : object_verify(object, len, issuer->key);
}

void
cert_prove(uint8_t to[static CERT_SIGNATURE_LEN], const uint8_t *object, size_t len,
    const uint8_t shared[static 32])
{
	assert(len > CERT_SIGNATURE_LEN);
	crypto_blake2b(to, CERT_SIGNATURE_LEN, shared, 32, object_context, OBJECT_CONTEXT_LEN, object,
	    len - CERT_SIGNATURE_LEN);
}

void
cert_fingerprint(uint8_t to[static 32], const uint8_t *object, size_t len)
{
	object_fingerprint(to, object, len);
}

static void
key_digest(uint8_t to[static 32], const uint8_t key[static 32])
{
	crypto_blake2b(to, 32, NULL, 0, context_key_id, OBJECT_CONTEXT_LEN, key, 32);
}

void
cert_key_id(uint8_t to[static 16], const uint8_t ed25519_key[static 32])
{
	uint8_t digest[32];

	key_digest(digest, ed25519_key);
	memcpy(to, digest, 16);
}

void
cert_key_word_bytes(uint8_t to[static CERT_WORDS], const uint8_t key[static 32])
{
	uint8_t digest[32];

	key_digest(digest, key);
	memcpy(to, digest, CERT_WORDS);
}

const char *
cert_key_words(char to[static CERT_WORDS_MAX], const uint8_t key[static 32])
{
	uint8_t bytes[CERT_WORDS];

	cert_key_word_bytes(bytes, key);
	return words_format(to, bytes, CERT_WORDS);
}
