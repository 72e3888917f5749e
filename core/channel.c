/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * channel.c - one conversation with one static key.
 *
 * Three sessions at the most, as in WireGuard: the current one, in which we send; the previous one,
 * in which packets may still arrive; and the next one, which the other side began and we answered,
 * and which becomes the current one with the first packet in it. Beside them at the most one
 * attempt: an initiation of ours that waits for its response.
 */
#include "core/channel_impl.h"

#include <stdlib.h>

/* How long a session that the other side has begun may take to be confirmed before we begin one. */
#define CONFIRM_TIME USEC_PER_SEC

/* A session of this age is replaced by whoever notices, so that it does not end in a pause. */
#define REKEY_LATE_TIME (REJECT_AFTER_TIME - DEAD_AFTER_TIME)

/* Of the year 9999, so that a certificate without end can be reckoned with. */
#define LAST_SECOND 253402300799

static void
retire(struct channel *ch, uint32_t index)
{
	assert(ch->retired_count < RETIRED_MAX);
	ch->retired[ch->retired_count++] = index;
}

void
channel_drop(struct channel *ch, enum slot slot)
{
	struct keypair *k = ch->keypairs[slot];

	if (k == NULL)
		return;
	retire(ch, k->session.local_index);
	session_wipe(&k->session);
	free(k);
	ch->keypairs[slot] = NULL;
}

void
channel_free_attempt(struct channel *ch)
{
	ch->due[DUE_REPEAT] = 0;
	if (ch->attempt == NULL)
		return;
	noise_wipe(&ch->attempt->noise);
	free(ch->attempt);
	ch->attempt = NULL;
}

void
channel_drop_attempt(struct channel *ch)
{
	if (ch->attempt != NULL)
		retire(ch, ch->attempt->noise.local_index);
	channel_free_attempt(ch);
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
			channel_drop(ch, (enum slot)s);
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
	channel_drop_attempt(ch);
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

	return channel_find(ch, index, &slot) ? ch->keypairs[slot]->session.keys : NULL;
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

int
channel_open(struct channel *ch, struct instant now, uint8_t *msg, size_t len,
    struct channel_opened *ret)
{
	struct session *s;
	enum slot slot;
	int n;

	if (len < DATA_MIN)
		return ERR_SHORT;
	if (!channel_find(ch, le32(msg + DATA_RECEIVER), &slot))
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
	channel_heard(ch, now.mono);
	if (slot == NEXT)
		channel_confirm(ch, now.mono);
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

void
channel_close(struct channel *ch)
{
	for (int s = 0; s < SLOTS; s++)
		channel_drop(ch, (enum slot)s);
	channel_drop_attempt(ch);
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

/*
 * Fetching ahead
 */

void
channel_prefetch(const struct channel *ch)
{
	__builtin_prefetch(ch->keypairs);
	fetch_ahead(&ch->due, sizeof(ch->due));
	fetch_ahead(&ch->give_up, sizeof(*ch) - offsetof(struct channel, give_up));
}

void
channel_prefetch_session(const struct channel *ch)
{
	const struct keypair *k = ch->keypairs[CURRENT];

	if (k == NULL)
		return;
	fetch_ahead(k, offsetof(struct keypair, session.replay.seen));
	__builtin_prefetch(&k->session.replay.seen[k->session.replay.next / 64 % ARRAY_LEN(k->session.replay.seen)]);
	__builtin_prefetch(&k->hello_due);
}
