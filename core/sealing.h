/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sealing.h - the ciphers' work beside the engine, on several threads.
 *
 * An engine is used by one thread at a time, but most of what a packet costs is its cipher. A shell
 * with several threads therefore gives the engine a `struct deferral`. A session that is to seal
 * then fixes header, padding and counter, and leaves the rest as a job to the thread that is in the
 * engine, which does its jobs in their order once it has left, and sends after that. What comes in
 * is opened before: the thread notes under the engine's lock which keys a message wants, opens it
 * without the lock, and comes back with the result, for which the session asks by the message's
 * place. Replay window, counters and all that is decided stay with the engine.
 *
 * A session's keys are in a keyring, which has the ciphers of each thread and is wiped when its
 * last pin goes: the session holds one for as long as it lives, and what is under way holds one
 * until it is done. Pins are the only thing here that two threads touch at once.
 *
 * Where there is no deferral, one thread does everything in the engine, and none of this is used.
 */
#ifndef CORE_SEALING_H
#define CORE_SEALING_H

#include "core/base.h"

/* The keys of a session, and for each thread what it ciphers with. */
struct keyring;

/*
 * Keys to send and to receive by, for `threads` threads, with one pin. NULL without memory. A
 * thread's ciphers are made when it first needs them.
 */
struct keyring *keyring_new(const uint8_t send[static 32], const uint8_t receive[static 32],
    unsigned threads);
struct keyring *keyring_pin(struct keyring *k);
/* The last one wipes the keys, whichever thread it is. NULL is allowed. */
void keyring_unpin(struct keyring *k);

/*
 * A message to be sealed, when its turn has come; `len` bytes at `p`, the header of the message before
 * and room for the tag behind.
 */
struct seal_job {
	struct keyring *keys;
	uint64_t counter;
	uint8_t *p;
	size_t len;
};

/* A data message to be opened, and what came of it: 0 or ERR_AUTH. */
struct opening {
	struct keyring *keys; /* with a pin */
	uint8_t *msg;
	size_t len;
	int rc;
};

/* What one thread has to do, and has done, beside the engine. */
struct sealing {
	unsigned thread; /* below deferral.threads, and nobody else's */
	struct seal_job *jobs;
	size_t job_count;
	size_t job_max;
	struct opening *openings;
	size_t opening_count;
	size_t opening_max;
	size_t opened;	     /* of them, by sealing_open() */
	size_t opening_next; /* asked for next, most likely */
};

/* An engine's, which lives longer than the engine and is touched only by who may be in it. */
struct deferral {
	unsigned threads;
	struct sealing *here; /* of the thread in the engine; NULL: it seals and opens at once */
};

/* Room for so many jobs and openings between two turns. 0 or -ENOMEM. */
int sealing_init(struct sealing *s, unsigned thread, size_t jobs, size_t openings) must_check;
/* Nothing may be under way. */
void sealing_free(struct sealing *s);

/*
 * Outward. sealing_put() is the session's, in the engine; where there is no room, what is there is
 * sealed at once. sealing_run() does the jobs in the order in which they were put, an envelope
 * before the one around it, and ends their pins.
 */
void sealing_put(struct sealing *s, struct keyring *keys, uint64_t counter, uint8_t *p,
    size_t len);
void sealing_run(struct sealing *s);

/* In the engine: what was put off is needed now. NULL is allowed. */
void deferral_catch_up(struct deferral *d);

/*
 * Inward. sealing_expect() notes under the engine's lock that the data message at `msg` is to be
 * opened with `keys`, unless there is no room: then the engine opens it. sealing_open() opens what
 * was noted since, in place. sealing_opened() is the session's: was its message opened, and what came of
 * it? Keys that are not the session's count as ERR_AUTH. sealing_done() ends the pins.
 */
void sealing_expect(struct sealing *s, struct keyring *keys, uint8_t *msg, size_t len);
void sealing_open(struct sealing *s);
bool sealing_opened(struct sealing *s, const struct keyring *keys, const uint8_t *msg, int *rc)
    must_check;
void sealing_done(struct sealing *s);

#endif
