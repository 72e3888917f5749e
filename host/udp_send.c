/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * udp_send.c - datagrams on their way out, as few system calls as they allow.
 *
 * Neighbours that go to one place and are of one length, but for a shorter last one, are handed to
 * the kernel as one message, which it cuts again as late as it can (UDP_SEGMENT). Where a device or
 * a route cannot do that, the same datagrams go one by one, and so do all that follow.
 */
#include "host/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include "host/sockaddr.h"

/* Datagrams handed to the kernel at once, in one message or in as many. */
#define SEND_MAX 256

/* Bytes of one message: what an IPv4 packet has room for behind its headers. */
#define TRAIN_BYTES_MAX 65507

/* Ancillary data of one message: the local address, the TTL, and how long its datagrams are. */
union control {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) +
	    CMSG_SPACE(sizeof(uint16_t))];
};

static const struct addr nowhere = { .family = FAMILY_NONE };

/* Everything sendmmsg points to. */
struct batch {
	struct mmsghdr msgs[SEND_MAX];
	struct iovec iov[SEND_MAX];
	struct sockaddr_storage names[SEND_MAX];
	union control control[SEND_MAX];
};

/* One more thing is asked of the kernel for this message. */
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

/* How many of the first of `n` datagrams the kernel can cut from one message. */
static size_t
train_length(const struct udp *u, const struct udp_out *out, size_t n)
{
	size_t bytes = out->len, i = 1;

	if (!u->cuts || out->len == 0)
		return 1;
	while (i < n && i < UDP_JOINED_MAX && out[i - 1].len == out->len && out[i].len > 0 &&
	    out[i].len <= out->len && out[i].ttl == out->ttl &&
	    bytes + out[i].len <= TRAIN_BYTES_MAX && addr_equal(&out[i].to, &out->to))
		bytes += out[i++].len;
	return i;
}

/* The message for `n` datagrams, whose parts are at `iov`. */
static void
prepare(struct udp *u, struct batch *b, size_t i, struct iovec *iov, const struct udp_out *out,
    size_t n)
{
	struct addr local = udp_source(u, &out->to);
	struct msghdr *msg = &b->msgs[i].msg_hdr;
	uint16_t size = (uint16_t)out->len;

	for (size_t k = 0; k < n; k++)
		iov[k] = (struct iovec){ .iov_base = (void *)out[k].data, .iov_len = out[k].len };
	*msg = (struct msghdr){
		.msg_name = &b->names[i],
		.msg_namelen = addr_to_sockaddr(&b->names[i], &out->to),
		.msg_iov = iov,
		.msg_iovlen = n,
	};
	if (local.family == u->family)
		ask_source(msg, &b->control[i], &local);
	if (out->ttl != 0)
		ask_ttl(msg, &b->control[i], u->family, out->ttl);
	if (n > 1)
		ask(msg, &b->control[i], SOL_UDP, UDP_SEGMENT, &size, sizeof(size));
}

/*
 * A datagram was refused. When it asked for a local address, that address may be gone: it is tried
 * once more from wherever the route says. One that must not go far is not.
 */
static bool
send_again(struct udp *u, struct msghdr *msg, const struct udp_out *out)
{
	if (msg->msg_controllen == 0)
		return false;
	udp_note_source(u, &out->to, &nowhere);
	if (out->ttl != 0)
		return false;
	msg->msg_control = NULL;
	msg->msg_controllen = 0;
	return sendmsg(u->fd, msg, MSG_DONTWAIT) >= 0;
}

static bool
send_one(struct udp *u, const struct udp_out *out)
{
	struct batch b;

	prepare(u, &b, 0, b.iov, out, 1);
	return sendmsg(u->fd, &b.msgs[0].msg_hdr, MSG_DONTWAIT) >= 0 ||
	    send_again(u, &b.msgs[0].msg_hdr, out);
}

/* There is no room just now: that says nothing of where it was to go, or from where. */
static bool
is_full(int error)
{
	return error == EAGAIN || error == ENOBUFS;
}

/* Is this what a kernel says that cannot cut, be it here or at all? */
static bool
cannot_cut(int error)
{
	return error == EIO || error == EINVAL || error == EMSGSIZE || error == EOPNOTSUPP;
}

/*
 * The message of `n` datagrams was refused. It is sent once more from wherever the route says; and
 * then one by one, if it may be that it cannot be cut. If that works for the first, which is as long
 * as any, it was the cutting that this kernel cannot do here; else these are too long for the device,
 * which a shorter last one is not.
 */
static size_t
send_apart(struct udp *u, const struct udp_out *out, size_t n)
{
	struct batch b;
	size_t sent;

	udp_note_source(u, &out->to, &nowhere);
	prepare(u, &b, 0, b.iov, out, n);
	if (sendmsg(u->fd, &b.msgs[0].msg_hdr, MSG_DONTWAIT) >= 0)
		return n;
	if (!cannot_cut(errno))
		return 0;
	sent = send_one(u, &out[0]);
	if (sent > 0)
		u->cuts = false;
	for (size_t i = 1; i < n; i++)
		sent += send_one(u, &out[i]);
	return sent;
}

static void
refused(struct udp *u, struct msghdr *msg, const struct udp_out *out, size_t n, int error)
{
	size_t sent = 0;

	if (!is_full(error))
		sent = n == 1 ? send_again(u, msg, out) : send_apart(u, out, n);
	u->sent += sent;
	u->send_failed += n - sent;
}

static void
send_batch(struct udp *u, const struct udp_out *out, size_t n)
{
	size_t first[SEND_MAX + 1], messages = 0, done = 0;
	struct batch b;

	for (size_t i = 0; i < n; messages++) {
		first[messages] = i;
		i += train_length(u, &out[i], n - i);
		prepare(u, &b, messages, &b.iov[first[messages]], &out[first[messages]],
		    i - first[messages]);
	}
	first[messages] = n;
	while (done < messages) {
		int rc = sendmmsg(u->fd, b.msgs + done, (unsigned)(messages - done), MSG_DONTWAIT);

		if (rc > 0) {
			u->sent += first[done + (size_t)rc] - first[done];
			done += (size_t)rc;
		} else if (errno != EINTR) {
			refused(u, &b.msgs[done].msg_hdr, &out[first[done]],
			    first[done + 1] - first[done], errno);
			done++;
		}
	}
}

void
udp_send(struct udp *u, const struct udp_out *out, size_t n)
{
	while (n > 0) {
		size_t some = n < SEND_MAX ? n : SEND_MAX;

		send_batch(u, out, some);
		out += some;
		n -= some;
	}
}

void
udp_queue_init(struct udp_queue *q)
{
	q->udp = NULL;
	q->count = 0;
}

void
udp_queue_flush(struct udp_queue *q)
{
	if (q->count > 0)
		udp_send(q->udp, q->out, q->count);
	q->count = 0;
}

void
udp_queue_put(struct udp_queue *q, struct udp *u, const struct effect *e)
{
	if (q->udp != u || q->count == UDP_QUEUE_MAX)
		udp_queue_flush(q);
	q->udp = u;
	q->out[q->count++] = (struct udp_out){ e->data, e->len, e->to, META_TTL_OF(e->meta) };
}

static struct udp *
find(struct udp *sockets, size_t n, socket_id id)
{
	for (size_t i = 0; i < n; i++)
		if (sockets[i].id == id && sockets[i].fd >= 0)
			return &sockets[i];
	return NULL;
}

void
udp_settle(struct udp *sockets, size_t n, const struct outbox *o)
{
	struct udp_queue queue;

	udp_queue_init(&queue);
	for (uint32_t i = 0; i < o->count; i++) {
		const struct effect *e = &o->effects[i];
		struct udp *u = e->kind == EFFECT_TO_NET ? find(sockets, n, e->socket) : NULL;

		if (u)
			udp_queue_put(&queue, u, e);
	}
	udp_queue_flush(&queue);
}
