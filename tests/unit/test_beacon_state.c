/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The network state in a lighthouse: who is revoked is put out, and everybody else is told why.
 */
#include "tests/unit/beacons.h"
#include "tests/unit/states.h"

static struct guest *one, *two;

static struct guest *
join(const char *name, uint8_t n)
{
	uint8_t frame[FRAME_MAX];
	struct candidates c = { .seq = 1 };
	struct guest *g = arrive(name, n, 0);

	ASSERT(guest_connect(&scene, g));
	scene_run(&scene, USEC_PER_SEC);
	ASSERT(guest_say(&scene, g, frame,
	    candidates_encode(frame, sizeof(frame), FRAME_REGISTER, &c)));
	g->count = 0;
	return g;
}

/* A lighthouse, and two members with sessions that are registered. */
static void
begin(void)
{
	set_scene();
	build_lighthouse(CERT_LIGHTHOUSE | CERT_RELAY);
	light();
	one = join("party1", 2);
	two = join("party2", 3);
}

/* A state that revokes party1's key. */
static struct statement *
state(uint64_t version)
{
	struct statement *st = states_new(&root, version);

	states_revoke_key(st, &parties[2]);
	states_sign(st, &root);
	return st;
}

static void
bring(const struct statement *st)
{
	ASSERT_EQ(beacon_bring_state(
		      scene.beacon, scene.now, st->blob, st->len, &scene.out, NULL), 0);
	scene_settle(&scene);
	scene_run(&scene, 100 * USEC_PER_MS);
}

static uint8_t
answer_about(struct guest *g, const char *name)
{
	uint8_t frame[FRAME_MAX];
	struct query q = { .qid = 1, .by = QUERY_BY_NAME };
	struct reply r;
	struct frame f;

	q.name = (struct blob){ (const uint8_t *)name, (uint16_t)strlen(name) };
	ASSERT(guest_say(&scene, g, frame, query_encode(frame, sizeof(frame), &q)));
	ASSERT(got(g, FRAME_REPLY, &f));
	ASSERT_EQ(reply_decode(&r, &f), 0);
	return r.status;
}

static const struct row *
row_of(enum memory_table table, const uint8_t key[static 32])
{
	for (unsigned i = 0; i < scene.row_count; i++) {
		const struct memory *m = &scene.rows[i].memory;

		if (m->table == table && m->key_len == 32 && memcmp(m->key, key, 32) == 0)
			return &scene.rows[i];
	}
	return NULL;
}

TEST(who_is_revoked_is_put_out_and_forgotten)
{
	struct statement *st;
	struct beacon_totals t;
	struct close c;
	struct frame f;

	begin();
	st = state(1);
	ASSERT_EQ(answer_about(two, "party1"), REPLY_FOUND);
	ASSERT(row_of(MEMORY_MEMBER, parties[2].cert.key) != NULL);
	bring(st);
	ASSERT(got(one, FRAME_CLOSE, &f));
	ASSERT_EQ(close_decode(&c, &f), 0);
	ASSERT_EQ(c.reason, CLOSE_REVOKED);
	ASSERT(client_get(scene.beacon, parties[2].cert.key) == NULL);
	beacon_totals(scene.beacon, &t);
	ASSERT_EQ(t.sessions, 1);
	ASSERT_EQ(t.registrations, 1);
	ASSERT_EQ(row_of(MEMORY_MEMBER, parties[2].cert.key)->memory.value_len, 0);
	ASSERT_EQ(row_of(MEMORY_REGISTRATION, parties[2].cert.key)->memory.value_len, 0);
	ASSERT_EQ(answer_about(two, "party1"), REPLY_UNKNOWN);
	free(st);
}

TEST(who_is_revoked_gets_no_session_any_more_also_under_a_fresh_serial)
{
	struct statement *st;
	uint64_t heard;

	begin();
	st = state(1);
	bring(st);
	guest_restart(&scene, one);
	heard = one->heard_bytes;
	ASSERT(!guest_connect(&scene, one));
	parties[2].cert.serial = 99;
	certs_sign_host(&parties[2], &root);
	one->cert.len = (uint16_t)parties[2].len;
	scene_run(&scene, 20 * USEC_PER_SEC);
	ASSERT(!guest_connect(&scene, one));
	ASSERT_EQ(one->heard_bytes, heard); /* and no answer at all */
	free(st);
}

TEST(everybody_else_is_told_and_gets_the_bytes)
{
	uint8_t frame[FRAME_MAX], all[2048];
	struct blob_req q = { .len = BLOB_WINDOW_MAX };
	struct statement *st;
	struct state_adv adv;
	struct blob_part part;
	struct frame f;

	begin();
	st = state(1);
	bring(st);
	ASSERT(got(two, FRAME_STATE_ADV, &f));
	ASSERT_EQ(state_adv_decode(&adv, &f), 0);
	ASSERT_EQ(adv.id.version, 1);
	ASSERT_EQ(adv.size, st->len);
	ASSERT(st->len <= BLOB_CHUNK_MAX);
	ASSERT(guest_say(&scene, two, frame, blob_req_encode(frame, sizeof(frame), &q)));
	ASSERT(got(two, FRAME_BLOB, &f));
	ASSERT_EQ(blob_part_decode(&part, &f), 0);
	ASSERT(state_id_equal(&part.id, &adv.id));
	memcpy(all, part.bytes.p, part.bytes.len);
	ASSERT_EQ(part.bytes.len, st->len);
	ASSERT_MEM(all, st->blob, st->len);
	/* It says so again until it is said to have come. */
	scene_run(&scene, 2 * USEC_PER_SEC);
	ASSERT(got(two, FRAME_STATE_ADV, &f));
	ASSERT(guest_say(&scene, two, frame, state_adv_encode(frame, sizeof(frame), &adv)));
	two->count = 0;
	scene_run(&scene, 60 * USEC_PER_SEC);
	ASSERT(!got(two, FRAME_STATE_ADV, &f));
	free(st);
}

TEST(a_newer_one_is_pulled_from_a_member)
{
	uint8_t frame[FRAME_MAX];
	struct state_adv adv = { .size = 1 };
	struct blob_part part;
	struct blob_req q;
	struct statement *st;
	struct spread_view v;
	struct frame f;
	bool revoked;

	begin();
	st = state(7);
	adv.id.version = 7;
	memcpy(adv.id.hash, st->s.fingerprint, sizeof(adv.id.hash));
	part = (struct blob_part){ .id = adv.id, .size = (uint32_t)st->len };
	part.bytes = (struct blob){ st->blob, (uint16_t)st->len };
	/* Nobody has asked for this. */
	ASSERT(guest_say(&scene, two, frame, blob_part_encode(frame, sizeof(frame), &part)));
	beacon_state_view(scene.beacon, scene.now, &v, &revoked);
	ASSERT_EQ(v.held.version, 0);
	ASSERT(guest_say(&scene, two, frame, state_adv_encode(frame, sizeof(frame), &adv)));
	scene_run(&scene, USEC_PER_MS);
	ASSERT(got(two, FRAME_BLOB_REQ, &f));
	ASSERT_EQ(blob_req_decode(&q, &f), 0);
	ASSERT_EQ(q.id.version, 0);
	ASSERT(guest_say(&scene, two, frame, blob_part_encode(frame, sizeof(frame), &part)));
	scene_run(&scene, 100 * USEC_PER_MS);
	beacon_state_view(scene.beacon, scene.now, &v, &revoked);
	ASSERT_EQ(v.held.version, 7);
	ASSERT_EQ(v.entries, 1);
	ASSERT(!revoked);
	ASSERT(got(one, FRAME_CLOSE, &f));
	free(st);
}

TEST(a_restart_forgets_no_revocation)
{
	struct statement *st;

	begin();
	st = state(1);
	bring(st);
	beacon_free(scene.beacon);
	light();
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < scene.row_count; i++) {
			const struct memory *m = &scene.rows[i].memory;

			if (m->value_len > 0 && (m->table == MEMORY_STATE) == (pass == 0))
				ASSERT_EQ(beacon_recall(scene.beacon, scene.now, m), 0);
		}
	guest_restart(&scene, one);
	guest_restart(&scene, two);
	ASSERT(!guest_connect(&scene, one));
	ASSERT(guest_connect(&scene, two));
	free(st);
}

TEST(a_lighthouse_that_is_revoked_says_so)
{
	struct statement *st;
	struct spread_view v;
	bool revoked;

	begin();
	st = states_new(&root, 1);
	states_revoke_key(st, &lighthouse);
	states_sign(st, &root);
	bring(st);
	beacon_state_view(scene.beacon, scene.now, &v, &revoked);
	ASSERT(revoked);
	free(st);
}
