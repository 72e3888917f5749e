/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * study.c - the lobby in a node: what it says goes to sessions, and who is to be there is sought.
 */
#include "node/study.h"

#include "node/mesh_impl.h"

void
study_seek(struct mesh *m, struct instant now, const uint8_t key[static 32], struct outbox *out)
{
	struct member *member = members_get(m->members, key);
	struct peer *peer = member == NULL || member->superseded
	                        ? NULL
	                        : roster_peer(m, now, member, out);

	if (peer == NULL) {
		reach_look_up(m, now, key);
		return;
	}
	peer->used_at = now.mono;
	if (!channel_ready(peer->channel, now))
		reach_want(m, now, peer, out);
}

static void
send(struct mesh *m, struct instant now, const struct lobby_send *s, struct outbox *out)
{
	struct peer *peer = roster_by_key(m, s->key);
	uint8_t *room;

	if (peer == NULL || peer->stock || !channel_ready(peer->channel, now) ||
	    peer_best(peer) == NULL) {
		lobby_absent(m->lobby, s->key);
		return;
	}
	room = outbox_room(out, FRAME_MAX);
	if (room == NULL)
		return;
	memcpy(room, s->frame, (size_t)s->len);
	speak_frame(m, now, peer, room, s->len, true, out);
}

void
study_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	struct lobby_send s;

	while (!outbox_half_full(out) && lobby_next(m->lobby, now, &s, out)) {
		if (!s.seek) {
			send(m, now, &s, out);
			continue;
		}
		study_seek(m, now, s.key, out);
		letters_wanted(m, now);
	}
	letters_tick(m, now, out);
}

void
study_said(struct mesh *m, struct instant now, struct peer *peer, const struct study_says *says,
    struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_MAX);
	int n;

	if (room == NULL)
		return;
	n = lobby_said(m->lobby, now, peer->key, says, room, out);
	speak_frame(m, now, peer, room, n, true, out);
}

void
study_asked(struct mesh *m, struct instant now, struct peer *peer, const struct study_req *q,
    struct outbox *out)
{
	uint32_t done = 0;
	int n;

	do {
		uint8_t *room = outbox_room(out, FRAME_MAX);

		if (room == NULL)
			return;
		n = lobby_answer(m->lobby, peer->key, q, &done, room, FRAME_MAX);
		speak_frame(m, now, peer, room, n, true, out);
	} while (n > 0);
}

/*
 * For who runs the node
 */

const struct lobby_study *
mesh_study_at(const struct mesh *m, size_t i)
{
	return lobby_at(m->lobby, i);
}

const struct lobby_study *
mesh_study_find(const struct mesh *m, const uint8_t hash[static STUDY_HASH_LEN])
{
	return lobby_find(m->lobby, hash);
}

int
mesh_study_bring(struct mesh *m, struct instant now, const struct study *s, struct outbox *out,
    struct err *e)
{
	return lobby_bring(m->lobby, now, s, out, e);
}

int
mesh_study_decide(struct mesh *m, struct instant now, const uint8_t hash[static STUDY_HASH_LEN],
    enum stance stance, struct outbox *out)
{
	return lobby_decide(m->lobby, now, hash, stance, out);
}

/* The first address, which is of IPv4 if there is one. */
static void
party_of(struct study_party *to, const struct cert *c, uint16_t port)
{
	memcpy(to->name, c->name, sizeof(to->name));
	memcpy(to->key, c->key, sizeof(to->key));
	to->address = c->addresses[0].ip;
	to->port = port;
}

static bool
find_party(const struct mesh *m, struct study_party *to, const char *name, uint16_t port)
{
	const struct member *member;
	struct cert c;

	if (strcmp(m->cert.name, name) == 0) {
		party_of(to, &m->cert, port);
		return true;
	}
	member = members_by_name(m->members, name);
	if (member == NULL || member->superseded ||
	    cert_decode(&c, member_host(member), member->host_len, NULL) < 0)
		return false;
	party_of(to, &c, port);
	return true;
}

int
mesh_study_make(struct mesh *m, struct instant now, struct study *ret, const char *name,
    const char *const *names, size_t count, uint16_t port, size_t *missing, struct outbox *out,
    struct err *e)
{
	struct study s = { .count = (uint32_t)count };
	uint8_t bytes[STUDY_MAX];
	enum breach why;
	int first = -1, len;

	if (count > STUDY_PARTIES_MAX || !text_is_name(name, strlen(name)))
		return err_set(e, ERR_CANON, "a study %s",
		    breach_phrase(count > STUDY_PARTIES_MAX ? BREACH_PARTIES : BREACH_NAME));
	memcpy(s.network, m->cert.network, sizeof(s.network));
	memcpy(s.name, name, strlen(name) + 1);
	for (size_t i = 0; i < count; i++) {
		if (find_party(m, &s.parties[i], names[i], port))
			continue;
		if (mesh_want(m, now, names[i], out) < 0)
			return err_set(e, ERR_CANON, "\"%.64s\" is no name of a host", names[i]);
		first = first < 0 ? (int)i : first;
	}
	if (first >= 0) {
		*missing = (size_t)first;
		return ERR_UNKNOWN;
	}
	len = study_encode(&s, bytes, sizeof(bytes), &why);
	if (len < 0)
		return err_set(e, len, "the study %s", breach_reason(len, why));
	*ret = s;
	return 0;
}
