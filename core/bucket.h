/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bucket.h - a token bucket: so much at once, so much a second.
 *
 * What was taken drains at the rate, and no more may be taken than the bucket holds. A zeroed
 * struct is a bucket that nothing was taken from. Rate and size come with each call, since a fair
 * share changes with the number of those who share; a bucket that became smaller is just used up.
 */
#ifndef CORE_BUCKET_H
#define CORE_BUCKET_H

#include "core/base.h"

struct bucket {
	uint64_t taken; /* and not yet drained, in millionths */
	usec_t at;      /* when that was so */
};

static inline void
bucket_drain(struct bucket *b, usec_t now, uint64_t rate, uint64_t size)
{
	usec_t elapsed = now > b->at ? now - b->at : 0;

	b->at = now;
	b->taken = min_u64(b->taken, size * USEC_PER_SEC);
	if (rate > 0 && elapsed > b->taken / rate)
		b->taken = 0;
	else
		b->taken -= elapsed * rate;
}

/*
 * May `n` be taken at `now` from a bucket of `size` that drains by `rate` a second? If so, they
 * are. `size` is below 2^40.
 */
static inline bool must_check
bucket_take(struct bucket *b, usec_t now, uint64_t rate, uint64_t size, uint64_t n)
{
	bucket_drain(b, now, rate, size);
	if (n > size || b->taken > (size - n) * USEC_PER_SEC)
		return false;
	b->taken += n * USEC_PER_SEC;
	return true;
}

#endif
