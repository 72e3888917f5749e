/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_pem.c - any text as blocks of base64: what is accepted to its end is what would be written.
 */
#include "core/pem.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pem_reader r = { 0 };
	char label[PEM_LABEL_MAX], again[8192];
	uint8_t block[1024];
	size_t len = 0;
	struct err e = { "" };
	int n;

	if (size > sizeof(again) || pem_open(&r, (const char *)data, size, &e) < 0)
		return 0;
	while ((n = pem_next(&r, label, block, sizeof(block), &e)) > 0) {
		n = pem_write(again + len, sizeof(again) - len, label, block, (size_t)n);
		assert(n > 0);
		len += (size_t)n;
		assert(memcmp(again, data, len) == 0);
	}
	assert(n == 0 ? len == size : e.text[0] != '\0');
	(void)pem_read_object(block, sizeof(block), (const char *)data, size, &e);
	return 0;
}
