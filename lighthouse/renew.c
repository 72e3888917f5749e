/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * renew.c - a lighthouse's own next certificate (core/renewal.h).
 *
 * It asks as its members do: what it wants goes into its own mailbox, and to the authority when that
 * is here. The swap touches no session: members with one are told by HELLO, all others see it when
 * they call.
 */
#include "lighthouse/beacon_impl.h"

void
own_renewal_begin(struct beacon *b, struct instant now, bool again)
{
	renewal_begin(&b->renewal, now, b->trust, &b->own, b->self.private, again);
}

void
own_renewal_rotated(struct beacon *b, struct instant now)
{
	struct verified v;
	int rc = trust_own(b->trust, b->cert_bytes.p, b->cert_bytes.len, b->issuing_bytes.p,
	    b->issuing_bytes.len, now.wall, &v, NULL);

	if ((rc < 0 && rc != ERR_EXPIRED) ||
	    !renewal_rotated(&b->renewal, now, b->trust, rc == 0 ? &v : NULL, b->self.private))
		return;
	b->own.valid_until = b->renewal.until;
	for (uint32_t i = 0; i < b->client_count; i++)
		client_own_until(b, now, b->clients[i]);
}

/* What has become of it. True: a certificate came that is to be stored. */
static void
look(struct beacon *b, struct instant now, struct renewal_row *row, struct outbox *out)
{
	struct trace_fact f = { .what = TRACE_RENEWAL_REFUSED, .level = TRACE_WARNING };
	struct verified v;

	if (!row->matter.done || row->matter.status != RENEW_ISSUED) {
		renewal_answered(&b->renewal, &b->rng, now,
		    row->matter.status != 0 ? row->matter.status : RENEW_KEPT);
		return;
	}
	f.code = renewal_judge(b->trust, &b->own.cert, NULL, renewal_cert(row), renewal_ca(row),
	    now.wall, &v, NULL);
	if (f.code == 0) {
		renewed_take(&b->renewed, b->trust, renewal_cert(row), &v);
		return;
	}
	if (renewal_cert(row).len == b->cert_bytes.len &&
	    memcmp(renewal_cert(row).p, b->cert, b->cert_bytes.len) == 0) {
		renewal_too_early(&b->renewal);
		renewal_drop(b->mailbox, row, out);
		return;
	}
	renewal_refused(&b->renewal, f.code);
	memcpy(f.name, b->own.cert.name, sizeof(f.name));
	outbox_trace(out, &f);
	renewal_drop(b->mailbox, row, out);
}

static void
warn(struct beacon *b, struct instant now, uint64_t unix_now, struct outbox *out)
{
	struct trace_fact f;
	uint64_t left;

	if (!renewal_warns(&b->renewal, now, unix_now, &left))
		return;
	renewal_warning(&f, &b->renewal, now, unix_now, b->own.cert.name, left);
	outbox_trace(out, &f);
}

void
own_renewal_tick(struct beacon *b, struct instant now, struct outbox *out)
{
	struct renewal *r = &b->renewal;
	uint64_t unix_now = trust_now(b->trust, now.wall);
	struct blob request = { r->request, r->request_len };
	struct renewal_row *row;

	warn(b, now, unix_now, out);
	if (b->renewed.cert_len > 0 || !renewal_ask(r, now, unix_now))
		return;
	renewal_asked(r, &b->rng, now);
	if (mailbox_renew(b->mailbox, unix_now, b->self.public, r->issuer, request, out,
		&row) < 0) {
		renewal_answered(r, &b->rng, now, RENEW_FULL);
		return;
	}
	if (!row->matter.done && row->matter.ask.due == 0)
		matter_later(b->mailbox, &row->matter, now.mono);
	look(b, now, row, out);
}

usec_t
own_renewal_due(const struct beacon *b)
{
	return b->renewed.cert_len > 0 ? 0 : b->renewal.due;
}

void
own_renewal_heard(struct beacon *b, struct instant now, struct renewal_row *row, struct outbox *out)
{
	if (b->renewal.total > 0 && b->renewed.cert_len == 0)
		look(b, now, row, out);
}

const struct renewed *
beacon_renewal(const struct beacon *b)
{
	return b->renewed.cert_len > 0 ? &b->renewed : NULL;
}

int
beacon_renewed(struct beacon *b, struct instant now, struct outbox *out)
{
	struct renewal_row *row = mailbox_find_renewal(b->mailbox, b->self.public);
	struct trace_fact f = { .what = TRACE_RENEWED, .level = TRACE_NOTICE };

	if (b->renewed.cert_len == 0)
		return ERR_STATE;
	if (!renewed_is_same_host(&b->renewed, &b->own.cert))
		return ERR_CONFLICT;
	b->own = b->renewed.chain;
	memcpy(b->cert, b->renewed.cert, b->renewed.cert_len);
	b->cert_bytes.len = b->renewed.cert_len;
	b->issuing_bytes.len = (uint16_t)b->own.issuing_len;
	b->renewed.cert_len = 0;
	members_reserve(b->members, &b->own.cert);
	if (row != NULL)
		renewal_drop(b->mailbox, row, out);
	for (uint32_t i = 0; i < b->client_count; i++)
		client_own_until(b, now, b->clients[i]);
	clients_announce(b, now);
	own_renewal_begin(b, now, true);
	memcpy(f.name, b->own.cert.name, sizeof(f.name));
	f.number = (int64_t)b->own.cert.serial;
	f.number2 = (int64_t)b->own.valid_until;
	outbox_trace(out, &f);
	return 0;
}

void
beacon_renew(struct beacon *b, struct instant now, struct outbox *out)
{
	renewal_want(&b->renewal, now.mono);
	own_renewal_tick(b, now, out);
}

enum renewal_phase
beacon_renewal_phase(const struct beacon *b, struct instant now, const struct renewal **ret)
{
	*ret = &b->renewal;
	return renewal_phase(&b->renewal, now, trust_now(b->trust, now.wall));
}
