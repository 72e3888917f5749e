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
	{ NULL, NULL, "host" },
	{ "down", cmd_down,
	  "stop the daemon, and leave nothing behind on this machine's network" },
	{ "reload", cmd_reload,
	  "let the daemon read its state again" },
	{ "leave [--yes]", cmd_leave,
	  "forget the network and the key" },

	{ NULL, NULL, "seeing" },
	{ "status", cmd_status,
	  "show what this host is, and how it is" },
	{ "peers", cmd_peers,
	  "list the other members, and how they are reached" },
	{ "peer <peer>", cmd_peer,
	  "show all that is known of one member, and every path to it" },
	{ "ping <peer> [--count <number>] [--interval <seconds>] [--timeout <seconds>] "
	  "[--size <bytes>]", cmd_ping,
	  "see whether a member answers, how fast, and by which path" },
	{ "routes", cmd_routes,
	  "list what the kernel sends into the mesh" },

	{ NULL, NULL, "settings" },
	{ "set <key> <value>", cmd_set,
	  "change a setting of the daemon" },
	{ "get [<key>]", cmd_get,
	  "show the settings, or one" },
	{ "unset <key>", cmd_unset,
	  "go back to a setting's default" },
	{ "allow [<who>] [<protocol/port>]", cmd_allow,
	  "let a member or group:NAME in (tcp/80, udp, icmp, any), or list who is" },
	{ "disallow <who> [<protocol/port>]", cmd_disallow,
	  "take such a rule back" },

	{ NULL, NULL, "help" },
	{ "help [<command>]...", cmd_help,
	  "list the commands, or show how one is used" },
	{ "version", cmd_version,
	  "show the version of the program" },
	{ "completion bash|zsh|fish", cmd_completion,
	  "print the script that lets a shell complete mpynet's commands" },
	{ "watch <command>... [--every <duration>]", cmd_watch,
	  "run a command again and again" },
	{ "__complete [<word>]...", cmd_complete,
	  "list what could be typed for the last word" },

	{ NULL, NULL, NULL },
};
