/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spread.h - how the network state gets to everybody (docs/protocol.md, "Network state").
 *
 * The state says who is revoked. It is signed, so whoever carries it need not be trusted with it; and
 * it must not matter that somebody who should carry it does not. So everybody holds it, everybody
 * says in every HELLO which one it holds, and who is behind pulls from whoever is ahead (pull.h).
 * What was pulled is verified whole, then written to disk, then it is in force; and only then it is
 * told to others.
 *
 * This machine is the same in a node and in a lighthouse. It knows no sessions: its engine hands it
 * what others say, asks it what is to be said to whom, and walks its own sessions whenever
 * spread_turn() has changed. What is to be remembered and what is worth a line in the log goes to
 * the outbox.
 *
 * What others do wrong is noticed, counted and said: somebody who held a state and later an older
 * one, two states of one version (both are kept as evidence), and a state whose successor should
 * have come by now, as when all that one can reach withhold it.
 */
#ifndef CORE_SPREAD_H
#define CORE_SPREAD_H

#include "core/outbox.h"
#include "core/pull.h"
#include "core/trust.h"

/*
 * A disk that has not taken a verified state by then is not waited for: a revocation must not depend
 * on room on a disk. The state is then in force, and said not to be written.
 */
#define SPREAD_DISK_TIME (2 * USEC_PER_SEC)

/* Whoever is not known to have the newest state is told of it again after 1, 2, 4, ... s. */
#define SPREAD_TELLS 5

struct spread;

/* What somebody is known to hold, by its own word. Zeroed where it is not known. */
struct spread_mark {
	struct state_id has;
};

/* `t` must outlive it. NULL without memory. */
struct spread *spread_new(struct trust *t);
void spread_free(struct spread *s);

/*
 * A row of MEMORY_STATE of an earlier life, before all other rows, which are judged by it. It is
 * verified as if it came from the network. 0, or ERR_* and the row is of no use.
 */
int spread_recall(struct spread *s, struct instant now, const uint8_t *key, size_t key_len,
    const uint8_t *value, size_t value_len);

/* The state in force; zeros: none. */
struct state_id spread_held(const struct spread *s);

/*
 * Changes whenever another state is in force, and whenever others are to be told again: then the
 * sessions are to be walked, those of revoked certificates ended, and spread_adv() sent to those
 * that lag.
 */
uint32_t spread_turn(const struct spread *s);
bool spread_lags(const struct spread *s, const struct spread_mark *mark) must_check;

/* STATE_ADV of what is held: the length of the frame, or ERR_FULL. */
int spread_adv(const struct spread *s, uint8_t *to, size_t cap) must_check;

/*
 * `name` with the static key `key` says by HELLO or STATE_ADV that it holds `id`, and becomes a
 * source if that is newer.
 */
void spread_says(struct spread *s, struct instant now, struct spread_mark *mark,
    const uint8_t key[static 32], const char *name, const struct state_id *id,
    struct outbox *out);

/* The same by REG_ACK, which tells a version and no more; 0 tells nothing. */
void spread_hints(struct spread *s, struct instant now, const uint8_t key[static 32],
    const char *name, uint64_t version);

/*
 * What answers a BLOB_REQ, one frame a call: the length of the next, 0 when that was all. `*done` is
 * 0 before the first. Who asks for what is not held gets a STATE_ADV.
 */
int spread_answer(const struct spread *s, const struct blob_req *q, uint32_t *done, uint8_t *to,
    size_t cap) must_check;

/* Bytes came from `key`. They count only if they were asked of it. */
void spread_part(struct spread *s, struct instant now, const uint8_t key[static 32],
    const struct blob_part *part, struct outbox *out);

/*
 * A blob that a person, or the authority itself, brought instead of the network. 0: it is newer, and
 * in force as soon as it is written. ERR_SUPERSEDED: what is held is as new or newer; ERR_CONFLICT: a
 * fork of it; else why it is not believed. All with a sentence.
 */
int spread_bring(struct spread *s, struct instant now, const uint8_t *blob, size_t len,
    struct outbox *out, struct err *e) must_check;

/* The row with this ticket is on the disk. */
void spread_written(struct spread *s, struct instant now, uint64_t ticket, struct outbox *out);

/*
 * Does what is due. True: `ask` is to be sent, or spread_absent() if there is no session to send it
 * in; then call again.
 */
bool spread_tick(struct spread *s, struct instant now, struct pull_ask *ask,
    struct outbox *out) must_check;
void spread_absent(struct spread *s, struct instant now, const uint8_t key[static 32]);

/* When spread_tick() has something to do; 0: never. */
usec_t spread_due(const struct spread *s);

/*
 * What a person may know
 */

struct spread_view {
	struct state_id held;
	struct blob blob; /* what is held, until the engine is called again; none: NULL */
	uint64_t issued; /* Unix seconds; 0 where none is held, as the next two */
	uint64_t next_update;
	uint64_t expires;
	uint32_t entries;   /* ranges of certificates, keys and CAs that it revokes */
	bool pulling;	    /* a newer one is on its way */
	bool unwritten;	    /* the disk has not taken it yet */
	bool late;	    /* its successor is overdue */
	bool expired;
	struct state_id fork; /* one of a version that we held as another; zeros: none was seen */
	uint64_t pulled;      /* states that came from others and are or were in force */
	uint64_t refused;     /* that did not verify */
	uint64_t rollbacks;   /* older ones held or offered where a newer one was */
	uint64_t forks;
	char culprit[NAME_MAX_LEN + 1]; /* who did the last of these three; empty: nobody */
};

void spread_view(const struct spread *s, struct instant now, struct spread_view *ret);

#endif
