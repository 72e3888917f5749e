/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_member.c - any bytes as a row that an engine remembered.
 *
 * A row that is right but for a few bytes goes deeper than one of chance, so an input that begins
 * with an even byte is a list of changes (u16 where, u8 what) to a row that is right; after an odd
 * byte it is the row. Whatever comes back, only what was signed is a member afterwards.
 */
#include "core/bytes.h"
#include "core/crypto.h"
#include "core/members.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define NOW  UINT64_C(1700000000)
#define WALL (NOW * USEC_PER_SEC)

static struct trust *believed;
static struct rng_stream stream;
static struct rng rng;
static uint8_t row[MEMBER_ROW_MAX], host_key[32];
static size_t row_len;

static void
sign(struct cert *c, uint8_t *to, size_t cap, size_t *len)
{
	static const uint8_t seed[32] = { 7 };
	int n = cert_sign(c, to, cap, seed, NULL);

	assert(n > 0);
	*len = (size_t)n;
}

/* A root, a host that it signed, and the row of that host. */
static void
begin(void)
{
	static const uint8_t seed[32] = { 7 };
	struct cert root = {
		.kind = OBJECT_CA,
		.serial = 1,
		.not_before = NOW - 100,
		.not_after = NOW + 100,
		.name = "study",
		.address_count = 1,
		.addresses = { { { FAMILY_V4, { 10 } }, 8 } },
		.flags = CERT_FLAGS_ALL,
		.max_lifetime = 100,
	};
	struct cert host = {
		.kind = OBJECT_HOST,
		.serial = 2,
		.not_before = NOW - 10,
		.not_after = NOW + 10,
		.name = "party1",
		.address_count = 1,
		.addresses = { { { FAMILY_V4, { 10, 0, 0, 1 } }, 32 } },
	};
	uint8_t bytes[CERT_MAX];
	struct wr w = wr_init(row, sizeof(row));
	size_t len;
	int rc;

	rng_stream_init(&stream, 1);
	rng = rng_stream_source(&stream);
	crypto_ed25519_public(root.key, seed);
	crypto_dh_public(root.enrol_key, seed);
	crypto_dh_public(host.key, seed);
	sign(&root, bytes, sizeof(bytes), &len);
	believed = trust_new(&rng);
	assert(believed != NULL);
	rc = trust_add(believed, bytes, len, WALL, NULL);
	assert(rc == 0);
	sign(&host, bytes, sizeof(bytes), &len);
	memcpy(host_key, host.key, sizeof(host_key));
	wr_u8(&w, 1);
	wr_zeros(&w, MEMBER_TIMESTAMP_LEN);
	wr_u16(&w, (uint16_t)len);
	wr_bytes(&w, bytes, len);
	wr_u16(&w, 0);
	row_len = w.len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t changed[MEMBER_ROW_MAX];
	struct rd r = rd_init(data, size);
	bool whole = rd_u8(&r) & 1;
	struct members *ms;
	struct member *m = NULL;
	int rc;

	if (believed == NULL)
		begin();
	memcpy(changed, row, row_len);
	while (!whole && r.left >= 3) {
		size_t at = rd_u16(&r) % row_len;

		changed[at] = rd_u8(&r);
	}
	ms = members_new(&rng, 4);
	assert(ms != NULL);
	rc = members_recall(ms, believed, host_key, sizeof(host_key), whole ? r.p : changed,
	    whole ? r.left : row_len, WALL, &m);
	assert((rc >= 0) == (members_count(ms) == 1));
	if (rc >= 0) {
		size_t len = m->host_len;

		assert(memcmp(member_host(m), row + 1 + MEMBER_TIMESTAMP_LEN + 2, len) == 0);
		assert(members_by_name(ms, "party1") == m);
	}
	members_free(ms);
	return 0;
}
