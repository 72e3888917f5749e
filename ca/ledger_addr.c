/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_addr.c - whose an address is.
 */
#include "ca/ledger_addr.h"
#include "ca/ledger_row.h"

#include <string.h>

int
ledger_hold(struct ledger *l, struct ip ip, const struct cert *cert, uint64_t now, struct err *e)
{
	char text[ADDR_TEXT_MAX];
	int rc = db_run(&l->db, e, "INSERT INTO addr (ip, name, until) VALUES (?1, ?2, ?3)"
	    " ON CONFLICT (ip) DO UPDATE SET name = ?2, over = 0,"
	    " until = iif(name = ?2, max(until, ?3), ?3) WHERE name = ?2 OR until < ?4", "btuu",
	    ip.b, ip_size(ip), cert->name, cert->not_after, now);

	if (rc == 0 && sqlite3_changes(l->db.sql) != 1)
		rc = err_set(e, ERR_CONFLICT, "%s belongs to another host", ip_format(text, ip));
	return rc;
}

int
ledger_release(struct ledger *l, uint64_t now, struct err *e)
{
	return db_run(&l->db, e, "UPDATE addr SET over = 1 WHERE over = 0 AND until < ?", "u", now);
}

static int
hold(void *ctx, struct ip ip, struct err *e)
{
	const struct ledger_tenancy *t = ctx;
	int64_t n;
	int rc = db_int(&t->ledger->db, &n, e, "SELECT EXISTS (SELECT 1 FROM addr WHERE ip = ? AND"
	    " name <> ? AND until >= ?)", "btu", ip.b, ip_size(ip), t->name, t->now);

	return rc < 0 ? rc : n != 0;
}

/*
 * The lowest address without a row
 *
 * What was once found to have rows without a gap is remembered as a run, which never ends earlier:
 * no row goes.
 */

struct run {
	struct ip first;
	struct ip beyond; /* the first without a row, as far as that is known */
};

static int
column_ip(struct ledger *l, sqlite3_stmt *stmt, int column, struct ip *ret, struct err *e)
{
	struct ip ip = { .family = sqlite3_column_bytes(stmt, column) == 4 ? FAMILY_V4 : FAMILY_V6 };

	if (db_column_blob(stmt, column, ip.b, ip_size(ip)) < 0)
		return ledger_damaged(l, "an address in it cannot be read", e);
	*ret = ip;
	return 0;
}

static int
read_run(struct ledger *l, sqlite3_stmt *stmt, void *to, struct err *e)
{
	struct run *r = to;
	int rc = column_ip(l, stmt, 0, &r->first, e);

	return rc < 0 ? rc : column_ip(l, stmt, 1, &r->beyond, e);
}

/* The run that has `ip`, or ends before it: 1, or 0. */
static int
find_run(struct ledger *l, struct run *ret, struct ip ip, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT first, beyond FROM addr_run"
	    " WHERE length(first) = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1", "ub",
	    (uint64_t)ip_size(ip), ip.b, ip_size(ip));

	if (rc == 0)
		rc = ledger_one(l, stmt, read_run, ret, e);
	return rc == 1 ? ip_compare(ip, ret->beyond) <= 0 : rc;
}

/* The address after `ip`. ERR_FULL after the last. */
static int
next_ip(struct ip *ip)
{
	for (size_t i = ip_size(*ip); i-- > 0;) {
		if (++ip->b[i] != 0)
			return 0;
	}
	return ERR_FULL;
}

/* Goes on from *ip until there is no row. */
static int
walk_rows(struct ledger *l, struct ip *ip, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT ip FROM addr WHERE length(ip) = ?1 AND ip >= ?2"
	    " ORDER BY ip", "ub", (uint64_t)ip_size(*ip), ip->b, ip_size(*ip));
	struct ip row;

	if (rc < 0)
		return rc;
	while ((rc = db_next(&l->db, stmt, e)) == 1) {
		rc = column_ip(l, stmt, 0, &row, e);
		if (rc < 0 || !ip_equal(row, *ip))
			break;
		rc = next_ip(ip);
		if (rc < 0) {
			err_set(e, rc, "the range of addresses has no end");
			break;
		}
	}
	sqlite3_finalize(stmt);
	return rc < 0 ? rc : 0;
}

static int
keep_run(struct ledger *l, const struct run *r, struct err *e)
{
	return db_run(&l->db, e, "INSERT INTO addr_run VALUES (?1, ?2)"
	    " ON CONFLICT (first) DO UPDATE SET beyond = ?2", "bb", r->first.b,
	    ip_size(r->first), r->beyond.b, ip_size(r->beyond));
}

/* The lowest address from *ip on that has no row. */
static int
skip_rows(struct ledger *l, struct ip *ip, struct err *e)
{
	struct run r;
	struct ip begin;
	int rc = find_run(l, &r, *ip, e);

	if (rc < 0)
		return rc;
	if (rc == 0)
		r.first = *ip;
	else
		*ip = r.beyond;
	begin = *ip;
	rc = walk_rows(l, ip, e);
	if (rc < 0 || ip_equal(begin, *ip))
		return rc;
	r.beyond = *ip;
	return keep_run(l, &r, e);
}

/*
 * The lowest address that is free
 */

static int
read_ip(struct ledger *l, sqlite3_stmt *stmt, void *to, struct err *e)
{
	return column_ip(l, stmt, 0, to, e);
}

/* *ret becomes the address that `stmt` finds, if that is lower. */
static int
take_lower(struct ledger *l, struct ip *ret, sqlite3_stmt *stmt, struct err *e)
{
	struct ip ip;
	int rc = ledger_one(l, stmt, read_ip, &ip, e);

	if (rc == 1 && ip_compare(ip, *ret) < 0)
		*ret = ip;
	return rc < 0 ? rc : 0;
}

/* One that never was anybody's, or is nobody's any more, or the name's own. */
static int
vacant(void *ctx, struct ip *ret, struct ip from, struct err *e)
{
	const struct ledger_tenancy *t = ctx;
	struct ledger *l = t->ledger;
	uint64_t size = ip_size(from);
	struct ip lowest = from;
	sqlite3_stmt *stmt;
	int rc = skip_rows(l, &lowest, e);

	if (rc == 0)
		rc = db_query(&l->db, &stmt, e, "SELECT ip FROM addr WHERE over = 1 AND"
		    " length(ip) = ? AND ip >= ? AND until < ? ORDER BY ip LIMIT 1", "ubu", size,
		    from.b, ip_size(from), t->now);
	if (rc == 0)
		rc = take_lower(l, &lowest, stmt, e);
	if (rc == 0)
		rc = db_query(&l->db, &stmt, e, "SELECT ip FROM addr WHERE name = ? AND"
		    " length(ip) = ? AND ip >= ? ORDER BY ip LIMIT 1", "tub", t->name, size,
		    from.b, ip_size(from));
	if (rc == 0)
		rc = take_lower(l, &lowest, stmt, e);
	if (rc == 0)
		*ret = lowest;
	return rc;
}

struct tenants
ledger_tenants(struct ledger_tenancy *of)
{
	return (struct tenants){ .ctx = of, .hold = hold, .vacant = vacant };
}
