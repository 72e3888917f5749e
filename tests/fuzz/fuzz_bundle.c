/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_bundle.c - any text as a bundle: what is read is what would be written, and what is wrong
 * with it is said.
 */
#include "core/bundle.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define WALL (UINT64_C(1700000000) * USEC_PER_SEC)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bundle b;
	static char again[BUNDLE_TEXT_MAX];
	struct bundle_cert cas[BUNDLE_CAS_MAX];
	struct err e = { "" };
	int n;

	if (bundle_read_cas(cas, (const char *)data, size, &e) < 0)
		assert(e.text[0] != '\0');
	e.text[0] = '\0';
	if (bundle_read(&b, (const char *)data, size, &e) < 0) {
		assert(e.text[0] != '\0');
		return 0;
	}
	n = bundle_write(again, sizeof(again), &b);
	assert(n == (int)size && memcmp(again, data, size) == 0);
	assert(bundle_check(&b, WALL, NULL, &e) == 0 || e.text[0] != '\0');
	return 0;
}
