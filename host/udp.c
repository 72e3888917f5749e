/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * udp.c - datagrams, in batches, from one socket.
 */
#include "host/udp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "host/sockaddr.h"

#define STRIDE (PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM)

/* Ancillary data of one datagram: the local address, and the ECN bits on arrival. */
union control {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

/* Everything recvmmsg and sendmmsg point to, for one batch. */
struct batch {
	struct mmsghdr msgs[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	struct sockaddr_storage names[UDP_BATCH];
	union control control[UDP_BATCH];
};

/* The row in which the local address for `remote` is kept. */
static struct udp_source *
source_row(struct udp *u, const struct addr *remote)
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

void
udp_forget_sources(struct udp *u)
{
	lock_sources(u);
	if (u->sources)
		memset(u->sources, 0, u->source_rows * sizeof(*u->sources));
	unlock_sources(u);
}

/* Takes the local address and the ECN bits out of the ancillary data. */
static void
read_control(struct msghdr *msg, struct addr *local, uint32_t *meta)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			local->family = FAMILY_V4;
			memcpy(local->ip, &info.ipi_spec_dst, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			local->family = FAMILY_V6;
			memcpy(local->ip, &info.ipi6_addr, 16);
			local->scope = info.ipi6_ifindex;
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)) {
			*meta = *CMSG_DATA(c) & 3;
		}
	}
}

size_t
udp_receive(struct udp *u, struct packet ret[static UDP_BATCH])
{
	struct batch b;
	size_t kept = 0;
	int n;

	if (u->fd < 0)	/* closed by what came of the last batch */
		return 0;
	for (size_t i = 0; i < UDP_BATCH; i++) {
		b.iov[i] = (struct iovec){
			.iov_base = u->buffers + i * STRIDE + PACKET_HEADROOM,
			.iov_len = PACKET_MAX,
		};
		b.msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &b.names[i],
			.msg_namelen = sizeof(b.names[i]),
			.msg_iov = &b.iov[i],
			.msg_iovlen = 1,
			.msg_control = &b.control[i],
			.msg_controllen = sizeof(b.control[i]),
		};
	}
	/* An error here is one that an earlier datagram met on its way; the next call goes on. */
	n = recvmmsg(u->fd, b.msgs, UDP_BATCH, MSG_DONTWAIT, NULL);
	lock_sources(u);
	for (int i = 0; i < n; i++) {
		struct msghdr *msg = &b.msgs[i].msg_hdr;
		struct packet *p = &ret[kept];
		struct udp_source *row;
		struct addr local = { 0 };

		if (msg->msg_flags & MSG_TRUNC) {
			u->too_long++;
			continue;
		}
		*p = (struct packet){
			.data = b.iov[i].iov_base,
			.len = b.msgs[i].msg_len,
			.socket = u->id,
			.from = addr_from_sockaddr(&b.names[i]),
		};
		read_control(msg, &local, &p->meta);
		row = source_row(u, &p->from);
		*row = (struct udp_source){ .remote = p->from, .local = local };
		kept++;
	}
	unlock_sources(u);
	u->received += kept;
	return kept;
}

/* One more thing is asked of the kernel for this datagram. */
static void
ask(struct msghdr *msg, union control *control, int level, int type, const void *p, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)(control->bytes + msg->msg_controllen);

	if (msg->msg_controllen == 0)
		memset(control, 0, sizeof(*control));
	msg->msg_control = control;
	msg->msg_controllen += CMSG_SPACE(len);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), p, len);
}

static void
ask_source(struct msghdr *msg, union control *control, const struct addr *local)
{
	if (local->family == FAMILY_V4) {
		struct in_pktinfo info = { 0 };

		memcpy(&info.ipi_spec_dst, local->ip, 4);
		ask(msg, control, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else {
		struct in6_pktinfo info = { 0 };

		memcpy(&info.ipi6_addr, local->ip, 16);
		/* Only a link-local address needs its interface; a route may change it for others. */
		if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			info.ipi6_ifindex = local->scope;
		ask(msg, control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
}

static void
ask_ttl(struct msghdr *msg, union control *control, uint8_t family, int ttl)
{
	if (family == FAMILY_V4)
		ask(msg, control, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	else
		ask(msg, control, IPPROTO_IPV6, IPV6_HOPLIMIT, &ttl, sizeof(ttl));
}

static void
prepare_send(struct udp *u, struct batch *b, size_t i, const struct udp_out *out)
{
	struct udp_source *row = source_row(u, &out->to);
	struct msghdr *msg = &b->msgs[i].msg_hdr;

	b->iov[i] = (struct iovec){ .iov_base = (void *)out->data, .iov_len = out->len };
	*msg = (struct msghdr){
		.msg_name = &b->names[i],
		.msg_namelen = addr_to_sockaddr(&b->names[i], &out->to),
		.msg_iov = &b->iov[i],
		.msg_iovlen = 1,
	};
	if (row->local.family == u->family && addr_equal(&row->remote, &out->to))
		ask_source(msg, &b->control[i], &row->local);
	if (out->ttl != 0)
		ask_ttl(msg, &b->control[i], u->family, out->ttl);
}

/*
 * The first datagram of a batch was refused. When it asked for a local address, that address may
 * be gone: it is tried once more from wherever the route says. One that must not go far is not.
 */
static void
send_again(struct udp *u, struct msghdr *msg, const struct udp_out *out)
{
	if (msg->msg_controllen > 0) {
		lock_sources(u);
		*source_row(u, &out->to) = (struct udp_source){ 0 };
		unlock_sources(u);
	}
	if (msg->msg_controllen > 0 && out->ttl == 0) {
		msg->msg_control = NULL;
		msg->msg_controllen = 0;
		if (sendmsg(u->fd, msg, MSG_DONTWAIT) >= 0) {
			u->sent++;
			return;
		}
	}
	u->send_failed++;
}

static void
send_batch(struct udp *u, const struct udp_out *out, size_t n)
{
	struct batch b;
	size_t done = 0;

	lock_sources(u);
	for (size_t i = 0; i < n; i++)
		prepare_send(u, &b, i, &out[i]);
	unlock_sources(u);
	while (done < n) {
		int rc = sendmmsg(u->fd, b.msgs + done, (unsigned)(n - done), MSG_DONTWAIT);

		if (rc > 0) {
			done += (size_t)rc;
			u->sent += (uint64_t)rc;
		} else if (errno != EINTR) {
			send_again(u, &b.msgs[done].msg_hdr, &out[done]);
			done++;
		}
	}
}

void
udp_send(struct udp *u, const struct udp_out *out, size_t n)
{
	while (n > 0) {
		size_t some = n < UDP_BATCH ? n : UDP_BATCH;

		send_batch(u, out, some);
		out += some;
		n -= some;
	}
}

void
udp_settle(struct udp *sockets, size_t n, const struct outbox *o)
{
	struct udp_out out[UDP_BATCH];

	for (struct udp *u = sockets; u < sockets + n; u++) {
		size_t filled = 0;

		for (uint32_t i = 0; i < o->count && u->fd >= 0; i++) {
			const struct effect *e = &o->effects[i];

			if (e->kind != EFFECT_TO_NET || e->socket != u->id)
				continue;
			out[filled++] =
			    (struct udp_out){ e->data, e->len, e->to, META_TTL_OF(e->meta) };
			if (filled == UDP_BATCH) {
				send_batch(u, out, filled);
				filled = 0;
			}
		}
		if (filled > 0)
			send_batch(u, out, filled);
	}
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
