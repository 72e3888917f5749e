/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_rows.c - packets that come in rows: what was decided for one holds for the next, and no
 * longer than it is true.
 */
#include "tests/unit/meshes.h"

#define ROW 8

static struct house *lh, *one, *two;

/* A row of packets that `one` sends to `to`, the second and later ones marked. */
static void
send_row(struct ip from, struct ip to, size_t len)
{
	static uint8_t bytes[ROW][PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];
	struct packet packets[ROW];

	memset(bytes, 0, sizeof(bytes));
	for (unsigned i = 0; i < ROW; i++) {
		uint8_t *p = bytes[i] + PACKET_HEADROOM;

		packets[i] = (struct packet){ .data = p, .len = (uint32_t)len };
		packets[i].meta = i > 0 ? META_FOLLOWS : 0;
		p[0] = 0x45;
		put_be16(p + 2, (uint16_t)len);
		p[9] = IPPROTO_OF_ICMP;
		p[20] = 8; /* an echo request, which any peer admits */
		memcpy(p + 12, from.b, 4);
		memcpy(p + 16, to.b, 4);
	}
	mesh_from_tun(one->mesh, town.now, packets, ROW, &town.out);
	town_settle(one);
	town_run(100 * USEC_PER_MS);
}

static void
begin(void)
{
	town_of_two(&lh, &one, &two, 0, USEC_PER_SEC);
	ASSERT(house_reaches(one, house_ip(two), USEC_PER_SEC));
	two->tun_packets = 0;
}

TEST(what_follows_goes_where_the_first_one_went)
{
	begin();
	send_row(house_ip(one), house_ip(two), 100);
	ASSERT_EQ(two->tun_packets, ROW);
	town_close();
}

TEST(what_follows_something_refused_is_refused)
{
	begin();
	send_row(house_ip(lh), house_ip(two), 100);
	ASSERT_EQ(two->tun_packets, 0);
	ASSERT_EQ(one->mesh->counts[MESH_BAD_SOURCE], ROW);
	town_close();
}

TEST(what_follows_waits_for_a_session_too)
{
	town_of_two(&lh, &one, &two, 0, USEC_PER_SEC);
	send_row(house_ip(one), house_ip(two), 100);
	town_run(USEC_PER_SEC);
	ASSERT_EQ(two->tun_packets, ROW);
	town_close();
}

TEST(what_follows_may_be_too_big_as_well)
{
	begin();
	one->tun_packets = 0;
	send_row(house_ip(one), house_ip(two), 1600);
	ASSERT_EQ(two->tun_packets, 0);
	ASSERT_EQ(one->mesh->counts[MESH_TOO_BIG], ROW);
	ASSERT_EQ(one->tun_packets, ROW);
	town_close();
}

TEST(an_address_is_looked_up_again_when_routes_change)
{
	static const uint8_t hash_key[16] = { 1 };
	static struct peer a, b;
	struct ip ip = certs_ip("10.87.0.9"), subnet = certs_ip("192.168.3.1");
	struct routes r;

	a.cert.addresses[a.cert.address_count++] = certs_prefix("10.87.0.9");
	b.cert = a.cert;
	b.cert.routes[b.cert.route_count++] = certs_prefix("192.168.3.0/24");
	route_init(&r, hash_key, 4);
	ASSERT(route_to(&r, ip) == NULL);
	ASSERT_EQ(route_add(&r, &a, true), 0);
	ASSERT(route_to(&r, ip) == &a && route_from(&r, &a, ip));
	ASSERT(route_to(&r, subnet) == NULL);
	ASSERT_EQ(route_add(&r, &b, true), 0);
	ASSERT(route_to(&r, subnet) == &b);
	ASSERT(route_to(&r, ip) == &b && !route_from(&r, &a, ip));
	route_remove(&r, &b);
	ASSERT(route_to(&r, ip) == NULL && route_to(&r, subnet) == NULL);
	route_wipe(&r);
}
