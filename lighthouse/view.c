/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * view.c - what a person sees of a lighthouse.
 */
#include "lighthouse/beacon_impl.h"

#include <string.h>

void
beacon_totals(const struct beacon *b, struct beacon_totals *ret)
{
	struct circuits_totals t = circuits_totals(b->circuits);
	struct mailbox_totals mail;

	mailbox_totals(b->mailbox, &mail);
	*ret = b->totals;
	ret->tokens = mail.tokens;
	ret->pleas = mail.pleas;
	ret->renewals = mail.renewals;
	ret->mail = mail.answers;
	ret->letters = letters_count(b->letters);
	ret->registrations = registry_count(b->registry);
	ret->circuits = circuits_count(b->circuits);
	ret->relayed_packets = t.packets;
	ret->relayed_bytes = t.bytes;
	ret->relay_dropped = t.dropped;
}

static void
fill_view(const struct beacon *b, struct instant now, struct beacon_client *ret,
    const uint8_t key[static 32])
{
	const struct registration *g = registry_get(b->registry, key);
	const struct client *cl = client_get(b, key);
	const struct member *m = members_get(b->members, key);
	struct candidates said;
	usec_t heard = 0;
	struct cert cert;

	*ret = (struct beacon_client){ 0 };
	memcpy(ret->key, key, sizeof(ret->key));
	if (m != NULL) {
		member_cert(m, &cert);
		memcpy(ret->name, m->name, sizeof(m->name));
		ret->address = cert.addresses[0].ip;
		ret->not_after = m->valid_until;
	}
	if (g != NULL) {
		ret->observed = g->observed;
		ret->in_stream = g->in_stream;
		registration_said(g, &said);
		ret->nat = said.nat;
		ret->eps = said.eps.n;
		heard = g->heard;
	}
	if (cl != NULL) {
		ret->session = channel_ready(cl->channel, now);
		heard = max_u64(heard, cl->heard);
	}
	ret->heard = now.mono - heard;
	ret->circuits = circuits_of(b->circuits, key, &ret->relayed_bytes);
}

/* First those with a session, then those who are registered and have none. */
bool
beacon_next_client(const struct beacon *b, struct instant now, size_t *cursor,
    struct beacon_client *ret)
{
	const struct registration *g;
	size_t row;

	while (*cursor < b->client_count) {
		const struct client *cl = b->clients[(*cursor)++];

		if (cl->up || registry_get(b->registry, cl->key) != NULL) {
			fill_view(b, now, ret, cl->key);
			return true;
		}
	}
	row = *cursor - b->client_count;
	do {
		g = registry_next(b->registry, &row);
		*cursor = b->client_count + row;
	} while (g != NULL && client_get(b, g->key) != NULL);
	if (g != NULL)
		fill_view(b, now, ret, g->key);
	return g != NULL;
}
