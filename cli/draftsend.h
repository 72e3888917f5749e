/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * draftsend.h - an authority that does not sign alone hands out what co-signers are to sign.
 */
#ifndef CLI_DRAFTSEND_H
#define CLI_DRAFTSEND_H

#include "ca/office_admit.h"
#include "ca/office_cosign.h"
#include "cli/drafts.h"

/*
 * Writes the file `path`, which must not exist, shows what is in it, and says what comes next.
 */
int drafts_send(struct context *c, const struct drafts *s, const char *path,
    struct err *e) must_check;

/* For `sign`: a draft of `order`, to `path` or, if that is NULL, NAME.draft. */
int send_host(struct context *c, struct office *o, const struct ca_keys *keys,
    const struct order *order, const char *path, struct err *e) must_check;

/* For `ca admit`: the same of an issuing CA's certificate. */
int send_authority(struct context *c, struct office *o, const struct ca_keys *keys,
    const struct issued *application, const struct admission *a, const char *path,
    struct err *e) must_check;

/*
 * Writes the draft of a state to `path` or, if that is NULL, to a file named after the network and
 * the version; its name is in `ret`.
 */
#define DRAFT_PATH_MAX 4096
int save_state(char ret[static DRAFT_PATH_MAX], const struct draft *d, const char *path,
    struct err *e) must_check;

/* What comes next when drafts for `root` are in the file `path`. */
void say_who_signs(struct context *c, const struct cert *root, const char *path);

/* -EEXIST when there is a file `path` (may be NULL), so that nothing is decided for nothing. */
int may_send(const char *path, struct err *e) must_check;

#endif
