/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bundle.c - a host's way into a network, as text.
 */
#include "core/bundle.h"

#include "core/bytes.h"
#include "core/crypto.h"
#include "core/pem.h"
#include "core/rng.h"
#include "core/text.h"

#include <errno.h>
#include <string.h>

/* The largest block is a lighthouse: certificate, count, endpoints with their lengths. */
#define BLOCK_MAX (CERT_HOST_MAX + 1 + BUNDLE_ENDPOINTS_MAX * ENDPOINT_TEXT_MAX + ENDPOINT_TCP_MAX)

/* What a block is, in the order of the text. */
enum part {
	PART_HOST,
	PART_KEY,
	PART_CA,
	PART_LIGHTHOUSE,
	PART_PSK,
	PART_COUNT,
};

static const struct {
	const char *label;
	bool repeats;
} parts[PART_COUNT] = {
	[PART_HOST] = { PEM_CERTIFICATE, false },
	[PART_KEY] = { PEM_HOST_KEY, false },
	[PART_CA] = { PEM_CA_CERTIFICATE, true },
	[PART_LIGHTHOUSE] = { PEM_LIGHTHOUSE, true },
	[PART_PSK] = { PEM_NETWORK_KEY, false },
};

void
bundle_wipe(struct bundle *b)
{
	crypto_wipe(b, sizeof(*b));
}

/*
 * Lighthouses: a host certificate, which says how long it is, then u8 n and n times u8 len, text
 */

static int
lighthouse_decode(struct bundle_lighthouse *ret, const uint8_t *p, size_t len)
{
	struct bundle_lighthouse l = { 0 };
	struct rd r = rd_init(p, len);
	size_t cert_len, count;

	cert_len = object_len(p, len);
	if (cert_len == 0 || cert_len > sizeof(l.cert.bytes))
		return ERR_FORMAT;
	l.cert.len = (uint16_t)cert_len;
	rd_bytes(&r, l.cert.bytes, cert_len);
	count = rd_u8(&r);
	for (size_t i = 0; i < count; i++) {
		char text[ENDPOINT_TEXT_MAX] = "";
		size_t n = rd_u8(&r);

		rd_bytes(&r, text, n);
		if (memchr(text, '\0', n) != NULL || endpoint_take(&l, text) < 0)
			return ERR_FORMAT;
	}
	if (rd_end(&r) < 0)
		return rd_end(&r);
	*ret = l;
	return 0;
}

static int
lighthouse_encode(uint8_t *to, size_t cap, const struct bundle_lighthouse *l)
{
	struct wr w = wr_init(to, cap);

	wr_bytes(&w, l->cert.bytes, l->cert.len);
	wr_u8(&w, (uint8_t)endpoint_count_all(l));
	for (uint32_t i = 0; i < endpoint_count_all(l); i++) {
		char room[ENDPOINT_TEXT_MAX];
		const char *text = endpoint_nth(l, i, room);

		wr_u8(&w, (uint8_t)strlen(text));
		wr_bytes(&w, text, strlen(text));
	}
	return wr_end(&w);
}

/*
 * Shape: what holds of every bundle, whoever signed what
 */

static int
check_object(const struct bundle_cert *c, uint8_t kind, const char *what, struct err *e)
{
	struct cert cert;
	enum breach why;

	if (cert_decode(&cert, c->bytes, c->len, &why) < 0)
		return err_set(e, ERR_CANON, "the %s %s", what, breach_phrase(why));
	if (cert.kind != kind)
		return err_set(e, ERR_CANON, "the %s is of another kind", what);
	return 0;
}

static bool
same_bytes(const struct bundle_cert *a, const struct bundle_cert *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static int
check_cas(const struct bundle_cert *cas, uint32_t count, struct err *e)
{
	if (count == 0)
		return err_set(e, ERR_CANON, "it has no CA certificate");
	if (count > BUNDLE_CAS_MAX)
		return err_set(e, ERR_CANON, "it has more than %d CA certificates", BUNDLE_CAS_MAX);
	for (uint32_t i = 0; i < count; i++) {
		int rc = check_object(&cas[i], OBJECT_CA, "CA certificate", e);

		if (rc < 0)
			return rc;
		for (uint32_t k = 0; k < i; k++) {
			if (same_bytes(&cas[i], &cas[k]))
				return err_set(e, ERR_CANON, "it has a CA certificate twice");
		}
	}
	return 0;
}

static int
check_lighthouse(const struct bundle_lighthouse *l, struct err *e)
{
	if (l->endpoint_count > BUNDLE_ENDPOINTS_MAX)
		return err_set(e, ERR_CANON, "a lighthouse has more than %d endpoints",
		    BUNDLE_ENDPOINTS_MAX);
	if (l->tcp != 0 && l->endpoint_count == 0)
		return err_set(e, ERR_CANON, "a lighthouse has a TCP port and no endpoint");
	for (uint32_t i = 0; i < l->endpoint_count; i++) {
		char shown[64];

		if (endpoint_check(l->endpoints[i]) < 0)
			return err_set(e, ERR_CANON, "\"%s\" is no endpoint of a lighthouse",
			    text_escape(shown, sizeof(shown), l->endpoints[i],
				strnlen(l->endpoints[i], ENDPOINT_TEXT_MAX)));
		for (uint32_t k = 0; k < i; k++) {
			if (strcmp(l->endpoints[i], l->endpoints[k]) == 0)
				return err_set(e, ERR_CANON,
				    "a lighthouse has the endpoint %.200s twice", l->endpoints[i]);
		}
	}
	return check_object(&l->cert, OBJECT_HOST, "certificate of a lighthouse", e);
}

/* Whose bundle it is: a host's, or that of an authority, which is a charter. */
enum owner {
	OWNER_HOST,
	OWNER_AUTHORITY,
};

static int
check_owner(const struct bundle *b, enum owner owner, struct err *e)
{
	struct cert last;

	if (owner == OWNER_HOST && b->host.len == 0)
		return err_set(e, ERR_CANON, "it has no host certificate; what an authority is given "
		    "to join is for `mpynet ca join`");
	if (owner == OWNER_HOST)
		return check_object(&b->host, OBJECT_HOST, "host certificate", e);
	if (b->host.len > 0 || b->has_key)
		return err_set(e, ERR_CANON, "it is a host's, and no charter");
	if (b->ca_count == 0 || cert_decode(&last, b->cas[b->ca_count - 1].bytes,
	    b->cas[b->ca_count - 1].len, NULL) < 0 || cert_is_root(&last))
		return err_set(e, ERR_CANON, "it admits no issuing CA");
	return 0;
}

static int
check_shape(const struct bundle *b, enum owner owner, struct err *e)
{
	int rc = check_cas(b->cas, b->ca_count, e);

	if (rc == 0)
		rc = check_owner(b, owner, e);
	if (rc < 0)
		return rc;
	if (b->lighthouse_count > BUNDLE_LIGHTHOUSES_MAX)
		return err_set(e, ERR_CANON, "it has more than %d lighthouses",
		    BUNDLE_LIGHTHOUSES_MAX);
	for (uint32_t i = 0; i < b->lighthouse_count; i++) {
		rc = check_lighthouse(&b->lighthouses[i], e);
		for (uint32_t k = 0; rc == 0 && k < i; k++) {
			if (same_bytes(&b->lighthouses[i].cert, &b->lighthouses[k].cert))
				rc = err_set(e, ERR_CANON, "it has a lighthouse twice");
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

/*
 * Text
 */

static int
take_cert(struct bundle_cert *to, const uint8_t *p, size_t len)
{
	if (len > sizeof(to->bytes))
		return ERR_FULL;
	to->len = (uint16_t)len;
	memcpy(to->bytes, p, len);
	return 0;
}

static int
take_secret(uint8_t to[static 32], bool *has, const uint8_t *p, size_t len)
{
	if (len != 32)
		return ERR_FORMAT;
	memcpy(to, p, len);
	*has = true;
	return 0;
}

/* One block of a known part goes to its place. */
static int
take_part(struct bundle *b, enum part part, const uint8_t *p, size_t len)
{
	switch (part) {
	case PART_HOST: return take_cert(&b->host, p, len);
	case PART_KEY: return take_secret(b->key, &b->has_key, p, len);
	case PART_CA:
		if (b->ca_count == BUNDLE_CAS_MAX)
			return ERR_FULL;
		return take_cert(&b->cas[b->ca_count++], p, len);
	case PART_LIGHTHOUSE:
		if (b->lighthouse_count == BUNDLE_LIGHTHOUSES_MAX)
			return ERR_FULL;
		return lighthouse_decode(&b->lighthouses[b->lighthouse_count++], p, len);
	case PART_PSK: return take_secret(b->psk, &b->has_psk, p, len);
	case PART_COUNT: break;
	}
	return ERR_FORMAT;
}

static enum part
part_of(const char *label)
{
	enum part part = 0;

	while (part < PART_COUNT && strcmp(parts[part].label, label) != 0)
		part++;
	return part;
}

/* Reads the blocks into `b`, in their order; `block` is room for one. */
static int
read_parts(struct bundle *b, struct pem_reader *r, uint8_t block[static BLOCK_MAX], struct err *e)
{
	char label[PEM_LABEL_MAX];
	int last = -1;

	for (;;) {
		unsigned line = r->line;
		int n = pem_next(r, label, block, BLOCK_MAX, e);
		enum part part;
		int rc;

		if (n <= 0)
			return n;
		part = part_of(label);
		if (part == PART_COUNT)
			return err_set(e, ERR_FORMAT, "line %u: a bundle has no %s", line, label);
		if ((int)part < last || ((int)part == last && !parts[part].repeats))
			return err_set(e, ERR_FORMAT, "line %u: the %s does not belong here", line,
			    label);
		last = (int)part;
		rc = take_part(b, part, block, (size_t)n);
		if (rc == ERR_FULL)
			return err_set(e, rc, "line %u: one %s too many, or one that is too long",
			    line, label);
		if (rc < 0)
			return err_set(e, rc, "line %u: the %s %s", line, label, err_phrase(rc));
	}
}

static int
read_text(struct bundle *ret, enum owner owner, const char *text, size_t len, struct err *e)
{
	struct bundle b;
	struct pem_reader r = { 0 };
	uint8_t block[BLOCK_MAX];
	int rc = pem_open(&r, text, len, e);

	memset(&b, 0, sizeof(b));
	if (rc == 0)
		rc = read_parts(&b, &r, block, e);
	if (rc == 0)
		rc = check_shape(&b, owner, e);
	if (rc == 0)
		*ret = b;
	crypto_wipe(block, sizeof(block));
	bundle_wipe(&b);
	return rc;
}

int
bundle_read(struct bundle *ret, const char *text, size_t len, struct err *e)
{
	return read_text(ret, OWNER_HOST, text, len, e);
}

int
bundle_read_charter(struct bundle *ret, const char *text, size_t len, struct err *e)
{
	return read_text(ret, OWNER_AUTHORITY, text, len, e);
}

/* Text being written: what did not fit is an error at the end. */
struct out {
	char *to;
	size_t cap;
	size_t len;
	bool full;
};

static void
out_block(struct out *o, enum part part, const uint8_t *p, size_t len)
{
	int n = pem_write(o->to + o->len, o->cap - o->len, parts[part].label, p, len);

	if (n < 0)
		o->full = true;
	else
		o->len += (size_t)n;
}

static int
write_text(char *to, size_t cap, const struct bundle *b, enum owner owner)
{
	struct out o = { .to = to, .cap = cap };
	uint8_t block[BLOCK_MAX];
	int rc = check_shape(b, owner, NULL);

	if (rc < 0)
		return rc;
	if (owner == OWNER_HOST)
		out_block(&o, PART_HOST, b->host.bytes, b->host.len);
	if (b->has_key)
		out_block(&o, PART_KEY, b->key, sizeof(b->key));
	for (uint32_t i = 0; i < b->ca_count; i++)
		out_block(&o, PART_CA, b->cas[i].bytes, b->cas[i].len);
	for (uint32_t i = 0; i < b->lighthouse_count; i++) {
		int n = lighthouse_encode(block, sizeof(block), &b->lighthouses[i]);

		assert(n > 0);
		out_block(&o, PART_LIGHTHOUSE, block, (size_t)n);
	}
	if (b->has_psk)
		out_block(&o, PART_PSK, b->psk, sizeof(b->psk));
	if (o.full) {
		crypto_wipe(to, cap);
		return ERR_FULL;
	}
	return (int)o.len;
}

int
bundle_write(char *to, size_t cap, const struct bundle *b)
{
	return write_text(to, cap, b, OWNER_HOST);
}

int
bundle_write_charter(char *to, size_t cap, const struct bundle *b)
{
	return write_text(to, cap, b, OWNER_AUTHORITY);
}

int
bundle_read_cas(struct bundle_cert to[static BUNDLE_CAS_MAX], const char *text, size_t len,
    struct err *e)
{
	struct bundle_cert cas[BUNDLE_CAS_MAX] = { 0 };
	uint8_t block[CERT_MAX];
	char label[PEM_LABEL_MAX];
	struct pem_reader r = { 0 };
	uint32_t count = 0;
	int n = pem_open(&r, text, len, e);

	if (n < 0)
		return n;
	while ((n = pem_next(&r, label, block, sizeof(block), e)) > 0) {
		if (strcmp(label, PEM_CA_CERTIFICATE) != 0)
			return err_set(e, ERR_FORMAT,
			    "it has a %s where only CA certificates belong", label);
		if (count == BUNDLE_CAS_MAX)
			return err_set(e, ERR_FULL, "it has more than %d CA certificates",
			    BUNDLE_CAS_MAX);
		n = take_cert(&cas[count++], block, (size_t)n);
		assert(n == 0);
	}
	if (n == 0)
		n = check_cas(cas, count, e);
	if (n < 0)
		return n;
	memcpy(to, cas, sizeof(cas));
	return (int)count;
}

/*
 * Belief
 */

int
bundle_trust(struct trust *t, const struct bundle *b, usec_t wall, struct err *e)
{
	for (uint32_t i = 0; i < b->ca_count; i++) {
		enum breach why = BREACH_NONE;
		int rc = trust_add(t, b->cas[i].bytes, b->cas[i].len, wall, &why);

		if (rc < 0)
			return err_set(e, rc, "CA certificate %u of it %s", i + 1,
			    breach_reason(rc, why));
	}
	return 0;
}

/* A sentence for the host certificate: dates for what has to do with time. */
static int
host_refused(int rc, enum breach why, const struct cert *c, struct err *e)
{
	char when[32];

	if (rc == ERR_EXPIRED)
		return err_set(e, rc,
		    "the certificate of %s, or of a CA above it, has expired (its own: %s); ask "
		    "for a "
		    "new one",
		    c->name, text_format_time(when, c->not_after));
	if (rc == ERR_NOT_YET)
		return err_set(e, rc,
		    "the certificate of %s is valid from %s; is the clock of this machine right?",
		    c->name, text_format_time(when, c->not_before));
	return err_set(e, rc, "the certificate of %s %s", c->name, breach_reason(rc, why));
}

static int
check_host(struct trust *t, const struct bundle *b, usec_t wall, struct verified *ret,
    struct err *e)
{
	enum breach why = BREACH_NONE;
	uint8_t key[32];
	struct cert c;
	int rc = cert_decode(&c, b->host.bytes, b->host.len, &why);

	if (rc < 0)
		return err_set(e, rc, "the host certificate %s", breach_phrase(why));
	rc = trust_verify(t, b->host.bytes, b->host.len, NULL, 0, wall, ret, &why);
	if (rc < 0)
		return host_refused(rc, why, &c, e);
	if (!b->has_key)
		return 0;
	crypto_dh_public(key, b->key);
	if (memcmp(key, c.key, sizeof(key)) != 0)
		return err_set(e, ERR_CONFLICT,
		    "the key in it is not the one that %s is certified for", c.name);
	return 0;
}

/* One that has expired passes: it renews under the same key, and shows that when it is met. */
static int
check_lighthouse_cert(struct trust *t, const struct bundle_cert *lighthouse, usec_t wall,
    struct err *e)
{
	enum breach why = BREACH_NONE;
	struct verified v;
	struct cert c;
	int rc = cert_decode(&c, lighthouse->bytes, lighthouse->len, &why);

	if (rc < 0)
		return err_set(e, rc, "the certificate of a lighthouse %s", breach_phrase(why));
	rc = trust_verify(t, lighthouse->bytes, lighthouse->len, NULL, 0, wall, &v, &why);
	if (rc < 0 && rc != ERR_EXPIRED)
		return err_set(e, rc, "the certificate of the lighthouse %s %s", c.name,
		    breach_reason(rc, why));
	if ((c.flags & CERT_LIGHTHOUSE) == 0)
		return err_set(e, ERR_DENIED,
		    "%s is listed as a lighthouse but not certified as one", c.name);
	return 0;
}

/* What holds of both kinds; of a host's, that the host's certificate does. */
static int
check_belief(const struct bundle *b, enum owner owner, usec_t wall, struct verified *ret,
    struct err *e)
{
	struct rng_stream stream;
	struct rng rng;
	struct trust *t;
	int rc;

	/* Nobody else puts anything into this table, so its keys need not be secret. */
	rng_stream_init(&stream, 0);
	rng = rng_stream_source(&stream);
	t = trust_new(&rng);
	if (t == NULL)
		return err_set(e, -ENOMEM, "there is no memory to check it");
	rc = bundle_trust(t, b, wall, e);
	if (rc == 0 && owner == OWNER_HOST)
		rc = check_host(t, b, wall, ret, e);
	for (uint32_t i = 0; rc == 0 && i < b->lighthouse_count; i++)
		rc = check_lighthouse_cert(t, &b->lighthouses[i].cert, wall, e);
	trust_free(t);
	return rc;
}

int
bundle_check(const struct bundle *b, usec_t wall, struct verified *ret, struct err *e)
{
	struct verified v;
	int rc = check_belief(b, OWNER_HOST, wall, &v, e);

	if (rc == 0 && ret != NULL)
		*ret = v;
	return rc;
}

int
bundle_check_charter(const struct bundle *b, usec_t wall, struct cert *ret_ca, struct err *e)
{
	const struct bundle_cert *last = &b->cas[b->ca_count - 1];
	int rc = check_belief(b, OWNER_AUTHORITY, wall, NULL, e);

	return rc == 0 && ret_ca != NULL ? cert_decode(ret_ca, last->bytes, last->len, NULL) : rc;
}
