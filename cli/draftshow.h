/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * draftshow.h - drafts, as people read them before they sign.
 */
#ifndef CLI_DRAFTSHOW_H
#define CLI_DRAFTSHOW_H

#include "cli/drafts.h"
#include "cli/output.h"

/* "the certificate of party3", "state 1795416000": what stands in sentences. Returns `to`. */
#define DRAFT_NAME_TEXT (NAME_MAX_LEN + 40)
const char *draft_name(char to[static DRAFT_NAME_TEXT], const struct draft *d);

/* All that a draft says, and how many have signed it. The caller owns it. */
json_t *draft_json(const struct draft *d) must_check;

/* Lines for what draft_json() gives, and columns for a table of several. */
extern const struct column draft_columns[];
extern const struct column draft_table[];

/*
 * Shows what draft_json() made of each, with "changes" if it was given some (draftdiff.h): of one
 * draft every field, of several a line each. Takes `list`, an array.
 */
void drafts_show(struct context *c, json_t *list);

/* The same of a set, without changes. */
void drafts_show_all(struct context *c, const struct drafts *s);

#endif
