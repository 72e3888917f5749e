/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rally_facts.c - what parties found before the start: compared, and hashed into an agreement.
 */
#include "node/rally_impl.h"

#include "core/bytes.h"
#include "core/crypto.h"

/* The next fact that must agree. */
static bool
next_binding(struct blob facts, size_t *at, struct run_fact *ret)
{
	while (run_fact_next(facts, at, ret)) {
		if (!ret->told)
			return true;
	}
	return false;
}

bool
rally_differs(const struct rally *r, unsigned i, struct rally_walk *at,
    struct rally_difference *ret)
{
	struct blob mine = rally_facts(&r->party[r->self]), theirs = rally_facts(&r->party[i]);

	for (;;) {
		struct run_fact a = { 0 }, b = { 0 };
		struct rally_walk next = *at;
		bool has_a = next_binding(mine, &next.ours, &a);
		bool has_b = next_binding(theirs, &next.theirs, &b);
		int order = has_a && has_b ? strcmp(a.name, b.name) : has_a ? -1 : 1;

		if (!has_a && !has_b)
			return false;
		if (order <= 0)
			at->ours = next.ours;
		if (order >= 0)
			at->theirs = next.theirs;
		if (order == 0 && strcmp(a.value, b.value) == 0)
			continue;
		*ret = (struct rally_difference){ .we_have = order <= 0, .they_have = order >= 0 };
		memcpy(ret->name, order <= 0 ? a.name : b.name, sizeof(ret->name));
		if (ret->we_have)
			memcpy(ret->ours, a.value, sizeof(ret->ours));
		if (ret->they_have)
			memcpy(ret->theirs, b.value, sizeof(ret->theirs));
		return true;
	}
}

unsigned
rally_differences(const struct rally *r, unsigned i)
{
	struct rally_walk at = { 0 };
	struct rally_difference d;
	unsigned n = 0;

	while (rally_differs(r, i, &at, &d))
		n++;
	return n;
}

#define AGREEMENT_LABEL "mpynet run v1\0\0"
#define AGREEMENT_MAX                                                                              \
	(16 + STUDY_HASH_LEN + 4 + STUDY_PARTIES_MAX * 8 + RUN_FACTS_LEN_MAX)

static_assert(sizeof(AGREEMENT_LABEL) == 16, "the NUL behind it counts");

void
rally_agreement(const struct rally *r, uint8_t to[static RUN_AGREEMENT_LEN])
{
	struct blob facts = rally_facts(&r->party[r->self]);
	uint8_t all[AGREEMENT_MAX];
	struct wr w = wr_init(all, sizeof(all));
	struct run_fact f;
	size_t at = 0, begins = 0;
	int len;

	wr_bytes(&w, (const uint8_t *)AGREEMENT_LABEL, 16);
	wr_bytes(&w, r->study.hash, sizeof(r->study.hash));
	wr_u32(&w, r->number);
	for (unsigned i = 0; i < r->study.count; i++)
		wr_u64(&w, r->party[i].life);
	for (; run_fact_next(facts, &at, &f); begins = at) {
		if (!f.told)
			wr_bytes(&w, facts.p + begins, at - begins);
	}
	len = wr_end(&w);
	assert(len > 0);
	crypto_blake2b(to, RUN_AGREEMENT_LEN, NULL, 0, all, (size_t)len, NULL, 0);
}
