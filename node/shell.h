/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shell.h - what the hosted files of a node share: the engine and the machine around it.
 */
#ifndef NODE_SHELL_H
#define NODE_SHELL_H

#include "core/bundle.h"
#include "core/outbox.h"
#include "core/rng.h"
#include "host/ctl.h"
#include "host/home.h"
#include "host/keep.h"
#include "host/log.h"
#include "host/loop.h"
#include "host/net.h"
#include "host/netns.h"
#include "host/resolve.h"
#include "host/tun.h"
#include "host/udp.h"
#include "host/tls_pool.h"
#include "host/udp_pool.h"
#include "node/ask.h"
#include "node/attach.h"
#include "node/groups.h"
#include "node/mapper.h"
#include "node/mesh.h"
#include "node/ping.h"
#include "node/runverb.h"
#include "node/seat.h"
#include "node/store.h"
#include "node/workers.h"

/* The main sockets, one a family. */
#define NODE_SOCKETS 2
/* Endpoints of lighthouses that are names. */
#define NODE_NAMES_MAX (MESH_LIGHTHOUSES_MAX * MESH_LIGHTHOUSE_ENDPOINTS_MAX)

/* An endpoint of a lighthouse that is looked up. */
struct node_name {
	struct resolve resolve;
	char lighthouse[NAME_MAX_LEN + 1];
};

struct node {
	struct loop loop;
	struct workers *workers; /* for the data path; NULL: the loop's thread does it */
	struct home home;
	struct log log;
	struct store store;
	struct keep keep;
	struct udp udp[NODE_SOCKETS];
	struct groups groups;	/* where we announce ourselves */
	struct udp_pool pool;	/* the sockets beside them */
	struct tls_pool streams;
	char trouble_said[320];	/* about a proxy, so that it is not said again */
	struct ip listen;	/* the address they are bound to; FAMILY_NONE: all */
	struct tun tun;
	struct tun lanes[TUN_LANES]; /* of the same device, without workers */
	size_t lane_count;
	struct netns netns;	/* where the device is, if not here */
	struct net net;
	struct net inside;	/* that of the namespace */
	struct mapper mapper;
	struct resolve translator; /* looked up where there is only IPv6; ctx NULL: never was */
	struct ctl ctl;
	struct rng rng;
	struct bundle bundle;
	struct verified me;
	struct cert root;
	struct node_name *names; /* as many as `bundle` needs, at most NODE_NAMES_MAX */
	size_t name_count;
	struct mesh *mesh;
	struct outbox out;
	struct pinger pinger;
	struct asker asker;
	struct runners runners;
	struct attach attach;	/* of programs that use the device */
	struct seat seat;	/* of who answers for an authority */
	usec_t started;		/* mono */
	bool seen_elsewhere;	/* and the router was not asked yet what that means */
	usec_t swap_at;		/* mono: a renewed certificate that could not be stored waits for it */
	bool stopping;
};

/* Has this node a device? One that only speaks for an authority has none, and needs no root. */
static inline bool
node_has_device(const struct node *n)
{
	return n->home.role == HOME_NODE;
}

/* Carries out what the engine wants done, and sleeps until something is next due. */
void node_settle(struct node *n);

/* Sleeps until something is next due, and no longer. */
void node_wake_when_due(struct node *n);

/* The issuing CA of `host` among the bundle's; nothing when a root signed it. */
struct cert_bytes node_issuing_of(const struct bundle *b, const struct cert *host);

/* Hands the settings of the store to the engine. */
int node_configure(struct node *n, struct err *err) must_check;

/* Reads bundle and settings again; the engine starts anew when the bundle has changed. */
int node_reload(struct node *n, struct err *err) must_check;

/* The engine starts anew with the bundle in hand, or the node stops. */
int node_restart(struct node *n, struct err *err) must_check;

/* Ends the loop after the request in hand is answered. */
void node_stop(struct node *n);

#endif
