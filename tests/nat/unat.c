/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unat.c - a NAT between real packets: the simulator's model (tests/sim/nat.c) on a TUN device.
 *
 *	unat KIND home|carrier DEVICE OUTSIDE	be the NAT of a kind of site
 *	unat --pairs				what each pair of kinds needs and comes to
 *
 * The router's namespace sends into the device whatever comes from inside, and whatever comes for
 * OUTSIDE, and forwards what comes out of it. Only UDP over IPv4 passes, and no fragments.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "core/bytes.h"
#include "tests/sim/kinds.h"

#define PACKET_SIZE 65536
#define IPV4_HEADER 20
#define UDP_HEADER  8
#define FRAGMENTED  0x3fff /* more fragments, or an offset */

enum {
	AT_TOTAL = 2,
	AT_FRAGMENT = 6,
	AT_PROTOCOL = 9,
	AT_CHECKSUM = 10,
	AT_SOURCE = 12,
	AT_DESTINATION = 16,
};

static usec_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

static uint32_t
add(uint32_t sum, const uint8_t *p, size_t len)
{
	for (; len > 1; p += 2, len -= 2)
		sum += be16(p);
	return len > 0 ? sum + (uint32_t)(p[0] << 8) : sum;
}

static uint16_t
fold(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Both checksums, from nothing. */
static void
sum_up(uint8_t *p, size_t len)
{
	uint8_t *udp = p + IPV4_HEADER;
	uint32_t sum;

	put_be16(p + AT_CHECKSUM, 0);
	put_be16(p + AT_CHECKSUM, fold(add(0, p, IPV4_HEADER)));
	put_be16(udp + 6, 0);
	sum = add(17 + (uint32_t)(len - IPV4_HEADER), p + AT_SOURCE, 8);
	sum = fold(add(sum, udp, len - IPV4_HEADER));
	put_be16(udp + 6, sum == 0 ? 0xffff : (uint16_t)sum);
}

static struct addr
endpoint(const uint8_t *ip, const uint8_t *port)
{
	return addr_from_ip(ip_v4(ip), be16(port));
}

/* Translates the packet in place. Returns its length, or 0 when it is dropped. */
static size_t
translate(struct translator *n, uint8_t *p, size_t len)
{
	uint8_t *udp = p + IPV4_HEADER;
	struct addr from, to;
	enum nat_verdict verdict;

	if (len < IPV4_HEADER + UDP_HEADER || p[0] != 0x45 || p[AT_PROTOCOL] != 17 ||
	    be16(p + AT_TOTAL) != len || (be16(p + AT_FRAGMENT) & FRAGMENTED) != 0)
		return 0;
	from = endpoint(p + AT_SOURCE, udp);
	to = endpoint(p + AT_DESTINATION, udp + 2);
	verdict = addr_class(&from) == ADDR_CLASS_PRIVATE ? nat_from_inside(n, now(), &from, &to)
							  : nat_from_outside(n, now(), &from, &to);
	if (verdict == NAT_DROP)
		return 0;
	memcpy(p + AT_SOURCE, from.ip, 4);
	memcpy(p + AT_DESTINATION, to.ip, 4);
	put_be16(udp, from.port);
	put_be16(udp + 2, to.port);
	sum_up(p, len);
	return len;
}

static int
open_tun(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) < 0) {
		perror(name);
		exit(1);
	}
	return fd;
}

static void
run(const struct nat_behaviour *is, const char *device, struct addr outside)
{
	static uint8_t packet[PACKET_SIZE];
	int fd = open_tun(device);
	struct rng_stream stream;
	struct translator n;
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		exit(1);
	rng_stream_init(&stream, seed);
	nat_init(&n, is, outside, rng_stream_source(&stream));
	for (;;) {
		ssize_t len = read(fd, packet, sizeof(packet));
		size_t out = len > 0 ? translate(&n, packet, (size_t)len) : 0;

		if (len < 0 && errno != EINTR && errno != EIO) /* EIO: not up yet */
			exit(1);
		if (len < 0)
			usleep(1000);
		if (out > 0)
			(void)!write(fd, packet, out);
	}
}

/* One line for each pair: kinds, the letter of what it takes, and what comes of it. */
static void
print_pairs(void)
{
	static const char *const words[OUTCOME_COUNT] = {
		[OUTCOME_DIRECT] = "direct",
		[OUTCOME_RELAYED] = "relayed",
		[OUTCOME_TCP] = "tcp",
		[OUTCOME_NOTHING] = "nothing",
	};

	for (unsigned i = 0; i < KIND_PAIRS; i++) {
		unsigned a, b;

		kind_pair(i, &a, &b);
		printf("%s %s %c %s\n", kinds[a].name, kinds[b].name,
		    technique_letters[technique_needed(&kinds[a], &kinds[b])],
		    words[outcome_expected(&kinds[a], &kinds[b])]);
	}
}

int
main(int argc, char **argv)
{
	const struct nat_behaviour *is = NULL;
	struct addr outside;

	if (argc == 2 && strcmp(argv[1], "--pairs") == 0) {
		print_pairs();
		return 0;
	}
	if (argc != 5 || addr_parse(&outside, argv[4], 1) < 0) {
		fprintf(stderr, "usage: unat KIND home|carrier DEVICE OUTSIDE\n");
		return 2;
	}
	outside.port = 0;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (strcmp(kinds[i].name, argv[1]) == 0)
			is = strcmp(argv[2], "carrier") == 0 ? kinds[i].carrier : kinds[i].home;
	}
	if (is == NULL) {
		fprintf(stderr, "there is no such NAT: %s %s\n", argv[1], argv[2]);
		return 2;
	}
	run(is, argv[3], outside);
}
