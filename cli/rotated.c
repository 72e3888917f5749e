/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rotated.c - a network that has a new root, on the screen.
 */
#include "cli/rotated.h"

#include "cli/certs.h"

static const struct column rotated_columns[] = {
	{ "network", "name", COLUMN_TEXT },
	{ "fingerprint", "fingerprint", COLUMN_TEXT },
	{ "valid until", "not_after", COLUMN_TIME },
	{ "root before", "before.fingerprint", COLUMN_TEXT },
	{ "believed until", "before.until", COLUMN_TIME },
	{ "state", "state", COLUMN_TEXT },
	{ "invitations withdrawn", "invitations", COLUMN_TEXT },
	{ NULL },
};

static const struct view rotated_views[] = { { NULL, rotated_columns, NULL }, { NULL } };

void
show_rotated(struct context *c, const struct office *o, const struct rotated *r)
{
	json_t *body = output_body(1), *before = json_object();
	const struct cert *root = &o->ca.cert;

	json_object_set_new(body, "name", json_string(root->name));
	json_object_set_new(body, "serial", json_integer((json_int_t)root->serial));
	json_object_set_new(body, "fingerprint", hex_json(root->fingerprint, 32));
	json_object_set_new(body, "not_after", json_integer((json_int_t)root->not_after));
	json_object_set_new(before, "fingerprint", hex_json(r->old.fingerprint, 32));
	json_object_set_new(before, "until", json_integer((json_int_t)r->until));
	json_object_set_new(body, "before", before);
	json_object_set_new(body, "state", json_integer((json_int_t)r->state.id.version));
	json_object_set_new(body, "invitations", json_integer((json_int_t)r->invitations));
	output_show(&c->out, body, rotated_views);
	json_decref(body);
	output_say(&c->out, "The key of the old root is gone; what it signed is good until then. "
	    "Renewals come from the new one.");
	output_say(&c->out, "Next: `mpynet ca serve` tells everybody; or: mpynet ca export "
	    "--network-state > %s.state, and on any lighthouse or host: mpynet join %s.state",
	    root->name, root->name);
}
