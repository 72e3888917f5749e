/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * safe.c - bytes at rest under a passphrase.
 */
#include "ca/safe.h"
#include "core/bytes.h"
#include "core/crypto.h"

#define NONCE_AT 32
#define SALT_AT	 16

enum {
	KDF_NONE = 0,
	KDF_ARGON2ID = 1,
};

static_assert(SAFE_OVERHEAD == SAFE_HEADER + CRYPTO_TAG, "the layout in safe.h");

/* The key that seals, from the passphrase and what the header says. */
static int
derive(uint8_t key[static 32], const uint8_t *header, struct keyfile_cost cost,
    const char *passphrase, size_t len)
{
	memset(key, 0, 32);
	if (cost.passes == 0)
		return 0;
	return crypto_argon2id(key, passphrase, len, header + SALT_AT, cost.passes,
	    cost.memory_kib);
}

int
safe_seal(uint8_t *to, const uint8_t magic[static 4], const void *content, size_t len,
    struct keyfile_cost cost, const char *passphrase, size_t passphrase_len, const struct rng *rng)
{
	uint8_t key[32], salt[16] = { 0 }, nonce[24];
	struct wr w = wr_init(to, SAFE_HEADER);
	int rc;

	assert((cost.passes == 0) == (passphrase_len == 0));
	if (cost.passes != 0)
		rng_fill(rng, salt, sizeof(salt));
	rng_fill(rng, nonce, sizeof(nonce));

	wr_bytes(&w, magic, 4);
	wr_u8(&w, 1);
	wr_u8(&w, cost.passes != 0 ? KDF_ARGON2ID : KDF_NONE);
	wr_u16(&w, 0);
	wr_u32(&w, cost.passes);
	wr_u32(&w, cost.memory_kib);
	wr_bytes(&w, salt, sizeof(salt));
	wr_bytes(&w, nonce, sizeof(nonce));
	assert(wr_end(&w) == SAFE_HEADER);

	rc = derive(key, to, cost, passphrase, passphrase_len);
	if (rc == 0)
		crypto_xseal(to + SAFE_HEADER, key, nonce, content, len, to, SAFE_HEADER);
	crypto_wipe(key, sizeof(key));
	return rc;
}

/* Would we have written these parameters, give or take a larger machine? */
static bool
cost_is_sane(uint8_t kdf, struct keyfile_cost c, const uint8_t *salt)
{
	if (kdf == KDF_NONE)
		return c.passes == 0 && c.memory_kib == 0 && crypto_is_zero(salt, 16);
	return kdf == KDF_ARGON2ID && c.passes >= 1 && c.passes <= KEYFILE_PASSES_MAX &&
	    c.memory_kib >= KEYFILE_MEMORY_KIB_MIN && c.memory_kib <= KEYFILE_MEMORY_KIB_MAX;
}

int
safe_cost(struct keyfile_cost *ret, const uint8_t magic[static 4], const uint8_t *safe, size_t len)
{
	struct rd r = rd_init(safe, len < SAFE_HEADER ? len : SAFE_HEADER);
	const uint8_t *got_magic = rd_take(&r, 4);
	uint8_t version = rd_u8(&r), kdf = rd_u8(&r);
	uint16_t reserved = rd_u16(&r);
	struct keyfile_cost c;
	const uint8_t *salt;

	c.passes = rd_u32(&r);
	c.memory_kib = rd_u32(&r);
	salt = rd_take(&r, 16);
	(void)rd_take(&r, SAFE_HEADER - NONCE_AT);
	if (rd_end(&r) < 0)
		return rd_end(&r);
	if (memcmp(got_magic, magic, 4) != 0)
		return ERR_FORMAT;
	if (version != 1)
		return ERR_VERSION;
	if (reserved != 0 || !cost_is_sane(kdf, c, salt))
		return ERR_FORMAT;
	if (len < SAFE_OVERHEAD)
		return ERR_SHORT;
	*ret = c;
	return 0;
}

int
safe_open(void *to, const uint8_t magic[static 4], const uint8_t *safe, size_t len,
    const char *passphrase, size_t passphrase_len)
{
	struct keyfile_cost cost;
	uint8_t key[32];
	int rc = safe_cost(&cost, magic, safe, len);

	if (rc < 0)
		return rc;
	rc = derive(key, safe, cost, passphrase, passphrase_len);
	if (rc == 0)
		rc = crypto_xopen(to, key, safe + NONCE_AT, safe + SAFE_HEADER, len - SAFE_HEADER,
		    safe, SAFE_HEADER);
	crypto_wipe(key, sizeof(key));
	return rc;
}
