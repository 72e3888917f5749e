/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store.h - what a lighthouse knows across restarts: settings, and what the engine remembers.
 */
#ifndef LIGHTHOUSE_STORE_H
#define LIGHTHOUSE_STORE_H

#include <limits.h>

#include "host/db.h"
#include "host/keep.h"
#include "host/settings.h"

/* The settings of a lighthouse; docs/control.md is their list. */
extern const struct setting lighthouse_settings[];

struct lighthouse_store {
	struct db settings;	/* the loop's own connection */
	struct db rows;		/* that of the thread pool */
	char path[PATH_MAX];
};

/*
 * Opens the database in the directory `dir` (STATE/lighthouse, or "" in a jail), making it if need
 * be.
 */
int lighthouse_store_open(struct lighthouse_store *s, const char *dir, struct err *err) must_check;
void lighthouse_store_close(struct lighthouse_store *s);

#endif
