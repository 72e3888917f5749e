/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_enrolment.c - hosts with a token, a lighthouse, and an authority's node by script.
 */
#include "core/pem.h"
#include "core/request.h"
#include "node/enrol.h"
#include "tests/unit/beacons.h"

#define HOSTS_MAX 24

/* The numbers of the members. */
#define CA    2
#define PARTY 3

static uint8_t enrol_secret[32];
static struct guest *ca, *member;
static struct token token;
static struct token_keys keys;

/* Hosts that want to be. */
static struct joiner {
	struct enrol_host *host;
	uint8_t secret[32];
	struct addr at;
	bool deaf;
	unsigned lose; /* one of so many datagrams, either way; 0: none */
} joiners[HOSTS_MAX];
static unsigned joiner_count;

/* What the scripted authority does and has done. */
static struct {
	bool away;
	bool undecided;
	uint8_t refusal;
	uint8_t used_by[32]; /* zeros: nobody */
	unsigned issued;
	size_t filler; /* lighthouses in the bundle, to make it long */
	uint8_t answer[WIRE_ANSWER_MAX];
	uint16_t answer_len;
	uint8_t ref[ENROL_REF_LEN];
} desk;

static struct outbox joiner_out;

static void joiner_settle(struct joiner *j);

static void
to_joiner(struct scene *s, const struct effect *e)
{
	for (struct joiner *j = joiners; j < joiners + joiner_count; j++) {
		uint8_t buf[PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];
		struct packet pk = { .data = buf + PACKET_HEADROOM, .len = e->len };

		if (j->deaf || !addr_equal(&j->at, &e->to) ||
		    (j->lose > 0 && test_below(j->lose) == 0))
			continue;
		memcpy(pk.data, e->data, e->len);
		pk.from = (struct addr){ FAMILY_V4, 0, 7717, 0, { 198, 51, 100, 1 } };
		pk.socket = e->socket;
		enrol_host_from_net(j->host, s->now, &pk, 1, &joiner_out);
		joiner_settle(j);
	}
}

static void
joiner_settle(struct joiner *j)
{
	struct outbox out = joiner_out;

	if (out.count == 0) {
		outbox_reset(&joiner_out);
		return;
	}
	ASSERT_EQ(outbox_init(&joiner_out, 64, 1 << 16), 0);
	for (uint32_t i = 0; i < out.count; i++) {
		const struct effect *e = &out.effects[i];

		ASSERT_EQ(e->kind, EFFECT_TO_NET);
		if (j->lose == 0 || test_below(j->lose) != 0)
			scene_from_net(&scene, &j->at, SOCKET_V4, e->data, e->len);
	}
	outbox_free(&out);
}

static struct joiner *
join_with(const struct token *t)
{
	struct joiner *j = &joiners[joiner_count];
	struct addr at = { FAMILY_V4, 0, 7717, 0, { 198, 51, 100, 1 } };

	*j = (struct joiner){ .at = { FAMILY_V4, 0, 4242, 0, { 203, 0, 113 } } };
	j->at.ip[3] = (uint8_t)++joiner_count;
	test_fill(j->secret, sizeof(j->secret));
	j->host = enrol_host_new(t, j->secret, &at, 1, &scene.rng);
	ASSERT(j->host != NULL);
	return j;
}

static void
end(void)
{
	for (; joiner_count > 0; joiner_count--)
		enrol_host_free(joiners[joiner_count - 1].host);
	outbox_free(&joiner_out);
	scene_free(&scene);
	memset(&desk, 0, sizeof(desk));
}

static void
begin(void)
{
	end();
	set_scene();
	ASSERT_EQ(outbox_init(&joiner_out, 64, 1 << 16), 0);
	scene.elsewhere = to_joiner;
	test_fill(enrol_secret, sizeof(enrol_secret));
	crypto_dh_public(root.cert.enrol_key, enrol_secret);
	certs_sign_authority(&root, &root);
	build_lighthouse(CERT_LIGHTHOUSE);
	light();
	ca = arrive("ca", CA, CERT_ENROL);
	member = arrive("party1", PARTY, 0);
	token = (struct token){ .expires = CERTS_NOW + CERTS_DAY };
	token_draw(&token, &scene.rng);
	memcpy(token.root, root.cert.fingerprint, 32);
	memcpy(token.lighthouse, lighthouse.cert.key, 32);
	snprintf(token.endpoint, sizeof(token.endpoint), "198.51.100.1:7717");
	token_keys(&keys, token.id, token.secret);
}

/*
 * The authority
 */

static int
offer_status(struct guest *from, const struct offer *o)
{
	uint8_t frame[FRAME_MAX];
	struct offer_ack ack;
	struct frame f;

	ASSERT(guest_say(&scene, from, frame, offer_encode(frame, sizeof(frame), o)));
	if (!guest_got(from, FRAME_TOKEN_ACK, &f, NULL))
		return -1;
	ASSERT_EQ(offer_ack_decode(&ack, &f), 0);
	ASSERT_MEM(ack.id, o->id, sizeof(ack.id));
	return ack.status;
}

static struct offer
offer_of(const struct token *t, uint8_t welcome[static WIRE_WELCOME_MAX])
{
	struct welcome w = { .name = "party3", .root = { root.bytes, (uint16_t)root.len } };
	struct offer o = { .expires = t->expires };
	struct token_keys k;
	int len;

	token_keys(&k, t->id, t->secret);
	len = welcome_seal(welcome, WIRE_WELCOME_MAX, &k, &scene.rng, &w);
	ASSERT(len > 0);
	memcpy(o.id, t->id, sizeof(o.id));
	memcpy(o.psk, k.psk, sizeof(o.psk));
	o.welcome = (struct blob){ welcome, (uint16_t)len };
	return o;
}

static void
offer(const struct token *t)
{
	uint8_t welcome[WIRE_WELCOME_MAX];
	struct offer o = offer_of(t, welcome);

	ASSERT_EQ(offer_status(ca, &o), OFFER_TAKEN);
}

/* Signs for `key` and seals the bundle. */
static void
issue(const struct cert *request, const uint8_t ref[static ENROL_REF_LEN])
{
	static char text[BUNDLE_TEXT_MAX];
	struct host h = certs_host(&root, "party3", "10.87.0.30/32", 100);
	struct bundle *b = calloc(1, sizeof(*b));
	struct answer a = { .refusal = desk.refusal };
	bool other = !crypto_is_zero(desk.used_by, 32) &&
		     memcmp(desk.used_by, request->key, 32) != 0;
	int len;

	ASSERT(b != NULL);
	memcpy(h.cert.key, request->key, 32);
	certs_sign_host(&h, &root);
	b->host.len = (uint16_t)h.len;
	memcpy(b->host.bytes, h.bytes, h.len);
	b->ca_count = 1;
	b->cas[0].len = (uint16_t)root.len;
	memcpy(b->cas[0].bytes, root.bytes, root.len);
	b->lighthouse_count = 1;
	b->lighthouses[0].cert.len = (uint16_t)lighthouse.len;
	memcpy(b->lighthouses[0].cert.bytes, lighthouse.bytes, lighthouse.len);
	for (; b->lighthouses[0].endpoint_count < 1 + desk.filler;
	     b->lighthouses[0].endpoint_count++)
		snprintf(b->lighthouses[0].endpoints[b->lighthouses[0].endpoint_count],
		    ENDPOINT_TEXT_MAX, "lh%u.%0200d.example:7717",
		    b->lighthouses[0].endpoint_count, 0);
	if (desk.filler == 0)
		snprintf(b->lighthouses[0].endpoints[0], ENDPOINT_TEXT_MAX, "198.51.100.1:7717");
	for (uint32_t i = 0; desk.filler > 0 && i < b->lighthouses[0].endpoint_count; i++) {
		char *e = b->lighthouses[0].endpoints[i];

		for (int k = 4; k < 204; k++)
			if (e[k] == '0')
				e[k] = k % 40 == 0 ? '.' : 'a';
	}
	len = bundle_write(text, sizeof(text), b);
	ASSERT(len > 0);
	if (other)
		a.refusal = REFUSAL_USED;
	if (a.refusal == 0) {
		a.bundle = text;
		a.bundle_len = (size_t)len;
		desk.issued += crypto_is_zero(desk.used_by, 32);
		memcpy(desk.used_by, request->key, 32);
	}
	len = answer_seal(desk.answer, sizeof(desk.answer), &keys, ref, enrol_secret, request->key,
	    &scene.rng, &a);
	ASSERT(len > 0);
	desk.answer_len = (uint16_t)len;
	memcpy(desk.ref, ref, sizeof(desk.ref));
	free(b);
}

static void
answer(const struct enrol *e)
{
	uint8_t frame[FRAME_MAX], request[CERT_REQUEST_MAX];
	struct enrol_result r = { .status = ENROL_ANSWER, .offset = e->offset };
	struct cert c;
	int len;

	memcpy(r.id, e->id, sizeof(r.id));
	memcpy(r.ref, e->ref, sizeof(r.ref));
	if (e->step == ENROL_PLEA) {
		len = plea_open(request, &keys, e->plea.p, e->plea.len);
		if (len < 0)
			return;
		ASSERT_EQ(request_verify(&c, request, (size_t)len, &root.cert, enrol_secret, NULL), 0);
		ASSERT_STR(c.name, "party3");
		issue(&c, e->ref);
	}
	if (memcmp(e->ref, desk.ref, sizeof(desk.ref)) != 0)
		return;
	r.total = desk.answer_len;
	r.piece.p = desk.answer + e->offset;
	r.piece.len = (uint16_t)min_u64(ENROL_PIECE_MAX, desk.answer_len - e->offset);
	if (desk.undecided) {
		r = (struct enrol_result){ .status = ENROL_PENDING };
		memcpy(r.id, e->id, sizeof(r.id));
		memcpy(r.ref, e->ref, sizeof(r.ref));
	}
	(void)guest_say(&scene, ca, frame, enrol_result_encode(frame, sizeof(frame), &r));
}

/* Everything that has reached the authority is worked on. */
static void
serve(void)
{
	struct frame f;
	struct enrol e;

	while (!desk.away && guest_got(ca, FRAME_ENROL, &f, NULL))
		if (enrol_decode(&e, &f) == 0 && e.step != ENROL_THANKS)
			answer(&e);
}

static void
run(usec_t span)
{
	for (usec_t end_at = scene.now.mono + span; scene.now.mono < end_at;) {
		for (struct joiner *j = joiners; j < joiners + joiner_count; j++) {
			usec_t due = enrol_host_next_due(j->host);

			if (due != 0 && due > scene.now.mono)
				continue;
			enrol_host_tick(j->host, scene.now, &joiner_out);
			joiner_settle(j);
		}
		serve();
		scene_run(&scene, 10 * USEC_PER_MS);
	}
}

static void
connect_all(void)
{
	ASSERT(guest_connect(&scene, ca));
	ASSERT(guest_connect(&scene, member));
	scene_run(&scene, USEC_PER_SEC);
}

static struct mailbox_totals
totals(void)
{
	struct mailbox_totals t;

	mailbox_totals(scene.beacon->mailbox, &t);
	return t;
}

/* It has a bundle that it can use. */
static void
check_issued(struct joiner *j)
{
	struct bundle *b = calloc(1, sizeof(*b));
	struct verified v;
	struct err e = { "" };
	size_t len;
	const char *text = enrol_host_bundle(j->host, &len);
	uint8_t key[32];

	ASSERT_STR(enrol_host_error(j->host), "");
	ASSERT_EQ(enrol_host_phase(j->host), ENROL_ISSUED);
	ASSERT(b != NULL);
	ASSERT_EQ(bundle_read(b, text, len, &e), 0);
	ASSERT_EQ(bundle_check(b, scene.now.wall, &v, &e), 0);
	crypto_dh_public(key, j->secret);
	ASSERT_MEM(v.cert.key, key, 32);
	ASSERT_STR(enrol_host_name(j->host), "party3");
	free(b);
}

/* The authority and a member are connected, and a token stands. */
static void
begin_offered(void)
{
	begin();
	connect_all();
	offer(&token);
}

/*
 * Enrolment
 */

TEST(a_host_with_a_token_gets_its_certificate)
{
	struct joiner *j;

	begin_offered();
	j = join_with(&token);
	run(USEC_PER_SEC);
	check_issued(j);
	ASSERT_EQ(desk.issued, 1);
	ASSERT_EQ(totals().pleas, 0);
	ASSERT_EQ(totals().answers, 0);
	ASSERT_EQ(totals().tokens, 1);
}

TEST(a_long_bundle_comes_in_pieces_through_loss)
{
	struct joiner *j;

	begin_offered();
	desk.filler = 7;
	j = join_with(&token);
	j->lose = 4;
	run(120 * USEC_PER_SEC);
	check_issued(j);
	ASSERT(desk.answer_len > 2 * ENROL_PIECE_MAX);
	ASSERT_EQ(desk.issued, 1);
}

TEST(twenty_hosts_with_one_token_are_all_answered_and_one_is_certified)
{
	unsigned issued = 0;

	begin_offered();
	for (unsigned i = 0; i < 20; i++)
		join_with(&token);
	run(600 * USEC_PER_SEC);
	for (unsigned i = 0; i < 20; i++) {
		struct joiner *j = &joiners[i];

		if (enrol_host_phase(j->host) == ENROL_ISSUED) {
			issued++;
			continue;
		}
		ASSERT_EQ(enrol_host_phase(j->host), ENROL_REFUSED);
		ASSERT_STR(enrol_host_error(j->host), refusal_phrase(REFUSAL_USED));
	}
	ASSERT_EQ(issued, 1);
	ASSERT_EQ(desk.issued, 1);
}

TEST(an_authority_that_comes_later_finds_the_plea_and_the_host_the_answer)
{
	struct joiner *j;

	begin_offered();
	client_dismiss(scene.beacon, scene.now, client_get(scene.beacon, parties[CA].cert.key),
	    CLOSE_STOP, &scene.out);
	scene_settle(&scene);
	guest_restart(&scene, ca);
	j = join_with(&token);
	run(30 * USEC_PER_SEC);
	ASSERT_EQ(enrol_host_phase(j->host), ENROL_AWAY);
	ASSERT_EQ(totals().pleas, 1);
	restart();
	ASSERT_EQ(totals().pleas, 1);
	j->deaf = true;
	run(10 * USEC_PER_SEC);
	ASSERT(guest_connect(&scene, ca));
	run(5 * USEC_PER_SEC);
	ASSERT_EQ(totals().pleas, 0);
	ASSERT_EQ(totals().answers, 1);
	restart();
	ASSERT_EQ(totals().answers, 1);
	j->deaf = false;
	run(150 * USEC_PER_SEC);
	check_issued(j);
	ASSERT_EQ(totals().answers, 0);
}

TEST(a_plea_that_a_person_decides_about_waits_and_is_told_at_once)
{
	struct joiner *j;

	begin_offered();
	desk.undecided = true;
	j = join_with(&token);
	run(4 * USEC_PER_SEC);
	ASSERT_EQ(enrol_host_phase(j->host), ENROL_UNDECIDED);
	desk.undecided = false;
	run(120 * USEC_PER_SEC);
	check_issued(j);
}

TEST(a_refusal_is_a_sentence_and_the_end)
{
	struct joiner *j;

	begin_offered();
	desk.refusal = REFUSAL_DENIED;
	j = join_with(&token);
	run(USEC_PER_SEC);
	ASSERT_EQ(enrol_host_phase(j->host), ENROL_REFUSED);
	ASSERT_STR(enrol_host_error(j->host), refusal_phrase(REFUSAL_DENIED));
	ASSERT_EQ(enrol_host_next_due(j->host), 0);
	ASSERT_EQ(totals().answers, 0);
}

TEST(an_unknown_token_draws_silence)
{
	struct joiner *j;
	struct token other;
	unsigned sent;

	begin_offered();
	other = token;
	other.id[0] ^= 1;
	j = join_with(&other);
	scene_run(&scene, 5 * USEC_PER_SEC);
	sent = scene.sent;
	run(2 * USEC_PER_SEC);
	ASSERT_EQ(scene.sent, sent);
	ASSERT_EQ(enrol_host_phase(j->host), ENROL_CALLING);
	run(30 * USEC_PER_SEC);
	ASSERT(strstr(enrol_host_error(j->host), "no answer from the lighthouse") != NULL);
}

TEST(a_token_whose_secret_is_wrong_is_no_way_in)
{
	struct joiner *j;
	struct token other;

	begin_offered();
	other = token;
	other.secret[0] ^= 1;
	j = join_with(&other);
	run(60 * USEC_PER_SEC);
	ASSERT_EQ(enrol_host_phase(j->host), ENROL_CALLING);
	ASSERT_EQ(quarantine_guests(&scene.beacon->quarantine), 0);
	ASSERT_EQ(totals().pleas, 0);
}

TEST(a_root_that_is_not_the_tokens_is_refused)
{
	struct joiner *j;
	struct token other;

	begin_offered();
	other = token;
	other.root[0] ^= 1;
	j = join_with(&other);
	run(USEC_PER_SEC);
	ASSERT_EQ(enrol_host_phase(j->host), ENROL_REFUSED);
	ASSERT(strstr(enrol_host_error(j->host), "another fingerprint") != NULL);
	ASSERT_EQ(desk.issued, 0);
}

TEST(an_expired_or_withdrawn_token_is_worth_nothing)
{
	uint8_t welcome[WIRE_WELCOME_MAX];
	struct offer o;
	struct joiner *j;

	begin_offered();
	o = (struct offer){ .expires = 0 };
	memcpy(o.id, token.id, sizeof(o.id));
	ASSERT_EQ(offer_status(ca, &o), OFFER_TAKEN);
	ASSERT_EQ(totals().tokens, 0);
	j = join_with(&token);
	run(10 * USEC_PER_SEC);
	ASSERT_EQ(enrol_host_phase(j->host), ENROL_CALLING);
	token.expires = CERTS_NOW - 1;
	o = offer_of(&token, welcome);
	ASSERT_EQ(offer_status(ca, &o), OFFER_TAKEN);
	ASSERT_EQ(totals().tokens, 0);
}

TEST(a_token_that_expires_while_its_plea_waits_still_brings_the_answer)
{
	struct joiner *j;

	begin_offered();
	desk.undecided = true;
	j = join_with(&token);
	run(2 * USEC_PER_SEC);
	scene.now.wall += (CERTS_DAY - 60) * USEC_PER_SEC;
	desk.undecided = false;
	run(180 * USEC_PER_SEC);
	ASSERT(scene.now.wall / USEC_PER_SEC > token.expires);
	check_issued(j);
}

TEST(only_who_speaks_for_an_authority_may_offer_and_only_its_own_token)
{
	uint8_t welcome[WIRE_WELCOME_MAX];
	struct offer o, gone;

	begin();
	connect_all();
	o = offer_of(&token, welcome);
	ASSERT_EQ(offer_status(member, &o), OFFER_DENIED);
	ASSERT_EQ(totals().tokens, 0);
	offer(&token);
	o.psk[0] ^= 1;
	ASSERT_EQ(offer_status(ca, &o), OFFER_DENIED);
	gone = (struct offer){ .expires = 0 };
	memcpy(gone.id, o.id, sizeof(gone.id));
	ASSERT_EQ(offer_status(member, &gone), OFFER_DENIED);
	ASSERT_EQ(totals().tokens, 1);
}

TEST(tokens_are_known_after_a_restart)
{
	struct joiner *j;

	begin_offered();
	restart();
	ASSERT_EQ(totals().tokens, 1);
	guest_restart(&scene, ca);
	ASSERT(guest_connect(&scene, ca));
	j = join_with(&token);
	run(2 * USEC_PER_SEC);
	check_issued(j);
}

TEST(a_lighthouse_that_restarts_in_the_middle_costs_time_and_nothing_else)
{
	struct joiner *j;

	begin_offered();
	desk.away = true;
	j = join_with(&token);
	run(500 * USEC_PER_MS);
	restart();
	desk.away = false;
	guest_restart(&scene, ca);
	ASSERT(guest_connect(&scene, ca));
	run(200 * USEC_PER_SEC);
	check_issued(j);
	ASSERT_EQ(desk.issued, 1);
}

TEST(a_full_mailbox_keeps_what_it_has)
{
	struct token t = token;

	begin();
	connect_all();
	for (unsigned i = 0; i < MAILBOX_TOKENS; i++) {
		uint8_t welcome[WIRE_WELCOME_MAX];
		struct offer o;

		token_draw(&t, &scene.rng);
		t.expires = token.expires;
		o = offer_of(&t, welcome);
		ASSERT_EQ(mailbox_offer(scene.beacon->mailbox, CERTS_NOW, root.cert.issuer, &o,
		    &scene.out), OFFER_TAKEN);
		outbox_reset(&scene.out);
	}
	ASSERT_EQ(totals().tokens, MAILBOX_TOKENS);
	{
		uint8_t welcome[WIRE_WELCOME_MAX];
		struct offer o = offer_of(&token, welcome);

		ASSERT_EQ(offer_status(ca, &o), OFFER_FULL);
		o = offer_of(&t, welcome);
		ASSERT_EQ(offer_status(ca, &o), OFFER_TAKEN);
	}
	ASSERT_EQ(totals().tokens, MAILBOX_TOKENS);
}

/*
 * Quarantine
 */

TEST(a_guest_may_send_sixty_four_frames_in_a_minute_and_no_others)
{
	struct guest_row *g;
	struct joiner *j;
	unsigned frames;

	begin_offered();
	desk.away = true;
	j = join_with(&token);
	run(100 * USEC_PER_MS);
	g = scene.beacon->quarantine.rows;
	ASSERT_EQ(quarantine_guests(&scene.beacon->quarantine), 1);
	frames = g->frames;
	ASSERT(frames < GUEST_FRAMES);
	run(70 * USEC_PER_SEC);
	ASSERT(scene.beacon->quarantine.count <= 1);
	enrol_host_free(j->host);
	joiner_count = 0;
	scene_run(&scene, GUEST_TIME + USEC_PER_SEC);
	ASSERT_EQ(scene.beacon->quarantine.count, 0);
	ASSERT_EQ(beacon_next_due(scene.beacon) > scene.now.mono, true);
}

TEST(calls_that_are_never_confirmed_leave_nothing_behind)
{
	begin_offered();
	for (unsigned i = 0; i < HOSTS_MAX; i++)
		join_with(&token)->deaf = true;
	run(USEC_PER_SEC);
	ASSERT_EQ(scene.beacon->quarantine.count, HOSTS_MAX);
	ASSERT_EQ(quarantine_guests(&scene.beacon->quarantine), 0);
	for (; joiner_count > 0; joiner_count--)
		enrol_host_free(joiners[joiner_count - 1].host);
	scene_run(&scene, GUEST_HALF_OPEN + USEC_PER_SEC);
	ASSERT_EQ(scene.beacon->quarantine.count, 0);
}

/*
 * Renewal
 */

static size_t
request_of(uint8_t to[static CERT_REQUEST_MAX], const struct host *h)
{
	int n = request_make(to, CERT_REQUEST_MAX, &root.cert, h->secret, h->cert.name, NULL);

	ASSERT(n > 0);
	return (size_t)n;
}

static void
say_renew(struct guest *g, const uint8_t key[static 32], const uint8_t *request, size_t len)
{
	uint8_t frame[FRAME_MAX];
	struct renew r = { .request = { len > 0 ? request : NULL, (uint16_t)len } };

	memcpy(r.key, key, sizeof(r.key));
	ASSERT(guest_say(&scene, g, frame, renew_encode(frame, sizeof(frame), &r)));
}

static bool
got_renewed(struct guest *g, struct renew_result *ret)
{
	struct frame f;

	return guest_got(g, FRAME_RENEW_RESULT, &f, NULL) && renew_result_decode(ret, &f) == 0;
}

static void
give_renewed(const uint8_t key[static 32], uint8_t status)
{
	uint8_t frame[FRAME_MAX];
	struct renew_result r = { .status = status };

	memcpy(r.key, key, sizeof(r.key));
	if (status == RENEW_ISSUED)
		r.cert = (struct blob){ parties[PARTY].bytes, (uint16_t)parties[PARTY].len };
	ASSERT(guest_say(&scene, ca, frame, renew_result_encode(frame, sizeof(frame), &r)));
}

TEST(a_members_request_reaches_the_authority_and_its_certificate_the_member)
{
	uint8_t request[CERT_REQUEST_MAX];
	struct renew_result r;
	struct renew ask;
	struct frame f;
	size_t len;

	begin();
	connect_all();
	len = request_of(request, &parties[PARTY]);
	say_renew(member, parties[PARTY].cert.key, request, len);
	scene_run(&scene, 10 * USEC_PER_MS);
	ASSERT(guest_got(ca, FRAME_RENEW, &f, NULL));
	ASSERT_EQ(renew_decode(&ask, &f), 0);
	ASSERT_MEM(ask.key, parties[PARTY].cert.key, 32);
	ASSERT_EQ(ask.request.len, len);
	give_renewed(parties[PARTY].cert.key, RENEW_ISSUED);
	ASSERT(got_renewed(member, &r));
	ASSERT_EQ(r.status, RENEW_ISSUED);
	ASSERT_EQ(r.cert.len, parties[PARTY].len);
	ASSERT(guest_got(ca, FRAME_RENEW, &f, NULL)); /* thanks */
	ASSERT_EQ(totals().answers, 1);
	say_renew(member, parties[PARTY].cert.key, NULL, 0);
	ASSERT_EQ(totals().answers, 0);
}

TEST(a_request_waits_for_an_authority_and_its_result_for_the_member_over_restarts)
{
	uint8_t request[CERT_REQUEST_MAX];
	struct renew_result r;
	struct frame f;
	size_t len;

	begin();
	ASSERT(guest_connect(&scene, member));
	len = request_of(request, &parties[PARTY]);
	say_renew(member, parties[PARTY].cert.key, request, len);
	ASSERT(got_renewed(member, &r));
	ASSERT_EQ(r.status, RENEW_KEPT);
	restart();
	guest_restart(&scene, member);
	ASSERT(guest_connect(&scene, ca));
	scene_run(&scene, 2 * USEC_PER_SEC);
	ASSERT(guest_got(ca, FRAME_RENEW, &f, NULL));
	give_renewed(parties[PARTY].cert.key, RENEW_ISSUED);
	restart();
	guest_restart(&scene, ca);
	ASSERT_EQ(totals().answers, 1);
	ASSERT(guest_connect(&scene, member));
	scene_run(&scene, 2 * USEC_PER_SEC);
	ASSERT(got_renewed(member, &r));
	ASSERT_EQ(r.status, RENEW_ISSUED);
}

TEST(nobody_renews_for_another_and_only_an_authority_answers)
{
	uint8_t request[CERT_REQUEST_MAX], frame[FRAME_MAX];
	struct renew_result r;
	struct authority other;
	struct frame f;
	size_t len;
	int n;

	begin();
	connect_all();
	len = request_of(request, &parties[CA]);
	say_renew(member, parties[CA].cert.key, request, len);
	ASSERT(guest_got(member, FRAME_ERROR, &f, NULL));
	say_renew(member, parties[PARTY].cert.key, request, len);
	ASSERT(guest_got(member, FRAME_ERROR, &f, NULL));
	ASSERT_EQ(totals().renewals, 0);
	other = certs_root();
	n = request_make(request, sizeof(request), &other.cert, parties[PARTY].secret, "party1", NULL);
	ASSERT(n > 0);
	say_renew(member, parties[PARTY].cert.key, request, (size_t)n);
	ASSERT(got_renewed(member, &r));
	ASSERT_EQ(r.status, RENEW_NOBODY);
	ASSERT_EQ(totals().renewals, 0);
	r = (struct renew_result){ .status = RENEW_REFUSED };
	len = request_of(request, &parties[PARTY]);
	say_renew(member, parties[PARTY].cert.key, request, len);
	ASSERT_EQ(totals().renewals, 1);
	memcpy(r.key, parties[PARTY].cert.key, 32);
	ASSERT(guest_say(&scene, member, frame, renew_result_encode(frame, sizeof(frame), &r)));
	ASSERT(guest_got(member, FRAME_ERROR, &f, NULL));
	ASSERT_EQ(totals().renewals, 1);
	end();
}
