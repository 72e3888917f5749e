/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_revoke.c - ending certificates before their time.
 */
#include "ca/office_revoke.h"
#include "ca/ledger_chain.h"
#include "ca/ledger_queue.h"
#include "ca/ledger_state.h"
#include "ca/ledger_token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One revocation at work. */
struct work {
	struct office *office;
	const struct revoking *what;
	uint64_t now;
	struct revoked *ret;
};

/* Serial numbers, found before any of their rows is changed. */
struct serials {
	uint64_t *list;
	size_t count;
	size_t cap;
};

static int
add_serial(struct serials *s, uint64_t serial)
{
	if (s->count == s->cap) {
		size_t cap = s->cap == 0 ? 16 : s->cap * 2;
		uint64_t *p = realloc(s->list, cap * sizeof(*p));

		if (p == NULL)
			return -ENOMEM;
		s->list = p;
		s->cap = cap;
	}
	s->list[s->count++] = serial;
	return 0;
}

/*
 * Which certificates
 */

/* What was signed at `before` says so of CERT_BACKDATE seconds earlier. */
static bool
is_before(const struct cert *c, uint64_t before)
{
	return c->not_before < before - CERT_BACKDATE;
}

/* Is there anything of this certificate left to revoke? A replaced one still has its key. */
static bool
is_meant(const struct revoking *r, const struct ledger_cert *c)
{
	if (r->before != 0 && !is_before(&c->cert, r->before))
		return false;
	return c->status == LEDGER_LIVE || c->status == LEDGER_SUPERSEDED ||
	    (c->status == LEDGER_REPLACED && r->name != NULL);
}

static int
walk_meant(struct work *k, struct ledger_walk *w, struct err *e)
{
	struct ledger *l = &k->office->ledger;

	if (k->what->name != NULL)
		return ledger_walk_name(l, w, k->what->name, k->now, e);
	if (k->what->serial != 0)
		return ledger_walk_serial(l, w, k->what->serial, k->now, e);
	return ledger_walk(l, w, e);
}

static int
find_meant(struct work *k, struct serials *s, struct err *e)
{
	struct ledger_walk w;
	struct ledger_cert c;
	int rc = walk_meant(k, &w, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, &c, e)) == 1) {
		if (!is_meant(k->what, &c) || c.cert.not_after < k->now)
			continue;
		rc = add_serial(s, c.cert.serial);
		if (rc < 0) {
			rc = err_set(e, rc, "there is no memory for the list of certificates");
			break;
		}
	}
	ledger_end(&w);
	return rc;
}

/* A certificate of the issuing CA that is meant, if it is one: 1, or 0. */
static int
find_issuing(struct work *k, struct ledger_cert *ret, struct err *e)
{
	if (k->what->name == NULL)
		return 0;
	return ledger_find_issuing(&k->office->ledger, ret, k->what->name, k->now, e);
}

/*
 * Ending them
 */

static void
show(struct work *k, const struct bundle_cert *object)
{
	if (k->ret->count < REVOKED_MAX)
		k->ret->certs[k->ret->count] = *object;
	k->ret->count++;
}

static int
log_end(struct work *k, const char *event, const struct cert *c, const char *detail,
    struct err *e)
{
	return ledger_log_cert(&k->office->ledger, k->now, event, c, detail, e);
}

/*
 * With its key, unless that is in another certificate which stays valid, or everything before some
 * time is revoked: then it is the authority that cannot be trusted, and not the hosts.
 */
static int
choose_status(struct work *k, const struct cert *c, enum ledger_status *ret, struct err *e)
{
	int rc = 0;

	*ret = LEDGER_REVOKED;
	if (k->what->serial != 0)
		rc = ledger_key_shared(&k->office->ledger, c->key, c->serial, k->now, e);
	if (rc == 1 || k->what->before != 0)
		*ret = LEDGER_REPLACED;
	return rc < 0 ? rc : 0;
}

static int
end_one(struct work *k, uint64_t serial, struct err *e)
{
	enum ledger_status status = LEDGER_REVOKED;
	struct ledger_walk w;
	struct ledger_cert c;
	int rc = ledger_walk_serial(&k->office->ledger, &w, serial, k->now, e);

	if (rc < 0)
		return rc;
	rc = ledger_next(&w, &c, e);
	ledger_end(&w);
	if (rc == 1)
		rc = choose_status(k, &c.cert, &status, e);
	if (rc == 0)
		rc = ledger_end_cert(&k->office->ledger, serial, status, e);
	if (rc < 0)
		return rc;
	show(k, &c.object);
	return log_end(k, "revoke", &c.cert, status == LEDGER_REVOKED ? "with its key" : "", e);
}

static int
end_meant(struct work *k, struct err *e)
{
	struct serials s = { .list = NULL };
	int rc = find_meant(k, &s, e);

	for (size_t i = 0; rc == 0 && i < s.count; i++)
		rc = end_one(k, s.list[i], e);
	free(s.list);
	return rc;
}

/* All that it has: its key is told for as long as the last of them would have lived. */
static int
end_issuing(struct work *k, struct err *e)
{
	struct ledger_cert c;
	int rc;

	while ((rc = find_issuing(k, &c, e)) == 1) {
		rc = ledger_end_issuing(&k->office->ledger, c.cert.serial, LEDGER_REVOKED, e);
		if (rc == 0)
			rc = log_end(k, "revoke", &c.cert,
			    "an issuing authority, and all that it signed", e);
		if (rc < 0)
			break;
		show(k, &c.object);
	}
	return rc;
}

/* Who is revoked by name is not let in by an older invitation or request. */
static int
end_invitation(struct work *k, struct err *e)
{
	struct ledger *l = &k->office->ledger;
	struct ledger_token t;
	int rc;

	if (k->what->name == NULL)
		return 0;
	rc = ledger_token_open(l, &t, k->what->name, e);
	if (rc == 1) {
		rc = ledger_token_withdraw(l, t.keys.id, e);
		token_keys_wipe(&t.keys);
		k->ret->invitation = rc == 0;
	}
	return rc < 0 ? rc : ledger_request_deny(l, k->what->name, k->now, e);
}

/*
 * What another authority of the network issued
 */

/* The certificate, if an issuing CA that this office admitted signed it. */
static int
check_foreign(struct office *o, struct cert *ret, const struct bundle_cert *object, struct err *e)
{
	uint8_t key_id[16];
	enum breach why;
	struct ledger_walk w;
	struct ledger_cert ca;
	int rc = cert_decode(ret, object->bytes, object->len, &why);

	if (rc < 0)
		return err_set(e, rc, "the certificate to be revoked %s", breach_phrase(why));
	if (ret->kind != OBJECT_HOST)
		return err_set(e, ERR_DENIED, "this is no certificate of a host; an authority is "
		    "revoked by its name");
	rc = ledger_walk_issuing(&o->ledger, &w, e);
	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, &ca, e)) == 1) {
		cert_key_id(key_id, ca.cert.key);
		if (memcmp(key_id, ret->issuer, sizeof(key_id)) == 0 &&
		    cert_verify_by(object->bytes, object->len, &ca.cert) == 0)
			break;
	}
	ledger_end(&w);
	if (rc == 0)
		rc = err_set(e, ERR_UNKNOWN, "the certificate of %s was signed by nobody whom this "
		    "authority admitted; if it signed it itself: mpynet revoke %s", ret->name,
		    ret->name);
	return rc < 0 ? rc : 0;
}

static int
disown(struct work *k, struct err *e)
{
	struct cert c;
	int rc = check_foreign(k->office, &c, k->what->cert, e);

	if (rc == 0 && c.not_after < k->now)
		return 0;
	if (rc == 0)
		rc = ledger_disown(&k->office->ledger, &c, k->what->cert, e);
	if (rc == ERR_CONFLICT)
		return err_set(e, rc, "serial %llu of %s is revoked already",
		    (unsigned long long)c.serial, c.name);
	if (rc < 0)
		return rc;
	show(k, k->what->cert);
	return log_end(k, "disown", &c, "with its key; another authority issued it", e);
}

/* Everything from before: nodes are told the time, and the ledger what that ends. */
static int
raise_floor(struct work *k, struct err *e)
{
	struct ledger_policy policy;
	int rc = ledger_policy(&k->office->ledger, &policy, e);

	if (rc < 0)
		return rc;
	policy.min_not_before = max_u64(policy.min_not_before, k->what->before - CERT_BACKDATE);
	return ledger_set_policy(&k->office->ledger, &policy, e);
}

/*
 * The whole
 */

static int
nothing_to_revoke(const struct revoking *r, struct err *e)
{
	if (r->name != NULL)
		return err_set(e, ERR_UNKNOWN, "%s has no certificate that could be revoked; "
		    "`mpynet ca list` shows who has one", r->name);
	if (r->serial != 0)
		return err_set(e, ERR_UNKNOWN, "certificate %llu is not valid, so there is nothing "
		    "to revoke; `mpynet ca list` shows all", (unsigned long long)r->serial);
	if (r->cert != NULL)
		return err_set(e, ERR_UNKNOWN, "the certificate has expired, so there is nothing "
		    "to revoke");
	return 0;	/* nothing was signed before that time, and now nothing can be */
}

static int
end_all(struct work *k, struct err *e)
{
	size_t before = k->ret->count;
	int rc = k->what->cert != NULL ? disown(k, e) : end_meant(k, e);

	if (rc == 0)
		rc = end_issuing(k, e);
	if (rc == 0)
		rc = end_invitation(k, e);
	if (rc == 0 && k->what->before != 0)
		rc = raise_floor(k, e);
	if (rc == 0 && k->ret->count == before && !k->ret->invitation)
		rc = nothing_to_revoke(k->what, e);
	return rc;
}

/* What everybody is to hear of it, as far as this office says that. */
static int
say(struct work *k, const struct ca_keys *keys, struct err *e)
{
	struct office *o = k->office;
	struct revoked *r = k->ret;
	int rc;

	if (office_may_state(o, NULL) < 0)
		return 0;
	if (!office_is_cosigned(o)) {
		r->proclaimed = true;
		return office_state_renew(o, keys, k->now, &r->state, e);
	}
	rc = office_draft_state_now(o, keys, k->now, &r->draft, e);
	r->drafted = rc == 0;
	if (r->drafted)
		r->state = proclaimed_by(&r->draft.state);
	return rc;
}

static int
end_and_say(struct work *k, const struct ca_keys *keys, size_t count, struct err *e)
{
	int rc = ledger_begin(&k->office->ledger, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < count; i++, k->what++)
		rc = end_all(k, e);
	if (rc == 0)
		rc = say(k, keys, e);
	rc = ledger_finish(&k->office->ledger, rc, e);
	if (rc < 0 && k->ret->drafted)
		draft_free(&k->ret->draft);
	return rc;
}

int
office_may_revoke(struct office *o, const struct revoking *r, struct err *e)
{
	struct revoked ret = { .count = 0 };
	struct work k = { o, r, office_now(), &ret };
	struct ledger_token token;
	struct ledger_cert ca;
	struct serials s = { .list = NULL };
	struct cert c;
	int rc;

	if (r->before > k.now)
		return err_set(e, -EINVAL, "certificates from after now cannot be revoked");
	if ((r->cert != NULL || r->before != 0) && office_may_state(o, e) < 0)
		return ERR_DENIED;
	if (r->cert != NULL)
		return check_foreign(o, &c, r->cert, e);
	rc = find_meant(&k, &s, e);
	free(s.list);
	if (rc < 0 || s.count > 0 || r->before != 0)
		return rc;
	rc = find_issuing(&k, &ca, e);
	if (rc == 0 && r->name != NULL) {
		rc = ledger_token_open(&o->ledger, &token, r->name, e);
		if (rc == 1)
			token_keys_wipe(&token.keys);
	}
	return rc < 0 ? rc : rc == 1 ? 0 : nothing_to_revoke(r, e);
}

int
office_revoke(struct office *o, const struct ca_keys *keys, const struct revoking *r,
    size_t count, struct revoked *ret, struct err *e)
{
	struct work k = { o, r, office_now(), ret };
	int rc, lock = office_lock(o, e);

	if (lock < 0)
		return lock;
	memset(ret, 0, sizeof(*ret));
	rc = end_and_say(&k, keys, count, e);
	close(lock);
	return rc;
}
