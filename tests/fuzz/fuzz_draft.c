/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_draft.c - any bytes as a draft for co-signers: what is accepted is written back to the same
 * bytes, has a root that names co-signers, and becomes an object only with enough signatures.
 */
#include "core/draft.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = { 7 };
	static uint8_t again[DRAFT_MAX], object[NETSTATE_MAX];
	enum breach why = BREACH_COUNT;
	struct draft d, other;
	int rc = draft_read(&d, data, size, &why);

	assert(why < BREACH_COUNT);
	if (rc < 0)
		return 0;
	assert(draft_write(again, sizeof(again), &d) == (int)size);
	assert(memcmp(again, data, size) == 0);
	assert(d.root.cosigners.count >= d.root.cosigners.k);
	rc = draft_finish(object, sizeof(object), &d);
	assert((rc == ERR_STATE) == (draft_count(&d) < d.root.cosigners.k));
	assert(rc == ERR_STATE || object_verify_multi(object, (size_t)rc, &d.root.cosigners) == 0);
	other = d;
	assert(draft_merge(&other, &d) == 0 && draft_count(&other) == draft_count(&d));
	assert(draft_sign(&d, seed) == ERR_UNKNOWN);
	draft_free(&d);
	return 0;
}
