/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cookie.c - proof of address under load.
 */
#include "core/cookie.h"
#include "core/bytes.h"

void
cookie_maker_init(struct cookie_maker *m)
{
	memset(m, 0, sizeof(*m));
}

void
cookie_maker_wipe(struct cookie_maker *m)
{
	crypto_wipe(m, sizeof(*m));
}

/* What a cookie proves, as bytes: the kernel's for an address, both keys through a relay. */
static size_t
source_bytes(uint8_t ret[static 64], const struct source *from)
{
	size_t n = from->at.family == FAMILY_V4 ? 4 : 16;

	if (from->at.family == FAMILY_NONE) {
		memcpy(ret, from->relay, 32);
		memcpy(ret + 32, from->peer, 32);
		return 64;
	}
	memcpy(ret, from->at.ip, n);
	put_be16(ret + n, from->at.port);
	return n + 2;
}

void
cookie_of(uint8_t ret[static COOKIE_SIZE], struct cookie_maker *m, usec_t now,
    const struct rng *rng, const struct source *from)
{
	uint8_t bytes[64];
	size_t len = source_bytes(bytes, from);

	if (m->born == 0 || now >= m->born + COOKIE_SECRET_AGE) {
		rng_fill(rng, m->secret, sizeof(m->secret));
		m->born = now;
	}
	crypto_mac(ret, m->secret, sizeof(m->secret), bytes, len);
}

bool
cookie_shown(struct cookie_maker *m, usec_t now, const struct rng *rng,
    const struct source *from, const uint8_t msg[static INITIATION_LEN])
{
	uint8_t cookie[COOKIE_SIZE], mac2[CRYPTO_MAC];

	cookie_of(cookie, m, now, rng, from);
	crypto_mac(mac2, cookie, sizeof(cookie), msg, INITIATION_MAC2);
	crypto_wipe(cookie, sizeof(cookie));
	return crypto_equal(mac2, msg + INITIATION_MAC2, sizeof(mac2));
}

void
cookie_reply(uint8_t ret[static COOKIE_LEN], struct cookie_maker *m, usec_t now,
    const struct rng *rng, const struct noise_identity *self, const struct source *from,
    const uint8_t msg[static INITIATION_LEN])
{
	uint8_t cookie[COOKIE_SIZE];

	cookie_of(cookie, m, now, rng, from);
	put_le32(ret, OUTER_COOKIE);
	memcpy(ret + COOKIE_RECEIVER, msg + INITIATION_SENDER, 4);
	rng_fill(rng, ret + COOKIE_NONCE, CRYPTO_XNONCE);
	crypto_xseal(ret + COOKIE_SEALED, self->cookie_key, ret + COOKIE_NONCE, cookie,
	    sizeof(cookie), msg + INITIATION_MAC1, CRYPTO_MAC);
	crypto_wipe(cookie, sizeof(cookie));
}

int
cookie_take(struct cookie *c, usec_t now, const struct noise_remote *from,
    const uint8_t mac1[static CRYPTO_MAC], const uint8_t reply[static COOKIE_LEN])
{
	uint8_t value[COOKIE_SIZE];
	int rc = crypto_xopen(value, from->cookie_key, reply + COOKIE_NONCE, reply + COOKIE_SEALED,
	    sizeof(value) + CRYPTO_TAG, mac1, CRYPTO_MAC);

	if (rc < 0)
		return rc;
	memcpy(c->value, value, sizeof(c->value));
	c->until = now + COOKIE_SECRET_AGE - COOKIE_LATENCY;
	return 0;
}

const uint8_t *
cookie_value(const struct cookie *c, usec_t now)
{
	return now < c->until ? c->value : NULL;
}
