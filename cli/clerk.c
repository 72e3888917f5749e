/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clerk.c - sits at the desk of an authority's node with the ledger in hand.
 */
#include "cli/clerk.h"

#include "ca/office_state.h"
#include "core/netstate.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* What could not be offered is tried again after this. */
#define OFFER_AGAIN 60 /* seconds */

/* The key that the command unlocked, in memory of this process that is not swapped out. */
static int
take_keys(struct clerk_desk *d, struct err *e)
{
	if (d->given == NULL)
		return 0;
	d->keys = sodium_malloc(sizeof(*d->keys));
	if (d->keys == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the authority's key");
	memcpy(d->keys, d->given, sizeof(*d->keys));
	sodium_memzero(d->given, sizeof(*d->given));
	return 0;
}

static int
on_open(void *ctx, struct err *e)
{
	struct clerk_desk *d = ctx;
	int rc;

	d->waiting = calloc(CLERK_WAITING_MAX, sizeof(*d->waiting));
	rc = d->waiting == NULL ? err_set(e, -ENOMEM, "there is no memory for requests") :
				  take_keys(d, e);
	if (rc == 0)
		rc = office_open(&d->office, d->state, e);
	if (rc < 0)
		return rc;
	d->opened = true;
	d->clerk = (struct clerk){
		.office = &d->office,
		.keys = d->keys,
		.approve = d->approve,
		.keep_old = d->keep_old,
	};
	return 0;
}

static void
on_close(void *ctx)
{
	struct clerk_desk *d = ctx;

	if (d->opened)
		office_close(&d->office);
	d->opened = false;
	sodium_free(d->keys); /* wipes */
	d->keys = NULL;
	free(d->waiting);
	d->waiting = NULL;
}

/* Every token that stands, as the ledger has it now; until one expires, which writes nothing. */
static void
offer(struct clerk_desk *d, struct node *n)
{
	struct clerk_offers o;
	struct err e;
	int rc = clerk_offers(&d->clerk, &o, &e);

	d->offers_until = office_now() + OFFER_AGAIN;
	if (rc < 0) {
		desk_log(n, TRACE_WARNING, "no invitation can be offered: %s", e.text);
		return;
	}
	if (desk_offer(n, o.offers, o.count) == 0) {
		d->offers = o.count;
		d->offers_until = o.until;
	}
	clerk_offers_free(&o);
}

/* What the authority says of everybody, for everybody; nodes have it from us. */
static void
bring_state(struct clerk_desk *d, struct node *n)
{
	uint8_t *blob = malloc(NETSTATE_BLOB_MAX);
	struct err e = { .text = "there is no memory" };
	int rc = blob == NULL ? -ENOMEM : office_state_blob(&d->office, blob, &e);

	if (rc > 0)
		rc = desk_bring_state(n, blob, (size_t)rc, &e);
	if (rc < 0 && rc != ERR_SUPERSEDED)
		desk_log(n, TRACE_WARNING, "the network's state is not handed on: %s", e.text);
	free(blob);
}

/* Is this the answer at which somebody goes on waiting? */
static bool
is_put_off(const struct petition *p, const struct clerk_answer *a)
{
	return p->kind == PETITION_ENROL ? a->status == ENROL_PENDING : a->status == RENEW_PENDING;
}

static void
answer(struct clerk_desk *d, struct node *n, const struct petition *p, const struct clerk_answer *a)
{
	struct ruling r = { .kind = p->kind, .status = a->status };

	memcpy(r.id, p->id, sizeof(r.id));
	memcpy(r.ref, p->ref, sizeof(r.ref));
	memcpy(r.key, p->key, sizeof(r.key));
	if (p->kind == PETITION_ENROL && a->sealed_len > 0) {
		r.sealed = a->sealed;
		r.sealed_len = a->sealed_len;
	}
	if (p->kind == PETITION_RENEW && a->status == RENEW_ISSUED) {
		r.cert = (struct blob){ a->cert.bytes, a->cert.len };
		if (a->issuing.len > 0)
			r.ca = (struct blob){ a->issuing.bytes, a->issuing.len };
	}
	if (desk_answer(n, &r) < 0)
		desk_log(n, TRACE_WARNING, "an answer was lost; it is asked for again");
	else if (!is_put_off(p, a))
		d->answered++;
}

/* Asks the clerk. False: nothing was said, and it is to be asked again. */
static bool
consider(struct clerk_desk *d, struct node *n, const struct petition *p, struct clerk_answer *a)
{
	struct err e;
	int rc = p->kind == PETITION_ENROL ? clerk_enrol(&d->clerk, p->id, p->bytes, a, &e) :
					     clerk_renew(&d->clerk, p->key, p->bytes, a, &e);

	if (rc < 0) {
		desk_log(n, TRACE_WARNING, "a request could not be looked at: %s", e.text);
		return false;
	}
	if (a->notice.text[0] != '\0')
		desk_log(n, a->alarm ? TRACE_WARNING : TRACE_NOTICE, "%s", a->notice.text);
	if (a->state)
		bring_state(d, n);
	return true;
}

static bool
same_petition(const struct petition *a, const struct petition *b)
{
	return a->kind == b->kind && memcmp(a->id, b->id, sizeof(a->id)) == 0 &&
	    memcmp(a->ref, b->ref, sizeof(a->ref)) == 0 &&
	    memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

static void
wait_for(struct clerk_desk *d, const struct petition *p)
{
	struct waiting *w;

	for (size_t i = 0; i < d->waiting_count; i++)
		if (same_petition(&d->waiting[i].is, p))
			return;
	if (d->waiting_count == CLERK_WAITING_MAX || p->bytes.len > sizeof(w->bytes))
		return;
	w = &d->waiting[d->waiting_count++];
	w->is = *p;
	memcpy(w->bytes, p->bytes.p, p->bytes.len);
	w->is.bytes.p = w->bytes;
}

static void
forget(struct clerk_desk *d, size_t i)
{
	struct waiting *w = &d->waiting[i];

	*w = d->waiting[--d->waiting_count];
	w->is.bytes.p = w->bytes;
}

static void
on_heard(void *ctx, struct node *n, const struct petition *p)
{
	static struct clerk_answer a;
	struct clerk_desk *d = ctx;

	if (!consider(d, n, p, &a) || a.status == 0)
		return;
	answer(d, n, p, &a);
	if (is_put_off(p, &a))
		wait_for(d, p);
}

/* Whoever waits is looked at again, now that the ledger says something else. */
static void
reconsider(struct clerk_desk *d, struct node *n)
{
	static struct clerk_answer a;

	for (size_t i = d->waiting_count; i-- > 0;) {
		const struct petition p = d->waiting[i].is;

		if (!consider(d, n, &p, &a) || is_put_off(&p, &a))
			continue;
		if (a.status != 0)
			answer(d, n, &p, &a);
		forget(d, i);
	}
}

/* Our own writing does not change the number. */
static bool
ledger_changed(struct clerk_desk *d)
{
	int64_t version;
	struct err e;

	if (clerk_changed(&d->clerk, &version, &e) < 0 || version == d->version)
		return false;
	d->version = version;
	return true;
}

/* After a rotation our key is the old root's, and worth nothing. */
static void
forget_keys(struct clerk_desk *d, struct node *n)
{
	sodium_free(d->keys); /* wipes */
	d->keys = NULL;
	d->clerk.keys = NULL;
	desk_log(n, TRACE_WARNING, "the authority has another key now; requests wait until mpynet "
	    "down and mpynet ca serve unlock that");
}

/* The authority may have another certificate by now, for the key that it had or for another. */
static void
follow_authority(struct clerk_desk *d, struct node *n)
{
	const size_t key_len = sizeof(d->office.ca.cert.key);
	struct ledger_ca now;
	struct err e;

	if (ledger_ca(&d->office.ledger, &now, &e) == 0) {
		if (memcmp(now.cert.key, d->office.ca.cert.key, key_len) != 0)
			forget_keys(d, n);
		d->office.ca = now;
	}
	sodium_memzero(&now, sizeof(now));
}

static void
on_started(void *ctx, struct node *n)
{
	struct clerk_desk *d = ctx;

	(void)ledger_changed(d);
	bring_state(d, n);
	offer(d, n);
	reconsider(d, n);
}

static void
on_look(void *ctx, struct node *n)
{
	struct clerk_desk *d = ctx;
	bool changed = ledger_changed(d);

	if (changed)
		follow_authority(d, n);
	if (changed || office_now() > d->offers_until)
		offer(d, n);
	if (changed) {
		bring_state(d, n);
		reconsider(d, n);
	}
}

static void
on_show(void *ctx, json_t *body)
{
	const struct clerk_desk *d = ctx;

	json_object_set_new(body, "unlocked", json_boolean(d->keys != NULL));
	json_object_set_new(body, "approve", json_boolean(d->approve));
	json_object_set_new(body, "invitations", json_integer((json_int_t)d->offers));
	json_object_set_new(body, "waiting", json_integer((json_int_t)d->waiting_count));
	json_object_set_new(body, "answered", json_integer((json_int_t)d->answered));
}

struct desk
clerk_desk(struct clerk_desk *d)
{
	return (struct desk){
		.ctx = d,
		.open = on_open,
		.started = on_started,
		.heard = on_heard,
		.look = on_look,
		.show = on_show,
		.close = on_close,
	};
}
