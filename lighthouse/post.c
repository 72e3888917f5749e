/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * post.c - letters are left here, and handed out when who they are for registers.
 *
 * One letter at a time is on its way to a client, and its answer brings the next; what gets no answer
 * goes again at the next REGISTER. So a client that does not know letters costs a few packets then.
 */
#include "lighthouse/beacon_impl.h"

#include <string.h>

static void
deliver(struct beacon *b, struct instant now, struct client *cl, const struct letter_row *r,
    struct outbox *out)
{
	for (size_t at = 0; at < r->size; at += LETTER_CHUNK) {
		uint8_t frame[FRAME_MAX];
		struct letter_part p = letter_part_of(r->from, r->id, r->bytes, r->size, at);

		client_send(
		    b, now, cl, frame, letter_part_encode(frame, sizeof(frame), &p), out);
	}
}

void
post_deliver(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	const struct letter_row *r = letters_for(b->letters, cl->key);

	if (r != NULL && client_reachable(cl, now) && !outbox_half_full(out))
		deliver(b, now, cl, r, out);
}

static void
say_ack(struct beacon *b, struct instant now, struct client *cl, const struct letter_part *p,
    int status, struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct letter_ack a = { .status = (uint8_t)status };

	memcpy(a.key, p->key, sizeof(a.key));
	memcpy(a.id, p->id, sizeof(a.id));
	client_send(b, now, cl, frame, letter_ack_encode(frame, sizeof(frame), &a), out);
}

/* May `cl` leave anything? It must be a member whose certificate holds. */
static bool
may_leave(const struct beacon *b, struct instant now, const struct client *cl)
{
	return answer_current(b, now, members_get(b->members, cl->key)) != NULL;
}

int
post_on_letter(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	const struct letter_row *kept;
	struct letter_part p;
	struct client *to;
	int status;

	if (letter_part_decode(&p, f) < 0)
		return ERR_FORMAT;
	if (!may_leave(b, h->now, cl) || memcmp(p.key, cl->key, sizeof(p.key)) == 0) {
		say_ack(b, h->now, cl, &p, LETTER_REFUSED, out);
		return 0;
	}
	status = letters_part(
	    b->letters, trust_now(b->trust, h->now.wall), cl->key, &p, out, &kept);
	if (status == 0)
		return 0;
	say_ack(b, h->now, cl, &p, status, out);
	to = client_get(b, p.key);
	if (status == LETTER_TAKEN && to != NULL && kept == letters_for(b->letters, p.key))
		post_deliver(b, h->now, to, out);
	return 0;
}

int
post_on_ack(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	struct letter_ack a;

	if (letter_ack_decode(&a, f) < 0)
		return ERR_FORMAT;
	if (letters_ack(b->letters, cl->key, a.key, a.id, a.status, out) &&
	    a.status != LETTER_FULL)
		post_deliver(b, h->now, cl, out);
	return 0;
}
