/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_lan.c - nodes at one site, and nodes at two sites that look like one.
 */
#include "node/mesh.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

static struct stage st;
static struct flow flow;

static void
demand_lan(const struct flow *f, usec_t first)
{
	struct world *w = st.w;

	if (f->first_answer == 0 || f->first_answer - f->started > first)
		world_fail(w, "the first answer took %.3f s",
		    f->first_answer == 0 ? -1.0 : (double)(f->first_answer - f->started) / 1e6);
	if (!f->direct || f->rtt > 1 * MS)
		world_fail(w, "%s, %.3f ms", f->direct ? "direct" : "relayed",
		    (double)f->rtt / 1e3);
}

/* There never was a lighthouse; the second one comes at once, or much later, or goes and returns. */
void
scene_lan(struct world *w, unsigned number)
{
	/* A router without hairpin, one that is blocked, and one with IPv6. */
	static const unsigned homes[] = { KIND_LINUX, KIND_UDP_BLOCK, KIND_V6FW, KIND_SYM_RAND };
	struct box *a, *b;

	stage_init(&st, w);
	stage_lighthouse(&st); /* off */
	a = stage_node(&st, homes[number % 4]);
	b = stage_neighbour(&st, a);
	st.has_psk = number % 4 == 3;
	box_on(a);
	stage_run(&st, number < 4 ? 1 * MS : 200 * SEC);
	box_on(b);
	stage_run(&st, 1 * SEC);
	flow_start(&flow, a, b, 50 * MS, 200);
	stage_run(&st, 5 * SEC);
	demand_lan(&flow, 100 * MS);
	flow_stop(&flow);
	if (number >= 4) { /* after a restart it is announced, and so is where it went */
		box_crash(b);
		net_forget(&st.net, &b->station, b->site.host_v4);
		b->site.host_v4.ip[3] += 7;
		net_address(&st.net, &b->station, b->site.host_v4);
		stage_run(&st, 10 * SEC);
		box_on(b);
		stage_run(&st, 1 * SEC);
		flow_start(&flow, a, b, 50 * MS, 200);
		stage_run(&st, 5 * SEC);
		demand_lan(&flow, 1 * SEC);
	}
	stage_free(&st);
}

/*
 * 192.168.1.2 is somebody at both sites. Each talks to its neighbour on the LAN and to the other
 * site through the Internet, and nobody takes the one for the other.
 */
void
scene_same_prefix(struct world *w, unsigned number)
{
	static const unsigned homes[] = { KIND_LINUX, KIND_PCONE, KIND_SYM_RAND };
	static struct flow near_by, away;
	struct box *a, *b, *c, *d;

	stage_init(&st, w);
	stage_lighthouse(&st);
	a = stage_node(&st, homes[number]);
	b = stage_neighbour(&st, a);
	c = stage_node(&st, homes[number]);
	d = stage_neighbour(&st, c);
	stage_on(&st);
	stage_run(&st, 3 * SEC);
	flow_start(&near_by, a, b, 50 * MS, 200);
	flow_start(&away, a, d, 50 * MS, 200); /* whose address is that of b */
	flow_start(&flow, c, d, 50 * MS, 200);
	stage_run(&st, 20 * SEC);
	demand_lan(&near_by, 200 * MS);
	demand_lan(&flow, 200 * MS);
	if (away.answered == 0 || away.rtt < 30 * MS || flow_gap(&away) > 500 * MS)
		world_fail(w, "%.3f ms to the other site, %.3f s without an answer",
		    (double)away.rtt / 1e3, (double)flow_gap(&away) / 1e6);
	stage_free(&st);
}

/* Thirty machines come up at once: each hears of all others, and then there is silence. */
void
scene_loud_lan(struct world *w, unsigned number)
{
	struct box *first;
	uint64_t before;

	(void)number;
	stage_init(&st, w);
	first = stage_node(&st, KIND_LINUX);
	for (unsigned i = 1; i < 30; i++) {
		struct box *b = stage_neighbour(&st, first);

		net_forget(&st.net, &b->station, b->site.host_v4);
		b->site.host_v4.ip[3] = (uint8_t)(10 + i);
		net_address(&st.net, &b->station, b->site.host_v4);
	}
	stage_on(&st);
	stage_run(&st, 5 * SEC);
	before = st.net.sent;
	if (before > 30 * (1 + 29)) /* an announcement each, and an answer to each */
		world_fail(w, "%llu datagrams", (unsigned long long)before);
	stage_run(&st, 600 * SEC);
	if (st.net.sent - before > UINT64_C(12) * 30) /* one a minute each, and no answers */
		world_fail(w, "%llu datagrams in ten minutes",
		    (unsigned long long)(st.net.sent - before));
	stage_free(&st);
}
