/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vectors.h - reads the known answers of tests/vectors; their README has the format.
 *
 *	struct vectors v = vectors_open("handshake.txt");
 *
 *	while (vectors_next(&v)) {
 *		uint8_t psk[32];
 *
 *		vector_exact(&v, "psk", psk, sizeof(psk));
 *		...
 *	}
 *	vectors_close(&v);
 *
 * A file, block or field that is not there fails the test: answers that nobody found must
 * not look like answers that were right. Tests run from the root of the tree.
 */
#ifndef TESTS_UNIT_VECTORS_H
#define TESTS_UNIT_VECTORS_H

#include "tests/unit/test.h"

struct vectors {
	char *text; /* the file, cut into lines: every newline is a NUL */
	const char *end;
	const char *at;   /* first line of the block, NULL before the first */
	const char *next; /* where to look for the next block */
	char name[96];    /* of the block */
};

static inline struct vectors
vectors_open(const char *file)
{
	struct vectors v = { 0 };
	char path[128];
	FILE *f;
	long size;

	snprintf(path, sizeof(path), "tests/vectors/%s", file);
	f = fopen(path, "r");
	ASSERT(f != NULL);
	ASSERT(fseek(f, 0, SEEK_END) == 0);
	size = ftell(f);
	rewind(f);
	v.text = malloc((size_t)size + 1);
	ASSERT(v.text != NULL);
	ASSERT_EQ(fread(v.text, 1, (size_t)size, f), size);
	fclose(f);
	v.text[size] = '\0';
	v.end = v.text + size;
	for (char *p = v.text; (p = strchr(p, '\n')) != NULL;)
		*p++ = '\0';
	v.next = v.text;
	return v;
}

static inline void
vectors_close(struct vectors *v)
{
	free(v->text);
	*v = (struct vectors){ 0 };
}

/* Goes to the next block, whose name is then in `v->name`; false after the last. */
static inline bool
vectors_next(struct vectors *v)
{
	for (const char *line = v->next; line < v->end; line += strlen(line) + 1) {
		const char *close = strrchr(line, ']');

		if (line[0] != '[' || close == NULL)
			continue;
		snprintf(v->name, sizeof(v->name), "%.*s", (int)(close - line - 1), line + 1);
		v->at = v->next = line + strlen(line) + 1;
		return true;
	}
	return false;
}

/* Goes to the block of this name. */
static inline void
vectors_find(struct vectors *v, const char *name)
{
	v->next = v->text;
	while (vectors_next(v))
		if (strcmp(v->name, name) == 0)
			return;
	test_fail("tests/vectors", 0, "no block [%s]", name);
}

/* The hexadecimal digits of a field of this block, or NULL. */
static inline const char *
vector_digits(const struct vectors *v, const char *field)
{
	size_t len = strlen(field);

	for (const char *line = v->at; line < v->end && line[0] != '['; line += strlen(line) + 1)
		if (strncmp(line, field, len) == 0 && strncmp(line + len, " = ", 3) == 0)
			return line + len + 3;
	return NULL;
}

static inline bool
vector_has(const struct vectors *v, const char *field)
{
	return vector_digits(v, field) != NULL;
}

/* Reads a field into `to` and returns its length, at most `cap`. */
static inline size_t
vector(const struct vectors *v, const char *field, uint8_t *to, size_t cap)
{
	const char *digits = vector_digits(v, field);
	size_t len;

	if (digits == NULL)
		test_fail("tests/vectors", 0, "[%s] has no field %s", v->name, field);
	len = strlen(digits) / 2;
	ASSERT(len <= cap);
	for (size_t i = 0; i < len; i++) {
		unsigned byte;

		ASSERT_EQ(sscanf(digits + 2 * i, "%2x", &byte), 1);
		to[i] = (uint8_t)byte;
	}
	return len;
}

/* Reads a field that has exactly `len` bytes. */
static inline void
vector_exact(const struct vectors *v, const char *field, uint8_t *to, size_t len)
{
	ASSERT_EQ(vector(v, field, to, len), len);
}

/* Reads a little-endian integer of at most 8 bytes. */
static inline uint64_t
vector_int(const struct vectors *v, const char *field)
{
	uint8_t bytes[8] = { 0 };
	uint64_t ret = 0;

	vector(v, field, bytes, sizeof(bytes));
	for (size_t i = sizeof(bytes); i-- > 0;)
		ret = ret << 8 | bytes[i];
	return ret;
}

#endif
