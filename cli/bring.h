/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bring.h - a network state that a person carries to a host, where no lighthouse brings it.
 *
 * The file (`ca export --network-state`) is one PEM block with a blob of core/netstate.h. A daemon
 * that runs on the state takes it over its control socket; without one it goes into the daemon's
 * database, judged exactly as the daemon would, and is in force from its start.
 */
#ifndef CLI_BRING_H
#define CLI_BRING_H

#include "cli/command.h"

struct brought_file {
	uint8_t *blob; /* to be freed */
	size_t len;
};

/*
 * Is `file` a network state? 1 if it is; 0 if it looks like something else, as a bundle; negative
 * with a sentence when it cannot be read.
 */
int bring_read(struct brought_file *ret, const char *file, struct err *e) must_check;

/*
 * Gives it to what has joined in the state of `c`: to the daemon, and it is in force when that has
 * written it down; or without one (`*offline`) to the database. 0; an exit code when the daemon
 * refuses, or negative, with a sentence.
 */
int bring_give(struct context *c, const struct brought_file *f, bool *offline,
    struct err *e) must_check;

/*
 * What `join` or a daemon has stored in the state of `c`, where no daemon runs: its length, in `blob`
 * of NETSTATE_BLOB_MAX bytes; or negative, with a sentence.
 */
int bring_stored(const struct context *c, uint8_t *blob, struct err *e) must_check;

#endif
