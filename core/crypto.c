/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crypto.c - the primitives, behind one door.
 */
/* OpenSSL gives this name to a type of its own that nobody uses. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/core_names.h>
#include <openssl/evp.h>
#undef ERR_STATE

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "core/bytes.h"
#include "core/crypto.h"

/* From here on libcrypto's vector code makes up for the cost of its calls. */
#define BULK_MIN 256

#define BLAKE2S_BLOCK 64

/* What the keys of AES-256-GCM are derived with: a part of the protocol. */
static const char AES_LABEL[] = "mpynet aes-256-gcm";

/* `ok` is what a function of libcrypto answered that can fail only for want of memory. */
static void
must(int ok)
{
	if (ok <= 0)
		abort();
}

void
crypto_wipe(void *p, size_t len)
{
	sodium_memzero(p, len);
}

bool
crypto_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

bool
crypto_is_zero(const void *p, size_t len)
{
	return sodium_is_zero(p, len) == 1;
}

void
crypto_dh_public(uint8_t ret[static 32], const uint8_t private[static 32])
{
	must(crypto_scalarmult_base(ret, private) == 0);
}

int
crypto_dh(uint8_t ret[static 32], const uint8_t private[static 32],
    const uint8_t public[static 32])
{
	uint8_t shared[32];

	if (crypto_scalarmult(shared, private, public) != 0)
		return ERR_CRYPTO;
	memcpy(ret, shared, sizeof(shared));
	crypto_wipe(shared, sizeof(shared));
	return 0;
}

bool
crypto_dh_low_order(const uint8_t public[static 32])
{
	static const uint8_t any[32] = { 8 };
	uint8_t shared[32];

	return crypto_scalarmult(shared, any, public) != 0;
}

bool
crypto_x25519_key_good(const uint8_t public[static 32])
{
	static const uint8_t low[][32] = {
		{ 0 },
		{ 1 },
		{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1,
		    0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62,
		    0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 },
		{ 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c,
		    0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22,
		    0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57 },
	};
	bool ones = public[31] == 0x7f;

	for (size_t i = 1; i < 31; i++)
		ones &= public[i] == 0xff;
	/* The prime ends in 0xed, and what is one below it has order 2. */
	if (public[31] > 0x7f || (ones && public[0] >= 0xec))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(low); i++) {
		if (memcmp(public, low[i], 32) == 0)
			return false;
	}
	return true;
}

void
crypto_ed25519_public(uint8_t ret[static 32], const uint8_t seed[static 32])
{
	uint8_t pair[64];

	must(crypto_sign_seed_keypair(ret, pair, seed) == 0);
	crypto_wipe(pair, sizeof(pair));
}

bool
crypto_ed25519_key_good(const uint8_t public[static 32])
{
	return crypto_core_ed25519_is_valid_point(public) == 1;
}

void
crypto_ed25519_sign(uint8_t ret[static 64], const void *p, size_t len,
    const uint8_t seed[static 32])
{
	uint8_t public[32], pair[64];

	must(crypto_sign_seed_keypair(public, pair, seed) == 0);
	must(crypto_sign_detached(ret, NULL, p, len, pair) == 0);
	crypto_wipe(pair, sizeof(pair));
}

bool
crypto_ed25519_valid(const uint8_t signature[static 64], const void *p, size_t len,
    const uint8_t public[static 32])
{
	return crypto_sign_verify_detached(signature, p, len, public) == 0;
}

/* The nonce of RFC 8439 from a counter, as WireGuard builds it. */
static void
nonce_of(uint8_t ret[static 12], uint64_t counter)
{
	put_le32(ret, 0);
	put_le64(ret + 4, counter);
}

void
crypto_seal(uint8_t *ret, const uint8_t key[static 32], uint64_t counter, const uint8_t *plain,
    size_t len, const void *ad, size_t ad_len)
{
	uint8_t nonce[12];

	nonce_of(nonce, counter);
	must(crypto_aead_chacha20poly1305_ietf_encrypt(ret, NULL, plain, len, ad, ad_len, NULL,
	    nonce, key) == 0);
}

int
crypto_open(uint8_t *ret, const uint8_t key[static 32], uint64_t counter, const uint8_t *sealed,
    size_t len, const void *ad, size_t ad_len)
{
	uint8_t nonce[12];

	if (len < CRYPTO_TAG)
		return ERR_SHORT;
	nonce_of(nonce, counter);
	if (crypto_aead_chacha20poly1305_ietf_decrypt(ret, NULL, NULL, sealed, len, ad, ad_len,
	    nonce, key) != 0)
		return ERR_AUTH;
	return 0;
}

void
crypto_xseal(uint8_t *ret, const uint8_t key[static 32], const uint8_t nonce[static 24],
    const uint8_t *plain, size_t len, const void *ad, size_t ad_len)
{
	must(crypto_aead_xchacha20poly1305_ietf_encrypt(ret, NULL, plain, len, ad, ad_len, NULL,
	    nonce, key) == 0);
}

int
crypto_xopen(uint8_t *ret, const uint8_t key[static 32], const uint8_t nonce[static 24],
    const uint8_t *sealed, size_t len, const void *ad, size_t ad_len)
{
	if (len < CRYPTO_TAG)
		return ERR_SHORT;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(ret, NULL, NULL, sealed, len, ad, ad_len,
	    nonce, key) != 0)
		return ERR_AUTH;
	return 0;
}

static void
init(struct cipher *c, const EVP_CIPHER *algorithm, const uint8_t key[static 32], bool seals)
{
	EVP_CIPHER_CTX *bulk = EVP_CIPHER_CTX_new();

	must(bulk != NULL);
	must(seals ? EVP_EncryptInit_ex(bulk, algorithm, NULL, key, NULL) :
		     EVP_DecryptInit_ex(bulk, algorithm, NULL, key, NULL));
	*c = (struct cipher){ .bulk = bulk, .seals = seals };
	memcpy(c->key, key, sizeof(c->key));
}

void
cipher_init(struct cipher *c, const uint8_t key[static 32], bool seals)
{
	init(c, EVP_chacha20_poly1305(), key, seals);
}

void
cipher_beside(struct cipher *c, const struct cipher *from)
{
	uint8_t key[32];

	assert(!from->aes);
	crypto_kdf1(key, from->key, AES_LABEL, sizeof(AES_LABEL) - 1);
	init(c, EVP_aes_256_gcm(), key, from->seals);
	c->aes = true;
	crypto_wipe(key, sizeof(key));
}

void
cipher_wipe(struct cipher *c)
{
	EVP_CIPHER_CTX_free(c->bulk);
	crypto_wipe(c, sizeof(*c));
}

void
cipher_seal(struct cipher *c, uint64_t counter, uint8_t *p, size_t len)
{
	uint8_t nonce[12];
	int n;

	assert(c->seals && len <= INT32_MAX);
	if (len < BULK_MIN && !c->aes) {
		crypto_seal(p, c->key, counter, p, len, NULL, 0);
		return;
	}
	nonce_of(nonce, counter);
	must(EVP_EncryptInit_ex(c->bulk, NULL, NULL, NULL, nonce));
	must(EVP_EncryptUpdate(c->bulk, p, &n, p, (int)len));
	must(EVP_EncryptFinal_ex(c->bulk, p + n, &n));
	must(EVP_CIPHER_CTX_ctrl(c->bulk, EVP_CTRL_AEAD_GET_TAG, CRYPTO_TAG, p + len));
}

int
cipher_open(struct cipher *c, uint64_t counter, uint8_t *p, size_t len)
{
	uint8_t nonce[12];
	int n;

	assert(!c->seals && len <= INT32_MAX);
	if (len < BULK_MIN + CRYPTO_TAG && !c->aes)
		return crypto_open(p, c->key, counter, p, len, NULL, 0);
	if (len < CRYPTO_TAG)
		return ERR_SHORT;
	len -= CRYPTO_TAG;
	nonce_of(nonce, counter);
	must(EVP_DecryptInit_ex(c->bulk, NULL, NULL, NULL, nonce));
	must(EVP_CIPHER_CTX_ctrl(c->bulk, EVP_CTRL_AEAD_SET_TAG, CRYPTO_TAG, p + len));
	must(EVP_DecryptUpdate(c->bulk, p, &n, p, (int)len));
	return EVP_DecryptFinal_ex(c->bulk, p + n, &n) > 0 ? 0 : ERR_AUTH;
}

void
crypto_hash2(uint8_t ret[static 32], const void *a, size_t a_len, const void *b, size_t b_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(ctx != NULL);
	must(EVP_DigestInit_ex(ctx, EVP_blake2s256(), NULL));
	must(EVP_DigestUpdate(ctx, a, a_len));
	must(EVP_DigestUpdate(ctx, b, b_len));
	must(EVP_DigestFinal_ex(ctx, ret, NULL));
	EVP_MD_CTX_free(ctx);
}

void
crypto_mac(uint8_t ret[static 16], const uint8_t *key, size_t key_len, const void *p, size_t len)
{
	size_t size = CRYPTO_MAC;
	OSSL_PARAM params[2] = {
		OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
		OSSL_PARAM_construct_end(),
	};

	must(EVP_Q_mac(NULL, OSSL_MAC_NAME_BLAKE2SMAC, NULL, NULL, params, key, key_len, p, len,
	    ret, size, NULL) != NULL);
}

/* HMAC of RFC 2104 with BLAKE2s-256; the key is never longer than a block. */
static void
hmac(uint8_t ret[static 32], const uint8_t key[static 32], const void *p, size_t len)
{
	uint8_t block[BLAKE2S_BLOCK], inner[32];

	memset(block, 0x36, sizeof(block));
	for (size_t i = 0; i < 32; i++)
		block[i] ^= key[i];
	crypto_hash2(inner, block, sizeof(block), p, len);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	crypto_hash2(ret, block, sizeof(block), inner, sizeof(inner));
	crypto_wipe(block, sizeof(block));
	crypto_wipe(inner, sizeof(inner));
}

/* The first `n` outputs of HKDF, of which each is made from the one before it. */
static void
kdf(uint8_t *const ret[], size_t n, const uint8_t key[static 32], const void *p, size_t len)
{
	uint8_t secret[32], last[33];

	hmac(secret, key, p, len);
	for (size_t i = 0; i < n; i++) {
		last[i == 0 ? 0 : 32] = (uint8_t)(i + 1);
		hmac(last, secret, last, i == 0 ? 1 : 33);
		memcpy(ret[i], last, 32);
	}
	crypto_wipe(secret, sizeof(secret));
	crypto_wipe(last, sizeof(last));
}

void
crypto_kdf1(uint8_t ret1[static 32], const uint8_t key[static 32], const void *p, size_t len)
{
	kdf((uint8_t *[]){ ret1 }, 1, key, p, len);
}

void
crypto_kdf2(uint8_t ret1[static 32], uint8_t ret2[static 32], const uint8_t key[static 32],
    const void *p, size_t len)
{
	kdf((uint8_t *[]){ ret1, ret2 }, 2, key, p, len);
}

void
crypto_kdf3(uint8_t ret1[static 32], uint8_t ret2[static 32], uint8_t ret3[static 32],
    const uint8_t key[static 32], const void *p, size_t len)
{
	kdf((uint8_t *[]){ ret1, ret2, ret3 }, 3, key, p, len);
}

void
crypto_blake2b(uint8_t *ret, size_t ret_len, const void *key, size_t key_len, const void *a,
    size_t a_len, const void *b, size_t b_len)
{
	crypto_generichash_state state;

	must(crypto_generichash_init(&state, key, key_len, ret_len) == 0);
	must(crypto_generichash_update(&state, a, a_len) == 0);
	must(crypto_generichash_update(&state, b, b_len) == 0);
	must(crypto_generichash_final(&state, ret, ret_len) == 0);
	crypto_wipe(&state, sizeof(state));
}

void
crypto_sha256(uint8_t ret[static 32], const void *p, size_t len)
{
	must(crypto_hash_sha256(ret, p, len) == 0);
}

int
crypto_argon2id(uint8_t ret[static 32], const void *passphrase, size_t len,
    const uint8_t salt[static 16], uint32_t passes, uint32_t memory_kib)
{
	if (crypto_pwhash(ret, 32, passphrase, len, salt, passes, (size_t)memory_kib * 1024,
	    crypto_pwhash_ALG_ARGON2ID13) != 0)
		return -ENOMEM;
	return 0;
}
