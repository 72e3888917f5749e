/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_certs.c - certificates that change while their owners talk.
 */
#include "tests/unit/meshes.h"

static struct house *lh, *one, *two;

/* A lighthouse and two nodes that have talked. */
static void
begin(void)
{
	town_of_two(&lh, &one, &two, CERT_RELAY, USEC_PER_SEC);
	ASSERT(house_reaches(one, house_ip(two), USEC_PER_SEC));
}

/* HELLO of `h` to `to` with somebody's certificate. */
static void
say_hello(struct house *h, const struct house *to, const struct host *cert)
{
	uint8_t frame[FRAME_MAX];
	struct hello hello = {
		.proto_min = HELLO_PROTO,
		.proto_max = HELLO_PROTO,
		.unix_time = town.now.wall / USEC_PER_SEC,
		.max_inner = MTU_MAX,
		.cert = { cert->bytes, (uint16_t)cert->len },
	};

	house_say(h, to, frame, hello_encode(frame, sizeof(frame), &hello));
	town_run(5 * HOP);
}

TEST(a_hello_certifies_nobody_but_its_sender)
{
	struct host heir;

	begin();
	heir = certs_host(&town.root, "party2", "10.87.0.9", ++town.serial);
	say_hello(two, one, &heir);
	ASSERT(members_get(one->mesh->members, heir.cert.key) == NULL);
	ASSERT(!members_get(one->mesh->members, two->host.cert.key)->superseded);
	/* What the session was for is over, and may begin again. */
	ASSERT(!channel_ready(house_peer(one, two)->channel, town.now));
	ASSERT(house_reaches(one, house_ip(two), USEC_PER_SEC));
	town_close();
}

static bool
routes_lead_to(const struct house *h, struct ip ip, const struct house *to)
{
	struct view_route routes[16];
	size_t n = view_routes(h->mesh, routes, ARRAY_LEN(routes));

	for (size_t i = 0; i < n; i++) {
		if (ip_equal(routes[i].to.ip, ip))
			return strcmp(routes[i].via, to->host.cert.name) == 0 &&
			    route_to(&h->mesh->routes, ip) == house_peer(h, to);
	}
	return route_to(&h->mesh->routes, ip) != NULL;
}

TEST(a_peer_that_comes_back_with_other_addresses_has_those_and_no_others)
{
	struct ip before, after = certs_ip("10.87.0.77");

	begin();
	before = house_ip(two);
	two->host.cert.addresses[0] = certs_prefix("10.87.0.77");
	house_certify(two);
	house_off(two);
	house_on(two);
	town_run(2 * USEC_PER_SEC);
	ASSERT(house_reaches(two, house_ip(one), USEC_PER_SEC));
	ASSERT(routes_lead_to(one, after, two));
	ASSERT(!routes_lead_to(one, before, two));
	ASSERT(house_reaches(one, after, USEC_PER_SEC));
	ASSERT(!house_reaches(one, before, USEC_PER_SEC));

	roster_forget(one->mesh, town.now, house_peer(one, two), &town.out);
	town_settle(one);
	ASSERT(route_to(&one->mesh->routes, before) == NULL);
	ASSERT(route_to(&one->mesh->routes, after) == NULL);
	town_close();
}

TEST(sessions_end_with_our_own_certificate_too)
{
	begin();
	one->host.cert.not_after = CERTS_NOW + 60;
	house_certify(one);
	house_off(one);
	house_on(one);
	town_run(USEC_PER_SEC);
	ASSERT(house_reaches(one, house_ip(two), USEC_PER_SEC));
	ASSERT(channel_ready(house_peer(one, two)->channel, town.now));
	town_run(60 * USEC_PER_SEC);
	ASSERT(!channel_ready(house_peer(one, two)->channel, town.now));
	town_close();
}

TEST(who_has_a_new_key_after_its_certificate_ended_is_found_at_its_address)
{
	begin();
	two->host.cert.not_after = CERTS_NOW + 60;
	house_certify(two);
	house_off(two);
	house_on(two);
	town_run(USEC_PER_SEC);
	ASSERT(house_reaches(two, house_ip(one), USEC_PER_SEC));
	town_run(65 * USEC_PER_SEC);
	house_off(two);
	two->row_count = 0;
	certs_new_key(&two->host);
	two->host.cert.not_after = CERTS_NOW + CERTS_DAY;
	house_certify(two);
	house_on(two);
	town_run(HOUSEKEEPING_EVERY);
	ASSERT(house_reaches(one, house_ip(two), USEC_PER_SEC));
	town_close();
}

TEST(a_lighthouse_whose_certificate_has_ended_is_not_called_in_vain)
{
	uint64_t before;

	town_open();
	lh = town_house("lh", "10.87.0.1", "198.51.100.1", CERT_LIGHTHOUSE | CERT_RELAY);
	lh->host.cert.not_after = CERTS_NOW + 60;
	house_certify(lh);
	one = town_house("party1", "10.87.0.2", "198.51.100.2", 0);
	house_on(lh);
	house_on(one);
	town_run(75 * USEC_PER_SEC);
	ASSERT(!one->mesh->lighthouses[0].registered);
	before = one->sent;
	town_run(60 * USEC_PER_SEC);
	ASSERT(one->sent - before < 10);
	town_close();
}
