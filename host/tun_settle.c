/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tun_settle.c - packets on their way into the device, put together where they are of one flow.
 *
 * Nothing waits for packets that have not come yet: what one outbox holds is written when all of it
 * was looked at. The bytes stay where they are; what is put together is a list of places.
 */
#include "host/tun.h"

#include <unistd.h>

#include "host/offloads.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

static void
write_parts(struct tun *t, const struct iovec *parts, size_t count, size_t packets)
{
	bool bare = t->offloads == 0;
	ssize_t n = bare ? write(t->fd, parts[1].iov_base, parts[1].iov_len)
			 : writev(t->fd, parts, (int)count);

	if (n < 0) {
		t->send_failed += packets;
		return;
	}
	t->writes++;
	t->sent += packets;
}

/* A packet that stays alone. */
static void
write_one(struct tun *t, uint8_t *data, size_t len)
{
	struct virtio_net_hdr header = { 0 };
	const struct iovec parts[] = {
		{ .iov_base = &header, .iov_len = sizeof(header) },
		{ .iov_base = data, .iov_len = len },
	};

	write_parts(t, parts, ARRAY_LEN(parts), 1);
}

static uint8_t
gso_type(const struct coalescer *c)
{
	if (!c->tcp)
		return VIRTIO_NET_HDR_GSO_UDP_L4;
	return c->p[0] >> 4 == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
}

static void
write_flow(struct tun *t, struct tun_flow *f)
{
	const struct coalescer *c = &f->packets;

	if (c->count == 1) {
		write_one(t, c->p, c->len);
		return;
	}
	coalescer_end(&f->packets);
	f->header = (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = gso_type(c),
		.hdr_len = (uint16_t)c->header,
		.gso_size = (uint16_t)c->size,
		.csum_start = (uint16_t)c->body,
		.csum_offset = c->tcp ? OFFLOAD_TCP_CHECKSUM : OFFLOAD_UDP_CHECKSUM,
	};
	f->parts[0] = (struct iovec){ .iov_base = &f->header, .iov_len = sizeof(f->header) };
	write_parts(t, f->parts, 1 + c->count, c->count);
}

/* Writes the flow at `i`; the last one takes its place. */
static void
finish_flow(struct tun *t, size_t i)
{
	write_flow(t, &t->flows[i]);
	if (i != --t->flow_count)
		t->flows[i] = t->flows[t->flow_count];
}

/* Joined to its flow? If it may not be, what is there of its flow goes first. */
static bool
join_flow(struct tun *t, uint8_t *data, size_t len)
{
	for (size_t i = 0; i < t->flow_count; i++) {
		struct tun_flow *f = &t->flows[i];
		struct coalescer *c = &f->packets;

		if (coalescer_take(c, data, len)) {
			f->parts[c->count] = (struct iovec){
				.iov_base = data + c->header,
				.iov_len = len - c->header,
			};
			return true;
		}
		if (coalescer_same_flow(c, data, len)) {
			finish_flow(t, i);
			return false;
		}
	}
	return false;
}

/* Others may follow this one. */
static bool
begin_flow(struct tun *t, uint8_t *data, size_t len)
{
	struct coalescer c;
	struct tun_flow *f;

	if (coalescer_begin(&c, data, len) < 0 || c.closed ||
	    !(t->offloads & (c.tcp ? OFFLOAD_TSO : OFFLOAD_USO)))
		return false;
	if (t->flow_count == TUN_FLOWS)
		finish_flow(t, 0);
	f = &t->flows[t->flow_count++];
	f->packets = c;
	f->parts[1] = (struct iovec){ .iov_base = data, .iov_len = len };
	return true;
}

void
tun_settle(struct tun *t, const struct outbox *o)
{
	for (uint32_t i = 0; i < o->count; i++) {
		const struct effect *e = &o->effects[i];

		if (e->kind == EFFECT_TO_TUN && !join_flow(t, e->data, e->len) &&
		    !begin_flow(t, e->data, e->len))
			write_one(t, e->data, e->len);
	}
	while (t->flow_count > 0)
		finish_flow(t, 0);
}
