/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_invite.c - an authority invites hosts.
 */
#include "ca/office_invite.h"
#include "ca/office_bundle.h"
#include "ca/office_join.h"

#include "core/crypto.h"
#include "core/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The lighthouse that is called `name`, or the first: its certificate, and where it is. */
static int
find_lighthouse(struct office *o, const char *name, struct cert *ret,
    struct bundle_lighthouse *where, struct err *e)
{
	struct bundle_lighthouse all[BUNDLE_LIGHTHOUSES_MAX] = { 0 };
	int count = office_lighthouses(o, all, e);

	for (int i = 0; i < count; i++) {
		if (cert_decode(ret, all[i].cert.bytes, all[i].cert.len, NULL) < 0)
			continue;
		if (name[0] == '\0' || strcmp(ret->name, name) == 0) {
			*where = all[i];
			return 0;
		}
	}
	if (count >= 0 && name[0] == '\0')
		return err_set(e, ERR_UNKNOWN, "authority %s has no lighthouse yet, and an invitation "
		    "leads to one; make one with `mpynet sign lh --lighthouse --public HOST:PORT`",
		    o->ca.cert.name);
	if (count >= 0)
		return err_set(e, ERR_UNKNOWN, "%s is no lighthouse of authority %s; `mpynet ca "
		    "show` lists them", name, o->ca.cert.name);
	return count;
}

/* What has to be known of the lighthouse and of the root. */
static int
fill_token(struct office *o, const struct invitation *i, struct token *t, struct err *e)
{
	struct bundle_lighthouse where;
	struct cert root, lighthouse;
	int rc = find_lighthouse(o, i->lighthouse, &lighthouse, &where, e);

	if (rc == 0)
		rc = office_root(o, &root, NULL, e);
	if (rc < 0)
		return rc;
	token_draw(t, &o->rng);
	memcpy(t->root, root.fingerprint, sizeof(t->root));
	memcpy(t->lighthouse, lighthouse.key, sizeof(t->lighthouse));
	t->expires = office_now() + (i->lifetime != 0 ? i->lifetime : INVITE_LIFETIME);
	memcpy(t->endpoint, where.endpoints[0], sizeof(t->endpoint));
	return 0;
}

static int
log_invitation(struct office *o, const char *event, const char *name, const uint8_t *id,
    const char *detail, struct err *e)
{
	char text[LOG_DETAIL_MAX];
	size_t at;

	for (at = 0; at < TOKEN_ID_LEN; at++)
		(void)snprintf(text + 2 * at, 3, "%02x", id[at]);
	(void)snprintf(text + 2 * at, sizeof(text) - 2 * at, "%s", detail);
	return ledger_log_name(&o->ledger, office_now(), event, name, text, e);
}

/* The name's certificate, as it would be refused when the host comes. */
static int
check_name(struct office *o, const struct order *order, struct err *e)
{
	struct facts facts = { .now = office_now() };
	struct ledger_token open;
	struct ledger_cert c;
	char text[32];
	int rc = ledger_find(&o->ledger, &c, order->name, e);

	if (rc == 1 && c.status == LEDGER_LIVE && c.cert.not_after >= facts.now)
		facts.holder = &c.cert;
	if (rc >= 0)
		rc = authority_may_name(order, &facts, e);
	if (rc == 0)
		rc = ledger_token_open(&o->ledger, &open, order->name, e);
	if (rc == 1)
		rc = err_set(e, ERR_CONFLICT, "%s is invited already, until %s; withdraw that with "
		    "`mpynet invite %s --withdraw`", order->name,
		    text_format_time(text, open.expires), order->name);
	crypto_wipe(&open, sizeof(open));
	return rc;
}

static int
check_room(struct office *o, struct err *e)
{
	int64_t n;
	int rc = ledger_tokens_standing(&o->ledger, &n, office_now(), e);

	if (rc == 0 && n >= INVITATIONS_MAX)
		rc = err_set(e, ERR_FULL, "%d invitations stand, and lighthouses are offered no more; "
		    "`mpynet ca pending` lists them: withdraw one with `mpynet invite NAME "
		    "--withdraw`, or wait until one expires", INVITATIONS_MAX);
	return rc;
}

/* Would what is promised be signed? With a key that nobody has, and then undone. */
static int
rehearse(struct office *o, const struct order *order, struct err *e)
{
	struct order with_key = *order;
	struct ca_keys none;
	uint8_t secret[32];
	struct issued issued;
	int rc = ledger_try(&o->ledger, e);

	if (rc < 0)
		return rc;
	rng_fill(&o->rng, &none, sizeof(none));
	rng_fill(&o->rng, secret, sizeof(secret));
	crypto_dh_public(with_key.key, secret);
	rc = office_issue(o, &none, &with_key, &issued, e);
	crypto_wipe(secret, sizeof(secret));
	(void)ledger_tried(&o->ledger, -ECANCELED, e);
	return rc;
}

static int
keep(struct office *o, const struct invitation *i, const struct token *t, struct err *e)
{
	struct ledger_token row = { .approve = i->approve, .order = i->order };
	char text[32], detail[64];
	int rc;

	token_keys(&row.keys, t->id, t->secret);
	memcpy(row.lighthouse, t->lighthouse, sizeof(row.lighthouse));
	row.made = office_now();
	row.expires = t->expires;
	(void)snprintf(detail, sizeof(detail), " until %s%s", text_format_time(text, t->expires),
	    i->approve ? ", to be approved" : "");
	rc = ledger_token_add(&o->ledger, &row, e);
	token_keys_wipe(&row.keys);
	return rc < 0 ? rc : log_invitation(o, "invite", i->order.name, t->id, detail, e);
}

int
office_invite(struct office *o, const struct invitation *i, struct token *ret, struct err *e)
{
	int rc = ledger_begin(&o->ledger, e);

	if (rc < 0)
		return rc;
	rc = ledger_token_expire(&o->ledger, office_now(), e);
	if (rc == 0)
		rc = check_name(o, &i->order, e);
	if (rc == 0)
		rc = check_room(o, e);
	if (rc == 0)
		rc = rehearse(o, &i->order, e);
	if (rc == 0)
		rc = fill_token(o, i, ret, e);
	if (rc == 0)
		rc = keep(o, i, ret, e);
	rc = ledger_finish(&o->ledger, rc, e);
	if (rc < 0)
		token_wipe(ret);
	return rc;
}

int
office_uninvite(struct office *o, const char *name, struct err *e)
{
	struct ledger_token open;
	int rc = ledger_begin(&o->ledger, e);

	if (rc < 0)
		return rc;
	rc = ledger_token_expire(&o->ledger, office_now(), e);
	if (rc == 0)
		rc = ledger_token_open(&o->ledger, &open, name, e);
	if (rc == 0)
		rc = err_set(e, ERR_UNKNOWN, "%s has no open invitation; `mpynet ca pending` lists "
		    "those that there are", name);
	if (rc == 1)
		rc = ledger_token_withdraw(&o->ledger, open.keys.id, e);
	if (rc == 0)
		rc = log_invitation(o, "uninvite", name, open.keys.id, "", e);
	crypto_wipe(&open, sizeof(open));
	return ledger_finish(&o->ledger, rc, e);
}
