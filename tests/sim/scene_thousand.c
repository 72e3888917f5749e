/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_thousand.c - a thousand nodes; `make bench-sim` has ten thousand (crowd.h).
 */
#include "tests/sim/crowd.h"
#include "tests/sim/scene.h"

/* Of what a node may take while ten others talk with it. */
#define MEMORY_MAX     250000
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
