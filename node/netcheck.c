/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netcheck.c - questions that are asked until they are answered or given up, and one step after the
 * other (netsteps.c), each a handful of them.
 *
 * A question is asked four times before no answer is an answer: of the conclusions half are drawn
 * from silence, and a network that loses five packets in a hundred shall not be taken for a filter.
 */
#include "node/netcheck_impl.h"
#include "node/path.h"

#include <string.h>

#define PATIENCE    (300 * USEC_PER_MS) /* and twice the round trip, for the last answer */
#define KNOCKS      3
#define KNOCK_EVERY (200 * USEC_PER_MS)
#define LIFE_AGAIN  (40 * USEC_PER_MS)
#define LIFE_LATE   (3 * USEC_PER_SEC)

/* When a question is asked again, after the first time. */
static const usec_t tries_at[] = {
	0,
	100 * USEC_PER_MS,
	250 * USEC_PER_MS,
	450 * USEC_PER_MS,
};

/* Just under what NATs are known to be set to: 10, 15, 20, 30, 60, 120 s. */
static const uint8_t life_delays[NETCHECK_LIVES] = { 9, 14, 19, 28, 58, 118 };

enum slot_state {
	SOCKET_SHUT,
	SOCKET_WANTED,
	SOCKET_IN_USE,
	SOCKET_LEFT,
	SOCKET_RENEWED, /* left, and wanted anew */
};

/*
 * Questions
 */

static void
want_socket(struct netcheck_run *r, unsigned slot)
{
	if (r->sockets[slot] == SOCKET_SHUT)
		r->sockets[slot] = SOCKET_WANTED;
	else if (r->sockets[slot] == SOCKET_LEFT)
		r->sockets[slot] = SOCKET_RENEWED;
}

static void
leave_socket(struct netcheck_run *r, unsigned slot)
{
	if (r->sockets[slot] == SOCKET_IN_USE)
		r->sockets[slot] = SOCKET_LEFT;
	else if (r->sockets[slot] == SOCKET_WANTED)
		r->sockets[slot] = SOCKET_SHUT;
}

struct netcheck_probe *
netcheck_ask(struct netcheck_run *r, usec_t at, const struct netcheck_probe *like)
{
	struct netcheck_probe *p = &r->probes[r->probe_count];

	if (r->probe_count == NETCHECK_PROBES || !has_server(r, like->server, like->v6))
		return NULL;
	r->probe_count++;
	*p = *like;
	p->begun = at;
	p->due = at;
	want_socket(r, p->slot);
	return p;
}

void
netcheck_ask_plainly(struct netcheck_run *r, usec_t at, unsigned slot, unsigned server, bool alt,
    bool v6)
{
	struct netcheck_probe p = {
		.slot = (uint8_t)slot,
		.answer_slot = (uint8_t)slot,
		.server = (uint8_t)server,
		.alt = alt,
		.v6 = v6,
	};

	(void)netcheck_ask(r, at, &p);
}

static bool
is_waiting(const struct netcheck_probe *p)
{
	return p->due != 0;
}

const struct netcheck_probe *
netcheck_seen_at(const struct netcheck_run *r, unsigned slot)
{
	for (unsigned i = 0; i < r->probe_count; i++) {
		const struct netcheck_probe *p = &r->probes[i];

		if (p->slot == slot && p->answered && p->flags == 0 &&
		    p->answer_to.family == FAMILY_NONE)
			return p;
	}
	return NULL;
}

/*
 * From step to step
 */

static void
leave_fresh(struct netcheck_run *r)
{
	for (unsigned slot = SLOT_FRESH; slot < SLOT_LIFE; slot++)
		leave_socket(r, slot);
}

static void
begin_step(struct netcheck_run *r, usec_t now)
{
	leave_fresh(r);
	r->txid += NETCHECK_PROBES;
	r->probe_count = 0;
	r->knock_due = 0;
	netsteps_begin(r, now);
}

static void
next_step(struct netcheck_run *r, usec_t now)
{
	netsteps_conclude(r, now);
	r->step = r->step == STEP_HAIRPIN ? STEP_REST : r->step + 1;
	begin_step(r, now);
}

void
netcheck_begin(struct netcheck_run *r, usec_t now, const struct netcheck_server *servers,
    unsigned n, const uint16_t main_port[static 2], const struct rng *rng)
{
	r->server_count = n < NETCHECK_SERVERS ? n : NETCHECK_SERVERS;
	memcpy(r->servers, servers, r->server_count * sizeof(*servers));
	memcpy(r->main_port, main_port, sizeof(r->main_port));
	memset(&r->found, 0, sizeof(r->found));
	rng_fill(rng, r->knock, sizeof(r->knock));
	r->txid = rng_u64(rng);
	r->rtt = 0;
	for (unsigned i = 0; i < r->server_count; i++)
		r->rtt = max_u64(r->rtt, servers[i].rtt);
	r->news = r->over = false;
	r->step = STEP_MAIN;
	begin_step(r, now);
}

void
netcheck_stop(struct netcheck_run *r)
{
	r->step = STEP_REST;
	r->news = r->over = r->life_news = false;
	begin_step(r, 0);
	for (unsigned i = 0; i < NETCHECK_LIVES; i++) {
		r->lives[i].due = 0;
		leave_socket(r, SLOT_LIFE + i);
	}
}

bool
netcheck_runs(const struct netcheck_run *r)
{
	return r->step != STEP_REST;
}

bool
netcheck_times(const struct netcheck_run *r)
{
	for (unsigned i = 0; i < NETCHECK_LIVES; i++)
		if (is_waiting(&r->lives[i]))
			return true;
	return false;
}

/*
 * Life
 */

void
netcheck_begin_life(struct netcheck_run *r, usec_t now, const struct rng *rng)
{
	r->life = (struct netcheck_life){ 0 };
	r->life_txid = rng_u64(rng);
	for (unsigned i = 0; i < NETCHECK_LIVES && has_server(r, 0, false); i++) {
		unsigned slot = SLOT_LIFE + i;

		leave_socket(r, slot);
		want_socket(r, slot);
		r->lives[i] = (struct netcheck_probe){
			.slot = (uint8_t)slot,
			.answer_slot = (uint8_t)slot,
			.delay_s = life_delays[i],
			.due = now + i * SPACING,
		};
	}
}

/* What the answers, and those that have not come, say together. */
static void
conclude_life(struct netcheck_run *r)
{
	struct netcheck_life l = { .known = true };

	for (unsigned i = 0; i < NETCHECK_LIVES; i++) {
		const struct netcheck_probe *p = &r->lives[i];

		if (p->answered) {
			l.s = p->delay_s;
			l.below_s = 0;
		} else if (is_waiting(p)) {
			l.known = false;
		} else if (l.below_s == 0) {
			l.below_s = p->delay_s;
		}
	}
	r->life = l;
	r->life_news = true;
}

static void
end_life(struct netcheck_run *r, struct netcheck_probe *p)
{
	p->due = 0;
	leave_socket(r, p->slot);
	conclude_life(r);
}

/* Twice, since nothing tells whether a question has come; the lighthouse counts from the second. */
static void
life_sent(struct netcheck_probe *p, usec_t now)
{
	p->sent++;
	p->sent_at = now;
	p->due = now + (p->sent < 2 ? LIFE_AGAIN : p->delay_s * USEC_PER_SEC + LIFE_LATE);
}

/*
 * What is to be done
 */

static bool
socket_due(struct netcheck_run *r, struct netcheck_do *ret)
{
	for (unsigned slot = SLOT_FRESH; slot < NETCHECK_SLOTS; slot++) {
		uint8_t *state = &r->sockets[slot];
		bool left = *state == SOCKET_LEFT || *state == SOCKET_RENEWED;

		if (!left && *state != SOCKET_WANTED)
			continue;
		ret->what = left ? NETCHECK_CLOSE : NETCHECK_OPEN;
		ret->slot = slot;
		ret->family = FAMILY_V4;
		if (r->step == STEP_FILTERING && slot == SLOT_FRESH + 1)
			ret->family = FAMILY_V6;
		*state = *state == SOCKET_LEFT ? SOCKET_SHUT :
		    left                       ? SOCKET_WANTED :
						 SOCKET_IN_USE;
		return true;
	}
	return false;
}

static void
fill_question(const struct netcheck_run *r, const struct netcheck_probe *p, uint64_t txid,
    struct netcheck_do *ret)
{
	const struct addr *first = server_at(r, p->server, p->v6);

	ret->what = NETCHECK_ASK;
	ret->slot = p->slot;
	ret->server = r->servers[p->server].id;
	ret->to = p->alt ? second_port(first) : *first;
	ret->ttl = 0;
	ret->ping = (struct ping){
		.txid = txid,
		.flags = PING_MEASURE | p->flags,
		.delay_s = p->delay_s,
	};
	if (p->answer_to.family != FAMILY_NONE)
		ret->ping.observed = (struct ep){ .kind = EP_REFLEXIVE, .addr = p->answer_to };
}

/* What goes before a question, so that its answer may get in. Nobody waits for one to this. */
static void
fill_opener(const struct netcheck_probe *p, struct netcheck_do *ret)
{
	ret->slot = p->answer_slot;
	ret->to = p->opens;
	ret->ttl = p->ttl;
	ret->ping = (struct ping){ .flags = PING_MEASURE };
}

static bool
life_due(struct netcheck_run *r, usec_t now, struct netcheck_do *ret)
{
	for (unsigned i = 0; i < NETCHECK_LIVES; i++) {
		struct netcheck_probe *p = &r->lives[i];

		if (!due_reached(p->due, now))
			continue;
		if (p->sent == 2) {
			end_life(r, p);
			continue;
		}
		fill_question(r, p, r->life_txid + i, ret);
		life_sent(p, now);
		return true;
	}
	return false;
}

static bool
question_due(struct netcheck_run *r, usec_t now, struct netcheck_do *ret)
{
	for (unsigned i = 0; i < r->probe_count; i++) {
		struct netcheck_probe *p = &r->probes[i];

		if (!due_reached(p->due, now))
			continue;
		if (p->sent == ARRAY_LEN(tries_at)) {
			p->due = 0;
			continue;
		}
		fill_question(r, p, r->txid + i, ret);
		if (p->ttl != 0 && !p->opened) {
			fill_opener(p, ret);
			p->opened = true;
			return true;
		}
		p->opened = false;
		p->sent_at = now;
		p->sent++;
		p->due = p->sent < ARRAY_LEN(tries_at) ? p->begun + tries_at[p->sent] :
							 now + PATIENCE + 2 * r->rtt;
		return true;
	}
	return false;
}

static bool
knock_due(struct netcheck_run *r, usec_t now, struct netcheck_do *ret)
{
	bool fresh = r->knocks % 2 != 0;

	if (!due_reached(r->knock_due, now))
		return false;
	if (r->knocks == 2 * KNOCKS || r->found.hairpin == FACT_YES) {
		r->knock_due = 0;
		return false;
	}
	ret->what = NETCHECK_KNOCK;
	ret->slot = fresh ? SLOT_FRESH : SLOT_MAIN_V4;
	ret->to = r->knock_at[!fresh];
	r->knocks++;
	if (fresh)
		r->knock_due = now + KNOCK_EVERY;
	return true;
}

static bool
news_due(struct netcheck_run *r, struct netcheck_do *ret)
{
	if (r->life_news) {
		ret->what = NETCHECK_LIFE;
		r->life_news = false;
		return true;
	}
	if (!r->news)
		return false;
	ret->what = r->over ? NETCHECK_DONE : NETCHECK_NEWS;
	r->news = r->over = false;
	return true;
}

static bool
is_step_over(const struct netcheck_run *r)
{
	if (r->step == STEP_REST || r->knock_due != 0)
		return false;
	for (unsigned i = 0; i < r->probe_count; i++)
		if (is_waiting(&r->probes[i]))
			return false;
	return true;
}

bool
netcheck_next(struct netcheck_run *r, usec_t now, struct netcheck_do *ret)
{
	for (;;) {
		if (news_due(r, ret) || socket_due(r, ret) || life_due(r, now, ret) ||
		    question_due(r, now, ret) || knock_due(r, now, ret))
			return true;
		if (is_step_over(r))
			next_step(r, now);
		else if (!r->news && !r->life_news)
			return false;
	}
}

usec_t
netcheck_due(const struct netcheck_run *r)
{
	usec_t due = r->knock_due;

	for (unsigned i = 0; i < NETCHECK_LIVES; i++)
		due = due_min(due, r->lives[i].due);
	for (unsigned i = 0; i < r->probe_count; i++)
		due = due_min(due, r->probes[i].due);
	if (r->news || r->life_news || is_step_over(r))
		due = 1;
	for (unsigned slot = SLOT_FRESH; slot < NETCHECK_SLOTS; slot++)
		if (r->sockets[slot] != SOCKET_SHUT && r->sockets[slot] != SOCKET_IN_USE)
			due = 1;
	return due;
}

/*
 * What was heard
 */

static bool
answered(struct netcheck_probe *p, const struct netcheck_answer *a)
{
	if (!is_waiting(p) || p->answered || a->slot != p->answer_slot)
		return false;
	p->answered = true;
	p->due = 0;
	p->seen = a->seen;
	p->own = a->own;
	p->local_port = a->local_port;
	return true;
}

bool
netcheck_heard(struct netcheck_run *r, usec_t now, const struct netcheck_answer *a)
{
	struct netcheck_probe *p;

	if (a->txid - r->life_txid < NETCHECK_LIVES) {
		p = &r->lives[a->txid - r->life_txid];
		if (answered(p, a))
			end_life(r, p);
		return true;
	}
	if (a->txid - r->txid >= r->probe_count)
		return false;
	p = &r->probes[a->txid - r->txid];
	if (p->sent == 0 || !answered(p, a))
		return true;
	if (p->sent == 1)
		r->rtt = max_u64(r->rtt, now - p->sent_at);
	p->same_port = a->from.port == server_at(r, p->server, p->v6)->port;
	netsteps_go_on(r, now, p);
	return true;
}

bool
netcheck_knocked(struct netcheck_run *r, const uint8_t id[static INTRODUCTION_ID_LEN])
{
	if (r->step != STEP_HAIRPIN || memcmp(id, r->knock, sizeof(r->knock)) != 0)
		return false;
	r->found.hairpin = FACT_YES;
	return true;
}

usec_t
netcheck_keepalive(const struct netcheck *n)
{
	usec_t span = n->life.s * USEC_PER_SEC * 8 / 10;

	return min_u64(max_u64(span, PATH_KEEPALIVE_MIN), PATH_KEEPALIVE_MAX);
}
