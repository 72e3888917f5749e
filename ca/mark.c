/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mark.c - how far a ledger had come, written down beside it.
 */
#include "ca/mark.h"
#include "core/text.h"
#include "host/file.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* "12 " and 64 hex digits and a newline. */
#define MARK_MAX 96

int
mark_of(struct ledger *l, struct mark *ret, struct err *e)
{
	return ledger_log_head(l, &ret->line, ret->hash, e);
}

int
mark_passed(struct ledger *l, const struct mark *m, struct err *e)
{
	int64_t n;
	int rc;

	if (m->line == 0)
		return 1;
	rc = db_int(&l->db, &n, e, "SELECT count(*) FROM log WHERE seq = ? AND hash = ?", "ub",
	    m->line, m->hash, sizeof(m->hash));
	return rc < 0 ? rc : n == 1;
}

static int
path_of(char to[static PATH_MAX], const char *dir, struct err *e)
{
	if (snprintf(to, PATH_MAX, "%s/ca.mark", dir) >= PATH_MAX)
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", dir);
	return 0;
}

static int
parse(struct mark *ret, char *text)
{
	char *space = strchr(text, ' ');
	struct mark m;
	size_t n;

	if (space == NULL)
		return ERR_FORMAT;
	*space = '\0';
	if (text_u64(&m.line, text, 0, INT64_MAX) < 0 ||
	    sodium_hex2bin(m.hash, sizeof(m.hash), space + 1, strlen(space + 1), "\n", &n,
		NULL) < 0 || n != sizeof(m.hash))
		return ERR_FORMAT;
	*ret = m;
	return 0;
}

int
mark_read(struct mark *ret, const char *dir, struct err *e)
{
	char path[PATH_MAX], *text;
	size_t len;
	int rc = path_of(path, dir, e);

	if (rc < 0)
		return rc;
	rc = file_load_secret(&text, &len, path, MARK_MAX, e);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	rc = parse(ret, text);
	file_free(text, len);
	if (rc < 0)
		return err_set(e, rc, "%s is damaged, so that nobody knows whether the ledger is "
		    "the newest; accept it with `mpynet ca restore --go-back`", path);
	return 1;
}

int
mark_write(const struct mark *m, const char *dir, struct err *e)
{
	char path[PATH_MAX], hex[65], text[MARK_MAX];
	int len, rc = path_of(path, dir, e);

	if (rc < 0)
		return rc;
	len = snprintf(text, sizeof(text), "%" PRIu64 " %s\n", m->line,
	    sodium_bin2hex(hex, sizeof(hex), m->hash, sizeof(m->hash)));
	return file_replace(path, 0600, text, (size_t)len, e);
}

int
mark_check(struct ledger *l, const char *dir, struct err *e)
{
	struct mark was, is;
	int rc = mark_read(&was, dir, e);

	if (rc != 1)
		return rc;
	rc = mark_passed(l, &was, e);
	if (rc < 0)
		return rc;
	if (rc == 1)
		return 0;
	rc = mark_of(l, &is, e);
	if (rc < 0)
		return rc;
	return err_set(e, ERR_CONFLICT, "%s ends at line %" PRIu64 " of its log and had come to "
	    "line %" PRIu64 ": an older copy or another ledger was put there; bring the newest "
	    "back, or accept the loss with `mpynet ca restore --go-back`", l->path, is.line,
	    was.line);
}

void
mark_note(struct ledger *l, const char *dir)
{
	struct mark is, was;
	struct err ignored;

	if (mark_of(l, &is, &ignored) < 0)
		return;
	if (mark_read(&was, dir, &ignored) == 1 && was.line == is.line)
		return;
	(void)!mark_write(&is, dir, &ignored);
}
