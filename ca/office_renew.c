/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_renew.c - a member's next certificate, under the same key or another one.
 *
 * What the ledger says of the name decides, not what the request says: the newest certificate is
 * renewed, or it is the answer to who does not have it yet.
 */
#include "ca/office_clerk.h"

#include "ca/office_retire.h"
#include "ca/office_state.h"
#include "core/request.h"

#include <stdio.h>
#include <string.h>

int
clerk_renew_member(const struct clerk *c, const char *name, const struct cert *request,
    struct issued *ret, struct err *e)
{
	struct order order = { .renew = true, .draft = office_is_cosigned(c->office) };

	(void)snprintf(order.name, sizeof(order.name), "%s", name);
	return clerk_sign_order(c, &order, request, ret, e);
}

/*
 * Is the member to have the next one? By itself it asks when two thirds of the life have gone by; a
 * person there may want it sooner. A request that names an earlier certificate was answered before.
 */
static bool
is_due(const struct cert *c, const struct cert *request, uint64_t now)
{
	uint64_t begin = min_u64(c->not_before + CERT_BACKDATE, c->not_after);
	uint64_t age = (c->not_after - begin) * RENEWAL_EARLIEST_NUM / RENEWAL_EARLIEST_DEN;

	if (request->serial != 0 && request->serial != c->serial)
		return false;
	/* What the root before signed ends with it. */
	if (memcmp(c->issuer, request->issuer, sizeof(c->issuer)) != 0)
		return true;
	if (request->serial != 0)
		age = min_u64(age, RENEWAL_SOONEST);
	return now >= begin + age;
}

static int
hand_out(const struct clerk *c, struct clerk_answer *ret, const struct bundle_cert *cert)
{
	ret->status = RENEW_ISSUED;
	ret->cert = *cert;
	if (!cert_is_root(&c->office->ca.cert))
		ret->issuing = c->office->ca.object;
	return 0;
}

/* Puts it in the queue; what is there already keeps its place and what a person said to it. */
static int
queue(const struct clerk *c, const struct cert *request, struct blob bytes, const char *what,
    struct clerk_answer *ret, struct err *e)
{
	struct ledger_request r = { .renewal = true, .came = office_now() };
	int rc;

	memcpy(r.member, request_member(request), sizeof(r.member));
	memcpy(r.key, request->key, sizeof(r.key));
	memcpy(r.name, request->name, sizeof(r.name));
	r.object.len = bytes.len;
	memcpy(r.object.bytes, bytes.p, bytes.len);
	rc = ledger_request_put(&c->office->ledger, &r, e);
	if (rc == 0)
		clerk_notice(ret, false, "%s %s", r.name, what);
	ret->status = RENEW_PENDING;
	return rc < 0 ? rc : 0;
}

/* What waited for somebody to sign it is signed. */
static int
end_wait(const struct clerk *c, const struct ledger_request *queued, uint64_t serial,
    struct err *e)
{
	if (queued == NULL || queued->status > REQUEST_APPROVED)
		return 0;
	return ledger_request_decide(&c->office->ledger, queued->id, REQUEST_SIGNED, serial,
	    office_now(), e);
}

static int
renew_now(const struct clerk *c, const struct cert *request, const struct ledger_request *queued,
    struct clerk_answer *ret, struct err *e)
{
	struct bundle_cert object;
	struct issued issued;
	struct err why;
	int rc = ledger_try(&c->office->ledger, e);

	if (rc < 0)
		return rc;
	rc = clerk_renew_member(c, request->name, request, &issued, &why);
	rc = ledger_tried(&c->office->ledger, rc, &why);
	if (rc < 0) {
		ret->status = RENEW_UNABLE;
		clerk_notice(ret, true, "%s cannot be renewed: %s", request->name, why.text);
		return 0;
	}
	rc = end_wait(c, queued, issued.cert.serial, e);
	if (rc < 0)
		return rc;
	object.len = (uint16_t)issued.len;
	memcpy(object.bytes, issued.bytes, issued.len);
	clerk_notice(ret, false, "%s %s: serial %llu", request->name,
	    cert_has_old_key(request) ? "has a new key" : "is renewed",
	    (unsigned long long)issued.cert.serial);
	return hand_out(c, ret, &object);
}

/* Can it be signed here and now? */
static bool
signs_alone(const struct clerk *c)
{
	return c->keys != NULL && !office_is_cosigned(c->office);
}

/* The same key again: nothing that a person would have to look at. */
static int
judge_same_key(const struct clerk *c, const struct cert *request, struct blob bytes,
    const struct ledger_cert *now, const struct ledger_request *queued, struct clerk_answer *ret,
    struct err *e)
{
	/* Who names the newest certificate has it, and no use for the keys of others any more. */
	int rc = request->serial == now->cert.serial ? office_retire(c, &now->cert, ret, e) : 0;

	if (rc < 0)
		return rc;
	if (!is_due(&now->cert, request, office_now()))
		return hand_out(c, ret, &now->object);
	if (signs_alone(c))
		return renew_now(c, request, queued, ret, e);
	return queue(c, request, bytes, office_is_cosigned(c->office) ?
	    "asks to be renewed, and co-signers sign that: mpynet ca renew --pending" :
	    "asks to be renewed, and the authority's key is locked: mpynet ca renew --pending",
	    ret, e);
}

/*
 * Another key. Who has the old one may ask for it; where a person decides about hosts, one decides
 * about this too, by its words.
 */
static int
judge_new_key(const struct clerk *c, const struct cert *request, struct blob bytes,
    const struct ledger_cert *now, const struct ledger_request *queued, struct clerk_answer *ret,
    struct err *e)
{
	bool asked = queued != NULL && queued->status != REQUEST_SIGNED;

	if (request->serial != now->cert.serial)
		return hand_out(c, ret, &now->object);
	if (asked && queued->status == REQUEST_DENIED) {
		ret->status = RENEW_REFUSED;
		return 0;
	}
	if (signs_alone(c) && asked && queued->status == REQUEST_APPROVED)
		return renew_now(c, request, queued, ret, e);
	if (!signs_alone(c) || c->approve)
		return queue(c, request, bytes, "asks for a certificate for a new key: mpynet ca "
		    "pending", ret, e);
	if (is_due(&now->cert, request, office_now()))
		return renew_now(c, request, queued, ret, e);
	ret->status = RENEW_UNABLE;
	return 0;
}

/* In a transaction. */
static int
judge(const struct clerk *c, const struct cert *request, struct blob bytes,
    struct clerk_answer *ret, struct err *e)
{
	struct ledger *l = &c->office->ledger;
	struct ledger_request queued;
	struct ledger_cert now;
	bool waits;
	int rc = ledger_expire(l, office_now(), e);

	if (rc == 0)
		rc = ledger_find(l, &now, request->name, e);
	if (rc < 0)
		return rc;
	ret->status = RENEW_REFUSED;
	if (rc == 0 || now.status != LEDGER_LIVE)
		return 0;
	/* The next key has been certified; what was said of it was lost on the way. */
	if (cert_has_old_key(request) && memcmp(now.cert.key, request->key, 32) == 0)
		return hand_out(c, ret, &now.object);
	if (memcmp(now.cert.key, request_member(request), sizeof(now.cert.key)) != 0)
		return 0;
	rc = ledger_request_of_member(l, &queued, now.cert.key, e);
	if (rc < 0)
		return rc;
	waits = rc == 1 && memcmp(queued.key, request->key, sizeof(queued.key)) == 0;
	return cert_has_old_key(request) ?
	    judge_new_key(c, request, bytes, &now, waits ? &queued : NULL, ret, e) :
	    judge_same_key(c, request, bytes, &now, waits ? &queued : NULL, ret, e);
}

int
clerk_renew(const struct clerk *c, const uint8_t key[static 32], struct blob request,
    struct clerk_answer *ret, struct err *e)
{
	struct cert asked;
	int rc;

	memset(ret, 0, sizeof(*ret));
	/* Who passed it on may have made it: then there is nothing to say. */
	if (request.len > CERT_REQUEST_MAX || clerk_request(c, &asked, request.p, request.len) < 0 ||
	    memcmp(request_member(&asked), key, sizeof(asked.key)) != 0)
		return 0;
	rc = ledger_begin(&c->office->ledger, e);
	if (rc < 0)
		return rc;
	rc = judge(c, &asked, request, ret, e);
	return ledger_finish(&c->office->ledger, rc, e);
}
