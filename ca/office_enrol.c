/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_enrol.c - hosts with a token.
 */
#include "ca/office_clerk.h"

#include "core/crypto.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* What an enrolment is about, from its first look to its answer. */
struct enrolment {
	const struct clerk *clerk;
	struct ledger_token token;
	struct cert request;
	struct bundle_cert object;
	uint8_t ref[ENROL_REF_LEN];
	uint8_t refusal;     /* enum refusal; 0: none */
	bool issued;	     /* `cert` is what they get */
	struct bundle_cert cert;
};

/* A sentence that says no, or a bundle, sealed for this host. */
static int
seal(const struct enrolment *n, const struct answer *a, struct clerk_answer *ret, struct err *e)
{
	int rc = answer_seal(ret->sealed, sizeof(ret->sealed), &n->token.keys, n->ref,
	    n->clerk->keys->enrol, n->request.key, &n->clerk->office->rng, a);

	if (rc < 0)
		return err_set(e, rc, "the answer for %s %s", n->token.order.name, err_phrase(rc));
	ret->sealed_len = (size_t)rc;
	ret->status = ENROL_ANSWER;
	return 0;
}

static int
seal_bundle(const struct enrolment *n, struct clerk_answer *ret, struct err *e)
{
	struct answer a = { .refusal = 0 };
	char *text = sodium_malloc(BUNDLE_TEXT_MAX);
	int rc;

	if (text == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a bundle");
	rc = office_bundle(n->clerk->office, text, &n->cert, e);
	if (rc >= 0) {
		a.bundle = text;
		a.bundle_len = (size_t)rc;
		rc = seal(n, &a, ret, e);
	}
	sodium_free(text);
	return rc;
}

static int
reply(const struct enrolment *n, struct clerk_answer *ret, struct err *e)
{
	struct answer no = { .refusal = n->refusal };

	/* Whatever is said is sealed with the authority's key. */
	if (n->clerk->keys != NULL && n->issued)
		return seal_bundle(n, ret, e);
	if (n->clerk->keys != NULL && n->refusal != 0)
		return seal(n, &no, ret, e);
	ret->status = ENROL_PENDING;
	return 0;
}

/* The token was used: by this key, and its answer was lost; or by another one. */
static int
used_before(struct enrolment *n, struct clerk_answer *ret, struct err *e)
{
	struct ledger_cert c;
	int rc = ledger_serial(&n->clerk->office->ledger, &c, n->token.serial, e);
	char words[CERT_WORDS_MAX];

	if (rc <= 0)
		return rc;
	if (memcmp(c.cert.key, n->request.key, sizeof(c.cert.key)) != 0) {
		n->refusal = REFUSAL_USED;
		clerk_notice(ret, true, "the invitation of %s was used, and another host shows it again; "
		    "the words of that one's key: %s. If %s joined as it should, somebody else has "
		    "read the token; else: mpynet revoke %s", n->token.order.name,
		    cert_key_words(words, n->request.key), n->token.order.name,
		    n->token.order.name);
	} else if (c.status == LEDGER_REVOKED || c.status == LEDGER_REPLACED) {
		n->refusal = REFUSAL_WITHDRAWN;
	} else {
		n->issued = true;
		n->cert = c.object;
	}
	return 0;
}

/* Why it was not signed, as far as the host is told. The ledger's own troubles come back. */
static int
refuse(struct enrolment *n, struct clerk_answer *ret, int rc, const struct err *why, struct err *e)
{
	if (rc != ERR_CONFLICT && rc != ERR_FULL && rc != ERR_DENIED && rc != ERR_FORMAT &&
	    rc != ERR_EXPIRED && rc != ERR_NOT_YET && rc != ERR_REVOKED) {
		*e = *why;
		return rc;
	}
	n->refusal = rc == ERR_REVOKED ? REFUSAL_KEY : REFUSAL_UNABLE;
	clerk_notice(ret, true, "%s was invited and cannot be certified: %s", n->token.order.name,
	    why->text);
	return 0;
}

static int
issue_now(struct enrolment *n, struct ledger_request *queued, struct clerk_answer *ret,
    struct err *e)
{
	struct ledger *l = &n->clerk->office->ledger;
	struct issued issued;
	struct err why;
	int rc = ledger_try(l, e);

	if (rc < 0)
		return rc;
	rc = clerk_use_token(n->clerk, &n->token, &n->request, &issued, &why);
	if (ledger_tried(l, rc, &why) < 0)
		return refuse(n, ret, rc, &why, e);
	if (queued->id != 0)
		rc = ledger_request_decide(l, queued->id, REQUEST_SIGNED, issued.cert.serial,
		    office_now(), e);
	n->issued = rc == 0;
	n->cert.len = (uint16_t)issued.len;
	memcpy(n->cert.bytes, issued.bytes, issued.len);
	clerk_notice(ret, false, "%s is enrolled: serial %llu", issued.cert.name,
	    (unsigned long long)issued.cert.serial);
	return rc;
}

/* Puts it in the queue, if it is not there. */
static int
queue(struct enrolment *n, struct ledger_request *r, struct clerk_answer *ret, struct err *e)
{
	struct err taken;
	int rc;

	*r = (struct ledger_request){ .came = office_now(), .object = n->object };
	memcpy(r->token, n->token.keys.id, sizeof(r->token));
	memcpy(r->name, n->token.order.name, sizeof(r->name));
	memcpy(r->key, n->request.key, sizeof(r->key));
	rc = ledger_request_put(&n->clerk->office->ledger, r, &taken);
	if (rc == ERR_CONFLICT) {
		n->refusal = REFUSAL_USED;
		clerk_notice(ret, true, "%s", taken.text);
		return 0;
	}
	if (rc < 0)
		*e = taken;
	else if (rc == 0)
		clerk_notice(ret, false, "%s asks to be certified%s: mpynet ca pending", r->name,
		    n->clerk->keys == NULL ? ", and the authority's key is locked" : "");
	return rc < 0 ? rc : 0;
}

static int
open_token(struct enrolment *n, struct clerk_answer *ret, struct err *e)
{
	const struct clerk *c = n->clerk;
	struct ledger_request queued = { .id = 0 };
	bool ask = c->approve || n->token.approve;
	int rc = ledger_request_of_token(&c->office->ledger, &queued, n->token.keys.id, e);

	if (rc < 0)
		return rc;
	if (rc == 0)
		queued.id = 0;
	/* Once somebody waits, the invitation is theirs. */
	if (rc == 1 || ask || c->keys == NULL)
		rc = queue(n, &queued, ret, e);
	if (rc < 0 || n->refusal != 0)
		return rc;
	if (queued.id != 0 && queued.status == REQUEST_DENIED)
		n->refusal = REFUSAL_DENIED;
	else if (c->keys != NULL && (!ask || queued.status == REQUEST_APPROVED))
		return issue_now(n, &queued, ret, e);
	return 0;
}

/* All but the sealing, in one transaction. */
static int
judge(struct enrolment *n, struct clerk_answer *ret, struct err *e)
{
	switch (n->token.status) {
	case TOKEN_USED:
		return used_before(n, ret, e);
	case TOKEN_OPEN:
		return open_token(n, ret, e);
	case TOKEN_WITHDRAWN:
		n->refusal = REFUSAL_WITHDRAWN;
		return 0;
	case TOKEN_EXPIRED:
		n->refusal = REFUSAL_EXPIRED;
		return 0;
	}
	return 0;
}

/* Opens the plea: 1; 0 when the token, or the plea, is none. */
static int
open_plea(struct enrolment *n, const uint8_t *id, struct blob plea, struct clerk_answer *ret,
    struct err *e)
{
	struct ledger *l = &n->clerk->office->ledger;
	int rc = ledger_token_expire(l, office_now(), e);

	if (rc == 0)
		rc = ledger_token_find(l, &n->token, id, e);
	if (rc < 0)
		return rc;
	if (rc == 0 || crypto_is_zero(n->token.keys.enrol, sizeof(n->token.keys.enrol))) {
		ret->status = ENROL_GONE;
		return 0;
	}
	rc = plea_open(n->object.bytes, &n->token.keys, plea.p, plea.len);
	if (rc < 0)
		return 0;
	n->object.len = (uint16_t)rc;
	plea_ref(n->ref, plea.p, plea.len);
	if (clerk_request(n->clerk, &n->request, n->object.bytes, n->object.len) < 0)
		return 0;
	return 1;
}

int
clerk_enrol(const struct clerk *c, const uint8_t id[static TOKEN_ID_LEN], struct blob plea,
    struct clerk_answer *ret, struct err *e)
{
	struct enrolment *n = sodium_malloc(sizeof(*n));
	int rc, kept;

	memset(ret, 0, sizeof(*ret));
	if (n == NULL)
		return err_set(e, -ENOMEM, "there is no memory for an enrolment");
	memset(n, 0, sizeof(*n));
	n->clerk = c;
	rc = ledger_begin(&c->office->ledger, e);
	if (rc == 0) {
		rc = open_plea(n, id, plea, ret, e);
		if (rc == 1 && (rc = judge(n, ret, e)) == 0)
			rc = 1;
		/* A refusal undoes nothing: there is nothing but what is to stay. */
		kept = ledger_finish(&c->office->ledger, rc < 0 ? rc : 0, e);
		rc = kept < 0 ? kept : rc;
	}
	if (rc == 1)
		rc = reply(n, ret, e);
	sodium_free(n);
	return rc;
}
