/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_command.c - any line is split, matched against the table and completed; none is run.
 *
 * Of a line that fits a command every value must come from the line, and every candidate that
 * completion offers must begin as the last word does.
 */
#include "tests/fuzz/fuzz.h"

#include "cli/command.h"
#include "cli/words.h"

#include <stdlib.h>
#include <string.h>

/* Is `value` a word of the line, or the end of one ("--option=value"), or that of a flag? */
static bool
is_from(const struct words *w, const char *value)
{
	for (size_t i = 0; i < w->n; i++)
		if (value >= w->word[i] && value <= w->word[i] + strlen(w->word[i]))
			return true;
	return *value == '\0';
}

static void
match(const struct words *w)
{
	const struct command *cmd = command_find(commands, w->word, w->n);
	struct args a = { .n = 0 };
	struct err e;

	if (cmd == NULL)
		return;
	command_pattern(&a.pattern, cmd);
	if (args_match(&a, w->word, w->n, &e) < 0) {
		assert(e.text[0] != '\0' && strlen(e.text) < sizeof(e.text));
		return;
	}
	for (size_t i = 0; i < a.n; i++)
		assert(is_from(w, a.given[i].value));
}

static void
check_candidate(void *to, const char *word, const char *help)
{
	const char *begun = to;

	(void)help;
	assert(strncmp(word, begun, strlen(begun)) == 0);
}

static void
complete(struct words *w)
{
	static char *nowhere[] = { (char *)"--state=/nonexistent" };
	struct context c;
	struct err e;

	context_init(&c, commands, stdout);
	if (context_options(&c, nowhere, 1, &e) < 0)
		abort();
	if (!w->in_word && w->n < ARGS_MAX)
		w->word[w->n++] = (char *)"";
	if (w->n > 0)
		command_complete(&c, w->word, w->n, check_candidate, w->word[w->n - 1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct words w;
	struct err e;

	if (size > 4096 || words_split(&w, (const char *)data, size, &e) < 0)
		return 0;
	match(&w);
	complete(&w);
	words_free(&w);
	return 0;
}
