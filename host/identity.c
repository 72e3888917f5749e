/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * identity.c - who a daemon is: the bundle that its state joined with.
 */
#include "host/identity.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "host/hostkey.h"

int
identity_load(const struct home *h, struct bundle *ret, struct verified *me, usec_t wall,
    struct err *err)
{
	static const char *const up[HOME_ROLES] = { "up FILE.mpynet", "lighthouse FILE.mpynet",
		"ca serve" };
	char path[PATH_MAX], *text;
	size_t len;
	int rc = home_file(path, h, HOME_BUNDLE, err);

	if (rc < 0)
		return rc;
	rc = file_load_secret(&text, &len, path, BUNDLE_TEXT_MAX, err);
	if (rc == -ENOENT)
		return err_set(err, rc, "this state has not joined a network yet; "
		    "give it a bundle: mpynet %s", up[h->role]);
	if (rc < 0)
		return rc;
	rc = bundle_read(ret, text, len, err);
	file_free(text, len);
	if (rc == 0)
		rc = bundle_check(ret, wall, me, err);
	if (rc == 0 && !ret->has_key)
		rc = err_set(err, -ENOENT, "%s holds no key", path);
	return rc < 0 ? err_prefix(err, rc, "%s", path) : 0;
}

static struct bundle_cert
cert_of(const uint8_t *p, size_t len)
{
	struct bundle_cert c = { .len = (uint16_t)len };

	memcpy(c.bytes, p, len);
	return c;
}

/* Has `c` the key of the certificate in `bytes`? */
static bool
same_key(const struct bundle_cert *c, const uint8_t *bytes, size_t len)
{
	struct cert a, b;

	return cert_decode(&a, c->bytes, c->len, NULL) == 0 &&
	    cert_decode(&b, bytes, len, NULL) == 0 && memcmp(a.key, b.key, sizeof(a.key)) == 0;
}

/* A CA that the certificate stands on: in the place of its earlier self, or as one more. */
static int
put_ca(struct bundle *b, const uint8_t *ca, size_t len, bool root)
{
	uint32_t i = 0;

	if (len == 0)
		return 0;
	while (i < b->ca_count && !same_key(&b->cas[i], ca, len))
		i++;
	if (i == b->ca_count) {
		if (b->ca_count == BUNDLE_CAS_MAX)
			return ERR_FULL;
		b->ca_count++;
		if (root) {	/* roots stand before the CAs that they signed; the newest is first */
			memmove(&b->cas[1], &b->cas[0], i * sizeof(b->cas[0]));
			i = 0;
		}
	}
	b->cas[i] = cert_of(ca, len);
	return 0;
}

int
identity_rekey(const struct home *h, const struct bundle *b, bool make, uint8_t key[static 32],
    struct err *err)
{
	char path[PATH_MAX];
	int rc = home_file(path, h, HOME_REKEY, err);

	if (rc == 0)
		rc = hostkey_read(key, path, err);
	if (rc == 0 && make && sodium_memcmp(key, b->key, sizeof(b->key)) == 0) {
		identity_rekey_drop(h);
		rc = -ENOENT;
	}
	if (rc == -ENOENT && make)
		rc = hostkey_obtain(key, path, err);
	return rc == -ENOENT ? 0 : rc < 0 ? rc : 1;
}

void
identity_rekey_drop(const struct home *h)
{
	char path[PATH_MAX];

	if (home_file(path, h, HOME_REKEY, NULL) == 0)
		(void)unlink(path);
}

/* `b` as it is to be from now on, with the key `key`. */
static int
put_renewed(struct bundle *b, const struct renewed *r, const uint8_t key[static 32])
{
	int rc = put_ca(b, r->root, r->root_len, true);

	if (rc == 0)
		rc = put_ca(b, r->chain.issuing, r->chain.issuing_len, false);
	memmove(b->key, key, sizeof(b->key));
	b->host = cert_of(r->cert, r->cert_len);
	/* A lighthouse's bundle may name itself. */
	for (uint32_t i = 0; i < b->lighthouse_count; i++)
		if (same_key(&b->lighthouses[i].cert, r->cert, r->cert_len))
			b->lighthouses[i].cert = b->host;
	return rc;
}

static int
write_bundle(const struct home *h, const struct bundle *b, struct err *err)
{
	char path[PATH_MAX], *text = malloc(BUNDLE_TEXT_MAX);
	int rc = home_file(path, h, HOME_BUNDLE, err), len;

	if (!text)
		return err_set(err, -ENOMEM, "no memory to write a bundle");
	len = bundle_write(text, BUNDLE_TEXT_MAX, b);
	if (rc == 0 && len < 0)
		rc = err_set(err, len, "%s: the bundle cannot be written", path);
	if (rc == 0)
		rc = file_replace(path, 0600, text, (size_t)len, err);
	sodium_memzero(text, BUNDLE_TEXT_MAX);
	free(text);
	return rc;
}

/* What the state holds by now, as far as it can be read; else what the daemon has read. */
static int
newest_bundle(const struct home *h, struct bundle *ret, const struct bundle *had,
    const struct cert *next, usec_t wall, struct err *err)
{
	struct verified me;

	if (identity_load(h, ret, &me, wall, NULL) < 0) {
		*ret = *had;
		return 0;
	}
	if (sodium_memcmp(ret->key, had->key, sizeof(ret->key)) == 0 &&
	    (memcmp(me.cert.issuer, next->issuer, sizeof(next->issuer)) != 0 ||
		me.cert.serial < next->serial))
		return 0;
	return err_set(err, -EEXIST, "a newer bundle was joined: mpynet reload takes it");
}

/* The key of `c`: that of the bundle, or the one that waits. */
static int
key_of(uint8_t key[static 32], const struct home *h, const struct bundle *b, const struct cert *c,
    struct err *err)
{
	int rc;

	if (hostkey_fits(b->key, c->key)) {
		memcpy(key, b->key, sizeof(b->key));
		return 0;
	}
	rc = identity_rekey(h, b, false, key, err);
	if (rc < 0 || (rc == 1 && hostkey_fits(key, c->key)))
		return rc < 0 ? rc : 0;
	return err_set(err, -ENOENT, "the key that it is for is not in this state");
}

static int
renew(const struct home *h, struct bundle *stored, struct bundle *b, const struct renewed *r,
    usec_t wall, struct err *err)
{
	uint8_t key[32] = { 0 };
	int rc = newest_bundle(h, stored, b, &r->chain.cert, wall, err);

	if (rc == 0)
		rc = key_of(key, h, b, &r->chain.cert, err);
	if (rc == 0 && put_renewed(stored, r, key) < 0)
		rc = err_set(err, ERR_FULL, "the bundle has no room for one more authority");
	if (rc == 0)
		rc = bundle_check(stored, wall, NULL, err);
	if (rc == 0)
		rc = write_bundle(h, stored, err);
	if (rc == 0)
		rc = put_renewed(b, r, key);
	sodium_memzero(key, sizeof(key));
	return rc;
}

int
identity_renew(const struct home *h, struct bundle *b, const struct renewed *r, usec_t wall,
    struct err *err)
{
	struct bundle *stored = calloc(1, sizeof(*stored));
	int rc;

	if (!stored)
		return err_set(err, -ENOMEM, "no memory for a renewed certificate");
	rc = renew(h, stored, b, r, wall, err);
	bundle_wipe(stored);
	free(stored);
	return rc < 0 ? err_prefix(err, rc, "the renewed certificate cannot be stored") : 0;
}
