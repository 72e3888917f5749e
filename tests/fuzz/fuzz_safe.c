/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_safe.c - any bytes as a key file and as a backup: parameters that would stop the machine are
 * refused before anything is derived, and what opens is what was sealed.
 */
#include "ca/safe.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
look(const uint8_t magic[static 4], const uint8_t *data, size_t size)
{
	struct keyfile_cost cost = { 77, 77 };
	uint8_t content[4096];
	int rc = safe_cost(&cost, magic, data, size);

	if (rc < 0) {
		assert(cost.passes == 77 && cost.memory_kib == 77);
		return;
	}
	assert(size >= SAFE_OVERHEAD && cost.passes <= KEYFILE_PASSES_MAX);
	assert(cost.memory_kib <= KEYFILE_MEMORY_KIB_MAX);
	/* Argon2id takes its time whatever the rest is. */
	if (cost.passes == 0 && size - SAFE_OVERHEAD <= sizeof(content))
		(void)!safe_open(content, magic, data, size, "", 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keyfile_cost cost;
	struct ca_keys keys;

	look((const uint8_t *)"MPYK", data, size);
	look((const uint8_t *)"MPYB", data, size);
	if (keyfile_cost(&cost, data, size) == 0 && cost.passes == 0)
		(void)!keyfile_open(&keys, data, size, "", 0);
	return 0;
}
