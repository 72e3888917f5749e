/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_show.h - the run of a study that goes on here, for whoever looks on.
 */
#ifndef CLI_RUN_SHOW_H
#define CLI_RUN_SHOW_H

#include "cli/command.h"

/*
 * Adds it to the body of a study, as the node of this state tells it (docs/control.md, `runs`), as
 * the member "run". Without a run or a node there is none.
 */
void run_show_add(json_t *body, const struct context *c);

/* Draws the member for people: phases, paths, what passed, and the matrix. */
void run_show(struct output *o, const json_t *body);

#endif
