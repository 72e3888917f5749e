/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * channel.c - one conversation with one static key.
 *
 * Three sessions at the most, as in WireGuard: the current one, in which we send; the previous one,
 * in which packets may still arrive; and the next one, which the other side began and we answered,
 * and which becomes the current one with the first packet in it. Beside them at the most one
 * attempt: an initiation of ours that waits for its response.
 */
#include "core/channel.h"
#include "core/bytes.h"

#include <errno.h>
#include <stdlib.h>

/* When an initiation is sent again, counted from the time before. */
static const usec_t REPEATS[] = { 250 * USEC_PER_MS, 500 * USEC_PER_MS, 1000 * USEC_PER_MS };

/* When a HELLO is sent again, likewise. */
static const usec_t HELLOS[] = {
	250 * USEC_PER_MS, 500 * USEC_PER_MS, 1000 * USEC_PER_MS,
	2000 * USEC_PER_MS, 4000 * USEC_PER_MS,
};

/* A HELLO that was repeated because ours got lost is answered, but not one that crossed ours. */
#define HELLO_CROSSING (200 * USEC_PER_MS)

/* How long a session that the other side has begun may take to be confirmed before we begin one. */
#define CONFIRM_TIME USEC_PER_SEC

/* Nothing heard for this long after we said something: the other side has lost its keys. */
#define DEAD_AFTER_TIME (KEEPALIVE_TIMEOUT + REKEY_TIMEOUT)

/* A session of this age is replaced by whoever notices, so that it does not end in a pause. */
#define REKEY_LATE_TIME (REJECT_AFTER_TIME - DEAD_AFTER_TIME)

/* Of the year 9999, so that a certificate without end can be reckoned with. */
#define LAST_SECOND 253402300799

struct keypair {
	struct session session;
	usec_t hello_due;
	usec_t hello_last;	/* sent */
	unsigned hellos_sent;
	bool hello_seen;	/* one of theirs came */
	bool hello_said_seen;	/* one of ours said so */
	bool hello_agreed;	/* one of theirs said that they saw ours */
	uint32_t caps;		/* CAP_* of both, once one of theirs came */
	usec_t dead_after;	/* what was said, if nothing is heard */
};

enum slot {
	PREVIOUS,
	CURRENT,
	NEXT,
	SLOTS,
};

struct attempt {
	struct noise noise;
	usec_t made;
	unsigned repeats;
	bool with_cookie;
	size_t len;
	uint8_t msg[PRESENT_MAX];
};

/* The last initiation that we answered. */
struct accepted {
	bool any;
	usec_t at;
	unsigned copies;
	uint8_t hash[16];
	uint8_t response[RESPONSE_LEN];
};

enum due {
	DUE_INITIATE,
	DUE_REPEAT,
	DUE_KEEPALIVE,
	DUE_DEAD,	/* something was said and nothing heard since */
	DUE_COUNT,
};

#define RETIRED_MAX 8

struct channel {
	struct channel_config config;
	struct noise_remote remote;
	struct keypair *keypairs[SLOTS];
	struct attempt *attempt;
	struct accepted accepted;
	struct cookie cookie;
	usec_t due[DUE_COUNT];
	usec_t give_up;		/* no attempt is repeated after this */
	usec_t end;		/* of the certificates, mono; 0: not known */
	unsigned attempts;	/* made since the last success */
	usec_t last_attempt;
	usec_t last_heard;
	usec_t last_handshake;
	uint32_t retired[RETIRED_MAX];
	unsigned retired_count;
};

static void
retire(struct channel *ch, uint32_t index)
{
	assert(ch->retired_count < RETIRED_MAX);
	ch->retired[ch->retired_count++] = index;
}

static void
drop_keypair(struct channel *ch, enum slot slot)
{
	struct keypair *k = ch->keypairs[slot];

	if (k == NULL)
		return;
	retire(ch, k->session.local_index);
	session_wipe(&k->session);
	free(k);
	ch->keypairs[slot] = NULL;
}

/* The index of a finished attempt lives on in its session; that of a failed one is retired. */
static void
free_attempt(struct channel *ch)
{
	ch->due[DUE_REPEAT] = 0;
	if (ch->attempt == NULL)
		return;
	noise_wipe(&ch->attempt->noise);
	free(ch->attempt);
	ch->attempt = NULL;
}

static void
drop_attempt(struct channel *ch)
{
	if (ch->attempt != NULL)
		retire(ch, ch->attempt->noise.local_index);
	free_attempt(ch);
}

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

static bool
find_slot(const struct channel *ch, uint32_t index, enum slot *ret)
{
	for (int s = 0; s < SLOTS; s++)
		if (ch->keypairs[s] != NULL && ch->keypairs[s]->session.local_index == index) {
			*ret = (enum slot)s;
			return true;
		}
	return false;
}

struct channel *
channel_new(const struct channel_config *c)
{
	struct channel *ch = calloc(1, sizeof(*ch));

	if (ch == NULL)
		return NULL;
	ch->config = *c;
	if (c->stock)
		ch->config.caps = 0;
	if (noise_remote_init(&ch->remote, c->self, c->key) < 0) {
		crypto_wipe(ch, sizeof(*ch));
		free(ch);
		return NULL;
	}
	return ch;
}

void
channel_free(struct channel *ch)
{
	if (ch == NULL)
		return;
	channel_close(ch);
	crypto_wipe(ch, sizeof(*ch));
	free(ch);
}

void
channel_set_not_after(struct channel *ch, struct instant now, uint64_t not_after)
{
	usec_t over = (min_u64(not_after, LAST_SECOND) + 1) * USEC_PER_SEC;

	ch->end = over > now.wall ? now.mono + (over - now.wall) : now.mono;
	for (int s = 0; s < SLOTS; s++)
		if (ch->keypairs[s] != NULL) {
			struct session *session = &ch->keypairs[s]->session;

			session->until = min_u64(session->born + REJECT_AFTER_TIME, ch->end);
		}
}

const struct noise_remote *
channel_remote(const struct channel *ch)
{
	return &ch->remote;
}

uint32_t
channel_retired(struct channel *ch)
{
	return ch->retired_count > 0 ? ch->retired[--ch->retired_count] : 0;
}

/* Ends sessions that are over; true when the last one went. */
static bool
end_sessions(struct channel *ch, usec_t now)
{
	bool ended = false;

	for (int s = 0; s < SLOTS; s++)
		if (ch->keypairs[s] != NULL && !session_alive(&ch->keypairs[s]->session, now)) {
			drop_keypair(ch, (enum slot)s);
			ended = true;
		}
	return ended && !ch->keypairs[PREVIOUS] && !ch->keypairs[CURRENT] && !ch->keypairs[NEXT];
}

/*
 * There is reason for a new session: unless one is being tried, an initiation becomes due, as soon
 * as it may after the last one, and after one of theirs that we have answered.
 */
static void
begin_attempts(struct channel *ch, usec_t now)
{
	const struct keypair *next = ch->keypairs[NEXT];
	usec_t when = now;

	ch->give_up = now + REKEY_ATTEMPT_TIME;
	if (ch->attempt != NULL)
		return;
	if (ch->last_attempt != 0)
		when = max_u64(when, ch->last_attempt + CHANNEL_ATTEMPTS_APART);
	if (next != NULL)
		when = max_u64(when, next->session.born + CONFIRM_TIME);
	ch->due[DUE_INITIATE] = due_min(ch->due[DUE_INITIATE], when);
}

static void
give_up(struct channel *ch)
{
	drop_attempt(ch);
	ch->due[DUE_INITIATE] = 0;
	ch->due[DUE_KEEPALIVE] = 0;
}

unsigned
channel_tick(struct channel *ch, struct instant now)
{
	const struct keypair *k;
	unsigned work = 0;

	if (end_sessions(ch, now.mono))
		work |= CHANNEL_WIPED;
	if (due_reached(ch->due[DUE_DEAD], now.mono)) {
		ch->due[DUE_DEAD] = 0;
		begin_attempts(ch, now.mono);
	}
	if (due_reached(ch->due[DUE_INITIATE], now.mono)) {
		if (now.mono >= ch->give_up) {
			give_up(ch);
			work |= CHANNEL_GAVE_UP;
		} else {
			work |= CHANNEL_INITIATE;
		}
	}
	if (due_reached(ch->due[DUE_REPEAT], now.mono))
		work |= CHANNEL_REPEAT;

	k = ch->keypairs[CURRENT];
	if (k == NULL)
		ch->due[DUE_KEEPALIVE] = 0;
	else if (due_reached(k->hello_due, now.mono))
		work |= CHANNEL_HELLO;
	if (due_reached(ch->due[DUE_KEEPALIVE], now.mono))
		work |= CHANNEL_KEEPALIVE;
	return work;
}

usec_t
channel_next_due(const struct channel *ch)
{
	usec_t due = 0;

	for (int i = 0; i < DUE_COUNT; i++)
		due = due_min(due, ch->due[i]);
	for (int s = 0; s < SLOTS; s++)
		if (ch->keypairs[s] != NULL)
			due = due_min(due, ch->keypairs[s]->session.until);
	if (ch->keypairs[CURRENT] != NULL)
		due = due_min(due, ch->keypairs[CURRENT]->hello_due);
	return due;
}

void
channel_want(struct channel *ch, usec_t now)
{
	const struct keypair *k = ch->keypairs[CURRENT];

	if (k == NULL || !session_alive(&k->session, now))
		begin_attempts(ch, now);
}

void
channel_want_fresh(struct channel *ch, usec_t now)
{
	begin_attempts(ch, now);
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

	drop_attempt(ch);
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

/* Something authentic came. */
static void
heard(struct channel *ch, usec_t now)
{
	ch->last_heard = now;
	ch->due[DUE_DEAD] = 0;
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

	free_attempt(ch);
	drop_keypair(ch, PREVIOUS);
	ch->keypairs[PREVIOUS] = ch->keypairs[CURRENT];
	ch->keypairs[CURRENT] = k;
	heard(ch, now.mono);
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
	drop_attempt(ch);
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

	drop_keypair(ch, NEXT);
	ch->keypairs[NEXT] = k;
	heard(ch, now.mono);
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

bool
channel_ready(const struct channel *ch, struct instant now)
{
	const struct keypair *k = ch->keypairs[CURRENT];

	return k != NULL && session_alive(&k->session, now.mono);
}

struct keyring *
channel_keyring(const struct channel *ch, uint32_t index)
{
	enum slot slot;

	return find_slot(ch, index, &slot) ? ch->keypairs[slot]->session.keys : NULL;
}

uint32_t
channel_index(const struct channel *ch)
{
	const struct keypair *k = ch->keypairs[CURRENT];

	return k != NULL ? k->session.local_index : 0;
}

/*
 * Does the sender of this payload expect to hear something? Answers do not; whatever else comes is
 * answered by a keepalive if by nothing better, so that silence means that nobody is there.
 */
static bool
expects_answer(const uint8_t *p, size_t len)
{
	if (len < FRAME_HEADER || !frame_is(p, len))
		return len > 0;
	switch (p[1]) {
	case FRAME_HELLO:
	case FRAME_CLOSE:
	case FRAME_ERROR:
	case FRAME_REG_ACK:
	case FRAME_REPLY:
	case FRAME_PONG:
	case FRAME_RELAY_OPENED:
	case FRAME_RELAY_CLOSE: return false;
	default: return true;
	}
}

/* Rekeying is the initiator's business, and in the end everybody's. */
static bool
worn_out(const struct session *s, usec_t now)
{
	return (s->initiator &&
	    (now >= s->born + REKEY_AFTER_TIME || s->counter >= REKEY_AFTER_MESSAGES)) ||
	    now >= s->born + REKEY_LATE_TIME;
}

int
channel_seal(struct channel *ch, struct instant now, uint8_t *p, size_t len)
{
	struct keypair *k = ch->keypairs[CURRENT];
	bool expects = expects_answer(p, len);
	int n;

	if (k == NULL)
		return ERR_STATE;
	n = session_seal(&k->session, now.mono, p, len);
	if (n < 0)
		return ERR_STATE;
	ch->due[DUE_KEEPALIVE] = 0;
	if (expects && ch->due[DUE_DEAD] == 0)
		ch->due[DUE_DEAD] = now.mono + k->dead_after;
	if (worn_out(&k->session, now.mono))
		begin_attempts(ch, now.mono);
	return n;
}

/*
 * A packet came in the next session: they have it. It becomes the current one, unless that is a
 * younger one of our own.
 */
static void
confirm(struct channel *ch, usec_t now)
{
	struct keypair *next = ch->keypairs[NEXT], *current = ch->keypairs[CURRENT];

	ch->keypairs[NEXT] = NULL;
	drop_keypair(ch, PREVIOUS);
	drop_attempt(ch);
	succeeded(ch, now);
	if (current != NULL && current->session.born > next->session.born) {
		ch->keypairs[PREVIOUS] = next;
		return;
	}
	ch->keypairs[PREVIOUS] = current;
	ch->keypairs[CURRENT] = next;
	greet(ch, now);
}

int
channel_open(struct channel *ch, struct instant now, uint8_t *msg, size_t len,
    struct channel_opened *ret)
{
	struct session *s;
	enum slot slot;
	int n;

	if (len < DATA_MIN)
		return ERR_SHORT;
	if (!find_slot(ch, le32(msg + DATA_RECEIVER), &slot))
		return ERR_UNKNOWN;
	s = &ch->keypairs[slot]->session;
	n = session_open(s, now.mono, msg, len);
	if (n < 0)
		return n;
	*ret = (struct channel_opened){
		.p = msg + DATA_SEALED,
		.len = (size_t)n,
		.counter = le64(msg + DATA_COUNTER),
		.index = s->local_index,
		.caps = ch->keypairs[slot]->caps,
		.first = slot == NEXT,
		.due = slot == NEXT,
	};
	heard(ch, now.mono);
	if (slot == NEXT)
		confirm(ch, now.mono);
	if (expects_answer(ret->p, ret->len) && ch->due[DUE_KEEPALIVE] == 0) {
		ch->due[DUE_KEEPALIVE] = now.mono + KEEPALIVE_TIMEOUT;
		ret->due = true;
	}
	if (slot == CURRENT && s->initiator && now.mono >= s->born + REKEY_LATE_TIME) {
		begin_attempts(ch, now.mono);
		ret->due = true;
	}
	return 0;
}

bool
channel_hello_seen(const struct channel *ch)
{
	return ch->keypairs[CURRENT] != NULL && ch->keypairs[CURRENT]->hello_seen;
}

void
channel_hello_sent(struct channel *ch, usec_t now)
{
	struct keypair *k = ch->keypairs[CURRENT];

	if (k == NULL)
		return;
	k->hello_last = now;
	k->hello_said_seen |= k->hello_seen;
	k->hello_due = 0;
	if (!k->hello_agreed && k->hellos_sent < ARRAY_LEN(HELLOS))
		k->hello_due = now + HELLOS[k->hellos_sent];
	k->hellos_sent++;
}

/*
 * Whoever knows that we have heard of what they can may use it: from now on it is understood. We use
 * it as soon as they have said that they saw ours, which means that they understand it too.
 */
static void
agree(struct channel *ch, struct keypair *k, bool seen_yours, uint32_t caps)
{
	if (!k->hello_seen)
		k->caps = caps & ch->config.caps;
	if (k->caps & CAP_AES)
		session_open_aes(&k->session);
	if (seen_yours && (k->caps & CAP_AES))
		session_seal_aes(&k->session);
}

void
channel_hello_heard(struct channel *ch, usec_t now, uint32_t index, bool seen_yours,
    uint32_t caps)
{
	struct keypair *k;
	enum slot slot;
	bool answer;

	if (!find_slot(ch, index, &slot))
		return;
	k = ch->keypairs[slot];
	/* They said for the second time that they saw ours: they do not know that we saw theirs. */
	answer = !seen_yours || !k->hello_said_seen ||
	    (k->hello_agreed && now >= k->hello_last + HELLO_CROSSING);
	agree(ch, k, seen_yours, caps);
	k->hello_seen = true;
	if (seen_yours) {
		k->hello_agreed = true;
		k->hello_due = 0;
	}
	if (answer && k->hellos_sent < CHANNEL_HELLOS_MAX && !ch->config.stock)
		k->hello_due = now;
}

bool
channel_agreed(const struct channel *ch)
{
	const struct keypair *k = ch->keypairs[CURRENT];

	return k != NULL && k->hello_seen && k->hello_agreed;
}

uint32_t
channel_caps(const struct channel *ch)
{
	return channel_agreed(ch) ? ch->keypairs[CURRENT]->caps : 0;
}

void
channel_close(struct channel *ch)
{
	for (int s = 0; s < SLOTS; s++)
		drop_keypair(ch, (enum slot)s);
	drop_attempt(ch);
	crypto_wipe(&ch->accepted, sizeof(ch->accepted));
	memset(ch->due, 0, sizeof(ch->due));
	ch->attempts = 0;
}

void
channel_view(const struct channel *ch, struct instant now, struct channel_view *ret)
{
	const struct keypair *k = ch->keypairs[CURRENT];

	*ret = (struct channel_view){
		.ready = channel_ready(ch, now),
		.attempting = ch->attempt != NULL,
		.attempts = ch->attempts,
		.next_attempt = ch->due[DUE_INITIATE],
		.since = k != NULL ? k->session.born : 0,
		.initiator = k != NULL && k->session.initiator,
		.last_heard = ch->last_heard,
		.last_handshake = ch->last_handshake,
	};
}
