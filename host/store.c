/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store.c - the database of a daemon: its settings, and what its engine remembers.
 */
#include "host/store.h"

#include <errno.h>
#include <stdio.h>

#include "host/home.h"
#include "host/keep.h"
#include "host/settings.h"

#define MIGRATIONS_MAX 8

int
store_open(struct store *s, const char *dir, enum db_kind kind, const char *const *more,
    size_t count, struct err *err)
{
	const char *migrations[MIGRATIONS_MAX];
	char schema[1024];
	int rc;

	assert(count <= MIGRATIONS_MAX);
	*s = (struct store){ 0 };
	rc = snprintf(schema, sizeof(schema), "%s%s%s", settings_schema, keep_schema, more[0]);
	assert((size_t)rc < sizeof(schema));
	migrations[0] = schema;
	for (size_t i = 1; i < count; i++)
		migrations[i] = more[i];
	if ((size_t)snprintf(s->path, sizeof(s->path), "%s/%s", dir, HOME_DB) >= sizeof(s->path))
		return err_set(err, -ENAMETOOLONG, "%s: the name is too long", dir);
	rc = db_open(&s->settings, s->path, kind, migrations, count, err);
	if (rc < 0)
		return rc;
	rc = db_open(&s->rows, s->path, kind, migrations, count, err);
	if (rc < 0)
		db_close(&s->settings);
	return rc;
}

void
store_close(struct store *s)
{
	db_close(&s->settings);
	db_close(&s->rows);
}
