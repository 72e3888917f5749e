/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_run_meter.c - what is made of what the kernel says of connections.
 */
#include "tests/unit/test.h"

#include "cli/run_meter.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define START (1000 * USEC_PER_SEC)

static struct meter meter;

static struct study
three_parties(void)
{
	struct study s = { .count = 3 };

	for (unsigned i = 0; i < 3; i++) {
		s.parties[i].address = (struct ip){ FAMILY_V4, { 10, 0, 0, (uint8_t)(i + 1) } };
		s.parties[i].port = (uint16_t)(11365 + i);
	}
	return s;
}

/* We are party 1, whom party 0 dials, and who dials party 2. */
static struct sockdiag_tcp
connection(unsigned with)
{
	struct study s = three_parties();
	struct sockdiag_tcp t = { .cookie = with + 1, .rtt = 10000 };

	t.local = addr_from_ip(s.parties[1].address, with < 1 ? 11366 : 40000);
	t.remote = addr_from_ip(s.parties[with].address, with < 1 ? 40000 : 11367);
	return t;
}

static void
begin(void)
{
	struct study s = three_parties();

	meter_begin(&meter, &s, 1, START);
}

static void
look(usec_t at, const struct sockdiag_tcp *t)
{
	meter_see(&meter, START + at, t);
	meter_seen(&meter, START + at);
}

TEST(connections_belong_to_the_party_that_lower_numbers_dial)
{
	struct sockdiag_tcp low = connection(0), high = connection(2), stranger = connection(2);

	begin();
	low.sent = 10;
	high.sent = 20;
	stranger.cookie = 9;
	stranger.remote.port = 22;
	stranger.sent = 40;
	meter_see(&meter, START, &low);
	meter_see(&meter, START, &high);
	meter_see(&meter, START, &stranger);
	ASSERT_EQ(meter.party[0].sent, 10);
	ASSERT_EQ(meter.party[2].sent, 20);
}

/* Any steps, connections that come and go, one that nobody saw alive: the sum is what passed. */
TEST(everything_that_passes_is_counted_once_whatever_connections_come_and_go)
{
	uint64_t sent = 0, received = 0, messages = 0, in_slots = 0, in_buckets = 0;
	usec_t at = 0;

	begin();
	for (unsigned i = 0; i < 50; i++) {
		struct sockdiag_tcp t = connection(2);
		unsigned steps = 1 + (unsigned)(test_rand() % 30);

		t.cookie = 100 + i;
		for (unsigned k = 0; k < steps; k++) {
			t.sent += test_rand() % 1000;
			t.acked = t.sent;
			t.received += test_rand() % 1000;
			t.sent_segments += 3;
			t.repeated_segments += 1;
			t.rtt = (uint32_t)(test_rand() % 2000000) + 1;
			t.gone = k + 1 == steps;
			look(at += METER_EVERY, &t);
		}
		sent += t.sent;
		received += t.received;
		messages += 2 * steps;
	}
	for (unsigned i = 0; i < meter_slots(&meter); i++)
		in_slots += meter.slot[i].sent;
	for (unsigned i = 0; i < METER_RTTS; i++)
		in_buckets += meter.party[2].rtts[i];
	ASSERT_EQ(meter.party[2].sent, sent);
	ASSERT_EQ(meter.party[2].received, received);
	ASSERT_EQ(meter.party[2].sent_messages, messages);
	ASSERT_EQ(in_slots, sent);
	ASSERT(in_buckets > 0 && in_buckets <= messages / 2);
	ASSERT_EQ(meter.party[2].links, 0);
	ASSERT(meter.slot_length * METER_SLOTS > at);
}

TEST(what_a_connection_had_before_the_run_is_not_of_the_run)
{
	struct sockdiag_tcp t = connection(2), gone = connection(0);

	begin();
	t.sent = t.acked = 500;
	gone.sent = 70;
	gone.gone = true;
	meter_skip(&meter, &t);
	meter_skip(&meter, &gone);
	t.sent = t.acked = 510;
	look(METER_EVERY, &t);
	ASSERT_EQ(meter.party[2].sent, 10);
	ASSERT_EQ(meter.party[0].sent, 0);
}

TEST(buckets_of_round_trips_ascend_and_have_what_is_in_them)
{
	for (unsigned i = 1; i < METER_RTTS; i++) {
		struct sockdiag_tcp t = connection(2);

		ASSERT(meter_rtt_from(i) > meter_rtt_from(i - 1));
		begin();
		t.rtt = (uint32_t)meter_rtt_from(i);
		t.acked = 1;
		look(0, &t);
		t.rtt--;
		t.acked = 2;
		look(METER_EVERY, &t);
		ASSERT_EQ(meter.party[2].rtts[i], 1);
		ASSERT_EQ(meter.party[2].rtts[i - 1], 1);
	}
}

/* Bytes wait from `from` to `to`, every 100 ms; `t` says how the connection stands meanwhile. */
static void
starve(struct sockdiag_tcp *t, usec_t from, usec_t to)
{
	t->unacked = 1;
	for (usec_t at = from; at < to; at += METER_EVERY)
		look(at, t);
	t->acked++;
	t->unacked = 0;
	look(to, t);
}

static const struct meter_stall *
only_stall(void)
{
	ASSERT_EQ(meter.stall_count, 1);
	return &meter.stall[0];
}

TEST(a_stall_begins_when_bytes_wait_and_ends_when_they_are_acknowledged)
{
	struct sockdiag_tcp t = connection(2);

	begin();
	look(0, &t);
	starve(&t, METER_EVERY, 2 * USEC_PER_SEC);
	ASSERT_EQ(only_stall()->party, 2);
	ASSERT(only_stall()->begin <= METER_EVERY);
	ASSERT_EQ(only_stall()->end, 2 * USEC_PER_SEC);
	ASSERT_EQ(only_stall()->cause, CAUSE_SILENCE);
	ASSERT_EQ(meter.party[2].stalls, 1);
	ASSERT_EQ(meter.party[2].stalled_for, only_stall()->end - only_stall()->begin);
	ASSERT(!meter_stalls(&meter, 2));
}

TEST(nothing_stalls_while_a_slow_path_takes_its_time_or_nothing_waits)
{
	struct sockdiag_tcp t = connection(2);

	begin();
	t.rtt = 500000;
	look(0, &t);
	starve(&t, METER_EVERY, 19 * METER_EVERY);
	t.rtt = 1000;
	for (usec_t at = 20 * METER_EVERY; at < 90 * METER_EVERY; at += METER_EVERY)
		look(at, &t);
	ASSERT_EQ(meter.stall_count, 0);
}

TEST(a_stall_says_the_cause_that_says_most)
{
	struct sockdiag_tcp t = connection(2);
	char text[128];

	begin();
	meter_path(&meter, 2, METER_DIRECT);
	t.unacked = 1;
	look(0, &t);
	t.retries = 2;
	t.repeated_segments = 2;
	for (usec_t at = METER_EVERY; at < USEC_PER_SEC; at += METER_EVERY)
		look(at, &t);
	ASSERT_EQ(meter_stalls(&meter, 2)->cause, CAUSE_LOSS);
	ASSERT(strstr(meter_cause_text(text, meter_stalls(&meter, 2)), "2 segments were repeated"));
	meter_path(&meter, 2, METER_NO_PATH);
	look(USEC_PER_SEC, &t);
	meter_path(&meter, 2, METER_RELAY);
	look(USEC_PER_SEC + METER_EVERY, &t);
	ASSERT_EQ(meter_stalls(&meter, 2)->cause, CAUSE_NO_PATH);
	meter_end(&meter, START + 2 * USEC_PER_SEC);
	ASSERT_EQ(only_stall()->end, 2 * USEC_PER_SEC);

	begin();
	meter_path(&meter, 2, METER_DIRECT);
	t = connection(2);
	t.unacked = 1;
	look(0, &t);
	meter_path(&meter, 2, METER_RELAY);
	starve(&t, METER_EVERY, USEC_PER_SEC);
	ASSERT(strstr(meter_cause_text(text, only_stall()), "from direct to relay"));

	begin();
	t = connection(2);
	look(0, &t);
	t.probes = 3;
	starve(&t, METER_EVERY, USEC_PER_SEC);
	ASSERT_EQ(only_stall()->cause, CAUSE_NOT_READ);
}

/* One answer of the kernel by hand. */
static size_t
answer(uint8_t *to, uint16_t type, uint8_t state, size_t info_len)
{
	struct tcp_info info = { .tcpi_bytes_sent = 1000, .tcpi_bytes_retrans = 100,
		.tcpi_bytes_received = 7, .tcpi_rtt = 1234, .tcpi_data_segs_out = 5 };
	struct inet_diag_msg m = { .idiag_family = AF_INET, .idiag_state = state };
	struct rtattr a = { (uint16_t)(RTA_LENGTH(0) + info_len), INET_DIAG_INFO };
	size_t body = NLMSG_ALIGN(sizeof(m)) + RTA_ALIGN(a.rta_len);
	struct nlmsghdr h = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + body), .nlmsg_type = type,
		.nlmsg_flags = NLM_F_MULTI };

	m.id.idiag_dport = 1;
	m.id.idiag_cookie[0] = 42;
	memset(to, 0, NLMSG_HDRLEN + body);
	memcpy(to, &h, sizeof(h));
	memcpy(to + NLMSG_HDRLEN, &m, sizeof(m));
	memcpy(to + NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(m)), &a, sizeof(a));
	memcpy(to + NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(m)) + RTA_LENGTH(0), &info, info_len);
	return NLMSG_HDRLEN + body;
}

static void
keep(void *ctx, const struct sockdiag_tcp *t)
{
	memcpy(ctx, t, sizeof(*t));
}

TEST(answers_of_kernels_old_and_new_are_read_and_cut_ones_refused)
{
	struct sockdiag_tcp t = { 0 };
	uint8_t bytes[512];
	size_t len = answer(bytes, SOCK_DIAG_BY_FAMILY, 1, sizeof(struct tcp_info));

	ASSERT_EQ(sockdiag_parse(bytes, len, keep, &t), 1);
	ASSERT_EQ(t.cookie, 42);
	ASSERT_EQ(t.sent, 900);
	ASSERT_EQ(t.received, 7);
	ASSERT_EQ(t.rtt, 1234);
	ASSERT(!t.gone);
	for (size_t n = 1; n < len; n++)
		ASSERT(sockdiag_parse(bytes, n, keep, &t) < 0);
	len = answer(bytes, SOCK_DIAG_BY_FAMILY, 7, 104);	/* before bytes were counted */
	ASSERT_EQ(sockdiag_parse(bytes, len, keep, &t), 1);
	ASSERT_EQ(t.sent, 0);
	ASSERT_EQ(t.rtt, 1234);
	ASSERT(t.gone);
	len = answer(bytes, NLMSG_DONE, 0, 0);
	ASSERT_EQ(sockdiag_parse(bytes, len, keep, &t), 0);
}
