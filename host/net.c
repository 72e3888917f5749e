/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * net.c - this machine's links, addresses and routes, over netlink.
 */
#include "host/net.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* A request of ours: a header, a few attributes. */
#define REQUEST_SIZE 256

union request {
	struct nlmsghdr align;
	char bytes[REQUEST_SIZE];
};

static uint8_t
af_of(uint8_t family)
{
	return family == FAMILY_V4 ? AF_INET : AF_INET6;
}

static struct nlmsghdr *
begin(struct net *n, union request *r, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h;

	memset(r, 0, sizeof(*r));
	h = mnl_nlmsg_put_header(r->bytes);
	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = ++n->seq;
	return h;
}

/* Sends a request and hands every answer to `each`, up to the kernel's last word. */
static int
talk(struct net *n, struct nlmsghdr *h, mnl_cb_t each, void *ctx)
{
	unsigned port = mnl_socket_get_portid(n->request);
	char answer[16384];
	int rc = MNL_CB_OK;

	if (mnl_socket_sendto(n->request, h, h->nlmsg_len) < 0)
		return -errno;
	while (rc > MNL_CB_STOP) {
		ssize_t len = mnl_socket_recvfrom(n->request, answer, sizeof(answer));

		if (len < 0)
			return -errno;
		rc = mnl_cb_run(answer, (size_t)len, n->seq, port, each, ctx);
	}
	return rc < 0 ? -errno : 0;
}

static int
command(struct net *n, struct nlmsghdr *h)
{
	h->nlmsg_flags |= NLM_F_ACK;
	return talk(n, h, NULL, NULL);
}

int
net_open(struct net *n, struct err *err)
{
	*n = (struct net){ 0 };
	n->request = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!n->request || mnl_socket_bind(n->request, 0, MNL_SOCKET_AUTOPID) < 0) {
		int rc = -errno;

		net_close(n);
		return err_set(err, rc, "cannot talk to the kernel's network: %s", err_phrase(rc));
	}
	return 0;
}

int
net_link_up(struct net *n, uint32_t ifindex, uint32_t mtu, struct err *err)
{
	union request r;
	struct nlmsghdr *h = begin(n, &r, RTM_NEWLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(h, sizeof(*link));
	int rc;

	link->ifi_index = (int)ifindex;
	link->ifi_flags = IFF_UP;
	link->ifi_change = IFF_UP;
	mnl_attr_put_u32(h, IFLA_MTU, mtu);
	rc = command(n, h);
	return rc < 0 ? err_set(err, rc, "cannot bring the interface up with MTU %u: %s", mtu,
	    err_phrase(rc)) : 0;
}

int
net_address_add(struct net *n, uint32_t ifindex, struct prefix p, struct err *err)
{
	union request r;
	struct nlmsghdr *h = begin(n, &r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
	struct ifaddrmsg *a = mnl_nlmsg_put_extra_header(h, sizeof(*a));
	char text[PREFIX_TEXT_MAX];
	int rc;

	a->ifa_family = af_of(p.ip.family);
	a->ifa_prefixlen = p.len;
	/* The address is ours by certificate: nobody on this link could have it too. */
	a->ifa_flags = p.ip.family == FAMILY_V6 ? IFA_F_NODAD : 0;
	a->ifa_index = ifindex;
	mnl_attr_put(h, IFA_LOCAL, ip_size(p.ip), p.ip.b);
	mnl_attr_put(h, IFA_ADDRESS, ip_size(p.ip), p.ip.b);
	rc = command(n, h);
	return rc < 0 ? err_set(err, rc, "cannot add the address %s: %s", prefix_format(text, p),
	    err_phrase(rc)) : 0;
}

static struct nlmsghdr *
begin_route(struct net *n, union request *r, uint16_t type, uint16_t flags, uint32_t ifindex,
    struct prefix to)
{
	struct nlmsghdr *h = begin(n, r, type, flags);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(h, sizeof(*route));

	route->rtm_family = af_of(to.ip.family);
	route->rtm_dst_len = to.len;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = to.ip.family == FAMILY_V4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	route->rtm_type = RTN_UNICAST;
	mnl_attr_put(h, RTA_DST, ip_size(to.ip), to.ip.b);
	mnl_attr_put_u32(h, RTA_OIF, ifindex);
	return h;
}

int
net_route_add(struct net *n, uint32_t ifindex, struct prefix to, uint32_t mtu, struct err *err)
{
	union request r;
	struct nlmsghdr *h =
	    begin_route(n, &r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, ifindex, to);
	char text[PREFIX_TEXT_MAX];
	int rc;

	if (mtu > 0) {
		struct nlattr *metrics = mnl_attr_nest_start(h, RTA_METRICS);

		mnl_attr_put_u32(h, RTAX_MTU, mtu);
		mnl_attr_nest_end(h, metrics);
	}
	rc = command(n, h);
	return rc < 0 ? err_set(err, rc, "cannot add the route to %s: %s", prefix_format(text, to),
	    err_phrase(rc)) : 0;
}

int
net_route_del(struct net *n, uint32_t ifindex, struct prefix to, struct err *err)
{
	union request r;
	struct nlmsghdr *h = begin_route(n, &r, RTM_DELROUTE, 0, ifindex, to);
	char text[PREFIX_TEXT_MAX];
	int rc = command(n, h);

	return rc < 0 ? err_set(err, rc, "cannot remove the route to %s: %s",
	    prefix_format(text, to), err_phrase(rc)) : 0;
}

struct listing {
	struct net_address *to;
	int count;
	uint32_t except;
};

/* The flags of an address: the attribute if there is one, for it is wider than the header's. */
static uint32_t
address_flags(const struct nlmsghdr *h, const struct ifaddrmsg *a, const struct nlattr **local)
{
	uint32_t flags = a->ifa_flags;
	const struct nlattr *attr, *address = NULL;

	*local = NULL;
	mnl_attr_for_each(attr, h, sizeof(*a)) {
		if (mnl_attr_get_type(attr) == IFA_FLAGS)
			flags = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == IFA_LOCAL)
			*local = attr;
		else if (mnl_attr_get_type(attr) == IFA_ADDRESS)
			address = attr;
	}
	if (!*local)	/* of a point-to-point link IFA_ADDRESS is the other end */
		*local = address;
	return flags;
}

static int
list_address(const struct nlmsghdr *h, void *ctx)
{
	struct listing *l = ctx;
	const struct ifaddrmsg *a = mnl_nlmsg_get_payload(h);
	const struct nlattr *local;
	uint32_t flags = address_flags(h, a, &local);
	struct net_address *to = &l->to[l->count];
	size_t size = a->ifa_family == AF_INET ? 4 : 16;

	if (a->ifa_family != AF_INET && a->ifa_family != AF_INET6)
		return MNL_CB_OK;
	if (!local || mnl_attr_get_payload_len(local) != size)
		return MNL_CB_OK;
	if (a->ifa_index == l->except || a->ifa_scope != RT_SCOPE_UNIVERSE ||
	    (flags & (IFA_F_TENTATIVE | IFA_F_DEPRECATED | IFA_F_DADFAILED)) ||
	    l->count == NET_ADDRESSES_MAX)
		return MNL_CB_OK;
	*to = (struct net_address){
		.ifindex = a->ifa_index,
		.prefix_len = a->ifa_prefixlen,
		.temporary = a->ifa_family == AF_INET6 && (flags & IFA_F_TEMPORARY),
	};
	to->ip = size == 4 ? ip_v4(mnl_attr_get_payload(local))
			   : ip_v6(mnl_attr_get_payload(local));
	if (ip_class(to->ip) == ADDR_CLASS_PUBLIC || ip_class(to->ip) == ADDR_CLASS_PRIVATE)
		l->count++;
	return MNL_CB_OK;
}

int
net_addresses(struct net *n, uint32_t except, struct net_address ret[static NET_ADDRESSES_MAX],
    struct err *err)
{
	struct listing l = { .to = ret, .except = except };
	union request r;
	struct nlmsghdr *h = begin(n, &r, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *a = mnl_nlmsg_put_extra_header(h, sizeof(*a));
	int rc;

	a->ifa_family = AF_UNSPEC;
	rc = talk(n, h, list_address, &l);
	return rc < 0 ? err_set(err, rc, "cannot list this machine's addresses: %s",
	    err_phrase(rc)) : l.count;
}

struct gateways {
	struct net_gateway *to;
	int count;
	uint32_t except;
};

/* Keeps the list in the order of the metrics, with one gateway for each interface. */
static void
add_gateway(struct gateways *l, const struct net_gateway *found)
{
	int at = 0, same = 0;

	while (same < l->count && l->to[same].ifindex != found->ifindex)
		same++;
	if (same < l->count && l->to[same].metric <= found->metric)
		return;
	if (same == l->count && l->count == NET_GATEWAYS_MAX)
		return;
	l->count += same == l->count;
	while (at < same && l->to[at].metric <= found->metric)
		at++;
	memmove(&l->to[at + 1], &l->to[at], (size_t)(same - at) * sizeof(l->to[0]));
	l->to[at] = *found;
}

/* A default route of the main table that leads to a gateway. */
static int
list_route(const struct nlmsghdr *h, void *ctx)
{
	struct gateways *l = ctx;
	const struct rtmsg *route = mnl_nlmsg_get_payload(h);
	size_t size = route->rtm_family == AF_INET ? 4 : 16;
	struct net_gateway found = { 0 };
	uint32_t table = route->rtm_table;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, h, sizeof(*route)) {
		const void *value = mnl_attr_get_payload(attr);

		switch (mnl_attr_get_type(attr)) {
		case RTA_GATEWAY:
			if (mnl_attr_get_payload_len(attr) == size)
				found.ip = size == 4 ? ip_v4(value) : ip_v6(value);
			break;
		case RTA_OIF:
			found.ifindex = mnl_attr_get_u32(attr);
			break;
		case RTA_PRIORITY:
			found.metric = mnl_attr_get_u32(attr);
			break;
		case RTA_TABLE:
			table = mnl_attr_get_u32(attr);
			break;
		}
	}
	if (route->rtm_dst_len == 0 && route->rtm_type == RTN_UNICAST && table == RT_TABLE_MAIN &&
	    (route->rtm_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) == 0 &&
	    found.ip.family != FAMILY_NONE && found.ifindex != l->except)
		add_gateway(l, &found);
	return MNL_CB_OK;
}

int
net_gateways(struct net *n, uint8_t family, uint32_t except,
    struct net_gateway ret[static NET_GATEWAYS_MAX], struct err *err)
{
	struct gateways l = { .to = ret, .except = except };
	union request r;
	struct nlmsghdr *h = begin(n, &r, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(h, sizeof(*route));
	int rc;

	route->rtm_family = af_of(family);
	rc = talk(n, h, list_route, &l);
	return rc < 0 ? err_set(err, rc, "cannot list this machine's routes: %s",
	    err_phrase(rc)) : l.count;
}

/* States of a neighbour in which the kernel holds its address to be right. */
#define NEIGHBOUR_KNOWN \
	(NUD_PERMANENT | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)

/* The address of the gateway that was asked for, if this message has it; else NULL. */
static const uint8_t *
gateway_link(const struct net *n, const struct nlmsghdr *h)
{
	const struct ndmsg *neighbour = mnl_nlmsg_get_payload(h);
	const struct nlattr *attr, *to = NULL, *link = NULL;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*neighbour) ||
	    neighbour->ndm_ifindex != (int)n->gateway_ifindex ||
	    (neighbour->ndm_state & NEIGHBOUR_KNOWN) == 0)
		return NULL;
	mnl_attr_for_each(attr, h, sizeof(*neighbour)) {
		if (mnl_attr_get_type(attr) == NDA_DST)
			to = attr;
		else if (mnl_attr_get_type(attr) == NDA_LLADDR)
			link = attr;
	}
	if (!to || !link || mnl_attr_get_payload_len(link) != NET_LINK_LEN ||
	    neighbour->ndm_family != af_of(n->gateway.family) ||
	    mnl_attr_get_payload_len(to) != ip_size(n->gateway) ||
	    memcmp(mnl_attr_get_payload(to), n->gateway.b, ip_size(n->gateway)) != 0)
		return NULL;
	return mnl_attr_get_payload(link);
}

static int
find_link(const struct nlmsghdr *h, void *ctx)
{
	struct net *n = ctx;
	const uint8_t *link = gateway_link(n, h);

	if (link) {
		n->has_link = true;
		memcpy(n->link, link, NET_LINK_LEN);
	}
	return MNL_CB_OK;
}

int
net_link_address(struct net *n, const struct net_gateway *gateway,
    uint8_t ret[static NET_LINK_LEN])
{
	union request r;
	struct nlmsghdr *h = begin(n, &r, RTM_GETNEIGH, NLM_F_DUMP);
	struct ndmsg *neighbour = mnl_nlmsg_put_extra_header(h, sizeof(*neighbour));
	int rc;

	n->gateway = gateway->ip;
	n->gateway_ifindex = gateway->ifindex;
	n->has_link = false;
	neighbour->ndm_family = af_of(gateway->ip.family);
	rc = talk(n, h, find_link, n);
	if (rc < 0)
		return rc;
	if (!n->has_link)
		return -ENOENT;
	memcpy(ret, n->link, NET_LINK_LEN);
	return 0;
}

/* The interface that a message is about; 0 when it names none. */
static uint32_t
interface_of(const struct nlmsghdr *h)
{
	const struct nlattr *attr;

	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return (uint32_t)((const struct ifinfomsg *)mnl_nlmsg_get_payload(h))->ifi_index;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return ((const struct ifaddrmsg *)mnl_nlmsg_get_payload(h))->ifa_index;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		mnl_attr_for_each(attr, h, sizeof(struct rtmsg))
			if (mnl_attr_get_type(attr) == RTA_OIF)
				return mnl_attr_get_u32(attr);
		return 0;
	default:
		return 0;
	}
}

static void
on_settled(uv_timer_t *timer)
{
	struct net *n = timer->data;

	n->on_change(n->ctx);
}

static void
look_at_neighbour(struct net *n, const struct nlmsghdr *h)
{
	const uint8_t *link = gateway_link(n, h);

	if (link && (!n->has_link || memcmp(n->link, link, NET_LINK_LEN) != 0))
		n->on_gateway(n->ctx);
}

static int
look_at_change(const struct nlmsghdr *h, void *ctx)
{
	struct net *n = ctx;

	if (h->nlmsg_type == RTM_NEWNEIGH)
		look_at_neighbour(n, h);
	else if (h->nlmsg_type != RTM_DELNEIGH && (interface_of(h) != n->ignored || n->ignored == 0))
		uv_timer_start(&n->settle, on_settled, NET_SETTLE_MS, 0);
	return MNL_CB_OK;
}

static void
on_watch(uv_poll_t *poll, int status, int events)
{
	struct net *n = poll->data;
	char buf[16384];
	ssize_t len;

	(void)status;
	(void)events;
	while ((len = mnl_socket_recvfrom(n->watch, buf, sizeof(buf))) > 0)
		mnl_cb_run(buf, (size_t)len, 0, 0, look_at_change, n);
	/* More came than the socket could hold: something changed, whatever it was. */
	if (len < 0 && errno == ENOBUFS)
		uv_timer_start(&n->settle, on_settled, NET_SETTLE_MS, 0);
}

int
net_watch(struct net *n, uv_loop_t *loop, uint32_t ignored, void *ctx,
    void (*on_change)(void *ctx), void (*on_gateway)(void *ctx), struct err *err)
{
	unsigned groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
	    RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_NEIGH;
	int rc;

	n->watch = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!n->watch || mnl_socket_bind(n->watch, groups, MNL_SOCKET_AUTOPID) < 0)
		return err_set(err, -errno, "cannot watch the kernel's network: %s",
		    err_phrase(-errno));
	n->ignored = ignored;
	n->ctx = ctx;
	n->on_change = on_change;
	n->on_gateway = on_gateway;
	uv_timer_init(loop, &n->settle);
	n->settle.data = n;
	rc = uv_poll_init(loop, &n->poll, mnl_socket_get_fd(n->watch));
	n->poll.data = n;
	if (rc == 0)
		rc = uv_poll_start(&n->poll, UV_READABLE, on_watch);
	n->watching = rc == 0;
	return rc < 0 ? err_set(err, rc, "cannot watch the kernel's network: %s", uv_strerror(rc))
		      : 0;
}

void
net_close(struct net *n)
{
	if (n->watching) {
		uv_close((uv_handle_t *)&n->poll, NULL);
		uv_close((uv_handle_t *)&n->settle, NULL);
	}
	if (n->watch)
		mnl_socket_close(n->watch);
	if (n->request)
		mnl_socket_close(n->request);
	n->watching = false;
	n->watch = n->request = NULL;
}
