/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * progress.h - says that something takes a while, while it does.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "core/base.h"

/*
 * Runs `work(arg)` and returns what it returns. If that takes longer than half a second and stderr
 * is a terminal, a line with `what` and the time it has taken is drawn meanwhile and removed at the
 * end. The work is done in a thread of its own, which is over when this returns.
 */
int progress_while(const char *what, int (*work)(void *arg), void *arg);

#endif
