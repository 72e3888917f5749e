/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_charter.c - any text as a charter: what is read is what would be written, belongs to no host,
 * and what is wrong with it is said.
 */
#include "core/bundle.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define WALL (UINT64_C(1800000000) * USEC_PER_SEC)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bundle b;
	static char again[BUNDLE_TEXT_MAX];
	struct err e = { "" };
	struct cert ca;
	int n;

	if (bundle_read_charter(&b, (const char *)data, size, &e) < 0) {
		assert(e.text[0] != '\0');
		return 0;
	}
	assert(b.host.len == 0 && !b.has_key && b.ca_count > 0);
	n = bundle_write_charter(again, sizeof(again), &b);
	assert(n == (int)size && memcmp(again, data, size) == 0);
	assert(bundle_write(again, sizeof(again), &b) < 0);
	if (bundle_check_charter(&b, WALL, &ca, &e) == 0)
		assert(ca.kind == OBJECT_CA && !cert_is_root(&ca));
	else
		assert(e.text[0] != '\0');
	return 0;
}
