/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cookie.h - proof of address under load (WireGuard paper, 5.3, 5.4.4 and 5.4.7).
 *
 * A responder under load answers an initiation with a cookie: a MAC of the sender's address under a
 * secret that it changes every two minutes. An initiator that really is at that address shows it in
 * mac2 of its next initiation. The responder keeps nothing per sender.
 */
#ifndef CORE_COOKIE_H
#define CORE_COOKIE_H

#include "core/limit.h"
#include "core/noise.h"
#include "core/rng.h"

#define COOKIE_SIZE	  16
#define COOKIE_SECRET_AGE (120 * USEC_PER_SEC)
/* An initiator stops using a cookie this much earlier, for the time that it travels. */
#define COOKIE_LATENCY	  (5 * USEC_PER_SEC)

/* The responder's side. */
struct cookie_maker {
	uint8_t secret[32];
	usec_t born; /* of the secret; 0: there is none yet */
};

void cookie_maker_init(struct cookie_maker *m);
void cookie_maker_wipe(struct cookie_maker *m);

/* The cookie of `from`. Draws a new secret when the last one is COOKIE_SECRET_AGE old. */
void cookie_of(uint8_t ret[static COOKIE_SIZE], struct cookie_maker *m, usec_t now,
    const struct rng *rng, const struct source *from);

/* Does the initiation `msg` (without what PRESENT adds) show the cookie of `from` in its mac2? */
bool cookie_shown(struct cookie_maker *m, usec_t now, const struct rng *rng,
    const struct source *from, const uint8_t msg[static INITIATION_LEN]) must_check;

/* Writes the answer to such a `msg`. */
void cookie_reply(uint8_t ret[static COOKIE_LEN], struct cookie_maker *m, usec_t now,
    const struct rng *rng, const struct noise_identity *self, const struct source *from,
    const uint8_t msg[static INITIATION_LEN]);

/* The initiator's side: the last cookie that one responder gave us. */
struct cookie {
	uint8_t value[COOKIE_SIZE];
	usec_t until; /* 0: none */
};

/*
 * Takes the cookie out of `reply`. `mac1` is that of the message it must be the answer to. 0 or
 * ERR_AUTH.
 */
int cookie_take(struct cookie *c, usec_t now, const struct noise_remote *from,
    const uint8_t mac1[static CRYPTO_MAC], const uint8_t reply[static COOKIE_LEN]) must_check;

/* The cookie to show, or NULL when there is none or it is too old. */
const uint8_t *cookie_value(const struct cookie *c, usec_t now);

#endif
