/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_command.c - patterns, commands and completion.
 */
#include "tests/unit/test.h"

#include "cli/command.h"
#include "cli/words.h"

/* Splits `line` and matches it against `pattern`. What args_match said; `a` points into `w`. */
static int
match(struct args *a, struct words *w, const char *pattern, const char *line, struct err *e)
{
	int r = words_split(w, line, strlen(line), e);

	ASSERT_EQ(r, 0);
	*a = (struct args){ .n = 0 };
	pattern_add(&a->pattern, pattern);
	return args_match(a, w->word, w->n, e);
}

/* What was given, written as "name=value" in the order of the pattern. */
static void
describe(char *to, size_t cap, const struct args *a)
{
	size_t used = 0;

	to[0] = '\0';
	for (size_t item = 0; item < a->pattern.n; item++)
		for (size_t i = 0; i < a->n; i++) {
			struct span name = a->pattern.items[item].name;

			if (a->given[i].item != item)
				continue;
			used += (size_t)snprintf(to + used, cap - used, "%s%.*s=%s",
			    used > 0 ? " " : "", (int)name.len, name.p, a->given[i].value);
			ASSERT(used < cap);
		}
}

TEST(what_fits_a_pattern_is_matched)
{
	static const struct {
		const char *pattern, *line, *given;
	} cases[] = {
		{ "status", "status", "" },
		{ "ca list", "ca list", "" },
		{ "peer <name>", "peer party1", "name=party1" },
		{ "peer <name>", "peer -- --odd", "name=--odd" },
		{ "peer <name>", "peer -", "name=-" },
		{ "peer <name>", "peer ''", "name=" },
		{ "get [<key>]", "get", "" },
		{ "get [<key>]", "get a", "key=a" },
		{ "sign <name>...", "sign a b c", "name=a name=b name=c" },
		{ "sign [<name>]...", "sign", "" },
		{ "cp <from>... <to>", "cp a b c", "from=a from=b to=c" },
		{ "cp <from>... <to>", "cp a b", "from=a to=b" },
		{ "mv [<what>] <to>", "mv b", "to=b" },
		{ "mv [<what>] <to>", "mv a b", "what=a to=b" },
		{ "x a|b", "x b", "a|b=b" },
		{ "x [a|b]", "x", "" },
		{ "x [--flag]", "x --flag", "--flag=" },
		{ "x [--opt <value>]", "x --opt v", "--opt=v" },
		{ "x [--opt <value>]", "x --opt=v", "--opt=v" },
		{ "x [--opt <value>]", "x --opt=", "--opt=" },
		{ "x [--opt <value>]", "x --opt=a=b", "--opt=a=b" },
		{ "x [--opt <value>]", "x --opt --opt", "--opt=--opt" },
		{ "x [--opt <value>]", "--opt v x", "--opt=v" },
		{ "x y [--opt <value>]", "x --opt v y", "--opt=v" },
		{ "x [--opt] -- <word>...", "x --opt -- ls --all", "--opt= word=ls word=--all" },
		{ "x [--opt on|off]", "x --opt off", "--opt=off" },
		{ "x [--opt <value>]...", "x --opt a --opt b", "--opt=a --opt=b" },
		{ "x --opt <value>", "x --opt a", "--opt=a" },
		{ "x <a> [--opt <value>]", "x --opt v w", "a=w --opt=v" },
		{ "x [<a>] [--flag]", "x --flag -- --flag", "a=--flag --flag=" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err e = { "" };
		struct words w;
		struct args a;
		char given[256];

		if (match(&a, &w, cases[i].pattern, cases[i].line, &e) < 0)
			test_fail(__FILE__, __LINE__, "%s: %s: %s", cases[i].pattern, cases[i].line,
			    e.text);
		describe(given, sizeof(given), &a);
		ASSERT_STR(given, cases[i].given);
		words_free(&w);
	}
}

TEST(what_does_not_fit_is_named)
{
	static const struct {
		const char *pattern, *line, *says;
	} cases[] = {
		{ "peer <name>", "peer", "<name> is missing" },
		{ "cp <from>... <to>", "cp a", "<to> is missing" },
		{ "status", "status now", "'now' is one word too many" },
		{ "x a|b", "x", "a|b is missing" },
		{ "x a|b", "x c", "'c' does not fit: it is one of a|b" },
		{ "x a|b", "x a|b", "'a|b' does not fit: it is one of a|b" },
		{ "x [--opt on|off]", "x --opt o", "'o' does not fit: it is one of on|off" },
		{ "x [--opt <value>]", "x --opt", "--opt needs a value, <value>" },
		{ "x [--opt <value>]", "x --opt a --opt b", "--opt is given twice" },
		{ "x [--flag]", "x --flag=1", "--flag takes no value" },
		{ "x [--flag]", "x --falg",
		    "there is no option '--falg' here, but there is --flag" },
		{ "x [--flag]", "x --other", "there is no option '--other' here" },
		{ "x [--flag]", "x -f", "there is no option '-f' here" },
		{ "x [--flag]", "x '-\x1b[m'", "there is no option '-\\x1b[m' here" },
		{ "x --opt <value>", "x", "--opt is missing" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err e = { "" };
		struct words w;
		struct args a;

		ASSERT_EQ(match(&a, &w, cases[i].pattern, cases[i].line, &e), -EINVAL);
		ASSERT_STR(e.text, cases[i].says);
		words_free(&w);
	}
}

TEST(a_line_with_too_many_words_is_refused)
{
	char line[2 * ARGS_MAX + 3] = "x";
	char *words[ARGS_MAX + 1];
	struct args a = { .n = 0 };
	struct words w;
	struct err e;

	for (size_t i = 0; i < ARGS_MAX; i++)
		strcat(line, " y");
	ASSERT_EQ(words_split(&w, line, strlen(line), &e), -EINVAL);
	ASSERT_EQ(words_split(&w, line, strlen(line) - 2, &e), 0);
	ASSERT_EQ(w.n, ARGS_MAX);
	pattern_add(&a.pattern, "x [<y>]...");
	ASSERT_EQ(args_match(&a, w.word, w.n, &e), 0);
	ASSERT_EQ(arg_count(&a, "y"), ARGS_MAX - 1);
	for (size_t i = 0; i <= ARGS_MAX; i++)
		words[i] = w.word[0];
	ASSERT_EQ(args_match(&a, words, ARGS_MAX + 1, &e), -EINVAL);
	words_free(&w);
}

TEST(the_last_value_of_an_option_counts)
{
	struct words w;
	struct args a;
	struct err e;

	ASSERT_EQ(match(&a, &w, "x [--opt <v>]... [--flag]", "x --opt a --opt b", &e), 0);
	ASSERT_STR(arg(&a, "--opt"), "b");
	ASSERT_STR(arg_nth(&a, "--opt", 0), "a");
	ASSERT(arg_nth(&a, "--opt", 2) == NULL);
	ASSERT_EQ(arg_count(&a, "--opt"), 2);
	ASSERT(arg(&a, "--flag") == NULL);
	words_free(&w);
}

/* Commands ************************************************************************************/

static char ran[256]; /* what the commands of the table below were given */

static int
run_echo(struct context *c, const struct args *a, struct err *e)
{
	(void)e;
	describe(ran, sizeof(ran), a);
	return c->out.format == OUTPUT_JSON ? EXIT_NO : EXIT_DONE;
}

static int
run_fail(struct context *c, const struct args *a, struct err *e)
{
	(void)c;
	(void)a;
	return err_set(e, -EACCES, "it is not allowed");
}

static const struct command table[] = {
	{ NULL, NULL, "heading" },
	{ "peer <peer> [--every <time>]", run_echo, "show" },
	{ "peers", run_echo, "list" },
	{ "ca init [<name>]", run_echo, "make" },
	{ "ca list", run_fail, "list" },
	{ "colour red|green [--to <file>]", run_echo, "paint" },
	{ "watch <command>...", run_echo, "again" },
	{ "__hidden", run_echo, "for programs" },
	{ NULL, NULL, NULL },
};

/* Runs a line of the table with stderr in `says`, which may be NULL. */
static int
run_line(const char *line, char *says, size_t cap)
{
	FILE *tmp = tmpfile(), *null = fopen("/dev/null", "w");
	int saved = dup(2), r;
	struct context c;
	struct words w;
	struct err e;

	ASSERT(tmp != NULL && null != NULL && saved >= 0);
	ASSERT_EQ(words_split(&w, line, strlen(line), &e), 0);
	context_init(&c, table, null);
	ran[0] = '\0';
	dup2(fileno(tmp), 2);
	r = command_run(&c, w.word, w.n);
	dup2(saved, 2);
	close(saved);
	if (says != NULL) {
		rewind(tmp);
		says[fread(says, 1, cap - 1, tmp)] = '\0';
		says[strcspn(says, "\n")] = '\0';
	}
	fclose(tmp);
	fclose(null);
	words_free(&w);
	return r;
}

TEST(a_command_is_found_by_its_longest_name_past_global_options)
{
	ASSERT_EQ(run_line("--state /tmp peer --json party1", NULL, 0), EXIT_NO);
	ASSERT_STR(ran, "peer=party1 --state=/tmp --json=");
	ASSERT_EQ(run_line("ca --state=/tmp init study", NULL, 0), EXIT_DONE);
	ASSERT_STR(ran, "name=study --state=/tmp");
	ASSERT_EQ(run_line("__hidden", NULL, 0), EXIT_DONE);
}

TEST(a_misspelt_command_is_told_what_fits)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "pers",
		    "mpynet: 'pers' is not a command, but 'peers' is; 'mpynet help' lists them "
		    "all" },
		{ "xyzzy", "mpynet: 'xyzzy' is not a command; 'mpynet help' lists them" },
		{ "__hiden", "mpynet: '__hiden' is not a command; 'mpynet help' lists them" },
		{ "ca", "mpynet: 'ca' needs one more word: init, list" },
		{ "ca lst", "mpynet: 'lst' does not fit behind 'ca', but these do: init, list" },
		{ "", "mpynet: a command is missing; 'mpynet help' lists them" },
		{ "--json", "mpynet: a command is missing; 'mpynet help' lists them" },
		{ "peers now", "mpynet: peers: 'now' is one word too many" },
		{ "ca init a b", "mpynet: ca init: 'b' is one word too many" },
		{ "peers --json --porcelain", "mpynet: --json and --porcelain exclude each other" },
	};
	char says[512];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		ASSERT_EQ(run_line(cases[i].line, says, sizeof(says)), EXIT_USAGE);
		ASSERT_STR(says, cases[i].says);
	}
}

TEST(an_error_is_one_sentence_and_an_exit_code)
{
	char says[512];

	ASSERT_EQ(run_line("ca list", says, sizeof(says)), EXIT_PERMISSION);
	ASSERT_STR(says, "mpynet: it is not allowed");
}

TEST(exit_codes_are_those_of_the_manual)
{
	ASSERT_EQ(exit_code_of(0), 0);
	ASSERT_EQ(exit_code_of(3), 3);
	ASSERT_EQ(exit_code_of(ERR_UNKNOWN), 1);
	ASSERT_EQ(exit_code_of(-EINVAL), 2);
	ASSERT_EQ(exit_code_of(-ECONNREFUSED), 3);
	ASSERT_EQ(exit_code_of(-EPERM), 4);
	ASSERT_EQ(exit_code_of(-ETIMEDOUT), 5);
	ASSERT_EQ(exit_code_of(ERR_EXPIRED), 6);
	ASSERT_EQ(exit_code_of(-ENOSPC), 6);
}

TEST(global_options_alone_are_no_command)
{
	char *only[] = { (char *)"--state", (char *)"/tmp/x", (char *)"--json" };
	char *help[] = { (char *)"--help" }, *more[] = { (char *)"--json", (char *)"peers" };
	struct context c;
	struct err e;

	context_init(&c, table, stdout);
	ASSERT_EQ(context_options(&c, help, 1, &e), ERR_UNKNOWN);
	ASSERT_EQ(context_options(&c, more, 2, &e), ERR_UNKNOWN);
	ASSERT_EQ(context_options(&c, only, 3, &e), 0);
	ASSERT_STR(c.state, "/tmp/x");
	ASSERT(c.out.format == OUTPUT_JSON);
}

/* Every line of the real table can be parsed, and no name begins with another whole name. */
TEST(the_table_is_well_formed)
{
	struct pattern global = { 0 };

	pattern_add(&global, global_options);
	ASSERT_EQ(global.words, 0);
	for (const struct command *cmd = commands; cmd->help != NULL; cmd++) {
		struct pattern p = { 0 };
		char first[64];
		char *words[8];
		char text[512];

		if (cmd->pattern == NULL)
			continue;
		command_pattern(&p, cmd);
		ASSERT(p.words > 0 && p.words < 8);
		ASSERT(cmd->run != NULL && strlen(cmd->help) > 0);
		for (size_t i = 0, used = 0; i < p.words; i++) {
			words[i] = text + used;
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s",
				    (int)p.items[i].name.len, p.items[i].name.p) +
			        1;
		}
		if (command_find(commands, words, p.words) != cmd)
			test_fail(__FILE__, __LINE__, "%s: another command has this name",
			    cmd->pattern);
		snprintf(first, sizeof(first), "%s", words[0]);
		if (p.words > 1 && command_find(commands, words, p.words - 1) != NULL)
			test_fail(__FILE__, __LINE__, "%s: '%s' is a command already", cmd->pattern,
			    first);
	}
}

/* Completion **********************************************************************************/

static void
join_candidates(void *to, const char *word, const char *help)
{
	char *all = to;

	(void)help;
	ASSERT(strlen(all) + strlen(word) + 2 < 1024);
	if (*all != '\0')
		strcat(all, " ");
	strcat(all, word);
}

TEST(completion_offers_what_fits_next)
{
	static const struct {
		const char *line, *offers;
	} cases[] = {
		{ "", "peer peers ca colour watch" },
		{ "pee", "peer peers" },
		{ "__", "" },
		{ "ca ", "init list" },
		{ "ca l", "list" },
		{ "ca list ", "--state --json --porcelain --help --version" },
		{ "colour ", "red green" },
		{ "colour g", "green" },
		{ "colour --", "--to --state --json --porcelain --help --version" },
		{ "colour --to x --", "--state --json --porcelain --help --version" },
		{ "--j", "--json" },
		{ "--json pee", "peer peers" },
		{ "colour red --json --", "--to --state --porcelain --help --version" },
		{ "peer x --every ", "" },
		{ "peer -- --", "" },
		{ "watch ", "peer peers ca colour watch" },
		{ "watch ca ", "init list" },
		{ "nothing ", "" },
		{ "colour --to tests/unit/hosted_com", "tests/unit/hosted_command.c" },
		{ "colour --to=tests/unit/hosted_com", "--to=tests/unit/hosted_command.c" },
		{ "--state tests/un", "tests/unit/" },
		{ "--state=tests/un", "--state=tests/unit/" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char offers[1024] = "";
		struct context c;
		struct words w;
		struct err e;

		context_init(&c, table, stdout);
		ASSERT_EQ(words_split(&w, cases[i].line, strlen(cases[i].line), &e), 0);
		if (!w.in_word)
			w.word[w.n++] = (char *)"";
		command_complete(&c, w.word, w.n, join_candidates, offers);
		if (strcmp(offers, cases[i].offers) != 0)
			test_fail(__FILE__, __LINE__, "'%s' offers '%s'", cases[i].line, offers);
		words_free(&w);
	}
}

/* Whatever is offered for the last word of a command's name makes a command that is found. */
TEST(offered_commands_are_commands)
{
	char offers[1024] = "", *next = offers, *word;
	char *empty[] = { (char *)"" };
	struct context c;

	context_init(&c, commands, stdout);
	command_complete(&c, empty, 1, join_candidates, offers);
	while ((word = strsep(&next, " ")) != NULL) {
		char *words[] = { word };
		bool begins = false;

		for (const struct command *cmd = commands; cmd->help != NULL; cmd++)
			begins = begins || (command_is_shown(cmd) &&
					       strncmp(cmd->pattern, word, strlen(word)) == 0 &&
					       strchr(" ", cmd->pattern[strlen(word)]) != NULL);
		ASSERT(begins || command_find(commands, words, 1) != NULL);
	}
}

/* Lines ***************************************************************************************/

TEST(lines_are_split_as_a_shell_splits_them)
{
	static const struct {
		const char *line, *words;
		bool in_word, in_quote;
	} cases[] = {
		{ "", "", false, false },
		{ "  \t ", "", false, false },
		{ "a b", "[a][b]", true, false },
		{ " a  b ", "[a][b]", false, false },
		{ "'a b' \"c d\"", "[a b][c d]", true, false },
		{ "a'b c'd", "[ab cd]", true, false },
		{ "''", "[]", true, false },
		{ "a\\ b", "[a b]", true, false },
		{ "'a\\' b", "[a\\][b]", true, false },
		{ "\"a\\\"b\"", "[a\"b]", true, false },
		{ "a # b", "[a]", false, false },
		{ "a#b", "[a#b]", true, false },
		{ "# a", "", false, false },
		{ "'a b", "[a b]", true, true },
		{ "a\r\n", "[a]", false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char all[128] = "";
		struct words w;
		struct err e;

		ASSERT_EQ(words_split(&w, cases[i].line, strlen(cases[i].line), &e), 0);
		for (size_t k = 0; k < w.n; k++)
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "[%s]", w.word[k]);
		ASSERT_STR(all, cases[i].words);
		ASSERT(w.in_word == cases[i].in_word && w.in_quote == cases[i].in_quote);
		words_free(&w);
	}
}

/* Random lines: nothing is read or written past the end, and no word is longer than the line. */
TEST(any_line_can_be_split_and_run)
{
	static const char alphabet[] = "ab '\"\\#\t-=|/\x01\xff";

	for (int i = 0; i < 2000; i++) {
		char line[64];
		size_t len = test_below(sizeof(line)), total = 0;
		struct words w;
		struct err e;

		for (size_t k = 0; k < len; k++)
			line[k] = alphabet[test_below(sizeof(alphabet) - 1)];
		if (words_split(&w, line, len, &e) < 0)
			continue;
		for (size_t k = 0; k < w.n; k++)
			total += strlen(w.word[k]);
		ASSERT(total <= len);
		words_free(&w);
	}
}
