/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_help.c - help and version.
 */
#include "cli/cmd.h"

#include <errno.h>
#include <string.h>

/* The command's pattern begins with these words. */
static bool
begins_with(const struct command *cmd, const struct args *a)
{
	struct pattern p = { 0 };
	size_t n = arg_count(a, "command");

	pattern_add(&p, cmd->pattern);
	if (n > p.words)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!span_is(p.items[i].name, arg_nth(a, "command", i)))
			return false;
	return true;
}

static json_t *
commands_as_json(const struct context *c, const struct args *a)
{
	json_t *list = json_array();

	for (const struct command *cmd = c->table; cmd->help != NULL; cmd++)
		if (command_is_shown(cmd) && begins_with(cmd, a))
			json_array_append_new(list,
			    json_pack("{s:s, s:s}", "usage", cmd->pattern, "help", cmd->help));
	return list;
}

/* Every command with a line of help, under the headings of the table. */
static void
print_list(const struct context *c)
{
	FILE *to = c->out.to;

	fprintf(to, "usage: mpynet [--state <dir>] [--json | --porcelain] [<command>]\n");
	for (const struct command *cmd = c->table; cmd->help != NULL; cmd++) {
		struct pattern p = { 0 };
		struct span last;
		int name;

		if (cmd->pattern == NULL)
			fprintf(to, "\n%s\n", cmd->help);
		if (!command_is_shown(cmd))
			continue;
		pattern_add(&p, cmd->pattern);
		last = p.items[p.words - 1].name;
		name = (int)(last.p + last.len - cmd->pattern);
		fprintf(to, "  %-12.*s  %s\n", name, cmd->pattern, cmd->help);
	}
	fprintf(to, "\n'mpynet help <command>' shows how one is used.\n");
}

static void
print_usages(const struct context *c, const struct args *a)
{
	for (const struct command *cmd = c->table; cmd->help != NULL; cmd++) {
		if (!command_is_shown(cmd) || !begins_with(cmd, a))
			continue;
		command_usage(c->out.to, cmd, 0);
		fprintf(c->out.to, "    %s\n", cmd->help);
	}
}

static const struct column command_columns[] = {
	{ "USAGE", "usage", COLUMN_TEXT },
	{ "HELP", "help", COLUMN_TEXT },
	{ NULL },
};
static const struct view command_views[] = { { "commands", command_columns }, { NULL } };

int
cmd_help(struct context *c, const struct args *a, struct err *e)
{
	json_t *body = output_body(1), *list = commands_as_json(c, a);
	char shown[64];

	json_object_set_new(body, "commands", list);
	if (json_array_size(list) == 0) {
		json_decref(body);
		return err_set(e, -EINVAL, "there is no command '%s'; 'mpynet help' lists them",
		    output_escape(shown, sizeof(shown), arg(a, "command")));
	}
	if (c->out.format != OUTPUT_PEOPLE)
		output_show(&c->out, body, command_views);
	else if (arg(a, "command") == NULL)
		print_list(c);
	else
		print_usages(c, a);
	json_decref(body);
	return EXIT_DONE;
}

static const struct column version_columns[] = { { "mpynet", "version", COLUMN_TEXT }, { NULL } };
static const struct view version_views[] = { { NULL, version_columns }, { NULL } };

int
cmd_version(struct context *c, const struct args *a, struct err *e)
{
	json_t *body = output_body(1);

	(void)a;
	(void)e;
	json_object_set_new(body, "version", json_string(MPYNET_VERSION));
	output_show(&c->out, body, version_views);
	json_decref(body);
	return EXIT_DONE;
}
