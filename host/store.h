/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store.h - the database of a daemon: its settings, and what its engine remembers.
 */
#ifndef HOST_STORE_H
#define HOST_STORE_H

#include <limits.h>

#include "host/db.h"

struct store {
	struct db settings;	/* the loop's own connection */
	struct db rows;		/* that of the thread pool */
	char path[PATH_MAX];
};

/*
 * Opens the database in the directory `dir` (or "" in a jail), making it if need be. more[0] is the
 * SQL of the tables that this kind has besides settings and rows, and each of the others what leads
 * to its next version (host/db.h); there are `count` of them, at least one. Nothing is open on
 * failure; `s` is not moved while it is open.
 */
int store_open(struct store *s, const char *dir, enum db_kind kind, const char *const *more,
    size_t count, struct err *err) must_check;

void store_close(struct store *s);

#endif
