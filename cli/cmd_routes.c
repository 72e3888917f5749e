/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_routes.c - what the kernel was told to send into the mesh.
 */
#include "cli/cmd.h"
#include "cli/talk.h"

static const struct column columns[] = {
	{ "TO", "to", COLUMN_TEXT },
	{ "VIA", "via", COLUMN_TEXT },
	{ "MTU", "mtu", COLUMN_TEXT },
	{ "PATH", "path", COLUMN_STATE },
	{ NULL },
};
static const struct view views[] = { { "routes", columns, "no peer has a route yet" }, { NULL } };

int
cmd_routes(struct context *c, const struct args *a, struct err *e)
{
	(void)a;
	return talk_show(c, "routes", NULL, views, e);
}
