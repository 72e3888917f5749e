/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cosigntake.h - the authority takes what co-signers have signed.
 */
#ifndef CLI_COSIGNTAKE_H
#define CLI_COSIGNTAKE_H

#include "cli/command.h"

/*
 * For `ca cosign`: 1 when the authority of the drafts' network is in this state, and then it took
 * them: certificates are stored and their bundles written, a state is installed. 0 when there is
 * none. Of several drafts those that cannot be taken are told, and do not stop the others.
 */
int cosign_take(struct context *c, const struct args *a, struct err *e) must_check;

#endif
