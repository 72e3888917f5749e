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
	unsigned cases; /* those below this number are run by `check` */
};

/* The network itself. */
void scene_kinds(struct world *w, unsigned number);
void scene_punch(struct world *w, unsigned number);
void scene_hops(struct world *w, unsigned number);
void scene_group(struct world *w, unsigned number);
void scene_watch(struct world *w, unsigned number);

/* Every pair of kinds, both ways; see matrix.h. */
void scene_matrix(struct world *w, unsigned number);
void scene_open(struct world *w, unsigned number);

/* Those that are direct by chance, again and again. */
void scene_chance(struct world *w, unsigned number);

/* One thing at a time. */
void scene_ping(struct world *w, unsigned number);
void scene_same_lan(struct world *w, unsigned number);
void scene_lighthouse_dies(struct world *w, unsigned number);
void scene_no_lighthouse(struct world *w, unsigned number);
void scene_restart(struct world *w, unsigned number);
void scene_new_address(struct world *w, unsigned number);
void scene_nat_reboots(struct world *w, unsigned number);
void scene_one_way(struct world *w, unsigned number);
void scene_cut(struct world *w, unsigned number);
void scene_events(struct world *w, unsigned number);
void scene_flaps(struct world *w, unsigned number);
void scene_rekeys(struct world *w, unsigned number);
void scene_silence(struct world *w, unsigned number);
void scene_bad_links(struct world *w, unsigned number);
void scene_forger(struct world *w, unsigned number);
void scene_wrong_clocks(struct world *w, unsigned number);
void scene_streams(struct world *w, unsigned number);
void scene_mtu(struct world *w, unsigned number);
void scene_black_hole(struct world *w, unsigned number);
void scene_replay(struct world *w, unsigned number);
void scene_expiry(struct world *w, unsigned number);
void scene_successor(struct world *w, unsigned number);
void scene_load(struct world *w, unsigned number);

/* The network state, and who lies about it. */
void scene_revocation(struct world *w, unsigned number);
void scene_rollback(struct world *w, unsigned number);
void scene_fork(struct world *w, unsigned number);
void scene_freeze(struct world *w, unsigned number);
void scene_absent(struct world *w, unsigned number);

/* Each reason why somebody is reached so, and the list of them. */
#define SCENE_WHY_CASES 47
void scene_why(struct world *w, unsigned number);

/* What node and lighthouses find out together. */
/* Through two hard NATs. */
#define PREDICT_CASES  (8 * 40)
#define BIRTHDAY_CASES 100
void scene_predict(struct world *w, unsigned number);
void scene_birthday(struct world *w, unsigned number);
void scene_guard(struct world *w, unsigned number);
void scene_netcheck(struct world *w, unsigned number);
void scene_mapping_life(struct world *w, unsigned number);
void scene_networks(struct world *w, unsigned number);
/* Announcements on the LAN. */
void scene_lan(struct world *w, unsigned number);
void scene_same_prefix(struct world *w, unsigned number);
void scene_loud_lan(struct world *w, unsigned number);

/* Nobody but peers to ask. */
void scene_introducer(struct world *w, unsigned number);

/* Relays that are nodes. */
void scene_node_relay(struct world *w, unsigned number);
void scene_relay_choice(struct world *w, unsigned number);
void scene_relay_dies(struct world *w, unsigned number);
void scene_relay_stops(struct world *w, unsigned number);
void scene_relay_shares(struct world *w, unsigned number);

/* Hosts with a token. */
void scene_enrol(struct world *w, unsigned number);

/* Certificates that end. */
void scene_renew(struct world *w, unsigned number);
void scene_rekey(struct world *w, unsigned number);
void scene_rotate(struct world *w, unsigned number);

/* Parties that start together. */
void scene_runs(struct world *w, unsigned number);

/* An authority that certifies a second key, and who has pinned the first. */
void scene_pins(struct world *w, unsigned number);

/* Who computes together. */
void scene_study(struct world *w, unsigned number);

/* Whoever lies. */
void scene_liar(struct world *w, unsigned number);
void scene_false_address(struct world *w, unsigned number);
void scene_introductions(struct world *w, unsigned number);

/* Everything at a time. */
void scene_chaos(struct world *w, unsigned number);
void scene_thousand(struct world *w, unsigned number);
void scene_regions(struct world *w, unsigned number);

#endif
