/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_status.h - a run that goes on, in a few lines or in one.
 */
#ifndef CLI_RUN_STATUS_H
#define CLI_RUN_STATUS_H

#include "cli/run_meter.h"

#include <jansson.h>

struct run_status {
	const struct study *study;
	const struct meter *meter;
	const json_t *view; /* the last that the node gave; NULL: none */
	uint64_t number;
};

/* A block of at most `height` lines that are `width` columns at most. */
void run_status_block(char *to, size_t cap, const struct run_status *r, unsigned width,
    unsigned height);

/* A sentence without a line end. */
void run_status_line(char to[static 512], const struct run_status *r);

#endif
