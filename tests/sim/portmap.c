/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * portmap.c - the question, the answer a moment later, and the renewal.
 */
#include "tests/sim/portmap.h"
#include "node/mesh.h"
#include "tests/sim/stage.h"

#define LEASE (7200 * USEC_PER_SEC)

/* How long a home router takes: UPnP is found by SSDP and spoken over HTTP. */
#define ANSWER_PCP  (3 * USEC_PER_MS)
#define ANSWER_UPNP (60 * USEC_PER_MS)

static bool
speaks_upnp(const struct box *b)
{
	return b->site.kind == &kinds[KIND_UPNP];
}

void
portmap_ask(struct box *b)
{
	usec_t wait = speaks_upnp(b) ? ANSWER_UPNP : ANSWER_PCP;

	if (kind_maps(b->site.kind))
		world_at(b->stage->w, &b->portmap, b->stage->w->now + wait);
}

void
portmap_ring(struct world *w, struct alarm *a)
{
	struct box *b = CONTAINER_OF(a, struct box, portmap);
	struct translator *nat = &b->site.home->v4;
	struct addr inside = b->site.host_v4;
	struct mapping m = {
		.method = speaks_upnp(b) ? MAPPING_UPNP : MAPPING_PCP,
		.external = nat->outside,
		.internal_port = BOX_PORT,
		.lifetime = LEASE / USEC_PER_SEC,
	};

	inside.port = BOX_PORT;
	m.external.port = nat_map(nat, w->now, &inside, LEASE);
	world_at(w, &b->portmap, w->now + LEASE / 2);
	mesh_mapped(b->mesh, box_clock(b), &m, m.external.port != 0, &b->stage->out);
	box_settle(b);
}
