/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unlock.h - the authority's keys, for as long as one command needs them.
 *
 * A passphrase comes from the terminal, without echo, or from a file descriptor; never from argv
 * or the environment, where others can read it. Passphrases and keys are in locked memory, and
 * whoever got them gives them back to be wiped.
 */
#ifndef CLI_UNLOCK_H
#define CLI_UNLOCK_H

#include "ca/office.h"
#include "cli/command.h"

#define PASSPHRASE_MAX 1024
#define PASSPHRASE_MIN 8 /* of a new one */

struct passphrase {
	char *text; /* NUL-terminated */
	size_t len;
};

/*
 * A new passphrase for `what` ("authority's key"): the first line of the descriptor that
 * --passphrase-fd names, or what was typed twice. passphrase_free() wipes it.
 */
int passphrase_choose(struct passphrase *ret, const char *what, const struct args *a,
    struct err *e) must_check;
void passphrase_free(struct passphrase *p);

/* One line of a pipe on stdin, else what is typed on the terminal without echo. Likewise. */
int secret_line(struct passphrase *ret, const char *question, struct err *e) must_check;
/* One that exists: from the descriptor, or typed once. */
int passphrase_ask(struct passphrase *ret, const char *question, const struct args *a,
    struct err *e) must_check;

/* How hard a passphrase that is chosen here is to try: by what memory this machine has. */
struct keyfile_cost passphrase_cost(void);

/* Opens the office of `c`'s state. Says on stderr what a crash left and cannot be finished yet. */
int open_office(struct office *o, const struct context *c, struct err *e) must_check;

/*
 * The keys of `o`: asks for the passphrase if there is one (up to three times on a terminal) and
 * draws a line while it is tried. lock_keys() wipes them.
 */
int unlock_keys(struct ca_keys **ret, const struct office *o, const struct args *a,
    struct err *e) must_check;
void lock_keys(struct ca_keys *keys);

#endif
