/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clerk.h - sits at the desk of an authority's node (node/desk.h) with the ledger in hand.
 *
 * Petitions are answered by ca/office_clerk.h. What a person has still to decide, or what the locked
 * key cannot sign, is asked again whenever another command has changed the ledger.
 */
#ifndef CLI_CLERK_H
#define CLI_CLERK_H

#include "ca/office_clerk.h"
#include "cli/command.h"
#include "node/desk.h"

/* Petitions that wait for a decision; lighthouses bring again what found no room. */
#define CLERK_WAITING_MAX 256

struct waiting {
	struct petition is;
	uint8_t bytes[WIRE_PLEA_MAX];
};

struct clerk_desk {
	const char *state;
	bool approve;
	bool keep_old;
	struct ca_keys *given; /* from the command that starts it; NULL: stays locked */
	bool opened;
	struct office office;
	struct ca_keys *keys;  /* our own, locked in memory */
	struct clerk clerk;
	int64_t version;       /* of the ledger, as it was last looked at */
	uint64_t offers_until; /* Unix seconds: then they are to be made anew */
	size_t offers;
	struct waiting *waiting; /* CLERK_WAITING_MAX */
	size_t waiting_count;
	uint64_t answered;
};

/* The calls of a desk whose context is `d`; state, approve, keep_old and given are set. */
struct desk clerk_desk(struct clerk_desk *d);

#endif
