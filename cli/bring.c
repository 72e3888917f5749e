/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bring.c - a network state that a person carries to a host.
 */
#include "cli/bring.h"

#include "cli/join.h"
#include "cli/talk.h"
#include "core/bundle.h"
#include "core/netstate.h"
#include "core/outbox.h"
#include "core/pem.h"
#include "host/file.h"
#include "host/home.h"
#include "host/loop.h"
#include "lighthouse/store.h"
#include "node/store.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the engines' row of the state in force is (core/spread.c). */
static const uint8_t held_key[1] = { 0 };

int
bring_read(struct brought_file *ret, const char *file, struct err *e)
{
	static const char begin[] = "-----BEGIN " PEM_STATE "-----";
	char label[PEM_LABEL_MAX], *text;
	struct pem_reader reader;
	uint8_t more[1];
	size_t len;
	int rc = file_load(&text, &len, file, FILE_SIZE_MAX, e);

	if (rc < 0)
		return rc;
	if (strncmp(text, begin, strlen(begin)) != 0) {
		file_free(text, len);
		return 0;
	}
	ret->blob = malloc(NETSTATE_BLOB_MAX);
	rc = ret->blob ? pem_open(&reader, text, len, e)
		       : err_set(e, -ENOMEM, "no memory for a network state");
	if (rc == 0)
		rc = pem_next(&reader, label, ret->blob, NETSTATE_BLOB_MAX, e);
	ret->len = rc > 0 ? (size_t)rc : 0;
	if (rc > 0 && (rc = pem_next(&reader, label, more, sizeof(more), e)) > 0)
		rc = err_set(e, ERR_EXCESS, "there is something behind the network state");
	file_free(text, len);
	if (rc == 0)
		return 1;
	free(ret->blob);
	return err_prefix(e, rc, "%s", file);
}

/* What whoever has joined here believes. */
static int
load_trust(struct trust *t, const char *state, enum home_role role, struct err *e)
{
	struct bundle *b = calloc(1, sizeof(*b));
	char path[PATH_MAX];
	int rc = home_path(path, state, role, HOME_BUNDLE, e);

	if (!b)
		return err_set(e, -ENOMEM, "no memory for a bundle");
	if (rc == 0)
		rc = join_load(b, path, e);
	if (rc == 0)
		rc = bundle_trust(t, b, clock_now().wall, e);
	bundle_wipe(b);
	free(b);
	return rc;
}

/* The row of the state that is in force already: 1, or 0 when there is none. Then sqlite3_finalize(). */
static int
find_held(struct db *db, sqlite3_stmt **stmt, struct err *e)
{
	int rc = db_query(db, stmt, e, "SELECT value FROM memory WHERE kind = ? AND key = ?", "ib",
	    (int64_t)MEMORY_STATE, held_key, sizeof(held_key));

	return rc < 0 ? rc : db_next(db, *stmt, e);
}

/* What does not hold is as good as none. */
static int
install_held(struct trust *t, struct db *db, struct err *e)
{
	sqlite3_stmt *stmt = NULL;
	int rc = find_held(db, &stmt, e);

	if (rc == 1)
		(void)!trust_state_install(t, sqlite3_column_blob(stmt, 0),
		    (size_t)sqlite3_column_bytes(stmt, 0), clock_now().wall, NULL);
	sqlite3_finalize(stmt);
	return rc < 0 ? rc : 0;
}

/* 0 if the state is newer than what `t` goes by. */
static int
judge(const struct trust *t, const struct brought_file *f, struct err *e)
{
	enum breach why = BREACH_NONE;
	struct state_id id = { 0 };
	int rc = trust_state_judge(t, f->blob, f->len, clock_now().wall, &id, &why);

	if (rc < 0)
		return err_set(e, rc, "the network state %s", breach_reason(rc, why));
	if (rc == STATE_FORK)
		return err_set(e, ERR_CONFLICT, "network state %llu is in force here with other "
		    "contents: the authority has signed two of one version; ask who holds its key, "
		    "and have a newer one signed", (unsigned long long)id.version);
	if (rc != STATE_NEWER)
		return err_set(e, ERR_SUPERSEDED,
		    "network state %llu is not newer than the one in force here, %llu",
		    (unsigned long long)id.version, (unsigned long long)trust_state_id(t).version);
	return 0;
}

static int
give_store(struct store *s, struct trust *t, const struct brought_file *f, struct err *e)
{
	int rc = install_held(t, &s->settings, e);

	if (rc == 0)
		rc = judge(t, f, e);
	if (rc < 0)
		return rc;
	return db_run(&s->settings, e,
	    "INSERT OR REPLACE INTO memory (kind, key, value) VALUES (?, ?, ?)", "ibb",
	    (int64_t)MEMORY_STATE, held_key, sizeof(held_key), f->blob, f->len);
}

static int
open_store(struct store *s, const struct home *h, enum home_role role, struct err *e)
{
	return role == HOME_NODE ? node_store_open(s, h->dir, e) : lighthouse_store_open(s, h->dir, e);
}

/* Nobody else has the state while we hold its lock. */
static int
give_role(const char *state, enum home_role role, const struct brought_file *f, struct err *e)
{
	struct rng rng = kernel_rng();
	struct trust *t = trust_new(&rng);
	struct store store;
	struct home home;
	int rc = t ? load_trust(t, state, role, e) : err_set(e, -ENOMEM, "not enough memory");

	if (rc == 0)
		rc = home_open(&home, state, role, e);
	if (rc < 0)
		goto out;
	rc = open_store(&store, &home, role, e);
	if (rc == 0) {
		rc = give_store(&store, t, f, e);
		store_close(&store);
	}
	home_close(&home);
out:
	trust_free(t);
	return rc;
}

/* To each role that has joined in the state. */
static int
give_database(const char *state, const struct brought_file *f, struct err *e)
{
	bool any = false;
	int rc = 0;

	for (int role = HOME_NODE; role <= HOME_LIGHTHOUSE && rc == 0; role++) {
		char path[PATH_MAX];

		rc = home_path(path, state, (enum home_role)role, HOME_BUNDLE, e);
		if (rc < 0 || access(path, F_OK) < 0)
			continue;
		any = true;
		rc = give_role(state, (enum home_role)role, f, e);
	}
	if (rc < 0 || any)
		return rc;
	return err_set(e, -ENOENT, "%s has not joined a network yet: join with a bundle first", state);
}

/* The length of what a role has, or 0. */
static int
read_role(const char *state, enum home_role role, uint8_t *blob, struct err *e)
{
	sqlite3_stmt *stmt = NULL;
	struct store store;
	struct home home;
	int rc = home_open(&home, state, role, e);

	if (rc < 0)
		return rc;
	rc = open_store(&store, &home, role, e);
	if (rc == 0) {
		rc = find_held(&store.settings, &stmt, e);
		if (rc == 1)
			rc = min_u64((size_t)sqlite3_column_bytes(stmt, 0), NETSTATE_BLOB_MAX);
		if (rc > 0)
			memcpy(blob, sqlite3_column_blob(stmt, 0), (size_t)rc);
		sqlite3_finalize(stmt);
		store_close(&store);
	}
	home_close(&home);
	return rc;
}

int
bring_stored(const struct context *c, uint8_t *blob, struct err *e)
{
	bool any = false;

	for (int role = HOME_NODE; role <= HOME_LIGHTHOUSE; role++) {
		char path[PATH_MAX];
		int rc = home_path(path, c->state, (enum home_role)role, HOME_BUNDLE, e);

		if (rc < 0)
			return rc;
		if (access(path, F_OK) < 0)
			continue;
		any = true;
		rc = read_role(c->state, (enum home_role)role, blob, e);
		if (rc != 0)
			return rc;
	}
	return any ? err_set(e, ERR_UNKNOWN, "%s holds no network state: none has come here yet",
			 c->state)
		   : err_set(e, -ENOENT, "%s has not joined a network yet: join with a bundle first",
			 c->state);
}

static int
give_daemon(struct context *c, const struct brought_file *f, struct err *e)
{
	size_t room = sodium_base64_ENCODED_LEN(f->len, sodium_base64_VARIANT_ORIGINAL);
	char *text = malloc(room);
	json_t *body;
	int rc;

	if (!text)
		return err_set(e, -ENOMEM, "no memory for a network state");
	sodium_bin2base64(text, room, f->blob, f->len, sodium_base64_VARIANT_ORIGINAL);
	rc = talk_call(c, "state", json_pack("{s:s}", "blob", text), &body, e);
	free(text);
	if (rc == 0)
		json_decref(body);
	return rc;
}

int
bring_give(struct context *c, const struct brought_file *f, bool *offline, struct err *e)
{
	int rc = give_daemon(c, f, e);

	*offline = rc == -ECONNREFUSED;
	return *offline ? give_database(c->state, f, e) : rc;
}
