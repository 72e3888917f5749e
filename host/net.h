/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * net.h - this machine's links, addresses and routes, over netlink.
 *
 * Requests are answered at once by the kernel and so are plain calls. Changes made by others come
 * from the loop, gathered for NET_SETTLE: one plugged cable is a dozen messages.
 */
#ifndef HOST_NET_H
#define HOST_NET_H

#include <net/if.h>
#include <uv.h>

#include "core/addr.h"
#include "core/err.h"

struct mnl_socket;

/* Quiet after the last message before a change is told. */
#define NET_SETTLE_MS 50
/* Addresses of this machine that are looked at. */
#define NET_ADDRESSES_MAX 64
/* An Ethernet address. */
#define NET_LINK_LEN 6

struct net {
	struct mnl_socket *request;
	struct mnl_socket *watch;
	uint32_t seq;
	uint32_t ignored;	/* interface whose changes are our own */
	struct ip gateway;	/* whose link-layer address was asked for last */
	uint32_t gateway_ifindex;
	bool has_link;		/* and that address, if the kernel knew it */
	uint8_t link[NET_LINK_LEN];
	uv_poll_t poll;
	uv_timer_t settle;
	bool watching;
	void *ctx;
	void (*on_change)(void *ctx);
	void (*on_gateway)(void *ctx);
};

int net_open(struct net *n, struct err *err) must_check;
void net_close(struct net *n);

/* Sets the MTU and brings the link up. */
int net_link_up(struct net *n, uint32_t ifindex, uint32_t mtu, struct err *err) must_check;

/* Gives the interface an address with its prefix; having it already is fine. */
int net_address_add(struct net *n, uint32_t ifindex, struct prefix p, struct err *err) must_check;

/* Sends `to` into the interface, with an MTU of its own (0: the device's). Replaces. */
int net_route_add(struct net *n, uint32_t ifindex, struct prefix to, uint32_t mtu,
    struct err *err) must_check;

/* -ESRCH when there is none. */
int net_route_del(struct net *n, uint32_t ifindex, struct prefix to, struct err *err) must_check;

struct net_address {
	uint32_t ifindex;
	struct ip ip;
	uint8_t prefix_len;
	bool temporary;		/* an IPv6 privacy address */
};

/*
 * Addresses by which others might reach this machine: of all links but loopback and `except`,
 * global scope, not tentative, not deprecated. Returns how many, at most NET_ADDRESSES_MAX.
 */
int net_addresses(struct net *n, uint32_t except, struct net_address ret[static NET_ADDRESSES_MAX],
    struct err *err) must_check;

/* Who passes on what is for the rest of the world. */
struct net_gateway {
	struct ip ip;		/* FAMILY_NONE: there is none */
	uint32_t ifindex;
	uint32_t metric;
};

/* Interfaces with a default route of their own that are looked at. */
#define NET_GATEWAYS_MAX 8

/*
 * The gateways of the default routes of `family`, one for each interface but `except`, that of the
 * lowest metric first. Returns how many.
 */
int net_gateways(struct net *n, uint8_t family, uint32_t except,
    struct net_gateway ret[static NET_GATEWAYS_MAX], struct err *err) must_check;

/*
 * The Ethernet address of a gateway. -ENOENT: the link has no such addresses, or nothing was sent
 * to the gateway yet for which the kernel would have had to find it out.
 */
int net_link_address(struct net *n, const struct net_gateway *gateway,
    uint8_t ret[static NET_LINK_LEN]) must_check;

/*
 * Calls `on_change` from the loop NET_SETTLE_MS after addresses, routes or links changed, other
 * than on the interface `ignored`; and `on_gateway` when the answer to the last net_link_address
 * would be another address now. What other neighbours do is not looked at: it never ends.
 */
int net_watch(struct net *n, uv_loop_t *loop, uint32_t ignored, void *ctx,
    void (*on_change)(void *ctx), void (*on_gateway)(void *ctx), struct err *err) must_check;

#endif
