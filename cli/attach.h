/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * attach.h - the node whose mesh a program is to have: the one that runs here, or one that is
 * started for it.
 */
#ifndef CLI_ATTACH_H
#define CLI_ATTACH_H

#include "cli/command.h"
#include "cli/talk.h"

#include <sys/types.h>

/* As long as it lasts, a transient node does (node/attach.h). */
struct attachment {
	struct talk talk;
	bool transient; /* the node ends with this */
	bool attached; /* `talk` is open; without, a node runs that does not know this user */
	pid_t holder;  /* of the network namespace where the device is; 0: it is here */
};

/*
 * Finds the node of the state or of this machine; where none runs, starts a transient one. 0, or
 * why there can be none; the sentence says what would do. attach_end() wants only what succeeded.
 */
int attach(struct attachment *ret, struct context *c, struct err *e) must_check;

/* Returns when a transient node that ends now has put everything away. */
void attach_end(struct attachment *a);

#endif
