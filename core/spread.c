/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spread.c - how the network state gets to everybody.
 *
 * A blob goes one way: it comes whole (pull.h, or somebody brings it), is judged by trust.h, waits in
 * `next` until it is on the disk, and is then what is held. Each step is one function below.
 */
#include "core/spread.h"

#include "core/netstate.h"
#include "core/trace.h"

#include <errno.h>
#include <stdlib.h>

/* How often it is looked at whether a state is late, for clocks jump. */
#define LATE_EVERY (60 * USEC_PER_SEC)

/* A row that the disk has not taken is handed to it again. */
#define WRITE_AGAIN (60 * USEC_PER_SEC)

/* The rows of MEMORY_STATE. */
enum row {
	ROW_HELD = 0,
	ROW_FORK_OURS = 1, /* evidence: the two states of one version */
	ROW_FORK_OTHER = 2,
};

/* A blob whose state is known. */
struct held {
	struct state_id id;
	uint32_t len;
	uint8_t *bytes; /* NULL: none */
};

struct spread {
	struct trust *trust;
	struct pull pull;
	struct held held;
	struct held next; /* verified, and on its way to the disk */
	usec_t next_until;
	uint64_t ticket; /* of the last row that is waited for */
	bool written;	 /* what is held is on the disk */
	usec_t write_due;
	uint32_t turn;
	unsigned tells;
	usec_t tell_due;
	usec_t late_due;
	bool late_said;
	bool expired_said;
	struct state_id fork;
	uint64_t pulled;
	uint64_t refused;
	uint64_t rollbacks;
	uint64_t forks;
	char culprit[NAME_MAX_LEN + 1];
};

struct spread *
spread_new(struct trust *t)
{
	struct spread *s = calloc(1, sizeof(*s));

	if (s != NULL)
		s->trust = t;
	return s;
}

static void
held_wipe(struct held *h)
{
	free(h->bytes);
	*h = (struct held){ 0 };
}

static int
held_copy(struct held *h, const uint8_t *bytes, size_t len, const struct state_id *id)
{
	uint8_t *copy = malloc(len);

	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, bytes, len);
	held_wipe(h);
	*h = (struct held){ .id = *id, .len = (uint32_t)len, .bytes = copy };
	return 0;
}

void
spread_free(struct spread *s)
{
	if (s == NULL)
		return;
	pull_wipe(&s->pull);
	held_wipe(&s->held);
	held_wipe(&s->next);
	free(s);
}

/*
 * What is held, and what is wanted
 */

struct state_id
spread_held(const struct spread *s)
{
	return s->held.id;
}

uint32_t
spread_turn(const struct spread *s)
{
	return s->turn;
}

bool
spread_lags(const struct spread *s, const struct spread_mark *mark)
{
	return mark->has.version < s->held.id.version;
}

/*
 * The newest state that we have or are about to have; and one of its version that is another is
 * wanted once, as evidence.
 */
static bool
wanted(const void *ctx, const struct state_id *id)
{
	static const struct state_id none;
	const struct spread *s = ctx;
	const struct state_id *ours = s->next.bytes != NULL ? &s->next.id : &s->held.id;

	if (id->version != ours->version)
		return id->version > ours->version;
	return memcmp(id->hash, none.hash, sizeof(id->hash)) != 0 && !state_id_equal(id, ours) &&
	    !state_id_equal(id, &s->fork);
}

/* Somebody did what nobody who means well does. */
static void
blame(struct spread *s, enum trace_what what, const char *name, int code,
    const struct state_id *id, struct outbox *out)
{
	struct trace_fact f = { .what = what, .level = TRACE_WARNING, .code = code };

	memcpy(f.name, name, strlen(name) + 1);
	memcpy(s->culprit, name, strlen(name) + 1);
	f.number = (int64_t)id->version;
	f.number2 = (int64_t)s->held.id.version;
	outbox_trace(out, &f);
}

void
spread_says(struct spread *s, struct instant now, struct spread_mark *mark,
    const uint8_t key[static 32], const char *name, const struct state_id *id,
    struct outbox *out)
{
	if (id->version < mark->has.version) {
		s->rollbacks++;
		blame(s, TRACE_STATE_BACK, name, 0, id, out);
	}
	mark->has = *id;
	if (id->version != 0 && wanted(s, id))
		pull_add(&s->pull, now.mono, key, name, id);
}

void
spread_hints(struct spread *s, struct instant now, const uint8_t key[static 32],
    const char *name, uint64_t version)
{
	struct state_id id = { .version = version };

	/* What it has said better is not undone. */
	if (wanted(s, &id) && !pull_has(&s->pull, key))
		pull_add(&s->pull, now.mono, key, name, &id);
}

/*
 * Telling
 */

int
spread_adv(const struct spread *s, uint8_t *to, size_t cap)
{
	struct state_adv a = { .id = s->held.id, .size = s->held.len };

	return state_adv_encode(to, cap, &a);
}

int
spread_answer(const struct spread *s, const struct blob_req *q, uint32_t *done, uint8_t *to,
    size_t cap)
{
	struct blob_part part = { .id = s->held.id, .size = s->held.len };
	uint32_t at = q->offset + *done;
	bool ours = q->id.version == 0 || state_id_equal(&q->id, &s->held.id);

	if (s->held.bytes == NULL || !ours || q->offset >= s->held.len) {
		if ((*done)++ > 0)
			return 0;
		return spread_adv(s, to, cap);
	}
	if (*done >= q->len || at >= s->held.len)
		return 0;
	part.offset = at;
	part.bytes.p = s->held.bytes + at;
	part.bytes.len = (uint16_t)min_u64(
	    BLOB_CHUNK_MAX, min_u64(s->held.len - at, q->len - *done));
	*done += part.bytes.len;
	return blob_part_encode(to, cap, &part);
}

/*
 * Memory that lasts
 */

static void
remember(const struct held *h, enum row row, uint64_t ticket, struct outbox *out)
{
	uint8_t key[1] = { (uint8_t)row };

	outbox_remember(out, MEMORY_STATE, key, sizeof(key), h->bytes, h->len, ticket);
}

/* Both states of one version are kept: each proves what the other's signer did. */
static void
keep_fork(struct spread *s, const uint8_t *blob, size_t len, const struct state_id *id,
    struct outbox *out)
{
	struct held other = { .id = *id, .len = (uint32_t)len, .bytes = (uint8_t *)(uintptr_t)blob };

	if (s->fork.version != 0)
		return;
	s->fork = *id;
	remember(&s->held, ROW_FORK_OURS, 0, out);
	remember(&other, ROW_FORK_OTHER, 0, out);
}

/*
 * In force
 */

/* What `next` says holds from now on. Negative (it cannot be held now): nothing has changed. */
static int
install(struct spread *s, struct instant now)
{
	int rc = trust_state_install(s->trust, s->next.bytes, s->next.len, now.wall, NULL);

	s->next_until = 0;
	if (rc < 0) {
		held_wipe(&s->next);
		return rc;
	}
	held_wipe(&s->held);
	s->held = s->next;
	s->next = (struct held){ 0 };
	s->late_said = s->expired_said = false;
	s->late_due = now.mono;
	s->turn++;
	s->tells = 0;
	s->tell_due = now.mono + USEC_PER_SEC;
	pull_sift(&s->pull, wanted, s);
	return 0;
}

/* The same, and says so. Where it fails, whoever has the state has it still. */
static void
enforce(struct spread *s, struct instant now, struct outbox *out)
{
	struct trace_fact f = { .what = TRACE_STATE_NEW, .level = TRACE_NOTICE };

	f.number = (int64_t)s->next.id.version;
	if (install(s, now) == 0)
		outbox_trace(out, &f);
}

/* A verified blob goes to the disk. 0 or -ENOMEM. */
static int
accept(struct spread *s, struct instant now, const uint8_t *blob, size_t len,
    const struct state_id *id, struct outbox *out)
{
	int rc = held_copy(&s->next, blob, len, id);

	if (rc < 0)
		return rc;
	s->next_until = now.mono + SPREAD_DISK_TIME;
	s->written = false;
	remember(&s->next, ROW_HELD, ++s->ticket, out);
	return 0;
}

void
spread_written(struct spread *s, struct instant now, uint64_t ticket, struct outbox *out)
{
	if (ticket != s->ticket)
		return;
	s->written = true;
	s->write_due = 0;
	if (s->next.bytes != NULL)
		enforce(s, now, out);
}

/* The disk has had its time. */
static void
install_unwritten(struct spread *s, struct instant now, struct outbox *out)
{
	struct trace_fact f = { .what = TRACE_STATE_UNWRITTEN, .level = TRACE_WARNING };

	f.number = (int64_t)s->next.id.version;
	outbox_trace(out, &f);
	enforce(s, now, out);
	s->write_due = now.mono + WRITE_AGAIN;
}

/*
 * Judging
 */

/*
 * 0 for a blob that is newer than what is held or about to be; ERR_SUPERSEDED, ERR_CONFLICT for one
 * that is older or a fork; ERR_STATE for what we have, or are about to; else why it is not believed.
 * `id` is set where it is.
 */
static int
judged(const struct spread *s, struct instant now, const uint8_t *blob, size_t len,
    struct state_id *id, enum breach *why)
{
	int rc = trust_state_judge(s->trust, blob, len, now.wall, id, why);

	if (rc < 0)
		return rc;
	switch (rc) {
	case STATE_NEWER:
		return s->next.bytes != NULL && id->version <= s->next.id.version ? ERR_STATE : 0;
	case STATE_FORK: return ERR_CONFLICT;
	case STATE_OLDER: return ERR_SUPERSEDED;
	default: return ERR_STATE;
	}
}

/* What came whole from `name`. How that ends for whom it came from. */
static enum pull_end
judge(struct spread *s, struct instant now, const char *name, const uint8_t *blob, size_t len,
    struct outbox *out)
{
	struct state_id id = { 0 };
	int rc = judged(s, now, blob, len, &id, NULL);

	switch (rc) {
	case 0:
		s->pulled++;
		return accept(s, now, blob, len, &id, out) < 0 ? PULL_STALL : PULL_DONE;
	case ERR_CONFLICT:
		s->forks++;
		blame(s, TRACE_STATE_FORK, name, rc, &id, out);
		keep_fork(s, blob, len, &id, out);
		return PULL_DONE;
	case ERR_SUPERSEDED:
		s->rollbacks++;
		blame(s, TRACE_STATE_BACK, name, rc, &id, out);
		return PULL_LIE;
	case ERR_STATE: return PULL_STALL;
	default:
		s->refused++;
		blame(s, TRACE_STATE_REFUSED, name, rc, &id, out);
		return PULL_LIE;
	}
}

void
spread_part(struct spread *s, struct instant now, const uint8_t key[static 32],
    const struct blob_part *part, struct outbox *out)
{
	if (!pull_take(&s->pull, now.mono, key, part))
		return;
	pull_end(&s->pull, now.mono,
	    judge(s, now, pull_from(&s->pull)->name, s->pull.bytes, s->pull.size, out));
	pull_sift(&s->pull, wanted, s);
}

int
spread_bring(struct spread *s, struct instant now, const uint8_t *blob, size_t len,
    struct outbox *out, struct err *e)
{
	enum breach why = BREACH_NONE;
	struct state_id id = { 0 };
	int rc = judged(s, now, blob, len, &id, &why);

	if (rc == 0)
		rc = accept(s, now, blob, len, &id, out);
	pull_sift(&s->pull, wanted, s);
	switch (rc) {
	case 0: return 0;
	case -ENOMEM: return err_set(e, rc, "not enough memory for a network state");
	case ERR_STATE:
	case ERR_SUPERSEDED:
		return err_set(e, ERR_SUPERSEDED, "network state %llu is not newer than the one in "
		    "force here, %llu", (unsigned long long)id.version,
		    (unsigned long long)s->held.id.version);
	case ERR_CONFLICT:
		s->forks++;
		keep_fork(s, blob, len, &id, out);
		return err_set(e, rc, "network state %llu is in force here with other contents: the "
		    "authority has signed two of one version, and both are kept; ask who holds its "
		    "key, and have a newer one signed", (unsigned long long)id.version);
	default: return err_set(e, rc, "the network state %s", breach_reason(rc, why));
	}
}

int
spread_recall(struct spread *s, struct instant now, const uint8_t *key, size_t key_len,
    const uint8_t *value, size_t value_len)
{
	struct state_id id = { 0 };
	int rc;

	if (key_len != 1 || key[0] > ROW_FORK_OTHER)
		return ERR_FORMAT;
	rc = judged(s, now, value, value_len, &id, NULL);
	if (key[0] == ROW_FORK_OTHER && id.version != 0)
		s->fork = id;
	if (key[0] != ROW_HELD)
		return id.version != 0 ? 0 : rc;
	if (rc == 0)
		rc = held_copy(&s->next, value, value_len, &id);
	if (rc == 0)
		rc = install(s, now);
	s->written = rc == 0;
	return rc;
}

/*
 * Time
 */

/* A state whose successor is overdue, or that has ended, is said to be so once. */
static void
watch_age(struct spread *s, struct instant now, struct outbox *out)
{
	enum state_age age = trust_state_age(s->trust, now.wall);
	struct trace_fact f = { .level = TRACE_WARNING };

	f.number = (int64_t)s->held.id.version;
	s->late_due = now.mono + LATE_EVERY;
	if (age == STATE_EXPIRED && !s->expired_said) {
		s->expired_said = s->late_said = true;
		f.what = TRACE_STATE_EXPIRED;
		outbox_trace(out, &f);
	} else if (age == STATE_LATE && !s->late_said) {
		s->late_said = true;
		f.what = TRACE_STATE_LATE;
		outbox_trace(out, &f);
	}
}

static void
tell_again(struct spread *s, usec_t now)
{
	s->turn++;
	s->tells++;
	s->tell_due = s->tells < SPREAD_TELLS ? now + (USEC_PER_SEC << s->tells) : 0;
}

bool
spread_tick(struct spread *s, struct instant now, struct pull_ask *ask, struct outbox *out)
{
	if (due_reached(s->next_until, now.mono))
		install_unwritten(s, now, out);
	if (due_reached(s->write_due, now.mono)) {
		s->write_due = now.mono + WRITE_AGAIN;
		remember(&s->held, ROW_HELD, ++s->ticket, out);
	}
	if (due_reached(s->late_due, now.mono))
		watch_age(s, now, out);
	if (due_reached(s->tell_due, now.mono))
		tell_again(s, now.mono);
	return pull_next(&s->pull, now.mono, ask);
}

void
spread_absent(struct spread *s, struct instant now, const uint8_t key[static 32])
{
	pull_absent(&s->pull, now.mono, key);
}

usec_t
spread_due(const struct spread *s)
{
	usec_t due = due_min(s->next_until, s->write_due);

	due = due_min(due, due_min(s->late_due, s->tell_due));
	return due_min(due, pull_due(&s->pull));
}

void
spread_view(const struct spread *s, struct instant now, struct spread_view *ret)
{
	const struct netstate *state = trust_state(s->trust);
	enum state_age age = trust_state_age(s->trust, now.wall);

	*ret = (struct spread_view){
		.held = s->held.id,
		.blob = { s->held.bytes, s->held.len },
		.pulling = s->pull.count > 0 || s->next.bytes != NULL,
		.unwritten = s->held.bytes != NULL && !s->written && s->next.bytes == NULL,
		.late = age == STATE_LATE,
		.expired = age == STATE_EXPIRED,
		.fork = s->fork,
		.pulled = s->pulled,
		.refused = s->refused,
		.rollbacks = s->rollbacks,
		.forks = s->forks,
	};
	memcpy(ret->culprit, s->culprit, sizeof(ret->culprit));
	if (state == NULL)
		return;
	ret->issued = state->issued;
	ret->next_update = state->next_update;
	ret->expires = state->expires;
	ret->entries = state->range_count + state->key_count + state->ca_count;
}
