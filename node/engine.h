/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine.h - the engine of a node that runs, and the bundle that it is made of.
 *
 * Others ask for node_configure(), node_reload() and node_restart() (node/shell.h).
 */
#ifndef NODE_ENGINE_H
#define NODE_ENGINE_H

#include "core/err.h"

#include <stdbool.h>

struct node;

/*
 * Reads the bundle into `n`, which keeps what it had on failure (identity_load). `*changed`: it is
 * another one than before.
 */
int engine_load(struct node *n, bool *changed, struct err *err) must_check;

/* An engine for the bundle in hand, with what was remembered. Also on failure engine_stop(). */
int engine_start(struct node *n, struct err *err) must_check;

/* Says goodbye to the peers, and forgets all keys. Nothing where there is no engine. */
void engine_stop(struct node *n);

#endif
