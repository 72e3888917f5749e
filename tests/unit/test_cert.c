/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_cert.c - one string of bytes for every signed object, and a name for every rule.
 */
#include "core/bytes.h"
#include "core/pem.h"
#include "tests/unit/certs.h"
#include "tests/unit/vectors.h"

#define OBJECT_ROOM 2048

/*
 * Random legal objects
 */

static void
random_name(char *to, size_t max)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = 1 + test_below(max);

	for (size_t i = 0; i < len; i++)
		to[i] = letters[test_below(i == 0 || i == len - 1 ? 36 : 39)];
	to[len] = '\0';
}

static struct prefix
random_prefix(bool whole)
{
	uint8_t b[16];
	struct prefix p;
	unsigned bits;

	test_fill(b, sizeof(b));
	b[0] = test_below(2) ? 10 : 0xfd;
	p.ip = b[0] == 10 ? ip_v4(b) : ip_v6(b);
	bits = (unsigned)ip_size(p.ip) * 8;
	p.len = (uint8_t)(whole ? bits : 8 + test_below(bits - 7));
	for (unsigned i = p.len; i < bits; i++)
		p.ip.b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	return p;
}

static struct cert
random_cert(uint8_t kind)
{
	struct cert c = { .kind = kind };
	uint8_t secret[32];

	test_fill(c.network, sizeof(c.network));
	test_fill(c.issuer, sizeof(c.issuer));
	test_fill(secret, sizeof(secret));
	random_name(c.name, NAME_MAX_LEN);
	if (kind == OBJECT_CA)
		crypto_ed25519_public(c.key, secret);
	else
		crypto_dh_public(c.key, secret);
	if (test_below(4) == 0) {
		static const uint8_t later[] = { 0x40, 1, 0, 7, 0x7f, 0, 0 };

		c.extra_len = sizeof(later);
		memcpy(c.extra, later, sizeof(later));
	}
	if (kind == OBJECT_REQUEST && test_below(2))
		test_fill(c.tls_pin, sizeof(c.tls_pin));
	if (kind == OBJECT_REQUEST && test_below(2)) {
		c.serial = 1 + test_below(UINT64_MAX);
		test_fill(secret, sizeof(secret));
		crypto_dh_public(c.old_key, secret);
		test_fill(c.old_proof, sizeof(c.old_proof));
	}
	if (kind == OBJECT_REQUEST)
		return c;
	c.serial = 1 + test_below(UINT64_MAX);
	c.not_before = test_below(CERT_TIME_MAX);
	c.not_after = c.not_before + 1 + test_below(CERT_TIME_MAX - c.not_before);
	c.flags = (uint32_t)test_below(CERT_FLAGS_ALL + 1);
	if (kind == OBJECT_HOST && (c.flags & CERT_LIGHTHOUSE))
		test_fill(c.tls_pin, sizeof(c.tls_pin));
	for (size_t n = 1 + test_below(6); n > 0; n--)
		c.addresses[c.address_count++] = random_prefix(kind == OBJECT_HOST);
	for (size_t n = test_below(5); n > 0; n--)
		c.routes[c.route_count++] = random_prefix(false);
	for (size_t n = test_below(4); n > 0; n--)
		random_name(c.groups[c.group_count++], 8);
	if (kind == OBJECT_CA) {
		c.max_lifetime = 1 + (uint32_t)test_below(UINT32_MAX);
		c.path_length = (uint8_t)test_below(2);
		crypto_dh_public(c.enrol_key, secret);
		if (test_below(2))
			random_name(c.name_suffix, 8);
	}
	cert_sort(&c);
	return c;
}

TEST(what_is_encoded_decodes_to_the_same_bytes)
{
	static const uint8_t kinds[] = { OBJECT_HOST, OBJECT_CA, OBJECT_REQUEST };
	uint32_t fitted = 0;

	for (int round = 0; round < 1500; round++) {
		struct cert c = random_cert(kinds[round % 3]), again;
		uint8_t one[CERT_MAX], two[CERT_MAX];
		enum breach why;
		int n;

		test_fill(c.signature, sizeof(c.signature));
		n = cert_encode_whole(one, sizeof(one), &c, &why);
		if (n < 0) {
			ASSERT_EQ(why, BREACH_TOO_LONG);
			continue;
		}
		fitted++;
		ASSERT_EQ(cert_decode(&again, one, (size_t)n, &why), 0);
		ASSERT_EQ(why, BREACH_NONE);
		ASSERT_EQ(cert_encode_whole(two, sizeof(two), &again, NULL), n);
		ASSERT_MEM(one, two, (size_t)n);
		ASSERT_STR(c.name, again.name);
		ASSERT_EQ(c.address_count, again.address_count);
		ASSERT_MEM(c.addresses, again.addresses, sizeof(c.addresses));
		ASSERT_MEM(c.routes, again.routes, sizeof(c.routes));
		ASSERT_MEM(c.groups, again.groups, sizeof(c.groups));
		ASSERT_MEM(c.tls_pin, again.tls_pin, sizeof(c.tls_pin));
		ASSERT_EQ(c.not_after, again.not_after);
		ASSERT_EQ(c.max_lifetime, again.max_lifetime);
	}
	ASSERT(fitted > 700);
}

/*
 * Rules, one at a time
 */

/* An object under construction: its fields in the order in which they are written. */
struct draft {
	uint8_t kind, alg, count;
	struct {
		uint8_t tag;
		size_t len;
		uint8_t value[CERT_MAX];
	} fields[32];
};

static void
draft_put(struct draft *d, size_t at, uint8_t tag, const void *value, size_t len)
{
	memmove(&d->fields[at + 1], &d->fields[at], (d->count - at) * sizeof(d->fields[0]));
	d->fields[at].tag = tag;
	d->fields[at].len = len;
	memcpy(d->fields[at].value, value, len);
	d->count++;
}

/* Takes apart an object that is right. */
static struct draft
draft_of(const uint8_t *object, size_t len)
{
	struct draft d = { .kind = object[4], .alg = object[5] };
	struct rd r = rd_init(object + 12, len - 12 - CERT_SIGNATURE_LEN);

	while (r.left > 0) {
		uint8_t tag = rd_u8(&r);
		size_t n = rd_u16(&r);

		draft_put(&d, d.count, tag, rd_take(&r, n), n);
	}
	return d;
}

static size_t
draft_write(uint8_t to[static OBJECT_ROOM], const struct draft *d)
{
	struct wr w = wr_init(to, OBJECT_ROOM);

	wr_bytes(&w, "MPY1", 4);
	wr_u8(&w, d->kind);
	wr_u8(&w, d->alg);
	wr_u16(&w, 0);
	wr_u32(&w, 0);
	for (size_t i = 0; i < d->count; i++) {
		wr_u8(&w, d->fields[i].tag);
		wr_u16(&w, (uint16_t)d->fields[i].len);
		wr_bytes(&w, d->fields[i].value, d->fields[i].len);
	}
	put_le32(to + 8, (uint32_t)w.len - 12);
	wr_zeros(&w, CERT_SIGNATURE_LEN);
	ASSERT(wr_end(&w) > 0);
	return w.len;
}

static size_t
draft_find(const struct draft *d, uint8_t tag)
{
	size_t i = 0;

	while (i < d->count && d->fields[i].tag < tag)
		i++;
	return i;
}

/* Replaces, or puts where it belongs; with `value` NULL takes away. */
static void
draft_set(struct draft *d, uint8_t tag, const void *value, size_t len)
{
	size_t at = draft_find(d, tag);

	if (at < d->count && d->fields[at].tag == tag) {
		memmove(&d->fields[at], &d->fields[at + 1],
		    (d->count - at - 1) * sizeof(d->fields[0]));
		d->count--;
	}
	if (value != NULL)
		draft_put(d, at, tag, value, len);
}

static enum breach
breach_of(const uint8_t *object, size_t len)
{
	enum breach why = BREACH_COUNT;
	struct cert c;
	int rc = cert_decode(&c, object, len, &why);
	bool reserved = why == BREACH_KIND_RESERVED;

	ASSERT_EQ(rc, why == BREACH_NONE ? 0 : reserved ? ERR_VERSION : ERR_CANON);
	return why;
}

static enum breach
breach_of_draft(const struct draft *d)
{
	uint8_t object[OBJECT_ROOM];

	return breach_of(object, draft_write(object, d));
}

#define VALUE(s) (s), sizeof(s) - 1
#define ABSENT   NULL, 0
#define FE31                                                                                       \
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" \
	"\xff\xff\xff\xff\xff\xff\xff\xff"
#define ZEROS31 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define ORDER8_A                                                                                   \
	"\xe0\xeb\x7a\x7c\x3b\x41\xb8\xae\x16\x56\xe3\xfa\xf1\x9f\xc4\x6a"                         \
	"\xda\x09\x8d\xeb\x9c\x32\xb1\xfd\x86\x62\x05\x16\x5f\x49\xb8\x00"
#define ORDER8_B                                                                                   \
	"\x5f\x9c\x95\xbc\xa3\x50\x8c\x24\xb1\xd0\xb1\x55\x9c\x83\xef\x5b"                         \
	"\x04\x44\x5c\xc4\x58\x1c\x8e\x86\xd8\x22\x4e\xdd\xd0\x9f\x11\x57"

/* One field of an object that is right, set to `value`, and what that breaks. */
static const struct {
	enum breach want;
	uint8_t kind, tag;
	const char *value;
	size_t len;
} wrong_fields[] = {
	{ BREACH_TAG, OBJECT_HOST, 0x00, VALUE("") },
	{ BREACH_TAG, OBJECT_HOST, 0x0e, VALUE("") },
	{ BREACH_TAG, OBJECT_HOST, 0x3f, VALUE("") },
	{ BREACH_TAG, OBJECT_HOST, 0x80, VALUE("") },
	{ BREACH_TAG, OBJECT_CA, 0xff, VALUE("") },
	{ BREACH_TLS_PIN, OBJECT_HOST, 0x14, VALUE(ZEROS31 "\1") },
	{ BREACH_TLS_PIN, OBJECT_REQUEST, 0x14, VALUE(ZEROS31 "\0") },
	{ BREACH_TAG_KIND, OBJECT_CA, 0x14, VALUE(ZEROS31 "\1") },
	{ BREACH_FIELD_LENGTH, OBJECT_REQUEST, 0x14, VALUE(ZEROS31) },
	{ BREACH_NONE, OBJECT_REQUEST, 0x14, VALUE(ZEROS31 "\1") },
	{ BREACH_TAG_KIND, OBJECT_HOST, 0x16, VALUE(ZEROS31 "\1" ZEROS31 "\1") },
	{ BREACH_TAG_KIND, OBJECT_CA, 0x16, VALUE(ZEROS31 "\1" ZEROS31 "\1") },
	{ BREACH_FIELD_LENGTH, OBJECT_REQUEST, 0x16, VALUE(ZEROS31 "\1" ZEROS31) },
	{ BREACH_KEY, OBJECT_REQUEST, 0x16, VALUE(ZEROS31 "\0" ZEROS31 "\1") },
	{ BREACH_COSIGNERS, OBJECT_CA, 0x15, VALUE("\2") },
	{ BREACH_TAG_KIND, OBJECT_HOST, 0x10, VALUE("\1\0\0\0") },
	{ BREACH_TAG_KIND, OBJECT_HOST, 0x11, VALUE("\0") },
	{ BREACH_TAG_KIND, OBJECT_HOST, 0x13, VALUE(".a") },
	{ BREACH_TAG_KIND, OBJECT_REQUEST, 0x04, VALUE("\1\0\0\0\0\0\0\0") },
	{ BREACH_SERIAL, OBJECT_REQUEST, 0x03, VALUE("\0\0\0\0\0\0\0\0") },
	{ BREACH_TAG_KIND, OBJECT_REQUEST, 0x0d, VALUE("\0\0\0\0") },
	{ BREACH_MISSING, OBJECT_HOST, 0x01, ABSENT },
	{ BREACH_MISSING, OBJECT_HOST, 0x02, ABSENT },
	{ BREACH_MISSING, OBJECT_HOST, 0x03, ABSENT },
	{ BREACH_MISSING, OBJECT_HOST, 0x04, ABSENT },
	{ BREACH_MISSING, OBJECT_HOST, 0x05, ABSENT },
	{ BREACH_MISSING, OBJECT_HOST, 0x06, ABSENT },
	{ BREACH_MISSING, OBJECT_HOST, 0x07, ABSENT },
	{ BREACH_MISSING, OBJECT_HOST, 0x08, ABSENT },
	{ BREACH_MISSING, OBJECT_HOST, 0x0d, ABSENT },
	{ BREACH_MISSING, OBJECT_CA, 0x10, ABSENT },
	{ BREACH_MISSING, OBJECT_CA, 0x11, ABSENT },
	{ BREACH_MISSING, OBJECT_CA, 0x12, ABSENT },
	{ BREACH_MISSING, OBJECT_REQUEST, 0x02, ABSENT },
	{ BREACH_FIELD_LENGTH, OBJECT_HOST, 0x01, VALUE("short") },
	{ BREACH_FIELD_LENGTH, OBJECT_HOST, 0x03, VALUE("\1\0\0\0\0\0\0") },
	{ BREACH_FIELD_LENGTH, OBJECT_HOST, 0x06, VALUE("\11") },
	{ BREACH_FIELD_LENGTH, OBJECT_HOST, 0x08, VALUE("\12\127\0\1\40\12") },
	{ BREACH_FIELD_LENGTH, OBJECT_HOST, 0x09, VALUE("\375") },
	{ BREACH_FIELD_LENGTH, OBJECT_HOST, 0x0c, VALUE("\5abc") },
	{ BREACH_FIELD_LENGTH, OBJECT_HOST, 0x0d, VALUE("\0") },
	{ BREACH_EMPTY_LIST, OBJECT_HOST, 0x08, VALUE("") },
	{ BREACH_EMPTY_LIST, OBJECT_HOST, 0x0b, VALUE("") },
	{ BREACH_EMPTY_LIST, OBJECT_HOST, 0x0c, VALUE("") },
	{ BREACH_LIST_ORDER, OBJECT_HOST, 0x08, VALUE("\12\127\0\2\40\12\127\0\1\40") },
	{ BREACH_LIST_ORDER, OBJECT_HOST, 0x08, VALUE("\12\127\0\1\40\12\127\0\1\40") },
	{ BREACH_LIST_ORDER, OBJECT_HOST, 0x0a, VALUE("\12\0\0\0\20\12\0\0\0\10") },
	{ BREACH_LIST_ORDER, OBJECT_HOST, 0x0c, VALUE("\1b\1a") },
	{ BREACH_LIST_ORDER, OBJECT_HOST, 0x0c, VALUE("\1a\1a") },
	{ BREACH_LIST_ORDER, OBJECT_HOST, 0x0c, VALUE("\2ab\1a") },
	{ BREACH_LIST_LONG, OBJECT_HOST, 0x0c,
	    VALUE("\1a\1b\1c\1d\1e\1f\1g\1h\1i\1j\1k\1l\1m\1n\1o\1p\1q") },
	{ BREACH_SERIAL, OBJECT_HOST, 0x03, VALUE("\0\0\0\0\0\0\0\0") },
	{ BREACH_TIME, OBJECT_HOST, 0x05, VALUE("\1\0\0\0\0\0\0\0") },
	{ BREACH_TIME, OBJECT_HOST, 0x05, VALUE("\200\101\364\377\72\0\0\0") },
	{ BREACH_TIME, OBJECT_CA, 0x04, VALUE("\377\377\377\377\377\377\377\377") },
	{ BREACH_KEY, OBJECT_HOST, 0x06, VALUE("\0" ZEROS31) },
	{ BREACH_KEY, OBJECT_HOST, 0x06, VALUE("\1" ZEROS31) },
	{ BREACH_KEY, OBJECT_HOST, 0x06, VALUE(ORDER8_A) },
	{ BREACH_KEY, OBJECT_HOST, 0x06, VALUE(ORDER8_B) },
	{ BREACH_KEY, OBJECT_HOST, 0x06, VALUE("\xec" FE31 "\x7f") },
	{ BREACH_KEY, OBJECT_HOST, 0x06, VALUE("\xed" FE31 "\x7f") },
	{ BREACH_KEY, OBJECT_HOST, 0x06, VALUE("\xff" FE31 "\x7f") },
	{ BREACH_KEY, OBJECT_HOST, 0x06, VALUE("\x09" FE31 "\x80") },
	{ BREACH_KEY, OBJECT_CA, 0x06, VALUE("\0" ZEROS31) },
	{ BREACH_KEY, OBJECT_CA, 0x06, VALUE("\1" ZEROS31) },
	{ BREACH_KEY, OBJECT_CA, 0x06, VALUE("\2" ZEROS31) },
	{ BREACH_KEY, OBJECT_CA, 0x12, VALUE("\0" ZEROS31) },
	{ BREACH_KEY, OBJECT_REQUEST, 0x06, VALUE("\1" ZEROS31) },
	{ BREACH_NAME, OBJECT_HOST, 0x07, VALUE("") },
	{ BREACH_NAME, OBJECT_HOST, 0x07, VALUE("Party") },
	{ BREACH_NAME, OBJECT_HOST, 0x07, VALUE("party-") },
	{ BREACH_NAME, OBJECT_HOST, 0x07, VALUE("a\0b") },
	{ BREACH_NAME, OBJECT_HOST, 0x07,
	    VALUE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") },
	{ BREACH_PREFIX_LENGTH, OBJECT_HOST, 0x08, VALUE("\12\127\0\2\37") },
	{ BREACH_PREFIX_LENGTH, OBJECT_HOST, 0x08, VALUE("\12\127\0\2\41") },
	{ BREACH_PREFIX_LENGTH, OBJECT_HOST, 0x0a, VALUE("\12\127\0\2\41") },
	{ BREACH_PREFIX_LENGTH, OBJECT_CA, 0x08, VALUE("\12\127\0\0\377") },
	{ BREACH_HOST_BITS, OBJECT_HOST, 0x0a, VALUE("\300\250\10\1\30") },
	{ BREACH_HOST_BITS, OBJECT_CA, 0x08, VALUE("\12\127\0\1\20") },
	{ BREACH_ADDRESS, OBJECT_HOST, 0x08, VALUE("\177\0\0\1\40") },
	{ BREACH_ADDRESS, OBJECT_HOST, 0x08, VALUE("\340\0\0\1\40") },
	{ BREACH_ADDRESS, OBJECT_HOST, 0x08, VALUE("\251\376\0\1\40") },
	{ BREACH_ADDRESS, OBJECT_HOST, 0x08, VALUE("\0\0\0\0\40") },
	{ BREACH_ADDRESS, OBJECT_HOST, 0x08, VALUE("\377\377\377\377\40") },
	{ BREACH_ADDRESS, OBJECT_HOST, 0x09, VALUE("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\200") },
	{ BREACH_ADDRESS, OBJECT_HOST, 0x09, VALUE("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\200") },
	{ BREACH_ADDRESS, OBJECT_HOST, 0x09, VALUE("\376\200\0\0\0\0\0\0\0\0\0\0\0\0\0\1\200") },
	{ BREACH_ADDRESS, OBJECT_HOST, 0x09, VALUE("\377\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1\200") },
	{ BREACH_ADDRESS, OBJECT_HOST, 0x09, VALUE("\0\0\0\0\0\0\0\0\0\0\377\377\12\127\0\1\200") },
	{ BREACH_ADDRESS, OBJECT_CA, 0x08, VALUE("\177\0\0\0\10") },
	{ BREACH_ADDRESS, OBJECT_CA, 0x0b, VALUE("\376\200\0\0\0\0\0\0\0\0\0\0\0\0\0\0\12") },
	{ BREACH_GROUP, OBJECT_HOST, 0x0c, VALUE("\0") },
	{ BREACH_GROUP, OBJECT_HOST, 0x0c, VALUE("\1*") },
	{ BREACH_GROUP, OBJECT_HOST, 0x0c, VALUE("\2a-") },
	{ BREACH_GROUP, OBJECT_HOST, 0x0c, VALUE("\40aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") },
	{ BREACH_GROUP, OBJECT_CA, 0x0c, VALUE("\1*\1a") },
	{ BREACH_GROUP, OBJECT_CA, 0x0c, VALUE("\2**") },
	{ BREACH_FLAGS, OBJECT_HOST, 0x0d, VALUE("\200\0\0\0") },
	{ BREACH_FLAGS, OBJECT_CA, 0x0d, VALUE("\0\0\0\200") },
	{ BREACH_LIFETIME, OBJECT_CA, 0x10, VALUE("\0\0\0\0") },
	{ BREACH_PATH_LENGTH, OBJECT_CA, 0x11, VALUE("\2") },
	{ BREACH_SUFFIX, OBJECT_CA, 0x13, VALUE("") },
	{ BREACH_SUFFIX, OBJECT_CA, 0x13, VALUE("a.") },
	{ BREACH_SUFFIX, OBJECT_CA, 0x13, VALUE(".A") },

	/* And what comes close to them and is allowed. */
	{ BREACH_NONE, OBJECT_REQUEST, 0x03, VALUE("\1\0\0\0\0\0\0\0") },
	{ BREACH_NONE, OBJECT_HOST, 0x40, VALUE("") },
	{ BREACH_NONE, OBJECT_CA, 0x7f, VALUE("later") },
	{ BREACH_NONE, OBJECT_CA, 0x08, ABSENT },
	{ BREACH_NONE, OBJECT_CA, 0x0c, VALUE("\1*") },
	{ BREACH_NONE, OBJECT_CA, 0x0c, VALUE("\1a\2ab\1b") },
	{ BREACH_NONE, OBJECT_CA, 0x08, VALUE("\0\0\0\0\0") },
	{ BREACH_NONE, OBJECT_CA, 0x13, VALUE("-a") },
	{ BREACH_NONE, OBJECT_HOST, 0x05, VALUE("\177\101\364\377\72\0\0\0") },
	{ BREACH_NONE, OBJECT_HOST, 0x06, VALUE("\xeb" FE31 "\x7f") },
	{ BREACH_NONE, OBJECT_HOST, 0x06, VALUE("\2" ZEROS31) },
	{ BREACH_NONE, OBJECT_HOST, 0x0c, VALUE("\37aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") },
	{ BREACH_NONE, OBJECT_HOST, 0x0c,
	    VALUE("\1a\1b\1c\1d\1e\1f\1g\1h\1i\1j\1k\1l\1m\1n\1o\1p") },
};

/* A draft of each kind that is right. */
static struct draft
right_draft(uint8_t kind)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct cert request = { .kind = OBJECT_REQUEST, .name = "party1" };
	uint8_t bytes[CERT_MAX];
	int n;

	if (kind == OBJECT_HOST)
		return draft_of(h.bytes, h.len);
	if (kind == OBJECT_CA)
		return draft_of(root.bytes, root.len);
	memcpy(request.key, h.cert.key, sizeof(request.key));
	n = cert_encode_whole(bytes, sizeof(bytes), &request, NULL);
	ASSERT(n > 0);
	return draft_of(bytes, (size_t)n);
}

TEST(every_field_is_refused_for_the_rule_that_it_breaks)
{
	struct draft right[OBJECT_REQUEST + 1] = {
		[OBJECT_HOST] = right_draft(OBJECT_HOST),
		[OBJECT_CA] = right_draft(OBJECT_CA),
		[OBJECT_REQUEST] = right_draft(OBJECT_REQUEST),
	};

	for (size_t i = 0; i < ARRAY_LEN(wrong_fields); i++) {
		struct draft d = right[wrong_fields[i].kind];
		enum breach b;

		ASSERT_EQ(breach_of_draft(&d), BREACH_NONE);
		draft_set(&d, wrong_fields[i].tag, wrong_fields[i].value, wrong_fields[i].len);
		b = breach_of_draft(&d);
		if (b != wrong_fields[i].want)
			test_fail(__FILE__, __LINE__, "row %zu (tag %02x): it %s", i,
			    wrong_fields[i].tag, breach_phrase(b));
	}
}

TEST(fields_are_in_strictly_ascending_order)
{
	struct draft d = right_draft(OBJECT_HOST), twice = d;

	draft_put(&twice, 3, d.fields[2].tag, d.fields[2].value, d.fields[2].len);
	ASSERT_EQ(breach_of_draft(&twice), BREACH_ORDER);
	d.fields[1].tag = 0x03;
	d.fields[2].tag = 0x02;
	ASSERT(breach_of_draft(&d) != BREACH_NONE);
	d = right_draft(OBJECT_HOST);
	draft_put(&d, 0, 0x40, "", 0);
	ASSERT_EQ(breach_of_draft(&d), BREACH_ORDER);
}

TEST(every_header_is_refused_for_the_rule_that_it_breaks)
{
	static const struct {
		enum breach want;
		uint8_t at, value;
	} headers[] = {
		{ BREACH_MAGIC, 0, 'm' },
		{ BREACH_MAGIC, 3, '2' },
		{ BREACH_KIND, 4, 0 },
		{ BREACH_KIND, 4, 9 },
		{ BREACH_KIND, 4, 255 },
		{ BREACH_KIND_OTHER, 4, OBJECT_STATE },
		{ BREACH_KIND_RESERVED, 4, OBJECT_LOG_HEAD },
		{ BREACH_KIND_OTHER, 4, OBJECT_ROTATION },
		{ BREACH_ALG, 4, OBJECT_STUDY },
		{ BREACH_TAG_KIND, 4, OBJECT_COSIGNER },
		{ BREACH_ALG, 5, 0 },
		{ BREACH_ALG, 5, ALG_PROOF },
		{ BREACH_ALG, 5, 4 },
		{ BREACH_RESERVED, 6, 1 },
		{ BREACH_RESERVED, 7, 128 },
		{ BREACH_LENGTH, 8, 0 },
		{ BREACH_LENGTH, 8, 255 },
		{ BREACH_LENGTH, 11, 1 },
	};
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);

	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		uint8_t object[CERT_HOST_MAX];

		memcpy(object, h.bytes, h.len);
		object[headers[i].at] = headers[i].value;
		ASSERT_EQ(breach_of(object, h.len), headers[i].want);
	}
}

/* In memory of just its length, so that a sanitizer sees a read past its end. */
TEST(a_study_is_not_taken_for_a_certificate)
{
	static const uint8_t study[] = { 'M', 'P', 'Y', '1', OBJECT_STUDY, ALG_NONE, 0, 0, 0, 0, 0,
		0 };
	uint8_t *object = malloc(sizeof(study));

	ASSERT(object != NULL);
	memcpy(object, study, sizeof(study));
	ASSERT_EQ(breach_of(object, sizeof(study)), BREACH_KIND_OTHER);
	free(object);
}

TEST(an_object_cut_anywhere_is_refused)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	uint8_t longer[CERT_HOST_MAX + 1] = { 0 };

	for (size_t len = 0; len < h.len; len++)
		ASSERT_EQ(breach_of(h.bytes, len), BREACH_LENGTH);
	memcpy(longer, h.bytes, h.len);
	ASSERT_EQ(breach_of(longer, h.len + 1), BREACH_LENGTH);
}

TEST(a_field_that_runs_past_the_body_is_refused)
{
	struct draft d = right_draft(OBJECT_HOST);
	uint8_t object[OBJECT_ROOM];
	size_t len = draft_write(object, &d);

	/* The last field is the flags: 4 bytes before the signature, their length before them. */
	object[len - CERT_SIGNATURE_LEN - 6] = 5;
	ASSERT_EQ(breach_of(object, len), BREACH_FIELD_CUT);
}

TEST(the_largest_object_of_each_kind_is_taken_and_one_byte_more_is_not)
{
	static const struct {
		uint8_t kind;
		size_t max;
	} kinds[] = {
		{ OBJECT_HOST, CERT_HOST_MAX },
		{ OBJECT_CA, CERT_CA_MAX },
		{ OBJECT_REQUEST, CERT_REQUEST_MAX },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct draft d = right_draft(kinds[i].kind);
		uint8_t object[OBJECT_ROOM], zeros[CERT_MAX] = { 0 };
		size_t room = kinds[i].max - draft_write(object, &d) - 3;
		struct cert c;

		draft_set(&d, 0x40, zeros, room);
		ASSERT_EQ(draft_write(object, &d), kinds[i].max);
		ASSERT_EQ(breach_of(object, kinds[i].max), BREACH_NONE);
		ASSERT_EQ(cert_decode(&c, object, kinds[i].max, NULL), 0);
		ASSERT_EQ(cert_encode_whole(object, sizeof(object), &c, NULL), kinds[i].max);
		draft_set(&d, 0x40, zeros, room + 1);
		ASSERT_EQ(breach_of_draft(&d), BREACH_TOO_LONG);
	}
}

TEST(an_object_of_nothing_but_later_fields_lacks_the_others)
{
	struct draft d = { .kind = OBJECT_HOST, .alg = ALG_ED25519 };
	uint8_t zeros[CERT_MAX] = { 0 };

	draft_set(&d, 0x40, zeros, CERT_EXTRA_MAX - 3);
	ASSERT_EQ(breach_of_draft(&d), BREACH_MISSING);
	draft_set(&d, 0x40, zeros, CERT_EXTRA_MAX);
	ASSERT_EQ(breach_of_draft(&d), BREACH_MISSING);
}

TEST(what_would_not_be_accepted_is_not_written)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	uint8_t to[CERT_MAX];
	struct cert c = h.cert;
	enum breach why;

	c.serial = 0;
	ASSERT_EQ(cert_sign(&c, to, sizeof(to), root.seed, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_SERIAL);
	c = h.cert;
	c.addresses[c.address_count++] = certs_prefix("10.87.0.2");
	ASSERT_EQ(cert_encode(to, sizeof(to), &c, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_LIST_ORDER);
	cert_sort(&c);
	ASSERT(cert_encode(to, sizeof(to), &c, &why) > 0);
	c.address_count = CERT_ADDRESSES_MAX + 1;
	ASSERT_EQ(cert_encode(to, sizeof(to), &c, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_LIST_LONG);
	c = h.cert;
	memset(c.name, 'a', sizeof(c.name));
	ASSERT_EQ(cert_encode(to, sizeof(to), &c, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_NAME);
	ASSERT_EQ(cert_encode(to, h.len - CERT_SIGNATURE_LEN - 1, &h.cert, &why), ERR_FULL);
	ASSERT_EQ(cert_encode_whole(to, h.len - 1, &h.cert, &why), ERR_FULL);
}

TEST(lists_are_sorted_and_repeated_entries_dropped)
{
	struct cert c = { .kind = OBJECT_HOST };

	c.addresses[c.address_count++] = certs_prefix("fd87::1");
	c.addresses[c.address_count++] = certs_prefix("10.0.0.2");
	c.addresses[c.address_count++] = certs_prefix("10.0.0.1");
	c.addresses[c.address_count++] = certs_prefix("10.0.0.2");
	snprintf(c.groups[c.group_count++], sizeof(c.groups[0]), "b");
	snprintf(c.groups[c.group_count++], sizeof(c.groups[0]), "ab");
	snprintf(c.groups[c.group_count++], sizeof(c.groups[0]), "b");
	cert_sort(&c);
	ASSERT_EQ(c.address_count, 3);
	ASSERT(ip_equal(c.addresses[0].ip, certs_ip("10.0.0.1")));
	ASSERT(ip_equal(c.addresses[2].ip, certs_ip("fd87::1")));
	ASSERT_EQ(c.group_count, 2);
	ASSERT_STR(c.groups[0], "ab");
	ASSERT_STR(c.groups[1], "b");
}

TEST(every_breach_has_a_phrase)
{
	for (int b = BREACH_NONE; b < BREACH_COUNT; b++)
		ASSERT(strlen(breach_phrase((enum breach)b)) > 5);
}

/*
 * Signatures
 */

TEST(a_certificate_with_any_bit_flipped_is_refused)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);

	ASSERT_EQ(cert_verify(h.bytes, h.len, root.cert.key), 0);
	for (size_t bit = 0; bit < h.len * 8; bit++) {
		struct cert c;

		h.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ASSERT(cert_decode(&c, h.bytes, h.len, NULL) < 0 ||
		       cert_verify(h.bytes, h.len, root.cert.key) == ERR_AUTH);
		h.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ASSERT_EQ(cert_verify(h.bytes, h.len, root.cert.key), 0);
}

TEST(the_fingerprint_does_not_depend_on_the_signature)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct cert c;

	h.bytes[h.len - 1] ^= 1;
	ASSERT_EQ(cert_decode(&c, h.bytes, h.len, NULL), 0);
	ASSERT_MEM(c.fingerprint, h.cert.fingerprint, sizeof(c.fingerprint));
	ASSERT(memcmp(c.signature, h.cert.signature, sizeof(c.signature)) != 0);
}

TEST(a_key_is_eight_words)
{
	uint8_t key[32] = { 9 };
	char words[CERT_WORDS_MAX];
	int spaces = 0;

	for (const char *p = cert_key_words(words, key); *p != '\0'; p++)
		spaces += *p == ' ';
	ASSERT_EQ(spaces, CERT_WORDS - 1);
}

/*
 * Known answers
 */

static void
known_object(const struct vectors *v)
{
	uint8_t object[CERT_MAX], again[CERT_MAX], fingerprint[32], unsigned_bytes[CERT_MAX];
	char text[2048], pem[2048];
	size_t len = vector(v, "object", object, sizeof(object));
	size_t unsigned_len = vector(v, "unsigned", unsigned_bytes, sizeof(unsigned_bytes));
	size_t pem_len = vector(v, "pem", (uint8_t *)pem, sizeof(pem));
	struct cert c;

	vector_exact(v, "fingerprint", fingerprint, sizeof(fingerprint));
	ASSERT_EQ(cert_decode(&c, object, len, NULL), 0);
	ASSERT_MEM(c.fingerprint, fingerprint, 32);
	ASSERT_EQ(cert_encode(again, sizeof(again), &c, NULL), unsigned_len);
	ASSERT_MEM(again, unsigned_bytes, unsigned_len);
	ASSERT_EQ(pem_write(text, sizeof(text), pem_label(object, len), object, len), pem_len);
	ASSERT_MEM(text, pem, pem_len);
	if (vector_has(v, "issuer_seed")) {
		uint8_t seed[32];

		vector_exact(v, "issuer_seed", seed, sizeof(seed));
		memset(c.signature, 0, sizeof(c.signature));
		ASSERT_EQ(cert_sign(&c, again, sizeof(again), seed, NULL), len);
	} else {
		uint8_t shared[32];

		vector_exact(v, "shared", shared, sizeof(shared));
		cert_prove(c.signature, object, len, shared);
		ASSERT_EQ(cert_encode_whole(again, sizeof(again), &c, NULL), len);
	}
	ASSERT_MEM(again, object, len);
}

TEST(known_objects_are_made_and_read_to_the_byte)
{
	struct vectors v = vectors_open("objects.txt");
	int count = 0;

	while (vectors_next(&v)) {
		if (!vector_has(&v, "object"))
			continue;
		known_object(&v);
		count++;
	}
	ASSERT_EQ(count, 9);
	vectors_close(&v);
}

TEST(known_key_ids)
{
	struct vectors v = vectors_open("objects.txt");
	uint8_t key[32], want[16], id[16];

	vectors_find(&v, "key id");
	vector_exact(&v, "ed25519_public", key, sizeof(key));
	vector_exact(&v, "key_id", want, sizeof(want));
	cert_key_id(id, key);
	ASSERT_MEM(id, want, sizeof(id));
	vectors_close(&v);
}

TEST(known_bad_objects_are_refused)
{
	struct vectors v = vectors_open("refused.txt");
	int count = 0;

	while (vectors_next(&v)) {
		uint8_t object[OBJECT_ROOM];
		size_t len = vector(&v, "object", object, sizeof(object));

		if (breach_of(object, len) == BREACH_NONE)
			test_fail(__FILE__, __LINE__, "[%s] is taken", v.name);
		count++;
	}
	ASSERT(count > 50);
	vectors_close(&v);
}

/*
 * What an issuer permits
 */

static int
permitted(const struct cert *c, const struct cert *issuer, enum breach want)
{
	enum breach why = BREACH_COUNT;
	int rc = cert_permitted(c, issuer, &why);

	ASSERT_EQ(why, want);
	return rc;
}

TEST(an_issuing_ca_gives_only_what_it_may)
{
	struct authority root = certs_root(), issuing = certs_issuing(&root);
	struct host h = certs_host(&issuing, "party.org", "10.87.16.9", 7);
	const struct cert *by = &issuing.cert;
	struct cert c = h.cert;

	ASSERT_EQ(permitted(&c, by, BREACH_NONE), 0);
	c.addresses[c.address_count++] = certs_prefix("10.87.32.1");
	ASSERT_EQ(permitted(&c, by, BREACH_NOT_ADDRESS), ERR_DENIED);
	c.addresses[1] = certs_prefix("fd87::9");
	(void)permitted(&c, by, BREACH_NOT_ADDRESS);
	c = h.cert;
	c.routes[c.route_count++] = certs_prefix("192.168.8.128/25");
	(void)permitted(&c, by, BREACH_NONE);
	c.routes[0] = certs_prefix("192.168.0.0/16");
	(void)permitted(&c, by, BREACH_NOT_ROUTE);
	c = h.cert;
	snprintf(c.groups[c.group_count++], sizeof(c.groups[0]), "b");
	(void)permitted(&c, by, BREACH_NONE);
	snprintf(c.groups[c.group_count++], sizeof(c.groups[0]), "c");
	(void)permitted(&c, by, BREACH_NOT_GROUP);
	c = h.cert;
	c.flags = CERT_GATEWAY;
	(void)permitted(&c, by, BREACH_NONE);
	c.flags = CERT_LIGHTHOUSE;
	(void)permitted(&c, by, BREACH_NOT_FLAG);
	c = h.cert;
	c.not_after = c.not_before + by->max_lifetime + CERT_BACKDATE;
	(void)permitted(&c, by, BREACH_NONE);
	c.not_after++;
	(void)permitted(&c, by, BREACH_NOT_LIFETIME);
	c = h.cert;
	snprintf(c.name, sizeof(c.name), "party.com");
	(void)permitted(&c, by, BREACH_NOT_SUFFIX);
	c = h.cert;
	c.network[0] ^= 1;
	(void)permitted(&c, by, BREACH_NETWORK);
	(void)permitted(&h.cert, &root.cert, BREACH_ISSUER);
	(void)permitted(&issuing.cert, &h.cert, BREACH_NOT_A_CA);
}

TEST(a_root_gives_an_issuing_ca_only_what_it_may_give_itself)
{
	struct authority root = certs_root(), issuing = certs_issuing(&root);
	struct cert c = issuing.cert, by = root.cert;

	(void)permitted(&c, &by, BREACH_NONE);
	c.addresses[0] = certs_prefix("10.0.0.0/8");
	(void)permitted(&c, &by, BREACH_NOT_ADDRESS);
	c = issuing.cert;
	c.max_lifetime = by.max_lifetime + 1;
	(void)permitted(&c, &by, BREACH_NOT_LIFETIME);
	c = issuing.cert;
	c.path_length = 1;
	(void)permitted(&c, &by, BREACH_TOO_DEEP);
	c = issuing.cert;
	by.path_length = 0;
	(void)permitted(&c, &by, BREACH_TOO_DEEP);
	by = root.cert;
	snprintf(by.name_suffix, sizeof(by.name_suffix), ".org");
	(void)permitted(&c, &by, BREACH_NONE);
	c.name_suffix[0] = '\0';
	(void)permitted(&c, &by, BREACH_NOT_SUFFIX);
	c = issuing.cert;
	by.group_count = 0;
	(void)permitted(&c, &by, BREACH_NOT_GROUP);
	snprintf(by.groups[by.group_count++], sizeof(by.groups[0]), "a");
	snprintf(c.groups[0], sizeof(c.groups[0]), "*");
	c.group_count = 1;
	(void)permitted(&c, &by, BREACH_NOT_GROUP);
}

TEST(a_route_may_not_overlap_the_network)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	enum breach why;

	h.cert.routes[h.cert.route_count++] = certs_prefix("192.168.1.0/24");
	ASSERT_EQ(cert_routes_outside(&h.cert, &root.cert, &why), 0);
	h.cert.routes[h.cert.route_count++] = certs_prefix("10.0.0.0/8");
	ASSERT_EQ(cert_routes_outside(&h.cert, &root.cert, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_ROUTE_IN_OVERLAY);
}

TEST(a_root_is_who_names_itself_as_issuer)
{
	struct authority root = certs_root(), issuing = certs_issuing(&root);
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);

	ASSERT(cert_is_root(&root.cert));
	ASSERT(!cert_is_root(&issuing.cert));
	ASSERT(!cert_is_root(&h.cert));
	ASSERT(cert_has_address(&h.cert, certs_ip("10.87.0.3")));
	ASSERT(!cert_has_address(&h.cert, certs_ip("10.87.0.4")));
	ASSERT(cert_has_group(&issuing.cert, "b"));
	ASSERT(!cert_has_group(&issuing.cert, "c"));
}
