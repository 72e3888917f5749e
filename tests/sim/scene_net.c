/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_net.c - how far datagrams get: hops, and what all on a LAN hear. Without any engine.
 */
#include "tests/sim/kinds.h"
#include "tests/sim/scene.h"

struct ear {
	struct station station;
	unsigned heard;
};

static void
hears(void *ctx, struct datagram *d)
{
	((struct ear *)ctx)->heard++;
	datagram_free(d);
}

static struct addr
with_port(struct addr a, uint16_t port)
{
	a.port = port;
	return a;
}

/* Flows that a router of the site keeps. */
static uint32_t
kept(const struct router *r, usec_t now)
{
	return r == NULL ? 0 : nat_alive(&r->v4, now);
}

/* A datagram opens the NATs behind which it ends, and is heard only if it has hops for all. */
void
scene_hops(struct world *w, unsigned number)
{
	static struct net net;
	static struct ear far, near;
	const struct kind *k = &kinds[number];
	unsigned routers = (k->home != NULL) + (k->carrier != NULL);
	struct site site;

	net_init(&net, w);
	far.heard = 0;
	net_host(&net, &far.station, NULL, hears, &far);
	net_address(&net, &far.station, internet_v4(0));
	site_build(&site, &net, k, 1);
	site_host(&site, &net, &near.station, hears, &near);
	for (unsigned ttl = 1; ttl <= routers + INTERNET_HOPS + 1; ttl++) {
		/* A port of its own, so that each is a flow of its own for whatever NAT. */
		net_send(&net, &near.station, with_port(site.host_v4, (uint16_t)(1000 + ttl)),
		    with_port(internet_v4(0), (uint16_t)(2000 + ttl)), ttl,
		    (const uint8_t *)"hop", 3);
		world_run(w, w->now + USEC_PER_SEC / 10);
		if (k->home != NULL && kept(site.home, w->now) != ttl - 1)
			world_fail(w, "with TTL %u the home router keeps %u flows", ttl,
			    kept(site.home, w->now));
		if (k->carrier != NULL && kept(site.carrier, w->now) + 2 != max_u64(ttl, 2))
			world_fail(w, "with TTL %u the carrier keeps %u flows", ttl,
			    kept(site.carrier, w->now));
		if (far.heard != (ttl > routers + INTERNET_HOPS))
			world_fail(w, "with TTL %u %u were heard", ttl, far.heard);
	}
	net_free(&net);
}

/* A group is heard by the other hosts of the LAN and by nobody else. */
void
scene_group(struct world *w, unsigned number)
{
	static const struct addr groups[] = {
		{ .family = FAMILY_V4, .port = 7, .ip = { 239, 255, 1, 1 } },
		{ .family = FAMILY_V6, .port = 7, .ip = { 0xff, 0x02, [15] = 0xfb } },
	};
	static struct net net;
	static struct ear ears[4]; /* three on the LAN, one on the Internet */
	struct site site;

	net_init(&net, w);
	site_build(&site, &net, &kinds[KIND_LINUX], 1);
	for (unsigned i = 0; i < 4; i++) {
		ears[i].heard = 0;
		net_host(&net, &ears[i].station, i < 3 ? site.home : NULL, hears, &ears[i]);
	}
	net_send(&net, &ears[0].station, with_port(site.host_v4, 7), groups[number], 1,
	    (const uint8_t *)"hey", 3);
	net_send(&net, &ears[3].station, with_port(internet_v4(0), 7), groups[number], 64,
	    (const uint8_t *)"hey", 3);
	world_run(w, w->now + USEC_PER_SEC);
	if (ears[0].heard != 0 || ears[1].heard != 1 || ears[2].heard != 1 || ears[3].heard != 0)
		world_fail(w, "%u, %u and %u times heard on the LAN, %u on the Internet",
		    ears[0].heard, ears[1].heard, ears[2].heard, ears[3].heard);
	net_free(&net);
}
