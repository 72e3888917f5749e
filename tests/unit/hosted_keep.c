/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/keep.h"

#include "host/loop.h"
#include "tests/unit/test.h"

static const char *const migrations[] = { keep_schema };

struct keeper {
	struct loop loop;
	struct db db;
	struct keep keep;
	uint64_t tickets[8];
	size_t n_tickets;
	struct memory rows[64];
	uint8_t values[64][64];
	size_t n_rows;
};

static char path[64];

static void
on_due(void *ctx)
{
	loop_stop(&((struct keeper *)ctx)->loop);
}

static void
on_signal(void *ctx, int signum)
{
	(void)ctx;
	(void)signum;
}

static void
on_written(void *ctx, uint64_t ticket)
{
	struct keeper *k = ctx;

	k->tickets[k->n_tickets++] = ticket;
}

/* Takes every row but those whose key begins with 'x'. */
static int
on_row(void *ctx, const struct memory *row)
{
	struct keeper *k = ctx;

	if (row->key[0] == 'x')
		return ERR_FORMAT;
	k->rows[k->n_rows] = *row;
	memcpy(k->values[k->n_rows++], row->value, row->value_len);
	return 0;
}

static void
start(struct keeper *k)
{
	struct err err = { 0 };

	memset(k, 0, sizeof(*k));
	snprintf(path, sizeof(path), "/tmp/mpynet-keep-%d", (int)getpid());
	ASSERT_EQ(loop_init(&k->loop, k, on_due, on_signal, &err), 0);
	ASSERT_EQ(db_open(&k->db, path, DB_NODE, migrations, 1, &err), 0);
	ASSERT_EQ(keep_open(&k->keep, &k->db, &k->loop.uv, k, on_written, &err), 0);
}

static void
stop(struct keeper *k)
{
	keep_close(&k->keep);
	db_close(&k->db);
	loop_free(&k->loop);
}

static void
run_for(struct keeper *k, usec_t span)
{
	loop_wake_at(&k->loop, clock_now().mono + span);
	loop_run(&k->loop);
}

/* Until nothing waits for the disk, which may be slow. */
static void
run_until_written(struct keeper *k)
{
	for (int i = 0; i < 600 && (k->keep.writing || k->keep.gathering.len > 0); i++) {
		ASSERT(k->keep.result <= 0);	/* may be looked at while a write runs */
		run_for(k, 100 * USEC_PER_MS);
	}
}

static void
put(struct keeper *k, int table, const char *key, const char *value, uint64_t ticket)
{
	struct memory row = {
		.table = (enum memory_table)table,
		.key_len = (uint32_t)strlen(key),
		.value = (const uint8_t *)value,
		.value_len = (uint32_t)strlen(value),
		.ticket = ticket,
	};

	memcpy(row.key, key, strlen(key));
	keep_put(&k->keep, &row);
}

TEST(what_was_put_before_a_stop_is_there_after_it)
{
	struct keeper k;

	unlink(path);
	start(&k);
	put(&k, 2, "b", "old", 0);
	put(&k, 2, "b", "new", 0);
	put(&k, 1, "z", "one", 0);
	put(&k, 1, "gone", "two", 0);
	put(&k, 1, "gone", "", 0);
	put(&k, 3, "x1", "bad", 0);
	stop(&k);

	start(&k);
	ASSERT_EQ(keep_recall(&k.keep, on_row, NULL), 2);
	ASSERT_EQ(k.rows[0].table, 1);
	ASSERT_MEM(k.values[0], "one", 3);
	ASSERT_EQ(k.rows[1].table, 2);
	ASSERT_EQ(k.rows[1].value_len, 3);
	ASSERT_MEM(k.values[1], "new", 3);
	stop(&k);

	/* The row that nobody wanted was forgotten. */
	start(&k);
	int64_t n;
	ASSERT_EQ(db_int(&k.db, &n, NULL, "SELECT count(*) FROM memory", ""), 0);
	ASSERT_EQ(n, 2);
	stop(&k);
	unlink(path);
}

TEST(a_ticket_is_told_when_its_row_is_on_the_disk_and_not_before)
{
	struct keeper k;

	start(&k);
	put(&k, 1, "a", "slow", 0);
	put(&k, 1, "b", "now", 77);
	ASSERT_EQ(k.n_tickets, 0);
	run_until_written(&k);
	ASSERT_EQ(k.n_tickets, 1);
	ASSERT_EQ(k.tickets[0], 77);
	ASSERT_EQ(k.keep.written, 2);
	stop(&k);
	unlink(path);
}

TEST(rows_without_a_ticket_are_written_soon_in_one_go)
{
	struct keeper k;

	start(&k);
	put(&k, 1, "a", "1", 0);
	put(&k, 1, "b", "2", 0);
	run_for(&k, 100 * USEC_PER_MS);
	ASSERT_EQ(k.keep.written, 0);
	run_until_written(&k);
	ASSERT_EQ(k.keep.written, 2);
	stop(&k);
	unlink(path);
}

TEST(a_write_that_fails_is_said_and_keeps_its_rows)
{
	struct keeper k;

	start(&k);
	ASSERT_EQ(db_exec(&k.db, "ALTER TABLE memory RENAME TO away", NULL), 0);
	put(&k, 1, "a", "1", 5);
	run_until_written(&k);
	ASSERT(k.keep.result < 0);
	ASSERT(strstr(k.keep.error.text, path));
	ASSERT_EQ(k.n_tickets, 0);
	ASSERT_EQ(db_exec(&k.db, "ALTER TABLE away RENAME TO memory", NULL), 0);
	put(&k, 1, "b", "2", 0);
	stop(&k);

	start(&k);
	ASSERT_EQ(keep_recall(&k.keep, on_row, NULL), 2);
	stop(&k);
	unlink(path);
}

TEST(no_more_waits_than_the_limit_says)
{
	static char value[60000];
	struct keeper k;

	start(&k);
	memset(value, 'v', sizeof(value) - 1);
	for (size_t i = 0; i <= KEEP_WAITING_MAX / sizeof(value) + 2; i++)
		put(&k, 1, "same", value, 0);
	ASSERT(k.keep.lost > 0);
	ASSERT(k.keep.gathering.len <= KEEP_WAITING_MAX);
	stop(&k);
	unlink(path);
}
