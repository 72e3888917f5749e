/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_watch.h - what `mpynet run` shows and writes of a run while it goes on.
 *
 * It has the meter, the screen and the report; the command tells it of every view and of time.
 */
#ifndef CLI_RUN_WATCH_H
#define CLI_RUN_WATCH_H

#include "cli/run_meter.h"

#include <jansson.h>
#include <stdio.h>

struct run_watch;

struct run_watch_order {
	const struct study *study; /* stays */
	unsigned self;
	const char *hash;
	pid_t holder;	    /* of the network namespace of the program; 0: here */
	bool draw;	    /* on stderr */
	const char *report; /* the name of the files; NULL: none are written */
};

/* NULL where there is nothing to watch for. 0; negative where connections cannot be seen. */
int run_watch_new(struct run_watch **ret, const struct run_watch_order *o, struct err *e) must_check;

/* NULL is fine for all of these. */

/* What the node says (docs/control.md), in the order in which it does. */
void run_watch_event(struct run_watch *w, const json_t *view);

/* Often: it looks when it is time. How many ms may pass until the next call. */
int run_watch_tick(struct run_watch *w, usec_t now);

/* Bytes that the program has written to `to`. False: nothing is drawn there; the caller does. */
bool run_watch_pass(struct run_watch *w, int to, const char *p, size_t n);

/* Makes place for sentences on stderr: until the next run_watch_tick() nothing is drawn. */
void run_watch_hide(struct run_watch *w);

/* The end; `code` is what the command ends with. Writes the report, and frees `w`. */
int run_watch_end(struct run_watch *w, int code, struct err *e) must_check;

#endif
