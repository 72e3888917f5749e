/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_events.h - what a person is told of a run while the parties come together.
 *
 * Nothing is said twice: a line for whatever has changed since the view before, and one that says
 * who is waited for.
 */
#ifndef CLI_RUN_EVENTS_H
#define CLI_RUN_EVENTS_H

#include "core/study.h"
#include "node/why.h"

#include <jansson.h>
#include <stdio.h>

struct run_events {
	FILE *to;
	char party[STUDY_PARTIES_MAX][512]; /* the sentence about each that was said last */
	char waiting[512];
	char reason[STUDY_PARTIES_MAX][32]; /* why each is away, as a word; "": nothing was said */
	char away[STUDY_PARTIES_MAX][64 + WHY_TEXT_MAX]; /* the same as it was said */
	bool drawn; /* the matrix was, in this run */
	bool silent[STUDY_PARTIES_MAX]; /* while its program is to run, and that was said */
};

/* What has changed in a view (docs/control.md, "Runs"). */
void run_events_show(struct run_events *r, const json_t *view);

/* Why each of those who are waited for is not here, where that has changed. */
void run_events_reasons(struct run_events *r, const json_t *view);

/* Who was missing when that was looked at last, in words: "waiting for party2, party3; party2: ..". */
#define RUN_EVENTS_MISSING_MAX 2048
const char *run_events_missing(char to[static RUN_EVENTS_MISSING_MAX], const struct run_events *r);

/* Round trip, path and loss to every other party: what the computation will wait for. */
void run_events_paths(struct run_events *r, const json_t *view);

/* The same between all of them, once, as soon as all have said so (cli/run_matrix.h). */
void run_events_matrix(struct run_events *r, const json_t *view);

/* Do facts differ? Then nobody starts, and no waiting helps. */
bool run_events_differ(const json_t *view) must_check;

/* Why the run was aborted, in a sentence without a full stop. */
const char *run_events_why(char to[static 512], const json_t *view);

#endif
