/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lobby.h - the studies that this host is a party of, and how each party stands to them
 * (docs/protocol.md, section 21).
 *
 * A study becomes known here in one of two ways: a person brings it, and has decided by that, or
 * another party that has accepted it brings it in a session, and then it waits for a person. All
 * parties tell each other how they stand, so that whoever looks sees who has accepted; what somebody
 * says is about itself alone, for it is known by its session.
 *
 *	STUDY ->   <- STUDY (not held)    <- STUDY_REQ    STUDY_PART ->    <- STUDY (proposed)
 *
 * The machine knows no sessions: its engine says who is there (lobby_met), hands it what they say,
 * and sends what lobby_next() has. What is to last goes to the outbox as rows of MEMORY_STUDY.
 *
 * There is room for LOBBY_MAX studies, and for LOBBY_PROPOSALS_OF of one party that nobody has
 * decided about. What is new when there is no room is refused, and the other side is told so; where
 * a person brings it, the oldest that was closed makes room.
 */
#ifndef NODE_LOBBY_H
#define NODE_LOBBY_H

#include "core/outbox.h"
#include "core/rng.h"
#include "core/wire_letter.h"
#include "core/wire_study.h"

struct cert;

#define LOBBY_MAX          256
#define LOBBY_PROPOSALS    128 /* that wait for a person */
#define LOBBY_PROPOSALS_OF 16  /* of one party */
#define LOBBY_FETCHES      8   /* studies that are on their way at one time; one from each party */

/* A party that is away is sought again after 2, 4, 8, .. s, for so long. */
#define LOBBY_SEEK_FIRST (2 * USEC_PER_SEC)
#define LOBBY_SEEK_EVERY (300 * USEC_PER_SEC)
#define LOBBY_SEEK_FOR   (30 * UINT64_C(86400)) /* seconds */

/* What is not answered is said again, so often, after 250, 500, .. ms. */
#define LOBBY_TELLS 5

/* What others say of themselves is on its way to the disk within that time, not at every word. */
#define LOBBY_SAVE_AFTER (2 * USEC_PER_SEC)

/* Another party, as this host knows it. */
struct lobby_party {
	uint8_t said;	 /* enum stance, by its own word */
	uint8_t heard;	 /* what it believes of us */
	bool answer;	 /* it has asked */
	unsigned tries;
	unsigned sought;
	usec_t due;	 /* when it is to be told; 0: not before there is a session */
	usec_t seek_due; /* when it is to be sought */
	bool post;	 /* a letter is to be left for it */
	bool letter_named;
	uint8_t left_at; /* lighthouses that keep one, by bit */
	uint8_t letter[LETTER_ID_LEN]; /* the letter's id, once it was named */
};

struct lobby_study {
	struct study study;
	uint8_t stance; /* ours */
	unsigned self;	/* our place */
	uint64_t since; /* Unix seconds: when it became known here */
	uint8_t by[32]; /* the key of who brought it; ours: a person here */
	usec_t save_due; /* its row is not what it says here; 0: it is */
	uint16_t size;
	uint8_t bytes[STUDY_MAX];
	struct lobby_party parties[STUDY_PARTIES_MAX];
};

struct lobby;

/* For the host that `self` certifies, which must outlive it. NULL without memory. */
struct lobby *lobby_new(const struct cert *self, const struct rng *rng);
void lobby_free(struct lobby *l);

/* A row of MEMORY_STUDY of an earlier life. 0, or ERR_* and it is of no use. */
int lobby_recall(struct lobby *l, usec_t now, const uint8_t *key, size_t key_len,
    const uint8_t *value, size_t value_len);

/*
 * What a person decides
 */

/*
 * A person has brought `s` and accepts it; the parties are told. 0, also where it is accepted
 * already; ERR_DENIED where it is of another network, or this host is no party of it or has another
 * name or address than it says; ERR_FULL; ERR_CANON; -ENOMEM; all with a sentence.
 */
int lobby_bring(struct lobby *l, struct instant now, const struct study *s, struct outbox *out,
    struct err *e) must_check;

/* Changes how we stand to a study that is held: STANCE_ACCEPTED or _CLOSED. 0 or ERR_UNKNOWN. */
int lobby_decide(struct lobby *l, struct instant now, const uint8_t hash[static STUDY_HASH_LEN],
    enum stance stance, struct outbox *out) must_check;

/* Those that are held, the oldest first; NULL behind the last. Valid until the next change. */
const struct lobby_study *lobby_at(const struct lobby *l, size_t i);
const struct lobby_study *lobby_find(const struct lobby *l,
    const uint8_t hash[static STUDY_HASH_LEN]);

/*
 * What others say
 */

/* A session with the holder of this key has come up: whatever it is to know is due. */
void lobby_met(struct lobby *l, usec_t now, const uint8_t key[static 32]);

/*
 * STUDY of who has the key. Where there is an answer to it that lobby_next() would not have, it is in
 * `to`, FRAME_MAX bytes; returns its length or 0.
 */
int lobby_said(struct lobby *l, struct instant now, const uint8_t key[static 32],
    const struct study_says *says, uint8_t *to, struct outbox *out);

/*
 * What answers a STUDY_REQ of who has the key, one frame a call: the length of the next, 0 when that
 * was all. `*done` is 0 before the first. Who is no party gets nothing.
 */
int lobby_answer(const struct lobby *l, const uint8_t key[static 32], const struct study_req *q,
    uint32_t *done, uint8_t *to, size_t cap) must_check;

/* STUDY_PART of `name`. It counts only if it was asked for. */
void lobby_part(struct lobby *l, struct instant now, const uint8_t key[static 32],
    const char *name, const struct study_part *p, struct outbox *out);

/* What is to be said to whom. */
struct lobby_send {
	uint8_t key[32];
	bool seek; /* nothing: a session with it is wanted */
	int len;
	uint8_t frame[FRAME_HEADER + 64];
};

/* Is there something due? It counts as sent; lobby_absent() if there was no session to send it in. */
bool lobby_next(struct lobby *l, struct instant now, struct lobby_send *ret,
    struct outbox *out) must_check;
void lobby_absent(struct lobby *l, const uint8_t key[static 32]);

/*
 * Letters (core/letter.h)
 *
 * Who has accepted a study leaves a letter for each party that it seeks in vain, with every
 * lighthouse that will keep one. What a letter says counts as if its writer had brought the study in a
 * session; but only a session undoes what was said in another.
 */

/* A letter is left for who was sought so often, over two seconds, and is sought again. */
#define LOBBY_LETTER_AFTER 1

/* Does a party know how we stand to `s`? */
enum lobby_told {
	LOBBY_UNTOLD,
	LOBBY_LEFT, /* a lighthouse keeps a letter that says so */
	LOBBY_TOLD, /* or need not know */
};

enum lobby_told lobby_told(const struct lobby_study *s, unsigned party);

/* Is there a letter to be left? Its study, and for which party; it stays so until lobby_posted(). */
struct lobby_study *lobby_letter_next(const struct lobby *l, unsigned *party);

/* It was handed to whatever lighthouses there are. */
void lobby_posted(struct lobby_study *s, unsigned party);

/* The lighthouse `bit` has said `status` of the letter `id` for who has the key. */
void lobby_letter_said(struct lobby *l, unsigned bit, const uint8_t key[static 32],
    const uint8_t id[static LETTER_ID_LEN], uint8_t status);

/*
 * A letter of `name`, a member whose certificate holds and has the key: 0, also where it says nothing
 * new; ERR_FULL; or why it is of no use.
 */
int lobby_letter_came(struct lobby *l, struct instant now, const uint8_t key[static 32],
    const char *name, const uint8_t *study, size_t size, struct outbox *out) must_check;

/* A letter was refused: it counts as what others did wrong. */
void lobby_refuses(struct lobby *l);

/* When lobby_next() may have something; 0: never. */
usec_t lobby_due(const struct lobby *l);

/* What others did wrong, since the start. */
struct lobby_counts {
	uint64_t refused; /* studies that were no such, or not ours to accept */
	uint64_t full;	  /* that there was no room for */
};

struct lobby_counts lobby_counts(const struct lobby *l);

#endif
