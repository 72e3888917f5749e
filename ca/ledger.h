/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger.h - what an authority signed, in SQLite.
 *
 * The ledger is the authority's memory: a certificate that is not in it does not exist. Rows of
 * certificates are never changed but for their status and never deleted, and everything that was
 * done is a line of a log that only grows: triggers refuse anything else, and each line holds the
 * hash of the one before, so that a line that was changed behind SQLite's back is noticed when the
 * ledger is opened.
 *
 *	line  = BLAKE2b-256("mpynet log entry v1" padded to 24 || previous line (zeros at first) ||
 *		u64 seq || u64 time || u64 serial || 32 digest (zeros: none) ||
 *		event, name, detail, each with its u16 length before it)
 *
 * Changes happen between ledger_begin() and ledger_finish(). Times are Unix seconds.
 */
#ifndef CA_LEDGER_H
#define CA_LEDGER_H

#include "ca/keyfile.h"
#include "core/bundle.h"
#include "core/cert.h"
#include "host/db.h"

#include <limits.h>

struct ledger {
	struct db db;
	char path[PATH_MAX];
};

/*
 * Opens the ledger in the directory `dir`, checks the file and the log. -ENOENT when there is
 * none; with `create` an empty one is made, which has no authority yet.
 */
int ledger_open(struct ledger *l, const char *dir, bool create, struct err *e) must_check;
void ledger_close(struct ledger *l);

int ledger_begin(struct ledger *l, struct err *e) must_check;

/* Keeps what was done since then if `rc` is 0, else undoes it. Returns `rc`, or why that failed. */
int ledger_finish(struct ledger *l, int rc, struct err *e);

/*
 * Within a transaction: what follows may fail and be undone, and the rest stays. ledger_tried()
 * keeps what was done since ledger_try() if `rc` is 0, else undoes it, and returns `rc`, or why that
 * failed.
 */
int ledger_try(struct ledger *l, struct err *e) must_check;
int ledger_tried(struct ledger *l, int rc, struct err *e);

/*
 * The authority
 */

enum ledger_role {
	LEDGER_ROOT,
	LEDGER_APPLICATION, /* wants to be an issuing CA: signed by itself, and of no use yet */
	LEDGER_ISSUING,	    /* admitted by the network's root */
};

struct ledger_ca {
	enum ledger_role role;
	struct cert cert;
	struct bundle_cert object;
	uint8_t keyfile[KEYFILE_SIZE];
	bool has_psk;
	uint8_t psk[32];
};

/* The one that signs here. -ENOENT before ledger_found(). */
int ledger_ca(struct ledger *l, struct ledger_ca *ret, struct err *e) must_check;

/* Keeps a new authority, which signs here from now on: founded, admitted, or after a rotation. */
int ledger_found(struct ledger *l, const struct ledger_ca *ca, uint64_t now,
    struct err *e) must_check;

/*
 * Certificates
 */

struct ledger_walk {
	struct ledger *ledger;
	sqlite3_stmt *stmt;
};

enum ledger_status {
	LEDGER_LIVE,
	LEDGER_SUPERSEDED, /* renewed since: good until it expires, and no longer its name's */
	LEDGER_EXPIRED,
	LEDGER_REPLACED,   /* its serial is revoked */
	LEDGER_REVOKED,	   /* its serial and its key are revoked */
};
#define LEDGER_STATUSES (LEDGER_REVOKED + 1)

const char *ledger_status_name(enum ledger_status s);

struct ledger_cert {
	enum ledger_status status;
	struct cert cert;
	struct bundle_cert object;
};

/* A serial number that was never used. */
int ledger_next_serial(struct ledger *l, uint64_t *ret, struct err *e) must_check;

/* Certificates whose time is over, issuing CAs' too, no longer hold their name, key and addresses. */
int ledger_expire(struct ledger *l, uint64_t now, struct err *e) must_check;

/* The newest certificate of `name`, live or not: 1; 0 when there never was one. */
int ledger_find(struct ledger *l, struct ledger_cert *ret, const char *name,
    struct err *e) must_check;

/* The certificate with this serial number: 1, or 0. */
int ledger_serial(struct ledger *l, struct ledger_cert *ret, uint64_t serial,
    struct err *e) must_check;

/* Another name than `name` to which an unexpired certificate gives `key`: 1, else 0. */
int ledger_key_holder(struct ledger *l, char ret[static NAME_MAX_LEN + 1],
    const uint8_t key[static 32], const char *name, uint64_t now, struct err *e) must_check;

/*
 * Keeps a certificate as live, with its addresses until it expires. ERR_CONFLICT when serial, name,
 * key or an address is another's: authority_sign() asked for that before.
 */
int ledger_add(struct ledger *l, const struct cert *cert, const uint8_t *object, size_t len,
    uint64_t now, struct err *e) must_check;

/* All certificates of `name` that have not expired at `now`, or the one of `serial`, as below. */
int ledger_walk_name(struct ledger *l, struct ledger_walk *ret, const char *name, uint64_t now,
    struct err *e) must_check;
int ledger_walk_serial(struct ledger *l, struct ledger_walk *ret, uint64_t serial, uint64_t now,
    struct err *e) must_check;

/*
 * The certificate with this serial number, which is live or superseded, becomes what `status` says:
 * anything but live. Its addresses stay its name's until it would have expired. ERR_CONFLICT when it
 * ended before, so that nothing that ended returns.
 */
int ledger_end_cert(struct ledger *l, uint64_t serial, enum ledger_status status,
    struct err *e) must_check;

/* Where the lighthouse that has this certificate is reached. */
int ledger_set_endpoints(struct ledger *l, uint64_t serial,
    const struct bundle_lighthouse *lighthouse, struct err *e) must_check;
int ledger_endpoints(struct ledger *l, struct bundle_lighthouse *ret, uint64_t serial,
    struct err *e) must_check;

/* All certificates by serial number, or those after one: ledger_next() until it is not 1, then ledger_end(). */
int ledger_walk(struct ledger *l, struct ledger_walk *ret, struct err *e) must_check;
int ledger_walk_after(struct ledger *l, struct ledger_walk *ret, uint64_t serial,
    struct err *e) must_check;

/* Only those that are live and have endpoints. */
int ledger_walk_lighthouses(struct ledger *l, struct ledger_walk *ret, struct err *e) must_check;

int ledger_next(struct ledger_walk *w, struct ledger_cert *ret, struct err *e) must_check;
void ledger_end(struct ledger_walk *w);

/*
 * Files on their way to the operator. A handout is noted before its hidden file is written, is
 * promised in the transaction that issues, and is over when the file has its name.
 */
struct handout {
	int64_t id;
	bool promised;	       /* its certificate was issued */
	char hidden[PATH_MAX]; /* absolute */
	char path[PATH_MAX];
};

int ledger_handout(struct ledger *l, struct handout *h, struct err *e) must_check;
int ledger_promise(struct ledger *l, const struct handout *h, uint64_t serial,
    struct err *e) must_check;
int ledger_handout_over(struct ledger *l, const struct handout *h, struct err *e) must_check;

/* The oldest handout after `after` (an id, 0 for the first) that is not over: 1, or 0. */
int ledger_next_handout(struct ledger *l, struct handout *ret, int64_t after,
    struct err *e) must_check;

/*
 * The log
 */

#define LOG_EVENT_MAX  16
#define LOG_DETAIL_MAX 512

struct log_line {
	uint64_t seq;
	uint64_t time;
	char event[LOG_EVENT_MAX]; /* init issue renew revoke export ...: docs/certificates.md */
	char name[NAME_MAX_LEN + 1];
	uint64_t serial;    /* 0: none */
	uint8_t digest[32]; /* fingerprint of what was signed; zeros: nothing was */
	char detail[LOG_DETAIL_MAX];
	uint8_t hash[32];
};

/* Appends a line; `seq` and `hash` are set. */
int ledger_log(struct ledger *l, struct log_line *line, struct err *e) must_check;

/* The same for a certificate; and about `name`, when nothing was signed. */
int ledger_log_cert(struct ledger *l, uint64_t now, const char *event, const struct cert *c,
    const char *detail, struct err *e) must_check;
int ledger_log_name(struct ledger *l, uint64_t now, const char *event, const char *name,
    const char *detail, struct err *e) must_check;

/* Where the log ends: the number of its lines, and the hash of the last one. */
int ledger_log_head(struct ledger *l, uint64_t *ret_seq, uint8_t ret_head[static 32],
    struct err *e) must_check;

int ledger_log_walk(struct ledger *l, struct ledger_walk *ret, struct err *e) must_check;
int ledger_log_next(struct ledger_walk *w, struct log_line *ret, struct err *e) must_check;

/*
 * Is every line of the log what it was, does the log end where it did, and is every certificate in
 * it, once, with the bytes that were signed? 0, with the number of lines and the hash of the last
 * one; ERR_AUTH with a sentence.
 */
int ledger_verify(struct ledger *l, uint64_t *ret_lines, uint8_t ret_head[static 32],
    struct err *e) must_check;

#endif
