/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_cert.c - any bytes as a signed object: what is accepted encodes to the same bytes, and every
 * question about it has an answer.
 */
#include "core/cert.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[32] = { 9 };
	uint8_t again[CERT_MAX];
	char words[CERT_WORDS_MAX];
	enum breach why = BREACH_COUNT;
	struct cert c;
	int rc = cert_decode(&c, data, size, &why);

	assert(why < BREACH_COUNT && (rc == 0) == (why == BREACH_NONE));
	if (rc < 0)
		return 0;
	assert(cert_encode_whole(again, sizeof(again), &c, NULL) == (int)size);
	assert(memcmp(again, data, size) == 0);
	(void)cert_key_words(words, c.key);
	(void)cert_is_root(&c);
	rc = cert_permitted(&c, &c, &why);
	assert((rc == 0) == (why == BREACH_NONE));
	rc = cert_routes_outside(&c, &c, &why);
	assert((rc == 0) == (why == BREACH_NONE));
	rc = cert_verify(data, size, key);
	assert(rc == ERR_AUTH);
	cert_sort(&c);
	assert(cert_encode_whole(again, sizeof(again), &c, NULL) == (int)size);
	assert(memcmp(again, data, size) == 0);
	return 0;
}
