/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_state.c - any bytes as a network state, a rotation and a state blob: what is accepted
 * encodes to the same bytes and has an answer to every question, and nobody is believed whose
 * signature is not there.
 */
#include "core/crypto.h"
#include "core/netstate.h"
#include "core/rotation.h"
#include "core/trust.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static uint8_t again[NETSTATE_BLOB_MAX];

static void
zeros(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	memset(p, 0, n);
}

/* A root of a network that no input can know. */
static struct trust *
believer(void)
{
	static const uint8_t seed[32] = { 1 }, enrol[32] = { 2 };
	struct cert c = { .kind = OBJECT_CA, .serial = 1, .not_after = 2000000000, .name = "study",
		.max_lifetime = 1, .path_length = 1, .network = "fuzz" };
	uint8_t root[CERT_MAX];
	struct rng rng = { .fill = zeros };
	struct trust *t = trust_new(&rng);
	int len;

	crypto_ed25519_public(c.key, seed);
	crypto_dh_public(c.enrol_key, enrol);
	len = cert_sign(&c, root, sizeof(root), seed, NULL);
	assert(t != NULL && len > 0);
	assert(trust_add(t, root, (size_t)len, 0, NULL) == 0);
	return t;
}

/* Every entry is found, and encoding gives the same bytes where no field was ignored. */
static void
ask(const struct netstate *s, const uint8_t *data, size_t size)
{
	struct object o;
	int len;

	for (uint32_t i = 0; i < s->range_count; i++) {
		const struct netstate_range *r = &s->ranges[i];

		assert(netstate_has_serial(s, r->issuer, r->first));
		assert(netstate_has_serial(s, r->issuer, r->last));
		assert(r->last == UINT64_MAX || !netstate_has_serial(s, r->issuer, r->last + 1));
	}
	for (uint32_t i = 0; i < s->key_count; i++)
		assert(netstate_has_key(s, s->keys[i].key));
	for (uint32_t i = 0; i < s->ca_count; i++)
		assert(netstate_has_ca(s, s->cas[i].key_id));
	if (object_open(&o, data, size) != BREACH_NONE || o.alg != ALG_ED25519)
		return;
	len = netstate_encode(s, again, sizeof(again), o.signature, NULL);
	assert(len > 0 && (size_t)len <= size);
	if ((size_t)len == size)
		assert(memcmp(again, data, size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trust *t;
	enum breach why = BREACH_COUNT;
	struct netstate_blob b;
	struct rotation r;
	struct netstate s;
	int rc;

	if (t == NULL)
		t = believer();
	rc = netstate_decode(&s, data, size, &why);
	assert(why < BREACH_COUNT && (rc == 0) == (why == BREACH_NONE));
	if (rc == 0) {
		ask(&s, data, size);
		netstate_free(&s);
	}
	(void)rotation_decode(&r, data, size, &why);
	if (netstate_blob_open(&b, data, size, &why) == 0) {
		rc = netstate_blob_write(again, sizeof(again), &b);
		assert(rc == (int)size && memcmp(again, data, size) == 0);
	}
	rc = trust_state_judge(t, data, size, 0, NULL, &why);
	assert(rc < 0);
	return 0;
}
