/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * referral.c - which of the nodes that relay a registering node is told of.
 *
 * Those whose keys are nearest to its own, by XOR: keys are random, so relays are told of equally
 * often, however many nodes there are, and every lighthouse names the same ones to a node. Which of
 * them is the best for it, it measures by itself.
 */
#include "lighthouse/beacon_impl.h"

#include <string.h>

void
referral_add(struct beacon *b, struct client *cl)
{
	for (size_t i = 0; i < b->relay_count; i++)
		if (b->relays[i] == cl)
			return;
	if (b->relay_count < BEACON_RELAYS_MAX)
		b->relays[b->relay_count++] = cl;
}

void
referral_drop(struct beacon *b, const struct client *cl)
{
	for (size_t i = 0; i < b->relay_count; i++)
		if (b->relays[i] == cl)
			b->relays[i] = b->relays[--b->relay_count];
}

/* Is `a` nearer to `key` than `b` is? */
static bool
is_nearer(const uint8_t *a, const uint8_t *b, const uint8_t *key)
{
	for (size_t i = 0; i < 32; i++)
		if (a[i] != b[i])
			return (a[i] ^ key[i]) < (b[i] ^ key[i]);
	return false;
}

static void
insert(struct relays *to, const uint8_t *relay, const uint8_t *key)
{
	size_t at = to->n;

	if (at == WIRE_RELAYS_MAX && !is_nearer(relay, to->key[at - 1], key))
		return;
	if (at == WIRE_RELAYS_MAX)
		at--;
	else
		to->n++;
	for (; at > 0 && is_nearer(relay, to->key[at - 1], key); at--)
		memcpy(to->key[at], to->key[at - 1], sizeof(to->key[at]));
	memcpy(to->key[at], relay, sizeof(to->key[at]));
}

void
referral_for(const struct beacon *b, struct instant now, const struct client *cl,
    struct relays *ret)
{
	for (size_t i = 0; i < b->relay_count; i++) {
		const struct client *relay = b->relays[i];

		if (relay != cl && client_reachable(relay, now) &&
		    registry_get(b->registry, relay->key) != NULL)
			insert(ret, relay->key, cl->key);
	}
}
