/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_matrix.h - how the parties of a run reach each other, as a table.
 */
#ifndef CLI_RUN_MATRIX_H
#define CLI_RUN_MATRIX_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Has every party said how it reaches the others? By the view of a run (docs/control.md, "run"). */
bool run_matrix_is_whole(const json_t *view);

/*
 * Prints it: a line for each party, with the round trip to each in milliseconds, '*' behind it where
 * a relay carries it and '!' where packets are lost; '?' is what nobody has said. Every line begins
 * with `lead`.
 */
void run_matrix_print(FILE *to, const char *lead, const json_t *view);

#endif
