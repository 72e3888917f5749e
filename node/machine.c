/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * machine.c - what a node is told of the machine that it runs on, and of the network around it.
 */
#include "node/machine.h"

#include <net/if.h>
#include <string.h>

#include "core/crypto.h"
#include "core/nat64.h"
#include "node/device.h"

/* The gateway's own address, by which networks are told apart in which we have the same one. */
static void
tell_gateway(struct node *n)
{
	struct net_gateway gateways[NET_GATEWAYS_MAX];
	uint8_t link[NET_LINK_LEN];

	if (net_gateways(&n->net, FAMILY_V4, device_index(n), gateways, NULL) <= 0 &&
	    net_gateways(&n->net, FAMILY_V6, device_index(n), gateways, NULL) <= 0)
		return;
	if (net_link_address(&n->net, &gateways[0], link) == 0)
		mesh_gateway(n->mesh, clock_now(), link, &n->out);
}

void
machine_tell_addresses(struct node *n)
{
	struct net_address found[NET_ADDRESSES_MAX];
	struct addr local[MESH_LOCAL_MAX];
	int count = net_addresses(&n->net, device_index(n), found, NULL);
	size_t told = 0;

	for (int i = 0; i < count && told < MESH_LOCAL_MAX; i++) {
		const struct udp *u = &n->udp[found[i].ip.family == FAMILY_V6];

		if (u->fd >= 0)
			local[told++] = addr_from_ip(found[i].ip, u->port);
	}
	if (setting_yes(&n->store.settings, node_settings, "lan-discovery"))
		groups_join(n, found, count > 0 ? (size_t)count : 0);
	else
		groups_join(n, NULL, 0);
	mesh_net_changed(n->mesh, clock_now(), local, told, &n->out);
	tell_gateway(n);
}

/* Is the interface among those of the setting "metered"? */
static bool
is_metered(const char *metered, uint32_t ifindex)
{
	char name[IF_NAMESIZE];
	size_t len;

	if (!if_indextoname(ifindex, name))
		return false;
	len = strlen(name);
	for (const char *p = metered; *p; p += strcspn(p, ","), p += *p == ',')
		if (strncmp(p, name, len) == 0 && (p[len] == ',' || p[len] == '\0'))
			return true;
	return false;
}

/* Tells the engine by which interfaces the Internet is reached. */
static void
tell_uplinks(struct node *n)
{
	struct net_gateway gateways[NET_GATEWAYS_MAX];
	struct uplink uplinks[2 * NET_GATEWAYS_MAX];
	char metered[SETTING_VALUE_MAX];
	size_t told = 0;

	if (setting_get(&n->store.settings, setting_find(node_settings, "metered", NULL), metered,
	    NULL) < 0)
		metered[0] = '\0';
	for (size_t f = 0; f < NODE_SOCKETS; f++) {
		int count = n->udp[f].fd < 0 ? 0 : net_gateways(&n->net, n->udp[f].family,
		    device_index(n), gateways, NULL);

		for (int i = 0; i < count; i++)
			uplinks[told++] = (struct uplink){
				.ifindex = gateways[i].ifindex,
				.family = n->udp[f].family,
				.preferred = i == 0,
				.metered = is_metered(metered, gateways[i].ifindex),
			};
	}
	mesh_uplinks(n->mesh, clock_now(), uplinks, told, &n->out);
}

/*
 * IPv4 where there is only IPv6
 */

/* Does everything that leads outside speak IPv6 alone? */
static bool
has_only_ipv6(struct node *n)
{
	struct net_gateway gateways[NET_GATEWAYS_MAX];

	return n->udp[1].fd >= 0 &&
	    net_gateways(&n->net, FAMILY_V4, device_index(n), gateways, NULL) == 0 &&
	    net_gateways(&n->net, FAMILY_V6, device_index(n), gateways, NULL) > 0;
}

/* The lighthouses that have an IPv4 address are behind `prefix` too. */
static void
add_translated(struct node *n, struct ip prefix)
{
	for (uint32_t i = 0; i < n->bundle.lighthouse_count; i++) {
		const struct bundle_lighthouse *lh = &n->bundle.lighthouses[i];
		struct addr v4, at;
		struct cert cert;

		if (cert_decode(&cert, lh->cert.bytes, lh->cert.len, NULL) < 0)
			continue;
		for (uint32_t k = 0; k < lh->endpoint_count; k++)
			if (endpoint_is_addr(&v4, lh->endpoints[k]) &&
			    nat64_endpoint(&at, prefix, &v4) == 0)
				(void)!mesh_add_endpoint(n->mesh, clock_now(), cert.name, &at,
				    &n->out);
	}
}

/* Some address of the name that only a translator has one for. */
static void
on_translator(void *ctx, struct resolve *r, const struct addr *at)
{
	struct node *n = ctx;
	struct ip prefix;

	(void)r;
	if (!n->mesh || nat64_prefix(&prefix, addr_ip(at)) < 0 || !has_only_ipv6(n))
		return;
	add_translated(n, prefix);
	node_settle(n);
}

/* The well-known prefix is tried at once, and the network is asked for its own (RFC 7050). */
static void
look_for_translator(struct node *n)
{
	if (!n->mesh || !has_only_ipv6(n))
		return;
	add_translated(n, nat64_well_known());
	if (n->translator.ctx)
		resolve_again(&n->translator);
	else
		(void)!resolve_open(&n->translator, &n->loop.uv, NAT64_NAME ":7717", n,
		    on_translator);
}

/*
 * The router
 */

/* What the router passes on to us is something else now. */
static void
on_mapper(void *ctx, bool changed)
{
	struct mapping held[MAPPER_FAMILIES];
	struct node *n = ctx;

	if (!n->mesh)
		return;
	if (changed)
		mesh_mapped(n->mesh, clock_now(), held, mapper_mappings(&n->mapper, held), &n->out);
	node_settle(n);
}

/* The router is asked for the main sockets' ports, if that is wanted. */
static void
ask_router(struct node *n)
{
	uint16_t port[MAPPER_FAMILIES] = { 0 };

	for (size_t i = 0; i < NODE_SOCKETS; i++)
		if (n->udp[i].fd >= 0)
			port[i] = n->udp[i].port;
	mapper_network(&n->mapper, setting_yes(&n->store.settings, node_settings, "port-mapping"),
	    port);
}

void
machine_tell(struct node *n)
{
	tell_uplinks(n);
	look_for_translator(n);
	on_mapper(n, true);
}

void
machine_configured(struct node *n)
{
	machine_tell_addresses(n);
	tell_uplinks(n);
	node_settle(n);
	ask_router(n);
}

static void
on_net_change(void *ctx)
{
	struct node *n = ctx;

	for (size_t i = 0; i < NODE_SOCKETS; i++)
		udp_forget_sources(&n->udp[i]);
	udp_pool_forget_sources(&n->pool);
	for (size_t i = 0; i < n->name_count; i++)
		resolve_again(&n->names[i].resolve);
	look_for_translator(n);
	machine_configured(n);
}

static void
on_gateway(void *ctx)
{
	struct node *n = ctx;

	tell_gateway(n);
	node_settle(n);
}

/* Its nonces are our own and no one else's, in this life and the next. */
static void
open_mapper(struct node *n)
{
	static const char label[] = "mpynet port mapping nonces";
	uint8_t secret[32];

	crypto_kdf1(secret, n->bundle.key, label, sizeof(label) - 1);
	mapper_open(&n->mapper, &n->loop.uv, &n->net, device_index(n), &n->rng, secret, n, on_mapper);
	crypto_wipe(secret, sizeof(secret));
}

int
machine_watch(struct node *n, struct err *err)
{
	open_mapper(n);
	look_for_translator(n);
	machine_configured(n);
	return net_watch(&n->net, &n->loop.uv, device_index(n), n, on_net_change,
	    on_gateway, err);
}

void
machine_close(struct node *n)
{
	if (n->translator.ctx)
		resolve_close(&n->translator);
}
