/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * aim_impl.h - the inside of aiming, for its three files: aim.c (the two sides agree), attempt.c
 * (an attempt's life, and what it may aim at), shoot.c (its parts).
 */
#ifndef NODE_AIM_IMPL_H
#define NODE_AIM_IMPL_H

#include "node/mesh_impl.h"

static inline bool
aim_is_birthday(uint8_t technique)
{
	return technique == AIM_BIRTHDAY || technique == AIM_LOUD;
}

/*
 * attempt.c
 */

/* As the nearest lighthouse sees our main IPv4 socket; FAMILY_NONE: none does. */
struct addr attempt_outside(struct mesh *m);

/* How long what we say in session takes to get there. */
usec_t attempt_one_way(struct peer *peer);

/*
 * May all of `a` be aimed at? Never a host that nobody but this frame speaks of; and where many
 * packets really arrive, only one that a lighthouse has seen the peer at.
 */
bool attempt_is_fair(struct mesh *m, const struct peer *peer, const struct aim *a);

/* The attempt `number` with `peer`, which has none; NULL without memory. */
struct attempt *attempt_new(struct mesh *m, struct instant now, struct peer *peer, uint32_t number,
    uint8_t technique, bool asked);

/* It is over and freed. `won`: the peer is reached directly. */
void attempt_over(struct mesh *m, struct instant now, struct peer *peer, bool won,
    struct outbox *out);

/* Says that what was asked is not done. */
void attempt_refuse(struct mesh *m, struct instant now, struct peer *peer, const struct aim *asked,
    uint8_t code, struct outbox *out);

/* Our part cannot be done after all: who asked is told, and the attempt is over. */
void attempt_give_up(struct mesh *m, struct instant now, struct peer *peer, uint8_t code,
    struct outbox *out);

/* Sets what we say of ourselves: ports of our own outside. */
void attempt_ours_are(struct mesh *m, struct attempt *a, uint8_t step, const struct ports *p);

/* Says it (again). */
void attempt_say(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);

/* Our part is done, and we are at these ports. */
void attempt_ready(struct mesh *m, struct instant now, struct peer *peer, const struct ports *p,
    struct outbox *out);

/*
 * shoot.c
 */

/* Opens a fresh socket and asks a lighthouse where it is seen, where that must be asked. */
void shoot_measure(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);
void shoot_measure_tick(struct mesh *m, struct instant now, struct peer *peer,
    struct outbox *out);

/* It is known where the fresh socket is seen: `seen`, 0 if that need not be asked. */
void shoot_measured(struct mesh *m, struct instant now, struct peer *peer, uint16_t seen,
    struct outbox *out);

/* The other side is ready: from now on we do the rest. */
void shoot_last(struct instant now, struct attempt *a);

/* The next packets of the first part, of the rest, and of who waits to be found by a sweep. */
void shoot_first_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);
void shoot_last_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);
void shoot_swept_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);

#endif
