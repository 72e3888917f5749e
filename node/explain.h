/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * explain.h - deduces from an engine's state why a peer is reached as it is.
 *
 * Nothing is kept for it: whatever decides about paths leaves behind what it decided by, and here
 * that is read. So a reason cannot go stale, and asking for one changes nothing.
 */
#ifndef NODE_EXPLAIN_H
#define NODE_EXPLAIN_H

#include "core/base.h"
#include "node/why.h"

struct mesh;
struct peer;

/* The one reason that counts most, with what it carries. */
void explain_peer(const struct mesh *m, struct instant now, struct peer *peer, struct why *ret);

/* The reason why somebody of whom we hold no certificate is not connected. */
void explain_stranger(const struct mesh *m, struct instant now, struct why *ret);

#endif
