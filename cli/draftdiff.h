/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * draftdiff.h - what is new in a draft, in words.
 */
#ifndef CLI_DRAFTDIFF_H
#define CLI_DRAFTDIFF_H

#include "cli/drafts.h"

#include <jansson.h>

/*
 * How `d` differs from what was signed here last of its kind and name: `before`, or NULL when this
 * is the first. Whom a state revokes is named if this co-signer certified them. An array of
 * sentences; the caller owns it.
 */
json_t *draft_changes(const struct context *c, const struct draft *d,
    const struct draft *before) must_check;

#endif
