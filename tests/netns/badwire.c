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
 *
 * An end of the input is the wire's. What it has done is then on standard output, a line a number.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PACKET_SIZE 65536
#define QUEUE	    8192
#define PARTS	    10000
/* Offsets in IPv4 without options. */
#define UDP_CHECKSUM 26
#define UDP_PAYLOAD  28
/* Taken in before the queue is looked at again. */
#define AT_ONCE	    64

/* What happens to packets, and how often it has. */
enum fate { LOSS, TWICE, LATE, SPOIL, FATES };
enum knob { HOLD = FATES, DELAY, MOST, KNOBS };

static const char *const names[KNOBS] = {
	[LOSS] = "loss", [TWICE] = "twice", [LATE] = "late", [SPOIL] = "spoil",
	[HOLD] = "hold", [DELAY] = "delay", [MOST] = "most",
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
	uint64_t passed, too_long, overflowed;
	struct held queue[QUEUE]; /* by due, the latest first */
	size_t queued;
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
deliver(struct wire *w, const uint8_t *p, size_t len)
{
	if (write(w->fd, p, len) == (ssize_t)len)
		w->passed++;
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

/* UDP over IPv4 may go without a checksum: then nobody below the receiving program notices. */
static void
spoil(struct wire *w, uint8_t *p, size_t len)
{
	size_t from = 0;

	if (p[0] == 0x45 && p[9] == IPPROTO_UDP && len > UDP_PAYLOAD) {
		memset(p + UDP_CHECKSUM, 0, 2);
		from = UDP_PAYLOAD;
	}
	p[from + chance(w) % (len - from)] ^= (uint8_t)(1 << chance(w) % 8);
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

	for (int i = 0; i < AT_ONCE; i++) {
		ssize_t len = read(w->fd, packet, sizeof(packet));

		if (len <= 0)
			return;
		pass(w, packet, (size_t)len);
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
	}
}

static void
tell(const struct wire *w)
{
	for (size_t i = 0; i < FATES; i++)
		printf("%s %" PRIu64 "\n", names[i], w->done[i]);
	printf("passed %" PRIu64 "\ntoo-long %" PRIu64 "\noverflowed %" PRIu64 "\n", w->passed,
	    w->too_long, w->overflowed);
}

static int
open_tun(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
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
