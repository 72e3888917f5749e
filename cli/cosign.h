/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cosign.h - who co-signs: cards, and what a command line says of them.
 */
#ifndef CLI_COSIGN_H
#define CLI_COSIGN_H

#include "ca/office.h"
#include "cli/command.h"

#include <limits.h>

/* What a co-signer has in its state: its key under a passphrase, and its card. */
#define COSIGNER_KEY  "cosigner.key"
#define COSIGNER_CARD "cosigner.card"

/* The path of such a file. -ENAMETOOLONG. */
int cosigner_path(char to[static PATH_MAX], const struct context *c, const char *file,
    struct err *e) must_check;

/*
 * What --cosigners ("2of3") and --cosigner (a card, as `ca cosigner` writes it) say: who is to sign
 * for the network of `f`. With one card less than there are co-signers the authority is one itself.
 * Neither given: nobody. -EINVAL with a sentence.
 */
int cosigners_read(struct founding *f, const struct args *a, struct err *e) must_check;

/* A card's file: a key that signed itself, and a name. */
int card_load(struct cert *ret, const char *path, struct err *e) must_check;

#endif
