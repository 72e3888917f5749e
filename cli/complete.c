/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * complete.c - what could be typed next, from the same patterns that match what was typed.
 */
#include "cli/command.h"

#include "cli/state.h"

#include <string.h>

/* Passes on the candidates that begin as the word does; `before` is put in front of each. */
struct sieve {
	const char *prefix;
	struct span before; /* "--groups=" */
	candidate_fn found;
	void *to;
};

static void
sift(void *ctx, const char *word, const char *help)
{
	struct sieve *s = ctx;
	char whole[PATH_MAX];

	if (strncmp(word, s->prefix, strlen(s->prefix)) != 0)
		return;
	snprintf(whole, sizeof(whole), "%.*s%s", (int)s->before.len, s->before.p, word);
	s->found(s->to, whole, help);
}

static void
sift_span(struct sieve *s, struct span word, const char *help)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)word.len, word.p);
	sift(s, text, help);
}

/* A new word of a command's name: the commands of one group follow each other in the table. */
static void
complete_name(const struct command *table, const char *const *words, size_t n, struct sieve *s)
{
	struct span last = { "", 0 };

	for (const struct command *cmd = table; cmd->help != NULL; cmd++) {
		struct pattern p = { 0 };
		size_t same = 0;
		struct span next;

		if (!command_is_shown(cmd))
			continue;
		pattern_add(&p, cmd->pattern);
		while (same < n && same < p.words && span_is(p.items[same].name, words[same]))
			same++;
		if (same < n || same == p.words)
			continue;
		next = p.items[n].name;
		if (next.len == last.len && memcmp(next.p, last.p, next.len) == 0)
			continue;
		last = next;
		sift_span(s, next, n + 1 == p.words ? cmd->help : NULL);
	}
}

static void
complete_value(struct context *c, const struct item *item, struct sieve *s)
{
	struct span rest = item->value;

	while (item->choice && rest.len > 0)
		sift_span(s, span_next_choice(&rest), NULL);
	if (item->choice)
		return;
	/* <file|token> is a file or a token: what either kind offers. */
	while (rest.len > 0) {
		struct span kind = span_next_choice(&rest);

		for (const struct kind *k = kinds; k->name != NULL; k++)
			if (span_is(kind, k->name))
				k->list(c, s->prefix, sift, s);
	}
}

/* Where the last word of a line stands in its command. */
struct place {
	const struct item *value_of; /* it is the value of this option, or NULL */
	size_t before;               /* so many bytes of it are "--option=" */
	size_t plain;                /* so many words that are no options come before it */
	const char *plain_words[ARGS_MAX];
	uint32_t given;    /* bit i: item i, an option, is there already */
	bool plain_only;   /* it comes after "--" */
	const char *state; /* what --state says before it, or NULL */
};

/* The option at words[i]; returns the index of the last word it takes. */
static size_t
place_option(struct place *at, const struct pattern *p, char *const *words, size_t n, size_t i,
    size_t option, const char *value)
{
	const struct item *item = &p->items[option];

	at->given |= UINT32_C(1) << option;
	if (i == n - 1) /* "--option=", and its value is being typed */
		at->before = (size_t)(value - words[i]);
	if (item->value.len == 0)
		return i;
	if (value == NULL)
		value = words[++i];
	if (i == n - 1)
		at->value_of = item;
	else if (span_is(item->name, "--state"))
		at->state = value;
	return i;
}

static void
place_find(struct place *at, const struct pattern *p, char *const *words, size_t n)
{
	static_assert(PATTERN_MAX <= 32, "place.given has a bit for every item");

	*at = (struct place){ 0 };
	for (size_t i = 0; i < n; i++) {
		const char *value = NULL;
		int option = at->plain_only ? -1 : pattern_option(p, words[i], &value);

		if (i == n - 1 && value == NULL)
			return;
		if (option >= 0)
			i = place_option(at, p, words, n, i, (size_t)option, value);
		else if (!at->plain_only && strcmp(words[i], "--") == 0)
			at->plain_only = true;
		else
			at->plain_words[at->plain++] = words[i];
	}
}

static void
complete_options(const struct pattern *p, const struct place *at, struct sieve *s)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->items[i].kind == ITEM_OPTION &&
		    (p->items[i].repeated || (at->given >> i & 1) == 0))
			sift_span(s, p->items[i].name, NULL);
}

/* A word that is no option: the next of the command's name, or an argument of its pattern. */
static void
complete_plain(struct context *c, const struct pattern *p, const struct place *at, struct sieve *s)
{
	int item = p->words > 0 ? pattern_argument(p, at->plain - p->words) : -1;

	if (p->words == 0)
		complete_name(c->table, at->plain_words, at->plain, s);
	else if (item >= 0 && span_is(p->items[item].value, "command"))
		complete_name(c->table, at->plain_words + p->words, at->plain - p->words, s);
	else if (item >= 0)
		complete_value(c, &p->items[item], s);
	else if (!at->plain_only)
		complete_options(p, at, s);
}

void
command_complete(struct context *c, char *const *words, size_t n, candidate_fn found, void *to)
{
	struct sieve s = { .found = found, .to = to };
	const struct command *cmd;
	struct context there = *c; /* as the line's own options have it */
	struct pattern p = { 0 };
	struct place at;
	struct err e;

	if (n == 0 || n > ARGS_MAX)
		return;
	cmd = command_find(c->table, words, n - 1);
	if (cmd != NULL)
		command_pattern(&p, cmd);
	else
		pattern_add(&p, global_options);
	place_find(&at, &p, words, n);
	s.before = (struct span){ words[n - 1], at.before };
	s.prefix = words[n - 1] + at.before;
	if (at.state != NULL)
		there.state_option = at.state;
	if (state_find(there.state, sizeof(there.state), there.state_option, &e) < 0)
		return;
	if (at.value_of != NULL)
		complete_value(&there, at.value_of, &s);
	else if (!at.plain_only && s.prefix[0] == '-')
		complete_options(&p, &at, &s);
	else
		complete_plain(&there, &p, &at, &s);
}
