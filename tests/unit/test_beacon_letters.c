/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Letters at a lighthouse: left, handed out in turn until they are answered, and nobody's but theirs.
 */
#include "tests/unit/beacons.h"
#include "tests/unit/states.h"

static struct guest *one, *two;

static void
sign_in(struct guest *g)
{
	uint8_t frame[FRAME_MAX];
	struct candidates c = { .seq = 1 };

	g->count = 0;
	ASSERT(guest_say(&scene, g, frame,
	    candidates_encode(frame, sizeof(frame), FRAME_REGISTER, &c)));
	scene_run(&scene, 100 * USEC_PER_MS);
}

static struct guest *
join(const char *name, uint8_t n)
{
	struct guest *g = arrive(name, n, 0);

	ASSERT(guest_connect(&scene, g));
	scene_run(&scene, USEC_PER_SEC);
	sign_in(g);
	return g;
}

static void
begin(void)
{
	set_scene();
	build_lighthouse(CERT_LIGHTHOUSE);
	light();
	one = join("party1", 2);
	two = join("party2", 3);
}

static uint8_t letter[LETTER_MAX];

static void
leave_pieces(struct guest *from, uint8_t n, uint8_t id, size_t size, unsigned which)
{
	memset(letter, id, sizeof(letter));
	for (size_t at = 0; at < size; at += LETTER_CHUNK) {
		uint8_t frame[FRAME_MAX];
		struct letter_part p = letter_part_of(
		    parties[n].cert.key, (uint8_t[LETTER_ID_LEN]){ id }, letter, size, at);

		if ((which >> at / LETTER_CHUNK & 1) != 0)
			ASSERT(guest_say(&scene, from, frame,
			    letter_part_encode(frame, sizeof(frame), &p)));
	}
	scene_run(&scene, 100 * USEC_PER_MS);
}

/* `from` leaves a letter for the member `n`: what the lighthouse says to it; 0: nothing. */
static int
leave(struct guest *from, uint8_t n, uint8_t id, size_t size)
{
	struct letter_ack a;
	struct frame f;

	from->count = 0;
	leave_pieces(from, n, id, size, ~0u);
	if (!got(from, FRAME_LETTER_ACK, &f))
		return 0;
	ASSERT_EQ(letter_ack_decode(&a, &f), 0);
	ASSERT_MEM(a.key, parties[n].cert.key, 32);
	ASSERT_EQ(a.id[0], id);
	return a.status;
}

/* The id of the letter by member `n` that has come to `g` whole, at its `size`; 0: none has. */
static uint8_t
brought(struct guest *g, uint8_t n, size_t size)
{
	static struct letter_pieces ps;
	bool begun = false;

	for (unsigned i = 0; i < g->count && i < INBOX_MAX; i++) {
		struct letter_part p;
		struct frame f;

		if (frame_open(&f, g->inbox[i].bytes, g->inbox[i].len) != FRAME_SPOKEN ||
		    f.type != FRAME_LETTER)
			continue;
		ASSERT_EQ(letter_part_decode(&p, &f), 0);
		ASSERT_MEM(p.key, parties[n].cert.key, 32);
		if (!begun)
			letter_pieces_begin(&ps, &p);
		begun = true;
		ASSERT(letter_pieces_fit(&ps, &p));
		if (letter_pieces_add(&ps, &p)) {
			ASSERT_EQ(ps.size, size);
			ASSERT_EQ(ps.bytes[size - 1], ps.id[0]);
			return ps.id[0];
		}
	}
	return 0;
}

static void
answer(struct guest *g, uint8_t n, uint8_t id, uint8_t status)
{
	uint8_t frame[FRAME_MAX];
	struct letter_ack a = { .status = status, .id = { id } };

	memcpy(a.key, parties[n].cert.key, sizeof(a.key));
	g->count = 0;
	ASSERT(guest_say(&scene, g, frame, letter_ack_encode(frame, sizeof(frame), &a)));
	scene_run(&scene, 100 * USEC_PER_MS);
}

static uint32_t
kept(void)
{
	struct beacon_totals t;

	beacon_totals(scene.beacon, &t);
	return t.letters;
}

TEST(a_letter_comes_to_who_registers_until_it_is_answered)
{
	struct guest *three;

	begin();
	three = arrive("party3", 4, 0);
	ASSERT_EQ(leave(one, 4, 7, 3000), LETTER_TAKEN);
	ASSERT_EQ(kept(), 1);
	ASSERT(guest_connect(&scene, three));
	scene_run(&scene, USEC_PER_SEC);
	sign_in(three);
	for (unsigned i = 0; i < 3; i++) {
		ASSERT_EQ(brought(three, 2, 3000), 7);
		ASSERT_EQ(kept(), 1);
		scene_run(&scene, USEC_PER_SEC);
		sign_in(three);
	}
	answer(three, 2, 7, LETTER_TAKEN);
	ASSERT_EQ(kept(), 0);
	sign_in(three);
	ASSERT_EQ(brought(three, 2, 3000), 0);
	scene_free(&scene);
}

TEST(who_is_there_gets_a_letter_at_once_and_the_next_with_its_answer)
{
	begin();
	two->count = 0;
	ASSERT_EQ(leave(one, 3, 7, 2000), LETTER_TAKEN);
	ASSERT_EQ(brought(two, 2, 2000), 7);
	two->count = 0;
	ASSERT_EQ(leave(one, 3, 8, 2000), LETTER_TAKEN);
	ASSERT_EQ(leave(one, 3, 9, 2000), LETTER_TAKEN);
	ASSERT_EQ(brought(two, 2, 2000), 0); /* one at a time */
	answer(two, 2, 7, LETTER_TAKEN);
	ASSERT_EQ(brought(two, 2, 2000), 8);
	answer(two, 2, 8, LETTER_FULL);
	ASSERT_EQ(brought(two, 2, 2000), 0); /* no more until it registers */
	sign_in(two);
	ASSERT_EQ(brought(two, 2, 2000), 9);
	answer(two, 2, 9, LETTER_REFUSED);
	ASSERT_EQ(brought(two, 2, 2000), 8);
	ASSERT_EQ(kept(), 1);
	scene_free(&scene);
}

TEST(a_letter_of_which_a_piece_is_lost_is_not_kept_before_that_has_come)
{
	begin();
	one->count = two->count = 0;
	leave_pieces(one, 3, 7, 3000, 5);
	ASSERT_EQ(kept(), 0);
	leave_pieces(one, 3, 7, 3000, 2);
	ASSERT_EQ(kept(), 1);
	ASSERT_EQ(brought(two, 2, 3000), 7);
	scene_free(&scene);
}

TEST(nobody_answers_for_others_or_writes_to_itself)
{
	begin();
	ASSERT_EQ(leave(one, 3, 7, 2000), LETTER_TAKEN);
	answer(one, 2, 7, LETTER_TAKEN);
	answer(one, 3, 7, LETTER_TAKEN);
	ASSERT_EQ(kept(), 1);
	ASSERT_EQ(leave(one, 2, 7, 2000), LETTER_REFUSED);
	ASSERT_EQ(kept(), 1);
	scene_free(&scene);
}

TEST(letters_last_over_a_restart)
{
	begin();
	ASSERT_EQ(leave(one, 4, 7, 3000), LETTER_TAKEN);
	ASSERT_EQ(leave(two, 4, 8, 200), LETTER_TAKEN);
	restart();
	ASSERT_EQ(kept(), 2);
	scene_free(&scene);
}

TEST(letters_of_who_is_revoked_go_with_it)
{
	struct statement *st;

	begin();
	ASSERT_EQ(leave(one, 4, 7, 200), LETTER_TAKEN);
	ASSERT_EQ(leave(two, 4, 8, 200), LETTER_TAKEN);
	st = states_new(&root, 1);
	states_revoke_key(st, &parties[2]);
	states_sign(st, &root);
	ASSERT_EQ(beacon_bring_state(
		      scene.beacon, scene.now, st->blob, st->len, &scene.out, NULL), 0);
	free(st);
	scene_settle(&scene);
	scene_run(&scene, USEC_PER_SEC);
	ASSERT_EQ(kept(), 1);
	restart();
	ASSERT_EQ(kept(), 1);
	scene_free(&scene);
}

TEST(letters_that_nobody_fetches_are_forgotten)
{
	begin();
	ASSERT_EQ(leave(one, 4, 7, 200), LETTER_TAKEN);
	scene.now.wall += (LETTERS_TIME + 1) * USEC_PER_SEC;
	scene_run(&scene, BEACON_EXPIRE_EVERY + USEC_PER_SEC);
	ASSERT_EQ(kept(), 0);
	scene_free(&scene);
}
