/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * predict.c - the ladder, and the order of ports.
 */
#include "node/predict.h"

enum rung
predict_rung(const struct nat *n)
{
	switch (n->mapping) {
	case NAT_MAPPING_UNKNOWN:
		return RUNG_UNKNOWN;
	case NAT_MAPPING_NONE:
	case NAT_MAPPING_ENDPOINT:
		return n->filtering == NAT_FILTERING_ENDPOINT ||
				n->filtering == NAT_FILTERING_ADDRESS ?
		    RUNG_EASY :
		    RUNG_RESTRICTED;
	default:
		break;
	}
	if ((n->flags & NAT_SEQUENTIAL) != 0 && n->step != 0)
		return RUNG_STEP;
	if ((n->flags & NAT_FIRST_KEEPS) != 0)
		return RUNG_FIRST;
	return (n->flags & NAT_BLOCK) != 0 ? RUNG_BLOCK : RUNG_RANDOM;
}

bool
predict_by_address(const struct nat *n)
{
	return n->mapping == NAT_MAPPING_ADDRESS &&
	    (n->filtering == NAT_FILTERING_ADDRESS || n->filtering == NAT_FILTERING_ENDPOINT);
}

static bool
is_foreseen(enum rung r)
{
	return r == RUNG_FIRST || r == RUNG_STEP;
}

/* The many ports of a birthday must all be at one address. */
static bool
is_pooled(const struct nat *n)
{
	return (n->flags & NAT_POOLED) != 0;
}

/* Neither side's ports are foreseen by the other. */
static struct plan
plan_chance(const struct nat *own, const struct nat *peer, bool hides, bool first)
{
	enum rung us = predict_rung(own), them = predict_rung(peer);
	bool ours_open;

	if (is_pooled(own) || is_pooled(peer))
		return (struct plan){ 0 };
	if (us == RUNG_RESTRICTED)
		return hides ? (struct plan){ .technique = AIM_BIRTHDAY } :
			       (struct plan){ .technique = AIM_LOUD, .asks = true };
	if (them == RUNG_RESTRICTED)
		return (struct plan){ .technique = AIM_BIRTHDAY, .asks = true };
	if (!predict_by_address(own) && !predict_by_address(peer))
		return (struct plan){ 0 };
	ours_open = predict_by_address(own) && (first || !predict_by_address(peer));
	return (struct plan){ .technique = AIM_LOUD, .asks = !ours_open };
}

struct plan
predict_plan(const struct nat *own, const struct nat *peer, bool hides, bool first)
{
	enum rung us = predict_rung(own), them = predict_rung(peer);

	if (us <= RUNG_EASY || them <= RUNG_EASY)
		return (struct plan){ 0 };
	if (us == RUNG_RESTRICTED && them == RUNG_RESTRICTED)
		return (struct plan){ .technique = AIM_SWEEP, .asks = first, .late = true };
	if (us == RUNG_RESTRICTED && is_foreseen(them))
		return (struct plan){ .technique = AIM_SWEEP, .asks = true };
	if (is_foreseen(us) && them == RUNG_RESTRICTED)
		return (struct plan){ .technique = AIM_SWEEP };
	if (is_foreseen(us) && is_foreseen(them))
		return (struct plan){ .technique = AIM_MEET, .asks = first };
	return plan_chance(own, peer, hides, first);
}

uint8_t
predict_refuses(const struct nat *own, uint8_t technique, bool hides)
{
	enum rung us = predict_rung(own);

	switch (technique) {
	case AIM_SWEEP:
		return us == RUNG_RESTRICTED || is_foreseen(us) ? 0 : AIM_NOT_SO;
	case AIM_MEET:
		return is_foreseen(us) ? 0 : AIM_NOT_SO;
	case AIM_BIRTHDAY:
		if (us != RUNG_RESTRICTED)
			return AIM_NOT_SO;
		return hides ? 0 : AIM_CANNOT;
	default:
		return us > RUNG_RESTRICTED && !is_pooled(own) ? 0 : AIM_NOT_SO;
	}
}

uint16_t
predict_port(const struct ports *p, unsigned i)
{
	int64_t at = (int64_t)p->first - PREDICT_PORT_MIN + (int64_t)p->stride * (int64_t)i;

	at %= PREDICT_PORTS;
	return (uint16_t)(PREDICT_PORT_MIN + (at < 0 ? at + PREDICT_PORTS : at));
}

struct ports
predict_own(const struct nat *own, uint8_t technique, uint16_t seen, uint16_t local)
{
	struct ports row = { .first = seen, .stride = own->step, .n = PREDICT_SWEEP + 1 };
	enum rung us = predict_rung(own);

	if (us == RUNG_FIRST)
		return (struct ports){ .first = local, .n = 1 };
	if (us != RUNG_STEP)
		return (struct ports){ .first = seen, .n = 1 };
	if (technique == AIM_MEET)
		return (struct ports){ .first = predict_port(&row, PREDICT_MEET_AT), .n = 1 };
	return (struct ports){
		.first = predict_port(&row, 1), .stride = own->step, .n = PREDICT_SWEEP
	};
}

bool
predict_measures(const struct nat *own)
{
	return predict_rung(own) != RUNG_FIRST;
}

struct ports
predict_all(const struct nat *own)
{
	struct ports all = { .first = PREDICT_PORT_MIN, .stride = 1, .n = PREDICT_PORTS };

	if (predict_rung(own) != RUNG_BLOCK || own->base_port < PREDICT_PORT_MIN ||
	    own->step < 1 || own->step > 15)
		return all;
	all.first = own->base_port;
	all.n = (uint16_t)min_u64(1u << own->step, PREDICT_PORT_MAX + 1 - own->base_port);
	return all;
}

uint16_t
predict_scattered(const struct ports *p, uint32_t chance, unsigned k)
{
	uint32_t n = p->n;
	uint32_t apart = n / 2 + chance % (n / 2 + 1);

	/* Steps that share no divisor with their number meet every port once. */
	while (apart < 1 || gcd_u32(apart, n) != 1)
		apart = apart % n + 1;
	return predict_port(p, (unsigned)((chance / 7 + (uint64_t)apart * k) % n));
}
