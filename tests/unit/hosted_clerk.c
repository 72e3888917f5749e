/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_clerk.c - one certificate for one token, whoever asks how often; and the next one for a
 * member when it is due.
 */
#include "ca/ledger_state.h"
#include "ca/office_clerk.h"
#include "ca/office_invite.h"
#include "ca/office_state.h"
#include "core/crypto.h"
#include "core/request.h"
#include "tests/unit/place.h"

/* A host that has a token, and what it says. */
struct guest {
	uint8_t secret[32];
	struct token_keys keys;
	uint8_t id[TOKEN_ID_LEN];
	uint8_t plea[WIRE_PLEA_MAX];
	struct blob blob;
};

/* An authority with a lighthouse. */
static void
open_place(struct place *p)
{
	struct commission lh = { .order.flags = CERT_LIGHTHOUSE | CERT_RELAY };
	struct outcome done;

	place_open(p, "10.9.8.0/27", NULL);
	strcpy(lh.lighthouse.endpoints[lh.lighthouse.endpoint_count++], "192.0.2.1:7717");
	ASSERT_EQ(place_sign(p, "lh", lh, &done), 0);
}

static void
invite(struct place *p, const char *name, bool approve, struct token *ret)
{
	struct invitation i = { .approve = approve };

	strcpy(i.order.name, name);
	strcpy(i.order.groups[i.order.group_count++], "nurses");
	if (office_invite(&p->office, &i, ret, &p->err) < 0)
		test_fail(__FILE__, __LINE__, "%s", p->err.text);
}

static void
make_guest(struct place *p, struct guest *g, const struct token *t, const char *name)
{
	struct rng rng = p->office.rng;
	uint8_t request[CERT_REQUEST_MAX];
	int len;

	rng_fill(&rng, g->secret, sizeof(g->secret));
	g->secret[0] &= 0xf8;
	g->secret[31] = (uint8_t)((g->secret[31] & 0x7f) | 0x40);
	token_keys(&g->keys, t->id, t->secret);
	memcpy(g->id, t->id, sizeof(g->id));
	len = request_make(request, sizeof(request), &p->office.ca.cert, g->secret, name, NULL);
	ASSERT(len > 0);
	len = plea_seal(g->plea, sizeof(g->plea), &g->keys, &rng, request, (size_t)len);
	ASSERT(len > 0);
	g->blob = (struct blob){ g->plea, (uint16_t)len };
}

/* What the host reads of an answer: the serial of its certificate, or 0 and why there is none. */
static uint64_t
read_answer(struct place *p, const struct guest *g, const struct clerk_answer *a, uint8_t *refusal)
{
	static uint8_t plain[WIRE_ANSWER_MAX];
	uint8_t ref[ENROL_REF_LEN];
	struct answer answer;
	struct bundle b;
	struct cert c;

	ASSERT_EQ(a->status, ENROL_ANSWER);
	plea_ref(ref, g->plea, g->blob.len);
	ASSERT_EQ(answer_open(&answer, plain, &g->keys, ref, g->secret,
	    p->office.ca.cert.enrol_key, a->sealed, a->sealed_len), 0);
	*refusal = answer.refusal;
	if (answer.refusal != 0)
		return 0;
	ASSERT_EQ(bundle_read(&b, answer.bundle, answer.bundle_len, &p->err), 0);
	ASSERT_EQ(cert_decode(&c, b.host.bytes, b.host.len, NULL), 0);
	ASSERT(!b.has_key);
	ASSERT_EQ(b.lighthouse_count, 1);
	ASSERT(cert_has_group(&c, "nurses"));
	return c.serial;
}

static uint64_t
ask(struct place *p, const struct guest *g, uint8_t *refusal)
{
	struct clerk_answer a;

	if (clerk_enrol(&p->clerk, g->id, g->blob, &a, &p->err) < 0)
		test_fail(__FILE__, __LINE__, "%s", p->err.text);
	return read_answer(p, g, &a, refusal);
}

TEST(a_token_is_one_certificate_however_often_it_is_shown)
{
	struct guest first, second;
	struct clerk_answer a;
	struct place p;
	struct token t;
	uint8_t refusal;
	uint64_t serial;

	open_place(&p);
	invite(&p, "party1", false, &t);
	make_guest(&p, &first, &t, "party1");
	make_guest(&p, &second, &t, "party1");
	serial = ask(&p, &first, &refusal);
	ASSERT(serial != 0);
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(ask(&p, &first, &refusal), serial);
		ASSERT_EQ(ask(&p, &second, &refusal), 0);
		ASSERT_EQ(refusal, REFUSAL_USED);
	}
	ASSERT_EQ(clerk_enrol(&p.clerk, second.id, second.blob, &a, &p.err), 0);
	ASSERT(a.alarm);
	place_close(&p);
}

TEST(a_person_decides_where_the_invitation_says_so)
{
	struct guest yes, no;
	struct clerk_answer a;
	struct token ty, tn;
	struct issued issued;
	struct ledger_request r;
	struct place p;
	uint8_t refusal;

	open_place(&p);
	invite(&p, "yes", true, &ty);
	invite(&p, "no", true, &tn);
	make_guest(&p, &yes, &ty, "yes");
	make_guest(&p, &no, &tn, "no");
	ASSERT_EQ(clerk_enrol(&p.clerk, yes.id, yes.blob, &a, &p.err), 0);
	ASSERT_EQ(a.status, ENROL_PENDING);
	ASSERT(!a.alarm && a.notice.text[0] != '\0');
	ASSERT_EQ(clerk_enrol(&p.clerk, no.id, no.blob, &a, &p.err), 0);
	ASSERT_EQ(a.status, ENROL_PENDING);
	ASSERT_EQ(ledger_request_of_token(&p.office.ledger, &r, yes.id, &p.err), 1);
	ASSERT_EQ(clerk_decide(&p.clerk, r.id, true, &p.err), 0);
	ASSERT_EQ(clerk_decide(&p.clerk, r.id, true, &p.err), ERR_CONFLICT);
	ASSERT_EQ(clerk_sign(&p.clerk, r.id, &issued, &p.err), 0);
	ASSERT_EQ(clerk_sign(&p.clerk, r.id, &issued, &p.err), ERR_CONFLICT);
	ASSERT_EQ(ask(&p, &yes, &refusal), issued.cert.serial);
	ASSERT_EQ(ledger_request_of_token(&p.office.ledger, &r, no.id, &p.err), 1);
	ASSERT_EQ(clerk_decide(&p.clerk, r.id, false, &p.err), 0);
	ASSERT_EQ(ask(&p, &no, &refusal), 0);
	ASSERT_EQ(refusal, REFUSAL_DENIED);
	place_close(&p);
}

/* Whoever was first in the queue is whom the person is asked about. */
TEST(a_second_host_cannot_take_the_place_of_the_first_that_waits)
{
	struct guest first, second;
	struct clerk_answer a;
	struct place p;
	struct token t;
	uint8_t refusal;

	open_place(&p);
	invite(&p, "party1", true, &t);
	make_guest(&p, &first, &t, "party1");
	make_guest(&p, &second, &t, "party1");
	ASSERT_EQ(clerk_enrol(&p.clerk, first.id, first.blob, &a, &p.err), 0);
	ASSERT_EQ(a.status, ENROL_PENDING);
	ASSERT_EQ(ask(&p, &second, &refusal), 0);
	ASSERT_EQ(refusal, REFUSAL_USED);
	place_close(&p);
}

TEST(a_locked_authority_collects_and_signs_later)
{
	struct clerk locked;
	struct clerk_answer a;
	struct ledger_request r;
	struct issued issued;
	struct guest g;
	struct place p;
	struct token t;
	uint8_t refusal;

	open_place(&p);
	locked = (struct clerk){ .office = &p.office };
	invite(&p, "party1", false, &t);
	make_guest(&p, &g, &t, "party1");
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(clerk_enrol(&locked, g.id, g.blob, &a, &p.err), 0);
		ASSERT_EQ(a.status, ENROL_PENDING);
	}
	ASSERT_EQ(ledger_request_of_token(&p.office.ledger, &r, g.id, &p.err), 1);
	ASSERT_EQ(clerk_sign(&p.clerk, r.id, &issued, &p.err), 0);
	/* What is signed is sealed with the authority's key, too: it has to be unlocked for that. */
	ASSERT_EQ(clerk_enrol(&locked, g.id, g.blob, &a, &p.err), 0);
	ASSERT_EQ(a.status, ENROL_PENDING);
	ASSERT_EQ(ask(&p, &g, &refusal), issued.cert.serial);
	place_close(&p);
}

TEST(what_cannot_be_signed_leaves_no_trace)
{
	struct outcome done;
	struct commission c = { .make_key = true };
	struct place p;
	struct guest g;
	struct token t;
	uint8_t refusal, head[32];
	uint64_t lines;
	char path[128];

	open_place(&p);
	invite(&p, "party1", false, &t);
	make_guest(&p, &g, &t, "party1");
	strcpy(c.order.name, "party1");
	(void)snprintf(path, sizeof(path), "%s/party1.mpynet", p.dir);
	c.path = path;
	ASSERT_EQ(office_sign(&p.office, &p.keys, &c, &done, &p.err), 0);
	ASSERT_EQ(ask(&p, &g, &refusal), 0);
	ASSERT_EQ(refusal, REFUSAL_UNABLE);
	if (office_verify(&p.office, &lines, head, &p.err) < 0)
		test_fail(__FILE__, __LINE__, "%s", p.err.text);
	place_close(&p);
}

TEST(who_does_not_hold_the_token_hears_nothing)
{
	uint8_t other[TOKEN_ID_LEN] = { 1 };
	struct clerk_answer a;
	struct place p;
	struct token t;
	struct guest g;

	open_place(&p);
	invite(&p, "party1", false, &t);
	make_guest(&p, &g, &t, "party1");
	ASSERT_EQ(clerk_enrol(&p.clerk, other, g.blob, &a, &p.err), 0);
	ASSERT_EQ(a.status, ENROL_GONE);
	g.plea[test_rand() % g.blob.len] ^= 1;
	ASSERT_EQ(clerk_enrol(&p.clerk, g.id, g.blob, &a, &p.err), 0);
	ASSERT_EQ(a.status, 0);
	place_close(&p);
}

TEST(a_withdrawn_invitation_opens_nothing)
{
	struct clerk_answer a;
	struct clerk_offers o;
	struct place p;
	struct token t;
	struct guest g;

	open_place(&p);
	invite(&p, "party1", false, &t);
	make_guest(&p, &g, &t, "party1");
	ASSERT_EQ(clerk_offers(&p.clerk, &o, &p.err), 0);
	ASSERT_EQ(o.count, 1);
	ASSERT_MEM(o.offers[0].psk, g.keys.psk, 32);
	clerk_offers_free(&o);
	ASSERT_EQ(office_uninvite(&p.office, "party1", &p.err), 0);
	ASSERT_EQ(office_uninvite(&p.office, "party1", &p.err), ERR_UNKNOWN);
	ASSERT_EQ(clerk_offers(&p.clerk, &o, &p.err), 0);
	ASSERT_EQ(o.count, 0);
	clerk_offers_free(&o);
	ASSERT_EQ(clerk_enrol(&p.clerk, g.id, g.blob, &a, &p.err), 0);
	ASSERT_EQ(a.status, ENROL_GONE);
	place_close(&p);
}

TEST(what_is_offered_again_is_the_same)
{
	struct clerk_offers first, again;
	struct token soon, late;
	struct place p;

	open_place(&p);
	invite(&p, "party1", false, &soon);
	invite(&p, "party2", false, &late);
	ASSERT_EQ(clerk_offers(&p.clerk, &first, &p.err), 0);
	ASSERT_EQ(clerk_offers(&p.clerk, &again, &p.err), 0);
	ASSERT_EQ(first.count, 2);
	ASSERT_EQ(again.count, 2);
	ASSERT_EQ(first.until, soon.expires);
	for (size_t i = 0; i < 2; i++) {
		ASSERT_EQ(again.offers[i].welcome.len, first.offers[i].welcome.len);
		ASSERT_MEM(again.welcomes[i], first.welcomes[i], first.offers[i].welcome.len);
	}
	ASSERT(memcmp(first.welcomes[0], first.welcomes[1], CRYPTO_XNONCE) != 0);
	clerk_offers_free(&first);
	clerk_offers_free(&again);
	place_close(&p);
}

/* An invitation that is offered to nobody would be a token that does not work. */
TEST(no_more_invitations_are_made_than_are_offered)
{
	struct ledger_token t = { .made = office_now(), .expires = office_now() + 100 };
	struct invitation i = { .order.name = "one-more" };
	struct clerk_offers offers;
	struct place p;
	struct token token;

	open_place(&p);
	ASSERT_EQ(ledger_begin(&p.office.ledger, &p.err), 0);
	for (unsigned n = 0; n < INVITATIONS_MAX; n++) {
		(void)snprintf(t.order.name, sizeof(t.order.name), "host-%u", n);
		memcpy(t.keys.id, &n, sizeof(n));
		t.keys.psk[0] = 1;
		ASSERT_EQ(ledger_token_add(&p.office.ledger, &t, &p.err), 0);
	}
	ASSERT_EQ(ledger_finish(&p.office.ledger, 0, &p.err), 0);
	ASSERT_EQ(office_invite(&p.office, &i, &token, &p.err), ERR_FULL);
	ASSERT_EQ(office_uninvite(&p.office, "host-7", &p.err), 0);
	ASSERT_EQ(office_invite(&p.office, &i, &token, &p.err), 0);
	ASSERT_EQ(clerk_offers(&p.clerk, &offers, &p.err), 0);
	ASSERT_EQ(offers.count, INVITATIONS_MAX);
	clerk_offers_free(&offers);
	token_wipe(&token);
	place_close(&p);
}

TEST(an_invitation_that_could_not_be_kept_is_not_made)
{
	struct invitation i = { .approve = false };
	struct place p;
	struct token t;

	open_place(&p);
	strcpy(i.order.name, "lh");
	ASSERT_EQ(office_invite(&p.office, &i, &t, &p.err), ERR_CONFLICT);
	strcpy(i.order.name, "party1");
	i.order.lifetime = 1000ULL * 365 * 86400;
	ASSERT_EQ(office_invite(&p.office, &i, &t, &p.err), ERR_DENIED);
	i.order.lifetime = 0;
	strcpy(i.lighthouse, "party1");
	ASSERT_EQ(office_invite(&p.office, &i, &t, &p.err), ERR_UNKNOWN);
	i.lighthouse[0] = '\0';
	ASSERT_EQ(office_invite(&p.office, &i, &t, &p.err), 0);
	ASSERT_EQ(office_invite(&p.office, &i, &t, &p.err), ERR_CONFLICT);
	place_close(&p);
}

/* Too early it is the same certificate again, so that nobody who repeats a request gets more. */
TEST(a_member_is_renewed_when_it_is_due_and_not_before)
{
	uint8_t request[CERT_REQUEST_MAX], public[32];
	struct clerk_answer a;
	struct place p;
	struct guest g;
	struct token t;
	uint8_t refusal;
	uint64_t serial;
	struct cert c;
	int len;

	open_place(&p);
	invite(&p, "party1", false, &t);
	make_guest(&p, &g, &t, "party1");
	serial = ask(&p, &g, &refusal);
	crypto_dh_public(public, g.secret);
	len = request_make(request, sizeof(request), &p.office.ca.cert, g.secret, "party1", NULL);
	ASSERT_EQ(clerk_renew(&p.clerk, public, (struct blob){ request, (uint16_t)len }, &a, &p.err), 0);
	ASSERT_EQ(a.status, RENEW_ISSUED);
	ASSERT_EQ(cert_decode(&c, a.cert.bytes, a.cert.len, NULL), 0);
	ASSERT_EQ(c.serial, serial);
	/* A lighthouse that passes it on for somebody else, or spoils it. */
	public[3] ^= 1;
	ASSERT_EQ(clerk_renew(&p.clerk, public, (struct blob){ request, (uint16_t)len }, &a, &p.err), 0);
	ASSERT_EQ(a.status, 0);
	public[3] ^= 1;
	request[len - 1] ^= 1;
	ASSERT_EQ(clerk_renew(&p.clerk, public, (struct blob){ request, (uint16_t)len }, &a, &p.err), 0);
	ASSERT_EQ(a.status, 0);
	place_close(&p);
}

/* A member that asks for another key, and what it is told. */
struct rekeyed {
	struct guest member;
	uint8_t public[32];
	uint8_t next[32], next_public[32];
	uint8_t request[CERT_REQUEST_MAX];
	struct blob blob;
	struct clerk_answer a;
};

/* `secret` wants `r->next` for a name, under a serial. */
static void
make_rekey(struct place *p, struct rekeyed *r, const uint8_t secret[static 32], const char *name,
    uint64_t serial)
{
	struct rng rng = p->office.rng;
	int len;

	rng_fill(&rng, r->next, sizeof(r->next));
	crypto_dh_public(r->next_public, r->next);
	crypto_dh_public(r->public, secret);
	len = request_rekey(r->request, sizeof(r->request), &p->office.ca.cert, secret, r->next, name,
	    serial, NULL);
	ASSERT(len > 0);
	r->blob = (struct blob){ r->request, (uint16_t)len };
}

static struct rekeyed *
open_rekey(struct place *p)
{
	static struct rekeyed r;
	uint8_t refusal;
	struct token t;

	open_place(p);
	invite(p, "party1", false, &t);
	make_guest(p, &r.member, &t, "party1");
	make_rekey(p, &r, r.member.secret, "party1", ask(p, &r.member, &refusal));
	return &r;
}

/* The status, and the key that a certificate is for. */
static enum renew_status
ask_rekey(struct place *p, struct rekeyed *r, struct cert *c)
{
	if (clerk_renew(&p->clerk, r->public, r->blob, &r->a, &p->err) < 0)
		test_fail(__FILE__, __LINE__, "%s", p->err.text);
	if (r->a.status == RENEW_ISSUED)
		ASSERT_EQ(cert_decode(c, r->a.cert.bytes, r->a.cert.len, NULL), 0);
	return (enum renew_status)r->a.status;
}

static int64_t
only_request(struct place *p)
{
	struct ledger_request q;
	struct ledger_walk w;

	ASSERT_EQ(ledger_walk_requests(&p->office.ledger, &w, false, &p->err), 0);
	ASSERT_EQ(ledger_request_next(&w, &q, &p->err), 1);
	ledger_end(&w);
	ASSERT(ledger_request_is_rekey(&q));
	return q.id;
}

TEST(another_key_is_certified_when_a_person_says_so_and_the_answer_stays)
{
	struct ledger_cert now;
	struct cert c, again;
	struct rekeyed *r;
	struct place p;

	r = open_rekey(&p);
	p.clerk.approve = true;
	ASSERT_EQ(ask_rekey(&p, r, &c), RENEW_PENDING);
	ASSERT_EQ(ask_rekey(&p, r, &c), RENEW_PENDING);
	ASSERT_EQ(clerk_decide(&p.clerk, only_request(&p), true, &p.err), 0);
	ASSERT_EQ(ask_rekey(&p, r, &c), RENEW_ISSUED);
	ASSERT_MEM(c.key, r->next_public, sizeof(c.key));
	ASSERT(cert_has_group(&c, "nurses"));
	ASSERT_EQ(ask_rekey(&p, r, &again), RENEW_ISSUED);
	ASSERT_EQ(again.serial, c.serial);
	/* It took nothing away, and nothing waits any more. */
	ASSERT_EQ(ledger_find(&p.office.ledger, &now, "party1", &p.err), 1);
	ASSERT_EQ(now.cert.serial, c.serial);
	memcpy(r->member.secret, r->next, sizeof(r->next));
	make_rekey(&p, r, r->member.secret, "party1", c.serial);
	ASSERT_EQ(ask_rekey(&p, r, &c), RENEW_PENDING);
	(void)only_request(&p);
	place_close(&p);
}

/* A member has its next key, and says so in the way that it asks for a renewal: the status. */
static enum renew_status
take_key(struct place *p, const struct rekeyed *r, uint64_t serial, struct clerk_answer *a)
{
	uint8_t request[CERT_REQUEST_MAX];
	int len = request_renew(request, sizeof(request), &p->office.ca.cert, r->next, "party1",
	    serial, NULL);

	ASSERT(len > 0);
	if (clerk_renew(&p->clerk, r->next_public, (struct blob){ request, (uint16_t)len }, a,
		&p->err) < 0)
		test_fail(__FILE__, __LINE__, "%s", p->err.text);
	return (enum renew_status)a->status;
}

/* party1 changes its key; the serial of its new certificate, and in `old` that of the one before. */
static uint64_t
change_key(struct place *p, struct rekeyed *r, uint64_t *old)
{
	struct cert c;

	p->clerk.approve = true;
	ASSERT_EQ(cert_decode(&c, r->blob.p, r->blob.len, NULL), 0);
	*old = c.serial;
	ASSERT_EQ(ask_rekey(p, r, &c), RENEW_PENDING);
	ASSERT_EQ(clerk_decide(&p->clerk, only_request(p), true, &p->err), 0);
	ASSERT_EQ(ask_rekey(p, r, &c), RENEW_ISSUED);
	return c.serial;
}

static enum ledger_status
status_of(struct place *p, uint64_t serial)
{
	struct ledger_cert c;

	ASSERT_EQ(ledger_serial(&p->office.ledger, &c, serial, &p->err), 1);
	return c.status;
}

TEST(the_key_before_is_revoked_once_the_next_one_is_in_use_and_not_before)
{
	struct clerk_answer a;
	struct rekeyed *r;
	struct place p;
	uint64_t old, serial;

	r = open_rekey(&p);
	serial = change_key(&p, r, &old);
	ASSERT_EQ(status_of(&p, old), LEDGER_SUPERSEDED);
	ASSERT_EQ(take_key(&p, r, old, &a), RENEW_ISSUED); /* it does not say what it has */
	ASSERT_EQ(status_of(&p, old), LEDGER_SUPERSEDED);
	ASSERT_EQ(take_key(&p, r, serial, &a), RENEW_ISSUED);
	ASSERT(a.state && !a.alarm);
	ASSERT_EQ(status_of(&p, old), LEDGER_REVOKED);
	ASSERT_EQ(status_of(&p, serial), LEDGER_LIVE);
	ASSERT_EQ(ledger_key_revoked(&p.office.ledger, r->public, &p.err), 1);
	ASSERT_EQ(take_key(&p, r, serial, &a), RENEW_ISSUED);
	ASSERT(!a.state && a.notice.text[0] == '\0');
	place_close(&p);
}

TEST(the_key_before_stays_where_that_is_wanted_and_a_locked_authority_revokes_it_unsaid)
{
	struct clerk_answer a;
	struct rekeyed *r;
	struct place p;
	uint64_t old, serial;
	uint32_t untold;

	r = open_rekey(&p);
	serial = change_key(&p, r, &old);
	p.clerk.keep_old = true;
	ASSERT_EQ(take_key(&p, r, serial, &a), RENEW_ISSUED);
	ASSERT_EQ(status_of(&p, old), LEDGER_SUPERSEDED);
	p.clerk.keep_old = false;
	p.clerk.keys = NULL;
	ASSERT_EQ(take_key(&p, r, serial, &a), RENEW_ISSUED);
	ASSERT(!a.state && a.notice.text[0] != '\0');
	ASSERT_EQ(status_of(&p, old), LEDGER_REVOKED);
	ASSERT_EQ(office_state_untold(&p.office, &untold, &p.err), 0);
	ASSERT_EQ(untold, 2); /* a certificate and its key */
	place_close(&p);
}

TEST(another_key_that_is_denied_stays_so_and_a_locked_authority_signs_later)
{
	struct rekeyed *r;
	struct issued done;
	struct place p;
	struct cert c;

	r = open_rekey(&p);
	p.clerk.keys = NULL;
	ASSERT_EQ(ask_rekey(&p, r, &c), RENEW_PENDING);
	ASSERT_EQ(clerk_decide(&p.clerk, only_request(&p), false, &p.err), 0);
	ASSERT_EQ(ask_rekey(&p, r, &c), RENEW_REFUSED);
	p.clerk.keys = &p.keys;
	ASSERT_EQ(ask_rekey(&p, r, &c), RENEW_REFUSED);
	ASSERT_EQ(cert_decode(&c, r->blob.p, r->blob.len, NULL), 0);
	make_rekey(&p, r, r->member.secret, "party1", c.serial);
	p.clerk.keys = NULL;
	ASSERT_EQ(ask_rekey(&p, r, &c), RENEW_PENDING);
	p.clerk.keys = &p.keys;
	ASSERT_EQ(clerk_sign(&p.clerk, only_request(&p), &done, &p.err), 0);
	ASSERT_MEM(done.cert.key, r->next_public, sizeof(r->next_public));
	ASSERT_EQ(ask_rekey(&p, r, &c), RENEW_ISSUED);
	ASSERT_EQ(c.serial, done.cert.serial);
	place_close(&p);
}

TEST(another_key_is_not_to_be_had_every_minute_nor_for_anybody_else)
{
	uint8_t stranger[32];
	struct rekeyed *r;
	struct place p;
	struct cert c;

	r = open_rekey(&p);
	ASSERT_EQ(ask_rekey(&p, r, &c), RENEW_UNABLE);
	/* A lighthouse that says that it was asked by another member than the one in the request. */
	r->public[3] ^= 1;
	ASSERT_EQ(ask_rekey(&p, r, &c), 0);
	/* Somebody who has a key, and would have the name with it. */
	test_fill(stranger, sizeof(stranger));
	make_rekey(&p, r, stranger, "party1", 2);
	ASSERT_EQ(ask_rekey(&p, r, &c), RENEW_REFUSED);
	p.clerk.approve = true;
	ASSERT_EQ(ask_rekey(&p, r, &c), RENEW_REFUSED);
	/* Who names an earlier certificate than the newest is given that first. */
	make_rekey(&p, r, r->member.secret, "party1", 1);
	ASSERT_EQ(ask_rekey(&p, r, &c), RENEW_ISSUED);
	ASSERT_MEM(c.key, r->public, sizeof(c.key));
	place_close(&p);
}
