/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * peer.c - a peer's parts: certificate, queue, and the list of its paths.
 */
#include "node/peer.h"

#include <stdlib.h>

struct peer *
peer_new(const struct member *m, struct instant now, uint64_t own_until,
    const struct channel_config *c)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->channel = channel_new(c);
	if (p->channel == NULL) {
		free(p);
		return NULL;
	}
	memcpy(p->key, m->key, sizeof(p->key));
	p->stock = c->stock;
	p->own_until = own_until;
	p->best = PEER_NO_PATH;
	p->mtu = MTU_BASE;
	p->last = &p->first;
	peer_renew(p, now, m);
	return p;
}

void
peer_free(struct peer *p)
{
	struct waiting *w;

	if (p == NULL)
		return;
	while ((w = peer_next_waiting(p)) != NULL)
		free(w);
	channel_free(p->channel);
	free(p->attempt);
	free(p->told);
	crypto_wipe(p, sizeof(*p));
	free(p);
}

void
peer_renew(struct peer *p, struct instant now, const struct member *m)
{
	member_cert(m, &p->cert);
	p->valid_until = m->valid_until;
	channel_set_not_after(p->channel, now, min_u64(m->valid_until, p->own_until));
}

void
peer_own_until(struct peer *p, struct instant now, uint64_t own_until)
{
	p->own_until = own_until;
	channel_set_not_after(p->channel, now, min_u64(p->valid_until, own_until));
}

bool
peer_is_warm(const struct peer *p, usec_t now)
{
	return p->lighthouse != NULL || p->relays_for_us || (p->used_at != 0 && now - p->used_at < PEER_WARM);
}

void
peer_wait(struct peer *p, const uint8_t *bytes, uint32_t len)
{
	struct waiting *w = malloc(sizeof(*w) + len);

	if (w == NULL)
		return;
	w->next = NULL;
	w->len = len;
	memcpy(w->bytes, bytes, len);
	*p->last = w;
	p->last = &w->next;
	p->waiting_count++;
	p->waiting_bytes += len;
	while (p->waiting_count > MESH_QUEUE_PACKETS || p->waiting_bytes > MESH_QUEUE_BYTES)
		free(peer_next_waiting(p));
}

struct waiting *
peer_next_waiting(struct peer *p)
{
	struct waiting *w = p->first;

	if (w == NULL)
		return NULL;
	p->first = w->next;
	if (p->first == NULL)
		p->last = &p->first;
	p->waiting_count--;
	p->waiting_bytes -= w->len;
	return w;
}

struct path *
peer_path_to(struct peer *p, socket_id socket, const struct addr *remote)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *path = &p->paths[i];

		if (path->state != PATH_FREE && path->kind != PATH_RELAY &&
		    path->socket == socket && addr_equal(&path->remote, remote))
			return path;
	}
	return NULL;
}

struct path *
peer_path_by(struct peer *p, const struct peer *relay, uint32_t circuit)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *path = &p->paths[i];

		if (path->state != PATH_FREE && path->kind == PATH_RELAY && path->relay == relay &&
		    path->circuit == circuit)
			return path;
	}
	return NULL;
}

/*
 * How little would be lost with this path: 0 is not to be touched. What a person named goes last,
 * for what a person names now: a lighthouse's name may lead to another address every day.
 */
static unsigned
dispensable(const struct path *path, usec_t now)
{
	if (path_usable(path, now))
		return 0;
	if (path->origin == ORIGIN_FIXED)
		return 1;
	if (path->origin == ORIGIN_GUESS)
		return 500;
	switch (path->state) {
	case PATH_DEAD:
		return 1000;
	case PATH_PROBING:
		return 3 + path->tries;
	default:
		return 2;
	}
}

struct path *
peer_slot(struct peer *p, usec_t now)
{
	struct path *worst = NULL;

	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *path = &p->paths[i];

		if (path->state == PATH_FREE)
			return path;
		if ((int)i == p->best || dispensable(path, now) == 0)
			continue;
		if (worst == NULL || dispensable(path, now) > dispensable(worst, now))
			worst = path;
	}
	return worst;
}

bool
peer_is_direct(const struct peer *p)
{
	return p->best != PEER_NO_PATH && p->paths[p->best].kind != PATH_RELAY;
}

void
peer_drop_path(struct peer *p, struct path *path)
{
	if (peer_best(p) == path)
		p->best = PEER_NO_PATH;
	memset(path, 0, sizeof(*path));
}

void
peer_heard_data(struct peer *p, struct path *path)
{
	if (path->theirs)
		return;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++)
		p->paths[i].theirs = false;
	path->theirs = true;
}

uint64_t
peer_heard_highest(const struct peer *p, uint32_t index)
{
	uint64_t highest = 0;

	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		if (p->paths[i].heard_index == index)
			highest = max_u64(highest, p->paths[i].heard_highest);
	}
	return highest;
}

/* A relay that we reach over a stream makes a slow path, however we reached it before. */
static void
note_streams(struct peer *p)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *path = &p->paths[i];

		if (path->state != PATH_FREE && path->kind == PATH_RELAY) {
			const struct path *under = peer_best(path->relay);

			path->streamed = under != NULL && under->kind == PATH_STREAM;
		}
	}
}

/* The best path of those that may carry data, `held` ones too. */
static const struct path *
best_of(struct peer *p, usec_t now, bool held)
{
	const struct path *best = peer_best(p);

	if (best != NULL && !(held ? path_works : path_usable)(best, now))
		best = NULL;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		const struct path *path = &p->paths[i];

		if (path == best || !(held ? path_works : path_usable)(path, now))
			continue;
		if (best == NULL || path_beats(path, best, now))
			best = path;
	}
	return best;
}

/* WireGuard's rule, for who measures nothing: it is where it was heard last, however long ago. */
static const struct path *
newest_of(struct peer *p)
{
	const struct path *newest = NULL;

	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		const struct path *path = &p->paths[i];

		if ((path->state == PATH_VALID || path->state == PATH_SUSPECT) &&
		    (newest == NULL || path->last_rx > newest->last_rx))
			newest = path;
	}
	return newest;
}

bool
peer_choose(struct peer *p, usec_t now)
{
	struct path *was = peer_best(p);
	const struct path *best;

	note_streams(p);
	best = p->stock ? newest_of(p) : best_of(p, now, false);
	if (best == NULL)
		best = best_of(p, now, true);
	if (best == was)
		return false;
	p->best = best == NULL ? PEER_NO_PATH : (int)(best - p->paths);
	if (was != NULL)
		was->left_at = now;
	hedge_switched(&p->hedge, now);
	for (size_t i = 0; i < PEER_PATHS_MAX; i++)
		p->paths[i].better = 0;
	return true;
}
