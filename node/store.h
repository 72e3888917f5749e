/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store.h - what a node knows across restarts: settings, rules, and what the engine remembers.
 */
#ifndef NODE_STORE_H
#define NODE_STORE_H

#include "host/settings.h"
#include "host/store.h"
#include "node/config.h"

/* The settings of a node; docs/control.md is their list. */
extern const struct setting node_settings[];

/* store_open() of the one in the directory `dir`, which is STATE/node. */
int node_store_open(struct store *s, const char *dir, struct err *err) must_check;

/* How many threads handle packets; what cannot be read counts as 1. */
unsigned node_store_workers(struct store *s) must_check;

/* Everything that mesh_configure takes. */
int node_store_load(struct store *s, struct mesh_settings *ret, struct err *err) must_check;

/*
 * CAP_* (core/wire.h) that this machine has, or, by the hidden setting `cipher`, is to
 * have.
 */
uint32_t node_store_caps(struct store *s);

/* Every pin. ERR_FORMAT when one cannot be read: then nothing is to go on as if there were none. */
int node_store_pins(struct store *s, struct pin_list *ret, struct err *err) must_check;

/*
 * Keeps a pin, in the place of another of its name. ERR_CONFLICT: the key is pinned for another
 * name; ERR_FULL. And removes one: ERR_UNKNOWN when there is none.
 */
int node_store_pin(struct store *s, const struct pin *p, struct err *err) must_check;
int node_store_unpin(struct store *s, const char *name, struct err *err) must_check;

/* Adds or removes a firewall rule. ERR_UNKNOWN: there is no such rule; ERR_FULL: too many. */
int node_store_allow(struct store *s, const char *rule, struct err *err) must_check;
int node_store_disallow(struct store *s, const char *rule, struct err *err) must_check;

#endif
