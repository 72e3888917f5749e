/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * commands.c - THE TABLE: every command is one entry, its usage, its function and its help.
 *
 * A line without a pattern is a heading. Commands that begin with the same word stand together.
 */
#include "cli/cmd.h"

const char global_options[] = "[--state <dir>] [--json] [--porcelain] [--help] [--version]";

/* clang-format off */
const struct command commands[] = {
	{ NULL, NULL, "help" },
	{ "help [<command>]...", cmd_help,
	  "list the commands, or show how one is used" },
	{ "version", cmd_version,
	  "show the version of the program" },
	{ "completion bash|zsh|fish", cmd_completion,
	  "print the script that lets a shell complete mpynet's commands" },
	{ "__complete [<word>]...", cmd_complete,
	  "list what could be typed for the last word" },

	{ NULL, NULL, NULL },
};
