/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hostkey.c - a host's private key in a file of its own.
 */
#include "host/hostkey.h"

#include <errno.h>
#include <string.h>

#include "core/bundle.h"
#include "core/crypto.h"
#include "core/pem.h"
#include "host/file.h"
#include "host/loop.h"

#define KEY_PEM_MAX PEM_LEN(sizeof(PEM_HOST_KEY) - 1, 32)

int
hostkey_read(uint8_t key[static 32], const char *path, struct err *err)
{
	char label[PEM_LABEL_MAX], *text;
	struct pem_reader reader;
	size_t len;
	int rc = file_load_secret(&text, &len, path, BUNDLE_TEXT_MAX, err);

	if (rc < 0)
		return rc;
	rc = pem_open(&reader, text, len, err);
	if (rc == 0)
		rc = pem_next(&reader, label, key, 32, err);
	file_free(text, len);
	if (rc >= 0 && (rc != 32 || strcmp(label, PEM_HOST_KEY) != 0))
		rc = err_set(err, ERR_FORMAT, "it holds no host key");
	return rc < 0 ? err_prefix(err, rc, "%s", path) : 0;
}

static int
store(const char *path, const uint8_t key[static 32], struct err *err)
{
	char text[KEY_PEM_MAX];
	int rc = pem_write(text, sizeof(text), PEM_HOST_KEY, key, 32);

	assert(rc > 0);
	rc = file_replace(path, 0600, text, (size_t)rc, err);
	crypto_wipe(text, sizeof(text));
	return rc;
}

int
hostkey_obtain(uint8_t key[static 32], const char *path, struct err *err)
{
	struct rng rng = kernel_rng();
	int rc = hostkey_read(key, path, err);

	if (rc != -ENOENT)
		return rc;
	rng_fill(&rng, key, 32);
	key[0] &= 0xf8; /* clamped, as WireGuard's tools keep it (RFC 7748) */
	key[31] = (uint8_t)((key[31] & 0x7f) | 0x40);
	return store(path, key, err);
}

bool
hostkey_fits(const uint8_t key[static 32], const uint8_t public[static 32])
{
	uint8_t made[32];

	crypto_dh_public(made, key);
	return memcmp(made, public, sizeof(made)) == 0;
}
