/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_meter.c - bytes, messages, round trips and stalls of a run.
 */
#include "cli/run_meter.h"

#include <stdio.h>
#include <string.h>

/*
 * Words
 */

static const char *const path_words[] = {
	[METER_LAN] = "lan",	 [METER_DIRECT] = "direct",
	[METER_RELAY] = "relay", [METER_STREAM] = "stream", [METER_NO_PATH] = "none",
};

const char *
meter_path_word(enum meter_path path)
{
	return path_words[path];
}

enum meter_path
meter_path_of(const char *word)
{
	for (unsigned i = METER_LAN; word != NULL && i < ARRAY_LEN(path_words); i++)
		if (strcmp(word, path_words[i]) == 0)
			return (enum meter_path)i;
	return METER_UNKNOWN;
}

const char *
meter_cause_word(enum meter_cause cause)
{
	static const char *const words[] = {
		[CAUSE_SILENCE] = "silence",   [CAUSE_LOSS] = "loss",
		[CAUSE_NOT_READ] = "not-read", [CAUSE_NEW_PATH] = "new-path",
		[CAUSE_NO_PATH] = "no-path",
	};

	return words[cause];
}

static const char *
known_path(enum meter_path path)
{
	return path == METER_UNKNOWN ? "unknown" : meter_path_word(path);
}

const char *
meter_cause_text(char to[static 128], const struct meter_stall *s)
{
	switch (s->cause) {
	case CAUSE_NO_PATH: (void)snprintf(to, 128, "there is no path to it"); break;
	case CAUSE_NEW_PATH:
		(void)snprintf(to, 128, "its path changed from %s to %s", known_path(s->before),
		    known_path(s->after));
		break;
	case CAUSE_NOT_READ:
		(void)snprintf(to, 128, "its program does not read what waits for it");
		break;
	case CAUSE_LOSS:
		(void)snprintf(to, 128, "packets are lost: %u segment%s repeated%s", s->repeated,
		    s->repeated == 1 ? " was" : "s were",
		    s->after == METER_RELAY ? ", through a relay" : "");
		break;
	case CAUSE_SILENCE: (void)snprintf(to, 128, "nothing comes back from it"); break;
	}
	return to;
}

/*
 * Round trips
 */

usec_t
meter_rtt_from(unsigned bucket)
{
	usec_t octave = (usec_t)METER_RTT_LEAST << (bucket / 2);

	return bucket == 0 ? 0 : octave + (bucket % 2 != 0 ? octave / 2 : 0);
}

void
meter_rtt_span(const struct meter_party *p, unsigned *first, unsigned *end)
{
	*first = 0;
	*end = METER_RTTS;
	while (*first < *end && p->rtts[*first] == 0)
		(*first)++;
	while (*end > *first && p->rtts[*end - 1] == 0)
		(*end)--;
}

static void
count_rtt(struct meter_party *p, uint32_t rtt)
{
	unsigned bucket = METER_RTTS - 1;

	while (rtt < meter_rtt_from(bucket))
		bucket--;
	p->rtts[bucket]++;
	p->rtt = rtt;
	p->rtt_most = rtt > p->rtt_most ? rtt : p->rtt_most;
	p->rtt_least = p->rtt_least == 0 || rtt < p->rtt_least ? rtt : p->rtt_least;
}

/*
 * Time
 */

static void
merge_slots(struct meter *m)
{
	for (unsigned i = 0; i < METER_SLOTS / 2; i++) {
		const struct meter_slot *a = &m->slot[2 * i], *b = a + 1;

		m->slot[i] = (struct meter_slot){ a->sent + b->sent, a->received + b->received };
	}
	memset(m->slot + METER_SLOTS / 2, 0, sizeof(m->slot) / 2);
	m->slot_length *= 2;
}

static struct meter_slot *
slot_at(struct meter *m, usec_t at)
{
	while (at / m->slot_length >= METER_SLOTS)
		merge_slots(m);
	return &m->slot[at / m->slot_length];
}

/*
 * Stalls
 */

static bool
waits(const struct sockdiag_tcp *t)
{
	return !t->gone && (t->unacked > 0 || t->unsent > 0);
}

static enum meter_cause
cause_of(const struct meter *m, const struct meter_link *l)
{
	enum meter_path path = m->party[l->party].path;

	if (path == METER_NO_PATH)
		return CAUSE_NO_PATH;
	if (path != l->path && l->path != METER_UNKNOWN && path != METER_UNKNOWN)
		return CAUSE_NEW_PATH;
	if (l->now.probes > 0 || l->now.window_closed > l->window_closed + METER_STALL / 2)
		return CAUSE_NOT_READ;
	return l->now.repeated_segments != l->repeated || l->now.retries > 0 ? CAUSE_LOSS :
									       CAUSE_SILENCE;
}

static void
end_stall(struct meter *m, struct meter_link *l, usec_t at)
{
	struct meter_stall *s;

	if (l->stall < 0)
		return;
	s = &m->stall[l->stall];
	s->end = at;
	m->party[l->party].stalled_for += s->end - s->begin;
	l->stall = -1;
}

/* Several connections to a party stall once. */
static void
begin_stall(struct meter *m, struct meter_link *l)
{
	if (meter_stalls(m, l->party) != NULL)
		return;
	m->party[l->party].stalls++;
	if (m->stall_count == METER_STALLS_MAX)
		return;
	l->stall = (int)m->stall_count++;
	m->stall[l->stall] = (struct meter_stall){
		.party = l->party, .begin = l->moved, .before = l->path
	};
}

static void
follow_stall(struct meter *m, struct meter_link *l, usec_t at)
{
	usec_t patience = max_u64(METER_STALL, METER_STALL_RTTS * (usec_t)l->now.rtt);
	struct meter_stall *s;
	enum meter_cause cause;

	if (at - l->moved > patience && l->stall < 0)
		begin_stall(m, l);
	if (l->stall < 0)
		return;
	s = &m->stall[l->stall];
	cause = cause_of(m, l);
	if (cause >= s->cause) {
		s->cause = cause;
		s->after = m->party[l->party].path;
	}
	s->repeated = l->now.repeated_segments - l->repeated;
}

static void
note_progress(struct meter *m, struct meter_link *l, usec_t at)
{
	end_stall(m, l, at);
	l->moved = at;
	l->window_closed = l->now.window_closed;
	l->repeated = l->now.repeated_segments;
	l->path = m->party[l->party].path;
}

const struct meter_stall *
meter_stalls(const struct meter *m, unsigned party)
{
	for (unsigned i = 0; i < m->stall_count; i++)
		if (m->stall[i].party == party && m->stall[i].end == 0)
			return &m->stall[i];
	return NULL;
}

/*
 * Looking
 */

/* Whose connection it is: lower numbers dial higher ones. */
static int
party_of(const struct meter *m, const struct sockdiag_tcp *t)
{
	for (unsigned i = 0; i < m->count; i++) {
		struct addr theirs = m->party[i].at, ours = m->party[m->self].at;
		bool dialled = i > m->self;

		if (i != m->self && addr_same_ip(&theirs, &t->remote) &&
		    addr_same_ip(&ours, &t->local) &&
		    (dialled ? t->remote.port == theirs.port : t->local.port == ours.port))
			return (int)i;
	}
	return -1;
}

static struct meter_link *
link_of(struct meter *m, const struct sockdiag_tcp *t, usec_t at)
{
	struct meter_link *empty = NULL;
	int party;

	for (size_t i = 0; i < METER_LINKS_MAX; i++) {
		if (m->link[i].used && m->link[i].now.cookie == t->cookie)
			return &m->link[i];
		if (!m->link[i].used && empty == NULL)
			empty = &m->link[i];
	}
	party = party_of(m, t);
	if (party < 0 || empty == NULL)
		return NULL;
	*empty = (struct meter_link){ .used = true, .party = (unsigned)party, .moved = at,
		.path = m->party[party].path, .stall = -1, .now.cookie = t->cookie };
	m->party[party].links++;
	return empty;
}

static void
forget(struct meter *m, struct meter_link *l, usec_t at)
{
	end_stall(m, l, at);
	m->party[l->party].links--;
	l->used = false;
}

/* What a counter has grown by; never less than nothing, whatever a kernel says. */
static uint64_t
grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static void
count_traffic(struct meter *m, const struct meter_link *l, const struct sockdiag_tcp *t, usec_t at)
{
	struct meter_party *p = &m->party[l->party];
	struct meter_slot *slot = slot_at(m, at);
	uint64_t sent = grown(t->sent, l->now.sent), received = grown(t->received, l->now.received);
	uint64_t repeated = grown(t->repeated_segments, l->now.repeated_segments);

	p->sent += sent;
	p->received += received;
	p->repeated += repeated;
	p->sent_messages += grown(grown(t->sent_segments, l->now.sent_segments), repeated);
	p->received_messages += grown(t->received_segments, l->now.received_segments);
	slot->sent += sent;
	slot->received += received;
}

void
meter_skip(struct meter *m, const struct sockdiag_tcp *t)
{
	struct meter_link *l = m->begun == 0 || t->gone ? NULL : link_of(m, t, 0);

	if (l == NULL)
		return;
	l->now = *t;
	l->seen = true;
	note_progress(m, l, 0);
}

void
meter_see(struct meter *m, usec_t now, const struct sockdiag_tcp *t)
{
	usec_t at = now - m->begun;
	struct meter_link *l = m->begun == 0 || now < m->begun ? NULL : link_of(m, t, at);
	bool moved;

	if (l == NULL)
		return;
	m->lasted = max_u64(m->lasted, at);
	moved = t->acked != l->now.acked || !waits(t) || !waits(&l->now);
	count_traffic(m, l, t, at);
	if (t->acked != l->now.acked && t->rtt > 0)
		count_rtt(&m->party[l->party], t->rtt);
	l->now = *t;
	l->seen = true;
	if (moved)
		note_progress(m, l, at);
	else
		follow_stall(m, l, at);
	if (t->gone)
		forget(m, l, at);
}

void
meter_seen(struct meter *m, usec_t now)
{
	usec_t at = now - m->begun;

	if (m->begun == 0 || now < m->begun)
		return;
	m->lasted = max_u64(m->lasted, at);
	for (size_t i = 0; i < METER_LINKS_MAX; i++) {
		if (m->link[i].used && !m->link[i].seen)
			forget(m, &m->link[i], at);
		m->link[i].seen = false;
	}
}

unsigned
meter_slots(const struct meter *m)
{
	return m->begun == 0 ? 0 :
	    (unsigned)min_u64(METER_SLOTS, m->lasted / m->slot_length + 1);
}

void
meter_end(struct meter *m, usec_t now)
{
	if (m->begun == 0 || now < m->begun)
		return;
	m->lasted = now - m->begun;
	for (size_t i = 0; i < METER_LINKS_MAX; i++)
		if (m->link[i].used)
			forget(m, &m->link[i], m->lasted);
}

void
meter_path(struct meter *m, unsigned party, enum meter_path path)
{
	if (party < m->count)
		m->party[party].path = path;
}

void
meter_begin(struct meter *m, const struct study *s, unsigned self, usec_t now)
{
	memset(m, 0, sizeof(*m));
	m->count = s->count;
	m->self = self;
	m->begun = now;
	m->slot_length = METER_EVERY;
	for (unsigned i = 0; i < s->count; i++)
		m->party[i].at = addr_from_ip(s->parties[i].address, s->parties[i].port);
}
