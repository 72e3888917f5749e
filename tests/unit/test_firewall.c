/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_firewall.c - what may come in, by flow and by rule.
 */
#include "node/firewall.h"
#include "tests/unit/test.h"

static const uint8_t hash_key[16] = { 7 };
static const usec_t now = 1000 * USEC_PER_SEC;

static struct ip
host(uint8_t last)
{
	return ip_v4((uint8_t[4]){ 10, 87, 0, last });
}

/* A packet from 10.87.0.`from` to 10.87.0.`to`. */
static struct inner
packet(uint8_t from, uint8_t to, uint8_t protocol, uint16_t sport, uint16_t dport)
{
	return (struct inner){
		.src = host(from),
		.dst = host(to),
		.protocol = protocol,
		.sport = sport,
		.dport = dport,
	};
}

static struct cert
member(const char *name, const char *group)
{
	struct cert c = { .kind = OBJECT_HOST };

	memcpy(c.name, name, strlen(name) + 1);
	if (group != NULL) {
		memcpy(c.groups[0], group, strlen(group) + 1);
		c.group_count = 1;
	}
	return c;
}

static struct mesh_settings
rules(const char *text)
{
	struct mesh_settings s = { 0 };

	if (text != NULL)
		ASSERT_EQ(firewall_rule_parse(&s.rules[s.rule_count++], text, NULL), 0);
	return s;
}

static bool
admits(const char *rule, struct inner in, struct cert who)
{
	struct mesh_settings s = rules(rule);
	struct firewall fw;
	bool admitted;

	firewall_init(&fw, hash_key);
	firewall_configure(&fw, &s);
	admitted = firewall_admits(&fw, now, &in, NULL, &who);
	firewall_wipe(&fw);
	return admitted;
}

TEST(nothing_comes_in_without_a_rule_but_icmp_echo)
{
	struct inner echo = packet(2, 1, IPPROTO_OF_ICMP, 5, 5);

	echo.icmp = ICMP_ECHO;
	ASSERT(admits(NULL, echo, member("party2", NULL)));
	ASSERT(!admits(NULL, packet(2, 1, IPPROTO_OF_TCP, 40000, 11365), member("party2", NULL)));
	ASSERT(!admits(NULL, packet(2, 1, IPPROTO_OF_UDP, 40000, 53), member("party2", NULL)));
	ASSERT(!admits(NULL, packet(2, 1, 47, 0, 0), member("party2", NULL)));
}

TEST(rules_speak_of_names_groups_protocols_and_ports)
{
	static const struct {
		const char *rule;
		const char *name;
		const char *group;
		uint8_t protocol;
		uint16_t dport;
		bool admitted;
	} cases[] = {
		{ "anyone", "party2", NULL, IPPROTO_OF_TCP, 11365, true },
		{ "anyone tcp/11365", "party2", NULL, IPPROTO_OF_TCP, 11365, true },
		{ "anyone tcp/11365", "party2", NULL, IPPROTO_OF_TCP, 11366, false },
		{ "anyone tcp/11365", "party2", NULL, IPPROTO_OF_UDP, 11365, false },
		{ "anyone tcp/11365-11370", "party2", NULL, IPPROTO_OF_TCP, 11370, true },
		{ "anyone tcp/11365-11370", "party2", NULL, IPPROTO_OF_TCP, 11371, false },
		{ "party2", "party2", NULL, IPPROTO_OF_UDP, 9, true },
		{ "party2", "party3", NULL, IPPROTO_OF_UDP, 9, false },
		{ "name:party2 udp", "party2", NULL, IPPROTO_OF_UDP, 9, true },
		{ "name:party2 udp", "party2", NULL, IPPROTO_OF_TCP, 9, false },
		{ "group:nurses", "party3", "nurses", IPPROTO_OF_TCP, 9, true },
		{ "group:nurses", "nurses", "doctors", IPPROTO_OF_TCP, 9, false },
		{ "anyone 47", "party2", NULL, 47, 0, true },
		{ "anyone icmp", "party2", NULL, IPPROTO_OF_ICMP6, 0, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct inner in = packet(2, 1, cases[i].protocol, 40000, cases[i].dport);

		ASSERT_EQ(admits(cases[i].rule, in, member(cases[i].name, cases[i].group)),
		    cases[i].admitted);
	}
}

TEST(rules_print_as_they_are_parsed_and_nonsense_is_refused)
{
	static const char *const good[] = { "anyone", "name:party2 tcp/11365",
		"group:nurses udp/1-65535", "anyone icmp", "anyone 47" };
	static const char *const bad[] = { "", " ", "Party2", "anyone tcp/0", "anyone tcp/70000",
		"anyone tcp/9-8", "anyone icmp/5", "anyone any/5", "anyone sctp", "anyone tcp/",
		"group:", "name:", "anyone tcp/1-", "-x", "anyone  tcp" };
	char text[FIREWALL_RULE_TEXT_MAX];
	struct firewall_rule r;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		ASSERT_EQ(firewall_rule_parse(&r, good[i], NULL), 0);
		ASSERT_STR(firewall_rule_format(text, &r), good[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = { 0 };

		ASSERT_EQ(firewall_rule_parse(&r, bad[i], &e), ERR_FORMAT);
		ASSERT(strlen(e.text) > 10);
	}
}

TEST(answers_to_what_we_sent_come_in_and_only_those)
{
	struct cert who = member("party2", NULL);
	struct inner ours = packet(1, 2, IPPROTO_OF_TCP, 40000, 80);
	struct inner answer = packet(2, 1, IPPROTO_OF_TCP, 80, 40000);
	struct inner other_port = packet(2, 1, IPPROTO_OF_TCP, 81, 40000);
	struct inner other_host = packet(3, 1, IPPROTO_OF_TCP, 80, 40000);
	struct firewall fw;

	firewall_init(&fw, hash_key);
	ASSERT(!firewall_admits(&fw, now, &answer, NULL, &who));
	firewall_sent(&fw, now, &ours, NULL);
	ASSERT(firewall_admits(&fw, now, &answer, NULL, &who));
	ASSERT(!firewall_admits(&fw, now, &other_port, NULL, &who));
	ASSERT(!firewall_admits(&fw, now, &other_host, NULL, &who));
	firewall_wipe(&fw);
}

TEST(a_quiet_udp_flow_ends_and_a_quiet_tcp_flow_outlives_a_long_computation)
{
	struct cert who = member("party2", NULL);
	struct inner tcp = packet(1, 2, IPPROTO_OF_TCP, 1, 2), udp = packet(1, 2, IPPROTO_OF_UDP, 1, 2);
	struct inner tcp_back = packet(2, 1, IPPROTO_OF_TCP, 2, 1);
	struct inner udp_back = packet(2, 1, IPPROTO_OF_UDP, 2, 1);
	struct firewall fw;

	firewall_init(&fw, hash_key);
	firewall_sent(&fw, now, &tcp, NULL);
	firewall_sent(&fw, now, &udp, NULL);
	ASSERT(!firewall_admits(&fw, now + FIREWALL_UDP_TIMEOUT, &udp_back, NULL, &who));
	ASSERT(firewall_admits(&fw, now + 8 * 3600 * USEC_PER_SEC, &tcp_back, NULL, &who));
	firewall_wipe(&fw);
}

TEST(one_flow_more_than_fits_takes_the_place_of_the_quietest)
{
	struct cert who = member("party2", NULL);
	struct inner first = packet(1, 2, IPPROTO_OF_UDP, 1, 1);
	struct inner first_back = packet(2, 1, IPPROTO_OF_UDP, 1, 1);
	struct inner second_back = packet(2, 1, IPPROTO_OF_UDP, 2, 1);
	usec_t later = now + 2 * USEC_PER_SEC;
	struct firewall fw;

	firewall_init(&fw, hash_key);
	firewall_sent(&fw, now, &first, NULL);
	for (uint32_t i = 1; i < FIREWALL_FLOWS_MAX; i++) {
		struct inner in = packet(1, 2, IPPROTO_OF_UDP, 1, (uint16_t)(i + 1));

		firewall_sent(&fw, now + i, &in, NULL);
	}
	ASSERT(firewall_admits(&fw, later, &first_back, NULL, &who));
	ASSERT_EQ(fw.flows.count, FIREWALL_FLOWS_MAX);
	{
		struct inner in = packet(1, 3, IPPROTO_OF_UDP, 1, 1);

		firewall_sent(&fw, later, &in, NULL);
	}
	ASSERT_EQ(fw.flows.count, FIREWALL_FLOWS_MAX);
	ASSERT(!firewall_admits(&fw, later, &second_back, NULL, &who));
	ASSERT(firewall_admits(&fw, later, &first_back, NULL, &who));
	firewall_wipe(&fw);
}

TEST(a_flow_object_that_is_taken_over_begins_anew)
{
	struct cert who = member("party2", NULL);
	struct firewall fw;

	firewall_init(&fw, hash_key);
	for (uint32_t i = 0; i <= FIREWALL_FLOWS_MAX; i++) {
		struct inner in = packet(1, 2, i == 0 ? IPPROTO_OF_TCP : IPPROTO_OF_UDP, 1,
		    (uint16_t)(i % FIREWALL_FLOWS_MAX + 1));

		firewall_sent(&fw, now + i / FIREWALL_FLOWS_MAX * 2 * USEC_PER_SEC, &in, NULL);
	}
	ASSERT_EQ(fw.flows.count, FIREWALL_FLOWS_MAX);
	{
		struct inner back = packet(2, 1, IPPROTO_OF_UDP, 1, 1);

		/* The object was of a TCP flow, and is remembered no longer than one of UDP. */
		ASSERT(!firewall_admits(&fw, now + 3 * USEC_PER_SEC + FIREWALL_UDP_TIMEOUT, &back,
		    NULL, &who));
	}
	firewall_wipe(&fw);
}

TEST(what_others_ask_of_us_takes_no_flow)
{
	struct cert who = member("party2", NULL);
	struct mesh_settings s = rules("party2 tcp/22");
	struct inner ours = packet(1, 2, IPPROTO_OF_TCP, 4711, 11365);
	struct inner answer = packet(1, 2, IPPROTO_OF_ICMP, 7, 7);
	struct inner login = packet(2, 1, IPPROTO_OF_TCP, 2000, 22);
	struct inner syn_ack = packet(1, 2, IPPROTO_OF_TCP, 22, 2000);
	struct firewall fw;

	firewall_init(&fw, hash_key);
	firewall_configure(&fw, &s);
	firewall_sent(&fw, now, &ours, &who);
	answer.icmp = ICMP_ECHO_REPLY;
	firewall_sent(&fw, now, &answer, &who);
	ASSERT(firewall_admits(&fw, now, &login, NULL, &who));
	firewall_sent(&fw, now, &syn_ack, &who);
	ASSERT_EQ(fw.flows.count, 1);
	/* To somebody else it is a flow of ours. */
	who = member("party3", NULL);
	firewall_sent(&fw, now, &syn_ack, &who);
	ASSERT_EQ(fw.flows.count, 2);
	firewall_wipe(&fw);
}

TEST(an_icmp_error_comes_in_when_it_quotes_a_packet_of_ours)
{
	struct cert who = member("party2", NULL);
	uint8_t ours[ICMP_ECHO_OVERHEAD + 8], error[ICMP_ERROR_MAX];
	struct inner in, about;
	struct firewall fw;
	size_t n;

	n = icmp_echo_make(ours, host(1), host(2), 77, 1, 8);
	ASSERT_EQ(inner_parse(&in, ours, n), 0);
	n = icmp_unreachable_make(error, ours, &in);
	ASSERT_EQ(inner_parse(&about, error, n), 0);
	ASSERT_EQ(about.icmp, ICMP_ERROR);
	firewall_init(&fw, hash_key);
	ASSERT(!firewall_admits(&fw, now, &about, error, &who));
	firewall_sent(&fw, now, &in, NULL);
	ASSERT(firewall_admits(&fw, now, &about, error, &who));
	firewall_wipe(&fw);
}
