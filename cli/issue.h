/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * issue.h - signing, as far as several commands do the same.
 */
#ifndef CLI_ISSUE_H
#define CLI_ISSUE_H

#include "ca/office.h"
#include "cli/command.h"

/* Where mpynet listens unless told otherwise. */
#define DEFAULT_PORT 7717

/*
 * Adds an endpoint as a person writes it, "HOST", "HOST:PORT" or "[IPV6]:PORT", in its one
 * spelling. -EINVAL with a sentence.
 */
int endpoint_add(struct bundle_lighthouse *l, const char *text, struct err *e) must_check;

/* The port of its streams, as --tcp has it. NULL: the usual one. -EINVAL with a sentence. */
int endpoint_add_tcp(struct bundle_lighthouse *l, const char *port, struct err *e) must_check;

/* A table of what was signed, for people and machines. */
json_t *outcome_json(const struct outcome *done);
void show_outcomes(struct context *c, const json_t *body);

/* The same for a single one. */
void show_outcome(struct context *c, const struct outcome *done);

/*
 * Names the hosts that were signed before the lighthouse `lh` and so do not know it, with what
 * tells them.
 */
int say_who_must_learn(struct context *c, struct office *o, const struct cert *lh,
    struct err *e) must_check;

/*
 * Signs a lighthouse (and relay) under the first of the names lh, lh2, lh3... that is free, and
 * says what was done and what comes next. `path` NULL: NAME.mpynet in this directory; `tcp` as in
 * endpoint_add_tcp.
 */
int issue_lighthouse(struct context *c, struct office *o, const struct ca_keys *keys,
    const char *endpoint, const char *tcp, const char *path, struct err *e) must_check;

/*
 * For `lighthouse --public` on the machine of the authority: signs it straight into this state, as
 * if its bundle had been joined. Takes --passphrase-fd and --tcp of `a`. -ENOENT when there is no
 * authority.
 */
int issue_own_lighthouse(struct context *c, const struct args *a, const char *endpoint,
    struct err *e) must_check;

#endif
