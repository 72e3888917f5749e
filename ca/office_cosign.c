/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_cosign.c - what co-signers are to sign for this office, and what it does with it then.
 */
#include "ca/office_cosign.h"
#include "ca/ledger_draft.h"
#include "ca/ledger_queue.h"
#include "ca/ledger_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Its own key need not be one of those that sign. */
int
office_make_draft(struct draft *ret, const struct bundle_cert *root, const struct ca_keys *keys,
    const uint8_t *object, size_t len, struct err *e)
{
	enum breach why = BREACH_NONE;
	int rc = draft_make(ret, root->bytes, root->len, object, len, &why);

	if (rc < 0)
		return err_set(e, rc, "the draft %s", breach_reason(rc, why));
	rc = draft_sign(ret, keys->seed);
	if (rc == 0 || rc == ERR_UNKNOWN)
		return 0;
	draft_free(ret);
	return err_set(e, rc, "the draft %s", err_phrase(rc));
}

/*
 * Hosts
 */

int
office_draft_host(struct office *o, const struct ca_keys *keys, const struct order *order,
    struct draft *ret, struct err *e)
{
	struct order draft = *order;
	struct issued issued;
	int rc;

	draft.draft = true;
	rc = office_draft(o, keys, &draft, &issued, e);
	return rc < 0 ? rc : office_make_draft(ret, &o->ca.object, keys, issued.bytes, issued.len, e);
}

int
office_draft_issued(struct office *o, const struct ca_keys *keys, const struct issued *issued,
    struct draft *ret, struct err *e)
{
	return office_make_draft(ret, &o->ca.object, keys, issued->bytes, issued->len, e);
}

int
office_finish_cert(struct bundle_cert *ret, const struct draft *d, struct err *e)
{
	int rc = draft_finish(ret->bytes, sizeof(ret->bytes), d);

	if (rc < 0)
		return err_set(e, rc, "%s has %u of %u signatures; send the draft to another "
		    "co-signer", d->says.name, draft_count(d), d->root.cosigners.k);
	ret->len = (uint16_t)rc;
	return 0;
}

/* The renewal that this host asked for and that is not decided: 1, or 0. */
static int
find_request(struct office *o, struct ledger_request *ret, const struct cert *c, struct err *e)
{
	struct ledger_walk w;
	int rc = ledger_walk_requests(&o->ledger, &w, false, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_request_next(&w, ret, e)) == 1) {
		if (ret->renewal && strcmp(ret->name, c->name) == 0 &&
		    memcmp(ret->key, c->key, sizeof(ret->key)) == 0)
			break;
	}
	ledger_end(&w);
	return rc;
}

int
office_is_renewal(struct office *o, const struct draft *d, struct err *e)
{
	struct ledger_cert holder;
	struct ledger_request r;
	int rc = d->kind == OBJECT_HOST ? ledger_find(&o->ledger, &holder, d->says.name, e) : 0;

	if (rc <= 0)
		return rc;
	if (holder.status != LEDGER_LIVE || holder.cert.not_after < office_now())
		return 0;
	if (memcmp(holder.cert.key, d->says.key, sizeof(d->says.key)) == 0)
		return 1;
	return find_request(o, &r, &d->says, e);
}

/* In a transaction. */
static int
take_renewal(struct office *o, const struct draft *d, struct issued *ret, struct err *e)
{
	struct order order = { .renew = true };
	struct bundle_cert object;
	struct ledger_request r;
	int asked = 0, rc = office_finish_cert(&object, d, e);

	memcpy(order.name, d->says.name, sizeof(order.name));
	memcpy(order.key, d->says.key, sizeof(order.key));
	if (rc == 0)
		rc = asked = find_request(o, &r, &d->says, e);
	if (rc == 1 && ledger_request_is_rekey(&r))
		memcpy(order.old_key, r.member, sizeof(order.old_key));
	if (rc >= 0)
		rc = office_take(o, &object, &order, ret, e);
	if (rc == 0 && asked == 1)
		rc = ledger_request_decide(&o->ledger, r.id, REQUEST_SIGNED, ret->cert.serial,
		    office_now(), e);
	return rc;
}

int
office_take_renewal(struct office *o, const struct draft *d, struct issued *ret, struct err *e)
{
	int rc, lock = office_lock(o, e);

	if (lock < 0)
		return lock;
	rc = ledger_begin(&o->ledger, e);
	if (rc == 0)
		rc = ledger_finish(&o->ledger, take_renewal(o, d, ret, e), e);
	close(lock);
	return rc;
}

/*
 * States
 */

static int
note_draft(struct office *o, const struct draft *d, uint64_t now, struct err *e)
{
	int rc = ledger_draft_put(&o->ledger, d->fingerprint, d->state.version, e);

	return rc < 0 ? rc : office_log_state(o, "draft", &d->state, now, e);
}

int
office_draft_state_now(struct office *o, const struct ca_keys *keys, uint64_t now,
    struct draft *ret, struct err *e)
{
	uint8_t *object = malloc(NETSTATE_MAX);
	struct draft d;
	uint64_t last = 0;
	int rc;

	if (object == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the network's state");
	rc = ledger_draft_version(&o->ledger, &last, e);
	if (rc == 0)
		rc = office_state_write(o, NULL, last + 1, now, object, e);
	if (rc > 0)
		rc = office_make_draft(&d, &o->ca.object, keys, object, (size_t)rc, e);
	free(object);
	if (rc < 0)
		return rc;
	rc = note_draft(o, &d, now, e);
	if (rc < 0)
		draft_free(&d);
	else
		*ret = d;
	return rc;
}

int
office_draft_state(struct office *o, const struct ca_keys *keys, struct draft *ret, struct err *e)
{
	struct draft d;
	int rc, lock = office_lock(o, e);

	if (lock < 0)
		return lock;
	rc = ledger_begin(&o->ledger, e);
	if (rc == 0) {
		bool made;

		rc = office_draft_state_now(o, keys, office_now(), &d, e);
		made = rc == 0;
		rc = ledger_finish(&o->ledger, rc, e);
		if (made && rc < 0)
			draft_free(&d);
	}
	close(lock);
	if (rc == 0)
		*ret = d;
	return rc;
}

static int
check_order(const struct draft *d, const struct ledger_state *last, struct err *e)
{
	if (memcmp(d->fingerprint, last->fingerprint, sizeof(d->fingerprint)) == 0)
		return err_set(e, ERR_CONFLICT, "state %llu is installed already",
		    (unsigned long long)d->state.version);
	if (d->state.version > last->version &&
	    memcmp(d->state.previous, last->fingerprint, sizeof(last->fingerprint)) == 0)
		return 0;
	return err_set(e, ERR_CONFLICT, "this draft is stale: state %llu was installed after it was "
	    "made; `mpynet ca state --sign` makes another, which says all that is to be said",
	    (unsigned long long)last->version);
}

int
office_may_take_state(struct office *o, const struct draft *d, struct err *e)
{
	struct ledger_state *last;
	int rc = ledger_draft_known(&o->ledger, d->fingerprint, e);

	if (rc == 0)
		return err_set(e, ERR_DENIED, "state %llu was not drafted by this ledger, so it may "
		    "not know what the ledger does; `mpynet ca state --sign` makes a draft",
		    (unsigned long long)d->state.version);
	if (rc < 0)
		return rc;
	last = calloc(1, sizeof(*last));
	if (last == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the network's state");
	rc = ledger_state(&o->ledger, last, e);
	if (rc >= 0)
		rc = check_order(d, last, e);
	free(last);
	return rc;
}

static int
take_state(struct office *o, const struct draft *d, struct proclaimed *ret, struct err *e)
{
	uint8_t *object;
	int rc = office_may_take_state(o, d, e);

	if (rc < 0)
		return rc;
	object = malloc(NETSTATE_MAX);
	if (object == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the network's state");
	rc = draft_finish(object, NETSTATE_MAX, d);
	if (rc < 0)
		rc = err_set(e, rc, "state %llu has %u of %u signatures",
		    (unsigned long long)d->state.version, draft_count(d), d->root.cosigners.k);
	else
		rc = office_state_keep(o, object, (size_t)rc, office_now(), ret, e);
	free(object);
	return rc;
}

int
office_take_state(struct office *o, const struct draft *d, struct proclaimed *ret, struct err *e)
{
	int rc, lock = office_lock(o, e);

	if (lock < 0)
		return lock;
	rc = ledger_begin(&o->ledger, e);
	if (rc == 0)
		rc = ledger_finish(&o->ledger, take_state(o, d, ret, e), e);
	close(lock);
	return rc;
}
