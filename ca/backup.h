/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * backup.h - an authority as one file, and back.
 *
 * A backup is the ledger as it was between two commands, with everything that makes it an
 * authority, under a passphrase (safe.h, "MPYB"). That it was made is the last line of its log.
 *
 * Restoring never loses what is there: the ledger that was in the directory is kept under another
 * name, and a backup that does not hold all of it is refused until the operator says so. What the
 * authority did after the backup is then unknown to it, but not undone, so it goes on where it
 * cannot collide with that: serial numbers continue from the time of day in milliseconds, and
 * invitations that were open, which may have been used since, are withdrawn.
 */
#ifndef CA_BACKUP_H
#define CA_BACKUP_H

#include "ca/mark.h"
#include "ca/office.h"

/* More than a million certificates. */
#define BACKUP_MAX ((size_t)1 << 30)

/*
 * Writes the backup of `o` to `path`, which must not exist, under `s` (its psk is not looked at).
 * `end` is where the log ends in it. On failure there is no file.
 */
int backup_make(struct office *o, const char *path, const struct secret *s, struct mark *end,
    struct err *e) must_check;

/* A backup that was read, and not yet opened. */
struct backup {
	uint8_t *bytes;
	size_t len;
	char path[PATH_MAX];
};

/* Reads `path`: 0 with what opening it will cost. backup_free() wipes it. */
int backup_load(struct backup *b, struct keyfile_cost *cost, const char *path,
    struct err *e) must_check;
void backup_free(struct backup *b);

/* Opens what was loaded, in its place: slow on purpose, as office_unlock(). */
int backup_open(struct backup *b, const char *passphrase, size_t len, struct err *e) must_check;

struct restored {
	struct cert ca;
	struct mark end;     /* of the backup's log */
	uint64_t made;	     /* Unix seconds: the time of that line */
	bool same;	     /* there was nothing to do */
	char kept[PATH_MAX]; /* where the ledger is that was there; empty: there was none */
};

/*
 * Puts an opened backup into the state directory `dir`. ERR_CONFLICT when `dir` has a ledger that
 * the backup does not hold all of and `go_back` is not said, or, said or not, one of another
 * network; -EBUSY while the authority runs. On failure what was there is as it was.
 */
int backup_restore(struct restored *ret, const struct backup *b, const char *dir, bool go_back,
    struct err *e) must_check;

/* The ledger in `dir`, which an operator put there, is the one to go on with, however old. */
int backup_accept(struct restored *ret, const char *dir, struct err *e) must_check;

#endif
