/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * runner.h - a program of a run: started, watched, stopped, and its output kept.
 *
 * What it prints goes where ours goes, and to files of the run with the time before each line.
 */
#ifndef CLI_RUNNER_H
#define CLI_RUNNER_H

#include "core/base.h"
#include "core/err.h"

#include <limits.h>
#include <stdio.h>
#include <sys/types.h>

/* How long a program may take to end after SIGTERM. */
#define RUNNER_GRACE (1500 * USEC_PER_MS)

/* Takes what it printed to `to` instead of us; false: it does not. */
struct runner_sink {
	bool (*take)(void *ctx, int to, const char *p, size_t n); /* NULL: nobody does */
	void *ctx;
};

/* One of its two streams. */
struct runner_stream {
	int from; /* the pipe; -1: at its end */
	int to;	  /* ours */
	struct runner_sink sink;
	FILE *log;
	bool midline;
	char last[256]; /* the last line that was whole and not blank, cut, printable */
	char line[256];
	size_t have;
};

struct runner {
	pid_t pid; /* 0: none runs */
	int status;
	struct runner_stream out, err;
	struct runner_sink sink; /* stays when it is started again */
	usec_t kill_at; /* mono; 0: it was not told to end */
};

/*
 * Starts `argv` in the namespace of `holder` (0: here), with its files `out.log` and `err.log` in
 * the directory `dir`, which is made; "" keeps none. 0, or negative as spawn_start().
 */
int runner_start(struct runner *r, char *const *argv, pid_t holder, const char *dir,
    struct err *e) must_check;

/*
 * Makes the directory where logs of runs go: `given`, or unless somebody said one (NULL), a place
 * in the state that tells the study and the time.
 */
int runner_dir(char to[static PATH_MAX], const char *given, const char *state, const char *study,
    const char *hash, struct err *e) must_check;

/* Passes on what has come from a stream that can be read. */
void runner_pump(struct runner_stream *s);

/* Has it ended? Then all it printed has been passed on, and `status` is its exit code. */
bool runner_is_over(struct runner *r) must_check;

/* Tells it and what it started to end; and after RUNNER_GRACE, by runner_tick(), to die. */
void runner_stop(struct runner *r, usec_t now);
void runner_tick(struct runner *r, usec_t now);

/* Its last words: of what went wrong, or ended. Empty if it said nothing. */
const char *runner_last_words(const struct runner *r);

void runner_close(struct runner *r);

#endif
