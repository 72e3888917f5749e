/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_mtu.c - the routes carry what the path carries.
 */
#include "core/session.h"
#include "core/wire.h"
#include "node/mtu.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

static struct stage st;

/* How long `len` bytes are when they are sealed. */
static uint32_t
sealed(uint32_t len)
{
	return DATA_MIN + (uint32_t)max_u64(len, min_u64((len + 15) & ~15u, SESSION_PAD_LIMIT));
}

/* The largest inner packet of the rungs that docs/protocol.md has which a link of `mtu` takes. */
static uint32_t
proved_by(uint32_t mtu, bool relayed)
{
	static const uint32_t rungs[] = { 1420, 1392, 1360, 1280, 1200, 1024, 768 };

	for (size_t i = 0; i < ARRAY_LEN(rungs); i++) {
		uint32_t len = sealed(rungs[i]);

		if ((relayed ? sealed(RELAY_DATA_HEADER + len) : len) <= mtu)
			return rungs[i];
	}
	return 512;
}

static void
check_mtu(const struct box *a, const struct box *b, uint32_t want)
{
	for (size_t i = 0; i < ARRAY_LEN(b->id.addresses); i++) {
		bool v6 = b->id.addresses[i].family == FAMILY_V6;
		uint32_t mtu = box_mtu(a, b->id.addresses[i]);

		if (mtu != (v6 ? max_u64(want, MTU_BASE) : want))
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

/* A link that carries datagrams of `mtu` bytes. */
static void
set_mtu(struct box *b, uint32_t mtu)
{
	struct station *edge = site_edge(&b->site, &b->station);

	edge->down.mtu = edge->up.mtu = mtu;
}

void
scene_mtu(struct world *w, unsigned number)
{
	/*
	 * Of the datagram: Ethernet, PPPoE, tunnels, the least that relaying over IPv6 needs, and
	 * the least that IPv6 has.
	 */
	static const uint32_t links[] = { 1472, 1464, 1400, 1360, 1232 };
	uint32_t mtu = links[number % ARRAY_LEN(links)];
	bool direct = number < ARRAY_LEN(links);
	static struct flow f;
	struct box *a, *b;

	stage_init(&st, w);
	stage_lighthouse(&st);
	a = stage_node(&st, direct ? KIND_LINUX : KIND_SYM_RAND);
	b = stage_node(&st, direct ? KIND_PCONE : KIND_SYM_RAND);
	set_mtu(b, mtu);
	stage_on(&st);
	stage_run(&st, 3 * SEC);
	flow_start(&f, a, b, 50 * MS, 100);
	stage_run(&st, 10 * SEC);
	check_mtu(a, b, proved_by(mtu, !direct));
	check_mtu(b, a, proved_by(mtu, !direct));
	check_flow(a, b, box_mtu(a, b->id.addresses[0]));
	stage_cut(&st, a, b);
	stage_cut(&st, b, a);
	stage_run(&st, 5 * SEC);
	check_mtu(a, b, proved_by(mtu, true));
	check_flow(b, a, proved_by(mtu, true));
	stage_free(&st);
}

/* A link on the way becomes narrower while large packets flow: small ones pass, large ones not. */
void
scene_black_hole(struct world *w, unsigned number)
{
	static const uint32_t links[] = { 1464, 1400, 1360, 1232 };
	static struct flow f;
	struct box *a, *b;

	stage_init(&st, w);
	stage_lighthouse(&st);
	a = stage_node(&st, KIND_LINUX);
	b = stage_node(&st, KIND_PCONE);
	stage_on(&st);
	stage_run(&st, 3 * SEC);
	flow_start(&f, a, b, 20 * MS, MTU_MAX);
	stage_run(&st, 10 * SEC);
	check_mtu(a, b, MTU_MAX);
	set_mtu(b, links[number]);
	stage_run(&st, 4 * SEC);
	check_mtu(a, b, proved_by(links[number], false));
	check_mtu(b, a, proved_by(links[number], false));
	if (!f.direct)
		world_fail(w, "left for a relay");
	flow_stop(&f);
	set_mtu(b, 0);
	flow_start(&f, a, b, 20 * MS, 500);
	stage_run(&st, 40 * SEC);
	check_mtu(a, b, MTU_MAX);
	stage_free(&st);
}
