/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * charter.h - the file with which an issuing CA begins, and what it may sign, on the screen.
 */
#ifndef CLI_CHARTER_H
#define CLI_CHARTER_H

#include "ca/office.h"
#include "cli/command.h"

/* What an issuing CA may sign; `file` is its charter, or NULL. */
void charter_show(struct context *c, const struct cert *ca, const char *file);

/* The charter's file, which must not be there yet: `out`, or if that is NULL NAME.charter. */
int charter_path(char to[static PATH_MAX], const char *name, const char *out,
    struct err *e) must_check;

/* Writes the charter of who was just admitted, and says what comes next. */
int charter_hand_out(struct context *c, struct office *o, const struct cert *ca, const char *path,
    struct err *e) must_check;

#endif
