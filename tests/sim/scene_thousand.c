/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_thousand.c - a thousand nodes, and regions; `make bench-sim` has more of both (crowd.h).
 */
#include "tests/sim/crowd.h"
#include "tests/sim/scene.h"

/* Of what a node may take while ten others talk with it; its bytes differ by 3 % between seeds. */
#define MEMORY_MAX     265000
#define PACKETS_MAX    30.0
#define HANDSHAKES_MAX 40.0

void
scene_thousand(struct world *w, unsigned number)
{
	static const struct crowd_plan plan = {
		.nodes = 1000,
		.lighthouses = 2,
		.span = 100 * USEC_PER_SEC,
	};
	struct crowd_report r;

	(void)number;
	crowd_run(w, &plan, &r);
	crowd_print(&plan, &r);
	if (r.memory > MEMORY_MAX || r.packets > PACKETS_MAX || r.handshakes > HANDSHAKES_MAX)
		world_fail(w, "a node takes more than it may");
}

void
scene_regions(struct world *w, unsigned number)
{
	const struct crowd_plan plan = {
		.nodes = 60,
		.lighthouses = 2,
		.regions = 2 + number,
		.span = 160 * USEC_PER_SEC,
	};
	struct crowd_report r;

	crowd_run(w, &plan, &r);
	if (r.for_region == 0 || r.for_region > r.for_all)
		world_fail(w, "a lighthouse of a region took %.1f packets a second, one of all %.1f",
		    r.for_region, r.for_all);
}
