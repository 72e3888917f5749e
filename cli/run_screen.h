/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_screen.h - a few lines that stay at the bottom of a terminal while others pass above them.
 *
 * What goes above is whole lines: a line that was begun is kept until it ends, so that the lines
 * below do not cut it. Each change is one write(2), so nothing flickers.
 */
#ifndef CLI_RUN_SCREEN_H
#define CLI_RUN_SCREEN_H

#include "core/base.h"

#include <stddef.h>

#define SCREEN_BLOCK_MAX 8192

/* A line of another stream that was begun. */
struct screen_line {
	char bytes[4096];
	size_t have;
};

struct screen {
	int fd; /* the terminal; -1: there is none, and nothing is drawn */
	unsigned drawn;	/* lines of the block that are there */
	char block[SCREEN_BLOCK_MAX];
	struct screen_line line[2];
};

/* On `fd`, if that is a terminal that can move its cursor. */
void screen_init(struct screen *s, int fd);

/* Writes all of it, unless whoever reads has gone. */
void screen_put(int fd, const char *p, size_t n);

/* How wide and how high it is now; 80 and 24 where nobody knows. */
void screen_size(const struct screen *s, unsigned *width, unsigned *height);

/* Puts `block`, lines that fit the width, in the place of the block before. */
void screen_draw(struct screen *s, const char *block);

/* Puts these bytes of stream `which` (0 or 1) above the block. */
void screen_above(struct screen *s, unsigned which, const char *p, size_t n);

/* Removes the block, and gives what was kept of lines. */
void screen_end(struct screen *s);

#endif
