/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path.c - is this path alive, in both directions, and how good is it?
 */
#include "node/path.h"

#include <string.h>

#define ACTIVE_SAMPLE (5 * USEC_PER_SEC)
#define SUSPECT_MIN   (500 * USEC_PER_MS)
#define DEATH_MIN     (300 * USEC_PER_MS)
#define PROBE_GAP_MIN (100 * USEC_PER_MS)
#define LATE_MIN      (30 * USEC_PER_MS)

/* A dead path that once worked is asked again, ever more seldom. */
#define REVIVE_ACTIVE (500 * USEC_PER_MS)
#define REVIVE_MIN    USEC_PER_SEC
#define REVIVE_MAX    (10 * USEC_PER_SEC)

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

/* How long an answer takes that is not late. */
static usec_t
late_after(const struct path *p)
{
	return max_u64(LATE_MIN, p->srtt * 3 / 2 + 4 * p->rttvar);
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
	p->suspect_since = now;
	p->unanswered = 0;
	p->next_probe = now;
}

/* What the last 32 probes came to. */
static void
note_probe(struct path *p, bool lost)
{
	p->lost = p->lost << 1 | lost;
	p->history += p->history < 32;
}

bool
path_sent(struct path *p, usec_t now, size_t len, uint32_t index, uint64_t counter, bool data)
{
	bool first = data && p->expect_since == 0;

	p->last_tx = now;
	if (!is_proven(p))
		p->tx_unproven += len;
	if (!data)
		return false;
	p->last_data_tx = now;
	if (first)
		p->expect_since = now;
	if (p->mark_at == 0 || p->mark_index != index) {
		p->mark_index = index;
		p->mark_counter = counter;
		p->mark_at = now;
	}
	return first;
}

void
path_heard(struct path *p, usec_t now, size_t len, uint32_t index, uint64_t counter)
{
	if (p->last_rx == 0 || now - p->last_rx > PATH_NEWS_AFTER)
		p->heard_since = now;
	p->last_rx = now;
	p->rx_bytes += len;
	p->expect_since = 0;
	if (p->heard_index != index || counter > p->heard_highest) {
		p->heard_index = index;
		p->heard_highest = counter;
	}
}

void
path_heard_copy(struct path *p, usec_t now, size_t len, uint32_t index, uint64_t counter)
{
	if (is_proven(p) && p->heard_index == index && counter > p->heard_highest)
		path_heard(p, now, len, index, counter);
}

void
path_probe(struct path *p, usec_t now, uint64_t txid)
{
	size_t oldest = 0;

	for (size_t i = 1; i < PATH_PROBES_MAX; i++) {
		if (p->probes[i].sent < p->probes[oldest].sent)
			oldest = i;
	}
	if (p->probes[oldest].txid != 0 && is_proven(p)) /* forgotten unanswered */
		note_probe(p, true);
	p->probes[oldest].txid = txid;
	p->probes[oldest].sent = now;
	p->unanswered++;
	p->late = false;
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
	if (!is_proven(p)) { /* what was lost while there was no path says nothing about it */
		memset(p->probes, 0, sizeof(p->probes));
		p->answers = 0;
	}
	if (p->state != PATH_VALID) {
		p->valid_since = now;
		p->mark_at = 0;
	}
	p->deaf = p->doubted = p->missed = false;
	if (p->hold != 0 && now - p->valid_since > PATH_HEALTHY_AFTER)
		p->hold = 0;
	p->state = PATH_VALID;
}

void
path_handshaken(struct path *p, usec_t now)
{
	p->held_until = 0;
	p->lost = 0;
	p->history = 0;
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
		note_probe(p, false);
		p->answers++;
		return true;
	}
	return false;
}

void
path_told(struct path *p, usec_t now, uint32_t index, uint64_t highest)
{
	if (p->mark_at == 0 || p->mark_index != index)
		return;
	p->missed = highest < p->mark_counter && now - p->mark_at > late_after(p);
	if (highest < p->mark_counter) {
		if (p->state == PATH_VALID && now - p->mark_at > suspect_after(p)) {
			suspect(p, now);
			p->deaf = true;
		}
		return;
	}
	/* Heard there, and told here: that is worth an answer. */
	if (p->state == PATH_SUSPECT && p->mark_at >= p->suspect_since)
		proven(p, now);
	p->mark_at = 0;
}

static void
die(struct path *p, usec_t now)
{
	for (size_t i = 0; i < PATH_PROBES_MAX; i++) {
		if (p->probes[i].txid != 0)
			note_probe(p, true);
	}
	p->state = PATH_DEAD;
	p->better = 0;
	p->hold = p->hold == 0 ? PATH_HOLD_MIN : min_u64(2 * p->hold, PATH_HOLD_MAX);
	p->held_until = now + p->hold;
	p->expect_since = 0;
	p->mark_at = 0;
	mtu_init(&p->mtu);
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

bool
path_is_firm(const struct path *p)
{
	return p->answers >= 2 || path_loss_percent(p) <= PATH_LOSSY;
}

/* Did anything come since we asked last? */
static bool
is_heard_since(const struct path *p)
{
	return p->last_rx > last_sample(p);
}

/* How long the answer to a question may be out. Where other packets come it must be lost. */
static usec_t
answer_time(const struct path *p)
{
	return is_heard_since(p) ? max_u64(late_after(p), PROBE_GAP_MIN) : suspect_after(p);
}

/* When a VALID path wants its next probe. */
static usec_t
valid_probe_due(const struct path *p, bool active, usec_t keepalive)
{
	usec_t due = 0;

	if (p->unanswered > 0) /* the answer to a keepalive is missing */
		due = last_sample(p) + answer_time(p);
	else if (p->srtt == 0) /* proven by a handshake, and not measured yet */
		return p->valid_since;
	else if (!path_is_firm(p))
		due = last_sample(p) + probe_gap(p);
	if (p->expect_since != 0 && last_sample(p) < p->expect_since)
		/* Who only listens is asked before it is doubted. */
		due = due_min(due, p->expect_since + suspect_after(p) / 2);
	if (active)
		due = due_min(due, last_sample(p) + ACTIVE_SAMPLE);
	if (keepalive != 0)
		due = due_min(due,
		    max_u64(last_sample(p), p->last_tx) + idle_for(p, keepalive));
	return due;
}

/* When it calls for help, because nothing was heard on it since it was asked. */
static usec_t
help_due(const struct path *p)
{
	return p->unanswered == 0 || p->late || is_heard_since(p) ? 0 : last_sample(p) + late_after(p);
}

static enum path_want
tick_valid(struct path *p, usec_t now, bool active, usec_t keepalive)
{
	if (p->expect_since != 0 && now - p->expect_since >= suspect_after(p)) {
		suspect(p, now);
		return PATH_WANTS_PROBE;
	}
	if (due_reached(help_due(p), now)) {
		p->late = true;
		return PATH_WANTS_HELP;
	}
	if (!due_reached(valid_probe_due(p, active, keepalive), now))
		return PATH_WANTS_NOTHING;
	/* One lost answer is no suspicion while other packets come. */
	if (p->unanswered > (is_heard_since(p) ? 1 : 0) &&
	    now - last_sample(p) >= answer_time(p)) {
		if (!active)
			oversleep(p);
		suspect(p, now);
	}
	return PATH_WANTS_PROBE;
}

/* What was heard since is evidence for the path: it has two intervals to answer. */
static bool
is_defended(const struct path *p, usec_t now)
{
	return p->last_rx > p->suspect_since && !p->deaf &&
	       now - p->suspect_since < 2 * suspect_after(p);
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
	if (is_defended(p, now))
		return PATH_WANTS_PROBE;
	die(p, now);
	return PATH_DIED;
}

/*
 * When a dead path that once worked is asked again: often while it is needed, that is `active`, or
 * at once after a change of network.
 */
static usec_t
revive_due(const struct path *p, bool active, usec_t keepalive)
{
	usec_t asked = last_sample(p);
	usec_t silent = asked > p->last_rx ? asked - p->last_rx : 0;

	if (keepalive == 0 || p->valid_since == 0)
		return 0;
	if (p->next_probe != 0)
		return p->next_probe;
	if (active)
		return asked + REVIVE_ACTIVE;
	return asked + min_u64(max_u64(silent / 8, REVIVE_MIN), REVIVE_MAX);
}

enum path_want
path_tick(struct path *p, usec_t now, bool active, usec_t keepalive)
{
	switch (p->state) {
	case PATH_VALID:
		return tick_valid(p, now, active, keepalive);
	case PATH_SUSPECT:
		return tick_suspect(p, now);
	case PATH_DEAD:
		return due_reached(revive_due(p, active, keepalive), now) ? PATH_WANTS_PROBE :
							       PATH_WANTS_NOTHING;
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
		due = due_min(due, help_due(p));
		return due_min(due, valid_probe_due(p, active, keepalive));
	case PATH_SUSPECT:
		if (p->unanswered == 0)
			return p->next_probe;
		return last_sample(p) +
		    (p->unanswered < PATH_DEATH_PROBES ? probe_gap(p) : death_after(p));
	case PATH_DEAD:
		return revive_due(p, active, keepalive);
	default:
		return 0;
	}
}

void
path_doubt(struct path *p, usec_t now)
{
	if (is_proven(p)) {
		suspect(p, now);
		p->doubted = true;
	} else if (p->state == PATH_DEAD) {
		p->next_probe = now;
	}
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
path_in_doubt(const struct path *p, usec_t now)
{
	if (p->state != PATH_VALID)
		return p->state == PATH_SUSPECT;
	return p->missed || (p->unanswered > 0 && now - last_sample(p) > late_after(p));
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
