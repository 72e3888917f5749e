/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * renewals.c - members ask for their next certificate, and are told what their authority says.
 */
#include "core/request.h"
#include "lighthouse/beacon_impl.h"

#include <string.h>

static void
say_renewed(struct beacon *b, struct instant now, struct client *cl, const struct renewal_row *r,
    enum renew_status status, struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct renew_result result = { .status = (uint8_t)status };

	memcpy(result.key, cl->key, sizeof(result.key));
	if (status == RENEW_ISSUED) {
		result.cert = renewal_cert(r);
		result.ca = renewal_ca(r);
	}
	client_send(b, now, cl, frame, renew_result_encode(frame, sizeof(frame), &result), out);
}

/* What there is to say to a member that has asked, perhaps not for the first time. */
static void
say_renewal(struct beacon *b, struct instant now, struct client *cl, const struct renewal_row *r,
    struct outbox *out)
{
	const struct matter *e = &r->matter;

	if (e->status != 0)
		say_renewed(b, now, cl, r, (enum renew_status)e->status, out);
	else if (desk_silent(b, now, e))
		say_renewed(b, now, cl, r, RENEW_KEPT, out);
}

/* Is it a CA of this network, as far as was seen? An authority of another one will never come. */
static bool
knows_issuer(const struct beacon *b, const uint8_t issuer[static ISSUER_LEN])
{
	const struct cert *root;
	const uint8_t *issuing;
	uint8_t id[ISSUER_LEN];

	for (size_t i = 0; (root = trust_root(b->trust, i)) != NULL; i++) {
		cert_key_id(id, root->key);
		if (memcmp(id, issuer, sizeof(id)) == 0)
			return true;
	}
	return trust_issuing(b->trust, issuer, &issuing) > 0;
}

/* Does a key ask for itself? Whether it has that key is for the authority to say. */
static bool
is_request_of(const struct renew *ask, struct cert *c)
{
	return cert_decode(c, ask->request.p, ask->request.len, NULL) == 0 &&
	       c->kind == OBJECT_REQUEST &&
	       memcmp(request_member(c), ask->key, sizeof(ask->key)) == 0;
}

int
renewals_on_ask(struct beacon *b, const struct heard *h, struct client *cl,
    const struct frame *f, struct outbox *out)
{
	const struct member *m = members_get(b->members, cl->key);
	struct renewal_row *r = mailbox_find_renewal(b->mailbox, cl->key);
	struct renew ask;
	struct cert c;

	if (renew_decode(&ask, f) < 0)
		return ERR_FORMAT;
	if (m == NULL || m->superseded || memcmp(ask.key, cl->key, sizeof(ask.key)) != 0 ||
	    (ask.request.len > 0 && !is_request_of(&ask, &c))) {
		answer_error(b, h, cl, ERROR_NOT_ALLOWED, f->type, 0, out);
		return 0;
	}
	if (ask.request.len == 0) {
		if (r != NULL && r->matter.done)
			renewal_drop(b->mailbox, r, out);
		return 0;
	}
	if (!knows_issuer(b, c.issuer)) {
		say_renewed(b, h->now, cl, NULL, RENEW_NOBODY, out);
		return 0;
	}
	if (mailbox_renew(b->mailbox, trust_now(b->trust, h->now.wall), cl->key, c.issuer,
		ask.request, out, &r) < 0) {
		say_renewed(b, h->now, cl, NULL, RENEW_FULL, out);
		return 0;
	}
	if (!r->matter.done && r->matter.ask.due == 0 &&
	    desk_of(b, h->now, r->matter.issuer) != NULL)
		matter_later(b->mailbox, &r->matter, h->now.mono);
	say_renewal(b, h->now, cl, r, out);
	return 0;
}

int
renewals_on_result(struct beacon *b, const struct heard *h, struct client *cl,
    const struct frame *f, struct outbox *out)
{
	const struct member *m = desk_member(b, h->now, cl);
	struct renew_result result;
	struct renewal_row *r;
	struct client *asker;
	uint8_t frame[FRAME_MAX];
	struct renew thanks = { .request = { 0 } };

	if (renew_result_decode(&result, f) < 0)
		return ERR_FORMAT;
	r = mailbox_find_renewal(b->mailbox, result.key);
	if (m == NULL || (r != NULL && !trust_same_line(b->trust, r->matter.issuer, m->issuer))) {
		answer_error(b, h, cl, ERROR_NOT_ALLOWED, f->type, 0, out);
		return 0;
	}
	if (r != NULL)
		renewal_result(b->mailbox, r, &result, out);
	if (r == NULL || r->matter.done) {
		memcpy(thanks.key, result.key, sizeof(thanks.key));
		client_send(b, h->now, cl, frame, renew_encode(frame, sizeof(frame), &thanks), out);
	}
	if (r != NULL && memcmp(r->key, b->self.public, sizeof(r->key)) == 0)
		own_renewal_heard(b, h->now, r, out);
	asker = client_get(b, result.key);
	if (r != NULL && asker != NULL && client_reachable(asker, h->now))
		say_renewal(b, h->now, asker, r, out);
	return 0;
}

void
renewals_here(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	const struct renewal_row *r = mailbox_find_renewal(b->mailbox, cl->key);

	if (r != NULL && r->matter.done)
		say_renewal(b, now, cl, r, out);
}
