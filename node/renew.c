/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * renew.c - a node's own next certificate, from the question to the swap.
 */
#include "node/renew.h"
#include "node/mesh_impl.h"

/* After the swap, all peers are told within this time. */
#define ANNOUNCE_WITHIN (2 * USEC_PER_SEC)

void
renew_begin(struct mesh *m, struct instant now, const struct verified *own, bool again)
{
	renewal_begin(&m->renewal, now, m->trust, own, m->self.private, again);
	rekey_begin(m, now, own);
}

int
renew_own(const struct mesh *m, struct instant now, struct verified *ret)
{
	return trust_own(m->trust, m->cert_bytes.p, m->cert_bytes.len,
	    m->issuing.len > 0 ? m->issuing.p : NULL, m->issuing.len, now.wall, ret, NULL);
}

void
renew_rotated(struct mesh *m, struct instant now)
{
	struct verified v;
	int rc = renew_own(m, now, &v);

	if ((rc < 0 && rc != ERR_EXPIRED) ||
	    !renewal_rotated(&m->renewal, now, m->trust, rc == 0 ? &v : NULL, m->self.private))
		return;
	if (rc == 0)
		rekey_begin(m, now, &v);
	m->valid_until = m->renewal.until;
	for (uint32_t i = 0; i < m->peer_count; i++)
		peer_own_until(m->peers[i], now, m->valid_until);
}

/* The lighthouse whose turn it is, of those that hear us; NULL: none does. */
static struct peer *
whose_turn(struct mesh *m, struct instant now)
{
	struct peer *able[MESH_LIGHTHOUSES_MAX];
	unsigned n = 0;

	for (size_t i = 0; i < m->lighthouse_count; i++) {
		struct peer *p = m->lighthouses[i].peer;

		if (channel_ready(p->channel, now) && p->best != PEER_NO_PATH)
			able[n++] = p;
	}
	return n > 0 ? able[m->renewal.total % n] : NULL;
}

static void
speak_renew(struct mesh *m, struct instant now, struct peer *to, struct blob request,
    struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_MAX);
	struct renew r = { .request = request };
	int n;

	if (room == NULL)
		return;
	memcpy(r.key, m->self.public, sizeof(r.key));
	n = renew_encode(room, FRAME_MAX, &r);
	if (n > 0)
		(void)reach_seal(m, now, to, peer_best(to), room, (size_t)n, true, out);
}

static void
warn(struct mesh *m, struct instant now, struct outbox *out)
{
	uint64_t left, unix_now = trust_now(m->trust, now.wall);
	struct trace_fact f;

	if (!renewal_warns(&m->renewal, now, unix_now, &left))
		return;
	renewal_warning(&f, &m->renewal, now, unix_now, m->cert.name, left);
	outbox_trace(out, &f);
}

void
renew_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	struct renewal *r = &m->renewal;
	struct peer *to;

	warn(m, now, out);
	rekey_tick(m, now);
	if (m->renewed.cert_len > 0 || !renewal_ask(r, now, trust_now(m->trust, now.wall)))
		return;
	to = whose_turn(m, now);
	if (to == NULL) {
		renewal_no_way(r, now.mono);
		return;
	}
	speak_renew(m, now, to, (struct blob){ r->request, r->request_len }, out);
	renewal_asked(r, &m->rng, now);
}

usec_t
renew_due(const struct mesh *m)
{
	return m->renewed.cert_len > 0 ? 0 : m->renewal.due;
}

static void
say_refused(const struct peer *from, int code, struct outbox *out)
{
	struct trace_fact f = fact_of(from, TRACE_RENEWAL_REFUSED, TRACE_WARNING);

	f.code = code;
	outbox_trace(out, &f);
}

/* It was made by now. What is of no use is not kept by the lighthouse any longer either. */
static void
issued(struct mesh *m, struct instant now, struct peer *from, const struct renew_result *r,
    struct outbox *out)
{
	struct verified v;
	int code = renewal_judge(m->trust, &m->cert, rekey_public(m), r->cert, r->ca, now.wall,
	    &v, NULL);

	if (code < 0) {
		speak_renew(m, now, from, (struct blob){ 0 }, out);
		if (r->cert.len == m->cert_bytes.len &&
		    memcmp(r->cert.p, m->cert_bytes.p, r->cert.len) == 0) {
			if (renewal_too_early(&m->renewal))
				rekey_heard(m);
			return;
		}
		renewal_refused(&m->renewal, code);
		say_refused(from, code, out);
		return;
	}
	renewed_take(&m->renewed, m->trust, r->cert, &v);
	m->renewed_by = from->lighthouse;
}

void
renew_heard(struct mesh *m, struct instant now, struct peer *peer, const struct renew_result *r,
    struct outbox *out)
{
	/* Only lighthouses were asked, for ourselves, and only while nothing better is in hand. */
	if (peer->lighthouse == NULL || m->renewal.total == 0 || m->renewed.cert_len > 0 ||
	    memcmp(r->key, m->self.public, sizeof(r->key)) != 0)
		return;
	if (r->status == RENEW_ISSUED)
		issued(m, now, peer, r, out);
	else
		renewal_answered(&m->renewal, &m->rng, now, r->status);
}

const struct renewed *
mesh_renewal(const struct mesh *m)
{
	return m->renewed.cert_len > 0 ? &m->renewed : NULL;
}

/* Whoever is connected goes on: its sessions may now last as long as the new certificate. */
static void
announce(struct mesh *m, struct instant now)
{
	for (uint32_t i = 0; i < m->peer_count; i++) {
		struct peer *p = m->peers[i];

		peer_own_until(p, now, m->valid_until);
		if (p->stock || !channel_ready(p->channel, now))
			continue;
		p->announce = true;
		upkeep_due(m, p, now.mono + rng_below(&m->rng, ANNOUNCE_WITHIN));
	}
}

int
mesh_renewed(struct mesh *m, struct instant now, struct outbox *out)
{
	const struct verified *v = &m->renewed.chain;
	struct trace_fact f = { .what = TRACE_RENEWED, .level = TRACE_NOTICE };

	if (m->renewed.cert_len == 0)
		return ERR_STATE;
	if (!renewed_is_same_host(&m->renewed, &m->cert))
		return ERR_CONFLICT;
	m->cert = v->cert;
	m->valid_until = v->valid_until;
	m->cert_bytes = cert_bytes_of(m->renewed.cert, m->renewed.cert_len);
	m->issuing = cert_bytes_of(v->issuing, v->issuing_len);
	members_reserve(m->members, &m->cert);
	m->renewed.cert_len = 0;
	speak_renew(m, now, m->renewed_by->peer, (struct blob){ 0 }, out);
	announce(m, now);
	rekey_renewed(m);
	renew_begin(m, now, v, true);
	name_copy(f.name, m->cert.name);
	f.number = (int64_t)m->cert.serial;
	f.number2 = (int64_t)m->valid_until;
	outbox_trace(out, &f);
	return 0;
}

void
mesh_renew(struct mesh *m, struct instant now, struct outbox *out)
{
	renewal_want(&m->renewal, now.mono);
	renew_tick(m, now, out);
}

enum renewal_phase
mesh_renewal_phase(const struct mesh *m, struct instant now, const struct renewal **ret)
{
	*ret = &m->renewal;
	return renewal_phase(&m->renewal, now, trust_now(m->trust, now.wall));
}
