/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mapper.h - the shell of portmap.c: what it wants done becomes packets and jobs.
 *
 * There is one machine for IPv4 and one for IPv6. PCP has a socket of its own for each, NAT-PMP is
 * libnatpmp's, and whatever is said by UPnP blocks and runs on libuv's thread pool, one job at a
 * time, for at most MAPPER_JOB_TIME. Only the default gateway is talked to.
 */
#ifndef NODE_MAPPER_H
#define NODE_MAPPER_H

#include "host/igd.h"
#include "host/natpmp.h"
#include "host/net.h"
#include "node/portmap.h"

#define MAPPER_FAMILIES 2
/* A job's end, and how long a node that stops waits for the last one. */
#define MAPPER_JOB_TIME	 (2 * USEC_PER_SEC)
#define MAPPER_LAST_TIME USEC_PER_SEC
/* Ports outside that are tried when the one we like is taken. */
#define MAPPER_PORTS 4

/* What UPnP is to do, and what came of it: the thread's own copy. */
struct mapper_job {
	uv_work_t work;
	unsigned what;		/* one of PORTMAP_FIND_UPNP, _MAP_UPNP, _DROP_UPNP; 0: idle */
	unsigned network;	/* in which it was begun */
	struct ip gateway, self;
	uint16_t internal;
	uint16_t ports[MAPPER_PORTS];
	struct igd igd;
	int rc;
	struct portmap_grant grant;
};

struct mapper {
	struct rng rng;
	struct net *net;
	uint32_t except;	/* our own interface */
	bool on;
	struct portmap map[MAPPER_FAMILIES];
	struct net_gateway gateway[MAPPER_FAMILIES];
	int fd[MAPPER_FAMILIES];
	uv_poll_t poll[MAPPER_FAMILIES];
	bool watching[MAPPER_FAMILIES];
	struct natpmp natpmp;
	struct mapper_job job;
	unsigned wanted;	/* jobs that wait for the one in hand */
	unsigned network;	/* counts the gateways */
	struct igd igd;		/* that FIND found */
	uv_loop_t *loop;
	bool closed;
	void *ctx;
	void (*on_work)(void *ctx, bool changed);
};

/*
 * Maps nothing yet. `secret` is that of portmap_init(). `on_work` is called whenever mapper_due()
 * may be another, and with `changed` when mapper_mappings() is. `net` must outlive it.
 */
void mapper_open(struct mapper *m, uv_loop_t *loop, struct net *net, uint32_t except,
    const struct rng *rng, const uint8_t secret[static 32], void *ctx,
    void (*on_work)(void *ctx, bool changed));

/*
 * The main sockets' ports (0: there is none), and whether anything may be mapped: to be called at
 * the beginning and whenever that or the network has changed. What may not be any more is given
 * back.
 */
void mapper_network(struct mapper *m, bool on, const uint16_t port[static MAPPER_FAMILIES]);

/* There is reason to think that the gateway has forgotten us, or has another address. */
void mapper_again(struct mapper *m);

void mapper_tick(struct mapper *m);
usec_t mapper_due(const struct mapper *m);

/* What is held; returns how many. */
size_t mapper_mappings(const struct mapper *m, struct mapping ret[static MAPPER_FAMILIES]);

/* One word of [a-z]: "off", "asking", "none", "held"; of the IPv4 machine. */
const char *mapper_state_word(const struct mapper *m);

/*
 * Gives back what is held, in at most MAPPER_LAST_TIME. `m` must live until the loop has been
 * freed.
 */
void mapper_close(struct mapper *m);

#endif
