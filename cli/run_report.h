/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_report.h - what a run was, as JSON and as a picture that is drawn from it.
 *
 * The members are in docs/studies.md, "Watching".
 */
#ifndef CLI_RUN_REPORT_H
#define CLI_RUN_REPORT_H

#include "cli/run_meter.h"

#include <jansson.h>

/* When and how a run of a report came to an end. */
struct report_attempt {
	uint64_t number;
	usec_t began; /* wall */
	const char *outcome, *party, *text; /* the last two NULL: there are none */
	const json_t *matrix; /* as the view has it; NULL: unknown */
};

/* A report without runs; the caller owns it. */
json_t *report_new(const struct study *s, const char *hash, unsigned self);

void report_add(json_t *report, const struct study *s, const struct meter *m,
    const struct report_attempt *a);

/*
 * NAME.json and NAME.svg, NAME being `name` without either ending: each file holds the old
 * bytes or the new ones at every instant. 0, or negative with a sentence.
 */
int report_write(const json_t *report, const char *name, struct err *e) must_check;

/* The picture: SVG, self-contained. The caller frees it; NULL: there is no memory. */
char *report_draw(const json_t *report, size_t *len);

#endif
