/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.c - finds the command that words name, and runs it.
 */
#include "cli/command.h"

#include "cli/state.h"
#include "core/text.h"

#include <errno.h>
#include <string.h>

void
context_init(struct context *c, const struct command *table, FILE *to)
{
	*c = (struct context){ .table = table };
	output_init(&c->out, to);
}

bool
command_is_shown(const struct command *cmd)
{
	return cmd->pattern != NULL && strncmp(cmd->pattern, "__", 2) != 0;
}

void
command_pattern(struct pattern *ret, const struct command *cmd)
{
	*ret = (struct pattern){ 0 };
	pattern_add(ret, cmd->pattern);
	pattern_add(ret, global_options);
}

/* Finding *************************************************************************************/

/* The words before the first option that is not global, without options: where a name can be. */
static size_t
leading_words(const char *to[static ARGS_MAX], char *const *words, size_t n)
{
	struct pattern global = { 0 };
	size_t n_to = 0;

	pattern_add(&global, global_options);
	for (size_t i = 0; i < n && n_to < ARGS_MAX; i++) {
		const char *value;
		int at;

		if (!word_is_option(words[i])) {
			to[n_to++] = words[i];
			continue;
		}
		at = pattern_option(&global, words[i], &value);
		if (at < 0)
			break;
		if (global.items[at].value.len > 0 && value == NULL)
			i++;
	}
	return n_to;
}

/* How many words the name of `cmd` and `words` have in common from the start. */
static size_t
common_words(const struct command *cmd, const char *const *words, size_t n, size_t *ret_name)
{
	struct pattern p = { 0 };
	size_t i = 0;

	pattern_add(&p, cmd->pattern);
	*ret_name = p.words;
	while (i < n && i < p.words && span_is(p.items[i].name, words[i]))
		i++;
	return i;
}

const struct command *
command_find(const struct command *table, char *const *words, size_t n)
{
	const char *leading[ARGS_MAX];
	size_t n_leading = leading_words(leading, words, n), best = 0;
	const struct command *found = NULL;

	for (const struct command *cmd = table; cmd->help != NULL; cmd++) {
		size_t name;

		if (cmd->pattern == NULL || common_words(cmd, leading, n_leading, &name) != name ||
		    name <= best)
			continue;
		found = cmd;
		best = name;
	}
	return found;
}

/* A misspelt command **************************************************************************/

struct near {
	const char *typed; /* the word that does not fit, or NULL when one is missing */
	size_t depth;      /* so many words before it do */
	struct span last;  /* the last word that would have fitted */
	char fits[512];    /* and all of them */
	char best[32];     /* the one spelt most like it, or empty */
	unsigned best_distance;
};

/* Notes `word`, which would have fitted. Commands of one group follow each other in the table. */
static void
near_add(struct near *near, struct span word)
{
	size_t used = strlen(near->fits);
	char text[32];
	unsigned distance;

	if (near->last.len == word.len && memcmp(near->last.p, word.p, word.len) == 0)
		return;
	near->last = word;
	snprintf(text, sizeof(text), "%.*s", (int)word.len, word.p);
	snprintf(near->fits + used, sizeof(near->fits) - used, "%s%s", used > 0 ? ", " : "", text);
	distance = near->typed != NULL ? text_distance(near->typed, text) : near->best_distance;
	if (distance < near->best_distance) {
		near->best_distance = distance;
		memcpy(near->best, text, sizeof(text));
	}
}

/* Goes as deep as any command of the table fits, and notes what would have fitted there. */
static void
near_find(struct near *near, const struct command *table, const char *const *words, size_t n)
{
	size_t name;

	for (const struct command *cmd = table; cmd->help != NULL; cmd++)
		if (command_is_shown(cmd))
			near->depth = max_u64(near->depth, common_words(cmd, words, n, &name));
	near->typed = near->depth < n ? words[near->depth] : NULL;
	for (const struct command *cmd = table; cmd->help != NULL; cmd++) {
		struct pattern p = { 0 };

		if (!command_is_shown(cmd) || common_words(cmd, words, n, &name) != near->depth ||
		    name == near->depth)
			continue;
		pattern_add(&p, cmd->pattern);
		near_add(near, p.items[near->depth].name);
	}
}

static int
no_such_command(const struct command *table, char *const *words, size_t n, struct err *e)
{
	const char *leading[ARGS_MAX];
	size_t n_leading = leading_words(leading, words, n);
	struct near near = { .best_distance = 3 };
	char shown[64];

	if (n_leading == 0)
		return err_set(e, -EINVAL, "a command is missing; 'mpynet help' lists them");
	near_find(&near, table, leading, n_leading);
	if (near.typed == NULL)
		return err_set(e, -EINVAL, "'%s' needs one more word: %s", leading[near.depth - 1],
		    near.fits);
	output_escape(shown, sizeof(shown), near.typed);
	if (near.depth > 0)
		return err_set(e, -EINVAL, "'%s' does not fit behind '%s', but these do: %s", shown,
		    leading[near.depth - 1], near.fits);
	if (near.best[0] != '\0')
		return err_set(e, -EINVAL,
		    "'%s' is not a command, but '%s' is; 'mpynet help' lists them all", shown,
		    near.best);
	return err_set(e, -EINVAL, "'%s' is not a command; 'mpynet help' lists them", shown);
}

/* Usage ***************************************************************************************/

#define USAGE_WIDTH 80

/* The next item of a pattern with what belongs to it: "[--groups <list>]". */
static struct span
next_piece(const char **p)
{
	struct span s = { *p + strspn(*p, " "), 0 };
	int depth = 0;

	for (; s.p[s.len] != '\0' && (s.p[s.len] != ' ' || depth > 0); s.len++)
		depth += s.p[s.len] == '[' ? 1 : s.p[s.len] == ']' ? -1 : 0;
	*p = s.p + s.len;
	return s;
}

void
command_usage(FILE *to, const struct command *cmd, size_t indent)
{
	const char *rest = cmd->pattern;
	size_t column = indent + (size_t)fprintf(to, "mpynet");

	for (struct span s = next_piece(&rest); s.len > 0; s = next_piece(&rest)) {
		if (column + 1 + s.len > USAGE_WIDTH)
			column = (size_t)fprintf(to, "\n%*s", (int)indent + 7, "") - 1;
		column += (size_t)fprintf(to, " %.*s", (int)s.len, s.p);
	}
	fputc('\n', to);
}

/* Running *************************************************************************************/

int
exit_code_of(int result)
{
	switch (result) {
	case -EINVAL: return EXIT_USAGE;
	case -EPERM:
	case -EACCES: return EXIT_PERMISSION;
	case -ECONNREFUSED: return EXIT_NO_DAEMON;
	case -ETIMEDOUT: return EXIT_TIMEOUT;
	case ERR_UNKNOWN:
	case -EINTR: return EXIT_NO;
	default: return result >= 0 ? result : EXIT_CONFIG;
	}
}

/* What the global options of `a` say, for the time of one command. */
static int
apply_global_options(struct context *c, const struct args *a, struct err *e)
{
	if (arg(a, "--json") != NULL && arg(a, "--porcelain") != NULL)
		return err_set(e, -EINVAL, "--json and --porcelain exclude each other");
	if (arg(a, "--json") != NULL)
		c->out.format = OUTPUT_JSON;
	if (arg(a, "--porcelain") != NULL)
		c->out.format = OUTPUT_PORCELAIN;
	if (arg(a, "--state") != NULL)
		c->state_option = arg(a, "--state");
	return state_find(c->state, sizeof(c->state), c->state_option, e);
}

int
context_options(struct context *c, char *const *words, size_t n, struct err *e)
{
	struct args a = { .n = 0 };

	pattern_add(&a.pattern, global_options);
	if (args_match(&a, words, n, e) < 0 || arg(&a, "--help") != NULL ||
	    arg(&a, "--version") != NULL)
		return ERR_UNKNOWN;
	return apply_global_options(c, &a, e);
}

/* --help and --version say what the commands of that name do, whatever else was typed. */
static const char *
instead_of_command(char *const *words, size_t n)
{
	for (size_t i = 0; i < n && strcmp(words[i], "--") != 0; i++) {
		if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0)
			return "help";
		if (strcmp(words[i], "--version") == 0)
			return "version";
	}
	return NULL;
}

static int
run_instead(struct context *c, const char *name, char *const *words, size_t n)
{
	const char *of[ARGS_MAX];
	size_t n_of = strcmp(name, "help") == 0 ? leading_words(of, words, n) : 0;
	char *instead[1 + ARGS_MAX] = { (char *)name };

	for (size_t i = 0; i < n_of; i++)
		instead[1 + i] = (char *)of[i];
	return command_run(c, instead, 1 + n_of);
}

/* The words of the command's name, for a sentence. */
static struct span
command_name(const struct command *cmd, const struct pattern *p)
{
	struct span last = p->items[p->words - 1].name;

	return (struct span){ cmd->pattern, (size_t)(last.p + last.len - cmd->pattern) };
}

static int
usage_error(const struct command *cmd, const struct args *a, struct err *e)
{
	struct span name = command_name(cmd, &a->pattern);

	fprintf(stderr, "mpynet: %.*s: %s\nusage: ", (int)name.len, name.p, e->text);
	command_usage(stderr, cmd, 7);
	e->text[0] = '\0';
	return -EINVAL;
}

static int
run_matched(struct context *c, const struct command *cmd, char *const *words, size_t n,
    struct err *e)
{
	struct args a;
	int r;

	command_pattern(&a.pattern, cmd);
	if (args_match(&a, words, n, e) < 0)
		return usage_error(cmd, &a, e);
	r = apply_global_options(c, &a, e);
	return r < 0 ? r : cmd->run(c, &a, e);
}

int
command_run(struct context *c, char *const *words, size_t n)
{
	const char *instead = instead_of_command(words, n);
	struct context own = *c;
	const struct command *cmd;
	struct err e = { "" };
	int r;

	if (instead != NULL)
		return run_instead(c, instead, words, n);
	cmd = command_find(c->table, words, n);
	r = cmd != NULL ? run_matched(&own, cmd, words, n, &e)
	                : no_such_command(c->table, words, n, &e);
	if (r != EXIT_DONE && e.text[0] != '\0')
		fprintf(stderr, "mpynet: %s\n", e.text);
	return exit_code_of(r);
}
