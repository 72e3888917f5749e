/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * runview.h - what is shown of a run (docs/control.md, "run"): to the command that has its program,
 * and to those that look on.
 */
#ifndef NODE_RUNVIEW_H
#define NODE_RUNVIEW_H

#include <jansson.h>

#include "node/runverb.h"

struct node;
struct rally;

/* How `r` stands, the run of `of`, as an answer of this event. */
json_t *runview_body(const struct node *n, const struct rally *r, const struct running *of,
    const char *event);

/* The enum run_reason that `word` means; ERR_UNKNOWN for another word. */
int runview_reason(const char *word) must_check;

#endif
