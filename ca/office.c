/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office.c - where an authority works: its ledger, and the files that it hands out.
 */
#include "ca/office.h"
#include "ca/admission.h"
#include "ca/ledger_chain.h"
#include "ca/mark.h"
#include "ca/office_handout.h"
#include "core/crypto.h"
#include "host/file.h"
#include "host/loop.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long a command waits for another that is signing. */
#define LOCK_TRIES    200
#define LOCK_EVERY_MS 50

uint64_t
office_now(void)
{
	return clock_now().wall / USEC_PER_SEC;
}

int
office_lock(struct office *o, struct err *e)
{
	static const struct timespec pause = { .tv_nsec = LOCK_EVERY_MS * 1000000L };
	int fd = file_lock(o->lock_path, e);

	for (int i = 0; fd == -EWOULDBLOCK && i < LOCK_TRIES; i++) {
		nanosleep(&pause, NULL);
		fd = file_lock(o->lock_path, e);
	}
	return fd;
}

/*
 * Opening
 */

static int
set_paths(struct office *o, const char *dir, struct err *e)
{
	int n = snprintf(o->dir, sizeof(o->dir), "%s", dir);
	int m = snprintf(o->lock_path, sizeof(o->lock_path), "%s/ca.lock", dir);

	if (n >= (int)sizeof(o->dir) || m >= (int)sizeof(o->lock_path))
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", dir);
	o->rng = kernel_rng();
	o->notice.text[0] = '\0';
	return sodium_init() < 0 ? err_set(e, ERR_CRYPTO, "libsodium does not start") : 0;
}

/* Is there a ledger to open? */
static int
check_ledger(const char *dir, struct err *e)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/ca.db", dir) >= (int)sizeof(path))
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", dir);
	if (access(path, R_OK | W_OK) == 0)
		return 0;
	if (errno == ENOENT || errno == ENOTDIR)
		return err_set(e, -ENOENT, "there is no authority in %s; make one with `mpynet ca "
		    "init`, or say with --state where it is", dir);
	return err_set(e, -errno, "%s: %s", path, err_phrase(-errno));
}

int
office_open(struct office *o, const char *dir, struct err *e)
{
	int lock, rc = set_paths(o, dir, e);

	if (rc == 0)
		rc = check_ledger(dir, e);
	if (rc < 0)
		return rc;
	lock = office_lock(o, e);
	if (lock < 0)
		return lock;
	rc = ledger_open(&o->ledger, o->dir, false, e);
	if (rc == 0) {
		rc = mark_check(&o->ledger, o->dir, e);
		if (rc == 0)
			rc = ledger_ca(&o->ledger, &o->ca, e);
		if (rc < 0)
			ledger_close(&o->ledger);
		else if (handouts_finish(&o->ledger, &o->notice) == 0)
			o->notice.text[0] = '\0';
	}
	close(lock);
	return rc;
}

void
office_close(struct office *o)
{
	mark_note(&o->ledger, o->dir);
	ledger_close(&o->ledger);
	crypto_wipe(&o->ca, sizeof(o->ca));
}

/*
 * Founding
 */

int
office_vacant(const char *dir, struct err *e)
{
	struct office o;
	int rc = office_open(&o, dir, e);

	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	rc = err_set(e, -EEXIST, "%s has the authority of network %s already; name another "
	    "directory with --state", dir, o.ca.cert.name);
	office_close(&o);
	return rc;
}

/* A root; or what applies to be an issuing CA below one. */
static int
make_certificate(struct issued *ret, enum ledger_role *role, struct ca_keys *keys,
    const struct founding *f, const struct rng *rng, struct err *e)
{
	struct cert root;

	*role = f->root.len > 0 ? LEDGER_APPLICATION : LEDGER_ROOT;
	if (f->root.len == 0)
		return authority_found(ret, keys, f, rng, e);
	if (cert_decode(&root, f->root.bytes, f->root.len, NULL) < 0)
		return err_set(e, ERR_FORMAT, "the root's certificate cannot be read");
	return application_make(ret, keys, f->name, &root, f->now, rng, e);
}

/* The authority as it will be in the ledger. */
static int
make_ca(struct ledger_ca *ca, struct ca_keys *keys, const struct founding *f,
    const struct secret *s, const struct rng *rng, struct err *e)
{
	struct issued root;
	int rc = make_certificate(&root, &ca->role, keys, f, rng, e);

	if (rc < 0)
		return rc;
	ca->cert = root.cert;
	ca->object.len = (uint16_t)root.len;
	memcpy(ca->object.bytes, root.bytes, root.len);
	ca->has_psk = s->psk;
	if (s->psk)
		rng_fill(rng, ca->psk, sizeof(ca->psk));
	rc = keyfile_seal(ca->keyfile, keys, s->cost, s->passphrase, s->passphrase_len, rng);
	if (rc < 0)
		return err_set(e, rc, "there is no memory to derive a key from the passphrase; it "
		    "takes %u MiB", (unsigned)(s->cost.memory_kib / 1024));
	return 0;
}

/* Whose network an application is for: the only root whose word this office will take. */
static int
store_root(struct office *o, const struct bundle_cert *root, struct err *e)
{
	struct cert c;

	if (root->len == 0)
		return 0;
	if (cert_decode(&c, root->bytes, root->len, NULL) < 0)
		return err_set(e, ERR_FORMAT, "the root's certificate cannot be read");
	return ledger_add_anchor(&o->ledger, &c, root, c.not_after, e);
}

/* Keeps it, unless somebody else was faster. */
static int
store_ca(struct office *o, const struct founding *f, struct err *e)
{
	struct ledger_ca other;
	int rc = ledger_begin(&o->ledger, e);

	if (rc < 0)
		return rc;
	rc = ledger_ca(&o->ledger, &other, e);
	if (rc == 0)
		rc = err_set(e, -EEXIST, "%s has the authority of network %s already", o->dir,
		    other.cert.name);
	else if (rc == -ENOENT)
		rc = ledger_found(&o->ledger, &o->ca, f->now, e);
	if (rc == 0)
		rc = store_root(o, &f->root, e);
	rc = ledger_finish(&o->ledger, rc, e);
	crypto_wipe(&other, sizeof(other));
	return rc;
}

int
office_found(struct office *o, const char *dir, const struct founding *f,
    const struct secret *secret, struct ca_keys *keys, struct err *e)
{
	int lock, rc = set_paths(o, dir, e);

	if (rc == 0)
		rc = make_ca(&o->ca, keys, f, secret, &o->rng, e);
	if (rc == 0)
		rc = dir_make(dir, 0700, e);
	if (rc < 0)
		return rc;
	lock = office_lock(o, e);
	if (lock < 0)
		return lock;
	rc = ledger_open(&o->ledger, dir, true, e);
	if (rc == 0) {
		rc = store_ca(o, f, e);
		if (rc < 0)
			ledger_close(&o->ledger);
	}
	close(lock);
	return rc;
}

int
office_cost(const struct office *o, struct keyfile_cost *ret, struct err *e)
{
	int rc = keyfile_cost(ret, o->ca.keyfile, sizeof(o->ca.keyfile));

	if (rc < 0)
		return err_set(e, rc, "the key of %s in %s %s; restore the ledger from a backup",
		    o->ca.cert.name, o->ledger.path, err_phrase(rc));
	return 0;
}

int
office_unlock(const struct office *o, struct ca_keys *keys, const char *passphrase, size_t len,
    struct err *e)
{
	struct keyfile_cost cost;
	int rc = office_cost(o, &cost, e);

	if (rc < 0)
		return rc;
	rc = keyfile_open(keys, o->ca.keyfile, sizeof(o->ca.keyfile), passphrase, len);
	if (rc == -ENOMEM)
		return err_set(e, rc, "there is no memory to open the key of %s; it takes %u MiB",
		    o->ca.cert.name, (unsigned)(cost.memory_kib / 1024));
	if (rc < 0 && cost.passes == 0)
		return err_set(e, rc, "the key of %s in %s is damaged; restore the ledger from a "
		    "backup", o->ca.cert.name, o->ledger.path);
	if (rc < 0)
		return err_set(e, rc, "this is not the passphrase of %s", o->ca.cert.name);
	if (!authority_owns(&o->ca.cert, keys)) {
		crypto_wipe(keys, sizeof(*keys));
		return err_set(e, ERR_AUTH, "the key in %s is not that of %s; restore the ledger "
		    "from a backup", o->ledger.path, o->ca.cert.name);
	}
	return 0;
}
