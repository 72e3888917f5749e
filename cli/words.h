/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * words.h - a line as words, the way a shell sees it.
 *
 * Blanks separate words, "..." and '...' keep them together, a backslash takes the next character
 * as it is (but within '...'), and # begins a comment where a word could begin. Nothing is
 * expanded.
 */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include "cli/pattern.h"

struct words {
	size_t n;
	char *word[ARGS_MAX];
	bool in_word;  /* the line ends within its last word, with no blank behind it */
	bool in_quote; /* and that word has a quote that is not closed */
	char *text;    /* what the words stand in */
};

/*
 * Splits `len` bytes of `line`. 0, and words_free() frees; -EINVAL when there are more than
 * ARGS_MAX words; -ENOMEM.
 */
int words_split(struct words *ret, const char *line, size_t len, struct err *e) must_check;
void words_free(struct words *w);

#endif
