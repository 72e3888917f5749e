/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_pcp.c - PCP messages against the layouts of RFC 6887, byte by byte.
 */
#include "core/pcp.h"
#include "tests/unit/test.h"

#define NONCE "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"

/* Sections 7.1 and 11.1: 192.168.1.2 asks for UDP port 7717 for two hours, 7717 outside. */
static const uint8_t request[PCP_REQUEST_LEN] = {
	2, 1, 0, 0, 0, 0, 0x1c, 0x20,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 168, 1, 2,
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17, 0, 0, 0, 0x1e, 0x25, 0x1e, 0x25,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0,
};

/* Sections 7.2 and 11.1: it gets 198.51.100.7:40000 for an hour. */
static const uint8_t response[PCP_REQUEST_LEN] = {
	2, 0x81, 0, 0, 0, 0, 0x0e, 0x10, 0, 0, 0x30, 0x39,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17, 0, 0, 0, 0x1e, 0x25, 0x9c, 0x40,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 51, 100, 7,
};

static struct addr
address(const char *text)
{
	struct addr a;

	ASSERT_EQ(addr_parse(&a, text, 1), 0);
	return a;
}

TEST(a_request_is_that_of_rfc_6887)
{
	struct pcp_map map = { .nonce = NONCE, .lifetime = 7200, .internal_port = 7717 };
	struct addr client = address("192.168.1.2");
	uint8_t p[PCP_REQUEST_LEN];

	map.external.port = 7717;
	pcp_map_encode(p, addr_ip(&client), &map);
	ASSERT_MEM(p, request, sizeof(p));
}

TEST(a_request_by_ipv6_suggests_its_own_address_or_any)
{
	struct pcp_map map = { .nonce = NONCE, .internal_port = 7717 };
	struct addr client = address("2001:db8::2");
	static const uint8_t zeros[16];
	uint8_t p[PCP_REQUEST_LEN];

	pcp_map_encode(p, addr_ip(&client), &map);
	ASSERT_MEM(p + 8, client.ip, 16);
	ASSERT_MEM(p + 44, zeros, 16);
	map.external = client;
	pcp_map_encode(p, addr_ip(&client), &map);
	ASSERT_MEM(p + 44, client.ip, 16);
}

TEST(a_response_is_that_of_rfc_6887)
{
	struct addr external = address("198.51.100.7:40000");
	struct pcp_response r;

	ASSERT_EQ(pcp_response_decode(&r, response, sizeof(response)), 0);
	ASSERT_EQ(r.version, PCP_VERSION);
	ASSERT_EQ(r.opcode, PCP_MAP);
	ASSERT_EQ(r.result, PCP_SUCCESS);
	ASSERT_EQ(r.lifetime, 3600);
	ASSERT_EQ(r.epoch, 12345);
	ASSERT_MEM(r.map.nonce, NONCE, PCP_NONCE_LEN);
	ASSERT_EQ(r.map.internal_port, 7717);
	ASSERT_EQ(r.map.lifetime, 3600);
	ASSERT(addr_equal(&r.map.external, &external));
}

TEST(an_external_address_that_is_none_is_none)
{
	static const uint8_t none[][4] = { { 0 }, { 255, 255, 255, 255 }, { 224, 0, 0, 1 } };
	struct pcp_response r;
	uint8_t p[sizeof(response)];

	memcpy(p, response, sizeof(p));
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		memcpy(p + 56, none[i], 4);
		ASSERT_EQ(pcp_response_decode(&r, p, sizeof(p)), 0);
		ASSERT_EQ(r.map.external.family, FAMILY_NONE);
	}
}

TEST(a_response_of_any_other_length_is_refused)
{
	uint8_t p[2 * PCP_LEN_MAX] = { 0 };
	struct pcp_response r;

	memcpy(p, response, sizeof(response));
	for (size_t len = 0; len < sizeof(response); len++)
		ASSERT_EQ(pcp_response_decode(&r, p, len), ERR_SHORT);
	for (size_t len = sizeof(response); len <= PCP_LEN_MAX; len++) /* options of four bytes */
		ASSERT_EQ(pcp_response_decode(&r, p, len), len % 4 == 0 ? 0 : ERR_SHORT);
	ASSERT_EQ(pcp_response_decode(&r, p, PCP_LEN_MAX + 1), ERR_EXCESS);
	ASSERT_EQ(pcp_response_decode(&r, p, sizeof(p)), ERR_EXCESS);
}

TEST(options_are_passed_over_if_they_are_whole)
{
	uint8_t p[sizeof(response) + 12] = { 0 };
	struct pcp_response r;

	memcpy(p, response, sizeof(response));
	p[60] = 3;
	p[63] = 5; /* five bytes and their padding */
	ASSERT_EQ(pcp_response_decode(&r, p, sizeof(p)), 0);
	p[63] = 9;
	ASSERT_EQ(pcp_response_decode(&r, p, sizeof(p)), ERR_SHORT);
	p[62] = 0xff;
	ASSERT_EQ(pcp_response_decode(&r, p, sizeof(p)), ERR_SHORT);
}

TEST(what_is_no_answer_of_ours_is_refused)
{
	struct pcp_response r;
	uint8_t p[sizeof(response)];

	ASSERT_EQ(pcp_response_decode(&r, request, sizeof(request)), ERR_FORMAT);
	memcpy(p, response, sizeof(p));
	p[36] = 6; /* TCP */
	ASSERT_EQ(pcp_response_decode(&r, p, sizeof(p)), ERR_FORMAT);
	memcpy(p, response, sizeof(p));
	p[1] = 0x82; /* PEER */
	ASSERT_EQ(pcp_response_decode(&r, p, sizeof(p)), ERR_FORMAT);
}

TEST(every_result_has_its_name)
{
	struct pcp_response r;
	uint8_t p[sizeof(response)];

	memcpy(p, response, sizeof(p));
	for (unsigned n = 0; n < 256; n++) {
		p[3] = (uint8_t)n;
		ASSERT_EQ(pcp_response_decode(&r, p, sizeof(p)), 0);
		ASSERT_EQ(r.result, n);
		ASSERT_EQ(strcmp(pcp_result_word(r.result), "an unknown error") == 0,
		    n > PCP_EXCESSIVE_REMOTE_PEERS);
	}
	ASSERT_STR(pcp_result_word(PCP_ADDRESS_MISMATCH), "ADDRESS_MISMATCH");
}

TEST(a_server_of_nat_pmp_says_that_it_is_one)
{
	static const uint8_t refusal[] = { 0, 0x81, 0, 1, 0, 0, 0, 9 };
	static const uint8_t announcement[] = { 0, 0x80, 0, 0, 0, 0, 1, 0, 198, 51, 100, 7 };
	struct pcp_response r;

	ASSERT_EQ(pcp_response_decode(&r, refusal, sizeof(refusal)), 0);
	ASSERT_EQ(r.version, 0);
	ASSERT_EQ(r.result, PCP_UNSUPP_VERSION);
	ASSERT_EQ(pcp_response_decode(&r, announcement, sizeof(announcement)), 0);
	ASSERT_EQ(r.opcode, PCP_ANNOUNCE);
	ASSERT_EQ(r.epoch, 256);
}

TEST(an_announcement_needs_no_more_than_the_header)
{
	uint8_t p[24] = { 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5 };
	struct pcp_response r;

	ASSERT_EQ(pcp_response_decode(&r, p, sizeof(p)), 0);
	ASSERT_EQ(r.opcode, PCP_ANNOUNCE);
	ASSERT_EQ(r.epoch, 5);
	ASSERT_EQ(pcp_response_decode(&r, p, sizeof(p) - 1), ERR_SHORT);
}
