/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_firewall_study.c - what may come in while a study runs: whoever dials us, and nobody else.
 */
#include "node/firewall.h"
#include "tests/unit/test.h"

#define SELF 3 /* of PARTIES */
#define PARTIES 5

static const uint8_t hash_key[16] = { 7 };
static const usec_t now = 1000 * USEC_PER_SEC;

static struct ip
host(unsigned last)
{
	return ip_v4((uint8_t[4]){ 10, 87, 0, (uint8_t)last });
}

/* Party i is at 10.87.0.i+1 and has a key of i+1. */
static struct study
study_at(uint16_t port)
{
	struct study s = { .count = PARTIES, .hash = { (uint8_t)port, (uint8_t)(port >> 8) } };

	for (unsigned i = 0; i < PARTIES; i++) {
		snprintf(s.parties[i].name, sizeof(s.parties[i].name), "party%u", i + 1);
		memset(s.parties[i].key, (int)i + 1, 32);
		s.parties[i].address = host(i + 1);
		s.parties[i].port = port;
	}
	return s;
}

static struct cert
party(unsigned i)
{
	struct cert c = { .kind = OBJECT_HOST };

	snprintf(c.name, sizeof(c.name), "party%u", i + 1);
	memset(c.key, (int)i + 1, 32);
	return c;
}

static struct inner
packet(unsigned from, unsigned to, uint8_t protocol, uint16_t sport, uint16_t dport)
{
	return (struct inner){
		.src = host(from + 1),
		.dst = host(to + 1),
		.protocol = protocol,
		.sport = sport,
		.dport = dport,
	};
}

/* A firewall with `rule`, or with allow-all for "all". */
static void
open_firewall(struct firewall *fw, const char *rule)
{
	struct mesh_settings s = { .allow_all = rule != NULL && strcmp(rule, "all") == 0 };

	if (rule != NULL && !s.allow_all)
		ASSERT_EQ(firewall_rule_parse(&s.rules[s.rule_count++], rule, NULL), 0);
	firewall_init(fw, hash_key);
	firewall_configure(fw, &s);
}

static bool
comes_in(struct firewall *fw, struct inner in, struct cert who)
{
	return firewall_admits(fw, now, &in, NULL, &who);
}

TEST(only_the_parties_before_us_reach_the_port_of_the_study)
{
	static const char *const rules[] = { NULL, "all", "anyone", "anyone tcp/11365" };
	struct study s = study_at(11365);
	struct firewall fw;

	for (size_t r = 0; r < ARRAY_LEN(rules); r++) {
		open_firewall(&fw, rules[r]);
		ASSERT_EQ(firewall_study_open(&fw, &s, SELF), 0);
		for (unsigned i = 0; i < PARTIES + 2; i++) {
			struct inner in = packet(i, SELF, IPPROTO_OF_TCP, 40000, 11365);

			if (i != SELF)
				ASSERT_EQ(comes_in(&fw, in, party(i)), i < SELF);
		}
		firewall_wipe(&fw);
	}
}

TEST(party_zero_is_dialled_by_nobody)
{
	struct study s = study_at(11365);
	struct firewall fw;

	open_firewall(&fw, "all");
	ASSERT_EQ(firewall_study_open(&fw, &s, 0), 0);
	for (unsigned i = 1; i < PARTIES; i++)
		ASSERT(!comes_in(&fw, packet(i, 0, IPPROTO_OF_TCP, 40000, 11365), party(i)));
	firewall_wipe(&fw);
}

TEST(a_party_is_its_key_at_its_address_and_not_its_name)
{
	struct inner in = packet(0, SELF, IPPROTO_OF_TCP, 40000, 11365);
	struct study s = study_at(11365);
	struct cert impostor = party(0);
	struct firewall fw;

	open_firewall(&fw, "all");
	ASSERT_EQ(firewall_study_open(&fw, &s, SELF), 0);
	ASSERT(comes_in(&fw, in, party(0)));
	impostor.key[31] ^= 1;
	ASSERT(!comes_in(&fw, in, impostor));
	in.src = host(1 + 1);
	ASSERT(!comes_in(&fw, in, party(0)));
	firewall_wipe(&fw);
}

TEST(everything_else_is_closed_but_icmp_echo_and_answers)
{
	struct study s = study_at(11365);
	struct inner echo = packet(1, SELF, IPPROTO_OF_ICMP, 5, 5);
	struct inner ours = packet(SELF, 4, IPPROTO_OF_TCP, 41000, 11365);
	struct cert who = party(4);
	struct firewall fw;

	echo.icmp = ICMP_ECHO;
	open_firewall(&fw, "anyone");
	ASSERT_EQ(firewall_study_open(&fw, &s, SELF), 0);
	ASSERT(comes_in(&fw, echo, party(1)));
	ASSERT(!comes_in(&fw, packet(1, SELF, IPPROTO_OF_TCP, 40000, 22), party(1)));
	ASSERT(!comes_in(&fw, packet(1, SELF, IPPROTO_OF_UDP, 40000, 11365), party(1)));
	ASSERT(!comes_in(&fw, packet(4, SELF, IPPROTO_OF_TCP, 11365, 41000), who));
	firewall_sent(&fw, now, &ours, &who);
	ASSERT(comes_in(&fw, packet(4, SELF, IPPROTO_OF_TCP, 11365, 41000), who));
	firewall_wipe(&fw);
}

TEST(who_was_answered_at_the_port_before_the_run_does_not_stay)
{
	struct study s = study_at(11365);
	struct inner in = packet(PARTIES, SELF, IPPROTO_OF_TCP, 40000, 11365);
	struct inner reset = packet(SELF, PARTIES, IPPROTO_OF_TCP, 11365, 40000);
	struct cert stranger = party(PARTIES);
	struct firewall fw;

	open_firewall(&fw, "all");
	ASSERT(comes_in(&fw, in, stranger));
	firewall_sent(&fw, now, &reset, &stranger);
	ASSERT_EQ(firewall_study_open(&fw, &s, SELF), 0);
	ASSERT(!comes_in(&fw, in, stranger));
	firewall_study_close(&fw, s.hash);
	ASSERT(comes_in(&fw, in, stranger));
	firewall_wipe(&fw);
}

TEST(our_answers_to_parties_take_no_flow)
{
	struct study s = study_at(11365);
	struct inner answer = packet(SELF, 0, IPPROTO_OF_TCP, 11365, 40000);
	struct cert who = party(0);
	struct firewall fw;

	open_firewall(&fw, NULL);
	ASSERT_EQ(firewall_study_open(&fw, &s, SELF), 0);
	firewall_sent(&fw, now, &answer, &who);
	ASSERT_EQ(fw.flows.count, 0);
	firewall_wipe(&fw);
}

TEST(studies_run_side_by_side_each_at_its_port)
{
	struct study one = study_at(11365), two = study_at(11400), same_port = study_at(11365);
	struct firewall fw;

	two.count = SELF + 1;
	memset(two.parties[0].key, 99, 32);
	same_port.hash[31] = 1;
	open_firewall(&fw, NULL);
	ASSERT_EQ(firewall_study_open(&fw, &one, SELF), 0);
	ASSERT_EQ(firewall_study_open(&fw, &two, SELF), 0);
	ASSERT_EQ(firewall_study_open(&fw, &one, SELF), 0);
	ASSERT_EQ(fw.study_count, 2);
	ASSERT_EQ(firewall_study_open(&fw, &same_port, SELF), ERR_CONFLICT);
	ASSERT(comes_in(&fw, packet(0, SELF, IPPROTO_OF_TCP, 40000, 11365), party(0)));
	ASSERT(!comes_in(&fw, packet(0, SELF, IPPROTO_OF_TCP, 40000, 11400), party(0)));
	ASSERT(comes_in(&fw, packet(1, SELF, IPPROTO_OF_TCP, 40000, 11400), party(1)));
	firewall_study_close(&fw, one.hash);
	ASSERT(!comes_in(&fw, packet(0, SELF, IPPROTO_OF_TCP, 40000, 11365), party(0)));
	ASSERT(comes_in(&fw, packet(1, SELF, IPPROTO_OF_TCP, 40000, 11400), party(1)));
	firewall_study_close(&fw, two.hash);
	firewall_study_close(&fw, two.hash);
	ASSERT_EQ(fw.study_count, 0);
	firewall_wipe(&fw);
}

TEST(only_so_many_studies_run_at_a_time)
{
	struct firewall fw;

	open_firewall(&fw, NULL);
	for (uint16_t i = 0; i < FIREWALL_STUDIES_MAX; i++) {
		struct study s = study_at((uint16_t)(20000 + i));

		ASSERT_EQ(firewall_study_open(&fw, &s, SELF), 0);
	}
	{
		struct study s = study_at(30000);

		ASSERT_EQ(firewall_study_open(&fw, &s, SELF), ERR_FULL);
	}
	firewall_wipe(&fw);
}

TEST(settings_that_change_during_a_run_open_nothing)
{
	struct mesh_settings all = { .allow_all = true };
	struct study s = study_at(11365);
	struct firewall fw;

	open_firewall(&fw, NULL);
	ASSERT_EQ(firewall_study_open(&fw, &s, SELF), 0);
	firewall_configure(&fw, &all);
	ASSERT(!comes_in(&fw, packet(1, SELF, IPPROTO_OF_TCP, 40000, 22), party(1)));
	firewall_study_close(&fw, s.hash);
	ASSERT(comes_in(&fw, packet(1, SELF, IPPROTO_OF_TCP, 40000, 22), party(1)));
	firewall_wipe(&fw);
}
