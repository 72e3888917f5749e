/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * runverb.h - the verbs of a run (docs/control.md, "Runs"): `run`, whose answers are what happens,
 * and `run_ended`, `run_stopped` and `run_abort`, by which the command that has the program says
 * what came of it.
 *
 * A run lasts as long as the connection that asked for it: a command that is killed has failed.
 */
#ifndef NODE_RUNVERB_H
#define NODE_RUNVERB_H

#include "host/ctl.h"
#include "node/runs.h"

/* A run of this node, and who is told of it. */
struct node;

struct running {
	uint64_t client; /* 0: the row is free */
	json_int_t id;	 /* of its request */
	int run;
	unsigned self;
	bool news;	 /* mesh_run_news() has some */
	usec_t tell_at;	 /* mono: the view again, for paths change too */
};

struct runners {
	struct running of[RUNS_MAX];
};

int runverb_run(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);
int runverb_ended(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);
int runverb_stopped(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);
int runverb_abort(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);
int runverb_list(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);

/* EVENT_RUN: there is news of it. */
void runners_note(struct node *n, int run);

/* Tells what has happened. True: something was, and settling is to follow. */
bool runners_told(struct node *n);

/* Tells it again, where it is time; and when that will be: mono, 0 for never. */
void runners_tick(struct node *n, usec_t now);
usec_t runners_due(const struct node *n);

/* Whoever asked for a run has left. */
void runners_gone(struct node *n, uint64_t client);

#endif
