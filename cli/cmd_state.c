/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_state.c - what everybody is told: shown, signed, or drafted for those who sign it.
 */
#include "ca/ledger_state.h"
#include "cli/cmd.h"
#include "cli/draftsend.h"
#include "cli/draftshow.h"
#include "cli/room.h"
#include "cli/states.h"
#include "cli/unlock.h"

#include <errno.h>

/* What nodes are to do when the state has expired, from the next one on. */
static int
set_required(struct office *o, bool required, struct err *e)
{
	struct ledger_policy policy;
	int rc = ledger_begin(&o->ledger, e);

	if (rc < 0)
		return rc;
	rc = ledger_policy(&o->ledger, &policy, e);
	policy.state_required = required;
	if (rc == 0)
		rc = ledger_set_policy(&o->ledger, &policy, e);
	return ledger_finish(&o->ledger, rc, e);
}

/* Nobody signs alone here: a draft goes to the co-signers. */
static int
draft_state(struct context *c, struct office *o, const struct ca_keys *keys, const char *out,
    struct err *e)
{
	char path[DRAFT_PATH_MAX];
	struct draft d;
	int rc = office_draft_state(o, keys, &d, e);

	if (rc < 0)
		return rc;
	rc = save_state(path, &d, out, e);
	if (rc == 0) {
		drafts_show_all(c, &(struct drafts){ .count = 1, .list = &d });
		say_who_signs(c, &d.root, path);
	}
	draft_free(&d);
	return rc;
}

static int
sign_now(struct context *c, struct office *o, const struct ca_keys *keys, struct err *e)
{
	struct proclaimed p;
	int rc = office_state_sign(o, keys, &p, e);

	if (rc == 0)
		rc = state_show(c, o, &p, e);
	if (rc == 0)
		say_how_it_spreads(c, o);
	return rc;
}

static int
sign_state(struct context *c, struct office *o, const struct args *a, struct err *e)
{
	struct ca_keys *keys;
	int rc = office_may_state(o, e);

	if (rc == 0)
		rc = may_send(arg(a, "--out"), e);
	if (rc == 0)
		rc = unlock_keys(&keys, o, a, e);
	if (rc < 0)
		return rc;
	if (arg(a, "--required") != NULL || arg(a, "--not-required") != NULL)
		rc = set_required(o, arg(a, "--required") != NULL, e);
	if (rc == 0)
		rc = office_is_cosigned(o) ? draft_state(c, o, keys, arg(a, "--out"), e)
					   : sign_now(c, o, keys, e);
	lock_keys(keys);
	if (rc == 0)
		say_room(c, o, NULL);
	return rc;
}

int
cmd_ca_state(struct context *c, const struct args *a, struct err *e)
{
	bool required = arg(a, "--required") != NULL, not_required = arg(a, "--not-required");
	struct proclaimed p;
	struct office o;
	int rc;

	if (required && not_required)
		return err_set(e, -EINVAL, "--required and --not-required exclude each other");
	if ((required || not_required) && arg(a, "--sign") == NULL)
		return err_set(e, -EINVAL, "what a state requires is said when it is signed; say "
		    "--sign too");
	rc = open_office(&o, c, e);
	if (rc < 0)
		return rc;
	if (arg(a, "--sign") != NULL) {
		rc = sign_state(c, &o, a, e);
	} else {
		rc = office_state_shown(&o, &p, e);
		if (rc == 1)
			rc = state_show(c, &o, &p, e);
		else if (rc == 0)
			rc = err_set(e, ERR_UNKNOWN, "no state of network %s was signed yet, so "
			    "nobody is revoked; `mpynet ca state --sign` signs one",
			    o.ca.cert.name);
	}
	office_close(&o);
	return rc;
}
