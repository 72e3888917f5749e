/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_queue.c - requests that wait until somebody signs them.
 */
#include "ca/ledger_queue.h"
#include "ca/ledger_row.h"

#include <string.h>

#define REQUEST_COLUMNS "id, token, member, name, key, object, came, status, decided, serial"

static const char *const status_names[] = {
	[REQUEST_WAITING] = "waiting",
	[REQUEST_APPROVED] = "approved",
	[REQUEST_DENIED] = "denied",
	[REQUEST_SIGNED] = "signed",
};

const char *
request_status_name(enum request_status s)
{
	return status_names[s];
}

bool
ledger_request_is_rekey(const struct ledger_request *r)
{
	return r->renewal && memcmp(r->member, r->key, sizeof(r->key)) != 0;
}

static int
read_request(struct ledger *l, sqlite3_stmt *stmt, void *to, struct err *e)
{
	struct ledger_request r = { .id = sqlite3_column_int64(stmt, 0) };
	int status = ledger_column_word(stmt, 7, status_names, ARRAY_LEN(status_names));
	struct cert request;

	r.renewal = sqlite3_column_type(stmt, 1) == SQLITE_NULL;
	r.came = (uint64_t)sqlite3_column_int64(stmt, 6);
	r.decided = (uint64_t)sqlite3_column_int64(stmt, 8);
	r.serial = (uint64_t)sqlite3_column_int64(stmt, 9);
	if (status < 0 || (r.renewal ? db_column_blob(stmt, 2, r.member, sizeof(r.member)) :
				       db_column_blob(stmt, 1, r.token, sizeof(r.token))) < 0 ||
	    ledger_column_text(stmt, 3, r.name, sizeof(r.name)) < 0 ||
	    db_column_blob(stmt, 4, r.key, sizeof(r.key)) < 0 ||
	    ledger_column_cert(stmt, 5, &r.object, &request) < 0)
		return ledger_damaged(l, "a request in it cannot be read", e);
	r.status = (enum request_status)status;
	*(struct ledger_request *)to = r;
	return 0;
}

int
ledger_request_find(struct ledger *l, struct ledger_request *ret, int64_t id, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT " REQUEST_COLUMNS " FROM request WHERE id = ?",
	    "i", id);

	return rc < 0 ? rc : ledger_one(l, stmt, read_request, ret, e);
}

int
ledger_request_of_token(struct ledger *l, struct ledger_request *ret,
    const uint8_t id[static TOKEN_ID_LEN], struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT " REQUEST_COLUMNS " FROM request"
	    " WHERE token = ?", "b", id, (size_t)TOKEN_ID_LEN);

	return rc < 0 ? rc : ledger_one(l, stmt, read_request, ret, e);
}

int
ledger_request_of_member(struct ledger *l, struct ledger_request *ret,
    const uint8_t key[static 32], struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT " REQUEST_COLUMNS " FROM request"
	    " WHERE member = ?", "b", key, (size_t)32);

	return rc < 0 ? rc : ledger_one(l, stmt, read_request, ret, e);
}

static int
check_room(struct ledger *l, struct err *e)
{
	int64_t n;
	int rc = db_int(&l->db, &n, e, "SELECT count(*) FROM request", "");

	if (rc == 0 && n >= LEDGER_REQUESTS_MAX)
		rc = err_set(e, ERR_FULL, "%d requests wait and no more fit; `mpynet ca pending` "
		    "shows them", LEDGER_REQUESTS_MAX);
	return rc;
}

static int
insert(struct ledger *l, struct ledger_request *r, struct err *e)
{
	int rc = check_room(l, e);

	if (rc == 0)
		rc = db_run(&l->db, e, r->renewal ?
		    "INSERT INTO request (member, name, key, object, came, status)"
		    " VALUES (?, ?, ?, ?, ?, 'waiting')" :
		    "INSERT INTO request (token, name, key, object, came, status)"
		    " VALUES (?, ?, ?, ?, ?, 'waiting')", "btbbu",
		    r->renewal ? r->member : r->token,
		    r->renewal ? sizeof(r->member) : sizeof(r->token), r->name, r->key,
		    sizeof(r->key), r->object.bytes, (size_t)r->object.len, r->came);
	if (rc < 0)
		return rc;
	r->id = sqlite3_last_insert_rowid(l->db.sql);
	r->status = REQUEST_WAITING;
	r->decided = r->serial = 0;
	return 0;
}

int
ledger_request_put(struct ledger *l, struct ledger_request *r, struct err *e)
{
	struct ledger_request was;
	int rc = r->renewal ? ledger_request_of_member(l, &was, r->member, e) :
			      ledger_request_of_token(l, &was, r->token, e);
	bool same;

	if (rc < 0)
		return rc;
	if (rc == 0)
		return insert(l, r, e);
	same = memcmp(was.key, r->key, sizeof(r->key)) == 0;
	if (same && (!r->renewal || was.status <= REQUEST_APPROVED)) {
		*r = was;
		return 1;
	}
	if (!r->renewal)
		return err_set(e, ERR_CONFLICT, "the invitation of %s was used with another key; "
		    "if that was not %s, somebody else has read the token: mpynet revoke %s",
		    r->name, r->name, r->name);
	rc = db_run(&l->db, e, "DELETE FROM request WHERE id = ?", "i", was.id);
	return rc < 0 ? rc : insert(l, r, e);
}

int
ledger_request_decide(struct ledger *l, int64_t id, enum request_status status, uint64_t serial,
    uint64_t now, struct err *e)
{
	int rc = db_run(&l->db, e, "UPDATE request SET status = ?1, decided = ?2,"
	    " serial = nullif(?3, 0) WHERE id = ?4 AND (status = 'waiting' OR"
	    " (status = 'approved' AND ?1 IN ('signed', 'denied')))", "tuui",
	    request_status_name(status), now, serial, id);

	if (rc == 0 && sqlite3_changes(l->db.sql) != 1)
		rc = err_set(e, ERR_CONFLICT, "request %lld was decided already; `mpynet ca "
		    "pending` shows those that wait", (long long)id);
	return rc;
}

int
ledger_request_deny(struct ledger *l, const char *name, uint64_t now, struct err *e)
{
	return db_run(&l->db, e, "UPDATE request SET status = 'denied', decided = ?"
	    " WHERE name = ? AND status IN ('waiting', 'approved')", "ut", now, name);
}

int
ledger_request_forget(struct ledger *l, uint64_t before, struct err *e)
{
	return db_run(&l->db, e, "DELETE FROM request WHERE status IN ('denied', 'signed') AND"
	    " decided < ?", "u", before);
}

int
ledger_walk_requests(struct ledger *l, struct ledger_walk *ret, bool all, struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e, all ?
	    "SELECT " REQUEST_COLUMNS " FROM request ORDER BY id" :
	    "SELECT " REQUEST_COLUMNS " FROM request WHERE status IN ('waiting', 'approved')"
	    " ORDER BY id", "");
}

int
ledger_request_next(struct ledger_walk *w, struct ledger_request *ret, struct err *e)
{
	int rc = db_next(&w->ledger->db, w->stmt, e);

	if (rc == 1 && read_request(w->ledger, w->stmt, ret, e) < 0)
		return ERR_FORMAT;
	return rc;
}
