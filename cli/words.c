/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * words.c - splits lines.
 */
#include "cli/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0';
}

struct splitter {
	struct words *words;
	char *to;    /* where the next character goes */
	char quote;  /* the one we are in, or 0 */
	bool escape; /* the last character was a backslash */
};

/* Begins a word where there is none. */
static int
begin_word(struct splitter *s)
{
	struct words *w = s->words;

	if (w->in_word)
		return 0;
	if (w->n == ARGS_MAX)
		return -EINVAL;
	w->word[w->n++] = s->to;
	w->in_word = true;
	return 0;
}

static void
end_word(struct splitter *s)
{
	if (s->words->in_word)
		*s->to++ = '\0';
	s->words->in_word = false;
}

/* A character outside of quotes that means something else than itself; false when it does not. */
static bool
is_special(struct splitter *s, char c)
{
	if (c == '\\' && s->quote != '\'') {
		s->escape = true;
		return true;
	}
	if (s->quote != 0 && c == s->quote) {
		s->quote = 0;
		return true;
	}
	if (s->quote == 0 && (c == '"' || c == '\'')) {
		s->quote = c;
		return true;
	}
	return false;
}

static int
take(struct splitter *s, char c)
{
	int r;

	if (!s->escape && s->quote == 0 && is_blank(c)) {
		end_word(s);
		return 0;
	}
	r = begin_word(s);
	if (r < 0)
		return r;
	if (!s->escape && is_special(s, c))
		return 0;
	s->escape = false;
	*s->to++ = c;
	return 0;
}

int
words_split(struct words *ret, const char *line, size_t len, struct err *e)
{
	struct splitter s = { .words = ret };
	int r = 0;

	*ret = (struct words){ .text = malloc(len + 1) };
	if (ret->text == NULL)
		return err_set(e, -ENOMEM, "out of memory");
	s.to = ret->text;
	for (size_t i = 0; i < len && r == 0; i++) {
		if (line[i] == '#' && !ret->in_word)
			break;
		r = take(&s, line[i]);
	}
	ret->in_quote = s.quote != 0;
	*s.to = '\0';
	if (r == 0)
		return 0;
	words_free(ret);
	return err_set(e, r, "a line has at most %d words", ARGS_MAX);
}

void
words_free(struct words *w)
{
	free(w->text);
	w->text = NULL;
	w->n = 0;
}
