/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * portmap.h - a shell that asks the router for a port.
 */
#ifndef TESTS_SIM_PORTMAP_H
#define TESTS_SIM_PORTMAP_H

#include "tests/sim/world.h"

struct box;

/* Of a box that is on: its addresses are new, so its router is asked, whatever it may answer. */
void portmap_ask(struct box *b);

/* The alarm of a box at which its router answers, or it asks again. */
void portmap_ring(struct world *w, struct alarm *a);

#endif
