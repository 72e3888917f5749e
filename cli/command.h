/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.h - runs a line of words as a command, from argv, the shell or a script alike.
 *
 * Everything that is known of a command is its line in commands.c. What a command needs to know of
 * the world is in its context; what it prints goes to the context's output.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/output.h"
#include "cli/pattern.h"

#include <limits.h>

/* What a command ends with, for scripts. EXIT_SUCCESS and EXIT_FAILURE are the first two. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_NO = 1,         /* a negative answer: not connected, not valid */
	EXIT_USAGE = 2,      /* the command line itself is wrong */
	EXIT_NO_DAEMON = 3,  /* it needs a daemon, and none runs */
	EXIT_PERMISSION = 4, /* it may not */
	EXIT_TIMEOUT = 5,
	EXIT_CONFIG = 6, /* configuration, certificate, file or machine is not as it must be */
};

struct command;

struct context {
	const struct command *table;
	const char *state_option; /* --state, or NULL */
	char state[PATH_MAX];     /* the state directory; need not exist yet */
	struct output out;
	bool shell; /* the words come from a shell's line */
};

/*
 * One line of the table. A line without a pattern is a heading. A command whose first word begins
 * with "__" is for programs and is not shown.
 *
 * `run` returns an exit code, or a negative number that exit_code_of() turns into one. Unless that
 * is EXIT_DONE, the sentence in `e`, if any, is printed.
 */
struct command {
	const char *pattern;
	int (*run)(struct context *c, const struct args *a, struct err *e);
	const char *help; /* what it does, in a line without a full stop */
};

/* The table, ended by a line of nothing. */
extern const struct command commands[];

/* Options that every command takes, as a pattern. */
extern const char global_options[];

/* A context of `table` that prints to `to`. */
void context_init(struct context *c, const struct command *table, FILE *to);

/*
 * Takes words that are nothing but global options into `c`, where they hold for every command from
 * now on. 0; ERR_UNKNOWN when there is anything else among them; -EINVAL.
 */
int context_options(struct context *c, char *const *words, size_t n, struct err *e) must_check;

/* Runs `n` words. Errors go to stderr, one sentence. Returns the exit code. */
int command_run(struct context *c, char *const *words, size_t n);

/*
 * An exit code stays what it is. Of negative numbers -EINVAL is EXIT_USAGE; no permission,
 * EXIT_PERMISSION; nobody listening, EXIT_NO_DAEMON; late, EXIT_TIMEOUT; unknown or interrupted,
 * EXIT_NO; all else, EXIT_CONFIG.
 */
int exit_code_of(int result);

/* The command's pattern with the global options behind it. */
void command_pattern(struct pattern *ret, const struct command *cmd);

/*
 * The command that `n` words begin with, past global options; the longest name counts. NULL when
 * there is none.
 */
const struct command *command_find(const struct command *table, char *const *words, size_t n);

/* Is `cmd` a command, and one to show to people? */
bool command_is_shown(const struct command *cmd);

/* "mpynet sign <name>... [--groups <list>]", wrapped at 80 columns with `indent` blanks. */
void command_usage(FILE *to, const struct command *cmd, size_t indent);

/*
 * What could be typed for the last of `n` words, which may be empty or begun. For each candidate
 * that begins as it does, `found` is called with the whole word and a line of help, or NULL.
 */
typedef void (*candidate_fn)(void *to, const char *word, const char *help);
void
command_complete(struct context *c, char *const *words, size_t n, candidate_fn found, void *to);

/* What stands for a <kind> in a pattern, for completion: a list ended by a line of nothing. */
struct kind {
	const char *name;
	/* Calls `found` with every word that could stand there; those that do not begin with
	 * `prefix` are dropped by the caller. */
	void (*list)(struct context *c, const char *prefix, candidate_fn found, void *to);
};
extern const struct kind kinds[];

#endif
