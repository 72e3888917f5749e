/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * quarantine.c - rows of guests, found by looking through their indices: there are few.
 */
#include "lighthouse/quarantine.h"
#include "core/bytes.h"
#include "core/crypto.h"

#include <stdlib.h>

static void
end(struct quarantine *q, uint32_t row)
{
	if (q->index[row] == 0)
		return;
	q->index[row] = 0;
	session_wipe(&q->rows[row].session);
	crypto_wipe(&q->rows[row], sizeof(q->rows[row]));
}

void
quarantine_wipe(struct quarantine *q)
{
	for (uint32_t i = 0; i < q->count; i++)
		end(q, i);
	free(q->rows);
	*q = (struct quarantine){ 0 };
}

struct guest_row *
quarantine_find(const struct quarantine *q, uint32_t index)
{
	for (uint32_t i = 0; i < q->count && index != 0; i++)
		if (q->index[i] == index)
			return &q->rows[i];
	return NULL;
}

usec_t
quarantine_expire(struct quarantine *q, usec_t now)
{
	usec_t next = 0;

	for (uint32_t i = 0; i < q->count; i++) {
		if (q->index[i] != 0 && q->rows[i].until <= now)
			end(q, i);
		if (q->index[i] != 0)
			next = due_min(next, q->rows[i].until);
	}
	while (q->count > 0 && q->index[q->count - 1] == 0)
		q->count--;
	return next;
}

/* The row of this key and token, a free one, or NULL: all are taken, or this token's are. */
static struct guest_row *
row_for(struct quarantine *q, const struct newcomer *n)
{
	struct guest_row *free_row = NULL;
	unsigned of_token = 0;

	if (q->rows == NULL)
		q->rows = calloc(QUARANTINE_MAX, sizeof(*q->rows));
	if (q->rows == NULL)
		return NULL;
	for (uint32_t i = 0; i < q->count; i++) {
		struct guest_row *g = &q->rows[i];

		if (q->index[i] == 0) {
			free_row = free_row != NULL ? free_row : g;
			continue;
		}
		if (memcmp(g->token, n->token, sizeof(g->token)) != 0)
			continue;
		if (memcmp(g->key, n->handshake.remote, sizeof(g->key)) == 0)
			return g;
		of_token++;
	}
	if (of_token >= QUARANTINE_OF_TOKEN)
		return NULL;
	if (free_row == NULL && q->count < QUARANTINE_MAX)
		free_row = &q->rows[q->count++];
	return free_row;
}

const uint8_t *
quarantine_admit(struct quarantine *q, struct instant now, struct newcomer *n,
    const uint8_t psk[static 32], const uint8_t ephemeral[static 32], uint32_t index,
    const struct packet *pk)
{
	struct guest_row *g = row_for(q, n), fresh = { .frames = GUEST_FRAMES };
	struct noise_keys keys;
	uint32_t row;

	if (g == NULL)
		return NULL;
	row = (uint32_t)(g - q->rows);
	if (q->index[row] != 0 && memcmp(g->hash, n->hash, sizeof(g->hash)) == 0)
		return g->response;
	if (q->index[row] != 0 && memcmp(n->timestamp, g->timestamp, sizeof(n->timestamp)) <= 0)
		return NULL;
	memcpy(fresh.token, n->token, sizeof(fresh.token));
	memcpy(fresh.key, n->handshake.remote, sizeof(fresh.key));
	memcpy(fresh.timestamp, n->timestamp, sizeof(fresh.timestamp));
	memcpy(fresh.hash, n->hash, sizeof(fresh.hash));
	if (noise_respond(fresh.response, &keys, &n->handshake, index, ephemeral, psk, NULL) < 0)
		return NULL;
	end(q, row);
	q->index[row] = index;
	fresh.at = pk->from;
	fresh.socket = pk->socket;
	fresh.until = now.mono + GUEST_HALF_OPEN;
	*g = fresh;
	session_init(&g->session, &keys, now.mono, now.mono + GUEST_TIME);
	noise_keys_wipe(&keys);
	return g->response;
}

bool
quarantine_open(struct guest_row *g, struct instant now, struct packet *pk, uint8_t **p,
    size_t *len)
{
	int n;

	if (g->until <= now.mono || !addr_equal(&g->at, &pk->from) || g->socket != pk->socket)
		return false;
	n = session_open(&g->session, now.mono, pk->data, pk->len);
	if (n < 0)
		return false;
	if (!g->confirmed) {
		g->confirmed = true;
		g->until = g->session.until;
	}
	if (n == 0 || g->frames == 0)
		return false;
	g->frames--;
	*p = pk->data + DATA_HEADER;
	*len = (size_t)n;
	return true;
}

void
quarantine_send(struct guest_row *g, struct instant now, const uint8_t *frame, int len,
    struct outbox *out)
{
	uint8_t *p = len > 0 ? outbox_room(out, (size_t)len) : NULL;
	int n;

	if (p == NULL)
		return;
	memcpy(p, frame, (size_t)len);
	n = session_seal(&g->session, now.mono, p, (size_t)len);
	if (n > 0)
		outbox_to_net(out, g->socket, &g->at, p - DATA_HEADER, (uint32_t)n);
}

struct guest_row *
quarantine_guest(struct quarantine *q, struct instant now,
    const uint8_t token[static WIRE_TOKEN_ID], const uint8_t key[static 32])
{
	for (uint32_t i = 0; i < q->count; i++) {
		struct guest_row *g = &q->rows[i];

		if (q->index[i] != 0 && g->confirmed && g->until > now.mono &&
		    memcmp(g->token, token, sizeof(g->token)) == 0 &&
		    memcmp(g->key, key, sizeof(g->key)) == 0)
			return g;
	}
	return NULL;
}

uint32_t
quarantine_guests(const struct quarantine *q)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < q->count; i++)
		n += q->index[i] != 0 && q->rows[i].confirmed;
	return n;
}
