/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * udp.c - opening sockets, and receiving in batches.
 */
#include "host/udp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "host/offloads.h"
#include "host/sockaddr.h"

/* A place for one datagram; and for as many as the kernel may have joined (UDP_GRO). */
#define STRIDE	     (PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM)
#define STRIDE_JOINED ((size_t)PACKET_HEADROOM + UINT16_MAX + 1 + PACKET_TAILROOM)

/*
 * Messages at once. Where each may be UDP_JOINED_MAX datagrams, two that are make a batch: whoever
 * comes behind a bulk transfer waits for all of it. If they are not, as many more are asked for.
 */
#define MESSAGES	UDP_ENOUGH
#define MESSAGES_FIRST	2
#define MESSAGES_NEXT	8

_Static_assert(MESSAGES * STRIDE_JOINED <= UDP_BUFFERS, "the buffers hold either kind");
_Static_assert(UDP_ENOUGH + UDP_JOINED_MAX <= UDP_BATCH, "another message always finds room");

/* Ancillary data of one message: the local address, the ECN bits, and how long its datagrams are. */
union control {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + 2 * CMSG_SPACE(sizeof(int))];
};

/* Everything recvmmsg points to. */
struct batch {
	struct mmsghdr msgs[MESSAGES];
	struct iovec iov[MESSAGES];
	struct sockaddr_storage names[MESSAGES];
	union control control[MESSAGES];
};

/* What a message says beside its bytes. */
struct beside {
	struct addr local;
	uint32_t ecn;
	size_t datagram; /* bytes of each but the last; 0: there is one */
};

static struct udp_source *
source_row(const struct udp *u, const struct addr *remote)
{
	uint32_t h = 2166136261u;

	/* Unkeyed on purpose: who shares a row only loses a preference, never a packet. */
	for (size_t i = 0; i < sizeof(remote->ip); i++)
		h = (h ^ remote->ip[i]) * 16777619u;
	h = (h ^ remote->port) * 16777619u;
	return &u->sources[(h ^ h >> 16) % u->source_rows];
}

static void
lock_sources(const struct udp *u)
{
	if (u->sources_lock)
		pthread_mutex_lock(u->sources_lock);
}

static void
unlock_sources(const struct udp *u)
{
	if (u->sources_lock)
		pthread_mutex_unlock(u->sources_lock);
}

struct addr
udp_source(const struct udp *u, const struct addr *remote)
{
	const struct udp_source *row = source_row(u, remote);
	struct addr ret = { 0 };

	lock_sources(u);
	if (addr_equal(&row->remote, remote))
		ret = row->local;
	unlock_sources(u);
	return ret;
}

void
udp_note_source(struct udp *u, const struct addr *remote, const struct addr *local)
{
	struct udp_source *row = source_row(u, remote);

	lock_sources(u);
	*row = (struct udp_source){ .remote = *remote, .local = *local };
	unlock_sources(u);
}

void
udp_forget_sources(struct udp *u)
{
	lock_sources(u);
	if (u->sources)
		memset(u->sources, 0, u->source_rows * sizeof(*u->sources));
	unlock_sources(u);
}

static struct beside
read_control(struct msghdr *msg)
{
	struct beside ret = { .ecn = 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			ret.local.family = FAMILY_V4;
			memcpy(ret.local.ip, &info.ipi_spec_dst, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			ret.local.family = FAMILY_V6;
			memcpy(ret.local.ip, &info.ipi6_addr, 16);
			ret.local.scope = info.ipi6_ifindex;
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)) {
			ret.ecn = META_ECN(*CMSG_DATA(c));
		} else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			int size;

			memcpy(&size, CMSG_DATA(c), sizeof(size));
			ret.datagram = size > 0 ? (size_t)size : 0;
		}
	}
	return ret;
}

/* The datagrams of one message, which lie one behind the other. Returns how many. */
static size_t
take_apart(struct udp *u, struct msghdr *msg, size_t len, struct packet *ret, size_t room)
{
	struct beside beside = read_control(msg);
	size_t step = beside.datagram > 0 && beside.datagram < len ? beside.datagram : len;
	struct packet like = {
		.meta = beside.ecn | (step < len ? META_TIGHT : 0),
		.socket = u->id,
		.from = addr_from_sockaddr(msg->msg_name),
	};
	size_t n = 0, at = 0;

	udp_note_source(u, &like.from, &beside.local);
	do {
		size_t some = min_u64(step, len - at);

		if (some > PACKET_MAX || n == room) {
			u->too_long++;
		} else {
			ret[n] = like;
			ret[n].data = (uint8_t *)msg->msg_iov->iov_base + at;
			ret[n++].len = (uint32_t)some;
		}
		at += some;
	} while (at < len);
	return n;
}

/* Points the first `n` messages to places from `at` on. */
static void
make_room(const struct udp *u, struct batch *b, size_t at, size_t n)
{
	size_t stride = u->joins ? STRIDE_JOINED : STRIDE;

	for (size_t i = 0; i < n; i++) {
		b->iov[i] = (struct iovec){
			.iov_base = u->buffers + (at + i) * stride + PACKET_HEADROOM,
			.iov_len = stride - PACKET_HEADROOM - PACKET_TAILROOM,
		};
		b->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &b->names[i],
			.msg_namelen = sizeof(b->names[i]),
			.msg_iov = &b->iov[i],
			.msg_iovlen = 1,
			.msg_control = &b->control[i],
			.msg_controllen = sizeof(b->control[i]),
		};
	}
}

/* The datagrams of up to `messages` messages, taken in at place `at`. Returns how many. */
static size_t
receive_some(struct udp *u, size_t at, size_t messages, struct packet *ret, size_t room)
{
	struct batch b;
	size_t kept = 0;
	int n;

	make_room(u, &b, at, messages);
	/* An error here is one that an earlier datagram met on its way; the next call goes on. */
	n = recvmmsg(u->fd, b.msgs, (unsigned)messages, MSG_DONTWAIT, NULL);
	u->drained = n < (int)messages;
	for (int i = 0; i < n; i++) {
		struct msghdr *msg = &b.msgs[i].msg_hdr;

		if (msg->msg_flags & MSG_TRUNC)
			u->too_long++;
		else
			kept += take_apart(u, msg, b.msgs[i].msg_len, ret + kept, room - kept);
	}
	return kept;
}

/* After how many messages, and datagrams, are how many messages sure to find room? */
static size_t
next_messages(const struct udp *u, size_t messages, size_t kept)
{
	size_t sure = (UDP_BATCH - kept) / UDP_JOINED_MAX;

	if (messages == 0)
		return u->joins ? MESSAGES_FIRST : MESSAGES;
	return min_u64(min_u64(MESSAGES_NEXT, sure), MESSAGES - messages);
}

size_t
udp_receive(struct udp *u, struct packet ret[static UDP_BATCH])
{
	size_t messages = 0, kept = 0, some;

	u->drained = true;
	if (u->fd < 0)	/* closed by what came of the last batch */
		return 0;
	do {
		some = next_messages(u, messages, kept);
		kept += receive_some(u, messages, some, ret + kept, UDP_BATCH - kept);
		messages += some;
	} while (!u->drained && kept < UDP_ENOUGH && messages < MESSAGES);
	u->received += kept;
	return kept;
}

static int
set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int
set_options(int fd, uint8_t family)
{
	bool v4 = family == FAMILY_V4;
	int rc = 0;

	/* More than the administrator's limit needs a capability; without it, take the limit. */
	if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_BUFFER) < 0)
		set_int(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER);
	if (set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, UDP_BUFFER) < 0)
		set_int(fd, SOL_SOCKET, SO_SNDBUF, UDP_BUFFER);

	if (!v4)
		rc = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	/* DF, and no belief in the path MTU that an ICMP claims: we measure it ourselves. */
	if (rc == 0)
		rc = v4 ? set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
			: set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
	if (rc == 0)
		rc = v4 ? set_int(fd, IPPROTO_IP, IP_PKTINFO, 1)
			: set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	if (rc == 0)
		rc = v4 ? set_int(fd, IPPROTO_IP, IP_RECVTOS, 1)
			: set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	return rc;
}

void
udp_offload(struct udp *u, unsigned offloads)
{
	bool joins = (offloads & OFFLOAD_UDP_GRO) != 0;

	u->cuts = (offloads & OFFLOAD_UDP_GSO) != 0;
	u->joins = set_int(u->fd, SOL_UDP, UDP_GRO, joins) == 0 && joins;
}

/* A bound descriptor, and the port it got. */
static int
open_socket(uint8_t family, struct addr *local, bool join)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&ss, local);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
	int rc;

	if (fd < 0)
		return -errno;
	rc = set_options(fd, family);
	if (rc == 0 && join)
		rc = set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (rc == 0 && bind(fd, (struct sockaddr *)&ss, len) < 0)
		rc = -errno;
	len = sizeof(ss);
	if (rc == 0 && getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		rc = -errno;
	if (rc < 0) {
		close(fd);
		return rc;
	}
	local->port = addr_from_sockaddr(&ss).port;
	return fd;
}

/* Its table of sources, and buffers unless they are lent. */
static int
find_memory(struct udp *u, size_t source_rows, uint8_t *buffers, struct err *err)
{
	u->source_rows = source_rows;
	u->sources = calloc(source_rows, sizeof(*u->sources));
	u->borrowed = buffers != NULL;
	u->buffers = buffers != NULL ? buffers : malloc(UDP_BUFFERS);
	if (!u->sources || !u->buffers) {
		udp_close(u);
		return err_set(err, -ENOMEM, "no memory for UDP buffers");
	}
	return 0;
}

static int
open_bound(struct udp *u, uint8_t family, uint16_t port, const struct ip *bind_to, socket_id id,
    struct err *err)
{
	struct addr local = { .family = family, .port = port };

	*u = (struct udp){ .fd = -1, .family = family, .id = id };
	if (bind_to && bind_to->family == family)
		local = addr_from_ip(*bind_to, port);
	u->fd = open_socket(family, &local, false);
	if (u->fd < 0)
		return err_set(err, u->fd, "UDP port %u (IPv%u): %s", port, family,
		    u->fd == -EADDRINUSE ? "another program has it; stop that one, "
		    "or choose another port with --listen" : err_phrase(u->fd));
	u->port = local.port;
	u->local = local;
	udp_offload(u, OFFLOAD_ALL);
	return 0;
}

int
udp_open(struct udp *u, uint8_t family, uint16_t port, const struct ip *bind_to, socket_id id,
    struct err *err)
{
	int rc = open_bound(u, family, port, bind_to, id, err);

	return rc < 0 ? rc : find_memory(u, UDP_SOURCES, NULL, err);
}

int
udp_open_one_of_many(struct udp *u, uint8_t family, uint16_t port, const struct ip *bind_to,
    socket_id id, uint8_t *buffers, struct err *err)
{
	int rc = open_bound(u, family, port, bind_to, id, err);

	return rc < 0 ? rc : find_memory(u, UDP_SOURCES_FEW, buffers, err);
}

/* The lock of the table that both use from now on. */
static int
share_sources(struct udp *u, struct udp *first)
{
	if (!first->sources_lock) {
		first->sources_lock = malloc(sizeof(*first->sources_lock));
		if (!first->sources_lock)
			return -ENOMEM;
		pthread_mutex_init(first->sources_lock, NULL);
	}
	u->sources_lock = first->sources_lock;
	u->sources = first->sources;
	u->source_rows = first->source_rows;
	u->first = first;
	return 0;
}

int
udp_join(struct udp *u, struct udp *first, bool own_socket, struct err *err)
{
	int rc;

	*u = (struct udp){
		.fd = -1,
		.family = first->family,
		.port = first->port,
		.local = first->local,
		.id = first->id,
	};
	rc = share_sources(u, first);
	if (rc == 0 && !(u->buffers = malloc(UDP_BUFFERS)))
		rc = -ENOMEM;
	/* Only now may others join: whoever else had the port would have been told by bind. */
	if (rc == 0 && own_socket)
		rc = set_int(first->fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (rc == 0) {
		u->fd = own_socket ? open_socket(u->family, &u->local, true)
				   : fcntl(first->fd, F_DUPFD_CLOEXEC, 0);
		rc = u->fd >= 0 ? 0 : own_socket ? u->fd : -errno;
	}
	if (rc == 0)
		udp_offload(u, (first->cuts ? OFFLOAD_UDP_GSO : 0) |
		    (first->joins ? OFFLOAD_UDP_GRO : 0));
	if (rc < 0) {
		u->fd = -1;
		udp_close(u);
		return err_set(err, rc, "UDP port %u for another thread: %s", first->port,
		    err_phrase(rc));
	}
	return 0;
}

/* Both families on one port. -EADDRINUSE when either has it taken. */
static int
open_both(struct udp *v4, struct udp *v6, uint16_t port, socket_id first, struct err *err)
{
	int rc = udp_open(v4, FAMILY_V4, port, NULL, first, err);

	if (rc < 0)
		return rc;
	rc = udp_open(v6, FAMILY_V6, v4->port, NULL, first + 1, err);
	if (rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL)
		return 0;	/* no IPv6 on this machine */
	if (rc < 0)
		udp_close(v4);
	return rc;
}

int
udp_open_pair(struct udp *v4, struct udp *v6, uint16_t port, bool fallback, socket_id first,
    struct err *err)
{
	int rc = open_both(v4, v6, port, first, err);

	/* A port that is free in one family may be taken in the other, so try more than one. */
	for (int i = 0; rc == -EADDRINUSE && fallback && i < 8; i++)
		rc = open_both(v4, v6, 0, first, err);
	return rc;
}

static void
on_poll(uv_poll_t *handle, int status, int events)
{
	struct udp *u = handle->data;

	(void)status;
	(void)events;
	u->on_readable(u->ctx, u);
}

int
udp_watch(struct udp *u, uv_loop_t *loop, void *ctx, void (*on_readable)(void *ctx, struct udp *u))
{
	int rc = uv_poll_init(loop, &u->poll, u->fd);

	if (rc < 0)
		return rc;
	u->poll.data = u;
	u->ctx = ctx;
	u->on_readable = on_readable;
	return uv_poll_start(&u->poll, UV_READABLE, on_poll);
}

static void
close_with(struct udp *u, uv_close_cb closed)
{
	if (u->on_readable)
		uv_close((uv_handle_t *)&u->poll, closed);
	if (u->fd >= 0)
		close(u->fd);
	if (!u->first) {
		free(u->sources);
		free(u->sources_lock);
	}
	if (!u->borrowed)
		free(u->buffers);
	*u = (struct udp){ .fd = -1, .poll = u->poll };
}

void
udp_close(struct udp *u)
{
	close_with(u, NULL);
}

static void
on_closed(uv_handle_t *handle)
{
	free(CONTAINER_OF(handle, struct udp, poll));
}

void
udp_close_free(struct udp *u)
{
	bool watched = u->on_readable != NULL;

	close_with(u, on_closed);
	if (!watched)
		free(u);
}
