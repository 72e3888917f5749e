/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * channel_hello.c - the HELLOs of a session: each side says what it can until it knows that the other
 * has heard it. docs/protocol.md, "HELLO".
 */
#include "core/channel_impl.h"

/* When a HELLO is sent again, counted from the time before. */
static const usec_t HELLOS[] = {
	250 * USEC_PER_MS, 500 * USEC_PER_MS, 1000 * USEC_PER_MS,
	2000 * USEC_PER_MS, 4000 * USEC_PER_MS,
};

/* A HELLO that was repeated because ours got lost is answered, but not one that crossed ours. */
#define HELLO_CROSSING (200 * USEC_PER_MS)

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

	if (!channel_find(ch, index, &slot))
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
