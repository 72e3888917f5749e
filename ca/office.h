/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office.h - where an authority works: its ledger, and the files that it hands out.
 *
 * Issuing is one transaction: facts from the ledger, the authority's decision, the result stored;
 * and nothing is handed out that is not committed. A file with a key in it cannot be made again,
 * so it is written and synced under a hidden name before the COMMIT and gets its name after it:
 *
 *	note the file in the ledger, COMMIT
 *	BEGIN, facts, sign, store, write the hidden file, COMMIT   <- now it exists
 *	rename, note that it is over, COMMIT
 *
 * Whoever opens the office next finishes or removes what a crash left between these lines, by what
 * the ledger says. One command at a time changes anything: a lock file keeps the others waiting.
 */
#ifndef CA_OFFICE_H
#define CA_OFFICE_H

#include "ca/authority.h"
#include "ca/ledger.h"
#include "core/bundle.h"
#include "core/rng.h"

struct office {
	struct ledger ledger;
	struct ledger_ca ca;
	char dir[PATH_MAX];
	char lock_path[PATH_MAX];
	struct rng rng;
	struct err notice; /* what could not be finished that a crash left, or empty */
};

/*
 * Opens the authority in the state directory `dir`. -ENOENT when there is none; what
 * ledger_open() and mark_check() say. Closing it notes how far its ledger has come (mark.h).
 */
int office_open(struct office *o, const char *dir, struct err *e) must_check;
void office_close(struct office *o);

/*
 * Only one command at a time changes anything: waits until the others are done. A descriptor that
 * ends it when it is closed, or negative.
 */
int office_lock(struct office *o, struct err *e) must_check;

/* Unix seconds. */
uint64_t office_now(void);

/* A new authority's keys and how they are to rest. */
struct secret {
	struct keyfile_cost cost;   /* no passes: no passphrase */
	const char *passphrase;
	size_t passphrase_len;
	bool psk;		    /* the network gets a pre-shared key */
};

/* 0 when an authority can be made in `dir`; -EEXIST when there is one. */
int office_vacant(const char *dir, struct err *e) must_check;

/*
 * Makes an authority in `dir`, which is created. Its keys come back in `keys`, which the caller
 * wipes. -EEXIST when there is one; else as authority_found().
 */
int office_found(struct office *o, const char *dir, const struct founding *f,
    const struct secret *secret, struct ca_keys *keys, struct err *e) must_check;

/*
 * The authority's keys, by their passphrase (empty where there is none). This is slow on purpose
 * (keyfile.h) and touches nothing but the office's copy of the key file, so a thread may do it.
 */
int office_unlock(const struct office *o, struct ca_keys *keys, const char *passphrase, size_t len,
    struct err *e) must_check;

/* Does opening the keys need a passphrase, and how much memory? */
int office_cost(const struct office *o, struct keyfile_cost *ret, struct err *e) must_check;

/* What is to be made. */
struct commission {
	struct order order;
	bool make_key; /* order.key is ours to make, and the bundle carries the private one */
	bool bare;     /* write the certificate alone, as for a stock peer */
	struct bundle_lighthouse lighthouse; /* its endpoints; its cert is not looked at */
	const struct bundle_cert *cosigned; /* what co-signers signed for it, or NULL */
	const char *path; /* the file to write; must not exist */
};

struct outcome {
	struct cert cert;
	struct bundle_cert object;
	uint32_t lighthouses;  /* that the bundle names, the new one too */
	char path[PATH_MAX];   /* absolute */
};

/*
 * Could `c` be signed now, as far as can be told without the keys? 0, or what office_sign() would
 * say, so that nobody types a passphrase for nothing.
 */
int office_check(struct office *o, const struct commission *c, struct err *e) must_check;

/*
 * Signs, stores, and writes the file; with `cosigned` there is nothing to sign, and `keys` may be
 * NULL. On failure nothing has happened, but for a file that could
 * not get its name after the COMMIT: then the next command tries again, and `e` says so.
 */
int office_sign(struct office *o, const struct ca_keys *keys, const struct commission *c,
    struct outcome *ret, struct err *e) must_check;

/*
 * The same within a transaction of the caller (ledger_begin), for a key that the host has, and
 * nothing is written but the ledger: nothing of it may be told before the COMMIT.
 */
int office_issue(struct office *o, const struct ca_keys *keys, const struct order *order,
    struct issued *ret, struct err *e) must_check;

/* The same of what co-signers signed for that order. */
int office_take(struct office *o, const struct bundle_cert *cosigned, const struct order *order,
    struct issued *ret, struct err *e) must_check;

/*
 * The bundle of a certificate from the ledger, without its key: text without NUL, at most
 * BUNDLE_TEXT_MAX, that holds the network's pre-shared key and is to be wiped. Its length.
 */
int office_bundle(struct office *o, char *to, const struct bundle_cert *host,
    struct err *e) must_check;

/*
 * What co-signers are to sign for `order`, whose `draft` is set: decided as office_sign() does, and
 * noted in the log, so that its serial number is given to nobody else. It counts for nothing before
 * it comes back as commission.cosigned.
 */
int office_draft(struct office *o, const struct ca_keys *keys, const struct order *order,
    struct issued *ret, struct err *e) must_check;

/*
 * The bundle, without a key, of the live certificate of `name`, or the charter of an issuing CA that
 * is called so; and the authority's certificate alone, behind its roots where it is an issuing CA. Both are PEM without NUL, at most BUNDLE_TEXT_MAX, and noted in the log. Return the
 * length. ERR_UNKNOWN when `name` has no live certificate.
 */
int office_export(struct office *o, char *to, const char *name, struct err *e) must_check;
int office_export_ca(struct office *o, char *to, struct err *e) must_check;

/*
 * ledger_verify(), and that the authority signed every certificate. Returns 0, with the number of
 * lines of the log and the hash of the last one.
 */
int office_verify(struct office *o, uint64_t *ret_lines, uint8_t ret_head[static 32],
    struct err *e) must_check;

#endif
