/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * verdict.h - what a person wants to know of a measured network: how are others reached from it?
 */
#ifndef NODE_VERDICT_H
#define NODE_VERDICT_H

#include "node/netcheck.h"

#define VERDICT_TEXT_MAX 400

/*
 * One sentence, or two. `mapped`: a router passes a port on to us, and lighthouses see it. Returns
 * `to`.
 */
const char *verdict_text(char to[static VERDICT_TEXT_MAX], const struct netcheck *n, bool mapped);

/* How ports are given out: "preserved", "sequential, by 2", "a block of 512". Returns `to`. */
const char *verdict_ports(char to[static VERDICT_TEXT_MAX], const struct netcheck *n);

/* What could not be told apart, as a sentence; NULL: all could. Static storage. */
const char *verdict_doubt(const struct netcheck *n);

#endif
