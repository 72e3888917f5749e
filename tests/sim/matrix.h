/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * matrix.h - what came of every call, and the page that says so, docs/matrix.md.
 */
#ifndef TESTS_SIM_MATRIX_H
#define TESTS_SIM_MATRIX_H

#include "tests/sim/kinds.h"

/* From the first packet handed to the tunnel until its answer, and until the first direct one. */
#define FIRST_ANSWER_MEDIAN (200 * USEC_PER_MS)
#define FIRST_ANSWER_MAX    (500 * USEC_PER_MS)
#define FIRST_TCP_MAX       USEC_PER_SEC
#define DIRECT_MAX          USEC_PER_SEC
/* The same where it takes a birthday, for nine of ten; and where that is loud. */
#define CHANCE_MAX          (8 * USEC_PER_SEC)
#define LOUD_MAX            (15 * USEC_PER_SEC)

struct call {
	bool tried;
	bool by_chance;
	enum outcome outcome;
	usec_t first;  /* answer after */
	usec_t direct; /* after, 0: never */
};

/* By the kind that calls and the kind that is called; filled by scene_matrix(). */
extern struct call matrix_calls[KIND_COUNT][KIND_COUNT];

/* Half of all calls were answered for the first time after this; 0 when some were not tried. */
usec_t matrix_median(void);

/* The page, in Markdown. */
void matrix_print(void);

#endif
