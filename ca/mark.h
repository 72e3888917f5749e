/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mark.h - how far a ledger had come, written down beside it.
 *
 * A ledger that somebody copied back from last week verifies: it is what it was. But it would give
 * addresses and invitations away a second time, and forget what was revoked since. So the file
 * ca.mark, which says at which line of the log the last command ended and what that line's hash
 * was, stays behind when ca.db alone is replaced, and the next command refuses to go on.
 *
 * The mark is written after the fact, by whoever closes the office: it may be behind the ledger,
 * never before it.
 */
#ifndef CA_MARK_H
#define CA_MARK_H

#include "ca/ledger.h"

struct mark {
	uint64_t line; /* of the log; 0: none yet */
	uint8_t hash[32];
};

/* Where the log of `l` ends. */
int mark_of(struct ledger *l, struct mark *ret, struct err *e) must_check;

/* Did the log of `l` ever end at `m`? 1, 0, or negative. */
int mark_passed(struct ledger *l, const struct mark *m, struct err *e) must_check;

/* What is written in `dir`: 1; 0 when nothing is. ERR_FORMAT when it is no mark. */
int mark_read(struct mark *ret, const char *dir, struct err *e) must_check;

/* Writes it. */
int mark_write(const struct mark *m, const char *dir, struct err *e) must_check;

/*
 * Is the ledger of `dir` what it was, or more? ERR_CONFLICT when an older copy, or another history,
 * is in its place.
 */
int mark_check(struct ledger *l, const char *dir, struct err *e) must_check;

/* Notes how far `l` has come. That it cannot be written harms nobody: the next command tries again. */
void mark_note(struct ledger *l, const char *dir);

#endif
