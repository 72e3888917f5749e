/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_chain.c - authorities beside the one that signs here.
 */
#include "ca/ledger_chain.h"
#include "ca/ledger_row.h"

#include <errno.h>
#include <string.h>

/*
 * Issuing CAs
 */

int
ledger_add_issuing(struct ledger *l, const struct cert *cert, const struct bundle_cert *object,
    struct err *e)
{
	return db_run(&l->db, e, "INSERT INTO issuing (serial, issuer, name, key, not_after,"
	    " fingerprint, status, object) VALUES (?, ?, ?, ?, ?, ?, 'live', ?)", "ubtbubb",
	    cert->serial, cert->issuer, sizeof(cert->issuer), cert->name, cert->key,
	    sizeof(cert->key), cert->not_after, cert->fingerprint, sizeof(cert->fingerprint),
	    object->bytes, (size_t)object->len);
}

/* Nothing takes it back before its end. */
#define IS_VALID "status IN ('live', 'superseded') AND not_after >= "

int
ledger_find_issuing(struct ledger *l, struct ledger_cert *ret, const char *name, uint64_t now,
    struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT " LEDGER_CERT_COLUMNS " FROM issuing"
	    " WHERE name = ? AND " IS_VALID "? ORDER BY serial DESC LIMIT 1", "tu", name, now);

	return rc < 0 ? rc : ledger_one(l, stmt, ledger_read_cert, ret, e);
}

int
ledger_end_issuing(struct ledger *l, uint64_t serial, enum ledger_status status, struct err *e)
{
	int rc = db_run(&l->db, e, "UPDATE issuing SET status = ? WHERE serial = ?", "tu",
	    ledger_status_name(status), serial);

	if (rc == 0 && sqlite3_changes(l->db.sql) != 1)
		rc = err_set(e, ERR_CONFLICT, "%s has no issuing authority %llu", l->path,
		    (unsigned long long)serial);
	return rc;
}

int
ledger_walk_issuing(struct ledger *l, struct ledger_walk *ret, struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e, "SELECT " LEDGER_CERT_COLUMNS " FROM issuing"
	    " ORDER BY serial", "");
}

int
ledger_walk_admitted(struct ledger *l, struct ledger_walk *ret, uint64_t now, struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e, "SELECT " LEDGER_CERT_COLUMNS " FROM issuing"
	    " WHERE " IS_VALID "? ORDER BY serial", "u", now);
}

int
ledger_issuing_revoked(struct ledger *l, const uint8_t key[static 32], struct err *e)
{
	int64_t n;
	int rc = db_int(&l->db, &n, e, "SELECT EXISTS (SELECT 1 FROM issuing WHERE key = ? AND"
	    " status = 'revoked')", "b", key, (size_t)32);

	return rc < 0 ? rc : n != 0;
}

int
ledger_held_within(struct ledger *l, struct ip *ret, struct prefix p, uint64_t now, struct err *e)
{
	struct ip last = prefix_last(p);
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT ip FROM addr WHERE ip BETWEEN ?1 AND ?2"
	    " AND length(ip) = length(?1) AND until >= ?3 LIMIT 1", "bbu", p.ip.b, ip_size(p.ip),
	    last.b, ip_size(last), now);

	if (rc < 0)
		return rc;
	rc = db_next(&l->db, stmt, e);
	ret->family = p.ip.family;
	if (rc == 1 && db_column_blob(stmt, 0, ret->b, ip_size(*ret)) < 0)
		rc = ledger_damaged(l, "an address in it cannot be read", e);
	sqlite3_finalize(stmt);
	return rc;
}

/*
 * This office's own certificates
 */

/* A certificate in the first column, for the walks whose rows are nothing else. */
static int
next_object(struct ledger_walk *w, struct cert *ret, struct bundle_cert *object, struct err *e)
{
	int rc = db_next(&w->ledger->db, w->stmt, e);

	if (rc == 1 && ledger_column_cert(w->stmt, 0, object, ret) < 0)
		return ledger_damaged(w->ledger, "an authority in it cannot be read", e);
	return rc;
}

int
ledger_walk_cas(struct ledger *l, struct ledger_walk *ret, struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e, "SELECT object FROM ca ORDER BY id", "");
}

int
ledger_ca_next(struct ledger_walk *w, struct cert *ret, struct bundle_cert *object, struct err *e)
{
	return next_object(w, ret, object, e);
}

int
ledger_forget_keys(struct ledger *l, struct err *e)
{
	return db_run(&l->db, e, "UPDATE ca SET keyfile = x'' WHERE id < (SELECT max(id) FROM ca)",
	    "");
}

/*
 * Rotations and what they leave
 */

int
ledger_add_rotation(struct ledger *l, const struct ledger_rotation *r, struct err *e)
{
	return db_run(&l->db, e, "INSERT INTO rotation (until, fingerprint, object)"
	    " VALUES (?, ?, ?)", "ubb", r->until, r->fingerprint, sizeof(r->fingerprint),
	    r->object, r->len);
}

int
ledger_walk_rotations(struct ledger *l, struct ledger_walk *ret, struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e, "SELECT until, fingerprint, object FROM rotation"
	    " ORDER BY id", "");
}

int
ledger_rotation_next(struct ledger_walk *w, struct ledger_rotation *ret, struct err *e)
{
	int rc = db_next(&w->ledger->db, w->stmt, e);
	size_t len;

	if (rc != 1)
		return rc;
	len = (size_t)sqlite3_column_bytes(w->stmt, 2);
	if (len == 0 || len > sizeof(ret->object) ||
	    db_column_blob(w->stmt, 1, ret->fingerprint, sizeof(ret->fingerprint)) < 0 ||
	    db_column_blob(w->stmt, 2, ret->object, len) < 0)
		return ledger_damaged(w->ledger, "a rotation in it cannot be read", e);
	ret->until = (uint64_t)sqlite3_column_int64(w->stmt, 0);
	ret->len = len;
	return 1;
}

int
ledger_add_anchor(struct ledger *l, const struct cert *cert, const struct bundle_cert *object,
    uint64_t until, struct err *e)
{
	return db_run(&l->db, e, "INSERT INTO anchor (fingerprint, object, until)"
	    " VALUES (?, ?, ?)", "bbu", cert->fingerprint, sizeof(cert->fingerprint),
	    object->bytes, (size_t)object->len, until);
}

int
ledger_walk_anchors(struct ledger *l, struct ledger_walk *ret, uint64_t now, struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e, "SELECT object FROM anchor WHERE until >= ?"
	    " ORDER BY until DESC", "u", now);
}

int
ledger_anchor_next(struct ledger_walk *w, struct cert *ret, struct bundle_cert *object,
    struct err *e)
{
	return next_object(w, ret, object, e);
}

/*
 * The charter
 */

int
ledger_charter(struct ledger *l, char *to, size_t cap, struct err *e)
{
	sqlite3_stmt *stmt;
	size_t len = 0;
	int rc = db_query(&l->db, &stmt, e, "SELECT text FROM charter", "");

	if (rc < 0)
		return rc;
	rc = db_next(&l->db, stmt, e);
	if (rc == 1) {
		len = (size_t)sqlite3_column_bytes(stmt, 0);
		rc = len <= cap && db_column_blob(stmt, 0, to, len) == 0 ? (int)len :
		    ledger_damaged(l, "what admitted this authority cannot be read", e);
	}
	sqlite3_finalize(stmt);
	return rc;
}

int
ledger_set_charter(struct ledger *l, const char *text, size_t len, struct err *e)
{
	return db_run(&l->db, e, "INSERT INTO charter VALUES (1, ?1) ON CONFLICT (one)"
	    " DO UPDATE SET text = ?1", "b", text, len);
}

int
ledger_set_psk(struct ledger *l, const uint8_t *psk, struct err *e)
{
	return db_run(&l->db, e, "UPDATE ca SET psk = nullif(?, x'') WHERE id ="
	    " (SELECT max(id) FROM ca)", "b", psk, psk != NULL ? (size_t)32 : (size_t)0);
}
