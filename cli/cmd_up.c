/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_up.c - starts a node of the mesh.
 */
#include "cli/cmd.h"
#include "cli/launch.h"
#include "node/store.h"

#include <cap-ng.h>
#include <errno.h>

static int
keep_options(const struct context *c, const struct args *a, struct err *e)
{
	static const struct preset presets[] = {
		{ "--allow-all", "allow-all" },
		{ "--listen", "listen" },
		{ "--interface", "interface" },
		{ NULL },
	};
	struct store store;
	char dir[PATH_MAX];
	int r = home_path(dir, c->state, HOME_NODE, "", e);

	if (r == 0)
		r = node_store_open(&store, dir, e);
	if (r < 0)
		return r;
	r = launch_presets(&store.settings, node_settings, presets, a, e);
	store_close(&store);
	return r;
}

/* Found out before anything is stored, perhaps in the wrong user's state. */
static int
check_may_make_interface(const char *bundle, struct err *e)
{
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN))
		return 0;
	return err_set(e, -EPERM,
	    "a network interface may only be made by root: sudo mpynet up%s%s; or with "
	    "--namespace, one that only programs of mpynet exec see", bundle != NULL ? " " : "",
	    bundle != NULL ? bundle : "");
}

int
cmd_up(struct context *c, const struct args *a, struct err *e)
{
	bool apart = arg(a, "--namespace") != NULL, foreground = arg(a, "--foreground") != NULL;
	int r = apart ? 0 : check_may_make_interface(arg(a, "bundle"), e);

	if (r == 0)
		r = launch_join(c, HOME_NODE, arg(a, "bundle"), e);
	if (r == 0)
		r = keep_options(c, a, e);
	if (r < 0)
		return r;
	return apart ? launch_apart(c, foreground, e) : launch(c, HOME_NODE, foreground, e);
}
