/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keyfile.c - an authority's private keys at rest.
 */
#include "ca/keyfile.h"
#include "ca/safe.h"
#include "core/crypto.h"

static const uint8_t magic[4] = "MPYK";

static_assert(KEYFILE_SIZE == SAFE_OVERHEAD + sizeof(struct ca_keys), "the layout in keyfile.h");

struct keyfile_cost
keyfile_cost_for(uint64_t ram)
{
	uint64_t kib = min_u64(ram / 4, (uint64_t)1 << 30) / 1024;

	return (struct keyfile_cost){
		.passes = 4,
		.memory_kib = (uint32_t)max_u64(kib, KEYFILE_MEMORY_KIB_MIN),
	};
}

int
keyfile_seal(uint8_t to[static KEYFILE_SIZE], const struct ca_keys *keys, struct keyfile_cost cost,
    const char *passphrase, size_t passphrase_len, const struct rng *rng)
{
	return safe_seal(to, magic, keys, sizeof(*keys), cost, passphrase, passphrase_len, rng);
}

int
keyfile_cost(struct keyfile_cost *ret, const uint8_t *file, size_t len)
{
	struct keyfile_cost cost;
	int rc = safe_cost(&cost, magic, file, len);

	if (rc == 0 && len != KEYFILE_SIZE)
		rc = len < KEYFILE_SIZE ? ERR_SHORT : ERR_EXCESS;
	if (rc == 0)
		*ret = cost;
	return rc;
}

int
keyfile_open(struct ca_keys *ret, const uint8_t *file, size_t len, const char *passphrase,
    size_t passphrase_len)
{
	struct keyfile_cost cost;
	struct ca_keys keys;
	int rc = keyfile_cost(&cost, file, len);

	if (rc < 0)
		return rc;
	rc = safe_open(&keys, magic, file, len, passphrase, passphrase_len);
	if (rc == 0)
		*ret = keys;
	crypto_wipe(&keys, sizeof(keys));
	return rc;
}
