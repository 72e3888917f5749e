/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * desk.c - authorities, each behind a member certified ENROL that is its desk: which are here, and
 * what they are asked.
 */
#include "lighthouse/beacon_impl.h"

#include <string.h>

/* What authorities are asked in a second: they listen to 50 frames, and some are answers. */
#define ASKS_RATE  40
#define ASKS_BURST 40
#define ASKS_PAUSE (100 * USEC_PER_MS)

#define ASK_FIRST   (250 * USEC_PER_MS) /* doubled with each time that there is no answer */
#define ASK_DOUBLES 7
#define ASK_FETCHES 4			/* times that a piece is asked for */
#define ASK_PENDING (60 * USEC_PER_SEC) /* somebody is thinking it over, and will say so */
#define ASK_SILENT  2			/* as often it was asked in vain: its host is told */

void
desk_add(struct beacon *b, struct client *cl)
{
	for (size_t i = 0; i < b->desk_count; i++)
		if (b->desks[i] == cl)
			return;
	if (b->desk_count < BEACON_DESKS_MAX)
		b->desks[b->desk_count++] = cl;
}

void
desk_drop(struct beacon *b, const struct client *cl)
{
	for (size_t i = 0; i < b->desk_count; i++)
		if (b->desks[i] == cl) {
			b->desks[i] = b->desks[--b->desk_count];
			return;
		}
}

const struct member *
desk_member(const struct beacon *b, struct instant now, const struct client *cl)
{
	const struct member *m = members_get(b->members, cl->key);

	if (m == NULL || m->superseded || !(m->flags & CERT_ENROL) ||
	    m->valid_until < trust_now(b->trust, now.wall))
		return NULL;
	return m;
}

struct client *
desk_of(const struct beacon *b, struct instant now, const uint8_t issuer[static ISSUER_LEN])
{
	for (size_t i = 0; i < b->desk_count; i++) {
		const struct member *m = desk_member(b, now, b->desks[i]);

		if (m != NULL && trust_same_line(b->trust, m->issuer, issuer) &&
		    client_reachable(b->desks[i], now))
			return b->desks[i];
	}
	return NULL;
}

bool
desk_silent(const struct beacon *b, struct instant now, const struct matter *e)
{
	return desk_of(b, now, e->issuer) == NULL || e->asked > ASK_SILENT;
}

static void
ask_for_answer(struct beacon *b, struct instant now, struct client *desk,
    const struct plea_row *p, struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct enrol e = { .step = ENROL_PLEA };

	memcpy(e.id, p->id, sizeof(e.id));
	memcpy(e.ref, p->ref, sizeof(e.ref));
	if (p->got > 0) {
		e.step = ENROL_FETCH;
		e.offset = p->got;
	} else {
		e.plea = (struct blob){ p->plea, p->plea_len };
	}
	client_send(b, now, desk, frame, enrol_encode(frame, sizeof(frame), &e), out);
}

static void
ask_for_renewal(struct beacon *b, struct instant now, struct client *desk,
    const struct renewal_row *r, struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct renew ask = { .request = renewal_request(r) };

	memcpy(ask.key, r->key, sizeof(ask.key));
	client_send(b, now, desk, frame, renew_encode(frame, sizeof(frame), &ask), out);
}

void
desk_ask(struct beacon *b, struct instant now, struct matter *e, struct outbox *out)
{
	struct client *desk = desk_of(b, now, e->issuer);
	usec_t wait = ASK_FIRST << min_u64(e->asked, ASK_DOUBLES);

	if (desk == NULL || e->done) {
		matter_later(b->mailbox, e, 0); /* desk_here() */
		return;
	}
	if (!e->renewal && e->asked >= ASK_FETCHES)
		matter_plea(e)->got = 0; /* it does not know what it said: from the beginning */
	if (e->renewal)
		ask_for_renewal(b, now, desk, matter_renewal(e), out);
	else
		ask_for_answer(b, now, desk, matter_plea(e), out);
	if (e->status == (e->renewal ? RENEW_PENDING : ENROL_PENDING))
		wait = ASK_PENDING;
	e->asked++;
	matter_later(b->mailbox, e, now.mono + rng_jitter(&b->rng, wait));
}

void
desk_tick(struct beacon *b, struct instant now, struct outbox *out)
{
	struct matter *e;

	while (now.mono >= b->asks_held && !outbox_half_full(out) &&
	       (e = mailbox_due(b->mailbox, now.mono)) != NULL) {
		if (!bucket_take(&b->matters, now.mono, ASKS_RATE, ASKS_BURST, 1))
			b->asks_held = now.mono + ASKS_PAUSE;
		else
			desk_ask(b, now, e, out);
	}
}

usec_t
desk_next_due(const struct beacon *b)
{
	usec_t due = mailbox_next_due(b->mailbox);

	return due != 0 ? max_u64(due, b->asks_held) : 0;
}

/* What waits for the authority of `m`, also under the roots before and after the one of `m`. */
static uint32_t
here_for(struct beacon *b, usec_t now, const struct member *m)
{
	uint32_t n = mailbox_here(b->mailbox, now, m->issuer);
	const struct cert *root;

	for (size_t i = 0; (root = trust_root(b->trust, i)) != NULL; i++) {
		if (memcmp(root->issuer, m->issuer, ISSUER_LEN) != 0 &&
		    trust_same_line(b->trust, root->issuer, m->issuer))
			n += mailbox_here(b->mailbox, now, root->issuer);
	}
	return n;
}

void
desk_here(struct beacon *b, struct instant now, struct client *cl, bool fresh,
    struct outbox *out)
{
	const struct member *m = desk_member(b, now, cl);
	struct trace_fact f = client_fact(cl, TRACE_DESK, TRACE_INFO);

	if (m == NULL)
		return;
	f.number = here_for(b, now.mono, m);
	if (fresh)
		outbox_trace(out, &f);
}
