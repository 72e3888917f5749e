/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state.h - the one directory that holds all that a host or an authority keeps.
 */
#ifndef CLI_STATE_H
#define CLI_STATE_H

#include "core/base.h"
#include "core/err.h"

/* Is the state directory one that somebody chose, by `option` (may be NULL) or $MPYNET_STATE? */
bool state_is_given(const char *option);

/*
 * A node runs as root, who does not take a state that belongs to somebody else. So a key that would
 * be made or kept in a user's own state, for want of `sudo`, is refused with -EPERM; `command` is
 * what is to be typed. In a state that was chosen everybody may do so.
 */
int state_check_node(const char *option, const char *command, const char *what,
    struct err *e) must_check;

/*
 * Where the state is: `option` (may be NULL), else $MPYNET_STATE, else /var/lib/mpynet for root,
 * else $XDG_STATE_HOME/mpynet, which is ~/.local/state/mpynet where that is not set. An absolute
 * path. Nothing is created: who writes there makes it. 0, or -EINVAL.
 */
int state_find(char *to, size_t cap, const char *option, struct err *e) must_check;

#endif
