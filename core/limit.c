/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * limit.c - how often a stranger may make us work.
 *
 * A row holds the instant until which everything is spent: each service moves it on by the time in
 * which one allowance grows back, and it may lie no more than a burst ahead (GCRA, ITU-T I.371).
 */
#include "core/limit.h"

#include <sodium.h>
#include <stdlib.h>

#define EVERY (USEC_PER_SEC / LIMIT_RATE)

struct source
source_direct(const struct addr *at)
{
	return (struct source){ .at = *at };
}

struct source
source_relayed(const uint8_t relay[static 32], const uint8_t peer[static 32])
{
	struct source s = { .at.family = FAMILY_NONE };

	memcpy(s.relay, relay, sizeof(s.relay));
	memcpy(s.peer, peer, sizeof(s.peer));
	return s;
}

void
limit_init(struct limit *l, const uint8_t key[static 16])
{
	memset(l, 0, sizeof(*l));
	memcpy(l->key, key, sizeof(l->key));
}

void
limit_wipe(struct limit *l)
{
	for (size_t i = 0; i < LIMIT_PAGES; i++)
		free(l->spent_until[i]);
	memset(l, 0, sizeof(*l));
}

/* What is common to all who share an allowance. */
static struct source
household(const struct source *from)
{
	struct source s = *from;

	s.at.port = 0;
	if (s.at.family == FAMILY_V6)
		memset(s.at.ip + 8, 0, 8);
	return s;
}

bool
limit_allow(struct limit *l, usec_t now, const struct source *from)
{
	struct source s = household(from);
	usec_t **page;
	usec_t *spent_until;
	uint8_t hash[8];

	crypto_shorthash_siphash24(hash, (const uint8_t *)&s, sizeof(s), l->key);
	page = &l->spent_until[le64(hash) / LIMIT_ROWS % LIMIT_PAGES];
	if (*page == NULL)
		*page = calloc(LIMIT_ROWS, sizeof(**page));
	if (*page == NULL)
		return false;
	spent_until = &(*page)[le64(hash) % LIMIT_ROWS];
	if (*spent_until > now + (LIMIT_BURST - 1) * EVERY)
		return false;
	*spent_until = max_u64(*spent_until, now) + EVERY;
	return true;
}
