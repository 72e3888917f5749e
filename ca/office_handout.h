/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_handout.h - the files that an authority hands out, on their way.
 *
 * A file has a hidden name beside its own until its certificate is committed (office.h says in
 * which order), and a line in the ledger from before it is written until it has its name or is gone.
 */
#ifndef CA_OFFICE_HANDOUT_H
#define CA_OFFICE_HANDOUT_H

#include "ca/ledger.h"
#include "core/rng.h"

/*
 * Where the file will be, absolute, and the hidden name beside it that it has until then. -EEXIST
 * when it is there already; -ENOENT and the like when its directory is not.
 */
int handout_name(struct handout *h, const struct rng *rng, const char *path,
    struct err *e) must_check;

/* From now on a crash leaves a line that says which file to look for. A transaction of its own. */
int handout_note(struct ledger *l, struct handout *h, struct err *e) must_check;

/*
 * Gives it its name when it is promised, else removes it, and then the line. -EEXIST when another
 * file has the name by now: then it waits under its hidden one.
 */
int handout_finish(struct ledger *l, const struct handout *h, struct err *e) must_check;

/*
 * All that a crash left, by what the ledger says now, whatever this process believes. Goes on after
 * a failure, which it returns.
 */
int handouts_finish(struct ledger *l, struct err *e);

#endif
