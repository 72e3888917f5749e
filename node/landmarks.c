/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * landmarks.c - the lighthouses of the bundle: taken, added as peers, and let in again.
 */
#include "node/mesh_impl.h"

int
landmarks_take(struct mesh *m, const struct mesh_lighthouse *c, struct instant now, struct err *e)
{
	struct verified v;
	int r = trust_verify(m->trust, c->cert.p, c->cert.len,
	    c->issuing.len > 0 ? c->issuing.p : NULL, c->issuing.len, now.wall, &v, NULL);

	if (r >= 0 && (v.cert.flags & CERT_LIGHTHOUSE) == 0)
		r = ERR_DENIED;
	if (r < 0 && r != ERR_EXPIRED)
		return err_set(e, r, "the certificate of a lighthouse in the bundle %s",
		    err_phrase(r));
	if (r >= 0 && memcmp(v.cert.key, m->self.public, sizeof(v.cert.key)) == 0)
		return err_set(e, ERR_CONFLICT, "a lighthouse of the bundle is this node itself");
	m->pinned[m->pinned_count++] = *c;
	return 0;
}

/*
 * The member that a pinned lighthouse is by now, which may hold a newer certificate than the bundle
 * did. NULL, with why in `code`, when there is none that holds.
 */
static const struct member *
pinned_member(struct mesh *m, const struct mesh_lighthouse *c, const uint8_t key[static 32],
    struct instant now, struct outbox *out, int *code)
{
	uint64_t seconds = trust_now(m->trust, now.wall);
	const struct member *member;
	struct verified v;

	*code = trust_verify(m->trust, c->cert.p, c->cert.len,
	    c->issuing.len > 0 ? c->issuing.p : NULL, c->issuing.len, now.wall, &v, NULL);
	if (*code >= 0)
		*code = members_learn(
		    m->members, &v, c->cert.p, c->cert.len, seconds, out, NULL, NULL);
	member = members_get(m->members, key);
	if (member == NULL || member->superseded || member->valid_until < seconds ||
	    (member->flags & CERT_LIGHTHOUSE) == 0)
		return NULL;
	return member;
}

/* The bundle's lighthouses become peers with fixed addresses. */
static void
add_lighthouse(struct mesh *m, const struct mesh_lighthouse *c, const struct cert *cert,
    struct instant now, struct outbox *out)
{
	struct lighthouse *l = &m->lighthouses[m->lighthouse_count];
	const struct member *member;
	int code;

	member = pinned_member(m, c, cert->key, now, out, &code);
	l->peer = member != NULL ? roster_peer(m, now, member, out) : NULL;
	if (l->peer == NULL) {
		struct trace_fact f = {
			.what = TRACE_CERT_REFUSED,
			.level = TRACE_WARNING,
			.code = code,
		};

		name_copy(f.name, cert->name);
		outbox_trace(out, &f);
		return;
	}
	l->peer->lighthouse = l;
	l->tcp = c->tcp != 0 ? c->tcp : STREAM_PORT;
	for (size_t i = 0; i < c->endpoint_count; i++)
		(void)reach_candidate(m, now, l->peer, &c->endpoints[i], ORIGIN_FIXED);
	m->lighthouse_count++;
	upkeep_due(m, l->peer, now.mono);
}

/* It was put out, by a pin or a revocation, and nothing speaks against it any more. */
static void
let_in(struct mesh *m, struct instant now, const struct mesh_lighthouse *c, struct peer *peer,
    struct outbox *out)
{
	const struct member *member;
	int code;

	if (peer->valid_until != 0)
		return;
	member = pinned_member(m, c, peer->key, now, out, &code);
	if (member == NULL)
		return;
	peer_renew(peer, now, member);
	upkeep_due(m, peer, now.mono);
}

void
landmarks_add(struct mesh *m, struct instant now, struct outbox *out)
{
	for (size_t i = 0; i < m->pinned_count; i++) {
		const struct mesh_lighthouse *c = &m->pinned[i];
		struct peer *peer;
		struct cert cert;

		if (cert_decode(&cert, c->cert.p, c->cert.len, NULL) < 0)
			continue;
		peer = roster_by_key(m, cert.key);
		if (peer != NULL && peer->lighthouse != NULL)
			let_in(m, now, c, peer, out);
		else
			add_lighthouse(m, c, &cert, now, out);
	}
}
