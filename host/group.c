/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * group.c - joining, leaving, and sending from each interface in turn.
 */
#include "host/group.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/sockaddr.h"

static int
set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* Zeroed, it was never open. */
static bool
is_open(const struct group *g)
{
	return g->on_readable != NULL && g->fd >= 0;
}

/* Only what was joined, only as far as the link. Our own datagrams come back, for neighbours here. */
static int
set_options(int fd, uint8_t family)
{
	bool v4 = family == FAMILY_V4;
	int rc = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);

	if (rc == 0 && !v4)
		rc = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (rc == 0)
		rc = v4 ? set_int(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0)
			: set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
	if (rc == 0)
		rc = v4 ? set_int(fd, IPPROTO_IP, IP_MULTICAST_TTL, 1)
			: set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1);
	return rc;
}

/* IPv6 binds to no address of a link's scope without naming the link: there it is the port alone. */
static int
open_socket(const struct addr *at)
{
	struct addr any = { .family = FAMILY_V6, .port = at->port };
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&ss, at->family == FAMILY_V6 ? &any : at);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
	int rc;

	if (fd < 0)
		return -errno;
	rc = set_options(fd, at->family);
	if (rc == 0 && bind(fd, (struct sockaddr *)&ss, len) < 0)
		rc = -errno;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct group *g = poll->data;

	(void)status;
	(void)events;
	g->on_readable(g->ctx, g);
}

int
group_open(struct group *g, const struct addr *at, socket_id id, uv_loop_t *loop, void *ctx,
    void (*on_readable)(void *ctx, struct group *g), struct err *err)
{
	char text[ADDR_TEXT_MAX];
	int rc;

	*g = (struct group){ .fd = -1, .at = *at, .id = id, .ctx = ctx, .on_readable = on_readable };
	g->buffer = malloc(PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM);
	rc = g->buffer ? open_socket(at) : -ENOMEM;
	if (rc < 0) {
		free(g->buffer);
		return err_set(err, rc, "no socket for the group %s: %s", addr_format(text, at),
		    strerror(-rc));
	}
	g->fd = rc;
	rc = uv_poll_init(loop, &g->poll, g->fd);
	g->poll.data = g;
	if (rc == 0)
		rc = uv_poll_start(&g->poll, UV_READABLE, on_poll);
	if (rc < 0)
		group_close(g);
	return rc < 0 ? err_set(err, rc, "the group %s cannot be watched: %s",
		    addr_format(text, at), strerror(-rc)) : 0;
}

/* Joins or leaves on one interface. */
static int
change(const struct group *g, uint32_t interface, bool join)
{
	if (g->at.family == FAMILY_V4) {
		struct ip_mreqn m = { .imr_ifindex = (int)interface };

		memcpy(&m.imr_multiaddr, g->at.ip, 4);
		return setsockopt(g->fd, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP,
		    &m, sizeof(m));
	}
	struct ipv6_mreq m = { .ipv6mr_interface = interface };

	memcpy(&m.ipv6mr_multiaddr, g->at.ip, 16);
	return setsockopt(g->fd, IPPROTO_IPV6, join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, &m,
	    sizeof(m));
}

static bool
is_among(uint32_t one, const uint32_t *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (all[i] == one)
			return true;
	return false;
}

void
group_join(struct group *g, const uint32_t *interfaces, size_t n)
{
	if (!is_open(g))
		return;
	for (size_t i = g->joined_count; i-- > 0;) {
		if (is_among(g->joined[i], interfaces, n))
			continue;
		(void)change(g, g->joined[i], false);	/* it may be gone already */
		g->joined[i] = g->joined[--g->joined_count];
	}
	for (size_t i = 0; i < n && g->joined_count < GROUP_INTERFACES_MAX; i++)
		if (!is_among(interfaces[i], g->joined, g->joined_count) &&
		    (change(g, interfaces[i], true) == 0 || errno == EADDRINUSE))
			g->joined[g->joined_count++] = interfaces[i];
}

bool
group_receive(struct group *g, struct packet *ret)
{
	struct sockaddr_storage from = { 0 };
	socklen_t len = sizeof(from);
	ssize_t n = -1;

	if (is_open(g))
		n = recvfrom(g->fd, g->buffer + PACKET_HEADROOM, PACKET_MAX, MSG_DONTWAIT,
		    (struct sockaddr *)&from, &len);
	if (n < 0)
		return false;
	*ret = (struct packet){
		.data = g->buffer + PACKET_HEADROOM,
		.len = (uint32_t)n,
		.socket = g->id,
		.from = addr_from_sockaddr(&from),
	};
	return true;
}

/* What one interface refuses, as without an address of its own, others may take. */
static void
send_from(struct group *g, uint32_t interface, const struct effect *e)
{
	struct sockaddr_storage to;
	socklen_t len = addr_to_sockaddr(&to, &e->to);
	struct ip_mreqn m = { .imr_ifindex = (int)interface };
	int rc = g->at.family == FAMILY_V4
		? setsockopt(g->fd, IPPROTO_IP, IP_MULTICAST_IF, &m, sizeof(m))
		: set_int(g->fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)interface);

	if (rc == 0)
		(void)!sendto(g->fd, e->data, e->len, MSG_DONTWAIT, (struct sockaddr *)&to, len);
}

void
group_settle(struct group *g, const struct outbox *o)
{
	for (uint32_t i = 0; is_open(g) && i < o->count; i++) {
		const struct effect *e = &o->effects[i];

		if (e->kind != EFFECT_TO_NET || e->socket != g->id)
			continue;
		for (size_t k = 0; k < g->joined_count; k++)
			send_from(g, g->joined[k], e);
	}
}

void
group_close(struct group *g)
{
	if (!is_open(g))
		return;
	uv_close((uv_handle_t *)&g->poll, NULL);
	close(g->fd);
	free(g->buffer);
	g->fd = -1;
}
