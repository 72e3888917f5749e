/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.c - runs scenes: one, or all that `make check` runs.
 */
#include "core/text.h"
#include "tests/sim/scene.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct scene scenes[] = {
	{ "kinds", "the ladder gives every pair of kinds what was counted by hand", scene_kinds, 1 },
	{ "punch", "simultaneous open gets through where the ladder says so", scene_punch, 210 },
	{ 0 },
};

struct options {
	const char *scene; /* NULL: all */
	uint64_t seed;
	long number;	   /* of one case; -1: all */
	bool talk;
};

static double
cpu_seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* Runs one case; its hash, or 0 and a line that says how to see it again. */
static uint64_t
run_case(const struct scene *s, unsigned number, const struct options *o)
{
	static struct world w;
	uint64_t hash;

	world_init(&w, o->seed + number);
	w.talk = o->talk;
	if (setjmp(w.end) != 0) {
		printf("FAILED %s: %s\n  again with: build/sim --scenario %s --case %u --seed %" PRIu64
		       " --talk\n",
		    s->about, w.failure, s->name, number, o->seed);
		world_free(&w);
		return 0;
	}
	s->run(&w, number);
	hash = w.hash | 1;
	if (o->talk || o->number >= 0)
		printf("%s case %u: %" PRIu64 " events, hash %016" PRIx64 "\n", s->name, number,
		    w.events, hash);
	world_free(&w);
	return hash;
}

/* Runs the cases that `o` asks for; every first case twice, to see that it is the same run. */
static void
run_scene(const struct scene *s, const struct options *o, unsigned *passed, unsigned *failed)
{
	unsigned first = o->number < 0 ? 0 : (unsigned)o->number;
	unsigned end = o->number < 0 ? s->cases : first + 1;
	double start = cpu_seconds();
	unsigned bad = 0;

	for (unsigned i = first; i < end; i++)
		bad += run_case(s, i, o) == 0;
	*passed += end - first - bad;
	*failed += bad;
	printf("%s: %u of %u, %.1f s\n", s->name, end - first - bad, end - first,
	    cpu_seconds() - start);
}

static int
usage(void)
{
	printf("usage: sim [check] [--scenario NAME] [--case N] [--seed N] [--talk] [--list]\n");
	return 2;
}

static int
list(void)
{
	for (const struct scene *s = scenes; s->name != NULL; s++)
		printf("%-12s %3u  %s\n", s->name, s->cases, s->about);
	return 0;
}

/* 0, or -1 when it is no number. */
static int
number(uint64_t *ret, const char *text)
{
	return text == NULL ? -1 : text_u64(ret, text, 0, UINT32_MAX);
}

int
main(int argc, char **argv)
{
	struct options o = { .seed = 1, .number = -1 };
	unsigned passed = 0, failed = 0;
	uint64_t v;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "check") == 0)
			continue;
		if (strcmp(argv[i], "--list") == 0)
			return list();
		if (strcmp(argv[i], "--talk") == 0) {
			o.talk = true;
		} else if (strcmp(argv[i], "--scenario") == 0 && next != NULL) {
			o.scene = argv[++i];
		} else if (strcmp(argv[i], "--seed") == 0 && number(&v, next) == 0) {
			o.seed = v;
			i++;
		} else if (strcmp(argv[i], "--case") == 0 && number(&v, next) == 0) {
			o.number = (long)v;
			i++;
		} else {
			return usage();
		}
	}
	for (const struct scene *s = scenes; s->name != NULL; s++)
		if (o.scene == NULL || strcmp(o.scene, s->name) == 0)
			run_scene(s, &o, &passed, &failed);
	if (passed + failed == 0)
		return usage();
	printf("sim: %u passed, %u failed\n", passed, failed);
	return failed > 0;
}
