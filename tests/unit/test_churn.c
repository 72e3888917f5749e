/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_churn.c - an hour of peers that come and go, and what memory is left of it.
 *
 * Everybody comes back every ten minutes, at another address and with new keys, stays as long as
 * nobody misses it, and never says goodbye. What an engine keeps of a member (its certificate) is
 * kept from the first time on; nothing else may add up.
 */
#include "bench/callers.h"
#include "tests/unit/test.h"

#include <malloc.h>

#define SEC  USEC_PER_SEC
#define CREW 300 /* who come and go */

static struct callers cs;

/* Sanitizers' allocators do not say: there it is 0. */
static size_t
allocated(void)
{
	struct mallinfo2 all = mallinfo2();

	return all.uordblks + all.hblkhd;
}

static void
tick(void)
{
	struct engine *e = &cs.engine;

	do {
		outbox_reset(&e->out);
		if (e->beacon != NULL)
			beacon_tick(e->beacon, cs.now, &e->out);
		else
			mesh_tick(e->mesh, cs.now, &e->out);
	} while (outbox_half_full(&e->out));
	outbox_reset(&e->out);
}

static void
registers(struct caller *c)
{
	struct candidates said = { .seq = 1, .eps = { .n = 1, .ep = { { EP_HOST, c->outer } } } };
	uint8_t frame[FRAME_MAX];

	caller_tells(&cs, c, frame,
	    candidates_encode(frame, sizeof(frame), FRAME_REGISTER, &said));
	outbox_reset(&cs.engine.out);
}

/* Somebody comes every two seconds; who came before falls silent. */
static void
come_and_go(unsigned minutes)
{
	for (unsigned i = 0; i < minutes * 30; i++) {
		struct caller *c = &cs.all[i % CREW];

		c->outer.port++;
		caller_connect(&cs, c);
		if (cs.engine.beacon != NULL)
			registers(c);
		for (unsigned n = 0; n < 4; n++) {
			callers_wait(&cs, SEC / 2);
			tick();
		}
	}
}

static void
begin(bool lighthouse)
{
	callers_open(&cs);
	(lighthouse ? callers_lighthouse : callers_node)(&cs, CREW);
	ASSERT((cs.all = calloc(CREW, sizeof(*cs.all))) != NULL);
	for (; cs.count < CREW; cs.count++)
		caller_init(&cs, &cs.all[cs.count], cs.count + 1);
}

static void
demand_flat(void)
{
	size_t before;

	come_and_go(20);
	before = allocated();
	come_and_go(40);
	ASSERT(allocated() <= before + before / 50);
	mesh_free(cs.engine.mesh);
	beacon_free(cs.engine.beacon);
	callers_close(&cs);
}

TEST(a_node_takes_no_more_after_an_hour_of_coming_and_going)
{
	begin(false);
	demand_flat();
}

TEST(a_lighthouse_takes_no_more_after_an_hour_of_coming_and_going)
{
	begin(true);
	demand_flat();
}
