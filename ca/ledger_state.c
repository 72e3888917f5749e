/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_state.c - the network's state, as it was last signed, and what the next one will list.
 */
#include "ca/ledger_state.h"
#include "ca/ledger_row.h"

#include <string.h>

static int
read_state(struct ledger *l, sqlite3_stmt *stmt, void *to, struct err *e)
{
	struct ledger_state *s = to;
	size_t len = (size_t)sqlite3_column_bytes(stmt, 2);

	if (len == 0 || len > sizeof(s->object) ||
	    db_column_blob(stmt, 2, s->object, len) < 0 ||
	    db_column_blob(stmt, 1, s->fingerprint, sizeof(s->fingerprint)) < 0)
		return ledger_damaged(l, "the network's state in it cannot be read", e);
	s->version = (uint64_t)sqlite3_column_int64(stmt, 0);
	s->len = len;
	return 0;
}

int
ledger_state(struct ledger *l, struct ledger_state *ret, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT version, fingerprint, object FROM state", "");

	return rc < 0 ? rc : ledger_one(l, stmt, read_state, ret, e);
}

int
ledger_state_put(struct ledger *l, const struct ledger_state *s, struct err *e)
{
	return db_run(&l->db, e, "INSERT INTO state VALUES (1, ?1, ?2, ?3) ON CONFLICT (one)"
	    " DO UPDATE SET version = ?1, fingerprint = ?2, object = ?3", "ubb", s->version,
	    s->fingerprint, sizeof(s->fingerprint), s->object, s->len);
}

static int
read_policy(struct ledger *l, sqlite3_stmt *stmt, void *to, struct err *e)
{
	struct ledger_policy *p = to;

	(void)l, (void)e;
	p->min_not_before = (uint64_t)sqlite3_column_int64(stmt, 0);
	p->state_required = sqlite3_column_int64(stmt, 1) != 0;
	return 0;
}

int
ledger_policy(struct ledger *l, struct ledger_policy *ret, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT min_not_before, state_required FROM meta", "");

	if (rc == 0)
		rc = ledger_one(l, stmt, read_policy, ret, e);
	if (rc == 0)
		rc = ledger_damaged(l, "it does not say what its states require", e);
	return rc < 0 ? rc : 0;
}

int
ledger_set_policy(struct ledger *l, const struct ledger_policy *p, struct err *e)
{
	return db_run(&l->db, e, "UPDATE meta SET min_not_before = ?, state_required = ?", "ui",
	    p->min_not_before, (int64_t)p->state_required);
}

int
ledger_walk_revoked(struct ledger *l, struct ledger_walk *ret, uint64_t now, struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e,
	    "SELECT 2 AS first, 1, object, not_after, serial FROM issuing"
	    "  WHERE status = 'revoked' AND not_after >= ?1 UNION ALL"
	    " SELECT 1, 1, object, not_after, serial FROM disowned WHERE not_after >= ?1"
	    " UNION ALL"
	    " SELECT 0, status = 'revoked', object, not_after, serial FROM cert"
	    "  WHERE status IN ('replaced', 'revoked') AND not_after >= ?1"
	    " ORDER BY first DESC, not_after DESC, serial DESC", "u", now);
}

int
ledger_revoked_next(struct ledger_walk *w, struct ledger_revoked *ret, struct err *e)
{
	struct bundle_cert object;
	int rc = db_next(&w->ledger->db, w->stmt, e);

	if (rc != 1)
		return rc;
	ret->ca = sqlite3_column_int64(w->stmt, 0) == 2;
	ret->key_too = sqlite3_column_int64(w->stmt, 1) != 0;
	if (ledger_column_cert(w->stmt, 2, &object, &ret->cert) < 0)
		return ledger_damaged(w->ledger, "a revoked certificate in it cannot be read", e);
	return 1;
}

int
ledger_key_revoked(struct ledger *l, const uint8_t key[static 32], struct err *e)
{
	int64_t n;
	int rc = db_int(&l->db, &n, e, "SELECT EXISTS (SELECT 1 FROM cert WHERE key = ?1 AND"
	    " status = 'revoked') OR EXISTS (SELECT 1 FROM disowned WHERE key = ?1)", "b", key,
	    (size_t)32);

	return rc < 0 ? rc : n != 0;
}

int
ledger_key_shared(struct ledger *l, const uint8_t key[static 32], uint64_t serial, uint64_t now,
    struct err *e)
{
	int64_t n;
	int rc = db_int(&l->db, &n, e, "SELECT EXISTS (SELECT 1 FROM cert WHERE key = ? AND"
	    " serial <> ? AND status IN ('live', 'superseded') AND not_after >= ?)", "buu", key,
	    (size_t)32, serial, now);

	return rc < 0 ? rc : n != 0;
}

int
ledger_disown(struct ledger *l, const struct cert *cert, const struct bundle_cert *object,
    struct err *e)
{
	return db_run(&l->db, e, "INSERT INTO disowned (issuer, serial, name, key, not_after,"
	    " fingerprint, object) VALUES (?, ?, ?, ?, ?, ?, ?)", "butbubb", cert->issuer,
	    sizeof(cert->issuer), cert->serial, cert->name, cert->key, sizeof(cert->key),
	    cert->not_after, cert->fingerprint, sizeof(cert->fingerprint), object->bytes,
	    (size_t)object->len);
}
