/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_words.h - the words with which a program of a run is started: those of the person, and what
 * it has to know of the study.
 */
#ifndef CLI_RUN_WORDS_H
#define CLI_RUN_WORDS_H

#include "cli/command.h"
#include "cli/parties.h"

struct run_words {
	char *argv[ARGS_MAX + 2 * STUDY_PARTIES_MAX + 3]; /* ended by NULL */
	size_t count; /* those of the person */
	char endpoints[STUDY_PARTIES_MAX][PARTY_ENDPOINT_MAX];
	char index[8];
	char *expanded[ARGS_MAX]; /* NULL: it was not */
};

/* Those behind `--`. `w` begins zeroed; the words stay the property of `a`. */
void run_words_take(struct run_words *w, const struct args *a);

/* Adds MPyC's -P and -I for party `self`. */
void run_words_add(struct run_words *w, const struct study *s, unsigned self);

/* Adds nothing, and replaces what stands in braces: as parties_expand(), or -ENOMEM. */
int run_words_expand(struct run_words *w, const struct study *s, unsigned self,
    struct err *e) must_check;

void run_words_free(struct run_words *w);

#endif
