/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tun.c - the device through which this machine's own packets come and go.
 */
#include "host/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define STRIDE (PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM)

/* What to do about the usual reasons why there is no device. */
static int
explain(int rc, const char *name, struct err *err)
{
	switch (rc) {
	case -EPERM:
	case -EACCES:
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

int
tun_open(struct tun *t, const char *name, struct err *err)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int rc = 0;

	*t = (struct tun){ .fd = -1 };
	if (strlen(name) >= IFNAMSIZ)
		return err_set(err, -ENAMETOOLONG, "the interface name %s is longer than %d letters",
		    name, IFNAMSIZ - 1);
	memcpy(ifr.ifr_name, name, strlen(name));

	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0)
		return explain(-errno, name, err);
	if (ioctl(t->fd, TUNSETIFF, &ifr) < 0)
		rc = -errno;
	memcpy(t->name, ifr.ifr_name, IFNAMSIZ);
	if (rc == 0 && (t->ifindex = if_nametoindex(t->name)) == 0)
		rc = -errno;
	if (rc == 0 && !(t->buffers = malloc((size_t)TUN_BATCH * STRIDE)))
		rc = -ENOMEM;
	if (rc < 0) {
		tun_close(t);
		return explain(rc, name, err);
	}
	return 0;
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

size_t
tun_receive(struct tun *t, struct packet ret[static TUN_BATCH])
{
	size_t n = 0;

	while (n < TUN_BATCH) {
		uint8_t *data = t->buffers + n * STRIDE + PACKET_HEADROOM;
		ssize_t len = read(t->fd, data, PACKET_MAX);

		if (len <= 0)
			break;
		ret[n++] = (struct packet){ .data = data, .len = (uint32_t)len };
	}
	t->received += n;
	return n;
}

void
tun_send(struct tun *t, const uint8_t *data, size_t len)
{
	if (write(t->fd, data, len) < 0)
		t->send_failed++;
	else
		t->sent++;
}

void
tun_close(struct tun *t)
{
	if (t->on_readable)
		uv_close((uv_handle_t *)&t->poll, NULL);
	if (t->fd >= 0)
		close(t->fd);
	free(t->buffers);
	t->fd = -1;
	t->buffers = NULL;
	t->on_readable = NULL;
}
