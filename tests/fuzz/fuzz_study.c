/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_study.c - any bytes as a study: what is accepted is encoded again to the same bytes, and its
 * parties are all different and all found.
 */
#include "core/study.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum breach why = BREACH_COUNT;
	uint8_t again[STUDY_MAX];
	struct study s;
	int rc = study_decode(&s, data, size, &why);

	assert(why < BREACH_COUNT && (rc == 0) == (why == BREACH_NONE));
	if (rc < 0)
		return 0;
	assert(size <= STUDY_MAX && s.count >= 1 && s.count <= STUDY_PARTIES_MAX);
	assert(study_encode(&s, again, sizeof(again), &why) == (int)size);
	assert(memcmp(again, data, size) == 0);
	for (uint32_t i = 0; i < s.count; i++) {
		assert(study_index_of(&s, s.parties[i].key) == (int)i);
		assert(study_index_named(&s, s.parties[i].name) == (int)i);
	}
	return 0;
}
