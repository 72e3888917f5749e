/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_mtu.c - the routes carry what the path carries.
 */
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

/* What sealing adds to an inner packet, padding apart. */
#define SEALED 32

/* Before anything was proved, and over a relay. */
#define MTU_MIN 1280

static struct stage st;

/* The largest inner packet of the rungs that docs/protocol.md has which a link of `mtu` takes. */
static uint32_t
proved_by(uint32_t mtu)
{
	static const uint32_t rungs[] = { 1420, 1392, 1360 };

	for (size_t i = 0; i < ARRAY_LEN(rungs); i++)
		if (((rungs[i] + 15) & ~15u) + SEALED <= mtu ||
		    (rungs[i] == 1420 && 1420 + SEALED <= mtu))
			return rungs[i];
	return MTU_MIN;
}

static void
check_mtu(const struct box *a, const struct box *b, uint32_t want)
{
	for (size_t i = 0; i < ARRAY_LEN(b->id.addresses); i++) {
		uint32_t mtu = box_mtu(a, b->id.addresses[i]);

		if (mtu != want)
			world_fail(st.w, "the route of %s to %s has an MTU of %u, not %u",
			    a->id.name, b->id.name, mtu, want);
	}
}

static void
check_flow(struct box *a, struct box *b, size_t size)
{
	static struct flow f;

	flow_start(&f, a, b, 50 * MS, size);
	stage_run(&st, 3 * SEC);
	if (flow_gap(&f) > 200 * MS)
		world_fail(st.w, "packets of %zu bytes do not get through", size);
	flow_stop(&f);
	stage_run(&st, SEC); /* until nothing of it is on its way */
}

void
scene_mtu(struct world *w, unsigned number)
{
	/* Of the datagram: Ethernet, PPPoE, a tunnel, and the least that relaying over IPv6 needs.
	 */
	static const uint32_t links[] = { 1472, 1464, 1400, 1360 };
	uint32_t mtu = links[number % ARRAY_LEN(links)];
	bool direct = number < ARRAY_LEN(links);
	static struct flow f;
	struct box *a, *b;

	stage_init(&st, w);
	stage_lighthouse(&st);
	a = stage_node(&st, direct ? KIND_LINUX : KIND_SYM_RAND);
	b = stage_node(&st, direct ? KIND_PCONE : KIND_SYM_RAND);
	site_edge(&b->site, &b->station)->down.mtu = mtu;
	site_edge(&b->site, &b->station)->up.mtu = mtu;
	stage_on(&st);
	stage_run(&st, 3 * SEC);
	flow_start(&f, a, b, 50 * MS, 100);
	stage_run(&st, 10 * SEC);
	check_mtu(a, b, direct ? proved_by(mtu) : MTU_MIN);
	check_mtu(b, a, direct ? proved_by(mtu) : MTU_MIN);
	check_flow(a, b, box_mtu(a, b->id.addresses[0]));
	stage_cut(&st, a, b);
	stage_cut(&st, b, a);
	stage_run(&st, 5 * SEC);
	check_mtu(a, b, MTU_MIN);
	check_flow(b, a, MTU_MIN);
	stage_free(&st);
}
