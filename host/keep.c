/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keep.c - what an engine asked to be remembered, in SQLite.
 */
#include "host/keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char keep_schema[] =
    "CREATE TABLE memory ("
    "	kind INTEGER NOT NULL,"
    "	key BLOB NOT NULL,"
    "	value BLOB NOT NULL,"
    "	PRIMARY KEY (kind, key)"
    ") STRICT, WITHOUT ROWID;";

/* How a row waits: this, then its value. */
struct waiting {
	struct memory row;	/* .value is not used */
};

static size_t
waiting_size(const struct memory *row)
{
	size_t align = _Alignof(struct waiting);

	return (sizeof(struct waiting) + row->value_len + align - 1) / align * align;
}

/* The row at `at`, with its value. */
static struct memory
waiting_row(const struct keep_rows *rows, size_t at)
{
	const struct waiting *w = (const struct waiting *)(rows->bytes + at);
	struct memory row = w->row;

	row.value = (const uint8_t *)(w + 1);
	return row;
}

static int
append(struct keep_rows *rows, const struct memory *row)
{
	size_t size = waiting_size(row);
	struct waiting *w;

	if (rows->len + size > rows->cap) {
		size_t cap = max_u64(rows->cap * 2, max_u64(4096, rows->len + size));
		uint8_t *bytes = realloc(rows->bytes, cap);

		if (!bytes)
			return -ENOMEM;
		rows->bytes = bytes;
		rows->cap = cap;
	}
	w = (struct waiting *)(rows->bytes + rows->len);
	memset(w, 0, size);
	w->row = *row;
	if (row->value_len > 0)
		memcpy(w + 1, row->value, row->value_len);
	rows->len += size;
	return 0;
}

static int
write_row(struct db *db, const struct memory *row, struct err *err)
{
	if (row->value_len == 0)
		return db_run(db, err, "DELETE FROM memory WHERE kind = ? AND key = ?", "ib",
		    (int64_t)row->table, row->key, (size_t)row->key_len);
	return db_run(db, err, "INSERT OR REPLACE INTO memory (kind, key, value) VALUES (?, ?, ?)",
	    "ibb", (int64_t)row->table, row->key, (size_t)row->key_len, row->value,
	    (size_t)row->value_len);
}

/* One transaction for all rows. Runs on the thread pool, or at the end on the loop's thread. */
static void
write_batch(struct keep *k)
{
	int rc = db_begin(k->db, &k->reason);

	for (size_t at = 0; rc == 0 && at < k->batch.len;) {
		struct memory row = waiting_row(&k->batch, at);

		rc = write_row(k->db, &row, &k->reason);
		at += waiting_size(&row);
	}
	k->outcome = db_finish(k->db, rc, &k->reason);
}

static void
on_work(uv_work_t *work)
{
	write_batch(CONTAINER_OF(work, struct keep, work));
}

/* What was gathered becomes the batch, unless one is still to be tried again. */
static void
take_batch(struct keep *k)
{
	struct keep_rows empty = k->batch;

	if (k->batch.len > 0)
		return;
	k->batch = k->gathering;
	k->gathering = empty;
}

static void start_writing(struct keep *k);	/* it ends by setting the timer that calls it */

static void
on_timer(uv_timer_t *timer)
{
	start_writing(timer->data);
}

/* On the loop's thread: a batch that is on the disk is done with, and its tickets are told. */
static int
finish_batch(struct keep *k)
{
	k->result = k->outcome;
	k->error = k->reason;
	if (k->result < 0)
		return k->result;
	for (size_t at = 0; at < k->batch.len;) {
		struct memory row = waiting_row(&k->batch, at);

		k->written++;
		if (row.ticket != 0 && k->on_written)
			k->on_written(k->ctx, row.ticket);
		at += waiting_size(&row);
	}
	k->batch.len = 0;
	return 0;
}

static void
on_work_done(uv_work_t *work, int status)
{
	struct keep *k = CONTAINER_OF(work, struct keep, work);

	(void)status;		/* never cancelled */
	k->writing = false;
	if (finish_batch(k) < 0)
		uv_timer_start(&k->timer, on_timer, KEEP_RETRY_MS, 0);
	else if (k->gathering.len > 0)
		uv_timer_start(&k->timer, on_timer, KEEP_GATHER_MS, 0);
}

static void
start_writing(struct keep *k)
{
	if (k->writing)
		return;
	take_batch(k);
	if (k->batch.len == 0)
		return;
	k->writing = true;
	if (uv_queue_work(k->timer.loop, &k->work, on_work, on_work_done) < 0)
		abort();	/* only for a missing callback */
}

int
keep_open(struct keep *k, struct db *db, uv_loop_t *loop, void *ctx,
    void (*on_written)(void *ctx, uint64_t ticket), struct err *err)
{
	int rc;

	*k = (struct keep){ .db = db, .ctx = ctx, .on_written = on_written };
	rc = uv_timer_init(loop, &k->timer);
	k->timer.data = k;
	return rc < 0 ? err_set(err, rc, "cannot start a timer: %s", uv_strerror(rc)) : 0;
}

void
keep_put(struct keep *k, const struct memory *row)
{
	if (k->gathering.len + waiting_size(row) > KEEP_WAITING_MAX ||
	    append(&k->gathering, row) < 0) {
		k->lost++;
		return;
	}
	/* While a write runs or waits for its next try, that is what comes first. */
	if (k->writing || k->batch.len > 0)
		return;
	if (row->ticket != 0)
		start_writing(k);
	else if (!uv_is_active((uv_handle_t *)&k->timer))
		uv_timer_start(&k->timer, on_timer, KEEP_GATHER_MS, 0);
}

/* One stored row as the engine knows it; ERR_FORMAT for what no engine wrote. */
static int
read_row(sqlite3_stmt *stmt, struct memory *ret)
{
	int key_len = sqlite3_column_bytes(stmt, 1);

	if (key_len > MEMORY_KEY_MAX)
		return ERR_FORMAT;
	*ret = (struct memory){
		.table = (enum memory_table)sqlite3_column_int(stmt, 0),
		.key_len = (uint32_t)key_len,
		.value = sqlite3_column_blob(stmt, 2),
		.value_len = (uint32_t)sqlite3_column_bytes(stmt, 2),
	};
	return db_column_blob(stmt, 1, ret->key, ret->key_len);
}

int
keep_recall(struct keep *k, int (*each)(void *ctx, const struct memory *row), struct err *err)
{
	sqlite3_stmt *stmt;
	int taken = 0;
	int rc = db_query(k->db, &stmt, err,
	    "SELECT kind, key, value FROM memory ORDER BY kind <> ?, kind, key", "i",
	    (int64_t)MEMORY_STATE);

	while (rc == 0 && (rc = db_next(k->db, stmt, err)) == 1) {
		struct memory row;

		rc = 0;
		if (read_row(stmt, &row) < 0)
			continue;
		if (each(k->ctx, &row) >= 0) {
			taken++;
			continue;
		}
		row.value_len = 0;
		keep_put(k, &row);
	}
	sqlite3_finalize(stmt);
	return rc < 0 ? rc : taken;
}

void
keep_flush(struct keep *k)
{
	uv_timer_stop(&k->timer);
	while (k->writing)	/* its end comes through the loop, which has to turn */
		uv_run(k->timer.loop, UV_RUN_ONCE);
	uv_timer_stop(&k->timer);
	for (int i = 0; i < 2; i++) {	/* what failed before, then what was gathered since */
		take_batch(k);
		if (k->batch.len == 0)
			break;
		write_batch(k);
		if (finish_batch(k) < 0)
			break;
	}
}

void
keep_close(struct keep *k)
{
	keep_flush(k);
	uv_close((uv_handle_t *)&k->timer, NULL);
	free(k->gathering.bytes);
	free(k->batch.bytes);
	k->gathering = k->batch = (struct keep_rows){ 0 };
}
