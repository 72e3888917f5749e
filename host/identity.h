/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * identity.h - who a daemon is: the bundle that its state joined with.
 */
#ifndef HOST_IDENTITY_H
#define HOST_IDENTITY_H

#include "core/bundle.h"
#include "core/err.h"
#include "core/renewal.h"
#include "host/home.h"

/*
 * Reads the bundle that the daemon joined with and checks that it holds together now. -ENOENT, with
 * a sentence that says how to join, when there is none. The caller wipes: bundle_wipe().
 */
int identity_load(const struct home *h, struct bundle *ret, struct verified *me, usec_t wall,
    struct err *err) must_check;

/*
 * Stores `r` as the host's certificate, and the CAs that it stands on, in the bundle of the state,
 * which a person may have joined anew since the daemon read it as `b`; and puts both into `b` too.
 * If it is for the next key (identity_rekey), that comes from its file into the bundle with it.
 * -EEXIST when what was joined has another key or a newer certificate. Nothing is changed on failure.
 */
int identity_renew(const struct home *h, struct bundle *b, const struct renewed *r, usec_t wall,
    struct err *err) must_check;

/*
 * The key that is to take the place of the one in `b`: it waits in a file of its own, over restarts,
 * until the authority has heard that its certificate is in use; so it may be the one in `b` by now. 1
 * with `key`, which the caller wipes; 0 when none waits. With `make` there is one afterwards that is
 * not in use yet.
 */
int identity_rekey(const struct home *h, const struct bundle *b, bool make, uint8_t key[static 32],
    struct err *err) must_check;

/* It will not be certified, or its old one is known to be of no use: none waits any more. */
void identity_rekey_drop(const struct home *h);

#endif
