/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/renewal.h"
#include "core/request.h"
#include "core/trace.h"
#include "tests/unit/states.h"

#define DAY 86400

/* The host's certificate, signed at `at` (Unix seconds) for `life` seconds under a serial. */
static struct host
signed_at(const struct authority *root, uint64_t at, uint64_t life, uint64_t serial)
{
	struct host h = certs_host(root, "party1", "10.87.0.10/32", serial);

	h.cert.not_before = at - CERT_BACKDATE;
	h.cert.not_after = at + life;
	certs_sign_host(&h, root);
	return h;
}

static struct authority
root_at(uint64_t at)
{
	struct authority root = certs_authority("study");

	root.cert.not_before = at - DAY;
	root.cert.not_after = at + 3650 * (uint64_t)DAY;
	certs_sign_authority(&root, &root);
	return root;
}

/* A world of one host: its clock, and its certificate. */
struct one {
	struct authority root;
	struct host host;
	struct trust *trust;
	struct verified own;
	struct renewal r;
	struct instant now;
	uint64_t born;
};

#define BORN 2000000000u

static struct rng chance;

static struct one
begin(uint64_t life)
{
	struct one o = { .root = root_at(BORN), .born = BORN };

	chance = certs_rng();
	o.host = signed_at(&o.root, BORN, life, 7);
	o.trust = trust_new(&chance);
	o.now = (struct instant){ .mono = 5000 * USEC_PER_SEC, .wall = BORN * USEC_PER_SEC };
	ASSERT_EQ(trust_add(o.trust, o.root.bytes, o.root.len, o.now.wall, NULL), 0);
	ASSERT_EQ(trust_own(o.trust, o.host.bytes, o.host.len, NULL, 0, o.now.wall, &o.own, NULL), 0);
	renewal_begin(&o.r, o.now, o.trust, &o.own, o.host.secret, false);
	return o;
}

static uint64_t
unix_now(const struct one *o)
{
	return o->now.wall / USEC_PER_SEC;
}

/* Runs both clocks to the next question; false when there is none before the clock says `until`. */
static bool
run_to_question(struct one *o, uint64_t until)
{
	while (!renewal_ask(&o->r, o->now, unix_now(o))) {
		usec_t step = o->r.due > o->now.mono ? o->r.due - o->now.mono : 1;

		o->now.mono += step;
		o->now.wall += step;
		if (unix_now(o) > until)
			return false;
	}
	return true;
}

TEST(it_is_asked_for_at_two_thirds_of_the_life_give_or_take_a_tenth)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (int i = 0; i < 200; i++) {
		struct one o = begin(90 * DAY);
		uint64_t asked;

		ASSERT(renewal_phase(&o.r, o.now, unix_now(&o)) == RENEWAL_EARLY);
		ASSERT(run_to_question(&o, o.own.valid_until));
		asked = unix_now(&o) - o.born;
		ASSERT(asked >= 54 * DAY && asked <= 66 * DAY);
		first = min_u64(first, asked);
		last = max_u64(last, asked);
		trust_free(o.trust);
	}
	ASSERT(last - first > 6 * DAY);
}

TEST(while_nobody_answers_it_is_asked_ever_more_seldom_and_then_more_often_again)
{
	struct one o = begin(90 * DAY);
	usec_t longest = 0, last_pause = 0;
	unsigned asked = 0;

	while (run_to_question(&o, o.own.valid_until)) {
		usec_t then = o.now.mono;

		renewal_asked(&o.r, &chance, o.now);
		last_pause = o.r.due - then;
		longest = max_u64(longest, last_pause);
		ASSERT(last_pause >= RENEWAL_PAUSE_MIN * 9 / 10);
		asked++;
	}
	ASSERT(longest > RENEWAL_PAUSE_MAX / 2 && longest <= RENEWAL_PAUSE_MAX * 11 / 10);
	ASSERT(last_pause < 10 * USEC_PER_SEC);
	ASSERT(asked > 500 && asked < 2000);
	ASSERT(renewal_phase(&o.r, o.now, unix_now(&o)) == RENEWAL_OVER);
	trust_free(o.trust);
}

TEST(a_lifetime_of_a_minute_leaves_time_for_several_questions)
{
	struct one o = begin(60);
	unsigned asked = 0;

	while (run_to_question(&o, o.own.valid_until)) {
		renewal_asked(&o.r, &chance, o.now);
		asked++;
	}
	ASSERT(asked >= 7);
	trust_free(o.trust);
}

TEST(answers_say_how_it_stands_and_when_to_ask_again)
{
	static const struct {
		enum renew_status status;
		enum renewal_phase phase;
		usec_t least, most;
	} rows[] = {
		{ RENEW_KEPT, RENEWAL_WAITING, 800 * USEC_PER_SEC, 1000 * USEC_PER_SEC },
		{ RENEW_PENDING, RENEWAL_WAITING, 800 * USEC_PER_SEC, 1000 * USEC_PER_SEC },
		{ RENEW_REFUSED, RENEWAL_TROUBLE, 500 * USEC_PER_SEC, 6 * 3600 * USEC_PER_SEC },
		{ RENEW_UNABLE, RENEWAL_TROUBLE, 4 * USEC_PER_SEC, 6 * USEC_PER_SEC },
		{ RENEW_FULL, RENEWAL_TROUBLE, 4 * USEC_PER_SEC, 6 * USEC_PER_SEC },
		{ RENEW_NOBODY, RENEWAL_TROUBLE, 4 * USEC_PER_SEC, 6 * USEC_PER_SEC },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct one o = begin(90 * DAY);

		ASSERT(run_to_question(&o, o.own.valid_until));
		ASSERT(renewal_phase(&o.r, o.now, unix_now(&o)) == RENEWAL_ASKING);
		renewal_asked(&o.r, &chance, o.now);
		renewal_answered(&o.r, &chance, o.now, rows[i].status);
		ASSERT(renewal_phase(&o.r, o.now, unix_now(&o)) == rows[i].phase);
		ASSERT(o.r.due - o.now.mono >= rows[i].least && o.r.due - o.now.mono <= rows[i].most);
		ASSERT(strlen(renewal_phrase(&o.r, rows[i].phase)) > 10);
		trust_free(o.trust);
	}
}

TEST(a_clock_that_stands_does_not_keep_it_from_being_asked_for)
{
	struct one o = begin(90 * DAY);

	o.now.mono += 50 * (usec_t)DAY * USEC_PER_SEC;
	ASSERT(!renewal_ask(&o.r, o.now, BORN));
	o.now.mono += 17 * (usec_t)DAY * USEC_PER_SEC;
	ASSERT(renewal_ask(&o.r, o.now, BORN));
	trust_free(o.trust);
}

TEST(a_lighthouses_clock_may_say_that_it_is_time_but_not_that_it_is_too_late)
{
	struct one o = begin(90 * DAY);

	renewal_clock(&o.r, o.now, BORN + 100 * DAY);
	ASSERT(renewal_phase(&o.r, o.now, BORN) == RENEWAL_EARLY);
	renewal_clock(&o.r, o.now, BORN + 70 * DAY);
	o.now.mono += 2 * USEC_PER_SEC;
	ASSERT(renewal_ask(&o.r, o.now, BORN));
	trust_free(o.trust);
}

TEST(a_person_may_want_it_at_any_time)
{
	struct one o = begin(90 * DAY);

	o.now.mono += 2 * USEC_PER_SEC;
	ASSERT(!renewal_ask(&o.r, o.now, BORN));
	renewal_want(&o.r, o.now.mono);
	ASSERT(renewal_ask(&o.r, o.now, BORN));
	ASSERT(renewal_phase(&o.r, o.now, BORN) == RENEWAL_ASKING);
	trust_free(o.trust);
}

TEST(a_renewal_that_is_due_at_once_waits_for_half_of_what_is_left)
{
	struct one o = begin(90 * DAY);
	uint64_t late = BORN + 80 * DAY;

	/* The clock is ahead of the authority's. */
	o.now.wall = late * USEC_PER_SEC;
	renewal_begin(&o.r, o.now, o.trust, &o.own, o.host.secret, true);
	ASSERT_EQ(o.r.start, late + 5 * DAY);
	renewal_begin(&o.r, o.now, o.trust, &o.own, o.host.secret, false);
	ASSERT(o.r.start < late);
	trust_free(o.trust);
}

/* The root is succeeded by another one, and believed for `overlap` seconds more. */
static struct authority
rotate(struct one *o, uint64_t overlap)
{
	static struct statement *st;
	struct authority next = root_at(o->born);

	memcpy(next.cert.network, o->root.cert.network, sizeof(next.cert.network));
	certs_sign_authority(&next, &next);
	st = states_new(&o->root, 1);
	st->s.issued = unix_now(o);
	st->s.next_update = st->s.expires = o->born + 1000 * DAY;
	states_rotate_at(st, &o->root, &next, unix_now(o), unix_now(o) + overlap);
	states_sign(st, &next);
	ASSERT_EQ(trust_state_install(o->trust, st->blob, st->len, o->now.wall, NULL), 0);
	free(st);
	return next;
}

static bool
look_again(struct one *o)
{
	ASSERT_EQ(trust_own(o->trust, o->host.bytes, o->host.len, NULL, 0, o->now.wall, &o->own,
	    NULL), 0);
	return renewal_rotated(&o->r, o->now, o->trust, &o->own, o->host.secret);
}

TEST(after_a_rotation_the_successor_is_asked)
{
	struct one o = begin(90 * DAY);
	uint64_t start = o.r.start;
	struct authority next;
	struct cert asked;
	uint8_t id[16];

	ASSERT(!look_again(&o));
	renewal_want(&o.r, o.now.mono);
	next = rotate(&o, 120 * DAY);
	ASSERT(look_again(&o));
	ASSERT(!look_again(&o));
	cert_key_id(id, next.cert.key);
	ASSERT_MEM(o.r.issuer, id, sizeof(id));
	ASSERT_EQ(cert_decode(&asked, o.r.request, o.r.request_len, NULL), 0);
	ASSERT_MEM(asked.issuer, id, sizeof(id));
	ASSERT_EQ(asked.serial, o.host.cert.serial);
	/* It ends no earlier than before, so there is no hurry; and what is wanted still is. */
	ASSERT_EQ(o.r.start, start);
	ASSERT(o.r.wanted);
	trust_free(o.trust);
}

TEST(an_overlap_that_ends_first_is_not_waited_for_and_hosts_come_one_by_one)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (int i = 0; i < 100; i++) {
		struct one o = begin(90 * DAY);

		o.now.wall += (usec_t)(i % 2) * 70 * DAY * USEC_PER_SEC;
		(void)rotate(&o, 8 * DAY);
		ASSERT(look_again(&o));
		ASSERT_EQ(o.r.until, unix_now(&o) + 8 * DAY);
		ASSERT(o.r.start >= unix_now(&o) && o.r.start <= unix_now(&o) + DAY);
		first = min_u64(first, o.r.start);
		last = max_u64(last, o.r.start);
		trust_free(o.trust);
	}
	ASSERT(last - first > DAY / 2);
}

TEST(who_ended_with_the_old_root_is_over)
{
	struct one o = begin(90 * DAY);

	ASSERT(renewal_rotated(&o.r, o.now, o.trust, NULL, o.host.secret));
	ASSERT(renewal_phase(&o.r, o.now, unix_now(&o)) == RENEWAL_OVER);
	ASSERT(!renewal_ask(&o.r, o.now, unix_now(&o)));
	trust_free(o.trust);
}

TEST(expired_by_a_second_is_over_and_nothing_is_asked)
{
	struct one o = begin(60);

	o.now.mono += 60 * USEC_PER_SEC;
	o.now.wall += 60 * USEC_PER_SEC;
	ASSERT(renewal_ask(&o.r, o.now, unix_now(&o)));
	o.now.mono += USEC_PER_SEC;
	o.now.wall += USEC_PER_SEC;
	ASSERT(!renewal_ask(&o.r, o.now, unix_now(&o)));
	ASSERT(renewal_phase(&o.r, o.now, unix_now(&o)) == RENEWAL_OVER);
	trust_free(o.trust);
}

/* What a lighthouse brings is judged by the certificate alone. */
static int
judge(struct one *o, const struct host *h)
{
	struct verified v;

	return renewal_judge(o->trust, &o->own.cert, NULL, (struct blob){ h->bytes, (uint16_t)h->len },
	    (struct blob){ 0 }, o->now.wall, &v, NULL);
}

TEST(only_a_newer_certificate_for_the_same_key_and_name_is_taken)
{
	struct one o = begin(90 * DAY);
	struct authority other = root_at(BORN);
	struct host h;
	usec_t wall;

	wall = o.now.wall += 70 * (usec_t)DAY * USEC_PER_SEC;
	h = o.host;
	h.cert.serial = 8;
	h.cert.not_before = BORN + 70 * DAY - CERT_BACKDATE;
	h.cert.not_after = BORN + 160 * DAY;
	certs_sign_host(&h, &o.root);
	ASSERT_EQ(judge(&o, &h), 0);
	ASSERT_EQ(judge(&o, &o.host), ERR_SUPERSEDED); /* what it has already */
	h.cert.serial = 6;			       /* an old one */
	certs_sign_host(&h, &o.root);
	ASSERT_EQ(judge(&o, &h), ERR_SUPERSEDED);
	h.cert.serial = 9;
	strcpy(h.cert.name, "party2");
	certs_sign_host(&h, &o.root);
	ASSERT_EQ(judge(&o, &h), ERR_CONFLICT);
	strcpy(h.cert.name, "party1");
	h.cert.key[0] ^= 1;			       /* another member's key */
	certs_sign_host(&h, &o.root);
	ASSERT_EQ(judge(&o, &h), ERR_CONFLICT);
	h.cert.key[0] ^= 1;
	certs_sign_host(&h, &other);		       /* of a root that nobody trusts */
	ASSERT(judge(&o, &h) < 0);
	h.cert.not_after = BORN + 69 * DAY;	       /* over already */
	h.cert.not_before = BORN;
	certs_sign_host(&h, &o.root);
	ASSERT_EQ(judge(&o, &h), ERR_EXPIRED);
	certs_sign_host(&h, &o.root);
	h.bytes[h.len - 1] ^= 1;		       /* the signature */
	ASSERT(judge(&o, &h) < 0);
	ASSERT_EQ(trust_now(o.trust, wall), BORN + 70 * DAY);
	trust_free(o.trust);
}

TEST(a_certificate_for_another_key_is_taken_if_that_was_asked_for)
{
	struct one o = begin(90 * DAY);
	struct host next = certs_host(&o.root, "party1", "10.87.0.10/32", 8);
	struct blob cert;
	struct renewed renewed;
	struct cert asked;
	struct verified v;

	next.cert.not_before = BORN - CERT_BACKDATE;
	next.cert.not_after = BORN + 90 * DAY;
	certs_sign_host(&next, &o.root);
	cert = (struct blob){ next.bytes, (uint16_t)next.len };
	ASSERT_EQ(renewal_rekey(&o.r, o.now, o.trust, &o.own, o.host.secret, next.secret), 0);
	ASSERT(renewal_ask(&o.r, o.now, unix_now(&o)));
	ASSERT_EQ(cert_decode(&asked, o.r.request, o.r.request_len, NULL), 0);
	ASSERT_MEM(asked.key, next.cert.key, 32);
	ASSERT_MEM(request_member(&asked), o.host.cert.key, 32);
	ASSERT_EQ(judge(&o, &next), ERR_CONFLICT);
	ASSERT_EQ(renewal_judge(o.trust, &o.own.cert, next.cert.key, cert, (struct blob){ 0 },
	    o.now.wall, &v, NULL), 0);
	renewed_take(&renewed, o.trust, cert, &v);
	ASSERT(!renewed_is_same_host(&renewed, &o.own.cert));
	trust_free(o.trust);
}

TEST(another_key_does_not_keep_the_old_one_from_being_renewed)
{
	struct one o = begin(90 * DAY);
	uint8_t next[32];
	uint64_t half;

	test_fill(next, sizeof(next));
	ASSERT_EQ(renewal_rekey(&o.r, o.now, o.trust, &o.own, o.host.secret, next), 0);
	half = o.r.start + (o.r.until - o.r.start) / 2;
	ASSERT(!renewal_rekey_waits(&o.r, o.now, half - 1));
	ASSERT(renewal_rekey_waits(&o.r, o.now, half));
	/* A refusal is waited for no longer than need be. */
	renewal_answered(&o.r, &chance, o.now, RENEW_REFUSED);
	ASSERT(!renewal_rekey_waits(&o.r, o.now, o.r.start - 1));
	ASSERT(renewal_rekey_waits(&o.r, o.now, o.r.start));
	renewal_begin(&o.r, o.now, o.trust, &o.own, o.host.secret, false);
	ASSERT(!renewal_rekey_waits(&o.r, o.now, half));
	trust_free(o.trust);
}

TEST(its_own_issuer_may_set_a_clock_forward_that_is_a_year_behind)
{
	struct one o = begin(90 * DAY);
	struct host h = o.host;

	o.now.wall = (BORN - 365 * (uint64_t)DAY) * USEC_PER_SEC;
	h.cert.serial = 8;
	h.cert.not_before = BORN + 60 * DAY - CERT_BACKDATE;
	h.cert.not_after = BORN + 150 * DAY;
	certs_sign_host(&h, &o.root);
	ASSERT_EQ(judge(&o, &h), 0);
	ASSERT(trust_now(o.trust, o.now.wall) >= BORN + 60 * DAY - CERT_BACKDATE);
	trust_free(o.trust);
}

TEST(the_end_is_said_ever_more_often_while_no_successor_comes_and_once_when_it_is_there)
{
	struct one o = begin(90 * DAY);
	uint64_t left, before = UINT64_MAX;
	unsigned said = 0;

	while (!renewal_warns(&o.r, o.now, unix_now(&o), &left) || left > 0) {
		if (renewal_warns(&o.r, o.now, unix_now(&o), &left))
			test_fail(__FILE__, __LINE__, "said twice");
		o.now.mono += 30 * USEC_PER_SEC;
		o.now.wall += 30 * USEC_PER_SEC;
		(void)!renewal_ask(&o.r, o.now, unix_now(&o));
		if (o.r.warn != before && before != UINT64_MAX) {
			struct trace_fact f;
			char text[TRACE_TEXT_MAX];

			renewal_warning(&f, &o.r, o.now, unix_now(&o), "party1", 5);
			ASSERT(strstr(trace_format(text, &f), "party1 expires in 5s: its renewal"));
			said++;
		}
		before = o.r.warn;
	}
	ASSERT(said >= 12 && said <= 20);
	ASSERT(!renewal_warns(&o.r, o.now, unix_now(&o), &left));
	trust_free(o.trust);
}
