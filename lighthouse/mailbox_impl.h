/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mailbox_impl.h - the inside of a mailbox, for the files that are it: mailbox.c (what is asked of
 * authorities, and time), mailbox_token.c, mailbox_plea.c and mailbox_renewal.c.
 */
#ifndef LIGHTHOUSE_MAILBOX_IMPL_H
#define LIGHTHOUSE_MAILBOX_IMPL_H

#include "core/field.h"
#include "core/table.h"
#include "lighthouse/mailbox.h"

#define PLEA_KEY_LEN (WIRE_TOKEN_ID + ENROL_REF_LEN)

#define ANSWER_TIME (7 * UINT64_C(86400)) /* seconds that an answer waits, at the least */

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

/* The token is over: it is forgotten on disk, too, and wiped. */
void token_drop(struct mailbox *m, struct token_row *t, struct outbox *out);
void token_free(struct token_row *t);

void plea_free(struct plea_row *p);

/* A row of MEMORY_TOKEN, MEMORY_PLEA or MEMORY_RENEWAL, as mailbox_recall(). */
int token_recall(struct mailbox *m, uint64_t now, const struct memory *row) must_check;
int plea_recall(struct mailbox *m, uint64_t now, const struct memory *row) must_check;
int renewal_recall(struct mailbox *m, uint64_t now, const struct memory *row) must_check;

#endif
