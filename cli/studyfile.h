/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * studyfile.h - the study that a word of a command line means: one that the daemon holds, or a file.
 */
#ifndef CLI_STUDYFILE_H
#define CLI_STUDYFILE_H

#include "cli/command.h"
#include "core/study.h"

#include <jansson.h>

/* Is it a file? A name has no slash, and a file without one ends in ".study". */
bool studyfile_is(const char *word);

/*
 * The body of `study` (docs/control.md) for what `word` means; of a file it has what the file says,
 * and "index" where this host has joined and is a party. The caller owns it. 0; an exit code or a
 * negative number with a sentence.
 */
int studyfile_body(json_t **ret, struct context *c, const char *word, struct err *e) must_check;

/* The same as a value, and our place in it; ERR_DENIED when this host is no party of it. */
int studyfile_load(struct study *ret, unsigned *self, struct context *c, const char *word,
    struct err *e) must_check;

#endif
