/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cosigned.h - what a co-signer signed last.
 *
 * Of every network the last state and the last rotation, of every name the last certificate: each
 * is a draft of its own in the directory `cosigned` beside the co-signer's key, written before the
 * signature leaves. So a co-signer sees what changes, and is not led back to what was, nor to say
 * two things of one version.
 */
#ifndef CLI_COSIGNED_H
#define CLI_COSIGNED_H

#include "cli/command.h"
#include "core/draft.h"

/* What was signed last of the same kind and name as `d`: 1, and draft_free() is the caller's; 0. */
int cosigned_find(struct draft *ret, const struct context *c, const struct draft *d,
    struct err *e) must_check;

/* Does `d` follow `before`? 0; ERR_CONFLICT when it goes back, or contradicts it. */
int cosigned_check(const struct draft *d, const struct draft *before, struct err *e) must_check;

/* From here on it is the last one. */
int cosigned_keep(const struct context *c, const struct draft *d, struct err *e) must_check;

/*
 * The name of whom this co-signer certified last with the serial number `serial`, or with `key` if
 * that is not NULL, in the network of `d`: 1, or 0 when it is not known here.
 */
int cosigned_name(char ret[static NAME_MAX_LEN + 1], const struct context *c,
    const struct draft *d, uint64_t serial, const uint8_t *key);

#endif
