/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * badwire.c - a wire that loses, repeats, delays, and spoils packets.
 *
 *	badwire DEVICE SEED
 *
 * A router sends into the TUN device what is to go over the wire, and forwards what comes out of
 * it, so both directions pass here, one packet at a time: the kernel has cut what it had joined.
 * Each line of standard input changes one thing, and is repeated on standard output once it holds:
 *
 *	loss N		parts of 10,000 that are lost
 *	twice N		parts of 10,000 that arrive twice, some time apart
 *	late N		parts of 10,000 that are overtaken by what follows
 *	spoil N		parts of 10,000 of which one bit is turned over, where no checksum tells
 *	hold N		how many microseconds what is late is late, at most
 *	delay N		microseconds for everything
 *	most N		longer IP packets vanish; 0: none does
 *	join N		not 0: what goes on at the same time is joined, as a network card does
 *
 * An end of the input is the wire's. What it has done is then on standard output, a line a number.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "core/offload.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#define PACKET_SIZE 65536
#define QUEUE	    8192
#define PARTS	    10000
/* In IPv4 without options. */
#define IP_HEADER   20
#define UDP_PAYLOAD 28
/* The longest packet that is joined to others. */
#define PIECE_MAX   1500
/* Taken in before the queue is looked at again. */
#define AT_ONCE	    64

/* What happens to packets, and how often it has. */
enum fate { LOSS, TWICE, LATE, SPOIL, FATES };
enum knob { HOLD = FATES, DELAY, MOST, JOIN, KNOBS };

static const char *const names[KNOBS] = {
	[LOSS] = "loss", [TWICE] = "twice", [LATE] = "late", [SPOIL] = "spoil",
	[HOLD] = "hold", [DELAY] = "delay", [MOST] = "most", [JOIN] = "join",
};

struct held {
	uint64_t due; /* ns */
	size_t len;
	uint8_t *bytes;
};

struct wire {
	int fd;
	uint64_t random;
	unsigned knobs[KNOBS];
	uint64_t done[FATES];
	uint64_t passed, too_long, overflowed, joined;
	struct held queue[QUEUE]; /* by due, the latest first */
	size_t queued;
	/* What will go on as one. */
	struct coalescer together;
	uint8_t pieces[OFFLOAD_PACKETS_MAX][PIECE_MAX];
};

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* splitmix64: the same packets meet the same fates when they come in the same order. */
static uint64_t
chance(struct wire *w)
{
	uint64_t z = w->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static bool
happens(struct wire *w, enum fate fate)
{
	bool yes = w->knobs[fate] != 0 && chance(w) % PARTS < w->knobs[fate];

	w->done[fate] += yes;
	return yes;
}

static void
write_out(struct wire *w, const struct iovec *parts, size_t n, size_t packets)
{
	if (writev(w->fd, parts, (int)n) < 0)
		return;
	w->passed += packets;
	w->joined += packets > 1 ? packets : 0;
}

static void
write_one(struct wire *w, const uint8_t *p, size_t len)
{
	struct virtio_net_hdr none = { 0 };

	write_out(w, (struct iovec[]){ { &none, sizeof(none) }, { (void *)p, len } }, 2, 1);
}

/* What was put together goes on. */
static void
flush(struct wire *w)
{
	struct coalescer *c = &w->together;
	struct iovec parts[1 + OFFLOAD_PACKETS_MAX];
	struct virtio_net_hdr header;
	size_t left = c->len;

	if (c->count == 1)
		write_one(w, c->p, c->len);
	if (c->count > 1) {
		coalescer_end(c);
		header = (struct virtio_net_hdr){
			.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4,
			.hdr_len = (uint16_t)c->header,
			.gso_size = (uint16_t)c->size,
			.csum_start = (uint16_t)c->body,
			.csum_offset = OFFLOAD_UDP_CHECKSUM,
		};
		parts[0] = (struct iovec){ &header, sizeof(header) };
		parts[1] = (struct iovec){ c->p, c->header + c->size };
		left -= parts[1].iov_len;
		for (size_t i = 1; i < c->count; i++) {
			size_t len = left < c->size ? left : c->size;

			parts[1 + i] = (struct iovec){ w->pieces[i] + c->header, len };
			left -= len;
		}
		write_out(w, parts, 1 + c->count, c->count);
	}
	c->count = 0;
}

/* Only UDP is joined: that is what there is on this wire in quantity. */
static bool
begin(struct wire *w, const uint8_t *p, size_t len)
{
	struct coalescer *c = &w->together;

	memcpy(w->pieces[0], p, len);
	if (coalescer_begin(c, w->pieces[0], len) == 0 && !c->tcp)
		return true;
	c->count = 0;
	return false;
}

static void
deliver(struct wire *w, const uint8_t *p, size_t len)
{
	struct coalescer *c = &w->together;
	bool may = w->knobs[JOIN] != 0 && len <= PIECE_MAX;

	if (may && c->count > 0 && coalescer_take(c, p, len)) {
		memcpy(w->pieces[c->count - 1], p, len);
		return;
	}
	flush(w);
	if (!may || !begin(w, p, len))
		write_one(w, p, len);
}

/* Behind all that is due no later, so that equal delays keep the order. */
static void
hold(struct wire *w, const uint8_t *p, size_t len, uint64_t due)
{
	struct held h = { .due = due, .len = len, .bytes = w->queued < QUEUE ? malloc(len) : NULL };
	size_t at = 0;

	if (h.bytes == NULL) {
		w->overflowed++;
		return;
	}
	memcpy(h.bytes, p, len);
	while (at < w->queued && w->queue[at].due > due)
		at++;
	memmove(&w->queue[at + 1], &w->queue[at], (w->queued - at) * sizeof(h));
	w->queue[at] = h;
	w->queued++;
}

static void
release_due(struct wire *w)
{
	while (w->queued > 0 && w->queue[w->queued - 1].due <= now()) {
		struct held h = w->queue[--w->queued];

		deliver(w, h.bytes, h.len);
		free(h.bytes);
	}
}

static uint64_t
some_time(struct wire *w)
{
	return w->knobs[HOLD] == 0 ? 0 : chance(w) % w->knobs[HOLD] * 1000;
}

/* The sum over UDP is made right again: nobody below the receiving program notices. */
static void
spoil(struct wire *w, uint8_t *p, size_t len)
{
	size_t from = 0;
	bool udp = p[0] == 0x45 && p[9] == IPPROTO_UDP && len > UDP_PAYLOAD;

	if (udp)
		from = UDP_PAYLOAD;
	p[from + chance(w) % (len - from)] ^= (uint8_t)(1 << chance(w) % 8);
	if (!udp)
		return;
	put_be16(p + IP_HEADER + OFFLOAD_UDP_CHECKSUM,
	    inet_fold(inet_pseudo_sum(p, IPPROTO_UDP, len - IP_HEADER)));
	(void)!offload_complete(p, len, IP_HEADER, OFFLOAD_UDP_CHECKSUM);
}

static void
pass(struct wire *w, uint8_t *p, size_t len)
{
	uint64_t delay = (uint64_t)w->knobs[DELAY] * 1000;

	if (w->knobs[MOST] != 0 && len > w->knobs[MOST]) {
		w->too_long++;
		return;
	}
	if (happens(w, LOSS))
		return;
	if (happens(w, SPOIL))
		spoil(w, p, len);
	if (happens(w, TWICE))
		hold(w, p, len, now() + delay + some_time(w));
	if (happens(w, LATE))
		delay += some_time(w);
	if (delay == 0)
		deliver(w, p, len);
	else
		hold(w, p, len, now() + delay);
}

static void
take_in(struct wire *w)
{
	static uint8_t packet[PACKET_SIZE];
	struct virtio_net_hdr header;
	const struct iovec parts[] = { { &header, sizeof(header) }, { packet, sizeof(packet) } };

	for (int i = 0; i < AT_ONCE; i++) {
		ssize_t len = readv(w->fd, parts, 2);

		if (len <= (ssize_t)sizeof(header))
			return;
		pass(w, packet, (size_t)len - sizeof(header));
	}
}

static void
turn(struct wire *w, const char *line)
{
	char word[16];
	unsigned value;

	if (sscanf(line, "%15s %u", word, &value) != 2)
		return;
	for (size_t i = 0; i < KNOBS; i++) {
		if (strcmp(names[i], word) != 0)
			continue;
		w->knobs[i] = value;
		printf("%s %u\n", word, value);
		fflush(stdout);
	}
}

/* False at the end of the input. */
static bool
obey(struct wire *w)
{
	char text[512];
	ssize_t len = read(STDIN_FILENO, text, sizeof(text) - 1);

	if (len <= 0)
		return false;
	text[len] = '\0';
	for (char *save, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		turn(w, line);
	return true;
}

static int
patience(const struct wire *w)
{
	uint64_t due, t = now();

	if (w->queued == 0)
		return -1;
	due = w->queue[w->queued - 1].due;
	return due <= t ? 0 : (int)((due - t) / 1000000 + 1);
}

static void
run(struct wire *w)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = w->fd, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, 2, patience(w)) < 0 && errno != EINTR)
			return;
		if (fds[0].revents != 0 && !obey(w))
			return;
		if (fds[1].revents & POLLIN)
			take_in(w);
		release_due(w);
		flush(w);
	}
}

static void
tell(const struct wire *w)
{
	for (size_t i = 0; i < FATES; i++)
		printf("%s %" PRIu64 "\n", names[i], w->done[i]);
	printf("passed %" PRIu64 "\ntoo-long %" PRIu64 "\noverflowed %" PRIu64
	    "\njoined %" PRIu64 "\n", w->passed, w->too_long, w->overflowed, w->joined);
}

static int
open_tun(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) < 0) {
		perror(name);
		exit(1);
	}
	return fd;
}

int
main(int argc, char **argv)
{
	static struct wire w;

	if (argc != 3) {
		fprintf(stderr, "usage: badwire DEVICE SEED\n");
		return 2;
	}
	w.fd = open_tun(argv[1]);
	w.random = strtoull(argv[2], NULL, 0);
	printf("ready\n");
	fflush(stdout);
	run(&w);
	tell(&w);
	return 0;
}
