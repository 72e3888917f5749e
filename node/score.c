/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * score.c - how good is this path, and is it so much better than another that data should move?
 */
#include "node/path.h"

/*
 * What data moves between at once, or not at all: direct, by a relay, by a relay over a stream, and
 * whatever costs money.
 */
static unsigned
rank(const struct path *p)
{
	if (p->metered)
		return 3;
	if (p->kind == PATH_STREAM || p->streamed)
		return 2;
	return p->kind == PATH_RELAY ? 1 : 0;
}

static uint64_t
penalty(const struct path *p, usec_t rtt)
{
	switch (rank(p)) {
	case 0:
		return 0;
	case 1:
		return 15 * USEC_PER_MS + rtt / 4;
	default:
		return 60 * USEC_PER_MS + rtt / 2;
	}
}

static uint64_t
score(const struct path *p, unsigned lost_percent)
{
	usec_t rtt = p->srtt != 0 ? p->srtt : PATH_RTT_UNKNOWN;
	uint64_t s = rtt + penalty(p, rtt) +
	    min_u64(10 * USEC_PER_MS * lost_percent, 300 * USEC_PER_MS);
	uint64_t bonus = (p->remote.family == FAMILY_V6 ? 3 * USEC_PER_MS : 0) +
	    (p->kind == PATH_LAN ? 5 * USEC_PER_MS : 0) + (p->theirs ? 2 * USEC_PER_MS : 0);

	return s > bonus ? s - bonus : 0;
}

uint64_t
path_score(const struct path *p)
{
	return score(p, path_loss_percent(p));
}

/*
 * By a tenth, three milliseconds, and what their round trips vary by. One loss in 32 probes is 3 %, and two paths that lose the same
 * seldom show the same: a difference within that noise is none.
 */
static bool
is_clearly_better(const struct path *candidate, const struct path *current)
{
	unsigned lost_a = path_loss_percent(candidate), lost_b = path_loss_percent(current);
	bool noise = lost_a < lost_b + PATH_LOSS_NOISE && lost_b < lost_a + PATH_LOSS_NOISE;
	uint64_t a = score(candidate, noise ? 0 : lost_a), b = score(current, noise ? 0 : lost_b);
	usec_t gain = max_u64(3 * USEC_PER_MS, (candidate->rttvar + current->rttvar) / 2);

	return a + gain <= b && a * 10 <= b * 9;
}

void
path_weigh(struct path *p, const struct path *current, usec_t now)
{
	if (rank(p) != rank(current) || !is_clearly_better(p, current))
		p->better = 0;
	else if (p->better++ == 0)
		p->better_since = now;
}

bool
path_beats(const struct path *candidate, const struct path *current, usec_t now)
{
	/* TCP is for where UDP is not answered, and is left when that answers without fail. */
	if (current->kind == PATH_STREAM && candidate->kind != PATH_STREAM)
		return path_is_steady(candidate);
	if (rank(candidate) != rank(current))
		return rank(candidate) < rank(current) && path_is_firm(candidate);
	if (current->doubted && candidate->state == PATH_VALID)
		return true;
	/* Their own LAN is no matter of measurement. */
	if (candidate->kind == PATH_LAN && current->kind != PATH_LAN)
		return is_clearly_better(candidate, current);
	return candidate->better >= PATH_BETTER_TIMES &&
	       now - candidate->better_since >= PATH_BETTER_FOR;
}
