/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_set.c - settings of a daemon, and who may come in.
 */
#include "cli/cmd.h"
#include "cli/talk.h"

#include <string.h>

static const struct column setting_columns[] = {
	{ "SETTING", "key", COLUMN_TEXT },
	{ "VALUE", "value", COLUMN_TEXT },
	{ "SET", "set", COLUMN_TEXT },
	{ "MEANING", "help", COLUMN_TEXT },
	{ NULL },
};
static const struct view setting_views[] = { { "settings", setting_columns }, { NULL } };

static const struct column rule_columns[] = { { "ALLOWED", "rule", COLUMN_TEXT }, { NULL } };
static const struct view rule_views[] = {
	{ "rules", rule_columns, "no rule: what is answered is let in, and all else is not" },
	{ NULL },
};

/* Says what was changed, and when it will count. */
static int
change(struct context *c, const char *verb, json_t *args, struct err *e)
{
	const json_t *setting;
	char key[64], value[256];
	json_t *body;
	int r = talk_call(c, verb, args, &body, e);

	if (r != 0)
		return r;
	setting = json_array_get(json_object_get(body, "settings"), 0);
	if (c->out.format != OUTPUT_PEOPLE)
		output_show(&c->out, body, setting_views);
	output_say(&c->out, "%s is %s%s",
	    output_escape(key, sizeof(key), json_string_value(json_object_get(setting, "key"))),
	    output_escape(value, sizeof(value),
		json_string_value(json_object_get(setting, "value"))),
	    json_is_false(json_object_get(setting, "now")) ? " from the next start on" : "");
	json_decref(body);
	return EXIT_DONE;
}

int
cmd_get(struct context *c, const struct args *a, struct err *e)
{
	const char *key = arg(a, "key");

	return talk_show(c, "get", key != NULL ? json_pack("{s:s}", "key", key) : NULL,
	    setting_views, e);
}

int
cmd_set(struct context *c, const struct args *a, struct err *e)
{
	return change(c, "set",
	    json_pack("{s:s, s:s}", "key", arg(a, "key"), "value", arg(a, "value")), e);
}

int
cmd_unset(struct context *c, const struct args *a, struct err *e)
{
	return change(c, "unset", json_pack("{s:s}", "key", arg(a, "key")), e);
}

/* The daemon parses rules; here "allow group:nurses tcp/80" only becomes one string again. */
static json_t *
rule_of(const struct args *a)
{
	const char *what = arg(a, "protocol/port");
	json_t *rule =
	    what == NULL ? json_string(arg(a, "who")) : json_sprintf("%s %s", arg(a, "who"), what);

	return json_pack("{s:o*}", "rule", rule);
}

int
cmd_allow(struct context *c, const struct args *a, struct err *e)
{
	if (arg(a, "who") == NULL)
		return talk_show(c, "rules", NULL, rule_views, e);
	return talk_show(c, "allow", rule_of(a), rule_views, e);
}

int
cmd_disallow(struct context *c, const struct args *a, struct err *e)
{
	return talk_show(c, "disallow", rule_of(a), rule_views, e);
}

void
list_settings(struct context *c, const char *prefix, candidate_fn found, void *to)
{
	json_t *body, *row;
	struct err e;
	size_t i;

	(void)prefix;
	if (talk_call(c, "get", NULL, &body, &e) != 0)
		return;
	json_array_foreach(json_object_get(body, "settings"), i, row)
	{
		const char *key = json_string_value(json_object_get(row, "key"));

		if (key != NULL)
			found(to, key, json_string_value(json_object_get(row, "help")));
	}
	json_decref(body);
}
