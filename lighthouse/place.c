/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * place.c - a few places of one client.
 */
#include "lighthouse/place.h"

bool
place_equal(const struct place *a, const struct place *b)
{
	return a->socket == b->socket && addr_equal(&a->at, &b->at);
}

bool
places_proven(const struct places *p, const struct place *at)
{
	if (at->socket >= SOCKET_STREAM)
		return true;
	return place_equal(&p->proven[at->at.family == FAMILY_V6], at);
}

void
places_prove(struct places *p, const struct place *at)
{
	if (at->socket < SOCKET_STREAM)
		p->proven[at->at.family == FAMILY_V6] = *at;
}

void
places_respond(struct places *p, const struct place *at)
{
	p->answered[p->next_answered++ % PLACES_ANSWERED] = *at;
}

void
places_confirm(struct places *p, const struct place *at)
{
	for (size_t i = 0; i < PLACES_ANSWERED; i++) {
		if (p->answered[i].at.family != FAMILY_NONE && place_equal(&p->answered[i], at))
			places_prove(p, at);
		p->answered[i] = (struct place){ 0 };
	}
}

bool
places_ask(struct places *p, usec_t now, const struct place *at, uint64_t txid)
{
	size_t row = 0;

	for (size_t i = 0; i < PLACES_ASKED; i++) {
		if (p->asked[i].txid != 0 && place_equal(&p->asked[i].place, at)) {
			if (now - p->asked[i].sent < PLACE_ASK_EVERY)
				return false;
			row = i;
			break;
		}
		if (p->asked[i].sent < p->asked[row].sent)
			row = i;
	}
	p->asked[row].place = *at;
	p->asked[row].txid = txid;
	p->asked[row].sent = now;
	return true;
}

static void
measure(struct places *p, usec_t now, usec_t rtt)
{
	p->rtt = p->rtt == 0 ? rtt : (7 * p->rtt + rtt) / 8;
	p->rtt_at = now;
}

bool
places_answer(struct places *p, usec_t now, const struct place *at, uint64_t txid)
{
	for (size_t i = 0; i < PLACES_ASKED; i++) {
		if (txid == 0 || p->asked[i].txid != txid || !place_equal(&p->asked[i].place, at))
			continue;
		p->asked[i].txid = 0;
		measure(p, now, now - p->asked[i].sent);
		places_prove(p, at);
		return true;
	}
	return false;
}
