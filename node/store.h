/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store.h - what a node knows across restarts: settings, rules, and what the engine remembers.
 */
#ifndef NODE_STORE_H
#define NODE_STORE_H

#include <limits.h>

#include "host/db.h"
#include "host/keep.h"
#include "host/settings.h"
#include "node/config.h"

/* The settings of a node; docs/control.md is their list. */
extern const struct setting node_settings[];

struct node_store {
	struct db settings;	/* the loop's own connection */
	struct db rows;		/* that of the thread pool */
	char path[PATH_MAX];
};

/* Opens the database in the directory `dir` (STATE/node), making it if need be. */
int node_store_open(struct node_store *s, const char *dir, struct err *err) must_check;
void node_store_close(struct node_store *s);

/* Everything that mesh_configure takes. */
int node_store_load(struct node_store *s, struct mesh_settings *ret, struct err *err) must_check;

/* Adds or removes a firewall rule. ERR_UNKNOWN: there is no such rule; ERR_FULL: too many. */
int node_store_allow(struct node_store *s, const char *rule, struct err *err) must_check;
int node_store_disallow(struct node_store *s, const char *rule, struct err *err) must_check;

#endif
