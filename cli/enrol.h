/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * enrol.h - joins with a token: the line that `mpynet invite` printed.
 */
#ifndef CLI_ENROL_H
#define CLI_ENROL_H

#include "cli/command.h"
#include "cli/join.h"
#include "core/token.h"

/* Is `text` a token, by how it begins, or "-", for one that is typed or piped? */
bool enrol_is_token(const char *text);

/*
 * Takes the token out of `text`, which is overwritten, so that nobody finds it in a list of
 * processes; or asks for it on the terminal, without echo, or reads the first line of a pipe where
 * `text` is "-". 0, or negative with a sentence that does not repeat it. token_wipe() it.
 */
int enrol_take_token(struct token *ret, char *text, struct err *e) must_check;

/*
 * Asks the token's lighthouse until there is an answer, and joins with that: 0, with what was joined
 * and the certificate. -EEXIST when the state has joined already; ERR_DENIED when the authority
 * refuses; -ETIMEDOUT when no lighthouse is there; -EINTR. The key stays in the state for the next
 * try with the same token.
 */
int enrol_join(struct joined *ret, struct cert *me, struct context *c, const struct token *t,
    struct err *e) must_check;

#endif
