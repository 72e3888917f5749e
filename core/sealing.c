/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sealing.c - the ciphers' work beside the engine, on several threads.
 */
#include "core/sealing.h"
#include "core/bytes.h"
#include "core/crypto.h"
#include "core/wire.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

/* The ciphers of one thread. */
struct lane {
	bool made;
	struct cipher sealing;
	struct cipher opening;
	struct cipher aes_sealing; /* zeros until it is needed */
	struct cipher aes_opening;
};

struct keyring {
	_Alignas(64) atomic_uint pins;
	_Alignas(64) unsigned threads;
	uint8_t send[32];
	uint8_t receive[32];
	struct lane lanes[];
};

/*
 * Keys
 */

static size_t
keyring_size(unsigned threads)
{
	size_t size = sizeof(struct keyring) + threads * sizeof(struct lane);

	return (size + 63) & ~(size_t)63;
}

struct keyring *
keyring_new(const uint8_t send[static 32], const uint8_t receive[static 32], unsigned threads)
{
	struct keyring *k = aligned_alloc(64, keyring_size(threads));

	if (k == NULL)
		return NULL;
	memset(k, 0, keyring_size(threads));
	atomic_init(&k->pins, 1);
	k->threads = threads;
	memcpy(k->send, send, sizeof(k->send));
	memcpy(k->receive, receive, sizeof(k->receive));
	return k;
}

struct keyring *
keyring_pin(struct keyring *k)
{
	/* Who pins has a pin already, or is under the lock of an engine that has one. */
	atomic_fetch_add_explicit(&k->pins, 1, memory_order_relaxed);
	return k;
}

void
keyring_unpin(struct keyring *k)
{
	/* What other threads did with their ciphers is done before these are wiped. */
	if (k == NULL || atomic_fetch_sub_explicit(&k->pins, 1, memory_order_acq_rel) != 1)
		return;
	for (unsigned i = 0; i < k->threads; i++) {
		if (!k->lanes[i].made)
			continue;
		cipher_wipe(&k->lanes[i].aes_sealing);
		cipher_wipe(&k->lanes[i].aes_opening);
		cipher_wipe(&k->lanes[i].sealing);
		cipher_wipe(&k->lanes[i].opening);
	}
	crypto_wipe(k, keyring_size(k->threads));
	free(k);
}

static struct lane *
lane_of(struct keyring *k, unsigned thread)
{
	struct lane *lane = &k->lanes[thread];

	assert(thread < k->threads);
	if (!lane->made) {
		cipher_init(&lane->sealing, k->send, true);
		cipher_init(&lane->opening, k->receive, false);
		lane->made = true;
	}
	return lane;
}

/* The cipher that the type of the message at `msg` tells; `aes` is the one beside `usual`. */
static struct cipher *
cipher_of(const uint8_t *msg, struct cipher *usual, struct cipher *aes)
{
	if (le32(msg) != OUTER_DATA_AES)
		return usual;
	if (aes->bulk == NULL)
		cipher_beside(aes, usual);
	return aes;
}

/*
 * A thread's work
 */

int
sealing_init(struct sealing *s, unsigned thread, size_t jobs, size_t openings)
{
	*s = (struct sealing){ .thread = thread, .job_max = jobs, .opening_max = openings };
	s->jobs = calloc(jobs, sizeof(*s->jobs));
	s->openings = calloc(openings, sizeof(*s->openings));
	if (s->jobs == NULL || s->openings == NULL) {
		sealing_free(s);
		return -ENOMEM;
	}
	return 0;
}

void
sealing_free(struct sealing *s)
{
	assert(s->job_count == 0 && s->opening_count == 0);
	free(s->jobs);
	free(s->openings);
	memset(s, 0, sizeof(*s));
}

/* Jobs of one session one after the other, as they come mostly, share a pin: the first has it. */
static bool
begins_run(const struct sealing *s, size_t i)
{
	return i == 0 || s->jobs[i].keys != s->jobs[i - 1].keys;
}

void
sealing_put(struct sealing *s, struct keyring *keys, uint64_t counter, uint8_t *p, size_t len)
{
	if (s->job_count == s->job_max)
		sealing_run(s);
	s->jobs[s->job_count++] =
	    (struct seal_job){ .keys = keys, .counter = counter, .p = p, .len = len };
	if (begins_run(s, s->job_count - 1))
		keyring_pin(keys);
}

void
sealing_run(struct sealing *s)
{
	for (size_t i = 0; i < s->job_count; i++) {
		const struct seal_job *j = &s->jobs[i];
		struct lane *lane = lane_of(j->keys, s->thread);

		if (i > 0 && begins_run(s, i))
			keyring_unpin(j[-1].keys);
		cipher_seal(cipher_of(j->p - DATA_HEADER, &lane->sealing, &lane->aes_sealing),
		    j->counter, j->p, j->len);
	}
	if (s->job_count > 0)
		keyring_unpin(s->jobs[s->job_count - 1].keys);
	s->job_count = 0;
}

void
deferral_catch_up(struct deferral *d)
{
	if (d != NULL && d->here != NULL)
		sealing_run(d->here);
}

void
sealing_expect(struct sealing *s, struct keyring *keys, uint8_t *msg, size_t len)
{
	if (s->opening_count < s->opening_max)
		s->openings[s->opening_count++] =
		    (struct opening){ .keys = keyring_pin(keys), .msg = msg, .len = len };
}

void
sealing_open(struct sealing *s)
{
	for (; s->opened < s->opening_count; s->opened++) {
		struct opening *o = &s->openings[s->opened];
		struct lane *lane = lane_of(o->keys, s->thread);

		o->rc = cipher_open(cipher_of(o->msg, &lane->opening, &lane->aes_opening),
		    le64(o->msg + DATA_COUNTER), o->msg + DATA_SEALED, o->len - DATA_HEADER);
	}
}

bool
sealing_opened(struct sealing *s, const struct keyring *keys, const uint8_t *msg, int *rc)
{
	for (size_t i = s->opening_next; i < s->opened; i++) {
		const struct opening *o = &s->openings[i];

		if (o->msg != msg)
			continue;
		if (i == s->opening_next)
			s->opening_next++;
		*rc = o->keys == keys ? o->rc : ERR_AUTH;
		return true;
	}
	return false;
}

void
sealing_done(struct sealing *s)
{
	for (size_t i = 0; i < s->opening_count; i++)
		keyring_unpin(s->openings[i].keys);
	s->opening_count = s->opened = s->opening_next = 0;
}
