/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * backup.c - an authority as one file, and back.
 */
#include "ca/backup.h"
#include "ca/safe.h"
#include "host/file.h"
#include "host/home.h"
#include "host/loop.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t magic[4] = "MPYB";

/*
 * Making one
 */

/* The line that says so is in the backup too, and its last. */
static int
log_backup(struct office *o, struct mark *end, struct err *e)
{
	struct log_line line = { .time = office_now(), .event = "backup" };
	int rc = ledger_begin(&o->ledger, e);

	if (rc < 0)
		return rc;
	rc = ledger_finish(&o->ledger, ledger_log(&o->ledger, &line, e), e);
	end->line = line.seq;
	memcpy(end->hash, line.hash, sizeof(end->hash));
	return rc;
}

/* Seals `content` and writes it. */
static int
write_sealed(struct office *o, const char *path, const struct secret *s, const uint8_t *content,
    size_t len, struct err *e)
{
	uint8_t *sealed = malloc(len + SAFE_OVERHEAD);
	int rc = -ENOMEM;

	if (sealed != NULL)
		rc = safe_seal(sealed, magic, content, len, s->cost, s->passphrase,
		    s->passphrase_len, &o->rng);
	rc = rc < 0 ? err_set(e, rc, "there is no memory for a backup") :
	    file_create(path, 0600, sealed, len + SAFE_OVERHEAD, e);
	free(sealed);
	return rc;
}

int
backup_make(struct office *o, const char *path, const struct secret *s, struct mark *end,
    struct err *e)
{
	sqlite3_int64 len;
	unsigned char *content;
	struct mark m;
	int rc = log_backup(o, &m, e);

	if (rc < 0)
		return rc;
	/* As it is at this moment: SQLite reads it in one transaction. */
	content = sqlite3_serialize(o->ledger.db.sql, "main", &len, 0);
	if (content == NULL)
		return err_set(e, -ENOMEM, "%s cannot be read whole, or there is no memory for it",
		    o->ledger.path);
	if ((size_t)len > BACKUP_MAX - SAFE_OVERHEAD)
		rc = err_set(e, ERR_FULL, "%s is larger than the %zu MiB that a backup holds",
		    o->ledger.path, BACKUP_MAX >> 20);
	else
		rc = write_sealed(o, path, s, content, (size_t)len, e);
	sodium_memzero(content, (size_t)len);	/* the network's pre-shared key is in it */
	sqlite3_free(content);
	if (rc == 0)
		*end = m;
	return rc;
}

/*
 * Reading one
 */

int
backup_load(struct backup *b, struct keyfile_cost *cost, const char *path, struct err *e)
{
	struct stat st;
	char *text;
	int rc;

	memset(b, 0, sizeof(*b));
	if (snprintf(b->path, sizeof(b->path), "%s", path) >= (int)sizeof(b->path))
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", path);
	if (stat(path, &st) < 0)
		return err_set(e, -errno, "%s: cannot be read: %s", path, err_phrase(-errno));
	if (st.st_size < 0 || (uint64_t)st.st_size > BACKUP_MAX)
		return err_set(e, ERR_FORMAT, "%s is larger than any backup", path);
	rc = file_load(&text, &b->len, path, (size_t)st.st_size, e);
	if (rc < 0)
		return rc;
	b->bytes = (uint8_t *)text;
	rc = safe_cost(cost, magic, b->bytes, b->len);
	if (rc == ERR_VERSION)
		err_set(e, rc, "%s was written by a newer mpynet; use that one", path);
	else if (rc < 0)
		err_set(e, rc, "%s is no backup of an authority, or a part of one", path);
	if (rc < 0)
		backup_free(b);
	return rc;
}

void
backup_free(struct backup *b)
{
	file_free((char *)b->bytes, b->len);
	b->bytes = NULL;
}

int
backup_open(struct backup *b, const char *passphrase, size_t len, struct err *e)
{
	int rc = safe_open(b->bytes + SAFE_HEADER, magic, b->bytes, b->len, passphrase, len);

	if (rc == -ENOMEM)
		return err_set(e, rc, "there is no memory to open %s", b->path);
	if (rc < 0)
		return err_set(e, rc, "%s: this is not its passphrase, or it is damaged", b->path);
	memmove(b->bytes, b->bytes + SAFE_HEADER, b->len - SAFE_OVERHEAD);
	b->len -= SAFE_OVERHEAD;
	return 0;
}

/*
 * Restoring
 */

/* Everything that a restore has to do with, by its absolute name. */
struct site {
	char dir[PATH_MAX / 2];
	char stage[PATH_MAX];	 /* a directory below it, where the backup is looked at first */
	char staged[PATH_MAX];	 /* its ledger */
	char journal[PATH_MAX];	 /* what SQLite may have left beside that */
	char lock[PATH_MAX];
	char current[PATH_MAX];
	char current_journal[PATH_MAX];
	char kept[PATH_MAX];
	char kept_journal[PATH_MAX];
	uint64_t now; /* Unix seconds */
};

/* Names that nothing has: what is kept never takes the place of what was kept before. */
static void
name_kept(struct site *s)
{
	uint64_t n = s->now;

	do {
		snprintf(s->kept, sizeof(s->kept), "%s/ca.db.before-%" PRIu64, s->dir, n);
		snprintf(s->kept_journal, sizeof(s->kept_journal), "%s/ca.db.before-%" PRIu64
		    "-journal", s->dir, n);
		n++;
	} while (access(s->kept, F_OK) == 0 || access(s->kept_journal, F_OK) == 0);
}

static int
name_site(struct site *s, const char *dir, struct err *e)
{
	char real[PATH_MAX];

	if (realpath(dir, real) == NULL)
		return err_set(e, -errno, "%s: %s", dir, err_phrase(-errno));
	/* Half of what a path may be leaves room for all that follows. */
	if (snprintf(s->dir, sizeof(s->dir), "%s", real) >= (int)sizeof(s->dir))
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", dir);
	s->now = office_now();
	snprintf(s->stage, sizeof(s->stage), "%s/restore", s->dir);
	snprintf(s->staged, sizeof(s->staged), "%s/restore/ca.db", s->dir);
	snprintf(s->journal, sizeof(s->journal), "%s/restore/ca.db-journal", s->dir);
	snprintf(s->lock, sizeof(s->lock), "%s/ca.lock", s->dir);
	snprintf(s->current, sizeof(s->current), "%s/ca.db", s->dir);
	snprintf(s->current_journal, sizeof(s->current_journal), "%s/ca.db-journal", s->dir);
	name_kept(s);
	return 0;
}

/* A running authority would go on with the ledger that it has open. */
static int
check_idle(const struct site *s, struct err *e)
{
	char lock[PATH_MAX];
	long pid;
	int rc = home_path(lock, s->dir, HOME_AUTHORITY, HOME_LOCK, e);

	if (rc < 0)
		return rc;
	pid = file_lock_holder(lock);
	return pid == 0 ? 0 : err_set(e, -EBUSY, "the authority in %s runs (pid %ld); stop it "
	    "first", s->dir, pid);
}

/* Nobody else works here until the descriptor is closed. */
static int
occupy(struct site *s, const char *dir, struct err *e)
{
	int rc = dir_make(dir, 0700, e);

	if (rc == 0)
		rc = name_site(s, dir, e);
	if (rc == 0)
		rc = check_idle(s, e);
	return rc < 0 ? rc : file_lock(s->lock, e);
}

static void
clear_stage(const struct site *s)
{
	unlink(s->staged);
	unlink(s->journal);
	rmdir(s->stage);
}

/* What a restored ledger begins with. */
static int
log_restore(struct ledger *l, const struct site *s, const struct mark *end, struct err *e)
{
	struct log_line line = { .time = s->now, .event = "restore" };
	int rc = ledger_begin(l, e);

	if (rc < 0)
		return rc;
	/* Whatever was numbered since the backup was numbered below the clock's milliseconds. */
	snprintf(line.detail, sizeof(line.detail), "of line %" PRIu64 ", serials from %" PRIu64,
	    end->line, s->now * 1000);
	rc = db_run(&l->db, e, "UPDATE meta SET serial_floor = max(serial_floor, ?)", "u",
	    s->now * 1000);
	if (rc == 0)
		rc = db_run(&l->db, e, "UPDATE token SET status = 'withdrawn', psk = NULL,"
		    " enrol = NULL WHERE status = 'open'", "");
	if (rc == 0)
		rc = ledger_log(l, &line, e);
	return ledger_finish(l, rc, e);
}

/* Is this ledger whole, and signed by its own authority? What it is goes into `ret`. */
static int
inspect(struct office *o, const char *dir, struct restored *ret, struct err *e)
{
	int64_t made;
	uint8_t head[32];
	uint64_t lines;
	int rc = ledger_open(&o->ledger, dir, false, e);

	if (rc < 0)
		return rc;
	rc = ledger_ca(&o->ledger, &o->ca, e);
	if (rc == 0)
		rc = office_verify(o, &lines, head, e);
	if (rc == 0)
		rc = mark_of(&o->ledger, &ret->end, e);
	if (rc == 0)
		rc = db_int(&o->ledger.db, &made, e, "SELECT time FROM log ORDER BY seq DESC"
		    " LIMIT 1", "");
	if (rc < 0) {
		ledger_close(&o->ledger);
		sodium_memzero(&o->ca, sizeof(o->ca));
		return rc;
	}
	ret->ca = o->ca.cert;
	ret->made = (uint64_t)made;
	return 0;
}

/* `l`, which is here, against the backup `o`: would anything be lost? Sets ret->same. */
static int
compare(struct restored *ret, struct ledger *l, struct office *o, bool go_back, struct err *e)
{
	struct ledger_ca ca;
	struct mark here;
	int held, rc = ledger_ca(l, &ca, e);

	if (rc == 0 && memcmp(ca.cert.network, ret->ca.network, sizeof(ca.cert.network)) != 0)
		rc = err_set(e, ERR_CONFLICT, "%s is the ledger of %s, another network than the "
		    "backup's %s; name another directory with --state", l->path, ca.cert.name,
		    ret->ca.name);
	sodium_memzero(&ca, sizeof(ca));
	if (rc == 0)
		rc = mark_of(l, &here, e);
	if (rc < 0)
		return rc;
	held = mark_passed(&o->ledger, &here, e);
	if (held < 0)
		return held;
	ret->same = held == 1 && here.line == ret->end.line;
	if (held == 1 || go_back)
		return 0;
	return err_set(e, ERR_CONFLICT, "%s goes on to line %" PRIu64 " of its log, and the backup "
	    "ends at line %" PRIu64 " without it; what was signed and revoked since would be "
	    "forgotten, say --go-back if that is what you want", l->path, here.line,
	    ret->end.line);
}

/* Without a ledger to compare with there may still be the mark of one. */
static int
compare_mark(const struct site *s, const struct restored *ret, struct office *o, bool go_back,
    struct err *e)
{
	struct mark was;
	int rc = go_back ? 0 : mark_read(&was, s->dir, e);

	if (rc == 1)
		rc = mark_passed(&o->ledger, &was, e) ? 0 : err_set(e, ERR_CONFLICT, "the ledger "
		    "of %s had come to line %" PRIu64 " of its log, and the backup ends at line %"
		    PRIu64 "; find a newer one, or say --go-back", s->dir, was.line,
		    ret->end.line);
	return rc;
}

/* May the backup take the place of what is in the directory? */
static int
judge(const struct site *s, struct restored *ret, struct office *o, bool go_back, struct err *e)
{
	struct ledger here;
	int rc;

	if (access(s->current, F_OK) < 0)
		return compare_mark(s, ret, o, go_back, e);
	rc = ledger_open(&here, s->dir, false, e);
	if (rc < 0)
		return go_back ? 0 : err_prefix(e, rc, "what is there cannot be compared with the "
		    "backup, and --go-back would put it aside");
	rc = compare(ret, &here, o, go_back, e);
	ledger_close(&here);
	return rc;
}

/*
 * The staged ledger becomes the current one in a single rename. The one before has a second name by
 * then, and a journal that belonged to it is out of the way: SQLite would play it into the new one.
 */
static int
swap(const struct site *s, struct restored *ret, struct err *e)
{
	bool there = access(s->current, F_OK) == 0;

	if (there && link(s->current, s->kept) < 0)
		return err_set(e, -errno, "%s: cannot be kept as %s: %s", s->current, s->kept,
		    err_phrase(-errno));
	if (rename(s->current_journal, s->kept_journal) < 0 && errno != ENOENT)
		return err_set(e, -errno, "%s: cannot be put aside: %s", s->current_journal,
		    err_phrase(-errno));
	if (rename(s->staged, s->current) < 0) {
		int rc = err_set(e, -errno, "%s: cannot be written: %s", s->current,
		    err_phrase(-errno));

		if (rename(s->kept_journal, s->current_journal) == 0 || errno == ENOENT)
			unlink(s->kept);
		return rc;
	}
	if (there)
		snprintf(ret->kept, sizeof(ret->kept), "%s", s->kept);
	return file_sync_dir(s->current, e);
}

/* From here on the ledger in the directory is the newest that there is. */
static int
set_mark(const struct site *s, struct err *e)
{
	struct ledger l;
	struct mark m;
	int rc = ledger_open(&l, s->dir, false, e);

	if (rc < 0)
		return rc;
	rc = mark_of(&l, &m, e);
	if (rc == 0)
		rc = mark_write(&m, s->dir, e);
	ledger_close(&l);
	return rc;
}

/* The backup as a ledger of its own, compared, and written on. */
static int
stage(const struct site *s, struct restored *ret, const struct backup *b, bool go_back,
    struct err *e)
{
	struct office o = { .rng = kernel_rng() };
	int rc;

	clear_stage(s);		/* what a crash left */
	rc = dir_make(s->stage, 0700, e);
	if (rc == 0)
		rc = file_create(s->staged, 0600, b->bytes, b->len, e);
	if (rc == 0)
		rc = inspect(&o, s->stage, ret, e);
	if (rc < 0)
		return err_prefix(e, rc, "%s does not hold a ledger that can be restored",
		    b->path);
	rc = judge(s, ret, &o, go_back, e);
	if (rc == 0 && !ret->same)
		rc = log_restore(&o.ledger, s, &ret->end, e);
	ledger_close(&o.ledger);
	sodium_memzero(&o.ca, sizeof(o.ca));
	return rc;
}

int
backup_restore(struct restored *ret, const struct backup *b, const char *dir, bool go_back,
    struct err *e)
{
	struct restored r = { .same = false };
	struct site s;
	int rc, lock = occupy(&s, dir, e);

	if (lock < 0)
		return lock;
	rc = stage(&s, &r, b, go_back, e);
	if (rc == 0 && !r.same)
		rc = swap(&s, &r, e);
	if (rc == 0)
		rc = set_mark(&s, e);
	clear_stage(&s);
	close(lock);
	if (rc == 0)
		*ret = r;
	return rc;
}

int
backup_accept(struct restored *ret, const char *dir, struct err *e)
{
	struct office o = { .rng = kernel_rng() };
	struct restored r = { .same = false };
	struct site s;
	int rc, lock = occupy(&s, dir, e);

	if (lock < 0)
		return lock;
	rc = inspect(&o, s.dir, &r, e);
	if (rc == 0) {
		rc = log_restore(&o.ledger, &s, &r.end, e);
		ledger_close(&o.ledger);
		sodium_memzero(&o.ca, sizeof(o.ca));
	}
	if (rc == 0)
		rc = set_mark(&s, e);
	close(lock);
	if (rc == 0)
		*ret = r;
	return rc;
}
