/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * expect.c - which keys the datagrams want that have just come, for threads that open them before
 * the engine sees them (core/sealing.h).
 */
#include "core/bytes.h"
#include "node/mesh_impl.h"

static bool
is_data(const uint8_t *msg, size_t len)
{
	int type = outer_check(msg, len);

	return type == OUTER_DATA || type == OUTER_DATA_AES;
}

/* Is it a data message in a session that there is? */
static void
expect(struct mesh *m, uint8_t *msg, size_t len, struct sealing *s)
{
	struct keyring *keys;
	struct peer *peer;
	uint32_t index;

	if (!is_data(msg, len))
		return;
	index = le32(msg + DATA_RECEIVER);
	peer = table_get(&m->by_index, &index);
	keys = peer == NULL ? NULL : channel_keyring(peer->channel, index);
	if (keys != NULL)
		sealing_expect(s, keys, msg, len);
}

void
mesh_expect(struct mesh *m, const struct packet *packets, size_t n, struct sealing *s)
{
	for (size_t i = 0; i < n; i++)
		if (!session_outgrows(&packets[i])) /* or it would lie elsewhere when asked for */
			expect(m, packets[i].data, packets[i].len, s);
}

/* The datagram that a relay's message carries, if it does. */
static bool
carries(const struct opening *o, struct relay_data *ret)
{
	uint8_t *p = o->msg + DATA_SEALED;
	size_t len = o->len - DATA_MIN;
	struct frame f;

	return o->rc == 0 && frame_is(p, len) && p[1] == FRAME_RELAY_DATA &&
	    frame_open(&f, p, len) == FRAME_SPOKEN && relay_data_decode(ret, &f) >= 0;
}

bool
mesh_has_relayed(const struct sealing *s)
{
	struct relay_data d;

	for (size_t i = 0; i < s->opened; i++)
		if (carries(&s->openings[i], &d) && is_data(d.datagram, d.len))
			return true;
	return false;
}

/* What we pass on for others is not ours to open: only what comes on a circuit of our own is. */
void
mesh_expect_relayed(struct mesh *m, struct sealing *s)
{
	for (size_t i = 0; i < s->opened; i++) {
		const struct opening *o = &s->openings[i];
		uint32_t index = le32(o->msg + DATA_RECEIVER);
		struct peer *relay = table_get(&m->by_index, &index);
		struct relay_data d;

		if (relay != NULL && carries(o, &d) && !carry_is_ours(m, relay, d.circuit) &&
		    relay_get(&m->relaying, relay, d.circuit) != NULL)
			expect(m, d.datagram, d.len, s);
	}
}
