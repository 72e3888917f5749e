/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The network state on its way from one to another: what is believed, in which order it is written
 * and enforced, and what is noticed when somebody does not mean well.
 */
#include "core/spread.h"
#include "core/trace.h"
#include "tests/unit/states.h"

#define ENGINES 6

/* One engine's part in it, and whatever it wanted done. */
struct engine {
	struct trust *trust;
	struct spread *spread;
	struct spread_mark marks[ENGINES]; /* of the others */
	uint8_t key[32];
	uint64_t ticket;  /* of the last row that it waits for */
	bool disk_broken; /* nothing is ever written */
	unsigned rows[3];
	uint8_t row[3][NETSTATE_BLOB_MAX]; /* the last of each kind */
	size_t row_len[3];
	unsigned facts[TRACE_WHAT_COUNT];
};

static struct authority root;
static struct engine engines[ENGINES];
static struct outbox out;
static struct instant now;

static void
engine_new(struct engine *e, uint8_t n)
{
	struct rng rng = certs_rng();

	*e = (struct engine){ .key = { n } };
	e->trust = trust_new(&rng);
	ASSERT(e->trust != NULL);
	ASSERT_EQ(trust_add(e->trust, root.bytes, root.len, now.wall, NULL), 0);
	e->spread = spread_new(e->trust);
	ASSERT(e->spread != NULL);
}

static void
engine_free(struct engine *e)
{
	spread_free(e->spread);
	trust_free(e->trust);
}

static void
begin(void)
{
	now = (struct instant){ .mono = USEC_PER_SEC, .wall = CERTS_WALL };
	if (out.cap == 0)
		ASSERT_EQ(outbox_init(&out, 64, 1 << 20), 0);
	root = certs_root();
	for (uint8_t i = 0; i < ENGINES; i++) {
		engine_free(&engines[i]);
		engine_new(&engines[i], (uint8_t)(i + 1));
	}
}

/* Carries out what `e` wants done. */
static void
settle(struct engine *e)
{
	for (uint32_t i = 0; i < out.count; i++) {
		const struct effect *f = &out.effects[i];
		uint8_t row;

		if (f->kind == EFFECT_TRACE)
			e->facts[f->fact->what]++;
		if (f->kind != EFFECT_REMEMBER)
			continue;
		ASSERT_EQ(f->memory.table, MEMORY_STATE);
		row = f->memory.key[0];
		e->rows[row]++;
		e->row_len[row] = f->memory.value_len;
		memcpy(e->row[row], f->memory.value, f->memory.value_len);
		if (f->memory.ticket != 0)
			e->ticket = f->memory.ticket;
	}
	ASSERT_EQ(out.dropped, 0);
	outbox_reset(&out);
}

/* The disk has done its work. */
static void
disk(struct engine *e)
{
	if (e->disk_broken)
		return;
	spread_written(e->spread, now, e->ticket, &out);
	settle(e);
}

static struct statement *
state(uint64_t version, uint64_t serial)
{
	struct statement *st = states_new(&root, version);

	states_revoke_serial(st, &root, serial, serial);
	states_sign(st, &root);
	return st;
}

static struct state_id
id_of(const struct statement *st)
{
	struct state_id id = { .version = st->s.version };

	memcpy(id.hash, st->s.fingerprint, sizeof(id.hash));
	return id;
}

static int
bring(struct engine *e, const struct statement *st)
{
	int rc = spread_bring(e->spread, now, st->blob, st->len, &out, NULL);

	settle(e);
	return rc;
}

/* It is brought, and written. */
static void
install(struct engine *e, const struct statement *st)
{
	struct state_id id = id_of(st), held;

	ASSERT_EQ(bring(e, st), 0);
	disk(e);
	held = spread_held(e->spread);
	ASSERT(state_id_equal(&held, &id));
}

/* `from` says in a HELLO to `to` what it holds. */
static void
hello(struct engine *to, const struct engine *from)
{
	struct state_id id = spread_held(from->spread);

	spread_says(to->spread, now, &to->marks[from->key[0] - 1], from->key, "another", &id, &out);
	settle(to);
}

/* All that is due at `e`: requests, what answers them, `loss` of 100 lost. Frames go through bytes. */
static void
run(struct engine *e, unsigned loss)
{
	struct pull_ask ask;

	while (spread_tick(e->spread, now, &ask, &out)) {
		const struct engine *from = &engines[ask.key[0] - 1];
		uint8_t bytes[FRAME_MAX];
		uint32_t done = 0;
		int n;

		settle(e);
		while ((n = spread_answer(from->spread, &ask.req, &done, bytes, sizeof(bytes))) > 0) {
			struct blob_part part;
			struct state_adv adv;
			struct frame f;

			if (test_below(100) < loss)
				continue;
			ASSERT_EQ(frame_open(&f, bytes, (size_t)n), FRAME_SPOKEN);
			if (f.type == FRAME_STATE_ADV) {
				ASSERT_EQ(state_adv_decode(&adv, &f), 0);
				spread_says(e->spread, now, &e->marks[ask.key[0] - 1], ask.key,
				    "another", &adv.id, &out);
			} else {
				ASSERT_EQ(blob_part_decode(&part, &f), 0);
				spread_part(e->spread, now, ask.key, &part, &out);
			}
			settle(e);
		}
	}
	settle(e);
}

static bool
holds(const struct engine *e, const struct statement *st)
{
	struct state_id id = id_of(st), held = spread_held(e->spread);

	return state_id_equal(&held, &id);
}

static void
pass(usec_t time)
{
	now.mono += time;
	now.wall += time;
}

TEST(a_newer_state_is_pulled_then_written_and_only_then_in_force)
{
	struct statement *one;
	uint32_t turn;

	begin();
	one = state(1, 7);
	install(&engines[0], one);
	turn = spread_turn(engines[1].spread);
	hello(&engines[1], &engines[0]);
	run(&engines[1], 0);
	ASSERT_EQ(spread_held(engines[1].spread).version, 0);
	ASSERT(trust_state(engines[1].trust) == NULL);
	ASSERT_EQ(spread_turn(engines[1].spread), turn);
	ASSERT_EQ(engines[1].rows[0], 1);
	ASSERT_MEM(engines[1].row[0], one->blob, one->len);
	disk(&engines[1]);
	ASSERT(holds(&engines[1], one));
	ASSERT(trust_state(engines[1].trust) != NULL);
	ASSERT(spread_turn(engines[1].spread) != turn);
	ASSERT_EQ(engines[1].facts[TRACE_STATE_NEW], 1);
	free(one);
}

TEST(a_disk_that_takes_nothing_does_not_keep_a_revocation_away)
{
	struct statement *one;
	struct spread_view v;

	begin();
	one = state(1, 7);
	engines[0].disk_broken = true;
	ASSERT_EQ(bring(&engines[0], one), 0);
	ASSERT_EQ(spread_due(engines[0].spread), now.mono + SPREAD_DISK_TIME);
	pass(SPREAD_DISK_TIME);
	run(&engines[0], 0);
	ASSERT(holds(&engines[0], one));
	ASSERT_EQ(engines[0].facts[TRACE_STATE_UNWRITTEN], 1);
	spread_view(engines[0].spread, now, &v);
	ASSERT(v.unwritten);
	pass(120 * USEC_PER_SEC);
	run(&engines[0], 0);
	ASSERT_EQ(engines[0].rows[0], 2);
	engines[0].disk_broken = false;
	disk(&engines[0]);
	spread_view(engines[0].spread, now, &v);
	ASSERT(!v.unwritten);
	free(one);
}

TEST(nobody_goes_back)
{
	struct statement *one, *two;
	struct spread_view v;

	begin();
	one = state(1, 7);
	two = state(2, 7);
	install(&engines[0], two);
	ASSERT_EQ(bring(&engines[0], one), ERR_SUPERSEDED);
	ASSERT_EQ(bring(&engines[0], two), ERR_SUPERSEDED);
	install(&engines[1], one);
	hello(&engines[0], &engines[1]);
	ASSERT_EQ(spread_due(engines[0].spread), now.mono); /* nothing to pull, only its age */
	run(&engines[0], 0);
	ASSERT(holds(&engines[0], two));
	spread_view(engines[0].spread, now, &v);
	ASSERT_EQ(v.rollbacks, 0); /* to be behind is no offence */
	free(one);
	free(two);
}

TEST(who_held_a_newer_one_and_goes_back_is_named)
{
	struct statement *one, *two;
	struct state_id old;
	struct spread_view v;

	begin();
	one = state(1, 7);
	two = state(2, 7);
	old = id_of(one);
	install(&engines[0], two);
	install(&engines[1], two);
	hello(&engines[0], &engines[1]);
	spread_says(engines[0].spread, now, &engines[0].marks[1], engines[1].key, "lh1", &old, &out);
	settle(&engines[0]);
	ASSERT_EQ(engines[0].facts[TRACE_STATE_BACK], 1);
	spread_view(engines[0].spread, now, &v);
	ASSERT_EQ(v.rollbacks, 1);
	ASSERT_STR(v.culprit, "lh1");
	ASSERT(spread_lags(engines[0].spread, &engines[0].marks[1]));
	free(one);
	free(two);
}

/* Engine 0 is told that engine 1 holds `claimed`, asks, and gets `blob`. */
static void
lie(const struct state_id *claimed, const uint8_t *blob, size_t len)
{
	struct pull_ask ask;
	struct blob_part part = { .id = *claimed, .size = (uint32_t)len };

	part.bytes = (struct blob){ blob, (uint16_t)len };
	ASSERT(len <= BLOB_CHUNK_MAX);
	spread_says(engines[0].spread, now, &engines[0].marks[1], engines[1].key, "liar", claimed,
	    &out);
	ASSERT(spread_tick(engines[0].spread, now, &ask, &out));
	ASSERT_MEM(ask.key, engines[1].key, 32);
	spread_part(engines[0].spread, now, ask.key, &part, &out);
	settle(&engines[0]);
}

TEST(an_older_state_under_a_newer_name_is_a_rollback)
{
	struct state_id claimed = { .version = 9, .hash = { 1 } };
	struct statement *one, *two;
	struct spread_view v;

	begin();
	one = state(1, 7);
	two = state(2, 7);
	install(&engines[0], two);
	lie(&claimed, one->blob, one->len);
	spread_view(engines[0].spread, now, &v);
	ASSERT_EQ(v.rollbacks, 1);
	ASSERT_STR(v.culprit, "liar");
	ASSERT(holds(&engines[0], two));
	free(one);
	free(two);
}

TEST(rubbish_is_refused_and_an_honest_source_is_asked_next)
{
	struct state_id claimed = { .version = UINT64_MAX, .hash = { 1 } };
	uint8_t rubbish[100];
	struct statement *one;
	struct spread_view v;

	begin();
	one = state(1, 7);
	install(&engines[2], one);
	hello(&engines[0], &engines[2]);
	test_fill(rubbish, sizeof(rubbish));
	lie(&claimed, rubbish, sizeof(rubbish)); /* it promises more, so it is asked first */
	ASSERT_EQ(engines[0].facts[TRACE_STATE_REFUSED], 1);
	run(&engines[0], 0);
	disk(&engines[0]);
	ASSERT(holds(&engines[0], one));
	spread_view(engines[0].spread, now, &v);
	ASSERT_EQ(v.refused, 1);
	ASSERT_EQ(v.pulled, 1);
	free(one);
}

TEST(two_states_of_one_version_are_noticed_and_both_kept)
{
	struct statement *one, *other, *next;
	struct spread_view v;
	struct state_id id;

	begin();
	one = state(1, 7);
	other = state(1, 8);
	next = state(2, 8);
	id = id_of(other);
	install(&engines[0], one);
	install(&engines[1], other);
	for (int i = 0; i < 3; i++) { /* it is fetched once */
		hello(&engines[0], &engines[1]);
		run(&engines[0], 0);
		pass(USEC_PER_SEC);
	}
	ASSERT_EQ(engines[0].facts[TRACE_STATE_FORK], 1);
	ASSERT_EQ(engines[0].rows[1], 1);
	ASSERT_MEM(engines[0].row[1], one->blob, one->len);
	ASSERT_MEM(engines[0].row[2], other->blob, other->len);
	ASSERT(holds(&engines[0], one));
	install(&engines[0], next);
	spread_view(engines[0].spread, now, &v);
	ASSERT(state_id_equal(&v.fork, &id)); /* what comes later does not undo it */
	free(one);
	free(other);
	free(next);
}

TEST(what_is_remembered_is_judged_like_what_is_heard)
{
	struct statement *one, *other;
	uint8_t held = 0, ours = 1, theirs = 2, more = 3;
	struct spread_view v;

	begin();
	one = state(1, 7);
	other = state(1, 8);
	ASSERT_EQ(spread_recall(engines[0].spread, now, &held, 1, one->blob, one->len), 0);
	ASSERT_EQ(spread_recall(engines[0].spread, now, &ours, 1, one->blob, one->len), 0);
	ASSERT_EQ(spread_recall(engines[0].spread, now, &theirs, 1, other->blob, other->len), 0);
	ASSERT(holds(&engines[0], one));
	spread_view(engines[0].spread, now, &v);
	ASSERT_EQ(v.fork.version, 1);
	ASSERT(!v.unwritten);
	ASSERT(spread_recall(engines[1].spread, now, &more, 1, one->blob, one->len) < 0);
	ASSERT(spread_recall(engines[1].spread, now, &held, 0, one->blob, one->len) < 0);
	one->blob[one->len / 2] ^= 1;
	ASSERT(spread_recall(engines[1].spread, now, &held, 1, one->blob, one->len) < 0);
	ASSERT_EQ(spread_held(engines[1].spread).version, 0);
	free(one);
	free(other);
}

TEST(a_state_without_a_successor_is_late_and_then_expired_and_said_to_be_so_once)
{
	struct statement *one;
	struct spread_view v;

	begin();
	one = state(1, 7);
	install(&engines[0], one);
	for (int day = 0; day < 40; day++) {
		pass(CERTS_DAY * USEC_PER_SEC);
		run(&engines[0], 0);
		spread_view(engines[0].spread, now, &v);
		ASSERT_EQ(v.late, day + 1 > 7 && day + 1 <= 30);
		ASSERT_EQ(v.expired, day + 1 > 30);
	}
	ASSERT_EQ(engines[0].facts[TRACE_STATE_LATE], 1);
	ASSERT_EQ(engines[0].facts[TRACE_STATE_EXPIRED], 1);
	free(one);
}

TEST(others_are_told_until_they_say_that_they_have_it)
{
	struct statement *one;
	uint32_t turn;
	unsigned turns = 0;

	begin();
	one = state(1, 7);
	install(&engines[0], one);
	ASSERT(spread_lags(engines[0].spread, &engines[0].marks[1]));
	turn = spread_turn(engines[0].spread);
	for (int s = 0; s < 100; s++) {
		pass(USEC_PER_SEC);
		run(&engines[0], 0);
		turns += spread_turn(engines[0].spread) != turn;
		turn = spread_turn(engines[0].spread);
	}
	ASSERT_EQ(turns, SPREAD_TELLS);
	install(&engines[1], one);
	hello(&engines[0], &engines[1]);
	ASSERT(!spread_lags(engines[0].spread, &engines[0].marks[1]));
	free(one);
}

TEST(who_asks_for_what_is_not_held_any_more_is_told_what_is)
{
	struct statement *one, *two;
	uint8_t bytes[FRAME_MAX];
	struct blob_req q = { .len = BLOB_WINDOW_MAX };
	struct state_adv adv;
	uint32_t done = 0;
	struct frame f;
	int n;

	begin();
	n = spread_answer(engines[0].spread, &q, &done, bytes, sizeof(bytes));
	ASSERT_EQ(frame_open(&f, bytes, (size_t)n), FRAME_SPOKEN);
	ASSERT_EQ(state_adv_decode(&adv, &f), 0);
	ASSERT_EQ(adv.id.version, 0);
	ASSERT_EQ(spread_answer(engines[0].spread, &q, &done, bytes, sizeof(bytes)), 0);
	one = state(1, 7);
	two = state(2, 7);
	install(&engines[0], two);
	q.id = id_of(one);
	done = 0;
	n = spread_answer(engines[0].spread, &q, &done, bytes, sizeof(bytes));
	ASSERT_EQ(frame_open(&f, bytes, (size_t)n), FRAME_SPOKEN);
	ASSERT_EQ(state_adv_decode(&adv, &f), 0);
	ASSERT_EQ(adv.id.version, 2);
	free(one);
	free(two);
}

TEST(however_they_meet_all_hold_the_newest_in_the_end)
{
	for (int round = 0; round < 20; round++) {
		struct statement *newest = NULL;
		unsigned loss = (unsigned)test_below(30);

		begin();
		for (uint64_t version = 1; version < 5; version++) {
			free(newest);
			newest = state(version, 10 + version);
			install(&engines[test_below(ENGINES)], newest);
		}
		for (int i = 0; i < 3000; i++) {
			struct engine *a = &engines[test_below(ENGINES)];
			struct engine *b = &engines[test_below(ENGINES)];

			if (a != b)
				hello(a, b);
			run(a, loss);
			if (a->ticket != 0)
				disk(a);
			pass(100 * USEC_PER_MS);
		}
		for (int i = 0; i < ENGINES; i++)
			ASSERT(holds(&engines[i], newest));
		free(newest);
	}
}
