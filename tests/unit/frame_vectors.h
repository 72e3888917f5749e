/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frame_vectors.h - a family of frames against its vectors, and both ways.
 *
 * A family is a union of what its frames hold, and three functions: the frame that the fields of a
 * block make, and the decoder and the encoder of each type.
 */
#ifndef TESTS_UNIT_FRAME_VECTORS_H
#define TESTS_UNIT_FRAME_VECTORS_H

#include "core/wire.h"
#include "tests/unit/vectors.h"

union any; /* the family's, at most FAMILY_MAX bytes */
#define FAMILY_MAX 4096

struct family {
	int (*make)(const struct vectors *v, uint8_t type, uint8_t *to); /* FRAME_MAX */
	int (*decode)(union any *ret, const struct frame *f);
	int (*encode)(uint8_t *to, size_t cap, uint8_t type, const union any *a);
};

/* Every frame of the file is what its fields make, and comes back. How many there are. */
static inline unsigned
family_holds(const struct family *y, const char *file)
{
	_Alignas(max_align_t) static uint8_t room[FAMILY_MAX];
	union any *a = (union any *)(void *)room;
	struct vectors v = vectors_open(file);
	unsigned blocks = 0;

	for (; vectors_next(&v); blocks++) {
		uint8_t bytes[FRAME_MAX], made[FRAME_MAX];
		size_t len = vector(&v, "frame", bytes, sizeof(bytes));
		struct frame f;

		ASSERT_EQ(frame_open(&f, bytes, len), FRAME_SPOKEN);
		ASSERT_EQ(y->make(&v, f.type, made), len);
		ASSERT_MEM(made, bytes, len);
		ASSERT_EQ(y->decode(a, &f), 0);
		memset(made, 0, sizeof(made));
		ASSERT_EQ(y->encode(made, sizeof(made), f.type, a), len);
		ASSERT_MEM(made, bytes, len);
		for (size_t cap = 0; cap < len; cap++)
			ASSERT_EQ(y->encode(made, cap, f.type, a), ERR_FULL);
	}
	vectors_close(&v);
	return blocks;
}

/* No frame of the file is accepted. */
static inline void
family_refuses(const struct family *y, const char *file)
{
	_Alignas(max_align_t) static uint8_t room[FAMILY_MAX];
	struct vectors v = vectors_open(file);

	while (vectors_next(&v)) {
		uint8_t bytes[FRAME_LONG_MAX];
		size_t len = vector(&v, "frame", bytes, sizeof(bytes));
		struct frame f;

		if (frame_open(&f, bytes, len) >= 0 &&
		    y->decode((union any *)(void *)room, &f) >= 0)
			test_fail(__FILE__, __LINE__, "[%s] was accepted", v.name);
	}
	vectors_close(&v);
}

/* What is accepted of spoilt frames is what the encoder writes. How many were. */
static inline unsigned
family_is_canonical(const struct family *y, const char *file)
{
	_Alignas(max_align_t) static uint8_t room[FAMILY_MAX];
	union any *a = (union any *)(void *)room;
	struct vectors v = vectors_open(file);
	unsigned accepted = 0;

	while (vectors_next(&v)) {
		uint8_t good[FRAME_MAX], p[FRAME_MAX], again[FRAME_MAX];
		size_t len = vector(&v, "frame", good, sizeof(good));

		for (int n = 0; n < 3000; n++) {
			struct frame f;

			memcpy(p, good, len);
			for (uint64_t k = test_below(4); k-- > 0;)
				p[FRAME_HEADER + test_below(len - FRAME_HEADER)] =
				    (uint8_t)test_rand();
			if (frame_open(&f, p, len) != FRAME_SPOKEN || y->decode(a, &f) < 0)
				continue;
			accepted++;
			ASSERT_EQ(y->encode(again, sizeof(again), f.type, a), len);
			ASSERT_MEM(again, p, len);
		}
	}
	vectors_close(&v);
	return accepted;
}

#endif
