/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office.c - where an authority works: its ledger, and the files that it hands out.
 */
#include "ca/office.h"
#include "ca/ledger_chain.h"
#include "ca/ledger_state.h"
#include "ca/mark.h"
#include "ca/office_state.h"
#include "core/crypto.h"
#include "core/pem.h"
#include "core/tlskey.h"
#include "host/file.h"
#include "host/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
 * Files on their way
 */

/* The absolute form of `path`, whose directory must exist. */
static int
absolute(char to[static PATH_MAX], const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	char dir[PATH_MAX], real[PATH_MAX];
	int n = slash == NULL ? snprintf(dir, sizeof(dir), ".") :
	    slash == path     ? snprintf(dir, sizeof(dir), "/") :
				snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);

	if (n >= (int)sizeof(dir))
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", path);
	if (base[0] == '\0')
		return err_set(e, -EISDIR, "%s is a directory, not a file to write", path);
	if (realpath(dir, real) == NULL)
		return err_set(e, -errno, "%s: %s", dir, err_phrase(-errno));
	n = snprintf(to, PATH_MAX, "%s/%s", strcmp(real, "/") == 0 ? "" : real, base);
	if (n >= PATH_MAX)
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", path);
	return 0;
}

static int
check_absent(const char *path, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		return err_set(e, -EEXIST, "%s exists already and is never overwritten; move it "
		    "away, or choose another name with --out", path);
	if (errno != ENOENT)
		return err_set(e, -errno, "%s: %s", path, err_phrase(-errno));
	return 0;
}

/* Where the file will be, and the hidden name beside it that it has until then. */
static int
name_handout(struct handout *h, const struct office *o, const char *path, struct err *e)
{
	const char *base;
	int n, rc = absolute(h->path, path, e);

	if (rc == 0)
		rc = check_absent(h->path, e);
	if (rc < 0)
		return rc;
	base = strrchr(h->path, '/') + 1;
	n = snprintf(h->hidden, sizeof(h->hidden), "%.*s.%s.%08x", (int)(base - h->path), h->path,
	    base, (unsigned)rng_u32(&o->rng));
	if (n >= (int)sizeof(h->hidden))
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", path);
	return 0;
}

/* Never takes the place of another file. */
static int
rename_to_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* This file system cannot refuse to replace; a second name can. */
	if (link(from, to) < 0)
		return -errno;
	return unlink(from) < 0 ? -errno : 0;
}

/*
 * What has a certificate gets its name, and what has none goes. That a file is not there is fine:
 * then it was done before the crash.
 */
static int
finish_file(const struct handout *h, struct err *e)
{
	int rc = h->promised	      ? rename_to_new(h->hidden, h->path) :
	    unlink(h->hidden) < 0 ? -errno :
				    0;

	if (rc == -ENOENT || rc == -ENOTDIR)
		return 0;
	if (rc == -EEXIST)
		return err_set(e, rc, "the bundle for %s waits as %s, because the first exists; "
		    "move one of them", h->path, h->hidden);
	if (rc < 0)
		return err_set(e, rc, "%s: cannot %s: %s", h->hidden,
		    h->promised ? "get its name" : "be removed", err_phrase(rc));
	return file_sync_dir(h->path, e);
}

static int
finish_handout(struct office *o, const struct handout *h, struct err *e)
{
	int rc = finish_file(h, e);

	if (rc == 0)
		rc = ledger_begin(&o->ledger, e);
	if (rc < 0)
		return rc;
	rc = ledger_handout_over(&o->ledger, h, e);
	return ledger_finish(&o->ledger, rc, e);
}

/* By what the ledger says now, whatever this process believes. */
static int
finish_handouts(struct office *o, struct err *e)
{
	struct handout h = { .id = 0 };
	int rc, first = 0;

	while ((rc = ledger_next_handout(&o->ledger, &h, h.id, e)) == 1) {
		rc = finish_handout(o, &h, e);
		if (rc < 0)
			first = rc;
	}
	return rc < 0 ? rc : first;
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
		else if (finish_handouts(o, &o->notice) == 0)
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

/* The authority as it will be in the ledger. */
static int
make_ca(struct ledger_ca *ca, struct ca_keys *keys, const struct founding *f,
    const struct secret *s, const struct rng *rng, struct err *e)
{
	struct issued root;
	int rc = authority_found(&root, keys, f, rng, e);

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

/* Keeps it, unless somebody else was faster. */
static int
store_ca(struct office *o, uint64_t now, struct err *e)
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
		rc = ledger_found(&o->ledger, &o->ca, now, e);
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
		rc = store_ca(o, f->now, e);
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

/*
 * Bundles
 */

/* Every live lighthouse, with where it is reached. */
static int
add_lighthouses(struct office *o, struct bundle *b, struct err *e)
{
	struct ledger_walk w;
	struct ledger_cert c;
	int rc = ledger_walk_lighthouses(&o->ledger, &w, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, &c, e)) == 1) {
		struct bundle_lighthouse *l = &b->lighthouses[b->lighthouse_count];

		if (b->lighthouse_count == BUNDLE_LIGHTHOUSES_MAX) {
			rc = err_set(e, ERR_FULL, "network %s has %d lighthouses, and a bundle "
			    "holds no more", o->ca.cert.name, BUNDLE_LIGHTHOUSES_MAX);
			break;
		}
		l->cert = c.object;
		rc = ledger_endpoints(&o->ledger, l, c.cert.serial, e);
		if (rc < 0)
			break;
		b->lighthouse_count++;
	}
	ledger_end(&w);
	return rc;
}

/* Who signs here, and who did before while it is still believed: so many as a bundle holds. */
static int
add_cas(struct office *o, struct bundle *b, struct err *e)
{
	struct ledger_walk w;
	struct cert cert;
	int rc = ledger_walk_anchors(&o->ledger, &w, office_now(), e);

	if (rc < 0)
		return rc;
	b->cas[0] = o->ca.object;
	b->ca_count = 1;
	while (b->ca_count < BUNDLE_CAS_MAX &&
	    (rc = ledger_anchor_next(&w, &cert, &b->cas[b->ca_count], e)) == 1)
		b->ca_count++;
	ledger_end(&w);
	return rc < 0 ? rc : 0;
}

/* What the host of this certificate needs to know. `key` is NULL when it made its own. */
static int
make_bundle(struct office *o, struct bundle *b, const struct bundle_cert *host, const uint8_t *key,
    struct err *e)
{
	int rc;

	memset(b, 0, sizeof(*b));
	b->host = *host;
	rc = add_cas(o, b, e);
	if (rc < 0)
		return rc;
	if (key != NULL) {
		b->has_key = true;
		memcpy(b->key, key, sizeof(b->key));
	}
	b->has_psk = o->ca.has_psk;
	memcpy(b->psk, o->ca.psk, sizeof(b->psk));
	return add_lighthouses(o, b, e);
}

static int
write_bundle(char *to, const struct bundle *b, struct err *e)
{
	int rc = bundle_write(to, BUNDLE_TEXT_MAX, b);

	return rc < 0 ? err_set(e, rc, "the bundle %s", err_phrase(rc)) : rc;
}

/*
 * Signing
 */

/* The facts, and what they point to. */
struct dossier {
	struct facts facts;
	struct ledger_cert holder;
	char key_holder[NAME_MAX_LEN + 1];
	struct ip *taken;
};

static int
find_holder(struct office *o, struct dossier *d, const struct order *order, struct err *e)
{
	int rc = ledger_find(&o->ledger, &d->holder, order->name, e);

	if (rc == 1 && d->holder.status == LEDGER_LIVE &&
	    d->holder.cert.not_after >= d->facts.now)
		d->facts.holder = &d->holder.cert;
	return rc < 0 ? rc : 0;
}

/* Everything the authority has to know, read in the transaction that stores its decision. */
static int
gather(struct office *o, struct dossier *d, const struct order *order, struct err *e)
{
	int rc = ledger_expire(&o->ledger, d->facts.now, e);

	if (rc == 0)
		rc = find_holder(o, d, order, e);
	if (rc == 0)
		rc = ledger_next_serial(&o->ledger, &d->facts.serial, e);
	if (rc == 0)
		rc = ledger_key_holder(&o->ledger, d->key_holder, order->key, order->name,
		    d->facts.now, e);
	if (rc == 1)
		d->facts.key_holder = d->key_holder;
	if (rc >= 0)
		rc = ledger_key_revoked(&o->ledger, order->key, e);
	d->facts.key_revoked = rc == 1;
	if (rc >= 0)
		rc = ledger_taken(&o->ledger, &d->taken, &d->facts.taken_count, order->name,
		    d->facts.now, e);
	d->facts.taken = d->taken;
	return rc;
}

/* A renewal takes nothing away; a replaced certificate ends here, and its line says for which. */
static int
end_holder(struct office *o, const struct dossier *d, bool renew, struct err *e)
{
	struct log_line line = { .time = d->facts.now, .event = "revoke" };
	uint64_t serial = d->holder.cert.serial;
	int rc;

	if (d->facts.holder == NULL)
		return 0;
	rc = ledger_end_cert(&o->ledger, serial, renew ? LEDGER_SUPERSEDED : LEDGER_REPLACED, e);
	if (rc < 0 || renew)
		return rc;
	line.serial = serial;
	memcpy(line.name, d->holder.cert.name, sizeof(line.name));
	memcpy(line.digest, d->holder.cert.fingerprint, sizeof(line.digest));
	(void)snprintf(line.detail, sizeof(line.detail), "replaced by serial %llu",
	    (unsigned long long)d->facts.serial);
	return ledger_log(&o->ledger, &line, e);
}

/* "10.87.0.10 fd00::a groups=nurses" for the log. */
static void
describe(char *to, size_t cap, const struct cert *c)
{
	char text[ADDR_TEXT_MAX];
	size_t at = 0;

	for (uint32_t i = 0; i < c->address_count && at < cap; i++)
		at += (size_t)snprintf(to + at, cap - at, "%s%s", i > 0 ? " " : "",
		    ip_format(text, c->addresses[i].ip));
	for (uint32_t i = 0; i < c->route_count && at < cap; i++)
		at += (size_t)snprintf(to + at, cap - at, " route=%s",
		    prefix_format(text, c->routes[i]));
	for (uint32_t i = 0; i < c->group_count && at < cap; i++)
		at += (size_t)snprintf(to + at, cap - at, " group=%s", c->groups[i]);
	if (at < cap)
		(void)snprintf(to + at, cap - at, " flags=%u", (unsigned)c->flags);
}

/* A lighthouse is found where it was said to be, or where the one was that it replaces. */
static int
store_endpoints(struct office *o, const struct commission *c, const struct dossier *d,
    const struct cert *cert, struct err *e)
{
	struct bundle_lighthouse l = c->lighthouse;
	int rc = 0;

	if (!(cert->flags & CERT_LIGHTHOUSE))
		return 0;
	if (l.endpoint_count == 0 && d->facts.holder != NULL)
		rc = ledger_endpoints(&o->ledger, &l, d->holder.cert.serial, e);
	if (rc == 0 && l.endpoint_count == 0)
		rc = err_set(e, ERR_FORMAT, "a lighthouse must be found by everybody; say with "
		    "--public HOST:PORT where it is");
	return rc < 0 ? rc : ledger_set_endpoints(&o->ledger, cert->serial, &l, e);
}

static int
store(struct office *o, const struct commission *c, const struct dossier *d,
    const struct issued *issued, struct err *e)
{
	struct log_line line = { .time = d->facts.now, .event = "issue" };
	const struct cert *cert = &issued->cert;
	int rc = end_holder(o, d, c->order.renew, e);

	if (c->order.renew)
		memcpy(line.event, "renew", 6);
	line.serial = cert->serial;
	memcpy(line.name, cert->name, sizeof(line.name));
	memcpy(line.digest, cert->fingerprint, sizeof(line.digest));
	describe(line.detail, sizeof(line.detail), cert);
	if (rc == 0)
		rc = ledger_add(&o->ledger, cert, issued->bytes, issued->len, d->facts.now, e);
	if (rc == 0)
		rc = store_endpoints(o, c, d, cert, e);
	return rc < 0 ? rc : ledger_log(&o->ledger, &line, e);
}

/*
 * Does what was signed change what the network's state says? Of lighthouses only once there is
 * one.
 */
static int
changes_state(struct office *o, const struct commission *c, const struct dossier *d,
    const struct cert *cert, struct err *e)
{
	struct proclaimed shown;

	if (office_may_state(o, NULL) < 0)
		return 0;
	if (d->facts.holder != NULL && !c->order.renew)
		return 1;
	return cert->flags & CERT_LIGHTHOUSE ? office_state_shown(o, &shown, e) : 0;
}

/* What was replaced is revoked, and everybody is told where a new lighthouse is. */
static int
renew_state(struct office *o, const struct ca_keys *keys, const struct commission *c,
    const struct dossier *d, const struct cert *cert, struct err *e)
{
	struct proclaimed p;
	int rc = changes_state(o, c, d, cert, e);

	return rc == 1 ? office_state_renew(o, keys, d->facts.now, &p, e) : rc;
}

/* The file's text; `text` holds BUNDLE_TEXT_MAX. Returns its length. */
static int
make_text(struct office *o, const struct commission *c, struct outcome *ret, const uint8_t *key,
    char *text, struct err *e)
{
	struct bundle *b;
	int rc;

	b = sodium_malloc(sizeof(*b));
	if (b == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a bundle");
	rc = make_bundle(o, b, &ret->object, key, e);
	ret->lighthouses = b->lighthouse_count;
	if (rc == 0 && c->bare)
		rc = pem_write(text, BUNDLE_TEXT_MAX, PEM_CERTIFICATE, ret->object.bytes,
		    ret->object.len);
	else if (rc == 0)
		rc = write_bundle(text, b, e);
	sodium_free(b);
	return rc;
}

/* Writes the file under its hidden name and promises that name to the certificate. */
static int
write_hidden(struct office *o, const struct commission *c, const struct handout *h,
    struct outcome *ret, const uint8_t *key, struct err *e)
{
	char *text = sodium_malloc(BUNDLE_TEXT_MAX);
	int rc;

	if (text == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a bundle");
	rc = make_text(o, c, ret, key, text, e);
	if (rc >= 0)
		rc = file_create(h->hidden, 0600, text, (size_t)rc, e);
	if (rc == 0)
		rc = ledger_promise(&o->ledger, h, ret->cert.serial, e);
	sodium_free(text);
	return rc;
}

/* Its serial number is taken from here on, whether it comes back or not. */
static int
log_draft(struct office *o, const struct dossier *d, const struct issued *issued, struct err *e)
{
	struct log_line line = { .time = d->facts.now, .event = "draft" };
	const struct cert *c = &issued->cert;

	line.serial = c->serial;
	memcpy(line.name, c->name, sizeof(line.name));
	describe(line.detail, sizeof(line.detail), c);
	return ledger_log(&o->ledger, &line, e);
}

/* Facts, decision, result; in a transaction. */
static int
decide(struct office *o, const struct ca_keys *keys, const struct commission *c,
    const struct order *order, struct issued *ret, struct err *e)
{
	struct dossier d = { .facts.now = office_now() };
	int rc = gather(o, &d, order, e);

	if (rc == 0 && c->cosigned != NULL)
		rc = authority_take(ret, &o->ca.cert, c->cosigned->bytes, c->cosigned->len, order,
		    &d.facts, e);
	else if (rc == 0)
		rc = authority_sign(ret, &o->ca.cert, keys, order, &d.facts, e);
	if (rc == 0)
		rc = order->draft ? log_draft(o, &d, ret, e) : store(o, c, &d, ret, e);
	if (rc == 0 && !order->draft)
		rc = renew_state(o, keys, c, &d, &ret->cert, e);
	free(d.taken);
	return rc;
}

int
office_issue(struct office *o, const struct ca_keys *keys, const struct order *order,
    struct issued *ret, struct err *e)
{
	struct commission c = { .order = *order };

	return decide(o, keys, &c, order, ret, e);
}

int
office_bundle(struct office *o, char *to, const struct bundle_cert *host, struct err *e)
{
	struct bundle *b = sodium_malloc(sizeof(*b));
	int rc;

	if (b == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a bundle");
	rc = make_bundle(o, b, host, NULL, e);
	if (rc == 0)
		rc = write_bundle(to, b, e);
	sodium_free(b);
	return rc;
}

/* The transaction: all of it or nothing. */
static int
issue(struct office *o, const struct ca_keys *keys, const struct commission *c,
    const struct order *order, const uint8_t *key, const struct handout *h, struct outcome *ret,
    struct err *e)
{
	struct issued issued;
	int rc = ledger_begin(&o->ledger, e);

	if (rc < 0)
		return rc;
	rc = decide(o, keys, c, order, &issued, e);
	if (rc == 0) {
		ret->cert = issued.cert;
		ret->object.len = (uint16_t)issued.len;
		memcpy(ret->object.bytes, issued.bytes, issued.len);
		rc = write_hidden(o, c, h, ret, key, e);
	}
	return ledger_finish(&o->ledger, rc, e);
}

/* From now on a crash leaves a line that says which file to look for. */
static int
note_handout(struct office *o, struct handout *h, struct err *e)
{
	int rc = ledger_begin(&o->ledger, e);

	if (rc < 0)
		return rc;
	rc = ledger_handout(&o->ledger, h, e);
	return ledger_finish(&o->ledger, rc, e);
}

static int
sign_locked(struct office *o, const struct ca_keys *keys, const struct commission *c,
    struct handout *h, struct outcome *ret, struct err *e)
{
	struct order order = c->order;
	uint8_t secret[32];
	int rc = note_handout(o, h, e);

	if (rc < 0)
		return rc;
	if (c->make_key) {
		rng_fill(&o->rng, secret, sizeof(secret));
		secret[0] &= 0xf8;	/* clamped, as WireGuard's tools keep it (RFC 7748) */
		secret[31] = (uint8_t)((secret[31] & 0x7f) | 0x40);
		crypto_dh_public(order.key, secret);
		tlskey_pin(order.tls_pin, secret);
	}
	rc = issue(o, keys, c, &order, c->make_key ? secret : NULL, h, ret, e);
	crypto_wipe(secret, sizeof(secret));
	if (rc < 0) {
		/* What cannot be put away now, the next command puts away. */
		(void)finish_handouts(o, NULL);
		return rc;
	}
	memcpy(ret->path, h->path, sizeof(ret->path));
	h->promised = true;
	rc = finish_handout(o, h, e);
	return rc < 0 ? err_prefix(e, rc, "%s is certified and its file comes with the next "
	    "command", c->order.name) : 0;
}

int
office_sign(struct office *o, const struct ca_keys *keys, const struct commission *c,
    struct outcome *ret, struct err *e)
{
	struct handout h;
	int lock, rc = name_handout(&h, o, c->path, e);

	if (rc < 0)
		return rc;
	lock = office_lock(o, e);
	if (lock < 0)
		return lock;
	rc = sign_locked(o, keys, c, &h, ret, e);
	close(lock);
	return rc;
}

int
office_draft(struct office *o, const struct ca_keys *keys, const struct order *order,
    struct issued *ret, struct err *e)
{
	struct commission c = { .order = *order };
	int lock = office_lock(o, e), rc;

	if (lock < 0)
		return lock;
	rc = ledger_begin(&o->ledger, e);
	if (rc == 0) {
		rc = decide(o, keys, &c, order, ret, e);
		rc = ledger_finish(&o->ledger, rc, e);
	}
	close(lock);
	return rc;
}

int
office_check(struct office *o, const struct commission *c, struct err *e)
{
	struct dossier d = { .facts.now = office_now() };
	struct handout h;
	int rc = find_holder(o, &d, &c->order, e);

	if (rc == 0)
		rc = authority_may_name(&c->order, &d.facts, e);
	return rc < 0 ? rc : name_handout(&h, o, c->path, e);
}

/*
 * Export and verification
 */

static int
log_export(struct office *o, const struct cert *c, struct err *e)
{
	struct log_line line = { .time = office_now(), .event = "export", .serial = c->serial };
	int rc = ledger_begin(&o->ledger, e);

	if (rc < 0)
		return rc;
	memcpy(line.name, c->name, sizeof(line.name));
	memcpy(line.digest, c->fingerprint, sizeof(line.digest));
	rc = ledger_log(&o->ledger, &line, e);
	return ledger_finish(&o->ledger, rc, e);
}

int
office_export(struct office *o, char *to, const char *name, struct err *e)
{
	struct order order = { .replace = true };
	struct dossier d = { .facts.now = office_now() };
	struct bundle b;
	int len, rc;

	if (strlen(name) > NAME_MAX_LEN)
		return err_set(e, ERR_UNKNOWN, "no certificate has so long a name");
	memcpy(order.name, name, strlen(name) + 1);
	rc = find_holder(o, &d, &order, e);
	if (rc < 0)
		return rc;
	if (d.facts.holder == NULL)
		return err_set(e, ERR_UNKNOWN, "%s has no live certificate; `mpynet ca list` shows "
		    "who has one", name);
	len = make_bundle(o, &b, &d.holder.object, NULL, e);
	if (len == 0)
		len = write_bundle(to, &b, e);
	bundle_wipe(&b);
	rc = len < 0 ? len : log_export(o, d.facts.holder, e);
	return rc < 0 ? rc : len;
}

int
office_export_ca(struct office *o, char *to, struct err *e)
{
	int rc, len = pem_write(to, BUNDLE_TEXT_MAX, PEM_CA_CERTIFICATE, o->ca.object.bytes,
	    o->ca.object.len);

	if (len < 0)
		return err_set(e, len, "the certificate %s", err_phrase(len));
	rc = log_export(o, &o->ca.cert, e);
	return rc < 0 ? rc : len;
}

/* Did this office sign it, under whichever certificate it had then? 0, ERR_AUTH, or negative. */
static int
signed_here(struct office *o, const struct ledger_cert *c, struct err *e)
{
	struct bundle_cert object;
	struct ledger_walk w;
	uint8_t key_id[16];
	struct cert ca;
	int rc = ledger_walk_cas(&o->ledger, &w, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_ca_next(&w, &ca, &object, e)) == 1) {
		cert_key_id(key_id, ca.key);
		if (memcmp(key_id, c->cert.issuer, sizeof(key_id)) == 0 &&
		    cert_verify_by(c->object.bytes, c->object.len, &ca) == 0)
			break;
	}
	ledger_end(&w);
	if (rc == 0)
		rc = err_set(e, ERR_AUTH, "%s: certificate %llu was not signed by this authority; "
		    "somebody changed the ledger, restore it from a backup", o->ledger.path,
		    (unsigned long long)c->cert.serial);
	return rc < 0 ? rc : 0;
}

/* Every certificate of this walk, which ends here. */
static int
verify_walk(struct office *o, struct ledger_walk *w, struct err *e)
{
	struct ledger_cert c;
	int rc;

	while ((rc = ledger_next(w, &c, e)) == 1) {
		rc = signed_here(o, &c, e);
		if (rc < 0)
			break;
	}
	ledger_end(w);
	return rc;
}

int
office_verify(struct office *o, uint64_t *ret_lines, uint8_t ret_head[static 32], struct err *e)
{
	struct ledger_walk w;
	int rc = ledger_verify(&o->ledger, ret_lines, ret_head, e);

	if (rc == 0)
		rc = ledger_walk(&o->ledger, &w, e);
	if (rc == 0)
		rc = verify_walk(o, &w, e);
	if (rc == 0)
		rc = ledger_walk_issuing(&o->ledger, &w, e);
	return rc < 0 ? rc : verify_walk(o, &w, e);
}
