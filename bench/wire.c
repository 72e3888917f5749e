/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire.c - a long wire between two network devices, without the kernel's netem.
 *
 *	wire DEVICE DEVICE MICROSECONDS
 *
 * Every frame that comes in on one device leaves on the other after the delay, in order.  A ring
 * for each direction is the length of the wire; what does not fit is lost.  The senders' offloads
 * have to be off: a frame is at most FRAME bytes and its checksums are its own.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME 1536
#define RING  16384 /* frames in flight */
#define NSEC  1000000000ll

struct frame {
	int64_t due; /* nanoseconds of the monotonic clock */
	size_t len;
	uint8_t bytes[FRAME];
};

struct direction {
	int from, to; /* packet sockets */
	size_t first, count;
	struct frame *ring;
};

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC + t.tv_nsec;
}

static void
fail(const char *what)
{
	fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
attach(const char *device)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(device) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0), size = 16 << 20, one = 1;

	if (fd < 0 || ll.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&ll, sizeof(ll)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0)
		fail(device);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return fd;
}

static void
take(struct direction *d, int64_t delay)
{
	while (d->count < RING) {
		struct frame *f = &d->ring[(d->first + d->count) % RING];
		ssize_t n = recv(d->from, f->bytes, sizeof(f->bytes), MSG_TRUNC);

		if (n < 0)
			return;
		if ((size_t)n > sizeof(f->bytes))
			continue;
		f->len = (size_t)n;
		f->due = now() + delay;
		d->count++;
	}
}

static void
give(struct direction *d)
{
	while (d->count > 0 && d->ring[d->first].due <= now()) {
		(void)send(d->to, d->ring[d->first].bytes, d->ring[d->first].len, 0);
		d->first = (d->first + 1) % RING;
		d->count--;
	}
}

/* Until a frame comes or one is due. */
static void
rest(struct direction d[static 2])
{
	struct pollfd fds[2] = { { .fd = d[0].from, .events = POLLIN },
		{ .fd = d[1].from, .events = POLLIN } };
	int64_t left = NSEC;
	struct timespec t;

	for (int i = 0; i < 2; i++) {
		int64_t until = d[i].count > 0 ? d[i].ring[d[i].first].due - now() : NSEC;

		left = until < left ? until : left;
		if (d[i].count == RING)
			fds[i].fd = -1;
	}
	left = left > 0 ? left : 0;
	t = (struct timespec){ .tv_sec = left / NSEC, .tv_nsec = left % NSEC };
	if (ppoll(fds, 2, &t, NULL) < 0 && errno != EINTR)
		fail("ppoll");
}

int
main(int argc, char **argv)
{
	struct direction d[2] = { 0 };
	int64_t delay;

	if (argc != 4) {
		fprintf(stderr, "usage: wire DEVICE DEVICE MICROSECONDS\n");
		return 2;
	}
	delay = atoll(argv[3]) * 1000;
	d[0].from = d[1].to = attach(argv[1]);
	d[1].from = d[0].to = attach(argv[2]);
	for (int i = 0; i < 2; i++)
		if ((d[i].ring = calloc(RING, sizeof(*d[i].ring))) == NULL)
			fail("memory");
	(void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	for (;;) {
		rest(d);
		for (int i = 0; i < 2; i++) {
			take(&d[i], delay);
			give(&d[i]);
		}
	}
}
