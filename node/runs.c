/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * runs.c - the runs of a node: what their rallies say goes into sessions, and what comes out of
 * sessions to them.
 */
#include "node/mesh_impl.h"
#include "node/study.h"

#include <errno.h>

#define SEEK_EVERY    USEC_PER_SEC
#define MEASURE_EVERY USEC_PER_SEC

static struct run_slot *
slot_of(struct mesh *m, int id)
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		if (m->runs.slot[i].rally != NULL && m->runs.slot[i].id == id)
			return &m->runs.slot[i];
	}
	return NULL;
}

static struct run_slot *
slot_called(struct mesh *m, const uint8_t hash[static STUDY_HASH_LEN])
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		struct run_slot *s = &m->runs.slot[i];

		if (s->rally != NULL &&
		    memcmp(rally_study(s->rally)->hash, hash, STUDY_HASH_LEN) == 0)
			return s;
	}
	return NULL;
}

static struct run_slot *
free_slot(struct mesh *m)
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		if (m->runs.slot[i].rally == NULL)
			return &m->runs.slot[i];
	}
	return NULL;
}

static void
forget(struct mesh *m, struct run_slot *s)
{
	firewall_study_close(&m->firewall, rally_study(s->rally)->hash);
	runs_remember(m, s->rally);
	rally_free(s->rally);
	*s = (struct run_slot){ 0 };
}

void
runs_wipe(struct mesh *m)
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		rally_free(m->runs.slot[i].rally);
		m->runs.slot[i].rally = NULL;
	}
}

/*
 * Speaking
 */

/* The party's peer, if something can be said to it now. */
static struct peer *
reachable(const struct mesh *m, struct instant now, const struct study_party *party)
{
	struct peer *peer = roster_by_key(m, party->key);

	return peer != NULL && !peer->stock && channel_ready(peer->channel, now) &&
	    peer_best(peer) != NULL ? peer : NULL;
}

/* What is said to somebody without a session is lost, as on any network, and said again. */
static void
speak(struct mesh *m, struct instant now, struct run_slot *s, struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	unsigned to;
	size_t len;

	while (!outbox_half_full(out) && (len = rally_say(s->rally, now.mono, &to, frame)) > 0) {
		struct peer *peer = reachable(m, now, &rally_study(s->rally)->parties[to]);
		uint8_t *room = peer != NULL ? outbox_room(out, FRAME_MAX) : NULL;

		if (room == NULL)
			continue;
		peer->used_at = now.mono;
		memcpy(room, frame, len);
		(void)reach_seal(m, now, peer, peer_best(peer), room, len, true, out);
	}
}

static void
seek(struct mesh *m, struct instant now, struct run_slot *s, struct outbox *out)
{
	const struct study *study = rally_study(s->rally);

	s->seek_due = now.mono + SEEK_EVERY;
	for (unsigned i = 0; i < study->count; i++) {
		if (i != s->self && reachable(m, now, &study->parties[i]) == NULL)
			study_seek(m, now, study->parties[i].key, out);
	}
}

/*
 * Measuring
 */

static uint8_t
path_on_the_wire(enum path_class kind)
{
	switch (kind) {
	case PATH_LAN: return RUN_PATH_LAN;
	case PATH_DIRECT: return RUN_PATH_DIRECT;
	case PATH_RELAY: return RUN_PATH_RELAY;
	case PATH_STREAM: return RUN_PATH_STREAM;
	default: return RUN_PATH_NONE;
	}
}

static struct run_cell
measured(struct peer *peer)
{
	const struct path *best = peer_best(peer);
	struct run_cell c = {
		.tx_bytes = peer->tx_bytes,
		.rx_bytes = peer->rx_bytes,
		.tx_packets = peer->tx_packets,
		.rx_packets = peer->rx_packets,
	};

	if (best != NULL) {
		c.path = path_on_the_wire(best->kind);
		c.rtt_us = (uint32_t)min_u64(best->srtt, UINT32_MAX);
		c.loss_percent = (uint8_t)min_u64(path_loss_percent(best), 100);
	}
	return c;
}

static void
measure(struct mesh *m, struct instant now, struct run_slot *s)
{
	const struct study *study = rally_study(s->rally);

	s->measure_due = now.mono + MEASURE_EVERY;
	for (unsigned i = 0; i < study->count; i++) {
		struct peer *peer = roster_by_key(m, study->parties[i].key);
		struct run_cell c = peer != NULL ? measured(peer) : (struct run_cell){ 0 };

		if (i != s->self)
			rally_measure(s->rally, now.mono, i, &c);
	}
}

/*
 * Following
 */

/* The ports of a study are open while its program may listen, and else they are nobody's. */
static void
mind_firewall(struct mesh *m, struct run_slot *s)
{
	const struct study *study = rally_study(s->rally);
	struct rally_view v;

	rally_view(s->rally, &v);
	if (v.phase == RUN_READY || v.phase == RUN_GOING || v.phase == RUN_DONE)
		(void)!firewall_study_open(&m->firewall, study, s->self);
	else
		firewall_study_close(&m->firewall, study->hash);
}

/* The owner hears that there is news, once until it asks. */
static void
tell_owner(struct run_slot *s, struct outbox *out)
{
	struct event e = { .kind = EVENT_RUN, .token = (uint64_t)s->id };

	if (s->left || s->told || !rally_has_news(s->rally))
		return;
	s->told = true;
	outbox_event(out, &e);
}

static bool
is_accepted(const struct mesh *m, const struct study *study)
{
	const struct lobby_study *l = lobby_find(m->lobby, study->hash);

	return l != NULL && l->stance == STANCE_ACCEPTED;
}

/* What follows from whatever has just happened to the run. */
static void
follow(struct mesh *m, struct instant now, struct run_slot *s, struct outbox *out)
{
	rally_tick(s->rally, now.mono);
	if (!is_accepted(m, rally_study(s->rally)))
		rally_abort(s->rally, now.mono, RUN_CLOSED, "");
	if (s->left) /* whose program stopped with whoever owned it */
		rally_stopped(s->rally, now.mono);
	mind_firewall(m, s);
	speak(m, now, s, out);
	tell_owner(s, out);
	if (s->left && rally_is_over(s->rally))
		forget(m, s);
}

void
runs_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		struct run_slot *s = &m->runs.slot[i];

		if (s->rally == NULL)
			continue;
		if (due_reached(s->seek_due, now.mono))
			seek(m, now, s, out);
		if (due_reached(s->measure_due, now.mono))
			measure(m, now, s);
		if (due_reached(rally_due(s->rally), now.mono))
			follow(m, now, s, out);
	}
}

usec_t
runs_due(const struct mesh *m)
{
	usec_t due = 0;

	for (size_t i = 0; i < RUNS_MAX; i++) {
		const struct run_slot *s = &m->runs.slot[i];

		if (s->rally != NULL && !rally_is_over(s->rally))
			due = due_min(due, due_min(due_min(s->seek_due, s->measure_due), rally_due(s->rally)));
	}
	return due;
}

/*
 * Hearing
 */

/* Somebody speaks of a study that does not run here: perhaps of another version of one that does. */
static void
hear_other(struct mesh *m, struct instant now, const struct peer *peer, const struct frame *f,
    struct outbox *out)
{
	struct run_hello h;

	if (f->type != FRAME_RUN_HELLO || run_hello_decode(&h, f) < 0)
		return;
	for (size_t i = 0; i < RUNS_MAX; i++) {
		struct run_slot *s = &m->runs.slot[i];
		const struct study *study = s->rally != NULL ? rally_study(s->rally) : NULL;
		int from = study != NULL ? study_index_of(study, peer->key) : -1;

		if (from < 0 || (unsigned)from == s->self || strlen(study->name) != h.name.len ||
		    memcmp(study->name, h.name.p, h.name.len) != 0)
			continue;
		rally_hear_other(s->rally, now.mono, (unsigned)from);
		tell_owner(s, out);
	}
}

int
runs_hear(struct mesh *m, struct instant now, struct peer *peer, const struct frame *f,
    struct outbox *out)
{
	struct run_head head;
	struct run_slot *s;
	int rc = run_head_decode(&head, f), from;

	if (rc < 0)
		return rc;
	s = slot_called(m, head.study);
	if (s == NULL) {
		hear_other(m, now, peer, f, out);
		runs_answer_past(m, now, peer, f, &head, out);
		return 0;
	}
	from = study_index_of(rally_study(s->rally), peer->key);
	if (from < 0 || (unsigned)from == s->self)
		return 0;
	rc = rally_hear(s->rally, now.mono, (unsigned)from, f);
	if (rc == 0)
		follow(m, now, s, out);
	return rc;
}

void
runs_lost(struct mesh *m, struct instant now, const uint8_t key[static 32], struct outbox *out)
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		struct run_slot *s = &m->runs.slot[i];
		int who = s->rally != NULL ? study_index_of(rally_study(s->rally), key) : -1;

		if (who < 0 || (unsigned)who == s->self)
			continue;
		rally_lost(s->rally, now.mono, (unsigned)who);
		follow(m, now, s, out);
	}
}

void
runs_refused(struct mesh *m, struct instant now, const struct peer *peer, enum close_reason reason,
    struct outbox *out)
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		struct run_slot *s = &m->runs.slot[i];
		struct rally_view v;

		if ((reason != CLOSE_REVOKED && reason != CLOSE_CERTIFICATE) || s->rally == NULL ||
		    study_index_of(rally_study(s->rally), peer->key) < 0)
			continue;
		rally_view(s->rally, &v);
		if (v.phase != RUN_GOING && v.phase != RUN_DONE)
			continue;
		rally_lost(s->rally, now.mono, s->self);
		follow(m, now, s, out);
	}
}

void
runs_close(struct mesh *m, struct instant now, struct outbox *out)
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		struct run_slot *s = &m->runs.slot[i];

		if (s->rally == NULL)
			continue;
		rally_close(s->rally, now.mono, "its node was stopped");
		speak(m, now, s, out);
	}
}

/*
 * For the owner
 */

/* Also by a run that waits: it will listen there. */
static bool
port_taken(const struct mesh *m, uint16_t port)
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		const struct run_slot *s = &m->runs.slot[i];

		if (s->rally != NULL && rally_study(s->rally)->parties[s->self].port == port)
			return true;
	}
	return false;
}

/* May it run here now? Who has left it makes room. */
static int
check(struct mesh *m, const struct lobby_study *l, const uint8_t hash[static STUDY_HASH_LEN],
    struct err *e)
{
	struct run_slot *s = slot_called(m, hash);

	if (l == NULL)
		return err_set(e, ERR_UNKNOWN, "this study is not known here; `mpynet study list` shows "
		    "those that are");
	if (l->stance != STANCE_ACCEPTED)
		return err_set(e, ERR_DENIED, "the study %s was not accepted here; see what it is with "
		    "`mpynet study show %s`, and then `mpynet study accept %s`", l->study.name,
		    l->study.name, l->study.name);
	if (s != NULL && s->left) /* what it has to say is said by the next one's beginning */
		forget(m, s);
	else if (s != NULL)
		return err_set(e, ERR_CONFLICT, "the study %s runs on this host already",
		    l->study.name);
	if (port_taken(m, l->study.parties[l->self].port))
		return err_set(e, ERR_CONFLICT, "another study runs here at port %u; give one of them "
		    "another port, with `mpynet study new --port`",
		    l->study.parties[l->self].port);
	return 0;
}

int
mesh_run_join(struct mesh *m, struct instant now, const struct run_order *o, struct outbox *out,
    struct err *e)
{
	const struct lobby_study *l = lobby_find(m->lobby, o->study);
	struct run_slot *s;
	struct rally_config c = { .facts = o->facts, .restarts = o->restarts,
		.absence = o->absence };
	int rc = check(m, l, o->study, e);

	if (rc < 0)
		return rc;
	s = free_slot(m);
	if (s == NULL)
		return err_set(e, ERR_FULL, "%d studies run here already", RUNS_MAX);
	c.study = &l->study;
	c.self = l->self;
	c.life = rng_u64(&m->rng) | 1;
	*s = (struct run_slot){ .self = l->self, .seek_due = now.mono,
		.measure_due = now.mono };
	s->rally = rally_new(&c, now.mono);
	if (s->rally == NULL)
		return err_set(e, -ENOMEM, "no memory for a run");
	/* An engine that starts anew in this process gives out other ones. */
	if (m->runs.last_id == 0)
		m->runs.last_id = (int)(rng_u32(&m->rng) & 0xffffff);
	s->id = ++m->runs.last_id;
	seek(m, now, s, out);
	follow(m, now, s, out);
	return s->id;
}

const struct rally *
mesh_run(const struct mesh *m, int id)
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		if (m->runs.slot[i].rally != NULL && m->runs.slot[i].id == id)
			return m->runs.slot[i].rally;
	}
	return NULL;
}

unsigned
mesh_run_news(struct mesh *m, int id)
{
	struct run_slot *s = slot_of(m, id);

	if (s == NULL)
		return 0;
	s->told = false;
	return rally_news(s->rally);
}

void
mesh_run_ended(struct mesh *m, struct instant now, int id, bool well, const char *text,
    struct outbox *out)
{
	struct run_slot *s = slot_of(m, id);

	if (s == NULL)
		return;
	rally_ended(s->rally, now.mono, well, text);
	follow(m, now, s, out);
}

void
mesh_run_stopped(struct mesh *m, struct instant now, int id, struct outbox *out)
{
	struct run_slot *s = slot_of(m, id);

	if (s == NULL)
		return;
	rally_stopped(s->rally, now.mono);
	follow(m, now, s, out);
}

void
mesh_run_abort(struct mesh *m, struct instant now, int id, enum run_reason reason,
    const char *text, struct outbox *out)
{
	struct run_slot *s = slot_of(m, id);

	if (s == NULL)
		return;
	rally_abort(s->rally, now.mono, reason, text);
	follow(m, now, s, out);
}

void
mesh_run_leave(struct mesh *m, struct instant now, int id, struct outbox *out)
{
	struct run_slot *s = slot_of(m, id);

	if (s == NULL)
		return;
	s->left = true;
	rally_abort(s->rally, now.mono, RUN_INTERRUPTED, "");
	follow(m, now, s, out);
}
