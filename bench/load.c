/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load.c - the small loads of `make bench`, which the usual tools do not make.
 *
 *	load echo			answer TCP and UDP on PORT until killed
 *	load rr ADDRESS SECONDS		one request after the other over TCP, BYTES each way
 *	load reach ADDRESS SECONDS	how long until a UDP datagram is answered
 *	load sink SECONDS		count UDP datagrams from the first to the last
 *	load flood ADDRESS SECONDS	send UDP datagrams of BYTES as fast as they go
 *
 * What was measured is one line of JSON.  Everything blocks: a load that polled would measure itself.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT	 7300
#define BYTES	 64
#define BATCH	 32			/* datagrams a system call of flood and sink */
#define SAMPLES	 (4 << 20)		/* round trips that rr remembers */
#define PATIENCE 250			/* milliseconds of silence that end a flood */
#define EVERY	 5			/* milliseconds between the questions of reach */

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sockaddr_in
endpoint(const char *address)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	if (address != NULL && inet_pton(AF_INET, address, &sin.sin_addr) != 1) {
		fprintf(stderr, "load: %s is no IPv4 address\n", address);
		exit(2);
	}
	return sin;
}

static int
socket_of(int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

	must(fd >= 0, "socket");
	if (type == SOCK_STREAM)
		must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0,
		    "TCP_NODELAY");
	return fd;
}

static int
listening(int type)
{
	struct sockaddr_in sin = endpoint(NULL);
	int fd = socket_of(type), one = 1;

	must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0, "SO_REUSEADDR");
	must(bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0, "bind");
	return fd;
}

static void
wait_at_most(int fd, long ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0, "SO_RCVTIMEO");
}

static bool
read_all(int fd, uint8_t *buf)
{
	for (size_t got = 0; got < BYTES;) {
		ssize_t n = recv(fd, buf + got, BYTES - got, 0);

		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

static _Noreturn void
echo_stream(int fd)
{
	uint8_t buf[BYTES];

	while (read_all(fd, buf) && send(fd, buf, sizeof(buf), MSG_NOSIGNAL) == sizeof(buf))
		;
	_exit(0);
}

static _Noreturn void
echo_datagrams(int fd)
{
	struct sockaddr_in from;
	uint8_t buf[2048];

	for (;;) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);

		if (n >= 0)
			(void)sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from, len);
	}
}

/* A process for the datagrams and one for each stream. */
static _Noreturn void
echo(void)
{
	int tcp = listening(SOCK_STREAM), udp = listening(SOCK_DGRAM);

	signal(SIGCHLD, SIG_IGN);
	must(listen(tcp, 16) == 0, "listen");
	if (fork() == 0)
		echo_datagrams(udp);
	for (;;) {
		int fd = accept(tcp, NULL, NULL);

		must(fd >= 0, "accept");
		if (fork() == 0)
			echo_stream(fd);
		close(fd);
	}
}

static int
by_size(const void *a, const void *b)
{
	const float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static int
rr(const char *address, double lasting)
{
	static float took[SAMPLES]; /* microseconds */
	struct sockaddr_in sin = endpoint(address);
	int fd = socket_of(SOCK_STREAM);
	uint8_t buf[BYTES] = { 0 };
	double begun, last, now;
	size_t n = 0;

	must(connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0, "connect");
	wait_at_most(fd, 10000);
	begun = last = seconds();
	while (n < SAMPLES && last - begun < lasting) {
		must(send(fd, buf, sizeof(buf), MSG_NOSIGNAL) == sizeof(buf), "send");
		must(read_all(fd, buf), "no answer");
		now = seconds();
		took[n++] = (float)((now - last) * 1e6);
		last = now;
	}
	qsort(took, n, sizeof(*took), by_size);
	printf("{\"transactions\": %zu, \"rate\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", n,
	    (double)n / (last - begun), (double)took[n / 2], (double)took[n * 99 / 100]);
	return 0;
}

/* A device that does not exist yet is as good as no answer. */
static int
reach(const char *address, double lasting)
{
	struct sockaddr_in sin = endpoint(address);
	double begun = seconds();
	uint8_t buf[BYTES] = { 0 };

	while (seconds() - begun < lasting) {
		int fd = socket_of(SOCK_DGRAM);

		wait_at_most(fd, EVERY);
		if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 &&
		    send(fd, buf, sizeof(buf), 0) == sizeof(buf) && recv(fd, buf, sizeof(buf), 0) > 0) {
			printf("{\"seconds\": %.4f}\n", seconds() - begun);
			return 0;
		}
		close(fd);
		usleep(1000);
	}
	fprintf(stderr, "load: %s does not answer\n", address);
	return 1;
}

/* The messages of one batch, all in or out of the same bytes: nobody reads them. */
static void
fill(struct mmsghdr *batch, struct iovec *iov, struct sockaddr_in *to)
{
	for (size_t i = 0; i < BATCH; i++)
		batch[i].msg_hdr = (struct msghdr){ .msg_iov = iov, .msg_iovlen = 1, .msg_name = to,
			.msg_namelen = to != NULL ? sizeof(*to) : 0 };
}

static int
sink(double lasting)
{
	uint8_t buf[2048];
	struct iovec iov = { buf, sizeof(buf) };
	struct mmsghdr batch[BATCH] = { 0 };
	double begun = 0, last = 0, deadline = seconds() + lasting;
	int fd = listening(SOCK_DGRAM), size = 8 << 20;
	size_t n = 0;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	wait_at_most(fd, PATIENCE);
	while (seconds() < deadline) {
		int got;

		fill(batch, &iov, NULL);
		got = recvmmsg(fd, batch, BATCH, MSG_WAITFORONE, NULL);
		if (got <= 0 && n > 0)
			break;
		if (got <= 0)
			continue;
		last = seconds();
		if (n == 0)
			begun = last;
		n += (size_t)got;
	}
	printf("{\"datagrams\": %zu, \"rate\": %.1f}\n", n,
	    last > begun ? (double)n / (last - begun) : 0);
	return 0;
}

static int
flood(const char *address, double lasting)
{
	struct sockaddr_in sin = endpoint(address);
	uint8_t buf[BYTES] = { 0 };
	struct iovec iov = { buf, sizeof(buf) };
	struct mmsghdr batch[BATCH] = { 0 };
	int fd = socket_of(SOCK_DGRAM);
	double end = seconds() + lasting;
	size_t n = 0;

	fill(batch, &iov, &sin);
	while (seconds() < end) {
		int sent = sendmmsg(fd, batch, BATCH, 0);

		must(sent > 0 || errno == ENOBUFS, "sendmmsg");
		n += sent > 0 ? (size_t)sent : 0;
	}
	printf("{\"datagrams\": %zu}\n", n);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (argc == 2 && strcmp(word, "echo") == 0)
		echo();
	if (argc == 3 && strcmp(word, "sink") == 0)
		return sink(atof(argv[2]));
	if (argc == 4 && strcmp(word, "rr") == 0)
		return rr(argv[2], atof(argv[3]));
	if (argc == 4 && strcmp(word, "reach") == 0)
		return reach(argv[2], atof(argv[3]));
	if (argc == 4 && strcmp(word, "flood") == 0)
		return flood(argv[2], atof(argv[3]));
	fprintf(stderr, "usage: load echo | sink SECONDS | rr|reach|flood ADDRESS SECONDS\n");
	return 2;
}
