/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * device.c - the device of a node, with its addresses and routes.
 */
#include "node/device.h"

#include <errno.h>

#include "host/offloads.h"

/* Of the device; and of what goes to hosts whose path has not been measured. */
#define DEVICE_MTU  1420
#define UNKNOWN_MTU 1280

/* The network where the device is. */
static struct net *
network(struct node *n)
{
	return n->netns.holder > 0 ? &n->inside : &n->net;
}

uint32_t
device_index(const struct node *n)
{
	return n->netns.holder > 0 ? 0 : n->tun.ifindex;
}

void
device_route(struct node *n, const struct route_change *change)
{
	struct err err;
	int rc = 0;

	if (!node_has_device(n))
		return;
	if (change->add)
		rc = net_route_add(network(n), n->tun.ifindex, change->to, change->mtu, &err);
	else
		rc = net_route_del(network(n), n->tun.ifindex, change->to, &err);
	if (rc < 0 && rc != -ESRCH)
		log_line(&n->log, TRACE_WARNING, "%s", err.text);
}

int
device_configure(struct node *n, struct err *err)
{
	int rc;

	if (!node_has_device(n))
		return 0;
	rc = net_link_up(network(n), n->tun.ifindex, DEVICE_MTU, err);
	for (uint32_t i = 0; i < n->me.cert.address_count && rc == 0; i++)
		rc = net_address_add(network(n), n->tun.ifindex, n->me.cert.addresses[i], err);
	for (uint32_t i = 0; i < n->root.address_count && rc == 0; i++)
		rc = net_route_add(network(n), n->tun.ifindex, n->root.addresses[i], UNKNOWN_MTU, err);
	return rc;
}

/*
 * Opening
 */

int
device_namespace(struct node *n, struct err *err)
{
	return netns_make(&n->netns, err);
}

/* What is done where the device is to be. */
struct device_order {
	struct node *node;
	unsigned offloads;
	unsigned workers;
	char name[SETTING_VALUE_MAX];
	struct err *err;
};

/* For one thread. A device that somebody made before us may have a single queue. */
static int
open_lanes(const struct device_order *o)
{
	struct node *n = o->node;
	int rc;

	if (!(o->offloads & OFFLOAD_LANES) || if_nametoindex(o->name) != 0)
		return tun_open(&n->tun, o->name, o->offloads, o->err);
	rc = tun_open_several(&n->tun, o->name, o->offloads, o->err);
	if (rc == 0)
		n->lane_count = tun_open_lanes(&n->tun, n->lanes, TUN_LANES);
	return rc;
}

static int
open_there(void *arg)
{
	const struct device_order *o = arg;
	struct node *n = o->node;
	int rc = o->workers > 1 ? tun_open_several(&n->tun, o->name, o->offloads, o->err) :
				  open_lanes(o);

	if (rc == 0 && n->netns.holder > 0)
		rc = net_open(&n->inside, o->err);
	return rc;
}

static int
open_tun(struct node *n, struct err *err)
{
	struct device_order o = {
		.node = n,
		.offloads = offloads_get(&n->store.settings, node_settings),
		.workers = node_store_workers(&n->store),
		.err = err,
	};
	int rc = setting_get(&n->store.settings, setting_find(node_settings, "interface", NULL),
	    o.name, err);

	if (rc >= 0)
		rc = netns_within(&n->netns, open_there, &o, err);
	if (rc >= 0 && o.workers > 1)
		rc = workers_open(n, o.workers, err);
	return rc;
}

int
device_open(struct node *n, struct err *err)
{
	int rc = node_has_device(n) ? open_tun(n, err) : 0;

	if (rc >= 0)
		rc = net_open(&n->net, err);
	return rc < 0 ? rc : device_configure(n, err);
}

void
device_close(struct node *n)
{
	for (size_t i = 0; i < n->lane_count; i++)
		tun_close(&n->lanes[i]);
	tun_close(&n->tun);
	net_close(&n->inside);
	net_close(&n->net);
	netns_close(&n->netns);
}

/*
 * Workers
 */

struct joining {
	const struct node *node;
	struct tun *tun;
	bool own_queue;
	struct err *err;
};

static int
join_there(void *arg)
{
	const struct joining *j = arg;

	return tun_join(j->tun, &j->node->tun, j->own_queue, j->err);
}

int
device_join(struct node *n, struct tun *t, bool own_queue, struct err *err)
{
	struct joining j = { n, t, own_queue, err };

	return netns_within(&n->netns, join_there, &j, err);
}
