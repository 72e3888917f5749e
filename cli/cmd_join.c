/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_join.c - makes this host a member, or makes a stock WireGuard known to it.
 */
#include "cli/bring.h"
#include "cli/certs.h"
#include "cli/cmd.h"
#include "cli/enrol.h"
#include "cli/join.h"
#include "cli/member.h"
#include "cli/state.h"
#include "cli/talk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct column joined_columns[] = {
	{ "name", "name", COLUMN_TEXT },
	{ "network", "network", COLUMN_TEXT },
	{ "addresses", "addresses", COLUMN_TEXT },
	{ "valid until", "not_after", COLUMN_TIME },
	{ NULL },
};

static const struct view joined_views[] = { { NULL, joined_columns, NULL }, { NULL } };

static void
show_joined(struct context *c, const struct joined *j, const struct cert *me)
{
	json_t *body = output_body(1);

	json_object_set_new(body, "name", json_string(j->name));
	json_object_set_new(body, "network", json_string(j->network));
	json_object_set_new(body, "role", json_string(home_role_name(j->role)));
	json_object_set_new(body, "addresses", addresses_json(me->addresses, me->address_count));
	json_object_set_new(body, "not_after", json_integer((json_int_t)me->not_after));
	output_show(&c->out, body, joined_views);
	json_decref(body);
	output_say(&c->out, j->anew ? "Next: %s" : "Next: mpynet reload, or if it does not run: %s",
	    j->role == HOME_LIGHTHOUSE ? "mpynet lighthouse" :
	    "sudo mpynet up, or without root: mpynet exec -- PROGRAM");
}

static int
join_bundle(struct context *c, const char *file, struct err *e)
{
	enum home_role role;
	struct joined joined;
	struct verified me;
	struct bundle b;
	int rc = join_read(&b, &me, &role, file, e);

	if (rc < 0)
		return rc;
	if (role == HOME_NODE)
		rc = state_check_node(c->state_option, "join", file, e);
	if (rc == 0)
		rc = join_store(&joined, c->state, role, &b, &me, e);
	bundle_wipe(&b);
	if (rc == 0)
		show_joined(c, &joined, &me.cert);
	return rc;
}

/* Whoever runs on this state takes it now; else at the next start. */
static int
add_member(struct context *c, const struct cert *cert, const struct bundle_cert *object,
    const char *endpoint, struct err *e)
{
	json_t *body;
	int rc = member_store(c->state, cert, object, endpoint, e);

	if (rc < 0)
		return rc;
	rc = talk_call(c, "reload", NULL, &body, e);
	if (rc == 0)
		json_decref(body);
	if (rc != 0 && rc != -ECONNREFUSED)
		return rc;
	output_say(&c->out, "%s is known here%s", cert->name, rc == 0 ? " from now on" :
	    " from the next start on: sudo mpynet up");
	return 0;
}

/* A network state takes effect, and with it whom it revokes. */
static int
bring_state(struct context *c, struct brought_file *f, struct err *e)
{
	bool offline;
	int rc = bring_give(c, f, &offline, e);

	free(f->blob);
	if (rc != 0)
		return rc;
	output_say(&c->out, offline ? "The network state is in force from the next start on." :
				      "The network state is in force.");
	return EXIT_DONE;
}

static int
join_token(struct context *c, char *text, struct err *e)
{
	struct joined joined;
	struct token t;
	struct cert me;
	int rc = state_check_node(c->state_option, "join", "TOKEN", e);

	if (rc == 0)
		rc = enrol_take_token(&t, text, e);
	if (rc < 0)
		return rc;
	rc = enrol_join(&joined, &me, c, &t, e);
	token_wipe(&t);
	if (rc == 0)
		show_joined(c, &joined, &me);
	return rc;
}

int
cmd_join(struct context *c, const struct args *a, struct err *e)
{
	const char *file = arg(a, "bundle");
	struct bundle_cert object;
	struct brought_file state;
	struct cert cert;
	int rc;

	if (enrol_is_token(file))
		return join_token(c, (char *)(uintptr_t)file, e);
	rc = bring_read(&state, file, e);
	if (rc == 1)
		return bring_state(c, &state, e);
	if (rc == 0)
		rc = member_read(&cert, &object, file, e);
	if (rc == 1)
		return add_member(c, &cert, &object, arg(a, "--endpoint"), e);
	if (rc == 0 && arg(a, "--endpoint") != NULL)
		return err_set(e, -EINVAL, "--endpoint is for the certificate of a stock "
		    "WireGuard; members are found by the lighthouses");
	return rc < 0 ? rc : join_bundle(c, file, e);
}
