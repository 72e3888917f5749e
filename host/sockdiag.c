/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockdiag.c - TCP connections, as the kernel counts them.
 */
#include "host/sockdiag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/netns.h"

/* A dump comes in pieces of at most this size (netlink(7)). */
#define PIECE_MAX 32768

/* Every state but LISTEN, TIME_WAIT and NEW_SYN_RECV, in which there is nothing to count. */
#define STATES ((1U << TCP_ESTABLISHED) | (1U << TCP_SYN_SENT) | (1U << TCP_FIN_WAIT1) |          \
	(1U << TCP_FIN_WAIT2) | (1U << TCP_CLOSE_WAIT) | (1U << TCP_LAST_ACK) | (1U << TCP_CLOSING))

/* The kernel's names of them are in a header that contradicts <linux/tcp.h>. */
enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_CLOSING,
};

/*
 * Reading
 */

static struct addr
read_end(uint8_t family, const void *ip, uint16_t port)
{
	struct addr a = { .family = family == AF_INET ? FAMILY_V4 : FAMILY_V6, .port = ntohs(port) };

	memcpy(a.ip, ip, family == AF_INET ? 4 : 16);
	return a;
}

/* An older kernel gives less of it than we know, a newer one more. */
static void
read_info(struct sockdiag_tcp *t, const void *p, size_t len)
{
	struct tcp_info i = { 0 };

	memcpy(&i, p, min_u64(len, sizeof(i)));
	t->sent = i.tcpi_bytes_sent - min_u64(i.tcpi_bytes_sent, i.tcpi_bytes_retrans);
	t->received = i.tcpi_bytes_received;
	t->acked = i.tcpi_bytes_acked;
	t->sent_segments = i.tcpi_data_segs_out;
	t->received_segments = i.tcpi_data_segs_in;
	t->repeated_segments = i.tcpi_total_retrans;
	t->unacked = i.tcpi_unacked;
	t->unsent = i.tcpi_notsent_bytes;
	t->probes = i.tcpi_probes;
	t->retries = i.tcpi_retransmits;
	t->rtt = i.tcpi_rtt;
	t->rtt_least = i.tcpi_min_rtt == UINT32_MAX ? 0 : i.tcpi_min_rtt;
	t->window_closed = i.tcpi_rwnd_limited;
}

/* One connection; false: it is none that we count. */
static bool
read_one(struct sockdiag_tcp *ret, const uint8_t *p, size_t len)
{
	struct sockdiag_tcp t = { 0 };
	struct inet_diag_msg m;
	size_t at = NLMSG_ALIGN(sizeof(m));
	bool counted = false;

	if (len < sizeof(m))
		return false;
	memcpy(&m, p, sizeof(m));
	if ((m.idiag_family != AF_INET && m.idiag_family != AF_INET6) || m.id.idiag_dport == 0)
		return false;
	t.cookie = (uint64_t)m.id.idiag_cookie[1] << 32 | m.id.idiag_cookie[0];
	t.local = read_end(m.idiag_family, m.id.idiag_src, m.id.idiag_sport);
	t.remote = read_end(m.idiag_family, m.id.idiag_dst, m.id.idiag_dport);
	t.gone = m.idiag_state == TCP_CLOSE;
	while (at + sizeof(struct rtattr) <= len) {
		struct rtattr a;

		memcpy(&a, p + at, sizeof(a));
		if (a.rta_len < sizeof(a) || a.rta_len > len - at)
			return false;
		if (a.rta_type == INET_DIAG_INFO) {
			read_info(&t, p + at + RTA_LENGTH(0), a.rta_len - RTA_LENGTH(0));
			counted = true;
		}
		at += RTA_ALIGN(a.rta_len);
	}
	if (counted)
		*ret = t;
	return counted;
}

/* The end of an answer, or its error: negative, and 0 for an acknowledgement. */
static int
read_end_of(const uint8_t *p, size_t len)
{
	int32_t code;

	if (len < sizeof(code))
		return ERR_FORMAT;
	memcpy(&code, p, sizeof(code));
	return code < 0 ? code : 0;
}

int
sockdiag_parse(const void *bytes, size_t len, sockdiag_fn take, void *ctx)
{
	const uint8_t *p = bytes;
	struct sockdiag_tcp t;
	bool goes_on = false;

	for (size_t at = 0; at < len;) {
		struct nlmsghdr h;

		if (len - at < sizeof(h))
			return ERR_FORMAT;
		memcpy(&h, p + at, sizeof(h));
		if (h.nlmsg_len < NLMSG_HDRLEN || h.nlmsg_len > len - at)
			return ERR_FORMAT;
		if (h.nlmsg_type == NLMSG_DONE || h.nlmsg_type == NLMSG_ERROR)
			return read_end_of(p + at + NLMSG_HDRLEN, h.nlmsg_len - NLMSG_HDRLEN);
		if (h.nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    read_one(&t, p + at + NLMSG_HDRLEN, h.nlmsg_len - NLMSG_HDRLEN))
			take(ctx, &t);
		goes_on = goes_on || (h.nlmsg_flags & NLM_F_MULTI) != 0;
		at += NLMSG_ALIGN(h.nlmsg_len);
	}
	return goes_on;
}

/*
 * Asking
 */

static int
open_here(void *arg)
{
	struct sockdiag *s = arg;
	struct sockaddr_nl gone = {
		.nl_family = AF_NETLINK,
		.nl_groups = 1U << (SKNLGRP_INET_TCP_DESTROY - 1) |
		    1U << (SKNLGRP_INET6_TCP_DESTROY - 1),
	};
	struct timeval patience = { .tv_sec = 1 };

	s->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (s->fd < 0)
		return -errno;
	setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	s->notices = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
	if (s->notices < 0 || bind(s->notices, (struct sockaddr *)&gone, sizeof(gone)) == 0)
		return 0;
	close(s->notices); /* without, the last moment of a connection is not seen */
	s->notices = -1;
	return 0;
}

int
sockdiag_open(struct sockdiag *s, pid_t holder, struct err *err)
{
	const struct netns ns = { holder };
	int rc;

	*s = (struct sockdiag){ .fd = -1, .notices = -1 };
	err->text[0] = '\0';
	rc = netns_within(&ns, open_here, s, err);
	if (rc < 0 && err->text[0] == '\0')
		err_set(err, rc, "cannot ask the kernel about connections: %s", err_phrase(rc));
	return rc;
}

void
sockdiag_close(struct sockdiag *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->notices >= 0)
		close(s->notices);
	*s = (struct sockdiag){ .fd = -1, .notices = -1 };
}

static int
ask(struct sockdiag *s, uint8_t family)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} q = {
		.head = {
			.nlmsg_len = sizeof(q),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = ++s->sequence,
		},
		.body = {
			.sdiag_family = family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_ext = 1U << (INET_DIAG_INFO - 1),
			.idiag_states = STATES,
		},
	};

	return send(s->fd, &q, sizeof(q), 0) == (ssize_t)sizeof(q) ? 0 : -errno;
}

/* A piece that came: as sockdiag_parse(), or -errno. */
static int
take_piece(int fd, sockdiag_fn take, void *ctx)
{
	_Alignas(8) uint8_t piece[PIECE_MAX];
	ssize_t n = recv(fd, piece, sizeof(piece), 0);

	return n < 0 ? -errno : sockdiag_parse(piece, (size_t)n, take, ctx);
}

int
sockdiag_look(struct sockdiag *s, sockdiag_fn take, void *ctx)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	int rc = 0;

	/* What is lost when too many come at once is gone; the next ones are read all the same. */
	while (s->notices >= 0 && (rc >= 0 || rc == -ENOBUFS))
		rc = take_piece(s->notices, take, ctx);
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		rc = ask(s, families[i]);
		for (bool more = rc == 0; more; more = rc > 0)
			rc = take_piece(s->fd, take, ctx);
		if (rc < 0)
			return rc;
	}
	return 0;
}
