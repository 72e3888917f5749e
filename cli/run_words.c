/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_words.c - the words with which a program of a run is started.
 */
#include "cli/run_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
run_words_take(struct run_words *w, const struct args *a)
{
	w->count = arg_count(a, "program");
	for (size_t i = 0; i < w->count; i++)
		w->argv[i] = (char *)arg_nth(a, "program", i);
}

void
run_words_add(struct run_words *w, const struct study *s, unsigned self)
{
	size_t n = w->count;

	for (unsigned i = 0; i < s->count; i++) {
		w->argv[n++] = (char *)"-P";
		w->argv[n++] = (char *)party_mpyc_endpoint(w->endpoints[i], &s->parties[i]);
	}
	(void)snprintf(w->index, sizeof(w->index), "%u", self);
	w->argv[n++] = (char *)"-I";
	w->argv[n++] = w->index;
	w->argv[n] = NULL;
}

int
run_words_expand(struct run_words *w, const struct study *s, unsigned self, struct err *e)
{
	char *text = malloc(PARTIES_TEXT_MAX);
	int rc = text == NULL ? err_set(e, -ENOMEM, "out of memory") : 0;

	for (size_t i = 0; i < w->count && rc == 0; i++) {
		rc = parties_expand(text, PARTIES_TEXT_MAX, w->argv[i], s, self, e);
		if (rc == 0 && (w->expanded[i] = strdup(text)) == NULL)
			rc = err_set(e, -ENOMEM, "out of memory");
		if (rc == 0)
			w->argv[i] = w->expanded[i];
	}
	free(text);
	return rc;
}

void
run_words_free(struct run_words *w)
{
	for (size_t i = 0; i < ARGS_MAX; i++)
		free(w->expanded[i]);
}
