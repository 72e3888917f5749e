/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/udp.h"

#include <poll.h>

#include "core/err.h"
#include "host/offloads.h"
#include "tests/unit/test.h"

static struct packet got[UDP_BATCH];

/* Receives one batch, waiting for it at most a second. */
static size_t
receive(struct udp *u)
{
	struct pollfd pfd = { .fd = u->fd, .events = POLLIN };

	return poll(&pfd, 1, 1000) == 1 ? udp_receive(u, got) : 0;
}

static struct addr
at(const char *ip, uint16_t port)
{
	struct addr a;

	ASSERT_EQ(addr_parse(&a, ip, port), 0);
	return a;
}

static void
send_text(struct udp *u, const char *text, struct addr to)
{
	struct udp_out out = { (const uint8_t *)text, strlen(text), to };

	udp_send(u, &out, 1);
}

TEST(both_families_get_one_port_and_another_when_it_is_taken)
{
	struct udp a[2], b[2];

	ASSERT_EQ(udp_open_pair(&a[0], &a[1], 0, true, SOCKET_V4, NULL), 0);
	ASSERT(a[1].fd < 0 || a[0].port == a[1].port);
	ASSERT_EQ(udp_open_pair(&b[0], &b[1], a[0].port, false, SOCKET_V4, NULL), -EADDRINUSE);
	ASSERT_EQ(udp_open_pair(&b[0], &b[1], a[0].port, true, SOCKET_V4, NULL), 0);
	ASSERT(b[0].port != a[0].port);
	for (int i = 0; i < 2; i++) {
		udp_close(&a[i]);
		udp_close(&b[i]);
	}
}

TEST(a_batch_larger_than_one_call_arrives_in_order)
{
	struct udp a, b;
	uint8_t bytes[UDP_BATCH + 9];
	struct udp_out out[UDP_BATCH + 9];
	size_t seen = 0, n;

	ASSERT_EQ(udp_open(&a, FAMILY_V4, 0, NULL, 0, NULL), 0);
	ASSERT_EQ(udp_open(&b, FAMILY_V4, 0, NULL, 7, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(out); i++) {
		bytes[i] = (uint8_t)i;
		out[i] = (struct udp_out){ &bytes[i], 1, at("127.0.0.1", b.port) };
	}
	udp_send(&a, out, ARRAY_LEN(out));
	ASSERT_EQ(a.sent, ARRAY_LEN(out));
	while ((n = receive(&b)) > 0) {
		for (size_t i = 0; i < n; i++, seen++) {
			ASSERT_EQ(got[i].len, 1);
			ASSERT_EQ(got[i].data[0], (uint8_t)seen);
			ASSERT_EQ(got[i].socket, 7);
			ASSERT_EQ(got[i].from.port, a.port);
		}
		if (seen == ARRAY_LEN(out))
			break;
	}
	ASSERT_EQ(seen, ARRAY_LEN(out));
	udp_close(&a);
	udp_close(&b);
}

TEST(an_answer_leaves_from_the_address_that_was_asked)
{
	struct udp client, server;

	ASSERT_EQ(udp_open(&client, FAMILY_V4, 0, NULL, 0, NULL), 0);
	ASSERT_EQ(udp_open(&server, FAMILY_V4, 0, NULL, 0, NULL), 0);
	send_text(&client, "ask", at("127.0.0.77", server.port));
	ASSERT_EQ(receive(&server), 1);
	send_text(&server, "answer", got[0].from);
	ASSERT_EQ(receive(&client), 1);
	struct addr asked = at("127.0.0.77", server.port);
	ASSERT(addr_equal(&got[0].from, &asked));
	udp_close(&client);
	udp_close(&server);
}

TEST(a_source_address_that_is_gone_does_not_stop_an_answer)
{
	struct udp client, server;
	struct addr to;

	ASSERT_EQ(udp_open(&client, FAMILY_V4, 0, NULL, 0, NULL), 0);
	ASSERT_EQ(udp_open(&server, FAMILY_V4, 0, NULL, 0, NULL), 0);
	send_text(&client, "ask", at("127.0.0.1", server.port));
	ASSERT_EQ(receive(&server), 1);
	to = got[0].from;
	for (size_t i = 0; i < UDP_SOURCES; i++)
		if (addr_equal(&server.sources[i].remote, &to))
			server.sources[i].local = at("203.0.113.1", 1);
	send_text(&server, "answer", to);
	ASSERT_EQ(receive(&client), 1);
	ASSERT_EQ(server.send_failed, 0);
	udp_close(&client);
	udp_close(&server);
}

TEST(ipv6_speaks_to_itself)
{
	struct udp a, b;
	struct addr from;

	if (udp_open(&a, FAMILY_V6, 0, NULL, 0, NULL) < 0)
		return;
	ASSERT_EQ(udp_open(&b, FAMILY_V6, 0, NULL, 0, NULL), 0);
	send_text(&a, "six", at("::1", b.port));
	if (a.send_failed == 0) {
		ASSERT_EQ(receive(&b), 1);
		from = at("::1", a.port);
		ASSERT(addr_equal(&got[0].from, &from));
		send_text(&b, "answer", from);
		ASSERT_EQ(receive(&a), 1);
	}
	udp_close(&a);
	udp_close(&b);
}

TEST(what_is_too_long_is_counted_and_passed_over)
{
	static char big[PACKET_MAX + 1];
	struct udp a, b;

	ASSERT_EQ(udp_open(&a, FAMILY_V4, 0, NULL, 0, NULL), 0);
	ASSERT_EQ(udp_open(&b, FAMILY_V4, 0, NULL, 0, NULL), 0);
	memset(big, 'x', PACKET_MAX);
	send_text(&a, big, at("127.0.0.1", b.port));
	memset(big, 'x', sizeof(big));
	struct udp_out out = { (uint8_t *)big, sizeof(big), at("127.0.0.1", b.port) };
	udp_send(&a, &out, 1);
	ASSERT_EQ(receive(&b), 1);
	ASSERT_EQ(got[0].len, PACKET_MAX);
	while (b.too_long == 0 && receive(&b) > 0)
		;
	ASSERT_EQ(b.too_long, 1);
	udp_close(&a);
	udp_close(&b);
}

TEST(a_datagram_that_the_kernel_refuses_is_counted_and_the_next_one_goes)
{
	struct udp a, b;
	struct udp_out out[2];

	ASSERT_EQ(udp_open(&a, FAMILY_V4, 0, NULL, 0, NULL), 0);
	ASSERT_EQ(udp_open(&b, FAMILY_V4, 0, NULL, 0, NULL), 0);
	out[0] = (struct udp_out){ (const uint8_t *)"x", 1, at("255.255.255.255", 9) };
	out[1] = (struct udp_out){ (const uint8_t *)"y", 1, at("127.0.0.1", b.port) };
	udp_send(&a, out, 2);	/* broadcasting needs an option that we never set */
	ASSERT_EQ(a.send_failed, 1);
	ASSERT_EQ(receive(&b), 1);
	ASSERT_EQ(got[0].data[0], 'y');
	udp_close(&a);
	udp_close(&b);
}

/* How many of `n` datagrams with the text "x", sent by as many sockets, are here now. */
static size_t
count_here(struct udp *u, size_t n)
{
	size_t sum = 0, some;

	while (sum < n && (some = udp_receive(u, got)) > 0) {
		for (size_t i = 0; i < some; i++)
			ASSERT_EQ(got[i].socket, SOCKET_V4);
		sum += some;
	}
	return sum;
}

TEST(sockets_that_join_divide_who_sends_to_their_port)
{
	struct ip home = { .family = FAMILY_V4, .b = { 127, 0, 0, 1 } };
	struct udp first, a, b, other, senders[64];
	size_t at_a, at_b;

	ASSERT_EQ(udp_open(&first, FAMILY_V4, 0, &home, SOCKET_V4, NULL), 0);
	ASSERT_EQ(udp_join(&a, &first, false, NULL), 0);
	ASSERT_EQ(udp_join(&b, &first, true, NULL), 0);
	ASSERT(b.port == first.port && a.port == first.port && b.fd != first.fd);
	/* It is shared with who was let in, and with nobody else. */
	ASSERT_EQ(udp_open(&other, FAMILY_V4, first.port, &home, 0, NULL), -EADDRINUSE);
	for (size_t i = 0; i < ARRAY_LEN(senders); i++) {
		ASSERT_EQ(udp_open(&senders[i], FAMILY_V4, 0, &home, 0, NULL), 0);
		send_text(&senders[i], "x", at("127.0.0.1", first.port));
	}
	at_a = count_here(&a, ARRAY_LEN(senders));
	at_b = count_here(&b, ARRAY_LEN(senders));
	ASSERT_EQ(at_a + at_b, ARRAY_LEN(senders));
	ASSERT(at_a > 0 && at_b > 0);
	for (size_t i = 0; i < ARRAY_LEN(senders); i++)
		send_text(&senders[i], "x", at("127.0.0.1", first.port));
	ASSERT_EQ(count_here(&a, ARRAY_LEN(senders)), at_a); /* each at the same again */
	ASSERT_EQ(count_here(&b, ARRAY_LEN(senders)), at_b);

	/* Each knows from where the other was asked. */
	send_text(&first, "y", at("127.0.0.1", senders[0].port));
	ASSERT_EQ(receive(&senders[0]), 1);
	ASSERT_EQ(got[0].from.port, first.port);
	for (size_t i = 0; i < ARRAY_LEN(senders); i++)
		udp_close(&senders[i]);
	udp_close(&b);
	udp_close(&a);
	udp_close(&first);
}

#define TRAIN 150

/* Lengths that make trains of many, of two, and of one. */
static size_t
length_of(size_t i)
{
	return i % 50 == 49 ? 700 : i % 50 > 44 ? 1 + i : 1200;
}

/* Takes in the train, the n-th datagram of which is filled with n; true if one came joined. */
static bool
take_train(struct udp *u)
{
	size_t next = 0, n;
	bool tight = false;

	while (next < TRAIN && (n = receive(u)) > 0) {
		for (size_t i = 0; i < n; i++, next++) {
			ASSERT(next < TRAIN);
			ASSERT_EQ(got[i].len, length_of(next));
			for (size_t k = 0; k < got[i].len; k++)
				ASSERT_EQ(got[i].data[k], (uint8_t)next);
			tight |= (got[i].meta & META_TIGHT) != 0;
		}
	}
	ASSERT_EQ(next, TRAIN);
	return tight;
}

TEST(what_the_kernel_cuts_and_joins_is_what_was_sent)
{
	static uint8_t bytes[TRAIN][1200];
	struct udp_out out[TRAIN];
	struct udp a, b;

	for (unsigned kind = 0; kind < 4; kind++) {
		ASSERT_EQ(udp_open(&a, FAMILY_V4, 0, NULL, 0, NULL), 0);
		ASSERT_EQ(udp_open(&b, FAMILY_V4, 0, NULL, 1, NULL), 0);
		udp_offload(&a, kind & 1 ? OFFLOAD_UDP_GSO : 0);
		udp_offload(&b, kind & 2 ? OFFLOAD_UDP_GRO : 0);
		for (size_t i = 0; i < TRAIN; i++) {
			memset(bytes[i], (int)i, sizeof(bytes[i]));
			out[i] = (struct udp_out){ bytes[i], length_of(i),
				at("127.0.0.1", b.port) };
		}
		udp_send(&a, out, TRAIN);
		ASSERT_EQ(a.sent, TRAIN);
		ASSERT_EQ(take_train(&b), kind == 3 && a.cuts && b.joins);
		udp_close(&a);
		udp_close(&b);
	}
}

TEST(a_route_that_cannot_cut_gets_datagrams_one_by_one)
{
	static uint8_t bytes[4][100];
	struct udp_out out[4];
	struct udp a, b;
	int none = 1;

	ASSERT_EQ(udp_open(&a, FAMILY_V4, 0, NULL, 0, NULL), 0);
	ASSERT_EQ(udp_open(&b, FAMILY_V4, 0, NULL, 0, NULL), 0);
	/* The kernel cuts nothing for a socket that leaves out checksums. */
	ASSERT_EQ(setsockopt(a.fd, SOL_SOCKET, SO_NO_CHECK, &none, sizeof(none)), 0);
	for (size_t i = 0; i < 4; i++)
		out[i] = (struct udp_out){ bytes[i], 100, at("127.0.0.1", b.port) };
	udp_send(&a, out, 4);
	ASSERT_EQ(a.sent, 4);
	ASSERT_EQ(a.send_failed, 0);
	ASSERT(!a.cuts);
	udp_send(&a, out, 4);
	ASSERT_EQ(a.sent, 8);
	udp_close(&a);
	udp_close(&b);
}

TEST(a_train_whose_local_address_is_gone_leaves_from_another)
{
	struct addr gone = at("fe80::1", 1);
	struct addr source;
	struct udp_out out[4];
	struct udp a, b;

	if (udp_open(&a, FAMILY_V6, 0, NULL, 0, NULL) < 0)
		return;		/* no IPv6 on this machine */
	ASSERT_EQ(udp_open(&b, FAMILY_V6, 0, NULL, 0, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(out); i++)
		out[i] = (struct udp_out){ (const uint8_t *)"same", 4, at("::1", b.port) };
	gone.scope = 0x7ffffff0; /* no interface has this number */
	udp_send(&a, out, 1);
	if (a.send_failed == 0) {
		udp_note_source(&a, &out[0].to, &gone);
		udp_send(&a, out, ARRAY_LEN(out));
		ASSERT_EQ(a.sent, 1 + ARRAY_LEN(out));
		ASSERT_EQ(a.send_failed, 0);
		source = udp_source(&a, &out[0].to);
		ASSERT_EQ(source.family, FAMILY_NONE);
	}
	udp_close(&a);
	udp_close(&b);
}
