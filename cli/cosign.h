/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cosign.h - co-signers and drafts, as several commands meet them.
 */
#ifndef CLI_COSIGN_H
#define CLI_COSIGN_H

#include "ca/office.h"
#include "cli/command.h"
#include "core/draft.h"

/*
 * What --cosigners ("2of3") and --cosigner (a card, as `ca cosigner` writes it) say: who is to sign
 * for the network of `f`. With one card less than there are co-signers the authority is one itself.
 * Neither given: nobody. -EINVAL with a sentence.
 */
int cosigners_read(struct founding *f, const struct args *a, struct err *e) must_check;

/* A card's file: a key that signed itself, and a name. */
int card_load(struct cert *ret, const char *path, struct err *e) must_check;

int draft_load(struct draft *ret, const char *path, struct err *e) must_check;

/* Creates the file, or, where it was read from, takes the place of what it was. */
int draft_save(const struct draft *d, const char *path, bool replace, struct err *e) must_check;

/* What a draft says, and how many have signed it; for people or machines. */
void draft_show(struct context *c, const struct draft *d);

/*
 * For `sign`: writes a draft of `order` for the co-signers to NAME.draft, or to `path` if that is
 * not NULL, with the authority's own signature if it is one of them; and says what comes next.
 */
int draft_order(struct context *c, struct office *o, const struct ca_keys *keys,
    const struct order *order, const char *path, struct err *e) must_check;

#endif
