/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.c - a pair of keys in use.
 */
#include "core/session.h"
#include "core/bytes.h"

#include <errno.h>

#define WORD_BITS 64

bool
replay_accept(struct replay *r, uint64_t counter)
{
	uint64_t word, bit;

	if (counter >= REJECT_AFTER_MESSAGES)
		return false;
	counter++; /* so that r->next is 0 before the first packet */
	if (REPLAY_WINDOW + counter < r->next)
		return false;

	word = counter / WORD_BITS;
	if (counter > r->next) {
		uint64_t last = r->next / WORD_BITS;
		uint64_t fresh = min_u64(word - last, ARRAY_LEN(r->seen));

		for (uint64_t i = 1; i <= fresh; i++)
			r->seen[(last + i) % ARRAY_LEN(r->seen)] = 0;
		r->next = counter;
	}
	word %= ARRAY_LEN(r->seen);
	bit = (uint64_t)1 << counter % WORD_BITS;
	if (r->seen[word] & bit)
		return false;
	r->seen[word] |= bit;
	return true;
}

void
session_init(struct session *s, const struct noise_keys *k, usec_t now, usec_t until)
{
	memset(s, 0, sizeof(*s));
	cipher_init(&s->sealing, k->send, true);
	cipher_init(&s->opening, k->receive, false);
	s->local_index = k->local_index;
	s->remote_index = k->remote_index;
	s->initiator = k->initiator;
	s->born = now;
	s->until = now + REJECT_AFTER_TIME;
	if (until != 0)
		s->until = min_u64(s->until, until);
}

int
session_defer(struct session *s, const struct noise_keys *k, struct deferral *d)
{
	s->keys = keyring_new(k->send, k->receive, d->threads);
	if (s->keys == NULL)
		return -ENOMEM;
	s->deferral = d;
	return 0;
}

void
session_open_aes(struct session *s)
{
	if (s->opens_aes)
		return;
	cipher_beside(&s->aes_opening, &s->opening);
	s->opens_aes = true;
}

void
session_seal_aes(struct session *s)
{
	if (s->seals_aes)
		return;
	cipher_beside(&s->aes_sealing, &s->sealing);
	s->seals_aes = true;
}

void
session_wipe(struct session *s)
{
	keyring_unpin(s->keys);
	cipher_wipe(&s->aes_sealing);
	cipher_wipe(&s->aes_opening);
	cipher_wipe(&s->sealing);
	cipher_wipe(&s->opening);
	crypto_wipe(s, sizeof(*s));
}

/* Lengths are rounded up to 16, so that they say less, but not beyond the device's MTU. */
static size_t
padded(size_t len)
{
	return max_u64(len, min_u64((len + 15) & ~(size_t)15, SESSION_PAD_LIMIT));
}

bool
session_outgrows(const struct packet *pk)
{
	return (pk->meta & META_TIGHT) && pk->len >= DATA_MIN &&
	    padded(pk->len - DATA_MIN) > pk->len - DATA_MIN;
}

/* The work of the thread in the engine, if it has any beside it. */
static struct sealing *
beside(const struct session *s)
{
	return s->deferral != NULL ? s->deferral->here : NULL;
}

int
session_seal(struct session *s, usec_t now, uint8_t *p, size_t len)
{
	uint8_t *header = p - DATA_HEADER;
	size_t plain_len = padded(len);

	if (!session_alive(s, now))
		return ERR_EXPIRED;
	memset(p + len, 0, plain_len - len);
	put_le32(header, s->seals_aes ? OUTER_DATA_AES : OUTER_DATA);
	put_le32(header + DATA_RECEIVER, s->remote_index);
	put_le64(header + DATA_COUNTER, s->counter);
	if (beside(s) != NULL)
		sealing_put(beside(s), s->keys, s->counter++, p, plain_len);
	else
		cipher_seal(s->seals_aes ? &s->aes_sealing : &s->sealing, s->counter++, p,
		    plain_len);
	return (int)(DATA_HEADER + plain_len + DATA_TAG);
}

/* The cipher of a message, or NULL for a type that this session does not have. */
static struct cipher *
opening_of(struct session *s, uint32_t type)
{
	if (type == OUTER_DATA)
		return &s->opening;
	return type == OUTER_DATA_AES && s->opens_aes ? &s->aes_opening : NULL;
}

int
session_open(struct session *s, usec_t now, uint8_t *msg, size_t len)
{
	struct cipher *opening;
	uint64_t counter;
	int rc;

	if (len < DATA_MIN)
		return ERR_SHORT;
	opening = opening_of(s, le32(msg));
	if (opening == NULL)
		return ERR_VERSION;
	counter = le64(msg + DATA_COUNTER);
	if (now >= s->until || counter >= REJECT_AFTER_MESSAGES)
		return ERR_EXPIRED;
	if (beside(s) == NULL || !sealing_opened(beside(s), s->keys, msg, &rc))
		rc = cipher_open(opening, counter, msg + DATA_SEALED, len - DATA_HEADER);
	if (rc < 0)
		return rc;
	/* Only now: an unauthentic packet must not move the window. */
	if (!replay_accept(&s->replay, counter))
		return ERR_REPLAY;
	return (int)(len - DATA_MIN);
}
