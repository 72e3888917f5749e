/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * noise.c - the handshake. Letters in the margin are those of the Noise pattern IKpsk2:
 *
 *	<- s
 *	...
 *	-> e, es, s, ss, {t}
 *	<- e, ee, se, psk, {}
 */
#include "core/noise.h"
#include "core/bytes.h"

static const char CONSTRUCTION[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
static const char IDENTIFIER[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";
static const char LABEL_MAC1[] = "mac1----";
static const char LABEL_COOKIE[] = "cookie--";
static const char LABEL_PRESENT[] = "mpynet presentation v1";
static const char LABEL_OPEN[] = "mpynet open v1";

#define TEXT(s) (s), sizeof(s) - 1

/* What every handshake with the responder `public` begins with, and the keys of its macs. */
static void
derive(const uint8_t public[static 32], uint8_t hash[static 32], uint8_t mac1_key[static 32],
    uint8_t cookie_key[static 32])
{
	crypto_hash2(hash, TEXT(CONSTRUCTION), NULL, 0);
	crypto_hash2(hash, hash, 32, TEXT(IDENTIFIER));
	crypto_hash2(hash, hash, 32, public, 32);
	crypto_hash2(mac1_key, TEXT(LABEL_MAC1), public, 32);
	crypto_hash2(cookie_key, TEXT(LABEL_COOKIE), public, 32);
}

int
noise_identity_init(struct noise_identity *i, const uint8_t private[static 32])
{
	memcpy(i->private, private, sizeof(i->private));
	crypto_dh_public(i->public, private);
	derive(i->public, i->hash, i->mac1_key, i->cookie_key);
	return crypto_dh_low_order(i->public) ? ERR_CRYPTO : 0;
}

void
noise_identity_wipe(struct noise_identity *i)
{
	crypto_wipe(i, sizeof(*i));
}

int
noise_remote_init(struct noise_remote *r, const struct noise_identity *self,
    const uint8_t public[static 32])
{
	int rc = crypto_dh(r->static_static, self->private, public);

	if (rc < 0)
		return rc;
	memcpy(r->public, public, sizeof(r->public));
	derive(public, r->hash, r->mac1_key, r->cookie_key);
	return 0;
}

void
noise_remote_wipe(struct noise_remote *r)
{
	crypto_wipe(r, sizeof(*r));
}

void
noise_wipe(struct noise *n)
{
	crypto_wipe(n, sizeof(*n));
}

void
noise_keys_wipe(struct noise_keys *k)
{
	crypto_wipe(k, sizeof(*k));
}

static void
begin(struct noise *n, const uint8_t hash[static 32])
{
	memset(n, 0, sizeof(*n));
	crypto_hash2(n->chaining_key, TEXT(CONSTRUCTION), NULL, 0);
	memcpy(n->hash, hash, sizeof(n->hash));
}

static void
mix_hash(struct noise *n, const uint8_t *p, size_t len)
{
	crypto_hash2(n->hash, n->hash, sizeof(n->hash), p, len);
}

static void
mix_ephemeral(struct noise *n, const uint8_t public[static 32])
{
	crypto_kdf1(n->chaining_key, n->chaining_key, public, 32);
	mix_hash(n, public, 32);
}

/* Mixes a shared secret in; `key`, for the next sealed field, may be NULL. */
static void
mix_secret(struct noise *n, uint8_t *key, const uint8_t secret[static 32])
{
	if (key == NULL)
		crypto_kdf1(n->chaining_key, n->chaining_key, secret, 32);
	else
		crypto_kdf2(n->chaining_key, key, n->chaining_key, secret, 32);
}

static int
mix_dh(struct noise *n, uint8_t *key, const uint8_t private[static 32],
    const uint8_t public[static 32])
{
	uint8_t secret[32];
	int rc = crypto_dh(secret, private, public);

	if (rc == 0)
		mix_secret(n, key, secret);
	crypto_wipe(secret, sizeof(secret));
	return rc;
}

static void
mix_psk(struct noise *n, uint8_t key[static 32], const uint8_t psk[static 32])
{
	uint8_t tau[32];

	crypto_kdf3(n->chaining_key, tau, key, n->chaining_key, psk, 32);
	mix_hash(n, tau, sizeof(tau));
	crypto_wipe(tau, sizeof(tau));
}

/* Seals a field of the handshake, whose associated data is everything before it. */
static void
seal_field(struct noise *n, uint8_t *to, const uint8_t key[static 32], const uint8_t *plain,
    size_t len)
{
	crypto_seal(to, key, 0, plain, len, n->hash, sizeof(n->hash));
	mix_hash(n, to, len + CRYPTO_TAG);
}

static int
open_field(struct noise *n, uint8_t *to, const uint8_t key[static 32], const uint8_t *sealed,
    size_t len)
{
	if (crypto_open(to, key, 0, sealed, len, n->hash, sizeof(n->hash)) < 0)
		return ERR_AUTH;
	mix_hash(n, sealed, len);
	return 0;
}

/* Both macs of a message whose mac1 lies at `mac1`; mac2 stays zeros without a cookie. */
static void
put_macs(uint8_t *msg, size_t mac1, const uint8_t mac1_key[static 32], const uint8_t *cookie)
{
	size_t mac2 = mac1 + CRYPTO_MAC;

	crypto_mac(msg + mac1, mac1_key, CRYPTO_KEY, msg, mac1);
	if (cookie != NULL)
		crypto_mac(msg + mac2, cookie, CRYPTO_MAC, msg, mac2);
	else
		memset(msg + mac2, 0, CRYPTO_MAC);
}

int
noise_initiate(uint8_t *ret, struct noise *n, const struct noise_identity *self,
    const struct noise_remote *remote, uint32_t index,
    const uint8_t timestamp[static NOISE_TIMESTAMP], const uint8_t ephemeral[static 32],
    const uint8_t *cookie)
{
	uint8_t msg[INITIATION_LEN], key[32];
	struct noise hs;
	int rc;

	begin(&hs, remote->hash);
	memcpy(hs.ephemeral, ephemeral, sizeof(hs.ephemeral));
	memcpy(hs.remote, remote->public, sizeof(hs.remote));
	hs.local_index = index;

	put_le32(msg, OUTER_INITIATION);
	put_le32(msg + INITIATION_SENDER, index);
	crypto_dh_public(msg + INITIATION_EPHEMERAL, ephemeral);
	mix_ephemeral(&hs, msg + INITIATION_EPHEMERAL);				/* e */
	rc = mix_dh(&hs, key, ephemeral, remote->public);			/* es */
	if (rc < 0)
		goto out;
	seal_field(&hs, msg + INITIATION_STATIC, key, self->public, 32);	/* s */
	mix_secret(&hs, key, remote->static_static);				/* ss */
	seal_field(&hs, msg + INITIATION_TIMESTAMP, key, timestamp, NOISE_TIMESTAMP);
	put_macs(msg, INITIATION_MAC1, remote->mac1_key, cookie);

	memcpy(ret, msg, sizeof(msg));
	*n = hs;
out:
	crypto_wipe(key, sizeof(key));
	noise_wipe(&hs);
	return rc;
}

/* Key and associated data of a presentation: both bind it to this one initiation. */
static void
presentation_key(uint8_t key[static 32], uint8_t ad[static 32 + PRESENT_INITIATION],
    const struct noise *n, const uint8_t *present)
{
	crypto_kdf1(key, n->chaining_key, TEXT(LABEL_PRESENT));
	memcpy(ad, n->hash, 32);
	memcpy(ad + 32, present, PRESENT_INITIATION);
}

int
noise_present(uint8_t ret[static PRESENT_MAX], const struct noise *n,
    const uint8_t msg1[static INITIATION_LEN], const uint8_t *plain, size_t plain_len)
{
	uint8_t key[32], ad[32 + PRESENT_INITIATION];
	struct wr w = wr_init(ret, PRESENT_MAX);

	assert(plain_len > 0 && plain_len % PRESENT_BLOCK == 0 && plain_len <= PRESENT_PLAIN_MAX);
	wr_u32(&w, OUTER_PRESENT);
	wr_u16(&w, (uint16_t)(plain_len + CRYPTO_TAG));
	wr_u16(&w, 0);
	wr_bytes(&w, msg1, INITIATION_LEN);
	presentation_key(key, ad, n, ret);
	crypto_seal(wr_room(&w, plain_len + CRYPTO_TAG), key, 0, plain, plain_len, ad, sizeof(ad));
	crypto_wipe(key, sizeof(key));
	return wr_end(&w);
}

bool
noise_mac1_valid(const struct noise_identity *self, const uint8_t *msg, size_t len)
{
	uint8_t mac1[CRYPTO_MAC];
	size_t at = len - 2 * CRYPTO_MAC;

	assert(len == INITIATION_LEN || len == RESPONSE_LEN);
	crypto_mac(mac1, self->mac1_key, CRYPTO_KEY, msg, at);
	return crypto_equal(mac1, msg + at, sizeof(mac1));
}

/* The two traffic keys: the first is the initiator's to send with. */
static void
split(struct noise_keys *ret, const struct noise *n, bool initiator)
{
	uint8_t *first = initiator ? ret->send : ret->receive;
	uint8_t *second = initiator ? ret->receive : ret->send;

	crypto_kdf2(first, second, n->chaining_key, NULL, 0);
	ret->local_index = n->local_index;
	ret->remote_index = n->remote_index;
	ret->initiator = initiator;
}

int
noise_finish(struct noise_keys *ret, const struct noise *n, const struct noise_identity *self,
    const uint8_t psk[static 32], const uint8_t msg2[static RESPONSE_LEN])
{
	struct noise hs = *n;
	uint8_t key[32], nothing[1];
	int rc = ERR_AUTH;

	if (le32(msg2 + RESPONSE_RECEIVER) != hs.local_index ||
	    !noise_mac1_valid(self, msg2, RESPONSE_LEN))
		goto out;
	hs.remote_index = le32(msg2 + RESPONSE_SENDER);
	mix_ephemeral(&hs, msg2 + RESPONSE_EPHEMERAL);				/* e */
	rc = mix_dh(&hs, NULL, hs.ephemeral, msg2 + RESPONSE_EPHEMERAL);	/* ee */
	if (rc == 0)
		rc = mix_dh(&hs, NULL, self->private, msg2 + RESPONSE_EPHEMERAL); /* se */
	if (rc < 0)
		goto out;
	mix_psk(&hs, key, psk);							/* psk */
	rc = open_field(&hs, nothing, key, msg2 + RESPONSE_NOTHING, CRYPTO_TAG); /* {} */
	if (rc == 0)
		split(ret, &hs, true);
out:
	crypto_wipe(key, sizeof(key));
	noise_wipe(&hs);
	return rc;
}

int
noise_read_static(struct noise *n, const struct noise_identity *self,
    const uint8_t msg1[static INITIATION_LEN])
{
	struct noise hs;
	uint8_t key[32];
	int rc;

	begin(&hs, self->hash);
	hs.remote_index = le32(msg1 + INITIATION_SENDER);
	memcpy(hs.ephemeral, msg1 + INITIATION_EPHEMERAL, sizeof(hs.ephemeral));
	mix_ephemeral(&hs, hs.ephemeral);					/* e */
	rc = mix_dh(&hs, key, self->private, hs.ephemeral);			/* es */
	if (rc == 0)								/* s */
		rc = open_field(&hs, hs.remote, key, msg1 + INITIATION_STATIC, 32 + CRYPTO_TAG);
	if (rc == 0)
		*n = hs;
	crypto_wipe(key, sizeof(key));
	noise_wipe(&hs);
	return rc;
}

int
noise_read_timestamp(uint8_t ret[static NOISE_TIMESTAMP], struct noise *n,
    const struct noise_identity *self, const uint8_t msg1[static INITIATION_LEN])
{
	struct noise hs = *n;
	uint8_t key[32], timestamp[NOISE_TIMESTAMP];
	int rc = mix_dh(&hs, key, self->private, hs.remote);			/* ss */

	if (rc == 0)								/* {t} */
		rc = open_field(&hs, timestamp, key, msg1 + INITIATION_TIMESTAMP,
		    sizeof(timestamp) + CRYPTO_TAG);
	if (rc == 0) {
		memcpy(ret, timestamp, sizeof(timestamp));
		*n = hs;
	}
	crypto_wipe(key, sizeof(key));
	noise_wipe(&hs);
	return rc;
}

int
noise_read_presentation(uint8_t ret[static PRESENT_PLAIN_MAX], const struct noise *n,
    const uint8_t *present, size_t len)
{
	uint8_t key[32], ad[32 + PRESENT_INITIATION];
	size_t sealed_len = len - PRESENT_SEALED;
	int rc;

	assert(len >= PRESENT_MIN && len <= PRESENT_MAX);
	presentation_key(key, ad, n, present);
	rc = crypto_open(ret, key, 0, present + PRESENT_SEALED, sealed_len, ad, sizeof(ad));
	crypto_wipe(key, sizeof(key));
	return rc < 0 ? rc : (int)(sealed_len - CRYPTO_TAG);
}

int
noise_respond(uint8_t *ret, struct noise_keys *keys, struct noise *n, uint32_t index,
    const uint8_t ephemeral[static 32], const uint8_t psk[static 32], const uint8_t *cookie)
{
	uint8_t msg[RESPONSE_LEN], hash[32], mac1_key[32], cookie_key[32], key[32];
	struct noise hs = *n;
	int rc;

	hs.local_index = index;
	put_le32(msg, OUTER_RESPONSE);
	put_le32(msg + RESPONSE_SENDER, index);
	put_le32(msg + RESPONSE_RECEIVER, hs.remote_index);
	crypto_dh_public(msg + RESPONSE_EPHEMERAL, ephemeral);
	mix_ephemeral(&hs, msg + RESPONSE_EPHEMERAL);				/* e */
	rc = mix_dh(&hs, NULL, ephemeral, hs.ephemeral);			/* ee */
	if (rc == 0)
		rc = mix_dh(&hs, NULL, ephemeral, hs.remote);			/* se */
	if (rc < 0)
		goto out;
	mix_psk(&hs, key, psk);							/* psk */
	seal_field(&hs, msg + RESPONSE_NOTHING, key, NULL, 0);			/* {} */
	derive(hs.remote, hash, mac1_key, cookie_key);
	put_macs(msg, RESPONSE_MAC1, mac1_key, cookie);

	memcpy(ret, msg, sizeof(msg));
	split(keys, &hs, false);
	noise_wipe(n);
out:
	crypto_wipe(key, sizeof(key));
	noise_wipe(&hs);
	return rc;
}

void
noise_open_key(uint8_t ret[static 32], const struct noise_remote *remote,
    const uint8_t id[static INTRODUCTION_ID_LEN])
{
	uint8_t input[INTRODUCTION_ID_LEN + sizeof(LABEL_OPEN) - 1];

	memcpy(input, id, INTRODUCTION_ID_LEN);
	memcpy(input + INTRODUCTION_ID_LEN, LABEL_OPEN, sizeof(LABEL_OPEN) - 1);
	crypto_kdf1(ret, remote->static_static, input, sizeof(input));
}

void
noise_open_make(uint8_t ret[static OPEN_LEN], const uint8_t key[static 32],
    enum open_direction direction, const uint8_t id[static INTRODUCTION_ID_LEN])
{
	put_le32(ret, OUTER_OPEN);
	put_le32(ret + OPEN_DIRECTION, direction);
	memcpy(ret + OPEN_ID, id, INTRODUCTION_ID_LEN);
	crypto_mac(ret + OPEN_TAG, key, CRYPTO_KEY, ret, OPEN_TAG);
}

bool
noise_open_valid(const uint8_t key[static 32], const uint8_t msg[static OPEN_LEN])
{
	uint8_t tag[CRYPTO_MAC];

	crypto_mac(tag, key, CRYPTO_KEY, msg, OPEN_TAG);
	return crypto_equal(tag, msg + OPEN_TAG, sizeof(tag));
}

#define STEPS_A_SECOND 60 /* 2^24 ns fit 59.6 times; a step never spans two seconds */
#define STEP_NSEC      ((uint64_t)1 << 24)
#define TAI_EPOCH      ((uint64_t)0x400000000000000a) /* the label of Unix second 0 */

void
noise_clock_init(struct noise_clock *c, uint64_t reserved)
{
	*c = (struct noise_clock){ .step = reserved, .reserved = reserved };
}

static void
put_be64(uint8_t *p, uint64_t v)
{
	put_be32(p, (uint32_t)(v >> 32));
	put_be32(p + 4, (uint32_t)v);
}

bool
noise_clock_next(struct noise_clock *c, uint8_t ret[static NOISE_TIMESTAMP], usec_t wall)
{
	uint64_t nsec = wall % USEC_PER_SEC * 1000;
	uint64_t step = wall / USEC_PER_SEC * STEPS_A_SECOND + nsec / STEP_NSEC;

	c->step = max_u64(step, c->step + 1);
	put_be64(ret, TAI_EPOCH + c->step / STEPS_A_SECOND);
	put_be32(ret + 8, (uint32_t)(c->step % STEPS_A_SECOND * STEP_NSEC));
	if (c->step < c->reserved)
		return false;
	c->reserved = c->step + NOISE_CLOCK_BLOCK;
	return true;
}

void
noise_clock_settle(struct noise_clock *c)
{
	c->reserved = c->step;
}

usec_t
noise_timestamp_usec(const uint8_t timestamp[static NOISE_TIMESTAMP])
{
	uint64_t label = (uint64_t)be32(timestamp) << 32 | be32(timestamp + 4);
	uint64_t seconds = label - TAI_EPOCH;

	if (label < TAI_EPOCH)
		return 0;
	if (seconds >= USEC_NEVER / USEC_PER_SEC)
		return USEC_NEVER;
	return seconds * USEC_PER_SEC + min_u64(be32(timestamp + 8) / 1000, USEC_PER_SEC - 1);
}
