/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd.h - the functions of the table in commands.c, one of each command.
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include "cli/command.h"

int cmd_help(struct context *c, const struct args *a, struct err *e);
int cmd_version(struct context *c, const struct args *a, struct err *e);
int cmd_completion(struct context *c, const struct args *a, struct err *e);
int cmd_complete(struct context *c, const struct args *a, struct err *e);

#endif
