/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * interrupt.h - Ctrl-C as a question, for commands that have something to finish.
 *
 * A signal handler can reach nothing but a static, so this is the program's one flag. A shell
 * catches for as long as it runs and clears before every command; a command of its own catches
 * when it begins to wait, and looks after every call that -EINTR can end.
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include "core/base.h"

/* From now on SIGINT sets the flag and ends the system call that it meets. */
void interrupt_catch(void);

bool interrupt_seen(void);
void interrupt_clear(void);

#endif
