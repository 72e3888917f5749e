/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lobby_impl.h - the inside of a lobby, for the files that are it: lobby.c (what is held, decided and
 * told), lobby_fetch.c (what is on its way here) and lobby_letter.c.
 */
#ifndef NODE_LOBBY_IMPL_H
#define NODE_LOBBY_IMPL_H

#include "node/lobby.h"

#include "core/cert.h"

#define LOBBY_CHUNKS  ((STUDY_MAX + STUDY_CHUNK - 1) / STUDY_CHUNK)
#define LOBBY_DECLINED 32 /* remembered, so that they are not fetched again at once */

/* A study on its way. */
struct lobby_fetch {
	uint8_t hash[STUDY_HASH_LEN];
	uint8_t from[32];
	uint16_t size;
	uint16_t got; /* chunks, by bit */
	unsigned tries;
	usec_t due; /* the next request */
	uint8_t bytes[STUDY_MAX];
};

/* What was brought, and was not what was said, or nothing for us. */
struct lobby_declined {
	uint8_t hash[STUDY_HASH_LEN];
	uint8_t from[32];
};

struct lobby {
	const struct cert *self;
	const struct rng *rng;
	struct lobby_study **all; /* by since; at most LOBBY_MAX */
	size_t count, room;
	struct lobby_fetch *fetches[LOBBY_FETCHES];
	size_t fetch_count;
	struct lobby_declined *declined; /* LOBBY_DECLINED; NULL: none was yet */
	size_t declined_next;
	struct lobby_counts counts;
	usec_t due;
};

struct lobby_study *lobby_get(const struct lobby *l, const uint8_t hash[static STUDY_HASH_LEN]);

/* Our place in `s`, if this host could accept it; else as lobby_bring(). */
int lobby_judge(const struct lobby *l, const struct study *s, struct err *e) must_check;

/* A row for `s`, whose bytes these are. NULL: there is no room, or no memory. */
struct lobby_study *lobby_add(struct lobby *l, const struct study *s, unsigned self,
    const uint8_t *bytes, size_t size, uint64_t since);

/* Its row is written anew. */
void lobby_remember(struct lobby_study *s, struct outbox *out);

/* How we stand to it is another now: whoever is to know is told, and sought. */
void lobby_news(struct lobby *l, usec_t now, struct lobby_study *s);

/* Is party `i` to be told how we stand to `s`? */
bool lobby_owes(const struct lobby_study *s, unsigned i);

/* A party has said how it stands to `s`. */
void lobby_heard(struct lobby *l, usec_t now, struct lobby_study *s, unsigned party, uint8_t stance,
    struct outbox *out);

/*
 * lobby_fetch.c
 */

/*
 * `key`, called `name`, has brought a study that is not held, in these bytes: it waits for a person.
 * 0; ERR_FULL; ERR_DENIED for what is not both of ours; as study_decode().
 */
int lobby_propose(struct lobby *l, struct instant now, const uint8_t key[static 32],
    const char *name, const uint8_t *bytes, size_t size, struct outbox *out) must_check;

/* What to say of a study that we do not hold, offered as `s` by `key`; it may be on its way now. */
enum stance lobby_offered(struct lobby *l, usec_t now, const uint8_t key[static 32],
    const struct study_says *s);

/* A request that is due. */
bool lobby_fetch_next(struct lobby *l, usec_t now, struct lobby_send *ret) must_check;
usec_t lobby_fetch_due(const struct lobby *l);
void lobby_fetch_absent(struct lobby *l, const uint8_t key[static 32]);

/*
 * lobby_letter.c
 */

/* A party is sought again. If it hears of `s` by nothing else, by a letter. */
void lobby_letter_wanted(const struct lobby_study *s, struct lobby_party *p);

#endif
