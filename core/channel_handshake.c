/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * channel_handshake.c - how a channel comes to new keys: attempts and their answers, cookies, calls
 * of the other side, and what becomes of both when they cross.
 */
#include "core/channel_impl.h"

#include <errno.h>
#include <stdlib.h>

/* When an initiation is sent again, counted from the time before. */
static const usec_t REPEATS[] = { 250 * USEC_PER_MS, 500 * USEC_PER_MS, 1000 * USEC_PER_MS };

static usec_t
retry_after(const struct channel *ch, usec_t now)
{
	return now + REKEY_TIMEOUT + rng_below(ch->config.rng, REKEY_TIMEOUT_JITTER + 1);
}

static struct keypair *
keypair_new(const struct channel *ch, const struct noise_keys *keys, usec_t now)
{
	struct keypair *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	session_init(&k->session, keys, now, ch->end);
	/* Drawn once: who is asked and answers sets that time with every packet. */
	k->dead_after = DEAD_AFTER_TIME + rng_below(ch->config.rng, REKEY_TIMEOUT_JITTER + 1);
	if (ch->config.deferral != NULL && session_defer(&k->session, keys, ch->config.deferral) < 0) {
		session_wipe(&k->session);
		free(k);
		return NULL;
	}
	return k;
}

int
channel_initiate(struct channel *ch, struct instant now, uint32_t index,
    const uint8_t timestamp[static NOISE_TIMESTAMP], const uint8_t *presentation,
    size_t presentation_len, const uint8_t **ret)
{
	const uint8_t *cookie = cookie_value(&ch->cookie, now.mono);
	uint8_t msg1[INITIATION_LEN], ephemeral[32];
	struct attempt *a = calloc(1, sizeof(*a));
	int rc = -ENOMEM;

	/* Also when it fails: an attempt that cannot be made now is tried again, not at once. */
	ch->due[DUE_INITIATE] = retry_after(ch, now.mono);
	ch->last_attempt = now.mono;
	if (a == NULL)
		return rc;
	rng_fill(ch->config.rng, ephemeral, sizeof(ephemeral));
	rc = noise_initiate(msg1, &a->noise, ch->config.self, &ch->remote, index, timestamp,
	    ephemeral, cookie);
	crypto_wipe(ephemeral, sizeof(ephemeral));
	if (rc < 0) {
		free(a);
		return rc;
	}
	if (ch->config.stock) {
		memcpy(a->msg, msg1, sizeof(msg1));
		a->len = sizeof(msg1);
	} else {
		a->len = noise_present(a->msg, &a->noise, msg1, presentation, presentation_len);
	}
	a->made = now.mono;
	a->with_cookie = cookie != NULL;

	channel_drop_attempt(ch);
	ch->attempt = a;
	ch->attempts++;
	ch->due[DUE_REPEAT] = now.mono + REPEATS[0];
	*ret = a->msg;
	return (int)a->len;
}

void
channel_hurry(struct channel *ch, usec_t now)
{
	if (ch->attempt == NULL)
		return;
	ch->attempt->repeats = 0;
	ch->due[DUE_REPEAT] = now;
}

int
channel_repeat(struct channel *ch, usec_t now, const uint8_t **ret)
{
	struct attempt *a = ch->attempt;

	if (a == NULL || !due_reached(ch->due[DUE_REPEAT], now))
		return ERR_STATE;
	a->repeats++;
	ch->due[DUE_REPEAT] = a->repeats < ARRAY_LEN(REPEATS) ? now + REPEATS[a->repeats] : 0;
	*ret = a->msg;
	return (int)a->len;
}

int
channel_attempt(const struct channel *ch, usec_t now, const uint8_t **ret)
{
	const struct attempt *a = ch->attempt;

	if (a == NULL || now >= a->made + REKEY_TIMEOUT)
		return ERR_STATE;
	*ret = a->msg;
	return (int)a->len;
}

/* There is a session: whatever was tried for one is over. */
static void
succeeded(struct channel *ch, usec_t now)
{
	ch->due[DUE_INITIATE] = 0;
	ch->attempts = 0;
	ch->last_handshake = now;
}

/* The first thing said in a session: it shows the other side that we have it too. */
static void
greet(struct channel *ch, usec_t now)
{
	if (!ch->config.stock)
		ch->keypairs[CURRENT]->hello_due = now;
	else if (ch->keypairs[CURRENT]->session.initiator)
		ch->due[DUE_KEEPALIVE] = now;
}

int
channel_response(struct channel *ch, struct instant now, const uint8_t msg[static RESPONSE_LEN])
{
	struct noise_keys keys;
	struct keypair *k;
	int rc;

	if (ch->attempt == NULL ||
	    le32(msg + RESPONSE_RECEIVER) != ch->attempt->noise.local_index)
		return ERR_STATE;
	rc = noise_finish(&keys, &ch->attempt->noise, ch->config.self, ch->config.psk, msg);
	if (rc < 0)
		return rc;
	k = keypair_new(ch, &keys, now.mono);
	noise_keys_wipe(&keys);
	if (k == NULL)
		return -ENOMEM;

	channel_free_attempt(ch);
	channel_drop(ch, PREVIOUS);
	ch->keypairs[PREVIOUS] = ch->keypairs[CURRENT];
	ch->keypairs[CURRENT] = k;
	channel_heard(ch, now.mono);
	succeeded(ch, now.mono);
	greet(ch, now.mono);
	return 0;
}

/* The mac1 of the message of ours that `index` stands for, or NULL. */
static const uint8_t *
mac1_of(const struct channel *ch, uint32_t index)
{
	const struct attempt *a = ch->attempt;
	const struct keypair *next = ch->keypairs[NEXT];

	if (a != NULL && a->noise.local_index == index)
		return a->msg + (ch->config.stock ? 0 : PRESENT_INITIATION) + INITIATION_MAC1;
	if (next != NULL && next->session.local_index == index)
		return ch->accepted.response + RESPONSE_MAC1;
	return NULL;
}

int
channel_cookie(struct channel *ch, usec_t now, const uint8_t msg[static COOKIE_LEN])
{
	const uint8_t *mac1 = mac1_of(ch, le32(msg + COOKIE_RECEIVER));
	const struct attempt *a = ch->attempt;
	int rc;

	if (mac1 == NULL)
		return ERR_STATE;
	rc = cookie_take(&ch->cookie, now, &ch->remote, mac1, msg);
	if (rc < 0)
		return rc;
	/* Every path asks for a cookie of its own: one at a time, and no storm. */
	if (a == NULL || (a->with_cookie && now < a->made + CHANNEL_ATTEMPTS_APART))
		return ERR_LIMITED;
	ch->due[DUE_INITIATE] = now;
	ch->due[DUE_REPEAT] = 0;
	return 0;
}

/*
 * Both sides have called. Ours stands if our key is the smaller one; otherwise it is dropped, and
 * made again only if theirs comes to nothing.
 */
static void
yield(struct channel *ch, usec_t now)
{
	if (ch->attempt == NULL || ch->config.stock ||
	    memcmp(ch->config.self->public, ch->config.key, 32) < 0)
		return;
	channel_drop_attempt(ch);
	ch->due[DUE_INITIATE] = retry_after(ch, now);
}

int
channel_accept(struct channel *ch, struct instant now, uint32_t index, struct noise *n,
    const uint8_t hash[static 16], uint8_t ret[static RESPONSE_LEN])
{
	uint8_t ephemeral[32], response[RESPONSE_LEN];
	struct noise_keys keys;
	struct keypair *k;
	int rc;

	rng_fill(ch->config.rng, ephemeral, sizeof(ephemeral));
	rc = noise_respond(response, &keys, n, index, ephemeral, ch->config.psk,
	    cookie_value(&ch->cookie, now.mono));
	crypto_wipe(ephemeral, sizeof(ephemeral));
	if (rc < 0)
		return rc;
	k = keypair_new(ch, &keys, now.mono);
	noise_keys_wipe(&keys);
	if (k == NULL)
		return -ENOMEM;

	channel_drop(ch, NEXT);
	ch->keypairs[NEXT] = k;
	channel_heard(ch, now.mono);
	yield(ch, now.mono);
	ch->accepted = (struct accepted){ .any = true, .at = now.mono };
	memcpy(ch->accepted.hash, hash, sizeof(ch->accepted.hash));
	memcpy(ch->accepted.response, response, sizeof(response));
	memcpy(ret, response, sizeof(response));
	return 0;
}

const uint8_t *
channel_accepted(const struct channel *ch)
{
	return ch->accepted.any ? ch->accepted.hash : NULL;
}

int
channel_copy(struct channel *ch, usec_t now, const uint8_t hash[static 16],
    uint8_t ret[static RESPONSE_LEN])
{
	struct accepted *a = &ch->accepted;

	if (!a->any || memcmp(a->hash, hash, sizeof(a->hash)) != 0)
		return ERR_STATE;
	if (a->copies == CHANNEL_COPIES_MAX || now >= a->at + CHANNEL_COPIES_TIME)
		return ERR_LIMITED;
	a->copies++;
	memcpy(ret, a->response, sizeof(a->response));
	return 0;
}

/*
 * A packet came in the next session: they have it. It becomes the current one, unless that is a
 * younger one of our own.
 */
void
channel_confirm(struct channel *ch, usec_t now)
{
	struct keypair *next = ch->keypairs[NEXT], *current = ch->keypairs[CURRENT];

	ch->keypairs[NEXT] = NULL;
	channel_drop(ch, PREVIOUS);
	channel_drop_attempt(ch);
	succeeded(ch, now);
	if (current != NULL && current->session.born > next->session.born) {
		ch->keypairs[PREVIOUS] = next;
		return;
	}
	ch->keypairs[PREVIOUS] = current;
	ch->keypairs[CURRENT] = next;
	greet(ch, now);
}
