/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * door.h - the order of a responder's work, the same in node and lighthouse.
 *
 * Anybody can send an initiation, and answering one honestly costs a thousand times what sending it
 * costs. So each step here is cheaper than the next and every failure is silent: type and length;
 * mac1; under load a cookie and a rate; the first DH, which says who it claims to be; the second,
 * which proves it, and the timestamp; the presentation; the certificate. No memory is kept before
 * the last step has passed: then the certificate joins core/members.h and the engine is handed a
 * visitor, to be admitted (channel_accept) or refused.
 *
 * Initiations arrive on up to eight paths at once. Those that were let in are known by their hash
 * (door_remember), so that a copy costs one hash and no DH.
 *
 * What is dear is not done twice: certificates that were refused a moment ago are known
 * (core/refused.h), and the trust keeps those that it has verified.
 */
#ifndef CORE_DOOR_H
#define CORE_DOOR_H

#include "core/limit.h"
#include "core/members.h"
#include "core/noise.h"
#include "core/rng.h"
#include "core/trust.h"

/* Above this many initiations in a second a responder is under load, and for a second after. */
#define DOOR_LOAD_DEFAULT 400
#define DOOR_LOAD_HOLD	  USEC_PER_SEC

/* How far ahead of the effective clock an initiator's timestamp may be (CVE-2021-46873). */
#define DOOR_AHEAD_MAX (24 * 3600 * USEC_PER_SEC)

struct door;

/* What became of a knock. Each is a counter with a name. */
enum door_count {
	DOOR_ADMITTED,	     /* a visitor for the engine */
	DOOR_GUEST,	     /* a token, whatever it is worth: a newcomer for the engine */
	DOOR_COPY,	     /* known by its hash: the engine may answer it again */
	DOOR_COOKIE,	     /* under load: answered with a cookie */
	DOOR_MALFORMED,	     /* no initiation by type and length */
	DOOR_MAC1,	     /* made by somebody who does not know our key */
	DOOR_RATE,	     /* under load, and this source asks too often */
	DOOR_STATIC,	     /* the first DH: not for us, or damaged */
	DOOR_OURSELVES,	     /* our own key calls */
	DOOR_NOT_STOCK,	     /* type 1 from a key without a STOCK certificate */
	DOOR_IMPOSTOR,	     /* the second DH: not made by the key that it names */
	DOOR_REPLAY,	     /* timestamp not later than the last */
	DOOR_FUTURE,	     /* timestamp too far ahead */
	DOOR_PRESENTATION,   /* does not open, or does not decode */
	DOOR_ENROL,	     /* a token, and no one here who takes it */
	DOOR_REFUSED_BEFORE, /* this certificate was refused a moment ago */
	DOOR_CERTIFICATE,    /* does not verify */
	DOOR_EXPIRED,	     /* expired, or not valid yet */
	DOOR_OTHER_KEY,	     /* certifies another key than the one that calls */
	DOOR_STOCK_PRESENTS, /* a STOCK certificate, which cannot present */
	DOOR_SUPERSEDED,     /* a newer certificate with this name is known */
	DOOR_CONFLICT,	     /* name or address belongs to another */
	DOOR_PINNED,	     /* this host has pinned another key, or name */
	DOOR_FULL,	     /* no room for one more member */
	DOOR_POLICY,	     /* refused by the engine: door_refuse() */
	DOOR_COUNT,
};

/* "admitted", "mac1", ...: one word of [a-z-] for counters and logs. */
const char *door_count_word(enum door_count c);

/*
 * A door of `self`, which believes `trust` and keeps certificates in `members`; all of them and
 * `rng` must outlive it. `load` as DOOR_LOAD_DEFAULT, 0: always under load. `accepted_max` bounds
 * door_remember(). NULL without memory.
 */
struct door *door_new(const struct noise_identity *self, struct trust *trust,
    struct members *members, const struct rng *rng, unsigned load, unsigned accepted_max);

/* NULL is allowed. */
void door_free(struct door *d);

/* Somebody who proved who they are, and what they said of themselves. */
struct visitor {
	struct noise handshake; /* for channel_accept() */
	uint8_t timestamp[NOISE_TIMESTAMP];
	uint8_t hash[16];	/* of the whole message */
	struct member *member;	/* whose certificate this is; its timestamp is noted already */
	struct member *loser;	/* whose name it took over, or NULL: end its sessions */
	bool certificate_new;	/* the member is new here, or its certificate was renewed */
	/* Of the presentation; zeros from STOCK. */
	uint32_t caps;
	uint64_t state_version;
	uint8_t our_prefix[8];	/* of the fingerprint of our certificate that they hold */
};

/* Somebody who shows a token, has a key, and has proved nothing else. */
struct newcomer {
	struct noise handshake;
	uint8_t timestamp[NOISE_TIMESTAMP];
	uint8_t hash[16]; /* of the whole message */
	uint8_t token[8]; /* its id */
};

struct knock {
	enum door_count what;
	/* DOOR_ADMITTED */
	struct visitor visitor;
	/* DOOR_GUEST: no memory was taken, no signature looked at */
	struct newcomer newcomer;
	/* DOOR_COPY: what door_remember() was given, for channel_copy() with the hash */
	void *owner;
	uint8_t hash[16];
	/* DOOR_COOKIE: to be sent to where it came from */
	uint8_t cookie[COOKIE_LEN];
	/* Of a certificate that was refused: why (ERR_*), and who brought it. 0 otherwise. */
	int code;
	uint8_t key[32];
};

/*
 * An initiation or a PRESENT of `len` bytes came from `from`. Fills `ret` and returns ret->what;
 * nothing goes back but what is said above. Rows to remember or forget go to `out`. A visitor's
 * handshake is a secret: whoever does not use it wipes it with door_refuse() or noise_wipe().
 */
enum door_count door_knock(struct door *d, struct instant now, const struct source *from,
    const uint8_t *msg, size_t len, struct outbox *out, struct knock *ret);

/*
 * From now on tokens are for the engine to judge (DOOR_GUEST); until then they are DOOR_ENROL. A
 * newcomer's handshake, too, is wiped by whoever does not use it.
 */
void door_take_guests(struct door *d);

/* The engine does not want this visitor: its certificate stays refused for a while. Wipes it. */
void door_refuse(struct door *d, struct instant now, struct visitor *v);

/* What was refused a moment ago is looked at again: by what it was judged has changed. */
void door_forgive(struct door *d);

/*
 * The initiation `hash` was answered by `owner`, not NULL: copies of it lead there until it is
 * forgotten. An owner has at most one; nothing is kept above `accepted_max` or without memory,
 * and then copies draw no answer. NULL as hash is allowed in door_forget().
 */
void door_remember(struct door *d, const uint8_t hash[static 16], void *owner);
void door_forget(struct door *d, const uint8_t *hash);

/* Is the door under load at `now`? */
bool door_under_load(const struct door *d, usec_t now);

/* Initiations with a valid mac1 in the second before `now`. */
unsigned door_load(const struct door *d, usec_t now);

uint64_t door_counter(const struct door *d, enum door_count c);

#endif
