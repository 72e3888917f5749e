/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * member.h - certificates of other members that a person brings.
 *
 * A stock WireGuard presents no certificate and registers nowhere, so every host that is to answer
 * it has to be given its certificate (`sign NAME --stock` writes it). It is kept in HOME_MEMBERS,
 * one file for each name, and where it may be called in a file beside it; the node takes both at
 * its start and when it reloads (node/stock.h).
 */
#ifndef CLI_MEMBER_H
#define CLI_MEMBER_H

#include "core/bundle.h"
#include "host/home.h"

/*
 * Is `file` one host certificate alone? 1 if it is; 0 if it looks like something else, as a
 * bundle; negative with a sentence when it cannot be read.
 */
int member_read(struct cert *ret, struct bundle_cert *object, const char *file,
    struct err *e) must_check;

/*
 * Keeps it for the node that has joined in `state`, if it verifies under what that believes.
 * `endpoint` is where it listens, an address and port, or NULL: then it has to call first.
 * -ENOENT when none has joined; ERR_* with a sentence when the certificate is not one for it.
 */
int member_store(const char *state, const struct cert *cert, const struct bundle_cert *object,
    const char *endpoint, struct err *e) must_check;

#endif
