/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ahead.c - fetching what the next packets of a batch will need.
 */
#include "node/ahead.h"

#include "node/mesh_impl.h"

/* The lines of a peer that a packet touches. */
static void
fetch_peer(const struct peer *p)
{
	__builtin_prefetch(&p->lighthouse);
	__builtin_prefetch(&p->best);
	fetch_ahead(&p->mtu, 128);
	fetch_ahead(&p->tx_bytes, 4 * sizeof(p->tx_bytes));
	__builtin_prefetch(&p->paths[0]);
}

static void
fetch_rest(const struct mesh *m, struct peer *const *peers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (peers[i] != NULL)
			fetch_peer(peers[i]);
	}
	for (size_t i = 0; i < n; i++) {
		const struct path *best = peers[i] != NULL ? peer_best(peers[i]) : NULL;

		if (peers[i] != NULL)
			channel_prefetch(peers[i]->channel);
		if (best != NULL)
			fetch_ahead(best, sizeof(*best));
		if (peers[i] != NULL && peers[i]->cert.address_count > 0)
			table_prefetch(&m->routes.hosts, &peers[i]->cert.addresses[0].ip);
	}
	for (size_t i = 0; i < n; i++) {
		if (peers[i] != NULL)
			channel_prefetch_session(peers[i]->channel);
	}
}

void
ahead_net(const struct mesh *m, const struct packet *packets, size_t n)
{
	struct peer *peers[AHEAD_GROUP];
	uint32_t index[AHEAD_GROUP];

	assert(n <= AHEAD_GROUP);
	for (size_t i = 0; i < n; i++) {
		index[i] = packets[i].len >= OPEN_LEN ? le32(packets[i].data + DATA_RECEIVER) : 0;
		table_prefetch(&m->by_index, &index[i]);
	}
	for (size_t i = 0; i < n; i++)
		peers[i] = table_get(&m->by_index, &index[i]);
	fetch_rest(m, peers, n);
}

void
ahead_tun(const struct mesh *m, const struct packet *packets, size_t n)
{
	struct peer *peers[AHEAD_GROUP];
	struct ip to[AHEAD_GROUP];

	assert(n <= AHEAD_GROUP);
	for (size_t i = 0; i < n; i++) {
		struct inner in = { .len = 0 };

		if ((packets[i].meta & META_FOLLOWS) != 0 ||
		    inner_parse(&in, packets[i].data, packets[i].len) < 0)
			in.dst = (struct ip){ 0 };
		to[i] = in.dst;
		table_prefetch(&m->routes.hosts, &to[i]);
	}
	for (size_t i = 0; i < n; i++)
		peers[i] = table_get(&m->routes.hosts, &to[i]);
	fetch_rest(m, peers, n);
}
