/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/db.h"

#include <sys/stat.h>

#include "tests/unit/test.h"

static const char *const migrations[] = {
	"CREATE TABLE a (k INTEGER PRIMARY KEY, v BLOB NOT NULL) STRICT",
	"ALTER TABLE a ADD COLUMN t TEXT",
};

static char path[] = "/tmp/mpynet-db-XXXXXX";

__attribute__((constructor)) static void
make_path(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		abort();
	close(fd);
}

__attribute__((destructor)) static void
remove_path(void)
{
	unlink(path);
}

static struct db
fresh(size_t versions)
{
	struct err err;
	struct db db;

	unlink(path);
	ASSERT_EQ(db_open(&db, path, DB_NODE, migrations, versions, &err), 0);
	return db;
}

TEST(a_new_database_is_private_and_at_its_newest_version)
{
	struct db db = fresh(2);
	struct stat st;
	int64_t version;

	ASSERT_EQ(stat(path, &st), 0);
	ASSERT_EQ(st.st_mode & 07777, 0600);
	ASSERT_EQ(db_int(&db, &version, NULL, "PRAGMA user_version", ""), 0);
	ASSERT_EQ(version, 2);
	db_close(&db);
}

TEST(migrations_keep_what_was_there_and_older_programs_are_refused)
{
	struct db db = fresh(1);
	struct err err;
	int64_t n;

	ASSERT_EQ(db_run(&db, NULL, "INSERT INTO a (k, v) VALUES (?, ?)", "ib", (int64_t)7, "xy",
	    (size_t)2), 0);
	db_close(&db);
	ASSERT_EQ(db_open(&db, path, DB_NODE, migrations, 2, NULL), 0);
	ASSERT_EQ(db_int(&db, &n, NULL, "SELECT count(*) FROM a WHERE t IS NULL", ""), 0);
	ASSERT_EQ(n, 1);
	db_close(&db);
	ASSERT_EQ(db_open(&db, path, DB_NODE, migrations, 1, &err), ERR_VERSION);
	ASSERT(strstr(err.text, "newer mpynet"));
}

TEST(a_database_of_another_kind_is_refused)
{
	struct db db = fresh(2);

	db_close(&db);
	ASSERT_EQ(db_open(&db, path, DB_LEDGER, migrations, 2, NULL), ERR_FORMAT);
}

TEST(a_file_that_is_no_database_is_refused)
{
	struct err err;
	struct db db;
	FILE *f = fopen(path, "w");

	for (int i = 0; i < 1000; i++)
		fputs("not a database", f);
	fclose(f);
	ASSERT_EQ(db_open(&db, path, DB_NODE, migrations, 2, &err), ERR_FORMAT);
	ASSERT(strstr(err.text, path));
}

TEST(a_migration_that_fails_leaves_the_old_version)
{
	static const char *const bad[] = {
		"CREATE TABLE a (k INTEGER) STRICT",
		"CREATE TABLE b (k INTEGER) STRICT; nonsense",
	};
	struct db db = fresh(1);
	int64_t n;

	db_close(&db);
	ASSERT(db_open(&db, path, DB_NODE, bad, 2, NULL) < 0);
	ASSERT_EQ(db_open(&db, path, DB_NODE, bad, 1, NULL), 0);
	ASSERT_EQ(db_int(&db, &n, NULL, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'", ""),
	    0);
	ASSERT_EQ(n, 0);
	db_close(&db);
}

TEST(values_of_every_kind_come_back)
{
	struct db db = fresh(2);
	uint8_t blob[3] = { 1, 0, 2 }, back[3];
	sqlite3_stmt *stmt;

	ASSERT_EQ(db_run(&db, NULL, "INSERT INTO a VALUES (?, ?, ?)", "ubt", (uint64_t)INT64_MAX,
	    blob, sizeof(blob), "text"), 0);
	ASSERT_EQ(db_run(&db, NULL, "INSERT INTO a VALUES (?, ?, ?)", "ibn", (int64_t)-1, NULL,
	    (size_t)0), 0);
	ASSERT_EQ(db_query(&db, &stmt, NULL, "SELECT k, v, t FROM a ORDER BY k DESC", ""), 0);
	ASSERT_EQ(db_next(&db, stmt, NULL), 1);
	ASSERT_EQ(sqlite3_column_int64(stmt, 0), INT64_MAX);
	ASSERT_EQ(db_column_blob(stmt, 1, back, 2), ERR_FORMAT);
	ASSERT_EQ(db_column_blob(stmt, 1, back, 3), 0);
	ASSERT_MEM(back, blob, 3);
	ASSERT_STR((const char *)sqlite3_column_text(stmt, 2), "text");
	ASSERT_EQ(db_next(&db, stmt, NULL), 1);
	ASSERT_EQ(db_column_blob(stmt, 1, back, 0), 0);
	ASSERT_EQ(db_next(&db, stmt, NULL), 0);
	sqlite3_finalize(stmt);
	ASSERT(db_run(&db, NULL, "INSERT INTO a VALUES (?, x'', NULL)", "u", UINT64_MAX) < 0);
	ASSERT_EQ(db_run(&db, NULL, "INSERT INTO a VALUES (?, x'', NULL)", "i", (int64_t)-1),
	    ERR_CONFLICT);
	db_close(&db);
}

TEST(what_is_rolled_back_never_was)
{
	struct db db = fresh(2);
	int64_t n;

	ASSERT_EQ(db_begin(&db, NULL), 0);
	ASSERT_EQ(db_run(&db, NULL, "INSERT INTO a (k, v) VALUES (1, x'')", ""), 0);
	ASSERT_EQ(db_finish(&db, -EINTR, NULL), -EINTR);
	ASSERT_EQ(db_int(&db, &n, NULL, "SELECT count(*) FROM a", ""), 0);
	ASSERT_EQ(n, 0);
	db_close(&db);
}
