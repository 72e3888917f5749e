/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * limits.h - what an authority may not sign, said so that a person knows what would do.
 *
 * core/cert.h has the rules; here is the sentence for the first that is broken. Pure.
 */
#ifndef CA_LIMITS_H
#define CA_LIMITS_H

#include "core/cert.h"
#include "core/err.h"

/*
 * May `ca` sign `c`, a host or an issuing CA, in the network of `root` (`ca` itself, if it is one)?
 * 0, or ERR_DENIED with a sentence that names what of `c` is too much and what `ca` may give.
 */
int limits_check(const struct cert *c, const struct cert *ca, const struct cert *root,
    struct err *e) must_check;

#endif
