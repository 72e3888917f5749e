/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene.h - the stories that are told in a world, and their table.
 *
 * A scene has cases, and every case is a test: it gets a new world of its own and returns if all
 * was as it should be, or ends the world (world_fail).
 */
#ifndef TESTS_SIM_SCENE_H
#define TESTS_SIM_SCENE_H

#include "tests/sim/world.h"

struct scene {
	const char *name;
	const char *about; /* a statement, as the name of a test */
	void (*run)(struct world *w, unsigned number);
	unsigned cases; /* numbers below this are run by `check` */
};

/* NULL-named at the end. */
extern const struct scene scenes[];

void scene_kinds(struct world *w, unsigned number);
void scene_punch(struct world *w, unsigned number);

#endif
