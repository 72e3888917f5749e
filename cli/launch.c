/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * launch.c - starts a daemon.
 */
#include "cli/launch.h"

#include "cli/cmd.h"
#include "cli/interrupt.h"
#include "cli/join.h"
#include "cli/progress.h"
#include "cli/talk.h"
#include "host/daemon.h"
#include "lighthouse/run.h"
#include "node/run.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <time.h>

/* How long a lighthouse may take to answer before we say that none does. */
#define READY_PATIENCE_MS 3000

/* The command that starts a daemon. */
static const char *
starter(enum home_role role)
{
	static const char *const starters[HOME_ROLES] = { "up", "lighthouse", "ca serve" };

	return starters[role];
}

int
launch_join(struct context *c, enum home_role role, const char *file, struct err *e)
{
	enum home_role of;
	struct joined joined;
	struct verified me;
	struct bundle b;
	bool had_key;
	int r;

	if (file == NULL)
		return join_have(c->state, role, e);
	r = join_read(&b, &me, &of, file, e);
	if (r < 0)
		return r;
	had_key = b.has_key;
	if (of != role)
		r = err_set(e, -EINVAL, "%s is for a %s: mpynet %s %s", file, home_role_name(of),
		    starter(of), file);
	else
		r = join_store(&joined, c->state, role, &b, &me, e);
	bundle_wipe(&b);
	if (r < 0)
		return r;
	if (joined.anew)
		output_say(&c->out, "%s has joined %s%s%s", joined.name, joined.network,
		    had_key ? "; its key is in the state now, so remove " : "",
		    had_key ? file : "");
	return 0;
}

int
launch_presets(struct db *db, const struct setting *list, const struct preset *presets,
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

/* What a new process is to run. */
struct daemon {
	const char *state;
	enum home_role role;
	bool foreground;
	bool own_namespace, transient; /* node/run.h */
	const struct desk *desk; /* of an authority */
};

static int
run_daemon(void *arg, struct ready *ready, struct err *e)
{
	const struct daemon *d = arg;
	struct node_options node = {
		.state = d->state,
		.foreground = d->foreground,
		.role = d->role,
		.own_namespace = d->own_namespace,
		.transient = d->transient,
		.desk = d->desk,
	};
	struct lighthouse_options lighthouse = { .state = d->state, .foreground = d->foreground };

	return d->role == HOME_LIGHTHOUSE ? lighthouse_run(&lighthouse, ready, e)
	                                  : node_run(&node, ready, e);
}

/* A daemon's status, once it is ready or a while has passed. */
struct await {
	const struct context *c;
	enum home_role role;
	json_t *body; /* NULL: it does not say */
};

static int
await_ready(void *arg)
{
	static const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	struct await *w = arg;
	struct err e;

	for (int i = 0; i < READY_PATIENCE_MS / 50 && !interrupt_seen(); i++) {
		const char *state;

		json_decref(w->body);
		w->body = NULL;
		if (talk_call_role(w->c, w->role, "status", NULL, &w->body, &e) != 0)
			break;
		state = json_string_value(json_object_get(w->body, "state"));
		if (state == NULL || strcmp(state, "starting") != 0)
			return 1;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static void
say_node_is_up(struct context *c, const json_t *body, bool ready)
{
	char name[64], ip[64], device[32];
	const json_t *first = json_array_get(json_object_get(body, "ips"), 0);

	output_escape(name, sizeof(name), json_string_value(json_object_get(body, "name")));
	output_escape(ip, sizeof(ip), json_string_value(first));
	ip[strcspn(ip, "/")] = '\0';
	output_escape(device, sizeof(device),
	    json_string_value(json_object_get(body, "interface")));
	output_say(&c->out, "%s is up: %s on %s", name, ip, device);
	if (json_object_get(body, "namespace") != NULL)
		output_say(&c->out, "in a network namespace of its own: mpynet exec -- PROGRAM runs "
		    "a program there");
	if (json_array_size(json_object_get(body, "lighthouses")) == 0)
		output_say(&c->out,
		    "Its bundle names no lighthouse: it was signed before there was one. Next: where "
		    "the authority is, mpynet ca export %s > %s.mpynet, and here mpynet join "
		    "%s.mpynet", name, name, name);
	else if (ready)
		output_say(&c->out,
		    "Next: mpynet peers lists the others, mpynet ping NAME finds one");
	else
		output_say(&c->out,
		    "No lighthouse answers yet: is one started, and do its UDP ports get through? "
		    "Next: mpynet status");
}

/* Says what runs now, as it says itself. */
static void
tell_started(struct context *c, enum home_role role)
{
	struct await w = { .c = c, .role = role };
	bool ready = progress_while("looking for a lighthouse", await_ready, &w) == 1;
	char name[64];

	if (w.body == NULL)
		return;
	output_escape(name, sizeof(name), json_string_value(json_object_get(w.body, "name")));
	if (c->out.format != OUTPUT_PEOPLE)
		show_status(c, w.body);
	else if (role == HOME_NODE)
		say_node_is_up(c, w.body, ready);
	else if (role == HOME_AUTHORITY)
		output_say(&c->out, ready ? "%s answers who asks for a certificate\nNext: mpynet "
		    "invite NAME; mpynet ca pending lists who waits; mpynet down ends it" :
		    "%s runs, and no lighthouse answers yet\nNext: mpynet status", name);
	else
		output_say(&c->out,
		    "%s is lit\nNext: mpynet up BUNDLE on the other hosts; mpynet "
		    "peers lists those that have found it",
		    name);
	json_decref(w.body);
}

static int
start(struct context *c, struct daemon *d, struct err *e)
{
	struct ready ready = ready_foreground();
	int r;

	if (d->foreground)
		return run_daemon(d, &ready, e);
	r = daemon_start(run_daemon, d, e);
	if (r == 0)
		tell_started(c, d->role);
	return r;
}

int
launch(struct context *c, enum home_role role, bool foreground, struct err *e)
{
	struct daemon d = { .state = c->state, .role = role, .foreground = foreground };

	return start(c, &d, e);
}

int
launch_apart(struct context *c, bool foreground, struct err *e)
{
	struct daemon d = {
		.state = c->state,
		.role = HOME_NODE,
		.foreground = foreground,
		.own_namespace = true,
	};

	return start(c, &d, e);
}

int
launch_transient(struct context *c, struct err *e)
{
	struct await w = { .c = c, .role = HOME_NODE };
	struct daemon d = {
		.state = c->state,
		.role = HOME_NODE,
		.own_namespace = !capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN),
		.transient = true,
	};
	int r = daemon_start(run_daemon, &d, e);

	if (r < 0)
		return r;
	(void)progress_while("looking for a lighthouse", await_ready, &w);
	json_decref(w.body);
	return 0;
}

int
launch_authority(struct context *c, const struct desk *desk, bool foreground, struct err *e)
{
	struct daemon d = {
		.state = c->state,
		.role = HOME_AUTHORITY,
		.foreground = foreground,
		.desk = desk,
	};

	return start(c, &d, e);
}
