/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tap.h - somebody on the Internet who keeps what passes, and sends it again.
 */
#ifndef TESTS_SIM_TAP_H
#define TESTS_SIM_TAP_H

#include "tests/sim/net.h"

struct captured {
	usec_t when;
	struct addr src;
	struct addr dst;
	uint32_t len;
	uint8_t data[2048];
};

#define TAP_ROOM 256

struct tap {
	struct station station; /* on the Internet */
	struct addr addr;
	struct captured kept[TAP_ROOM];
	uint64_t count;
	uint64_t sent_bytes;
	uint64_t heard_bytes;
};

/* `t` hears `d` pass. */
void tap_capture(struct tap *t, const struct datagram *d);

/* `t` keeps what passes the Internet from now on. `addr` is its own address there. */
void tap_open(struct net *n, struct tap *t, struct addr addr);

/*
 * The tap sends something that it has kept for at least `age` once more, with the source that it
 * had or, for `own`, with its own. Without delay: with an age of 0 the copy may come first.
 */
void tap_replay(struct net *n, usec_t age, bool own);

#endif
