/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shell.h - commands from a terminal or from a script.
 */
#ifndef CLI_SHELL_H
#define CLI_SHELL_H

#include "cli/command.h"

/*
 * Runs every line of `from` as a command with the options of `c`, until its end or `exit`. On a
 * terminal there is a prompt with the network and its state, Tab completes, and lines are kept in
 * the state's file "history". Returns the exit code of the last command that failed, or EXIT_DONE.
 */
int shell_run(struct context *c, FILE *from);

#endif
