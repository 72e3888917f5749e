/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_portmap.c - the machine that keeps a port mapped, against a gateway that the test plays.
 */
#include "core/bytes.h"
#include "node/portmap.h"
#include "tests/unit/test.h"

#define SEC   USEC_PER_SEC
#define MS    USEC_PER_MS
#define START (1000 * SEC)

static struct portmap map;
static struct rng_stream stream;
static usec_t now;
static const uint8_t secret[32] = { 7 };

static struct ip
ip(const char *text)
{
	struct ip a;

	ASSERT_EQ(ip_parse(&a, text), 0);
	return a;
}

static struct addr
at(const char *text)
{
	struct addr a;

	ASSERT_EQ(addr_parse(&a, text, 0), 0);
	return a;
}

static void
begin(void)
{
	struct rng rng;

	rng_stream_init(&stream, 1);
	rng = rng_stream_source(&stream);
	now = START;
	portmap_init(&map, &rng, secret);
	portmap_begin(&map, now, ip("192.168.1.1"), ip("192.168.1.2"), 7717);
}

/* Goes on to the next thing to do, if that comes within `span`; what it is, or 0. */
static unsigned
next(usec_t span)
{
	usec_t end = now + span;

	for (;;) {
		usec_t due = portmap_due(&map);
		unsigned work;

		if (due == 0 || due > end) {
			now = end;
			return 0;
		}
		now = max_u64(now, due);
		work = portmap_tick(&map, now);
		if (work != 0)
			return work;
	}
}

/* The answer to the request of now. */
static void
answer(uint8_t p[static PCP_REQUEST_LEN], uint8_t result, uint32_t lifetime, uint32_t epoch,
    const char *external)
{
	struct addr a = at(external);

	portmap_request(&map, p);
	p[1] |= 0x80;
	p[3] = result;
	put_be32(p + 4, lifetime);
	memset(p + 8, 0, 16);
	put_be32(p + 8, epoch);
	put_be16(p + 42, a.port);
	memset(p + 44, 0, 10);
	memset(p + 54, 0xff, 2);
	memcpy(p + 56, a.ip, 4);
}

static int
hear(uint8_t result, uint32_t lifetime, uint32_t epoch, const char *external)
{
	uint8_t p[PCP_REQUEST_LEN];

	answer(p, result, lifetime, epoch, external);
	return portmap_heard_pcp(&map, now, p, sizeof(p));
}

static void
hear_version_0(void)
{
	static const uint8_t refusal[] = { 0, 0x81, 0, 1, 0, 0, 0, 9 };

	ASSERT_EQ(portmap_heard_pcp(&map, now, refusal, sizeof(refusal)), 0);
}

static bool
holds(uint8_t method, const char *external)
{
	struct mapping m;
	struct addr a = at(external);

	return portmap_mapping(&map, &m) && m.method == method && addr_equal(&m.external, &a) &&
	    m.internal_port == 7717;
}

static struct portmap_grant
grant(const char *external, uint32_t lifetime)
{
	return (struct portmap_grant){ .external = at(external), .lifetime = lifetime };
}

TEST(pcp_is_asked_first_while_an_upnp_gateway_is_looked_for)
{
	begin();
	ASSERT_EQ(next(0), PORTMAP_SEND_PCP | PORTMAP_FIND_UPNP);
	portmap_found_upnp(&map, now, true);
	ASSERT_EQ(next(100 * MS), 0);
	ASSERT_EQ(hear(0, 7200, 1, "198.51.100.7:7717"), 0);
	ASSERT_EQ(next(0), PORTMAP_CHANGED);
	ASSERT(holds(MAPPING_PCP, "198.51.100.7:7717"));
	ASSERT_EQ(next(3600 * SEC - 1), 0); /* and nobody else is asked */
	portmap_wipe(&map);
}

TEST(without_an_answer_others_are_asked_after_250_ms)
{
	begin();
	(void)next(0);
	portmap_found_upnp(&map, now, true);
	ASSERT_EQ(next(10 * SEC), PORTMAP_ASK_NATPMP | PORTMAP_MAP_UPNP);
	ASSERT_EQ(now, START + PORTMAP_PATIENCE);
	ASSERT_EQ(next(10 * SEC), PORTMAP_SEND_PCP); /* 3 s and a tenth of jitter */
	ASSERT(now >= START + 2700 * MS && now <= START + 3300 * MS);
	ASSERT_EQ(next(10 * SEC), PORTMAP_SEND_PCP);
	ASSERT(now >= START + 8100 * MS && now <= START + 9900 * MS);
}

TEST(a_gateway_that_speaks_nat_pmp_only_is_asked_in_it_at_once)
{
	struct portmap_grant g = grant("198.51.100.7:9", 7200);

	begin();
	(void)next(0);
	hear_version_0();
	ASSERT_EQ(next(0), PORTMAP_ASK_NATPMP);
	portmap_heard_natpmp(&map, now, &g);
	ASSERT_EQ(next(0), PORTMAP_CHANGED);
	ASSERT(holds(MAPPING_NATPMP, "198.51.100.7:9"));
	ASSERT_EQ(next(4500 * SEC), PORTMAP_ASK_NATPMP);
	ASSERT(now >= START + 3600 * SEC && now <= START + 4500 * SEC);
}

TEST(upnp_is_used_at_once_when_the_others_have_refused)
{
	struct portmap_grant g = grant("198.51.100.7:7717", 0);

	begin();
	(void)next(0);
	hear_version_0();
	ASSERT_EQ(next(0), PORTMAP_ASK_NATPMP);
	portmap_found_upnp(&map, now, true);
	portmap_heard_natpmp(&map, now, NULL);
	ASSERT_EQ(next(0), PORTMAP_MAP_UPNP);
	portmap_heard_upnp(&map, now, &g);
	ASSERT_EQ(next(0), PORTMAP_CHANGED);
	ASSERT(holds(MAPPING_UPNP, "198.51.100.7:7717"));
	ASSERT_EQ(next(4500 * SEC), PORTMAP_MAP_UPNP); /* "for ever" is confirmed too */
	ASSERT_EQ(portmap_end(&map), PORTMAP_DROP_UPNP);
}

TEST(a_mapping_that_comes_too_late_is_given_back)
{
	struct portmap_grant g = grant("198.51.100.7:7717", 7200);

	begin();
	(void)next(0);
	portmap_found_upnp(&map, now, true);
	ASSERT_EQ(next(SEC), PORTMAP_ASK_NATPMP | PORTMAP_MAP_UPNP);
	portmap_heard_natpmp(&map, now, &g);
	portmap_heard_upnp(&map, now, &g);
	ASSERT_EQ(next(0), PORTMAP_CHANGED | PORTMAP_DROP_UPNP);
	ASSERT(holds(MAPPING_NATPMP, "198.51.100.7:7717"));
	/* PCP was asked too, and may have granted what we do not know of. */
	ASSERT_EQ(portmap_end(&map), PORTMAP_SEND_PCP | PORTMAP_ASK_NATPMP);
}

TEST(when_nobody_grants_it_there_is_a_rest)
{
	begin();
	(void)next(0);
	hear_version_0();
	ASSERT_EQ(next(0), PORTMAP_ASK_NATPMP);
	portmap_heard_natpmp(&map, now, NULL);
	portmap_found_upnp(&map, now, false);
	ASSERT_EQ(next(539 * SEC), 0);
	ASSERT_EQ(map.state, PORTMAP_RESTING);
	ASSERT_EQ(next(122 * SEC), PORTMAP_SEND_PCP | PORTMAP_FIND_UPNP);
}

TEST(a_silent_gateway_is_asked_ever_more_seldom)
{
	unsigned sent = 0;

	begin();
	while (next(3600 * SEC) != 0 && now < START + 3600 * SEC)
		sent++;
	ASSERT(sent >= 20 && sent <= 60); /* six packets and two jobs in each of six rounds */
}

TEST(a_lease_is_renewed_after_a_half_then_three_quarters_then_is_over)
{
	usec_t granted;

	begin();
	(void)next(0);
	ASSERT_EQ(hear(0, 1600, 1, "198.51.100.7:7717"), 0);
	(void)next(0);
	granted = now;
	ASSERT_EQ(next(1600 * SEC), PORTMAP_SEND_PCP);
	ASSERT(now >= granted + 800 * SEC && now <= granted + 1000 * SEC);
	ASSERT_EQ(next(1600 * SEC), PORTMAP_SEND_PCP);
	ASSERT(now >= granted + 1200 * SEC && now <= granted + 1375 * SEC);
	while (next(1600 * SEC) == PORTMAP_SEND_PCP)
		ASSERT(now < granted + 1600 * SEC);
	/* A new round begins in the moment in which it is lost. */
	ASSERT_EQ(now, granted + 1600 * SEC);
	ASSERT(!holds(MAPPING_PCP, "198.51.100.7:7717"));
	ASSERT_EQ(map.state, PORTMAP_ASKING);
}

TEST(a_renewal_has_the_same_nonce_and_suggests_what_was_granted)
{
	uint8_t first[PCP_REQUEST_LEN], second[PCP_REQUEST_LEN];

	begin();
	(void)next(0);
	portmap_request(&map, first);
	ASSERT_EQ(be16(first + 42), 7717);
	ASSERT_EQ(hear(0, 7200, 1, "198.51.100.7:40000"), 0);
	(void)next(0);
	ASSERT_EQ(next(7200 * SEC), PORTMAP_SEND_PCP);
	portmap_request(&map, second);
	ASSERT_MEM(first + 24, second + 24, PCP_NONCE_LEN);
	ASSERT_EQ(be16(second + 42), 40000);
	ASSERT_EQ(be32(second + 4), PORTMAP_LIFETIME);
	ASSERT_EQ(hear(0, 7200, 5000, "198.51.100.7:40000"), 0);
	ASSERT_EQ(next(0), 0); /* the same as before is no change */
	ASSERT_EQ(portmap_end(&map), PORTMAP_SEND_PCP);
	portmap_request(&map, second);
	ASSERT_MEM(first + 24, second + 24, PCP_NONCE_LEN);
	ASSERT_EQ(be32(second + 4), 0);
	ASSERT_EQ(be16(second + 42), 0);
}

TEST(after_a_crash_the_nonce_is_the_same_and_elsewhere_another)
{
	uint8_t nonce[PCP_NONCE_LEN];

	begin();
	memcpy(nonce, map.nonce, sizeof(nonce));
	begin();
	ASSERT_MEM(nonce, map.nonce, sizeof(nonce));
	portmap_begin(&map, now, ip("192.168.2.1"), ip("192.168.1.2"), 7717);
	ASSERT(memcmp(nonce, map.nonce, sizeof(nonce)) != 0);
}

TEST(what_is_granted_is_taken_within_reason)
{
	begin();
	(void)next(0);
	ASSERT_EQ(hear(0, 1, 1, "198.51.100.7:7717"), 0);
	(void)next(0);
	ASSERT_EQ(next(4 * SEC), 0); /* no second means no packet a second */
	begin();
	(void)next(0);
	ASSERT_EQ(hear(0, UINT32_MAX, 1, "198.51.100.7:7717"), 0);
	(void)next(0);
	ASSERT_EQ(next(86400 * SEC), PORTMAP_SEND_PCP);
}

TEST(lies_are_not_taken)
{
	uint8_t p[PCP_REQUEST_LEN];
	struct mapping m;

	begin();
	(void)next(0);
	answer(p, 0, 7200, 1, "198.51.100.7:7717");
	p[24] ^= 1;
	ASSERT_EQ(portmap_heard_pcp(&map, now, p, sizeof(p)), ERR_AUTH);
	answer(p, 0, 7200, 1, "198.51.100.7:7717");
	p[41] ^= 1;
	ASSERT_EQ(portmap_heard_pcp(&map, now, p, sizeof(p)), ERR_UNKNOWN);
	ASSERT_EQ(portmap_heard_pcp(&map, now, p, 3), ERR_SHORT);
	ASSERT_EQ(map.pcp, TRY_ASKED); /* the true answer may still come */
	ASSERT_EQ(hear(0, 7200, 1, "127.0.0.1:7717"), 0);
	ASSERT(!portmap_mapping(&map, &m));
	ASSERT_EQ(map.pcp, TRY_FAILED);
}

TEST(every_refusal_leads_to_the_next_method)
{
	for (unsigned result = 1; result < 256; result++) {
		struct mapping m;

		begin();
		(void)next(0);
		ASSERT_EQ(hear((uint8_t)result, 1800, 1, "0.0.0.0:1"), 0);
		ASSERT_EQ(map.pcp_result, result);
		ASSERT_EQ(next(0), PORTMAP_ASK_NATPMP);
		ASSERT(!portmap_mapping(&map, &m));
	}
}

TEST(a_refused_renewal_keeps_what_is_held_until_it_is_over)
{
	begin();
	(void)next(0);
	ASSERT_EQ(hear(0, 1600, 1, "198.51.100.7:7717"), 0);
	(void)next(0);
	ASSERT_EQ(next(1600 * SEC), PORTMAP_SEND_PCP);
	ASSERT_EQ(hear(PCP_NO_RESOURCES, 30, 900, "0.0.0.0:1"), 0);
	ASSERT(holds(MAPPING_PCP, "198.51.100.7:7717"));
	ASSERT_EQ(next(1600 * SEC), PORTMAP_SEND_PCP);
}

TEST(a_gateway_that_was_restarted_is_asked_anew_within_seconds)
{
	static const uint8_t announce[24] = { 2, 0x80, [11] = 1 };

	begin();
	(void)next(0);
	ASSERT_EQ(hear(0, 7200, 5000, "198.51.100.7:7717"), 0);
	(void)next(0);
	ASSERT_EQ(next(100 * SEC), 0);
	ASSERT_EQ(portmap_heard_pcp(&map, now, announce, sizeof(announce)), 0);
	ASSERT_EQ(next(5 * SEC), PORTMAP_SEND_PCP);
}

TEST(a_gateway_whose_clock_goes_on_is_not_asked_anew)
{
	uint8_t announce[24] = { 2, 0x80 };

	begin();
	(void)next(0);
	ASSERT_EQ(hear(0, 7200, 5000, "198.51.100.7:7717"), 0);
	(void)next(0);
	ASSERT_EQ(next(100 * SEC), 0);
	put_be32(announce + 8, 5099);
	ASSERT_EQ(portmap_heard_pcp(&map, now, announce, sizeof(announce)), 0);
	ASSERT_EQ(next(100 * SEC), 0);
}

TEST(doubt_asks_again_but_not_more_often_than_every_ten_seconds)
{
	unsigned sent = 0;

	begin();
	(void)next(0);
	ASSERT_EQ(hear(0, 7200, 1, "198.51.100.7:7717"), 0);
	(void)next(0);
	for (unsigned n = 0; n < 300; n++) {
		portmap_again(&map, now);
		sent += next(100 * MS) == PORTMAP_SEND_PCP;
	}
	ASSERT(sent >= 3 && sent <= 4);
}

TEST(another_network_is_another_beginning)
{
	begin();
	(void)next(0);
	ASSERT_EQ(hear(0, 7200, 1, "198.51.100.7:7717"), 0);
	(void)next(0);
	portmap_begin(&map, now, ip("192.168.1.1"), ip("192.168.1.2"), 7717);
	ASSERT(holds(MAPPING_PCP, "198.51.100.7:7717"));
	portmap_begin(&map, now, ip("10.0.0.1"), ip("10.0.0.2"), 7717);
	ASSERT(!holds(MAPPING_PCP, "198.51.100.7:7717"));
	ASSERT_EQ(next(0), PORTMAP_CHANGED | PORTMAP_SEND_PCP | PORTMAP_FIND_UPNP);
	portmap_begin(&map, now, (struct ip){ 0 }, (struct ip){ 0 }, 7717);
	ASSERT_EQ(portmap_due(&map), 0);
	ASSERT_EQ(portmap_end(&map) & PORTMAP_DROP_UPNP, 0);
}

TEST(a_firewall_for_ipv6_is_opened_by_pcp_alone)
{
	begin();
	portmap_begin(&map, now, ip("fe80::1"), ip("2001:db8::2"), 7717);
	ASSERT_EQ(next(SEC), PORTMAP_SEND_PCP);
	ASSERT_EQ(next(SEC), 0);
}
