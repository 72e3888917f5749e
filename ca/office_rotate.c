/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_rotate.c - the office goes on under a new root.
 */
#include "ca/office_rotate.h"
#include "ca/ledger_chain.h"
#include "ca/ledger_token.h"
#include "ca/succession.h"
#include "core/crypto.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A rotation at work; it holds keys. */
struct work {
	struct office *office;
	const struct rotating *what;
	struct rotated *ret;
	uint64_t now;
	struct ca_keys keys;	/* of the new root */
	struct ledger_ca ca;
	struct ledger_rotation statement;
};

static int
make_successor(struct work *k, const struct ca_keys *old_keys, struct err *e)
{
	const struct cert *old = &k->office->ca.cert;
	uint64_t overlap = k->what->overlap != 0 ? k->what->overlap : OFFICE_OVERLAP;
	struct succession s = {
		.now = k->now,
		.until = min_u64(k->now + overlap, old->not_after),
		.lifetime = k->what->lifetime,
	};
	struct issued root;
	int rc = ledger_next_serial(&k->office->ledger, &s.serial, e);

	if (rc == 0)
		rc = succession_sign(&root, &k->keys, k->statement.object, old, old_keys, &s,
		    &k->office->rng, e);
	if (rc < 0)
		return rc;
	k->statement.len = (size_t)rc;
	k->statement.until = s.until;
	cert_fingerprint(k->statement.fingerprint, k->statement.object, k->statement.len);
	k->ca.role = LEDGER_ROOT;
	k->ca.cert = root.cert;
	k->ca.object.len = (uint16_t)root.len;
	memcpy(k->ca.object.bytes, root.bytes, root.len);
	k->ca.has_psk = k->office->ca.has_psk;
	memcpy(k->ca.psk, k->office->ca.psk, sizeof(k->ca.psk));
	return 0;
}

static int
seal_keys(struct work *k, struct err *e)
{
	const struct secret *s = &k->what->secret;
	int rc = keyfile_seal(k->ca.keyfile, &k->keys, s->cost, s->passphrase, s->passphrase_len,
	    &k->office->rng);

	if (rc < 0)
		return err_set(e, rc, "there is no memory to derive a key from the passphrase; it "
		    "takes %u MiB", (unsigned)(s->cost.memory_kib / 1024));
	return 0;
}

static int
log_rotation(struct work *k, struct err *e)
{
	struct log_line line = { .time = k->now, .event = "rotate", .serial = k->ca.cert.serial };
	char until[32];

	memcpy(line.name, k->ca.cert.name, sizeof(line.name));
	memcpy(line.digest, k->statement.fingerprint, sizeof(line.digest));
	(void)snprintf(line.detail, sizeof(line.detail), "serial %llu is believed until %s",
	    (unsigned long long)k->ret->old.serial,
	    text_format_time(until, k->statement.until));
	return ledger_log(&k->office->ledger, &line, e);
}

/* Hosts that come with a token look for the root that it names. */
static int
withdraw_invitations(struct work *k, struct err *e)
{
	struct ledger *l = &k->office->ledger;
	struct ledger_walk w;
	struct ledger_token t;
	int rc = ledger_walk_tokens(l, &w, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_token_next(&w, &t, e)) == 1) {
		if (t.status != TOKEN_OPEN)
			continue;
		rc = ledger_token_withdraw(l, t.keys.id, e);
		if (rc < 0)
			break;
		k->ret->invitations++;
	}
	token_keys_wipe(&t.keys);
	ledger_end(&w);
	return rc;
}

/* From here on the new one signs, first of all what everybody is told. */
static int
store_successor(struct work *k, struct err *e)
{
	struct office *o = k->office;
	struct ledger *l = &o->ledger;
	struct ledger_ca old = o->ca;
	int rc = ledger_found(l, &k->ca, k->now, e);

	if (rc == 0)
		rc = ledger_forget_keys(l, e);
	if (rc == 0)
		rc = ledger_add_anchor(l, &old.cert, &old.object, k->statement.until, e);
	if (rc == 0)
		rc = ledger_add_rotation(l, &k->statement, e);
	if (rc == 0)
		rc = log_rotation(k, e);
	if (rc == 0)
		rc = withdraw_invitations(k, e);
	o->ca = k->ca;
	if (rc == 0)
		rc = office_state_renew(o, &k->keys, k->now, &k->ret->state, e);
	o->ca = old;
	crypto_wipe(&old, sizeof(old));
	return rc;
}

static int
rotate_locked(struct work *k, const struct ca_keys *old_keys, struct err *e)
{
	struct office *o = k->office;
	int rc = make_successor(k, old_keys, e);

	if (rc == 0)
		rc = seal_keys(k, e);
	if (rc == 0)
		rc = ledger_begin(&o->ledger, e);
	if (rc < 0)
		return rc;
	rc = store_successor(k, e);
	rc = ledger_finish(&o->ledger, rc, e);
	if (rc == 0)
		o->ca = k->ca;
	return rc;
}

int
office_rotate(struct office *o, const struct ca_keys *keys, const struct rotating *r,
    struct rotated *ret, struct err *e)
{
	struct work *k = sodium_malloc(sizeof(*k));
	int lock, rc;

	if (k == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the new authority's key");
	memset(k, 0, sizeof(*k));
	*ret = (struct rotated){ .old = o->ca.cert };
	k->office = o;
	k->what = r;
	k->ret = ret;
	k->now = office_now();
	lock = office_lock(o, e);
	rc = lock < 0 ? lock : rotate_locked(k, keys, e);
	ret->until = k->statement.until;
	if (lock >= 0)
		close(lock);
	sodium_free(k);
	return rc;
}
