/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mailbox_impl.h - the inside of a mailbox, for the files that are it: mailbox.c (tokens, pleas, what
 * is asked of authorities, what lasts) and mailbox_renewal.c.
 */
#ifndef LIGHTHOUSE_MAILBOX_IMPL_H
#define LIGHTHOUSE_MAILBOX_IMPL_H

#include "core/field.h"
#include "core/table.h"
#include "lighthouse/mailbox.h"

struct mailbox {
	struct table tokens;
	struct table pleas; /* id || ref */
	struct table renewals;
	struct heap matters;
	uint32_t answers;
	uint32_t pleas_open;
	uint32_t renewals_open;
};

/* How every matter's row begins on disk: u8 version, and what matter_put() writes. */
#define ROW_VERSION	1
#define MATTER_ROW_HEAD (1 + ISSUER_LEN + 1 + 1 + 8)

void matter_put(struct wr *w, const struct matter *e);
void matter_in(struct in *in, struct matter *e);

/* Counts a matter in or out, by what it is now; and changes what that is. */
void matter_count(struct mailbox *m, const struct matter *e, int by);
void matter_set_done(struct mailbox *m, struct matter *e, bool done);

/* Room for one more matter among those that are due. 0 or -ENOMEM. */
int mailbox_reserve(struct mailbox *m) must_check;

/* A row of MEMORY_RENEWAL, as mailbox_recall(). */
int renewal_recall(struct mailbox *m, uint64_t now, const struct memory *row) must_check;

#endif
