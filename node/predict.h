/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * predict.h - what two NATs take to get through, and at which ports.
 *
 * Simultaneous open does where one NAT maps independently of the endpoint and the other side can
 * be told where. Beyond that the ports of the harder NAT have to be foreseen: they come in a row,
 * or are the socket's own, or they are many and some are met by chance.
 *
 * The ladder, by the two descriptors; the rungs are those of enum rung:
 *
 *	             easy  restricted  first  step   block     random
 *	easy          -        -         -      -      -          -
 *	restricted            (sweep)  sweep  sweep  birthday  birthday
 *	first                          meet   meet   relay     relay
 *	step                                  meet   relay     relay
 *	block, random                                relay     relay
 *
 * "-": simultaneous open is enough. (sweep): where it failed nevertheless, again from a fresh
 * socket. Instead of a relay, a loud birthday where one of the NATs tells remote addresses apart
 * and not their ports: then each of its ports is open to all of the other's.
 */
#ifndef NODE_PREDICT_H
#define NODE_PREDICT_H

#include "core/wire.h"

#define PREDICT_PORT_MIN 1024
#define PREDICT_PORT_MAX 65535
#define PREDICT_PORTS	 (PREDICT_PORT_MAX - PREDICT_PORT_MIN + 1)

/* A sweep is over the next ports in a row; others behind the same NAT may have taken some. */
#define PREDICT_SWEEP 32
/* Sockets that each side meets with, and which of them is aimed at: some may come before it. */
#define PREDICT_MEET	32
#define PREDICT_MEET_AT 24

enum rung {
	RUNG_UNKNOWN,
	RUNG_EASY,       /* maps independently of the endpoint, and filters by address at most */
	RUNG_RESTRICTED, /* maps so, and filters by address and port */
	RUNG_FIRST,      /* the first flow of a socket keeps its port */
	RUNG_STEP,       /* ports come in a row */
	RUNG_BLOCK,
	RUNG_RANDOM,
};

enum rung predict_rung(const struct nat *n);

/* Does it tell remote addresses apart but not their ports, in both directions? */
bool predict_by_address(const struct nat *n);

struct plan {
	uint8_t technique; /* enum aim_technique; 0: none would help, or is needed */
	bool asks;         /* it is our side that asks for it */
	bool late;         /* only where simultaneous open has failed */
};

/*
 * What is to be tried between NATs `own` and `peer`. `hides`: a packet of ours can be made to end
 * behind our own NAT. `first`: of two alike, we are the one whose key is smaller.
 */
struct plan predict_plan(const struct nat *own, const struct nat *peer, bool hides, bool first);

/* May we do our part of `technique` when asked? 0, or the code to refuse with. */
uint8_t predict_refuses(const struct nat *own, uint8_t technique, bool hides);

/* A few ports in a row, counted through PREDICT_PORT_MIN .. PREDICT_PORT_MAX. */
struct ports {
	uint16_t first;
	int8_t stride;
	uint16_t n;
};

/* The `i`th of them. */
uint16_t predict_port(const struct ports *p, unsigned i);

/*
 * Where a socket behind `own` will be seen, that a lighthouse saw at the outside port `seen` and
 * that is bound to `local`, when it now sends elsewhere; for AIM_MEET, where one of several will.
 */
struct ports predict_own(const struct nat *own, uint8_t technique, uint16_t seen, uint16_t local);

/* Must a socket behind `own` be measured for that, or would its being used first spoil it? */
bool predict_measures(const struct nat *own);

/* All ports that flows from behind `own` may be seen at: those of its block, or from 1024. */
struct ports predict_all(const struct nat *own);

/*
 * The `k`th of the ports `p` in an order that has no end in sight: all differ for `k` below p->n,
 * and `chance` picks the order.
 */
uint16_t predict_scattered(const struct ports *p, uint32_t chance, unsigned k);

#endif
