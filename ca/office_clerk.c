/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_clerk.c - answers whoever asks this authority for a certificate over the network.
 */
#include "ca/office_clerk.h"
#include "ca/office_join.h"
#include "ca/office_state.h"

#include "core/crypto.h"
#include "core/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
clerk_notice(struct clerk_answer *a, bool alarm, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(a->notice.text, sizeof(a->notice.text), fmt, args);
	va_end(args);
	a->alarm = alarm;
}

int
clerk_request(const struct clerk *c, struct cert *ret, const uint8_t *p, size_t len)
{
	const struct cert *ca = &c->office->ca.cert;
	uint8_t id[16];

	if (c->keys != NULL)
		return request_verify(ret, p, len, ca, c->keys->enrol, NULL);
	if (cert_decode(ret, p, len, NULL) < 0 || ret->kind != OBJECT_REQUEST)
		return ERR_FORMAT;
	cert_key_id(id, ca->key);
	if (memcmp(ret->network, ca->network, sizeof(id)) != 0 ||
	    memcmp(ret->issuer, id, sizeof(id)) != 0)
		return ERR_DENIED;
	return 0;
}

/*
 * Signing what was asked
 */

int
clerk_sign_order(const struct clerk *c, struct order *order, const struct cert *request,
    struct issued *ret, struct err *e)
{
	memcpy(order->key, request->key, sizeof(order->key));
	memcpy(order->old_key, request->old_key, sizeof(order->old_key));
	memcpy(order->tls_pin, request->tls_pin, sizeof(order->tls_pin));
	return office_issue(c->office, c->keys, order, ret, e);
}

int
clerk_use_token(const struct clerk *c, const struct ledger_token *t, const struct cert *request,
    struct issued *ret, struct err *e)
{
	struct order order = t->order;
	int rc = clerk_sign_order(c, &order, request, ret, e);

	return rc < 0 ? rc : ledger_token_use(&c->office->ledger, t->keys.id, ret->cert.serial, e);
}

/*
 * The queue
 */

static int
sign_queued(const struct clerk *c, const struct ledger_request *r, const struct cert *request,
    struct issued *ret, struct err *e)
{
	struct ledger_token t;
	int rc;

	if (r->renewal)
		return clerk_renew_member(c, r->name, request, ret, e);
	if (office_is_cosigned(c->office))
		return err_set(e, ERR_DENIED, "%s was invited, and co-signers sign for hosts by "
		    "their requests: mpynet sign %s --request FILE", r->name, r->name);
	rc = ledger_token_find(&c->office->ledger, &t, r->token, e);
	if (rc == 0)
		rc = err_set(e, ERR_UNKNOWN, "the invitation of %s is not in the ledger", r->name);
	if (rc == 1 && t.status != TOKEN_OPEN)
		rc = err_set(e, ERR_CONFLICT, "the invitation of %s is %s", r->name,
		    token_status_name(t.status));
	if (rc == 1)
		rc = clerk_use_token(c, &t, request, ret, e);
	token_keys_wipe(&t.keys);
	return rc;
}

/* In a transaction: 1 when its proof does not hold, and it is denied for that. */
static int
sign_in_queue(const struct clerk *c, int64_t id, struct issued *ret, struct err *e)
{
	struct ledger *l = &c->office->ledger;
	struct ledger_request r;
	struct cert request;
	int rc = ledger_token_expire(l, office_now(), e);

	if (rc == 0)
		rc = ledger_request_find(l, &r, id, e);
	if (rc == 0)
		return err_set(e, ERR_UNKNOWN, "there is no request %lld", (long long)id);
	if (rc < 0)
		return rc;
	if (clerk_request(c, &request, r.object.bytes, r.object.len) < 0) {
		rc = ledger_request_decide(l, id, REQUEST_DENIED, 0, office_now(), e);
		return rc < 0 ? rc : 1;
	}
	rc = sign_queued(c, &r, &request, ret, e);
	if (rc == 0 && !office_is_cosigned(c->office))
		rc = ledger_request_decide(l, id, REQUEST_SIGNED, ret->cert.serial, office_now(), e);
	return rc;
}

int
clerk_sign(const struct clerk *c, int64_t id, struct issued *ret, struct err *e)
{
	int kept, rc = ledger_begin(&c->office->ledger, e);

	if (rc < 0)
		return rc;
	rc = sign_in_queue(c, id, ret, e);
	kept = ledger_finish(&c->office->ledger, rc < 0 ? rc : 0, e);
	if (kept < 0)
		return kept;
	return rc == 0 ? 0 : err_set(e, ERR_AUTH, "request %lld was not made by the owner of the "
	    "key in it; it is denied", (long long)id);
}

int
clerk_decide(const struct clerk *c, int64_t id, bool yes, struct err *e)
{
	struct ledger *l = &c->office->ledger;
	char words[CERT_WORDS_MAX];
	struct ledger_request r;
	int rc = ledger_begin(l, e);

	if (rc < 0)
		return rc;
	rc = ledger_request_find(l, &r, id, e);
	if (rc == 0)
		rc = err_set(e, ERR_UNKNOWN, "there is no request %lld", (long long)id);
	if (rc == 1)
		rc = ledger_request_decide(l, id, yes ? REQUEST_APPROVED : REQUEST_DENIED, 0,
		    office_now(), e);
	if (rc == 0)
		rc = ledger_log_name(&c->office->ledger, office_now(), yes ? "approve" : "deny", r.name, cert_key_words(words, r.key), e);
	return ledger_finish(l, rc, e);
}

/*
 * Tokens
 */

/* A nonce that a welcome has every time, so that what is offered again is known to be the same. */
struct welcome_nonce {
	uint8_t bytes[CRYPTO_XNONCE];
};

static void
fill_nonce(void *ctx, uint8_t *to, size_t len)
{
	const struct welcome_nonce *n = ctx;

	memcpy(to, n->bytes, len < sizeof(n->bytes) ? len : sizeof(n->bytes));
}

static int
add_offer(struct clerk_offers *to, const struct ledger_token *t, const struct welcome *of,
    struct err *e)
{
	struct welcome w = *of;
	struct offer *offer = &to->offers[to->count];
	struct welcome_nonce nonce;
	struct rng rng = { fill_nonce, &nonce };
	int rc;

	crypto_blake2b(nonce.bytes, sizeof(nonce.bytes), t->keys.enrol, sizeof(t->keys.enrol),
	    w.root.p, w.root.len, w.issuing.p, w.issuing.len);
	(void)snprintf(w.name, sizeof(w.name), "%s", t->order.name);
	rc = welcome_seal(to->welcomes[to->count], WIRE_WELCOME_MAX, &t->keys, &rng, &w);
	if (rc < 0)
		return err_set(e, rc, "the welcome of %s %s", t->order.name, err_phrase(rc));
	memcpy(offer->id, t->keys.id, sizeof(offer->id));
	memcpy(offer->psk, t->keys.psk, sizeof(offer->psk));
	offer->expires = t->expires;
	offer->welcome = (struct blob){ to->welcomes[to->count], (uint16_t)rc };
	if (t->expires < to->until)
		to->until = t->expires;
	to->count++;
	return 0;
}

/*
 * Open ones; and those that were used, for the host whose answer was lost and for whoever should
 * not have them: the lighthouse would not let them in else, and nobody would hear of it.
 */
static bool
stands(const struct ledger_token *t)
{
	return (t->status == TOKEN_OPEN || t->status == TOKEN_USED) &&
	    t->expires >= office_now() && !crypto_is_zero(t->keys.psk, sizeof(t->keys.psk));
}

int
clerk_offers(const struct clerk *clerk, struct clerk_offers *ret, struct err *e)
{
	struct office *office = clerk->office;
	struct bundle_cert root;
	struct welcome welcome;
	struct ledger_token t;
	struct ledger_walk w;
	struct cert c;
	int rc;

	*ret = (struct clerk_offers){ .until = UINT64_MAX };
	ret->offers = calloc(INVITATIONS_MAX, sizeof(*ret->offers));
	ret->welcomes = calloc(INVITATIONS_MAX, sizeof(*ret->welcomes));
	rc = ret->offers == NULL || ret->welcomes == NULL ?
	    err_set(e, -ENOMEM, "there is no memory for invitations") :
	    office_root(office, &c, &root, e);
	welcome = (struct welcome){ .root = { root.bytes, root.len } };
	if (office->ca.role == LEDGER_ISSUING)
		welcome.issuing = (struct blob){ office->ca.object.bytes, office->ca.object.len };
	if (rc == 0)
		rc = ledger_walk_tokens(&office->ledger, &w, e);
	if (rc == 0) {
		while ((rc = ledger_token_next(&w, &t, e)) == 1 && ret->count < INVITATIONS_MAX) {
			if (stands(&t) && (rc = add_offer(ret, &t, &welcome, e)) < 0)
				break;
		}
		ledger_end(&w);
	}
	token_keys_wipe(&t.keys);
	if (rc < 0)
		clerk_offers_free(ret);
	return rc < 0 ? rc : 0;
}

void
clerk_offers_free(struct clerk_offers *o)
{
	if (o->offers != NULL)
		crypto_wipe(o->offers, INVITATIONS_MAX * sizeof(*o->offers));
	free(o->offers);
	free(o->welcomes);
	*o = (struct clerk_offers){ 0 };
}

int
clerk_changed(const struct clerk *c, int64_t *ret, struct err *e)
{
	return db_int(&c->office->ledger.db, ret, e, "PRAGMA data_version", "");
}
