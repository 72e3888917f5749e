/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_lan.c - what a node believes of announcements on its links.
 */
#include "tests/unit/meshes.h"

#include "core/here.h"

#define SEC USEC_PER_SEC

static struct house *one, *two;

/* Two nodes of one site, the second one played by the test; nobody else. */
static void
begin(void)
{
	town_open();
	one = town_house("party1", "10.87.0.2", "192.168.1.2", 0);
	two = town_house("party2", "10.87.0.3", "192.168.1.3", 0);
	house_on(one);
	town_run(SEC);
}

/* An announcement of `h`, under a root with this fingerprint. */
static int
announcement(uint8_t to[static HERE_MAX], const struct house *h, const uint8_t root[static 32],
    uint8_t flags)
{
	static const uint8_t no_psk[32];
	struct here here = {
		.flags = flags,
		.port4 = 7717,
		.cert = { h->host.bytes, (uint16_t)h->host.len },
	};
	uint8_t key[32];

	here_key(key, root, no_psk);
	return here_seal(to, HERE_MAX, key, &town.rng, &here);
}

/* What `one` sends because of it, in datagrams. */
static uint64_t
hears(const char *from, const uint8_t root[static 32], uint8_t flags)
{
	struct addr at = town_addr(from);
	uint8_t msg[HERE_MAX];
	int len = announcement(msg, two, root, flags);
	uint64_t before = one->sent;

	ASSERT(len > 0);
	house_receive(one, &at, msg, (size_t)len);
	town_run(100 * USEC_PER_MS);
	return one->sent - before;
}

static const uint8_t *
our_root(void)
{
	return trust_root(one->mesh->trust, 0)->fingerprint;
}

TEST(who_is_heard_on_the_link_is_answered_and_known)
{
	begin();
	ASSERT_EQ(hears("192.168.1.3", our_root(), HERE_ASK), 1);
	ASSERT(members_by_name(one->mesh->members, "party2") != NULL);
	ASSERT(lan_knows(one->mesh, two->host.cert.key));
	ASSERT_EQ(hears("192.168.1.3", our_root(), HERE_ASK), 0); /* not again so soon */
	town_run(6 * SEC);
	ASSERT_EQ(hears("192.168.1.3", our_root(), HERE_ASK), 1);
	ASSERT_EQ(hears("192.168.1.3", our_root(), 0), 0);
	house_on(two);
	ASSERT(house_reaches(one, house_ip(two), 100 * USEC_PER_MS));
	town_close();
}

TEST(what_comes_from_elsewhere_is_not_heard)
{
	static const uint8_t another[32] = { 1 };

	begin();
	ASSERT_EQ(hears("192.168.1.3", another, HERE_ASK), 0);
	ASSERT_EQ(hears("203.0.113.3", our_root(), HERE_ASK), 0);
	ASSERT_EQ(hears("127.0.0.1", our_root(), HERE_ASK), 0);
	ASSERT_EQ(hears("10.87.0.3", our_root(), HERE_ASK), 1); /* answered, and never called there */
	ASSERT(members_by_name(one->mesh->members, "party2") != NULL);
	town_close();
}

/* One that was recorded is sent again from many addresses. */
TEST(a_repeated_announcement_aims_no_storm_at_anybody)
{
	char from[] = "192.168.2.100";
	uint64_t before;

	begin();
	(void)hears("192.168.1.3", our_root(), 0);
	house_ping(one, house_ip(two)); /* who is not there */
	town_run(SEC);
	before = town.sent_to_nobody;
	for (unsigned i = 0; i < 100; i++) {
		snprintf(from, sizeof(from), "192.168.2.%u", 100 + i);
		(void)hears(from, our_root(), HERE_ASK);
	}
	town_run(10 * SEC);
	ASSERT(town.sent_to_nobody > before);
	/* To each of them a few handshakes at most, and all of them together within the limits. */
	ASSERT(town.sent_to_nobody - before <= 100 * 3 * PRESENT_MAX);
	ASSERT(one->mesh->lan.count == 1);
	town_close();
}

TEST(a_node_that_may_not_says_nothing_and_hears_nothing)
{
	static struct mesh_settings settings = { .no_lan = true };
	uint64_t before;

	begin();
	mesh_configure(one->mesh, town.now, &settings, &town.out);
	town_settle(one);
	before = one->sent;
	town_run(200 * SEC);
	ASSERT_EQ(one->sent, before);
	ASSERT_EQ(hears("192.168.1.3", our_root(), HERE_ASK), 0);
	settings.no_lan = false;
	mesh_configure(one->mesh, town.now, &settings, &town.out);
	town_run(SEC);
	ASSERT_EQ(one->sent - before, 1);
	town_close();
}

TEST(only_so_many_neighbours_are_remembered)
{
	uint8_t msg[HERE_MAX];
	struct addr at = town_addr("192.168.1.3");

	begin();
	for (unsigned i = 0; i < LAN_ROWS_MAX + 20; i++) {
		struct house h = { .host = certs_host(&town.root, "x", "10.87.0.3", 1000 + i) };
		char name[16];
		int len;

		snprintf(name, sizeof(name), "n%u", i);
		name_copy(h.host.cert.name, name);
		h.host.cert.addresses[0].ip.b[2] = (uint8_t)(1 + i / 250);
		h.host.cert.addresses[0].ip.b[3] = (uint8_t)(1 + i % 250);
		certs_sign_host(&h.host, &town.root);
		at.ip[3] = (uint8_t)(10 + i % 200);
		len = announcement(msg, &h, our_root(), 0);
		mesh_from_net(one->mesh, town.now,
		    &(struct packet){ .data = msg, .len = (uint32_t)len, .from = at }, 1, &town.out);
		outbox_reset(&town.out); /* that it is to be remembered, above all */
		town.now.mono += 100 * USEC_PER_MS;
	}
	ASSERT_EQ(one->mesh->lan.count, LAN_ROWS_MAX);
	town_close();
}
