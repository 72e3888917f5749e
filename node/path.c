/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path.c - is this path alive, in both directions, and how good is it?
 */
#include "node/path.h"

#include <string.h>

#define ACTIVE_FOR    (10 * USEC_PER_SEC) /* after data was sent */
#define ACTIVE_SAMPLE (5 * USEC_PER_SEC)
#define SUSPECT_MIN   (500 * USEC_PER_MS)
#define DEATH_MIN     (300 * USEC_PER_MS)
#define PROBE_GAP_MIN (100 * USEC_PER_MS)

void
path_init(struct path *p, enum path_class kind, enum path_origin origin, socket_id socket,
    const struct addr *remote)
{
	memset(p, 0, sizeof(*p));
	p->state = PATH_NEW;
	p->kind = kind;
	p->origin = origin;
	p->socket = socket;
	p->remote = *remote;
	mtu_init(&p->mtu);
}

static bool
is_proven(const struct path *p)
{
	return p->state == PATH_VALID || p->state == PATH_SUSPECT;
}

/* How long an answer may take before the path is doubted (T1 of the protocol). */
static usec_t
suspect_after(const struct path *p)
{
	return max_u64(SUSPECT_MIN, 4 * p->srtt + 100 * USEC_PER_MS);
}

static usec_t
probe_gap(const struct path *p)
{
	return max_u64(PROBE_GAP_MIN, p->srtt / 2);
}

/* How long after the last probe a SUSPECT path is given up. */
static usec_t
death_after(const struct path *p)
{
	return max_u64(DEATH_MIN, p->srtt * 3 / 2 + 4 * p->rttvar);
}

static void
suspect(struct path *p, usec_t now)
{
	p->state = PATH_SUSPECT;
	p->unanswered = 0;
	p->next_probe = now;
}

void
path_sent(struct path *p, usec_t now, size_t len, uint32_t index, uint64_t counter, bool data)
{
	p->last_tx = now;
	if (!is_proven(p))
		p->tx_unproven += len;
	if (!data)
		return;
	p->last_data_tx = now;
	if (p->expect_since == 0)
		p->expect_since = now;
	if (p->mark_at == 0 || p->mark_index != index) {
		p->mark_index = index;
		p->mark_counter = counter;
		p->mark_at = now;
	}
}

void
path_heard(struct path *p, usec_t now, size_t len, uint32_t index, uint64_t counter)
{
	p->last_rx = now;
	p->rx_bytes += len;
	p->expect_since = 0;
	if (p->heard_index != index || counter > p->heard_highest) {
		p->heard_index = index;
		p->heard_highest = counter;
	}
}

void
path_probe(struct path *p, usec_t now, uint64_t txid)
{
	size_t oldest = 0;

	for (size_t i = 1; i < PATH_PROBES_MAX; i++) {
		if (p->probes[i].sent < p->probes[oldest].sent)
			oldest = i;
	}
	if (p->probes[oldest].txid != 0) { /* forgotten unanswered: lost */
		p->lost = p->lost << 1 | 1;
		p->history += p->history < 32;
	}
	p->probes[oldest].txid = txid;
	p->probes[oldest].sent = now;
	p->unanswered++;
	p->tries++;
	if (p->state == PATH_NEW)
		p->state = PATH_PROBING;
	p->next_probe = 0;
}

/* RFC 6298 2: the smoothed round trip and its variation. */
static void
measure(struct path *p, usec_t rtt)
{
	usec_t apart;

	if (p->srtt == 0) {
		p->srtt = max_u64(rtt, 1);
		p->rttvar = rtt / 2;
		return;
	}
	apart = rtt > p->srtt ? rtt - p->srtt : p->srtt - rtt;
	p->rttvar = (3 * p->rttvar + apart) / 4;
	p->srtt = max_u64((7 * p->srtt + rtt) / 8, 1);
}

static void
proven(struct path *p, usec_t now)
{
	p->unanswered = 0;
	p->tries = 0;
	p->tx_unproven = 0;
	p->expect_since = 0;
	p->last_rx = now;
	p->next_probe = 0;
	if (!is_proven(p)) { /* what was lost before there was a path says nothing about it */
		p->lost = 0;
		p->history = 0;
		memset(p->probes, 0, sizeof(p->probes));
	}
	if (p->state != PATH_VALID) {
		p->valid_since = now;
		p->mark_at = 0;
	}
	if (p->hold != 0 && now - p->valid_since > PATH_HEALTHY_AFTER)
		p->hold = 0;
	p->state = PATH_VALID;
}

void
path_handshaken(struct path *p, usec_t now)
{
	p->held_until = 0;
	proven(p, now);
}

bool
path_answered(struct path *p, usec_t now, uint64_t txid)
{
	for (size_t i = 0; i < PATH_PROBES_MAX; i++) {
		if (p->probes[i].txid != txid || txid == 0)
			continue;
		measure(p, now - p->probes[i].sent);
		p->probes[i].txid = 0;
		proven(p, now);
		p->lost <<= 1;
		p->history += p->history < 32;
		return true;
	}
	return false;
}

void
path_told(struct path *p, usec_t now, uint32_t index, uint64_t highest)
{
	if (p->mark_at == 0 || p->mark_index != index)
		return;
	if (highest >= p->mark_counter)
		p->mark_at = 0;
	else if (p->state == PATH_VALID && now - p->mark_at > suspect_after(p))
		suspect(p, now);
}

static void
die(struct path *p, usec_t now)
{
	p->state = PATH_DEAD;
	p->hold = p->hold == 0 ? PATH_HOLD_MIN : min_u64(2 * p->hold, PATH_HOLD_MAX);
	p->held_until = now + p->hold;
	p->expect_since = 0;
	p->mark_at = 0;
	mtu_init(&p->mtu);
}

static bool
is_active(const struct path *p, usec_t now)
{
	return p->last_data_tx != 0 && now - p->last_data_tx < ACTIVE_FOR;
}

/* The last time that we asked, or that what we heard was proof enough. */
static usec_t
last_sample(const struct path *p)
{
	usec_t at = p->valid_since;

	for (size_t i = 0; i < PATH_PROBES_MAX; i++)
		at = max_u64(at, p->probes[i].sent);
	return at;
}

bool
path_may_ask(const struct path *p, usec_t now)
{
	if (p->state != PATH_NEW && p->state != PATH_PROBING && p->state != PATH_DEAD)
		return false;
	return now - last_sample(p) >= PATH_ASK_EVERY;
}

/* How long it may be idle, where the network allows `keepalive`. */
static usec_t
idle_for(const struct path *p, usec_t keepalive)
{
	for (unsigned i = 0; i < p->overslept; i++)
		keepalive = keepalive * 2 / 3;
	return max_u64(keepalive, PATH_KEEPALIVE_MIN);
}

static void
oversleep(struct path *p)
{
	if (idle_for(p, PATH_KEEPALIVE_MAX) > PATH_KEEPALIVE_MIN)
		p->overslept++;
}

void
path_seen(struct path *p, uint16_t port)
{
	if (p->seen_port != 0 && p->seen_port != port)
		oversleep(p);
	p->seen_port = port;
}

/* When a VALID path wants its next probe. */
static usec_t
valid_probe_due(const struct path *p, bool active, usec_t keepalive)
{
	usec_t due = 0;

	if (p->unanswered > 0) /* the answer to a keepalive is missing */
		due = last_sample(p) + suspect_after(p);
	else if (p->srtt == 0) /* proven by a handshake, and not measured yet */
		return p->valid_since;
	if (p->expect_since != 0 && last_sample(p) < p->expect_since)
		/* Who only listens is asked before it is doubted. */
		due = due_min(due, p->expect_since + suspect_after(p) / 2);
	if (active && p->last_data_tx != 0) {
		usec_t sample = last_sample(p) + ACTIVE_SAMPLE;

		if (sample < p->last_data_tx + ACTIVE_FOR)
			due = due_min(due, sample);
	}
	if (keepalive != 0)
		due = due_min(due,
		    max_u64(last_sample(p), p->last_tx) + idle_for(p, keepalive));
	return due;
}

static enum path_want
tick_valid(struct path *p, usec_t now, bool active, usec_t keepalive)
{
	if (p->expect_since != 0 && now - p->expect_since >= suspect_after(p)) {
		suspect(p, now);
		return PATH_WANTS_PROBE;
	}
	if (!due_reached(valid_probe_due(p, active, keepalive), now))
		return PATH_WANTS_NOTHING;
	if (p->unanswered > 0 && now - last_sample(p) >= suspect_after(p)) {
		if (!is_active(p, now))
			oversleep(p);
		suspect(p, now);
	}
	return PATH_WANTS_PROBE;
}

static enum path_want
tick_suspect(struct path *p, usec_t now)
{
	usec_t asked = last_sample(p);

	if (p->unanswered == 0)
		return PATH_WANTS_PROBE;
	if (p->unanswered < PATH_DEATH_PROBES)
		return now - asked >= probe_gap(p) ? PATH_WANTS_PROBE : PATH_WANTS_NOTHING;
	if (now - asked < death_after(p))
		return PATH_WANTS_NOTHING;
	die(p, now);
	return PATH_DIED;
}

enum path_want
path_tick(struct path *p, usec_t now, bool active, usec_t keepalive)
{
	switch (p->state) {
	case PATH_VALID:
		return tick_valid(p, now, active && is_active(p, now), keepalive);
	case PATH_SUSPECT:
		return tick_suspect(p, now);
	default:
		return PATH_WANTS_NOTHING;
	}
}

usec_t
path_due(const struct path *p, bool active, usec_t keepalive)
{
	usec_t due = 0;

	switch (p->state) {
	case PATH_VALID:
		if (p->expect_since != 0)
			due = p->expect_since + suspect_after(p);
		return due_min(due, valid_probe_due(p, active, keepalive));
	case PATH_SUSPECT:
		if (p->unanswered == 0)
			return p->next_probe;
		return last_sample(p) +
		    (p->unanswered < PATH_DEATH_PROBES ? probe_gap(p) : death_after(p));
	default:
		return 0;
	}
}

void
path_doubt(struct path *p, usec_t now)
{
	if (is_proven(p))
		suspect(p, now);
	mtu_doubt(&p->mtu);
	p->tries = 0;
	p->held_until = 0;
}

bool
path_works(const struct path *p, usec_t now)
{
	return is_proven(p) && now - p->last_rx < PATH_STALE_AFTER;
}

bool
path_usable(const struct path *p, usec_t now)
{
	return path_works(p, now) && now >= p->held_until;
}

bool
path_may_send(const struct path *p, size_t len)
{
	if (is_proven(p) || p->kind == PATH_RELAY)
		return true;
	return p->origin != ORIGIN_HEARD ||
	    p->tx_unproven + len <= PATH_UNPROVEN_FACTOR * p->rx_bytes;
}

unsigned
path_loss_percent(const struct path *p)
{
	uint32_t seen = p->history >= 32 ? UINT32_MAX : ((uint32_t)1 << p->history) - 1;

	if (p->history == 0)
		return 0;
	return (unsigned)__builtin_popcount(p->lost & seen) * 100 / p->history;
}

bool
path_is_steady(const struct path *p)
{
	return is_proven(p) && p->history >= PATH_STEADY_PROBES &&
	    (p->lost & ((1u << PATH_STEADY_PROBES) - 1)) == 0;
}

uint64_t
path_score(const struct path *p)
{
	usec_t rtt = p->srtt != 0 ? p->srtt : PATH_RTT_UNKNOWN;
	uint64_t score = rtt + min_u64(10 * USEC_PER_MS * path_loss_percent(p), 300 * USEC_PER_MS);

	if (p->kind == PATH_RELAY)
		score += 15 * USEC_PER_MS + rtt / 4;
	if (p->kind == PATH_STREAM)
		score += 60 * USEC_PER_MS + rtt / 2;
	if (p->remote.family == FAMILY_V6 && score > 3 * USEC_PER_MS)
		score -= 3 * USEC_PER_MS;
	if (p->kind == PATH_LAN && score > 5 * USEC_PER_MS)
		score -= 5 * USEC_PER_MS;
	return score;
}

bool
path_beats(const struct path *candidate, const struct path *current)
{
	uint64_t a = path_score(candidate), b = path_score(current);
	bool relayed = candidate->kind == PATH_RELAY;

	/* TCP is for where UDP is not answered, and is left when that answers without fail. */
	if (candidate->kind == PATH_STREAM || current->kind == PATH_STREAM)
		return candidate->kind != PATH_STREAM && path_is_steady(candidate);
	/* Away from a relay at once; to a relay only when the direct path is no more. */
	if (relayed != (current->kind == PATH_RELAY))
		return !relayed;
	if (current->state != PATH_VALID)
		return candidate->state == PATH_VALID;
	return a + 3 * USEC_PER_MS <= b && a * 10 <= b * 9;
}
