/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request.c - requests made and checked: the same DH from both of its sides.
 */
#include "core/request.h"

#include "core/crypto.h"
#include "core/tlskey.h"

#include <string.h>

static const char rekey_context[OBJECT_CONTEXT_LEN] = "mpynet rekey v1";

/* What `c` says, but who it is from. */
static int
begin(struct cert *c, const struct cert *ca, const uint8_t secret[static 32], const char *name,
    uint64_t serial, enum breach *why)
{
	*c = (struct cert){ .kind = OBJECT_REQUEST, .serial = serial };
	if (ca->kind != OBJECT_CA)
		return breach_set(why, BREACH_NOT_A_CA);
	if (strlen(name) > NAME_MAX_LEN)
		return breach_set(why, BREACH_NAME);
	memcpy(c->network, ca->network, sizeof(c->network));
	cert_key_id(c->issuer, ca->key);
	crypto_dh_public(c->key, secret);
	memcpy(c->name, name, strlen(name));
	/* Whether it becomes a lighthouse, which needs this, is not decided here. */
	tlskey_pin(c->tls_pin, secret);
	return 0;
}

/* The whole object, proved by the key in it. */
static int
finish(uint8_t *to, size_t cap, const struct cert *c, const struct cert *ca,
    const uint8_t secret[static 32], enum breach *why)
{
	uint8_t shared[32];
	int len = cert_encode_whole(to, cap, c, why);

	if (len < 0)
		return len;
	if (crypto_dh(shared, secret, ca->enrol_key) < 0)
		return ERR_CRYPTO;
	cert_prove(to + len - CERT_SIGNATURE_LEN, to, (size_t)len, shared);
	crypto_wipe(shared, sizeof(shared));
	return len;
}

int
request_renew(uint8_t *to, size_t cap, const struct cert *ca, const uint8_t host_secret[static 32],
    const char *name, uint64_t serial, enum breach *why)
{
	struct cert c;
	int rc = begin(&c, ca, host_secret, name, serial, why);

	return rc < 0 ? rc : finish(to, cap, &c, ca, host_secret, why);
}

int
request_make(uint8_t *to, size_t cap, const struct cert *ca, const uint8_t host_secret[static 32],
    const char *name, enum breach *why)
{
	return request_renew(to, cap, ca, host_secret, name, 0, why);
}

/*
 * The proof of the old key, from either side of the DH: over the request as it would be without
 * that key.
 */
static int
prove_old(uint8_t ret[static 32], const struct cert *c, const uint8_t secret[static 32],
    const uint8_t public[static 32], enum breach *why)
{
	uint8_t bytes[CERT_REQUEST_MAX], shared[32];
	struct cert plain = *c;
	int len;

	memset(plain.old_key, 0, sizeof(plain.old_key));
	len = cert_encode(bytes, sizeof(bytes), &plain, why);
	if (len < 0)
		return len;
	if (crypto_dh(shared, secret, public) < 0)
		return ERR_CRYPTO;
	crypto_blake2b(ret, 32, shared, sizeof(shared), rekey_context, sizeof(rekey_context), bytes,
	    (size_t)len);
	crypto_wipe(shared, sizeof(shared));
	return 0;
}

int
request_rekey(uint8_t *to, size_t cap, const struct cert *ca, const uint8_t host_secret[static 32],
    const uint8_t next_secret[static 32], const char *name, uint64_t serial, enum breach *why)
{
	struct cert c;
	int rc = begin(&c, ca, next_secret, name, serial, why);

	if (rc == 0)
		rc = prove_old(c.old_proof, &c, host_secret, ca->enrol_key, why);
	if (rc < 0)
		return rc;
	crypto_dh_public(c.old_key, host_secret);
	return finish(to, cap, &c, ca, next_secret, why);
}

const uint8_t *
request_member(const struct cert *c)
{
	return cert_has_old_key(c) ? c->old_key : c->key;
}

/* Is it asked of `ca`? */
static enum breach
addressed_to(const struct cert *c, const struct cert *ca)
{
	uint8_t id[16];

	if (c->kind != OBJECT_REQUEST)
		return BREACH_NOT_A_REQUEST;
	if (memcmp(c->network, ca->network, sizeof(c->network)) != 0)
		return BREACH_NETWORK;
	cert_key_id(id, ca->key);
	return memcmp(c->issuer, id, sizeof(id)) == 0 ? BREACH_NONE : BREACH_ISSUER;
}

static int
verify_proof(const struct cert *c, const uint8_t *p, size_t len,
    const uint8_t enrol_secret[static 32])
{
	uint8_t shared[32], proof[CERT_SIGNATURE_LEN];
	bool good;

	if (crypto_dh(shared, enrol_secret, c->key) < 0)
		return ERR_CRYPTO;
	cert_prove(proof, p, len, shared);
	good = crypto_equal(proof, c->signature, sizeof(proof));
	crypto_wipe(shared, sizeof(shared));
	crypto_wipe(proof, sizeof(proof));
	return good ? 0 : ERR_AUTH;
}

static int
verify_old(const struct cert *c, const uint8_t enrol_secret[static 32])
{
	uint8_t proof[32];
	bool good;
	int rc;

	if (!cert_has_old_key(c))
		return 0;
	rc = prove_old(proof, c, enrol_secret, c->old_key, NULL);
	if (rc < 0)
		return rc;
	good = crypto_equal(proof, c->old_proof, sizeof(proof));
	crypto_wipe(proof, sizeof(proof));
	return good ? 0 : ERR_AUTH;
}

int
request_verify(struct cert *ret, const uint8_t *p, size_t len, const struct cert *ca,
    const uint8_t enrol_secret[static 32], enum breach *why)
{
	struct cert c;
	int rc = cert_decode(&c, p, len, why);

	if (rc == 0)
		rc = breach_set(why, addressed_to(&c, ca));
	if (rc == 0)
		rc = verify_proof(&c, p, len, enrol_secret);
	if (rc == 0)
		rc = verify_old(&c, enrol_secret);
	if (rc == 0)
		*ret = c;
	return rc;
}
