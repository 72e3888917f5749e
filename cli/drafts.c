/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * drafts.c - files of drafts, read, put together, written.
 */
#include "cli/drafts.h"

#include "core/pem.h"
#include "host/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DRAFT_TEXT_MAX(n) PEM_LEN(sizeof(PEM_DRAFT) - 1, n)

/* Of a certificate, signed by all that there can be. */
#define DRAFT_CERT_MAX (2 + CERT_ROOT_MAX + 2 + CERT_MAX + 1 + DRAFT_PARTS_MAX * OBJECT_PART)

static_assert(DRAFTS_MAX * DRAFT_TEXT_MAX(DRAFT_CERT_MAX) <= PEM_TEXT_MAX,
    "a full set of certificates can be read again");

int
drafts_new(struct drafts *ret, struct err *e)
{
	ret->count = 0;
	ret->list = calloc(DRAFTS_MAX, sizeof(*ret->list));
	return ret->list != NULL ? 0 : err_set(e, -ENOMEM, "there is no memory for drafts");
}

void
drafts_free(struct drafts *s)
{
	for (size_t i = 0; i < s->count; i++)
		draft_free(&s->list[i]);
	free(s->list);
	*s = (struct drafts){ .count = 0 };
}

int
drafts_add(struct drafts *s, struct draft *d, struct err *e)
{
	if (s->count == DRAFTS_MAX) {
		draft_free(d);
		return err_set(e, ERR_FULL, "more than %d drafts are not signed together; take them "
		    "in several steps", DRAFTS_MAX);
	}
	s->list[s->count++] = *d;
	return 0;
}

/* The signatures of `d` go to the same draft, if the set has it. */
static int
add_or_merge(struct drafts *s, struct draft *d, struct err *e)
{
	for (size_t i = 0; i < s->count; i++) {
		if (draft_merge(&s->list[i], d) < 0)
			continue;
		draft_free(d);
		return 0;
	}
	return drafts_add(s, d, e);
}

static int
read_one(struct drafts *s, const char *label, const uint8_t *bytes, size_t len, struct err *e)
{
	enum breach why = BREACH_NONE;
	struct draft d;
	int rc;

	if (strcmp(label, PEM_DRAFT) != 0)
		return err_set(e, ERR_FORMAT, "it is no draft; where co-signers sign, `mpynet sign "
		    "NAME --request FILE`, `mpynet revoke NAME` and others write one");
	rc = draft_read(&d, bytes, len, &why);
	if (rc < 0)
		return err_set(e, rc, "the draft %s", breach_reason(rc, why));
	return add_or_merge(s, &d, e);
}

static int
read_all(struct drafts *s, const char *text, size_t len, uint8_t *room, struct err *e)
{
	char label[PEM_LABEL_MAX];
	struct pem_reader r;
	unsigned blocks = 0;
	int n, rc = pem_open(&r, text, len, e);

	if (rc < 0)
		return rc;
	while ((n = pem_next(&r, label, room, DRAFT_MAX, e)) > 0) {
		blocks++;
		rc = read_one(s, label, room, (size_t)n, e);
		if (rc < 0)
			return rc;
	}
	return n == 0 && blocks == 0 ? read_one(s, "", NULL, 0, e) : n;
}

int
drafts_read(struct drafts *s, const char *text, size_t len, struct err *e)
{
	uint8_t *room = malloc(DRAFT_MAX);
	int rc;

	if (room == NULL)
		return err_set(e, -ENOMEM, "there is no memory for drafts");
	rc = read_all(s, text, len, room, e);
	free(room);
	return rc;
}

int
drafts_load(struct drafts *s, const char *path, struct err *e)
{
	size_t len;
	char *text;
	int rc = file_load(&text, &len, path, FILE_SIZE_MAX, e);

	if (rc < 0)
		return rc;
	rc = drafts_read(s, text, len, e);
	file_free(text, len);
	return rc < 0 ? err_prefix(e, rc, "%s", path) : 0;
}

/* All blocks in a row; `room` holds DRAFT_MAX. The number of characters, or ERR_FULL. */
static int
write_all(char *text, size_t cap, const struct drafts *s, uint8_t *room)
{
	size_t at = 0;

	for (size_t i = 0; i < s->count; i++) {
		int n = draft_write(room, DRAFT_MAX, &s->list[i]);

		assert(n > 0);
		n = pem_write(text + at, cap - at, PEM_DRAFT, room, (size_t)n);
		if (n < 0)
			return n;
		at += (size_t)n;
	}
	return (int)at;
}

int
drafts_save(const struct drafts *s, const char *path, bool replace, struct err *e)
{
	char *text = malloc(PEM_TEXT_MAX);
	uint8_t *room = malloc(DRAFT_MAX);
	int rc = text == NULL || room == NULL ? -ENOMEM :
						write_all(text, PEM_TEXT_MAX, s, room);

	if (rc < 0)
		rc = err_set(e, rc, "%s: the drafts do not fit one file", path);
	else
		rc = replace ? file_replace(path, 0600, text, (size_t)rc, e)
			     : file_create(path, 0600, text, (size_t)rc, e);
	free(room);
	free(text);
	return rc;
}
