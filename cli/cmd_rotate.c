/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_rotate.c - the network gets a new root, and time to move over.
 */
#include "ca/office_rotate.h"
#include "cli/certs.h"
#include "cli/cmd.h"
#include "cli/progress.h"
#include "cli/unlock.h"
#include "core/text.h"

#include <errno.h>

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

static int
read_duration(uint64_t *ret, const struct args *a, const char *option, struct err *e)
{
	const char *text = arg(a, option);

	if (text != NULL && (text_duration(ret, text) < 0 || *ret == 0))
		return err_set(e, -EINVAL, "%s takes a duration, as in 120d", option);
	return 0;
}

/* The new keys rest as the old ones did: under a passphrase, or without. */
static int
choose_secret(struct secret *s, struct passphrase *p, const struct office *o,
    const struct args *a, struct err *e)
{
	int rc = office_cost(o, &s->cost, e);

	s->passphrase = "";
	if (rc < 0 || s->cost.passes == 0)
		return rc;
	rc = passphrase_choose(p, "new root's key", a, e);
	s->passphrase = p->text;
	s->passphrase_len = p->len;
	return rc;
}

/* Rotating, as work for a thread. */
struct rotation_work {
	struct office *office;
	const struct ca_keys *keys;
	const struct rotating *what;
	struct rotated *done;
	struct err *err;
};

static int
rotate(void *to)
{
	struct rotation_work *w = to;

	return office_rotate(w->office, w->keys, w->what, w->done, w->err);
}

static void
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

int
cmd_ca_rotate(struct context *c, const struct args *a, struct err *e)
{
	struct passphrase p = { NULL };
	struct rotating what = { 0 };
	struct ca_keys *keys = NULL;
	struct rotated done;
	struct office o;
	struct rotation_work work = { &o, NULL, &what, &done, e };
	int rc = read_duration(&what.overlap, a, "--overlap", e);

	if (rc == 0)
		rc = read_duration(&what.lifetime, a, "--lifetime", e);
	if (rc == 0)
		rc = open_office(&o, c, e);
	if (rc < 0)
		return rc;
	rc = unlock_keys(&keys, &o, a, e);
	if (rc == 0)
		rc = choose_secret(&what.secret, &p, &o, a, e);
	work.keys = keys;
	if (rc == 0)
		rc = progress_while("making the new root", rotate, &work);
	passphrase_free(&p);
	lock_keys(keys);
	if (rc == 0)
		show_rotated(c, &o, &done);
	office_close(&o);
	return rc;
}
