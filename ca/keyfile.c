/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keyfile.c - an authority's private keys at rest.
 */
#include "ca/keyfile.h"
#include "core/bytes.h"
#include "core/crypto.h"

#define HEADER_LEN 56
#define NONCE_AT   32
#define SALT_AT	   16

enum {
	KDF_NONE = 0,
	KDF_ARGON2ID = 1,
};

static const uint8_t magic[4] = "MPYK";

static_assert(KEYFILE_SIZE == HEADER_LEN + sizeof(struct ca_keys) + CRYPTO_TAG,
    "the layout in keyfile.h");

struct keyfile_cost
keyfile_cost_for(uint64_t ram)
{
	uint64_t kib = min_u64(ram / 4, (uint64_t)1 << 30) / 1024;

	return (struct keyfile_cost){
		.passes = 4,
		.memory_kib = (uint32_t)max_u64(kib, KEYFILE_MEMORY_KIB_MIN),
	};
}

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
keyfile_seal(uint8_t to[static KEYFILE_SIZE], const struct ca_keys *keys, struct keyfile_cost cost,
    const char *passphrase, size_t passphrase_len, const struct rng *rng)
{
	uint8_t key[32], salt[16] = { 0 }, nonce[24];
	struct wr w = wr_init(to, KEYFILE_SIZE);
	int rc;

	assert((cost.passes == 0) == (passphrase_len == 0));
	if (cost.passes != 0)
		rng_fill(rng, salt, sizeof(salt));
	rng_fill(rng, nonce, sizeof(nonce));

	wr_bytes(&w, magic, sizeof(magic));
	wr_u8(&w, 1);
	wr_u8(&w, cost.passes != 0 ? KDF_ARGON2ID : KDF_NONE);
	wr_u16(&w, 0);
	wr_u32(&w, cost.passes);
	wr_u32(&w, cost.memory_kib);
	wr_bytes(&w, salt, sizeof(salt));
	wr_bytes(&w, nonce, sizeof(nonce));
	assert(wr_end(&w) == HEADER_LEN);

	rc = derive(key, to, cost, passphrase, passphrase_len);
	if (rc == 0)
		crypto_xseal(to + HEADER_LEN, key, nonce, (const uint8_t *)keys, sizeof(*keys), to,
		    HEADER_LEN);
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
keyfile_cost(struct keyfile_cost *ret, const uint8_t *file, size_t len)
{
	struct rd r = rd_init(file, len);
	const uint8_t *got_magic = rd_take(&r, sizeof(magic));
	uint8_t version = rd_u8(&r), kdf = rd_u8(&r);
	uint16_t reserved = rd_u16(&r);
	struct keyfile_cost c;
	const uint8_t *salt;

	c.passes = rd_u32(&r);
	c.memory_kib = rd_u32(&r);
	salt = rd_take(&r, 16);
	(void)rd_take(&r, KEYFILE_SIZE - NONCE_AT);
	if (rd_end(&r) < 0)
		return rd_end(&r);
	if (memcmp(got_magic, magic, sizeof(magic)) != 0)
		return ERR_FORMAT;
	if (version != 1)
		return ERR_VERSION;
	if (reserved != 0 || !cost_is_sane(kdf, c, salt))
		return ERR_FORMAT;
	*ret = c;
	return 0;
}

int
keyfile_open(struct ca_keys *ret, const uint8_t *file, size_t len, const char *passphrase,
    size_t passphrase_len)
{
	struct keyfile_cost cost;
	struct ca_keys keys;
	uint8_t key[32];
	int rc = keyfile_cost(&cost, file, len);

	if (rc < 0)
		return rc;
	rc = derive(key, file, cost, passphrase, passphrase_len);
	if (rc == 0)
		rc = crypto_xopen((uint8_t *)&keys, key, file + NONCE_AT, file + HEADER_LEN,
		    KEYFILE_SIZE - HEADER_LEN, file, HEADER_LEN);
	if (rc == 0)
		*ret = keys;
	crypto_wipe(key, sizeof(key));
	crypto_wipe(&keys, sizeof(keys));
	return rc;
}
