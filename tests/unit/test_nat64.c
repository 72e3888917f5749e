/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_nat64.c - RFC 6052 and 7050, by their examples.
 */
#include "core/nat64.h"
#include "tests/unit/test.h"

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

TEST(an_endpoint_is_the_prefix_and_the_address)
{
	struct addr v4 = at("192.0.2.33:7717"), v6 = at("[64:ff9b::192.0.2.33]:7717"), a;

	ASSERT_EQ(nat64_endpoint(&a, nat64_well_known(), &v4), 0);
	ASSERT(addr_equal(&a, &v6));
	v6 = at("[2001:db8:122:344::192.0.2.33]:7717"); /* RFC 6052, 2.4 */
	ASSERT_EQ(nat64_endpoint(&a, ip("2001:db8:122:344::"), &v4), 0);
	ASSERT(addr_equal(&a, &v6));
}

TEST(what_a_translator_does_not_know_has_no_endpoint)
{
	static const char *const none[] = { "10.0.0.1:1", "100.64.0.1:1", "127.0.0.1:1",
		"224.0.0.1:1", "[2001:db8::1]:1" };

	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		struct addr v4 = at(none[i]), a;

		ASSERT_EQ(nat64_endpoint(&a, nat64_well_known(), &v4), ERR_UNKNOWN);
	}
}

TEST(the_prefix_is_found_in_an_answer)
{
	struct ip prefix;

	ASSERT_EQ(nat64_prefix(&prefix, ip("64:ff9b::192.0.0.170")), 0);
	ASSERT(ip_equal(prefix, nat64_well_known()));
	ASSERT_EQ(nat64_prefix(&prefix, ip("2001:db8:43::192.0.0.171")), 0);
	ASSERT(ip_equal(prefix, ip("2001:db8:43::")));
}

TEST(an_answer_that_nobody_translated_has_no_prefix)
{
	static const char *const none[] = { "192.0.0.170", "2001:db8::1", "::192.0.0.170",
		"::ffff:192.0.0.170", "64:ff9b::192.0.0.172", "ff02::c000:aa",
		"2001:db8:0:0:100:0:c000:aa" };

	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		struct ip prefix;

		ASSERT_EQ(nat64_prefix(&prefix, ip(none[i])), ERR_UNKNOWN);
	}
}
