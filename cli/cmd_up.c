/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_up.c - starts the daemons: a node of the mesh, and a lighthouse.
 */
#include "cli/talk.h"
#include "cli/cmd.h"
#include "cli/join.h"
#include "core/text.h"
#include "host/daemon.h"
#include "host/home.h"
#include "lighthouse/run.h"
#include "lighthouse/store.h"
#include "node/run.h"
#include "node/store.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>

/* Joining *************************************************************************************/

/* The command that starts a daemon. */
static const char *
starter(enum home_role role)
{
	return role == HOME_NODE ? "up" : "lighthouse";
}

/* Joins with the bundle in `file`, if one is given; then the state must have joined as `role`. */
static int
join(struct context *c, enum home_role role, const char *file, struct err *e)
{
	enum home_role of;
	struct joined joined;
	struct verified me;
	struct bundle b;
	int r;

	if (file == NULL)
		return join_have(c->state, role, e);
	r = join_read(&b, &me, &of, file, e);
	if (r < 0)
		return r;
	if (of != role)
		r = err_set(e, -EINVAL, "%s is for a %s: mpynet %s %s", file, home_role_name(of),
		    starter(of), file);
	else
		r = join_store(&joined, c->state, role, &b, &me, e);
	bundle_wipe(&b);
	if (r < 0)
		return r;
	if (joined.anew)
		output_say(&c->out, "%s has joined %s", joined.name, joined.network);
	return 0;
}

/* Settings ************************************************************************************/

/* An option of the command line that is a setting of the daemon; a flag means yes. */
struct preset {
	const char *option, *key;
};

static int
apply_presets(struct db *db, const struct setting *list, const struct preset *presets,
    const struct args *a, struct err *e)
{
	for (const struct preset *p = presets; p->option != NULL; p++) {
		const char *value = arg(a, p->option);
		int r;

		if (value == NULL)
			continue;
		r = setting_set(db, list, p->key, value[0] != '\0' ? value : "yes", e);
		if (r < 0)
			return err_prefix(e, r, "%s", p->option);
	}
	return 0;
}

static int
apply_node_presets(const struct context *c, const struct args *a, struct err *e)
{
	static const struct preset presets[] = {
		{ "--allow-all", "allow-all" },
		{ "--listen", "listen" },
		{ "--interface", "interface" },
		{ NULL },
	};
	struct node_store store;
	char dir[PATH_MAX];
	int r = home_path(dir, c->state, HOME_NODE, "", e);

	if (r == 0)
		r = node_store_open(&store, dir, e);
	if (r < 0)
		return r;
	r = apply_presets(&store.settings, node_settings, presets, a, e);
	node_store_close(&store);
	return r;
}

static int
apply_lighthouse_presets(const struct context *c, const struct args *a, struct err *e)
{
	static const struct preset presets[] = {
		{ "--listen", "listen" },
		{ "--public", "public" },
		{ "--stun", "stun" },
		{ NULL },
	};
	struct lighthouse_store store;
	char dir[PATH_MAX];
	int r = home_path(dir, c->state, HOME_LIGHTHOUSE, "", e);

	if (r == 0)
		r = lighthouse_store_open(&store, dir, e);
	if (r < 0)
		return r;
	r = apply_presets(&store.settings, lighthouse_settings, presets, a, e);
	lighthouse_store_close(&store);
	return r;
}

/* Starting ************************************************************************************/

struct launch {
	const char *state;
	enum home_role role;
	bool foreground;
};

static int
run_daemon(void *arg, struct ready *ready, struct err *e)
{
	const struct launch *l = arg;
	struct node_options node = { .state = l->state, .foreground = l->foreground };
	struct lighthouse_options lighthouse = { .state = l->state, .foreground = l->foreground };

	return l->role == HOME_NODE ? node_run(&node, ready, e)
	                            : lighthouse_run(&lighthouse, ready, e);
}

/* Says what runs now, as it says itself. */
static void
tell_started(struct context *c, enum home_role role)
{
	char name[64], ip[64], device[32];
	const json_t *first;
	struct err e;
	json_t *body;

	if (talk_call_role(c, role, "status", NULL, &body, &e) != 0)
		return;
	if (c->out.format != OUTPUT_PEOPLE)
		show_status(c, body);
	first = json_array_get(json_object_get(body, "ips"), 0);
	output_escape(name, sizeof(name), json_string_value(json_object_get(body, "name")));
	output_escape(ip, sizeof(ip), json_string_value(first));
	output_escape(device, sizeof(device),
	    json_string_value(json_object_get(body, "interface")));
	if (role == HOME_NODE)
		output_say(&c->out,
		    "%s is up: %s on %s; 'mpynet peers' lists the others, 'mpynet ping <name>' "
		    "reaches one",
		    name, ip, device);
	else
		output_say(&c->out,
		    "%s is lit; 'mpynet peers' lists who has registered, 'mpynet up <bundle>' on "
		    "the other hosts is next",
		    name);
	json_decref(body);
}

static int
start(struct context *c, enum home_role role, bool foreground, struct err *e)
{
	struct launch l = { .state = c->state, .role = role, .foreground = foreground };
	struct ready ready = ready_foreground();
	int r;

	if (foreground)
		return run_daemon(&l, &ready, e);
	r = daemon_start(run_daemon, &l, e);
	if (r == 0)
		tell_started(c, role);
	return r;
}

/* Found out before anything is stored, perhaps in the wrong user's state. */
static int
check_may_make_interface(const char *bundle, struct err *e)
{
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN))
		return 0;
	return err_set(e, -EPERM,
	    "a network interface may only be made by root: sudo mpynet up%s%s",
	    bundle != NULL ? " " : "", bundle != NULL ? bundle : "");
}

int
cmd_up(struct context *c, const struct args *a, struct err *e)
{
	int r = check_may_make_interface(arg(a, "bundle"), e);

	if (r == 0)
		r = join(c, HOME_NODE, arg(a, "bundle"), e);
	if (r == 0)
		r = apply_node_presets(c, a, e);
	return r < 0 ? r : start(c, HOME_NODE, arg(a, "--foreground") != NULL, e);
}

int
cmd_lighthouse(struct context *c, const struct args *a, struct err *e)
{
	int r = join(c, HOME_LIGHTHOUSE, arg(a, "bundle"), e);

	if (r == 0)
		r = apply_lighthouse_presets(c, a, e);
	return r < 0 ? r : start(c, HOME_LIGHTHOUSE, arg(a, "--foreground") != NULL, e);
}
