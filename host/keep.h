/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keep.h - what an engine asked to be remembered, in SQLite.
 *
 * An engine's REMEMBER is a row: a table, a key, a value (core/outbox.h). Rows are gathered for
 * KEEP_GATHER_MS, then written in one transaction on libuv's thread pool, so that no packet waits
 * for a disk; a row with a ticket is written at once, and its ticket is told when it is on the
 * disk. A write that fails is tried again every KEEP_RETRY_MS; until it succeeds, status says so
 * and the daemon goes on.
 */
#ifndef HOST_KEEP_H
#define HOST_KEEP_H

#include <uv.h>

#include "core/err.h"
#include "core/outbox.h"
#include "host/db.h"

#define KEEP_GATHER_MS 500
#define KEEP_RETRY_MS  5000
/* Bytes that wait for the disk. What comes beyond is lost, and counted. */
#define KEEP_WAITING_MAX ((size_t)8 << 20)

/* Rows one after another, each a header and its bytes. */
struct keep_rows {
	uint8_t *bytes;
	size_t len, cap;
};

struct keep {
	struct db *db;		/* used by the thread pool while `writing` */
	uv_timer_t timer;
	uv_work_t work;
	bool writing;
	struct keep_rows gathering;
	struct keep_rows batch;	/* being written, or to be tried again */
	int outcome;		/* of the write that runs, for its thread alone */
	struct err reason;
	int result;		/* of the last write: 0, or why it failed */
	struct err error;
	uint64_t written;	/* rows */
	uint64_t lost;		/* rows beyond KEEP_WAITING_MAX */
	void *ctx;
	void (*on_written)(void *ctx, uint64_t ticket);
};

/* The SQL of the table of rows, to stand in the migrations of a database. */
extern const char keep_schema[];

/* `db` is open, has keep_schema, and outlives `k`. */
int keep_open(struct keep *k, struct db *db, uv_loop_t *loop, void *ctx,
    void (*on_written)(void *ctx, uint64_t ticket), struct err *err) must_check;

/*
 * Hands every row to `each`, in the order of table and key, but the network state first: the others
 * are judged by it. A row that it refuses (a negative
 * number) is of no use any more and is forgotten. Returns how many were taken.
 */
int keep_recall(struct keep *k, int (*each)(void *ctx, const struct memory *row),
    struct err *err) must_check;

/* Takes a copy of the row. */
void keep_put(struct keep *k, const struct memory *row);

/* Waits for the thread pool and writes what is left, on this thread. */
void keep_flush(struct keep *k);

/* keep_flush(), and the end; the loop must turn once more. */
void keep_close(struct keep *k);

#endif
