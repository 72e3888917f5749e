/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shell.c - readline over command_run() and command_complete().
 *
 * Readline keeps everything in globals, so there is one shell in a process, and completion finds
 * its context in a static.
 */
#include "cli/shell.h"

#include "cli/interrupt.h"
#include "cli/talk.h"
#include "cli/words.h"
#include "core/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#define HISTORY_LINES 1000
#define PROMPT_MAX    256
/* A daemon that is slow to say how it is does not keep anybody from typing. */
#define PROMPT_PATIENCE_MS 300

static struct context *completing;

/* One line ************************************************************************************/

/* Runs a line. `*leave` is set by `exit` and `quit`. */
static int
run_line(struct context *c, const char *line, bool *leave)
{
	struct words w;
	struct err e;
	int r = words_split(&w, line, strlen(line), &e);

	if (r == 0 && w.in_quote) {
		words_free(&w);
		r = err_set(&e, -EINVAL, "a quote in this line is not closed");
	}
	if (r < 0) {
		fprintf(stderr, "mpynet: %s\n", e.text);
		return exit_code_of(r);
	}
	if (w.n == 1 && (strcmp(w.word[0], "exit") == 0 || strcmp(w.word[0], "quit") == 0))
		*leave = true;
	else if (w.n > 0)
		r = command_run(c, w.word, w.n);
	words_free(&w);
	return r;
}

static int
run_script(struct context *c, FILE *from)
{
	int result = EXIT_DONE;
	bool leave = false;
	char *line = NULL;
	size_t cap = 0;

	while (!leave && getline(&line, &cap, from) >= 0) {
		int r = run_line(c, line, &leave);

		if (r != EXIT_DONE)
			result = r;
	}
	free(line);
	return result;
}

/* Completion **********************************************************************************/

struct candidates {
	char **word;
	size_t n;
};

static void
collect(void *to, const char *word, const char *help)
{
	struct candidates *all = to;
	char **more = realloc(all->word, (all->n + 2) * sizeof(*more));

	(void)help;
	if (more == NULL)
		return;
	all->word = more;
	all->word[all->n] = strdup(word);
	if (all->word[all->n] != NULL)
		all->word[++all->n] = NULL;
}

/* Readline asks for one candidate after the other, `state` being 0 for the first. */
static char *
next_candidate(const char *text, int state)
{
	static struct candidates all;
	static size_t next;
	struct words w;
	struct err e;

	(void)text;
	if (state == 0) {
		free(all.word);
		all = (struct candidates){ NULL, 0 };
		next = 0;
		if (words_split(&w, rl_line_buffer, (size_t)rl_point, &e) < 0)
			return NULL;
		if (!w.in_word && w.n < ARGS_MAX)
			w.word[w.n++] = w.text + strlen(w.text);
		command_complete(completing, w.word, w.n, collect, &all);
		words_free(&w);
	}
	return next < all.n ? all.word[next++] : NULL;
}

static char **
complete(const char *text, int start, int end)
{
	char **matches = rl_completion_matches(text, next_candidate);
	size_t len = matches != NULL ? strlen(matches[0]) : 0;

	(void)start;
	(void)end;
	rl_attempted_completion_over = 1; /* nothing fits: not even a file */
	rl_completion_append_character = len > 0 && matches[0][len - 1] == '/' ? '\0' : ' ';
	return matches;
}

/* A terminal **********************************************************************************/

/*
 * What the prompt says of a certificate that a person should look after: " (certificate: 2d 4h)",
 * " (certificate expired)"; else nothing.
 */
static const char *
expiry_of(char to[static 64], const json_t *status)
{
	json_int_t end = json_integer_value(json_object_get(status, "expires"));
	json_int_t left = end - (json_int_t)time(NULL);
	char text[32];

	to[0] = '\0';
	if (!json_is_true(json_object_get(json_object_get(status, "renewal"), "urgent")))
		return to;
	if (left < 0)
		snprintf(to, 64, " (certificate expired)");
	else
		snprintf(to, 64, " (certificate: %s)", text_format_duration(text, (uint64_t)left));
	return to;
}

/* "study/party1> ", and the state where it is not "ready"; "mpynet> " without a daemon. */
static void
make_prompt(char to[static PROMPT_MAX], const struct context *c)
{
	char network[64], name[64], state[32], end[64];
	json_t *body = NULL;
	struct talk t;
	struct err e;
	bool more;

	snprintf(to, PROMPT_MAX, "mpynet> ");
	if (talk_open(&t, c, &e) < 0)
		return;
	if (talk_ask(&t, "status", NULL, &e) == 0 &&
	    talk_next(&t, &body, &more, PROMPT_PATIENCE_MS, &e) == 0) {
		const char *word = json_string_value(json_object_get(body, "state"));
		bool ready = word != NULL && strcmp(word, "ready") == 0;

		output_escape(network, sizeof(network),
		    json_string_value(json_object_get(body, "network")));
		output_escape(name, sizeof(name), json_string_value(json_object_get(body, "name")));
		output_escape(state, sizeof(state), word);
		snprintf(to, PROMPT_MAX, "%s/%s%s%s%s> ", network, name, ready ? "" : " ",
		    ready ? "" : state, expiry_of(end, body));
	}
	json_decref(body);
	talk_close(&t);
}

/* A line that Ctrl-C ends says nothing. */
static int
end_line(void)
{
	interrupt_clear();
	fputs("^C", rl_outstream);
	rl_replace_line("", 0);
	return '\n';
}

/* With SIGINT blocked but for while we wait, so that none comes between the look and the wait. */
static int
wait_key(int fd, const sigset_t *unblocked)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned char c;

	for (;;) {
		if (interrupt_seen())
			return end_line();
		if (ppoll(&p, 1, NULL, unblocked) > 0)
			return read(fd, &c, 1) == 1 ? c : EOF;
		if (errno != EINTR)
			return EOF;
		rl_check_signals(); /* the window has another size */
	}
}

static int
read_key(FILE *from)
{
	sigset_t interrupt, before;
	int key;

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	sigprocmask(SIG_BLOCK, &interrupt, &before);
	key = wait_key(fileno(from), &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return key;
}

/* A line with an invitation or another secret in it, or one that begins with a blank, is not kept.
 */
static void
remember(const char *line)
{
	HIST_ENTRY *last =
	    history_length > 0 ? history_get(history_base + history_length - 1) : NULL;

	if (line[0] == '\0' || line[0] == ' ' || strstr(line, "mpy1_") != NULL)
		return;
	if (last == NULL || strcmp(last->line, line) != 0)
		add_history(line);
}

/* The file is the user's alone, and only where there is a state already. */
static void
keep_history(const char *path)
{
	mode_t before = umask(077);

	if (write_history(path) == 0 && chmod(path, 0600) < 0)
		unlink(path);
	umask(before);
}

static void
set_up_readline(struct context *c)
{
	completing = c;
	rl_readline_name = "mpynet";
	rl_attempted_completion_function = complete;
	rl_completer_word_break_characters = " \t\n";
	rl_completer_quote_characters = "'\"";
	rl_catch_signals = 0;
	rl_getc_function = read_key;
	using_history();
	stifle_history(HISTORY_LINES);
}

static int
run_terminal(struct context *c)
{
	char history[PATH_MAX + 16], prompt[PROMPT_MAX];
	int result = EXIT_DONE;
	bool leave = false;

	set_up_readline(c);
	snprintf(history, sizeof(history), "%s/history", c->state);
	read_history(history);
	interrupt_catch();
	while (!leave) {
		char *line;
		int r;

		interrupt_clear();
		make_prompt(prompt, c);
		line = readline(prompt);
		if (line == NULL)
			break;
		remember(line);
		r = run_line(c, line, &leave);
		if (r != EXIT_DONE)
			result = r;
		free(line);
	}
	if (!leave)
		printf("\n");
	keep_history(history);
	return result;
}

int
shell_run(struct context *c, FILE *from)
{
	c->shell = true;
	if (isatty(fileno(from)) == 1 && isatty(STDOUT_FILENO) == 1)
		return run_terminal(c);
	return run_script(c, from);
}
