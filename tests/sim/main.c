/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.c - runs scenes: some case of one, or all that `make check` runs.
 */
#include "core/text.h"
#include "tests/sim/crowd.h"
#include "tests/sim/events.h"
#include "tests/sim/matrix.h"
#include "tests/sim/scene.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct scene scenes[] = {
	{ "kinds", "the ladder gives the pairs of kinds what was counted elsewhere", scene_kinds,
	    1 },
	{ "punch", "simultaneous open gets through where the ladder says so", scene_punch, 210 },
	{ "hops", "a datagram opens the NATs behind which it ends", scene_hops, 18 },
	{ "group", "what is sent to a group is heard on its LAN only", scene_group, 2 },
	{ "watch", "the watch notices what no engine may do", scene_watch, 11 },
	{ "ping", "nodes and lighthouses answer echo requests", scene_ping, 6 },
	{ "same-lan", "two on one LAN talk there", scene_same_lan, 5 },
	{ "clocks", "wrong clocks keep nobody apart", scene_wrong_clocks, 6 },
	{ "forger", "nobody is heard in another's name", scene_forger, 6 },
	{ "lighthouse", "a lighthouse dies and nobody notices", scene_lighthouse_dies, 6 },
	{ "orphans", "a restarted node finds its peers without any lighthouse", scene_no_lighthouse,
	    2 },
	{ "restart", "a node that was off is back at once", scene_restart, 6 },
	{ "address", "a new public address is a moment's silence", scene_new_address, 6 },
	{ "reboot", "a router starts again and the way through it is found", scene_nat_reboots, 6 },
	{ "one-way", "a path that fails in one direction is left", scene_one_way, 12 },
	{ "cut", "a path that fails is left, and taken again when it is healed", scene_cut, 6 },
	{ "events", "what the network does is a moment's silence", scene_events, EVENT_CASES },
	{ "flaps", "loss and jitter do not move data between paths", scene_flaps, 4 },
	{ "rekeys", "sessions are renewed and nobody notices", scene_rekeys, 6 },
	{ "silence", "after an hour of silence the first packet is answered", scene_silence, 6 },
	{ "bad-links", "what a bad link loses is all that is lost", scene_bad_links, 12 },
	{ "streams", "where UDP is blocked TCP carries, and only there", scene_streams, 6 },
	{ "mtu", "routes carry what the path carries", scene_mtu, 10 },
	{ "black-hole", "a path that loses large packets gets smaller ones", scene_black_hole, 4 },
	{ "replay", "nothing comes of a datagram that was heard before", scene_replay, 10 },
	{ "expiry", "a session ends with its certificates", scene_expiry, 4 },
	{ "successor", "a newer certificate takes the place of an older", scene_successor, 2 },
	{ "revocation", "a second after a revocation its holder is out, whoever withholds it",
	    scene_revocation, 2 },
	{ "rollback", "who goes back to an older state goes alone, and is brought forward",
	    scene_rollback, 2 },
	{ "fork", "two states of one version are seen and kept", scene_fork, 2 },
	{ "freeze", "a state that nobody renews is said to be old", scene_freeze, 2 },
	{ "absent", "who was away hears who was revoked, and remembers", scene_absent, 2 },
	{ "load", "under load everybody proves their address and gets in", scene_load, 2 },
	{ "predict", "ports in a row are met as often as was measured elsewhere", scene_predict,
	    PREDICT_CASES },
	{ "birthday", "a birthday needs as many sockets as the paradox says", scene_birthday,
	    BIRTHDAY_CASES },
	{ "guard", "a birthday is seen by no flood guard", scene_guard, 6 },
	{ "netcheck", "a node finds out what it sits behind", scene_netcheck, 4 * KIND_COUNT },
	{ "life", "mappings are kept alive as long as they are found to live", scene_mapping_life,
	    4 },
	{ "networks", "who comes back to a network knows it", scene_networks, 3 },
	{ "lan", "two at one site need no lighthouse", scene_lan, 8 },
	{ "same-prefix", "sites with the same private addresses are told apart", scene_same_prefix,
	    3 },
	{ "loud-lan", "many on one LAN announce themselves and nothing storms", scene_loud_lan, 1 },
	{ "introducer", "a peer that both have introduces two where no lighthouse does",
	    scene_introducer, 4 },
	{ "node-relay", "a node relays where no lighthouse does", scene_node_relay, 4 },
	{ "relay-choice", "of several relays the nearest one is used", scene_relay_choice, 2 },
	{ "relay-dies", "a relay dies and the second one takes over", scene_relay_dies, 4 },
	{ "relay-shares", "who floods a relay takes nothing from others", scene_relay_shares, 1 },
	{ "relay-stops", "a relay that stops or refuses is left", scene_relay_stops, 2 },
	{ "why", "every reason is given where it is the right one", scene_why, SCENE_WHY_CASES },
	{ "enrol", "a token brings one certificate, whatever happens on the way", scene_enrol, 10 },
	{ "renew", "certificates are renewed while people talk, or the end is seen", scene_renew, 10 },
	{ "rekey", "a node gets another key while it talks, or keeps the one that it has",
	    scene_rekey, 7 },
	{ "rotate", "the root is succeeded by another while people talk or sleep", scene_rotate, 8 },
	{ "runs", "parties start together and stop together", scene_runs, 9 },
	{ "pins", "who has pinned a key meets no other, whatever the authority signs", scene_pins, 6 },
	{ "study", "a study comes to its parties, and all know who has accepted", scene_study, 7 },
	{ "liar", "a lighthouse that lies makes nobody flood a bystander", scene_liar, 2 },
	{ "false-addr", "nor does a node that claims another's address", scene_false_address, 2 },
	{ "introduce", "a node that wants all at once is introduced at its pace",
	    scene_introductions, 1 },
	{ "matrix", "every kind of site reaches every kind as the ladder says", scene_matrix, 400 },
	{ "open", "whoever is first, a router takes nothing for its own", scene_open, 18 },
	{ "chance", "a pair that is direct by chance is so soon and nearly always", scene_chance,
	    123 },
	{ "chaos", "when faults stop, whoever can talk does", scene_chaos, 24 },
	{ "thousand", "a thousand nodes reach ten others each", scene_thousand, 1 },
	{ "regions", "half of the lighthouses of all regions die", scene_regions, 2 },
};

struct options {
	const struct scene *scene; /* NULL: all */
	uint64_t seed;
	long number; /* of one case; -1: those of `check` */
	unsigned cases; /* instead of those of `check`; 0: not */
	unsigned crowd; /* nodes; 0: none */
	unsigned regions;
	bool talk;
	bool matrix;
	bool events;
};

struct tally {
	unsigned passed;
	unsigned failed;
};

static double
cpu_seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* Runs one case; its hash, or 0 after saying what failed and how to see it again. */
static uint64_t
run_case(const struct scene *s, unsigned number, const struct options *o)
{
	static struct world w;
	uint64_t hash;

	world_init(&w, o->seed + number);
	w.talk = o->talk;
	if (setjmp(w.end) != 0) {
		printf("FAILED %s: %s\n  again with: build/sim --scenario %s --case %u --seed "
		       "%" PRIu64 " --talk\n",
		    s->about, w.failure, s->name, number, o->seed);
		world_free(&w);
		return 0;
	}
	s->run(&w, number);
	hash = w.hash | 1;
	if (o->number >= 0)
		printf("%s, case %u: %" PRIu64 " events in %.1f s, hash %016" PRIx64 "\n", s->name,
		    number, w.events, (double)w.now / 1e6, hash);
	world_free(&w);
	return hash;
}

/* The first case runs twice: the same seed is the same run, to the bit. */
static bool
runs_again(const struct scene *s, unsigned number, const struct options *o, uint64_t hash)
{
	uint64_t again = run_case(s, number, o);

	if (again == hash)
		return true;
	printf("FAILED %s: case %u ran twice, with hashes %016" PRIx64 " and %016" PRIx64 "\n",
	    s->name, number, hash, again);
	return false;
}

static void
run_scene(const struct scene *s, const struct options *o, struct tally *t)
{
	unsigned first = o->number < 0 ? 0 : (unsigned)o->number;
	unsigned cases = o->cases > 0 ? o->cases : s->cases;
	unsigned end = o->number < 0 ? cases : first + 1;
	double start = cpu_seconds();
	unsigned bad = 0;

	for (unsigned i = first; i < end; i++) {
		uint64_t hash = run_case(s, i, o);

		bad += hash == 0 || (i == first && end - first > 1 && !runs_again(s, i, o, hash));
	}
	t->passed += end - first - bad;
	t->failed += bad;
	if ((!o->matrix && !o->events) || bad > 0)
		printf("%-10s %u of %u, %.1f s\n", s->name, end - first - bad, end - first,
		    cpu_seconds() - start);
}

/* `nodes` for five minutes, and what that takes. */
static int
run_crowd(const struct options *o)
{
	static struct world w;
	const struct crowd_plan plan = {
		.nodes = o->crowd,
		.lighthouses = o->regions > 0 || o->crowd <= 2000 ? 2 : 4,
		.regions = o->regions,
		.span = 300 * USEC_PER_SEC,
	};
	struct crowd_report r;

	world_init(&w, o->seed);
	if (setjmp(w.end) != 0) {
		printf("FAILED %s\n", w.failure);
		world_free(&w);
		return 1;
	}
	crowd_run(&w, &plan, &r);
	crowd_print(&plan, &r);
	printf("  the simulation    %" PRIu64 " events in %.0f s\n", w.events, cpu_seconds());
	world_free(&w);
	return 0;
}

static int
usage(void)
{
	printf("usage: sim [check] [--scenario NAME] [--case N | --cases N] [--seed N] [--talk]\n"
	       "       sim --matrix | --events\n"
	       "       sim --crowd NODES [--regions N] [--seed N]\n"
	       "       sim --list\n");
	return 2;
}

static int
list(void)
{
	for (size_t i = 0; i < ARRAY_LEN(scenes); i++)
		printf("%-10s %3u  %s\n", scenes[i].name, scenes[i].cases, scenes[i].about);
	return 0;
}

static const struct scene *
find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(scenes); i++)
		if (name != NULL && strcmp(scenes[i].name, name) == 0)
			return &scenes[i];
	return NULL;
}

/* Takes an option and what follows it. How many words that was, or -1. */
static int
option(struct options *o, const char *word, const char *next)
{
	uint64_t v;

	if (strcmp(word, "check") == 0)
		return 1;
	if (strcmp(word, "--talk") == 0) {
		o->talk = true;
		return 1;
	}
	if (strcmp(word, "--matrix") == 0) {
		o->matrix = true;
		o->scene = find("matrix");
		return 1;
	}
	if (strcmp(word, "--events") == 0) {
		o->events = true;
		o->scene = find("events");
		return 1;
	}
	if (strcmp(word, "--scenario") == 0) {
		o->scene = find(next);
		return o->scene == NULL ? -1 : 2;
	}
	if (next == NULL || text_u64(&v, next, 0, UINT32_MAX) < 0)
		return -1;
	if (strcmp(word, "--seed") == 0) {
		o->seed = v;
		return 2;
	}
	if (strcmp(word, "--cases") == 0) {
		o->cases = (unsigned)v;
		return 2;
	}
	if (strcmp(word, "--crowd") == 0) {
		o->crowd = (unsigned)v;
		return 2;
	}
	if (strcmp(word, "--regions") == 0 && v <= CROWD_REGIONS_MAX) {
		o->regions = (unsigned)v;
		return 2;
	}
	if (strcmp(word, "--case") == 0) {
		o->number = (long)v;
		return 2;
	}
	return -1;
}

int
main(int argc, char **argv)
{
	struct options o = { .seed = 1, .number = -1 };
	struct tally t = { 0 };

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc;) {
		int taken = option(&o, argv[i], argv[i + 1]);

		if (strcmp(argv[i], "--list") == 0)
			return list();
		if (taken < 0)
			return usage();
		i += taken;
	}
	if (o.crowd > 0 && o.regions > 0 && (o.crowd % o.regions > 0 || o.crowd < 2 * o.regions))
		return usage();
	if (o.crowd > 0)
		return run_crowd(&o);
	for (size_t i = 0; i < ARRAY_LEN(scenes); i++)
		if (o.scene == NULL || o.scene == &scenes[i])
			run_scene(&scenes[i], &o, &t);
	if (o.matrix)
		matrix_print();
	else if (o.events)
		events_print();
	else
		printf("sim: %u passed, %u failed\n", t.passed, t.failed);
	return t.failed > 0;
}
