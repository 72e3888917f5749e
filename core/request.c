/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request.c - requests made and checked: the same DH from both of its sides.
 */
#include "core/request.h"

#include "core/crypto.h"
#include "core/tlskey.h"

#include <string.h>

int
request_renew(uint8_t *to, size_t cap, const struct cert *ca, const uint8_t host_secret[static 32],
    const char *name, uint64_t serial, enum breach *why)
{
	struct cert c = { .kind = OBJECT_REQUEST, .serial = serial };
	uint8_t shared[32];
	int len;

	if (ca->kind != OBJECT_CA)
		return breach_set(why, BREACH_NOT_A_CA);
	if (strlen(name) > NAME_MAX_LEN)
		return breach_set(why, BREACH_NAME);
	memcpy(c.network, ca->network, sizeof(c.network));
	cert_key_id(c.issuer, ca->key);
	crypto_dh_public(c.key, host_secret);
	memcpy(c.name, name, strlen(name));
	/* Whether it becomes a lighthouse, which needs this, is not decided here. */
	tlskey_pin(c.tls_pin, host_secret);
	len = cert_encode_whole(to, cap, &c, why);
	if (len < 0)
		return len;
	if (crypto_dh(shared, host_secret, ca->enrol_key) < 0)
		return ERR_CRYPTO;
	cert_prove(to + len - CERT_SIGNATURE_LEN, to, (size_t)len, shared);
	crypto_wipe(shared, sizeof(shared));
	return len;
}

int
request_make(uint8_t *to, size_t cap, const struct cert *ca, const uint8_t host_secret[static 32],
    const char *name, enum breach *why)
{
	return request_renew(to, cap, ca, host_secret, name, 0, why);
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

int
request_verify(struct cert *ret, const uint8_t *p, size_t len, const struct cert *ca,
    const uint8_t enrol_secret[static 32], enum breach *why)
{
	uint8_t shared[32], proof[CERT_SIGNATURE_LEN];
	struct cert c;
	bool good;
	int rc = cert_decode(&c, p, len, why);

	if (rc == 0)
		rc = breach_set(why, addressed_to(&c, ca));
	if (rc < 0)
		return rc;
	if (crypto_dh(shared, enrol_secret, c.key) < 0)
		return ERR_CRYPTO;
	cert_prove(proof, p, len, shared);
	good = crypto_equal(proof, c.signature, sizeof(proof));
	crypto_wipe(shared, sizeof(shared));
	crypto_wipe(proof, sizeof(proof));
	if (!good)
		return ERR_AUTH;
	*ret = c;
	return 0;
}
