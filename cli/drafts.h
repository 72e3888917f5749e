/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * drafts.h - files of drafts: what is signed together travels together.
 *
 * One MPYNET DRAFT block after the other, so that twenty renewals are one file, one look and one
 * yes (docs/certificates.md, section 15).
 */
#ifndef CLI_DRAFTS_H
#define CLI_DRAFTS_H

#include "cli/command.h"
#include "core/draft.h"

#define DRAFTS_MAX 400 /* in a file, which PEM_TEXT_MAX bounds */

struct drafts {
	size_t count;
	struct draft *list; /* with room for DRAFTS_MAX */
};

/* An empty set, for drafts_free(). -ENOMEM. */
int drafts_new(struct drafts *ret, struct err *e) must_check;
void drafts_free(struct drafts *s);

/* Takes `d` over, which becomes the set's: 0, or ERR_FULL, and then it is freed. */
int drafts_add(struct drafts *s, struct draft *d, struct err *e) must_check;

/*
 * Adds what a text or the file `path` holds; of a draft that is there already only the signatures. ERR_FORMAT
 * when it holds anything else, or nothing.
 */
int drafts_read(struct drafts *s, const char *text, size_t len, struct err *e) must_check;
int drafts_load(struct drafts *s, const char *path, struct err *e) must_check;

/* Creates the file, or, where it was read from, takes the place of what it was. */
int drafts_save(const struct drafts *s, const char *path, bool replace, struct err *e) must_check;

#endif
