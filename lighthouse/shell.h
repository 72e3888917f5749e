/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shell.h - what run.c and control.c of a lighthouse share: the engine and the machine around it.
 */
#ifndef LIGHTHOUSE_SHELL_H
#define LIGHTHOUSE_SHELL_H

#include "core/bundle.h"
#include "core/outbox.h"
#include "core/rng.h"
#include "host/ctl.h"
#include "host/home.h"
#include "host/keep.h"
#include "host/log.h"
#include "host/loop.h"
#include "host/tls_pool.h"
#include "host/udp.h"
#include "lighthouse/beacon.h"
#include "lighthouse/store.h"

/* The main sockets, then those of the second port; IPv4 before IPv6. */
#define LIGHTHOUSE_SOCKETS 4

struct lighthouse {
	struct loop loop;
	struct home home;
	struct log log;
	struct store store;
	struct keep keep;
	struct udp udp[LIGHTHOUSE_SOCKETS];
	struct tls_pool streams;
	struct ctl ctl;
	struct rng rng;
	struct bundle bundle;
	struct verified me;
	struct cert root;
	struct beacon *beacon;
	struct outbox out;
	usec_t started;		/* mono */
	bool stun, relay;	/* as set when it started */
	uint64_t relay_rate;	/* bytes a second, likewise */
	uint32_t clients_max;	/* likewise */
	usec_t spin;		/* likewise */
	struct ip only;		/* the one address that it listens at; FAMILY_NONE: at all */
	uint16_t tcp_port;	/* 0: none */
	bool tcp_asked;		/* somebody has set it */
	struct err tcp_trouble; /* why nothing listens there, or empty */
	usec_t swap_at;		/* mono: a renewed certificate that could not be stored waits for it */
	bool stopping;
};

/* Carries out what the engine wants done, and sleeps until it is next due. */
void lighthouse_settle(struct lighthouse *l);

/* Reads the bundle again; the engine starts anew when it has changed. */
int lighthouse_reload(struct lighthouse *l, struct err *err) must_check;

/* The engine starts anew with the bundle in hand, or the lighthouse stops. */
int lighthouse_restart(struct lighthouse *l, struct err *err) must_check;

/* Ends the loop after the request in hand is answered. */
void lighthouse_stop(struct lighthouse *l);

#endif
