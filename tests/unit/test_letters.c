/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_letters.c - the letters that a lighthouse keeps, against a model; its bounds; and its memory.
 */
#include "lighthouse/letters.h"
#include "tests/unit/certs.h"
#include "tests/unit/test.h"

#define NOW UINT64_C(1700000000)

static struct outbox out;
static struct rng rng;
static struct letters *letters;

static void
begin(void)
{
	rng = certs_rng();
	ASSERT_EQ(outbox_init(&out, 64, 1 << 20), 0);
	letters = letters_new(&rng);
	ASSERT(letters != NULL);
}

static void
end(void)
{
	letters_free(letters);
	outbox_free(&out);
}

struct who {
	uint8_t key[32];
};

static struct who
who(unsigned n)
{
	struct who w = { { (uint8_t)n, (uint8_t)(n >> 8), 1 } };

	return w;
}

/* Leaves a letter of `size` bytes, all of them `fill`. What the last piece came to. */
static int
leave(unsigned from, unsigned to, uint8_t id, size_t size, uint8_t fill)
{
	const struct letter_row *row = NULL;
	uint8_t bytes[LETTER_MAX], name[LETTER_ID_LEN] = { id };
	int rc = 0;

	memset(bytes, fill, size);
	for (size_t at = 0; at < size; at += LETTER_CHUNK) {
		struct letter_part p = letter_part_of(who(to).key, name, bytes, size, at);

		ASSERT_EQ(rc, 0);
		rc = letters_part(letters, NOW, who(from).key, &p, &out, &row);
	}
	ASSERT((rc == LETTER_TAKEN) == (row != NULL));
	outbox_reset(&out);
	return rc;
}

static bool
ack(unsigned to, unsigned from, uint8_t id, uint8_t status)
{
	bool is = letters_ack(letters, who(to).key, who(from).key, (uint8_t[LETTER_ID_LEN]){ id },
	    status, &out);

	outbox_reset(&out);
	return is;
}

TEST(a_letter_waits_until_it_is_taken)
{
	const struct letter_row *r;

	begin();
	ASSERT_EQ(leave(1, 2, 1, 3000, 0xaa), LETTER_TAKEN);
	r = letters_for(letters, who(2).key);
	ASSERT(r != NULL && r->size == 3000 && r->bytes[2999] == 0xaa);
	ASSERT_MEM(r->from, who(1).key, 32);
	ASSERT(letters_for(letters, who(1).key) == NULL);
	ASSERT(!ack(2, 3, 1, LETTER_TAKEN));
	ASSERT(!ack(1, 2, 1, LETTER_TAKEN));
	ASSERT(!ack(2, 1, 2, LETTER_TAKEN));
	ASSERT(ack(2, 1, 1, LETTER_TAKEN));
	ASSERT(letters_for(letters, who(2).key) == NULL);
	ASSERT_EQ(letters_count(letters), 0);
	end();
}

TEST(another_letter_of_its_name_takes_its_place_and_the_same_one_changes_nothing)
{
	begin();
	ASSERT_EQ(leave(1, 2, 1, 200, 0xaa), LETTER_TAKEN);
	ASSERT_EQ(leave(1, 2, 1, 200, 0xaa), LETTER_TAKEN);
	ASSERT_EQ(leave(1, 2, 1, 300, 0xbb), LETTER_TAKEN);
	ASSERT_EQ(letters_count(letters), 1);
	ASSERT_EQ(letters_for(letters, who(2).key)->bytes[0], 0xbb);
	ASSERT_EQ(leave(3, 2, 1, 200, 0xaa), LETTER_TAKEN);
	ASSERT_EQ(letters_count(letters), 2);
	end();
}

TEST(a_letter_for_which_there_is_no_room_there_is_the_last_one_then)
{
	begin();
	for (uint8_t id = 1; id <= 3; id++)
		ASSERT_EQ(leave(1, 2, id, 200, id), LETTER_TAKEN);
	ASSERT(ack(2, 1, 1, LETTER_FULL));
	ASSERT_EQ(letters_for(letters, who(2).key)->id[0], 2);
	ASSERT(ack(2, 1, 2, LETTER_REFUSED));
	ASSERT(ack(2, 1, 3, LETTER_TAKEN));
	ASSERT_EQ(letters_for(letters, who(2).key)->id[0], 1);
	end();
}

TEST(who_leaves_too_many_is_told_and_takes_nobodys_room)
{
	unsigned n = 0;

	begin();
	while (n < 1000 && leave(1, 2, (uint8_t)n, 200, 1) == LETTER_TAKEN)
		n++;
	ASSERT_EQ(n, LETTERS_PAIR);
	for (unsigned to = 3; to < 1000 && leave(1, to, 1, 200, 1) == LETTER_TAKEN; to++)
		n++;
	ASSERT_EQ(n, LETTERS_FROM);
	ASSERT_EQ(leave(4, 2, 1, 200, 1), LETTER_TAKEN);
	n = 0;
	while (n < 1000 && leave(10 + n, 5000, 1, 200, 1) == LETTER_TAKEN)
		n++;
	ASSERT_EQ(n, LETTERS_TO);
	end();
}

TEST(all_letters_together_are_bounded)
{
	unsigned n = 0;

	begin();
	while (n < 10000 && leave(n % 1000, 2000 + n / 16, 1, LETTER_MAX, 1) == LETTER_TAKEN)
		n++;
	ASSERT_EQ(n, LETTERS_BYTES / LETTER_MAX);
	ASSERT_EQ(leave(5000, 5001, 1, LETTERS_BYTES % LETTER_MAX + 1, 1), LETTER_FULL);
	end();
	begin();
	for (n = 0; n < 10000; n++) {
		if (leave(n % 1000, 2000 + n / 16, 1, 200, 1) != LETTER_TAKEN)
			break;
	}
	ASSERT_EQ(n, LETTERS_MAX);
	end();
}

TEST(a_letter_that_was_begun_makes_room_for_the_next_of_the_same)
{
	uint8_t bytes[LETTER_MAX] = { 0 };
	const struct letter_row *row = NULL;
	struct letter_part p;

	begin();
	p = letter_part_of(who(2).key, (uint8_t[LETTER_ID_LEN]){ 1 }, bytes, 3000, 0);
	ASSERT_EQ(letters_part(letters, NOW, who(1).key, &p, &out, &row), 0);
	ASSERT_EQ(leave(1, 2, 2, 3000, 7), LETTER_TAKEN);
	for (size_t at = LETTER_CHUNK; at < 3000; at += LETTER_CHUNK) {
		p = letter_part_of(
		    who(2).key, (uint8_t[LETTER_ID_LEN]){ 1 }, bytes, 3000, at);
		ASSERT_EQ(letters_part(letters, NOW, who(1).key, &p, &out, &row), 0);
	}
	/* The same id for another is another letter: their pieces are not mixed. */
	p = letter_part_of(who(2).key, (uint8_t[LETTER_ID_LEN]){ 3 }, bytes, 2000, 0);
	ASSERT_EQ(letters_part(letters, NOW, who(1).key, &p, &out, &row), 0);
	p = letter_part_of(who(3).key, (uint8_t[LETTER_ID_LEN]){ 3 }, bytes, 2000, LETTER_CHUNK);
	ASSERT_EQ(letters_part(letters, NOW, who(1).key, &p, &out, &row), 0);
	ASSERT_EQ(letters_count(letters), 1);
	/* However many begin one and never end it. */
	for (unsigned n = 10; n < 1000; n++)
		ASSERT_EQ(letters_part(letters, NOW, who(n).key, &p, &out, &row), 0);
	ASSERT_EQ(leave(5, 6, 1, 3000, 7), LETTER_TAKEN);
	end();
}

TEST(who_is_no_member_any_more_leaves_nothing_behind)
{
	begin();
	ASSERT_EQ(leave(1, 2, 1, 200, 1), LETTER_TAKEN);
	ASSERT_EQ(leave(2, 1, 1, 200, 1), LETTER_TAKEN);
	ASSERT_EQ(leave(2, 3, 1, 200, 1), LETTER_TAKEN);
	letters_forget(letters, who(1).key, &out);
	ASSERT_EQ(letters_count(letters), 1);
	ASSERT(letters_for(letters, who(3).key) != NULL);
	end();
}

TEST(a_letter_waits_for_thirty_days)
{
	begin();
	ASSERT_EQ(leave(1, 2, 1, 200, 1), LETTER_TAKEN);
	letters_expire(letters, NOW + LETTERS_TIME, &out);
	ASSERT_EQ(letters_count(letters), 1);
	letters_expire(letters, NOW + LETTERS_TIME + 1, &out);
	ASSERT_EQ(letters_count(letters), 0);
	end();
}

TEST(what_lasts_is_what_there_was_and_garbage_is_refused)
{
	uint8_t bytes[LETTER_MAX], copy[LETTER_MAX + 200];
	const struct letter_row *row = NULL;
	struct letter_part p;
	struct memory kept;

	begin();
	test_fill(bytes, sizeof(bytes));
	p = letter_part_of(who(2).key, (uint8_t[LETTER_ID_LEN]){ 1 }, bytes, 900, 0);
	ASSERT_EQ(letters_part(letters, NOW, who(1).key, &p, &out, &row), LETTER_TAKEN);
	ASSERT_EQ(out.count, 1);
	kept = out.effects[0].memory;
	ASSERT_EQ(kept.table, MEMORY_LETTER);
	memcpy(copy, kept.value, kept.value_len);
	kept.value = copy;
	ASSERT_EQ(letters_recall(letters, NOW, &kept), ERR_CONFLICT);
	outbox_reset(&out);
	ASSERT(letters_ack(letters, who(2).key, who(1).key, p.id, LETTER_TAKEN, &out));
	ASSERT_EQ(out.count, 1);
	ASSERT_EQ(out.effects[0].memory.value_len, 0);
	ASSERT_MEM(out.effects[0].memory.key, kept.key, kept.key_len);
	ASSERT_EQ(letters_recall(letters, NOW + LETTERS_TIME + 1, &kept), ERR_EXPIRED);
	for (uint32_t len = 0; len < kept.value_len; len++) {
		struct memory cut = kept;

		cut.value_len = len;
		if (len < kept.value_len - 900 + LETTER_MIN)
			ASSERT(letters_recall(letters, NOW, &cut) < 0);
	}
	copy[0]++;
	ASSERT_EQ(letters_recall(letters, NOW, &kept), ERR_FORMAT);
	copy[0]--;
	copy[1]++; /* of somebody else: the key is not of that */
	ASSERT_EQ(letters_recall(letters, NOW, &kept), ERR_FORMAT);
	copy[1]--;
	ASSERT_EQ(letters_recall(letters, NOW, &kept), 0);
	row = letters_for(letters, who(2).key);
	ASSERT(row != NULL && row->size == 900 && row->until == NOW + LETTERS_TIME);
	ASSERT_MEM(row->bytes, bytes, 900);
	end();
}

/* Ten members, three ids: what is left and taken at random, beside a list of what should be there. */
TEST(whatever_is_left_and_taken_what_waits_is_what_a_list_says)
{
	static uint8_t model[10][10][3]; /* what fills the letter; 0: there is none */
	unsigned want = 0;

	begin();
	for (unsigned step = 0; step < 20000; step++) {
		unsigned from = test_below(10), to = test_below(10), id = test_below(3);
		uint8_t fill = (uint8_t)(1 + test_below(255)), *m = &model[from][to][id];

		if (test_below(2) == 0) {
			ASSERT_EQ(leave(from, to, (uint8_t)id, LETTER_MIN + test_below(2000), fill),
			    LETTER_TAKEN);
			want += *m == 0;
			*m = fill;
		} else {
			ASSERT_EQ(ack(to, from, (uint8_t)id, LETTER_TAKEN), *m != 0);
			want -= *m != 0;
			*m = 0;
		}
		ASSERT_EQ(letters_count(letters), want);
		if (letters_for(letters, who(to).key) != NULL) {
			const struct letter_row *r = letters_for(letters, who(to).key);

			ASSERT_EQ(model[r->from[0]][to][r->id[0]], r->bytes[0]);
		}
	}
	end();
}
