/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rotated.h - a network that has a new root, on the screen.
 */
#ifndef CLI_ROTATED_H
#define CLI_ROTATED_H

#include "ca/office_rotate.h"
#include "cli/command.h"

/* The new root, which `o` is under, and what comes next. */
void show_rotated(struct context *c, const struct office *o, const struct rotated *r);

#endif
