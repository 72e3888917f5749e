/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state.h - the one directory that holds all that a host or an authority keeps.
 */
#ifndef CLI_STATE_H
#define CLI_STATE_H

#include "core/base.h"
#include "core/err.h"

/*
 * Where the state is: `option` (may be NULL), else $MPYNET_STATE, else /var/lib/mpynet for root,
 * else $XDG_STATE_HOME/mpynet, which is ~/.local/state/mpynet where that is not set. An absolute
 * path. Nothing is created. 0, or -EINVAL.
 */
int state_find(char *to, size_t cap, const char *option, struct err *e) must_check;

/*
 * Creates `dir` and what is missing above it; `dir` itself for its owner alone. 0, or a negative
 * number; -EPERM when it is there and not ours or open to others.
 */
int state_make(const char *dir, struct err *e) must_check;

#endif
