/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * states.c - the network's state, as commands show it.
 */
#include "cli/states.h"

#include "ca/ledger_state.h"
#include "cli/certs.h"

static const struct column state_columns[] = {
	{ "version", "version", COLUMN_TEXT },
	{ "hash", "hash", COLUMN_TEXT },
	{ "signed", "issued", COLUMN_TIME },
	{ "next due", "next_update", COLUMN_TIME },
	{ "expires", "expires", COLUMN_TIME },
	{ "revoked serials", "ranges", COLUMN_TEXT },
	{ "revoked keys", "keys", COLUMN_TEXT },
	{ "revoked authorities", "cas", COLUMN_TEXT },
	{ "rotations", "rotations", COLUMN_TEXT },
	{ "required", "required", COLUMN_TEXT },
	{ "verdict", "verdict", COLUMN_TEXT },
	{ NULL },
};

const struct view state_views[] = { { NULL, state_columns, NULL }, { NULL } };

void
state_add(json_t *body, const struct proclaimed *p)
{
	json_object_set_new(body, "version", json_integer((json_int_t)p->id.version));
	json_object_set_new(body, "hash", hex_json(p->id.hash, sizeof(p->id.hash)));
	json_object_set_new(body, "issued", json_integer((json_int_t)p->issued));
	json_object_set_new(body, "next_update", json_integer((json_int_t)p->next_update));
	json_object_set_new(body, "expires", json_integer((json_int_t)p->expires));
	json_object_set_new(body, "ranges", json_integer(p->ranges));
	json_object_set_new(body, "keys", json_integer(p->keys));
	json_object_set_new(body, "cas", json_integer(p->cas));
}

int
state_describe(json_t *body, const uint8_t *blob, size_t len, struct err *e)
{
	enum breach why = BREACH_NONE;
	struct netstate_blob b;
	struct proclaimed p;
	struct netstate s;
	int rc = netstate_blob_open(&b, blob, len, &why);

	if (rc == 0)
		rc = netstate_decode(&s, b.state.p, b.state.len, &why);
	if (rc < 0)
		return err_set(e, rc, "the network state %s", breach_reason(rc, why));
	p = proclaimed_by(&s);
	state_add(body, &p);
	json_object_set_new(body, "required", json_boolean(s.required));
	json_object_set_new(body, "rotations", json_integer(b.rotation_count));
	netstate_free(&s);
	return 0;
}

void
say_how_it_spreads(struct context *c, const struct office *o)
{
	const char *name = o->ca.cert.name;

	output_say(&c->out, "Next: `mpynet ca serve` tells everybody; or: mpynet ca export "
	    "--network-state > %s.state, and on any lighthouse or host: mpynet join %s.state",
	    name, name);
}

int
state_show(struct context *c, struct office *o, const struct proclaimed *p, struct err *e)
{
	struct ledger_policy policy;
	json_t *body;
	int rc = ledger_policy(&o->ledger, &policy, e);

	if (rc < 0)
		return rc;
	body = output_body(1);
	json_object_set_new(body, "network", json_string(o->ca.cert.name));
	state_add(body, p);
	json_object_set_new(body, "required", json_boolean(policy.state_required));
	output_show(&c->out, body, state_views);
	json_decref(body);
	return 0;
}
