/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tun.c - the device through which this machine's own packets come and go.
 *
 * A read takes one packet or super-packet into the buffer behind the others. From there it goes
 * into buffers of packets, which have the room around them that an engine wants.
 */
#include "host/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/icmp.h"
#include "host/offloads.h"

#define STRIDE (PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM)
/* With fewer places free than that, another super-packet may not fit. */
#define PLACES_WANTED (TUN_BATCH / 2)

/* Of <linux/if_tun.h>, which is older in some distributions than their users' kernels. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

/* What to do about the usual reasons why there is no device. */
static int
explain(int rc, const char *name, struct err *err)
{
	switch (rc) {
	case -EACCES:
		return err_set(err, rc, "this user may not open /dev/net/tun, from which the network "
		    "device %s is made: chmod 0666 /dev/net/tun as root, as it is elsewhere, or have "
		    "root run the node: sudo mpynet up", name);
	case -EPERM:
		return err_set(err, rc, "creating the network device %s needs root "
		    "(CAP_NET_ADMIN)", name);
	case -EBUSY:
		return err_set(err, rc, "the network device %s is used by another program; "
		    "stop it or choose another name with --interface", name);
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return err_set(err, rc, "/dev/net/tun is missing; load the kernel's module: "
		    "modprobe tun");
	default:
		return err_set(err, rc, "cannot create the network device %s: %s", name,
		    err_phrase(rc));
	}
}

/* What the kernel is asked for: all, or less and less of it. */
static const struct rung {
	unsigned offloads;
	unsigned flags;
} ladder[] = {
	{ OFFLOAD_CHECKSUM | OFFLOAD_TSO | OFFLOAD_USO,
	    TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6 },
	{ OFFLOAD_CHECKSUM | OFFLOAD_TSO, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN },
	{ OFFLOAD_CHECKSUM, TUN_F_CSUM },
};

/* The best of what is wanted that the kernel has; 0 when it has none. */
static unsigned
ask_offloads(int fd, unsigned wanted)
{
	for (size_t i = 0; i < ARRAY_LEN(ladder); i++) {
		if ((ladder[i].offloads & ~wanted) == 0 &&
		    ioctl(fd, TUNSETOFFLOAD, ladder[i].flags) == 0)
			return ladder[i].offloads;
	}
	return 0;
}

/* Attaches `t->fd` to the device. What the kernel does not know is done without. */
static int
attach(struct tun *t, const char *name, unsigned wanted)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };

	memcpy(ifr.ifr_name, name, strlen(name));
	if (t->several)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	if (wanted & OFFLOAD_CHECKSUM)
		ifr.ifr_flags |= IFF_VNET_HDR;
	if (ioctl(t->fd, TUNSETIFF, &ifr) < 0)
		return -errno;
	memcpy(t->name, ifr.ifr_name, IFNAMSIZ);
	t->ifindex = if_nametoindex(t->name);
	if (t->ifindex == 0)
		return -errno;
	if (!(wanted & OFFLOAD_CHECKSUM))
		return 0;
	t->offloads = ask_offloads(t->fd, wanted);
	return t->offloads == 0 ? -EOPNOTSUPP : 0;
}

static int
open_device(struct tun *t, const char *name, unsigned wanted)
{
	int rc;

	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0)
		return -errno;
	rc = attach(t, name, wanted);
	if (rc < 0) {
		close(t->fd);
		t->fd = -1;
	}
	return rc;
}

static bool
find_buffers(struct tun *t)
{
	t->buffers = malloc((size_t)TUN_BATCH * STRIDE + PACKET_HEADROOM + OFFLOAD_MAX);
	return t->buffers != NULL;
}

static int
open_any(struct tun *t, const char *name, unsigned offloads, struct err *err)
{
	int rc;

	if (strlen(name) >= IFNAMSIZ)
		return err_set(err, -ENAMETOOLONG, "the interface name %s is longer than %d letters",
		    name, IFNAMSIZ - 1);
	rc = open_device(t, name, offloads);
	/* A kernel without headers says that there is no such flag; without any offload it has no use. */
	if (rc == -EINVAL || rc == -EOPNOTSUPP)
		rc = open_device(t, name, 0);
	if (rc == 0 && !find_buffers(t))
		rc = -ENOMEM;
	if (rc < 0) {
		tun_close(t);
		return explain(rc, name, err);
	}
	return 0;
}

int
tun_open(struct tun *t, const char *name, unsigned offloads, struct err *err)
{
	*t = (struct tun){ .fd = -1 };
	return open_any(t, name, offloads, err);
}

int
tun_open_several(struct tun *t, const char *name, unsigned offloads, struct err *err)
{
	*t = (struct tun){ .fd = -1, .several = true };
	/* The kernel would let us join another program's. */
	if (if_nametoindex(name) != 0)
		return explain(-EBUSY, name, err);
	return open_any(t, name, offloads, err);
}

int
tun_join(struct tun *t, const struct tun *first, bool own_queue, struct err *err)
{
	int rc = 0;

	assert(first->several);
	*t = (struct tun){
		.fd = -1,
		.ifindex = first->ifindex,
		.offloads = first->offloads,
		.several = true,
	};
	memcpy(t->name, first->name, sizeof(t->name));
	if (own_queue)
		rc = open_device(t, first->name, first->offloads);
	else if ((t->fd = fcntl(first->fd, F_DUPFD_CLOEXEC, 0)) < 0)
		rc = -errno;
	if (rc == 0 && !find_buffers(t))
		rc = -ENOMEM;
	if (rc < 0) {
		tun_close(t);
		return explain(rc, first->name, err);
	}
	return 0;
}

int
tun_join_lane(struct tun *t, const struct tun *first)
{
	assert(first->several);
	*t = (struct tun){
		.fd = -1,
		.ifindex = first->ifindex,
		.several = true,
		.buffers = first->buffers,
		.borrowed = true,
	};
	return open_device(t, first->name, first->offloads);
}

static void
on_poll(uv_poll_t *handle, int status, int events)
{
	struct tun *t = handle->data;

	(void)status;
	(void)events;
	t->on_readable(t->ctx, t);
}

int
tun_watch(struct tun *t, uv_loop_t *loop, void *ctx, void (*on_readable)(void *ctx, struct tun *t))
{
	int rc = uv_poll_init(loop, &t->poll, t->fd);

	if (rc < 0)
		return rc;
	t->poll.data = t;
	t->ctx = ctx;
	t->on_readable = on_readable;
	return uv_poll_start(&t->poll, UV_READABLE, on_poll);
}

/* Where the bytes of packet `i` go; behind the last place whatever is read goes first. */
static uint8_t *
place(const struct tun *t, size_t i)
{
	return t->buffers + i * STRIDE + PACKET_HEADROOM;
}

/* One packet, into the place at `data`. */
static bool
take_one(const struct virtio_net_hdr *h, const uint8_t *p, size_t len, uint8_t *data,
    struct packet *ret)
{
	if (len > PACKET_MAX)
		return false;
	memcpy(data, p, len);
	*ret = (struct packet){ .data = data, .len = (uint32_t)len };
	/* The kernel may have left the checksum to us. */
	return !(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
	    offload_complete(data, len, h->csum_start, h->csum_offset) == 0;
}

/* Pieces of the super-packet in hand, into the places from `n` on. Returns how many are filled. */
static size_t
take_pieces(struct tun *t, struct packet ret[static TUN_BATCH], size_t n)
{
	for (; n < TUN_BATCH; n++) {
		bool follows = n > 0 && t->cutting.at > t->cutting.header;
		uint8_t *data = place(t, n);
		size_t len = segmenter_next(&t->cutting, data);

		if (len == 0) {
			t->cutting.len = 0;
			break;
		}
		ret[n] = (struct packet){
			.data = data,
			.len = (uint32_t)len,
			.meta = follows ? META_FOLLOWS : 0,
		};
	}
	return n;
}

/*
 * Reads one packet or super-packet to `ret`. Returns its length; 0 when there is none. Without
 * offloads `h` stays as it is.
 */
static size_t
read_device(const struct tun *t, struct virtio_net_hdr *h, uint8_t *ret)
{
	const struct iovec parts[] = {
		{ .iov_base = h, .iov_len = sizeof(*h) },
		{ .iov_base = ret, .iov_len = OFFLOAD_MAX },
	};
	size_t before = t->offloads != 0 ? sizeof(*h) : 0;
	ssize_t n = before > 0 ? readv(t->fd, parts, ARRAY_LEN(parts))
			       : read(t->fd, ret, OFFLOAD_MAX);

	return n > (ssize_t)before ? (size_t)n - before : 0;
}

/* Reads once, and takes as much of it as there are places. False when the device is empty. */
static bool
read_on(struct tun *t, struct packet ret[static TUN_BATCH], size_t *n)
{
	struct virtio_net_hdr h = { 0 };
	uint8_t *whole = place(t, TUN_BATCH);
	size_t len = read_device(t, &h, whole);

	if (len == 0)
		return false;
	t->reads++;
	if (h.gso_type == VIRTIO_NET_HDR_GSO_NONE) {
		if (take_one(&h, whole, len, place(t, *n), &ret[*n]))
			++*n;
		else
			t->refused++;
	} else if (segmenter_begin(&t->cutting, whole, len, h.gso_size) == 0) {
		*n = take_pieces(t, ret, *n);
	} else {
		t->refused++;
	}
	return true;
}

size_t
tun_receive(struct tun *t, struct packet ret[static TUN_BATCH])
{
	size_t n = t->cutting.len > 0 ? take_pieces(t, ret, 0) : 0;

	t->more = true;
	while (t->more && t->cutting.len == 0 && n <= TUN_BATCH - PLACES_WANTED)
		t->more = read_on(t, ret, &n);
	t->received += n;
	return n;
}

size_t
tun_rest(struct tun *t, struct packet ret[static TUN_BATCH])
{
	size_t n = t->cutting.len > 0 ? take_pieces(t, ret, 0) : 0;

	t->received += n;
	return n;
}

void
tun_close(struct tun *t)
{
	if (t->on_readable)
		uv_close((uv_handle_t *)&t->poll, NULL);
	if (t->fd >= 0)
		close(t->fd);
	if (!t->borrowed)
		free(t->buffers);
	t->fd = -1;
	t->buffers = NULL;
	t->on_readable = NULL;
}
