/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_rotate.c - the office goes on under a new root.
 */
#include "ca/office_rotate.h"
#include "ca/ledger_chain.h"
#include "ca/ledger_draft.h"
#include "ca/ledger_state.h"
#include "ca/ledger_token.h"
#include "ca/succession.h"
#include "core/crypto.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
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
	size_t state_len; /* 0: the first state of the new root is not signed yet */
	uint8_t state[NETSTATE_MAX];
};

static void
inherit(struct work *k)
{
	k->ca.role = LEDGER_ROOT;
	k->ca.has_psk = k->office->ca.has_psk;
	memcpy(k->ca.psk, k->office->ca.psk, sizeof(k->ca.psk));
}

static int
make_successor(struct work *k, const struct ca_keys *old_keys, struct err *e)
{
	const struct cert *old = &k->office->ca.cert;
	uint64_t overlap = k->what->overlap != 0 ? k->what->overlap : OFFICE_OVERLAP;
	struct succession s = {
		.now = k->now,
		.until = min_u64(k->now + overlap, old->not_after),
		.lifetime = k->what->lifetime,
		.reseat = k->what->reseat,
		.cosigners = k->what->cosigners,
		.cosigns = k->what->cosigns,
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
	k->ca.cert = root.cert;
	k->ca.object.len = (uint16_t)root.len;
	memcpy(k->ca.object.bytes, root.bytes, root.len);
	inherit(k);
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
	if (rc == 0)
		rc = ledger_drop_successor(l, e);
	o->ca = k->ca;
	if (rc == 0 && k->state_len > 0)
		rc = office_state_keep(o, k->state, k->state_len, k->now, &k->ret->state, e);
	else if (rc == 0)
		rc = office_state_renew(o, &k->keys, k->now, &k->ret->state, e);
	o->ca = old;
	crypto_wipe(&old, sizeof(old));
	return rc;
}

/*
 * With co-signers
 */

/* The first state of the new root, whole or for a draft. */
static int
write_first_state(struct work *k, struct err *e)
{
	struct office *o = k->office;
	struct ledger_ca old = o->ca;
	uint64_t last = 0;
	int rc = ledger_draft_version(&o->ledger, &last, e);

	o->ca = k->ca;
	if (rc == 0)
		rc = office_state_write(o, office_is_cosigned(o) ? NULL : &k->keys, last + 1, k->now,
		    k->state, e);
	o->ca = old;
	crypto_wipe(&old, sizeof(old));
	if (rc < 0)
		return rc;
	k->state_len = (size_t)rc;
	return 0;
}

/* Adds a draft of `object` for `root`, and leaves in its place what will be found in the draft. */
static int
add_draft(struct work *k, const struct ledger_ca *root, const struct ca_keys *keys,
    uint8_t *object, size_t *len, struct err *e)
{
	struct draft *d = &k->ret->drafts[k->ret->draft_count];
	int rc;

	if (root->cert.cosigners.count == 0)
		return 0;
	rc = office_make_draft(d, &root->object, keys, object, *len, e);
	if (rc < 0)
		return rc;
	k->ret->draft_count++;
	memcpy(object, d->bare, d->bare_len);
	*len = d->bare_len;
	return d->kind == OBJECT_STATE ?
	    ledger_draft_put(&k->office->ledger, d->fingerprint, d->state.version, e) : 0;
}

static int
put_successor(struct work *k, struct err *e)
{
	struct ledger_successor *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the new root");
	s->root = k->ca.object;
	memcpy(s->keyfile, k->ca.keyfile, sizeof(s->keyfile));
	s->until = k->statement.until;
	s->statement_len = k->statement.len;
	memcpy(s->statement, k->statement.object, k->statement.len);
	s->state_len = k->state_len;
	memcpy(s->state, k->state, k->state_len);
	rc = ledger_put_successor(&k->office->ledger, s, e);
	free(s);
	return rc;
}

/* The new root waits, and its serial number is taken. */
static int
prepare(struct work *k, const struct ca_keys *old_keys, struct err *e)
{
	struct office *o = k->office;
	int rc = write_first_state(k, e);

	if (rc == 0)
		rc = add_draft(k, &o->ca, old_keys, k->statement.object, &k->statement.len, e);
	if (rc == 0)
		rc = add_draft(k, &k->ca, &k->keys, k->state, &k->state_len, e);
	if (rc == 0)
		rc = put_successor(k, e);
	return rc < 0 ? rc : ledger_log_cert(&o->ledger, k->now, "draft", &k->ca.cert,
	    "a root that is to follow", e);
}

static bool
needs_cosigners(const struct work *k)
{
	return office_is_cosigned(k->office) || k->ca.cert.cosigners.count > 0;
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
	rc = needs_cosigners(k) ? prepare(k, old_keys, e) : store_successor(k, e);
	rc = ledger_finish(&o->ledger, rc, e);
	if (rc == 0 && !needs_cosigners(k))
		o->ca = k->ca;
	for (size_t i = 0; rc < 0 && i < k->ret->draft_count; i++)
		draft_free(&k->ret->drafts[i]);
	return rc;
}

/* `k` in memory that is locked and zero; sodium_free() wipes it. */
static struct work *
work_new(struct office *o, const struct rotating *r, struct rotated *ret, struct err *e)
{
	struct work *k = sodium_malloc(sizeof(*k));

	if (k == NULL) {
		(void)err_set(e, -ENOMEM, "there is no memory for the new authority's key");
		return NULL;
	}
	memset(k, 0, sizeof(*k));
	*ret = (struct rotated){ .old = o->ca.cert };
	k->office = o;
	k->what = r;
	k->ret = ret;
	k->now = office_now();
	return k;
}

int
office_rotate(struct office *o, const struct ca_keys *keys, const struct rotating *r,
    struct rotated *ret, struct err *e)
{
	struct work *k = work_new(o, r, ret, e);
	int lock, rc;

	if (k == NULL)
		return -ENOMEM;
	lock = office_lock(o, e);
	rc = lock < 0 ? lock : rotate_locked(k, keys, e);
	ret->until = k->statement.until;
	if (lock >= 0)
		close(lock);
	sodium_free(k);
	return rc;
}

int
office_is_successor(struct office *o, const struct cert *root, struct err *e)
{
	struct ledger_successor *s = calloc(1, sizeof(*s));
	uint8_t fingerprint[32];
	int rc;

	if (s == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the new root");
	rc = ledger_successor(&o->ledger, s, e);
	if (rc == 1) {
		cert_fingerprint(fingerprint, s->root.bytes, s->root.len);
		rc = memcmp(fingerprint, root->fingerprint, sizeof(fingerprint)) == 0;
	}
	free(s);
	return rc;
}

/* What the ledger has, or what it became with the signatures of its draft. Its length. */
static int
finish(uint8_t *to, size_t cap, const uint8_t *kept, size_t len, const struct draft *drafts,
    size_t count, struct err *e)
{
	if (kept[5] != ALG_MULTI) {
		memcpy(to, kept, len);
		return (int)len;
	}
	for (size_t i = 0; i < count; i++) {
		const struct draft *d = &drafts[i];
		int rc;

		if (d->bare_len != len || memcmp(d->bare, kept, len) != 0)
			continue;
		rc = draft_finish(to, cap, d);
		return rc >= 0 ? rc : err_set(e, rc, "%s has %u of %u signatures; send the drafts to "
		    "another co-signer", d->kind == OBJECT_STATE ? "the first state of the new root"
		    : "the statement of the old root", draft_count(d), d->root.cosigners.k);
	}
	return err_set(e, ERR_CONFLICT, "a draft of this rotation is missing, or `mpynet ca rotate` "
	    "was given again since; its drafts are in one file, and the last file counts");
}

/* The state names the one before, so none may have been signed since. */
static int
check_fresh(struct work *k, struct err *e)
{
	struct ledger_state *last = calloc(1, sizeof(*last));
	struct netstate s;
	int rc;

	if (last == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the network's state");
	rc = ledger_state(&k->office->ledger, last, e);
	if (rc >= 0 && netstate_decode(&s, k->state, k->state_len, NULL) == 0) {
		rc = s.version > last->version &&
		    memcmp(s.previous, last->fingerprint, sizeof(s.previous)) == 0 ? 0 :
		    err_set(e, ERR_CONFLICT, "this rotation is stale: state %llu was signed after it "
			"was drafted; `mpynet ca rotate` drafts it again",
			(unsigned long long)last->version);
		netstate_free(&s);
	}
	free(last);
	return rc;
}

static int
load_successor(struct work *k, const struct ledger_successor *s, const struct draft *drafts,
    size_t count, struct err *e)
{
	int rc = cert_decode(&k->ca.cert, s->root.bytes, s->root.len, NULL);

	if (rc < 0)
		return err_set(e, rc, "the root that is to follow cannot be read");
	k->ca.object = s->root;
	memcpy(k->ca.keyfile, s->keyfile, sizeof(s->keyfile));
	inherit(k);
	k->statement.until = s->until;
	rc = finish(k->statement.object, sizeof(k->statement.object), s->statement,
	    s->statement_len, drafts, count, e);
	if (rc < 0)
		return rc;
	k->statement.len = (size_t)rc;
	cert_fingerprint(k->statement.fingerprint, k->statement.object, k->statement.len);
	rc = finish(k->state, sizeof(k->state), s->state, s->state_len, drafts, count, e);
	if (rc < 0)
		return rc;
	k->state_len = (size_t)rc;
	return check_fresh(k, e);
}

/* In a transaction. */
static int
take(struct work *k, const struct draft *drafts, size_t count, struct err *e)
{
	struct ledger_successor *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the new root");
	rc = ledger_successor(&k->office->ledger, s, e);
	if (rc == 0)
		rc = err_set(e, ERR_UNKNOWN, "no new root waits for signatures here; `mpynet ca "
		    "rotate` drafts one");
	if (rc == 1)
		rc = load_successor(k, s, drafts, count, e);
	free(s);
	return rc < 0 ? rc : store_successor(k, e);
}

int
office_take_rotation(struct office *o, const struct draft *drafts, size_t count,
    struct rotated *ret, struct err *e)
{
	struct work *k = work_new(o, NULL, ret, e);
	int lock, rc;

	if (k == NULL)
		return -ENOMEM;
	lock = office_lock(o, e);
	rc = lock < 0 ? lock : ledger_begin(&o->ledger, e);
	if (rc == 0)
		rc = ledger_finish(&o->ledger, take(k, drafts, count, e), e);
	if (rc == 0)
		o->ca = k->ca;
	ret->until = k->statement.until;
	if (lock >= 0)
		close(lock);
	sodium_free(k);
	return rc;
}
