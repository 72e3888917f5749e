/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_alloc.c - no packet takes memory.
 *
 * The linker puts the functions below in the place of the allocator's (see the Makefile), and
 * libcrypto is told to call them: so what engines and ciphers take is counted.
 */
#include "tests/unit/meshes.h"

#define LOT 32

static uint64_t taken;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

void *
__wrap_malloc(size_t n)
{
	taken++;
	return __real_malloc(n);
}

void *
__wrap_calloc(size_t count, size_t n)
{
	taken++;
	return __real_calloc(count, n);
}

void *
__wrap_realloc(void *p, size_t n)
{
	taken++;
	return __real_realloc(p, n);
}

/* Of openssl/crypto.h, which has an ERR_STATE of its own. */
int CRYPTO_set_mem_functions(void *(*take)(size_t, const char *, int),
    void *(*take_more)(void *, size_t, const char *, int), void (*give)(void *, const char *, int));

static void *
crypto_take(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(n);
}

static void *
crypto_take_more(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return realloc(p, n);
}

static void
crypto_give(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* Before libcrypto has taken anything. */
__attribute__((constructor)) static void
count_crypto(void)
{
	if (CRYPTO_set_mem_functions(crypto_take, crypto_take_more, crypto_give) != 1)
		abort();
}

static struct house *lh, *one, *two;

static void
packet_fill(uint8_t *p, const struct house *from, const struct house *to, size_t len, uint8_t protocol,
    uint16_t port)
{
	memset(p, 0, len);
	p[0] = 0x45;
	put_be16(p + 2, (uint16_t)len);
	p[8] = 64;
	p[9] = protocol;
	memcpy(p + 12, house_ip(from).b, 4);
	memcpy(p + 16, house_ip(to).b, 4);
	put_be16(p + 20, port);
	put_be16(p + 22, port);
}

/* What was sent arrives, at the relay and then at its end, and no timer runs. */
static void
arrive(void)
{
	for (unsigned hop = 0; hop < 2; hop++) {
		town.now.mono += HOP;
		town_deliver();
	}
}

/* A lot of packets from the TUN of `from`; of one flow, or each of its own from `port` on. */
static void
send_lot(struct house *from, struct house *to, size_t len, uint8_t protocol, uint16_t port, bool own)
{
	static uint8_t bytes[LOT][PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];
	struct packet packets[LOT];

	for (unsigned i = 0; i < LOT; i++) {
		packets[i] = (struct packet){
			.data = bytes[i] + PACKET_HEADROOM,
			.len = (uint32_t)len,
			.meta = !own && i % 4 > 1 ? META_FOLLOWS : 0,
		};
		packet_fill(packets[i].data, from, to, len, protocol,
		    (uint16_t)(port + (own ? i : 0)));
	}
	mesh_from_tun(from->mesh, town.now, packets, LOT, &town.out);
	town_settle(from);
	arrive();
}

/* Sends and answers in one flow until the allocator is at rest, then counts; all must arrive. */
static uint64_t
taken_by_flow(size_t len)
{
	uint64_t before = 0;
	unsigned came = 0;

	for (unsigned i = 0; i < 40; i++) {
		if (i == 8) {
			before = taken;
			came = two->tun_packets;
		}
		send_lot(one, two, len, IPPROTO_OF_TCP, 5001, false);
		send_lot(two, one, 60, IPPROTO_OF_TCP, 5001, false);
	}
	ASSERT_EQ(two->tun_packets - came, 32 * LOT);
	return taken - before;
}

TEST(packets_take_no_memory)
{
	town_of_two(&lh, &one, &two, CERT_RELAY, USEC_PER_SEC);
	ASSERT(house_reaches(one, house_ip(two), USEC_PER_SEC));
	town_run(USEC_PER_SEC);
	ASSERT(peer_is_direct(house_peer(one, two)));
	ASSERT_EQ(taken_by_flow(1200), 0);
	ASSERT_EQ(taken_by_flow(60), 0);
	town_close();
}

static bool
by_relay(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	(void)p;
	(void)len;
	return addr_equal(from, &lh->at) || addr_equal(to, &lh->at);
}

TEST(relayed_packets_take_none_on_the_way_either)
{
	town_of_two(&lh, &one, &two, CERT_RELAY, USEC_PER_SEC);
	town.pass = by_relay;
	ASSERT(house_reaches(one, house_ip(two), 2 * USEC_PER_SEC));
	town_run(USEC_PER_SEC);
	ASSERT(!peer_is_direct(house_peer(one, two)));
	ASSERT_EQ(taken_by_flow(1200), 0);
	town_close();
}

TEST(flows_take_none_beyond_their_limit)
{
	uint64_t before;

	town_of_two(&lh, &one, &two, CERT_RELAY, USEC_PER_SEC);
	ASSERT(house_reaches(one, house_ip(two), USEC_PER_SEC));
	for (unsigned port = 1000; port < 1000 + FIREWALL_FLOWS_MAX; port += LOT)
		send_lot(one, two, 60, IPPROTO_OF_UDP, (uint16_t)port, true);
	before = taken;
	for (unsigned port = 30000; port < 32000; port += LOT)
		send_lot(one, two, 60, IPPROTO_OF_UDP, (uint16_t)port, true);
	ASSERT_EQ(taken, before);
	town_close();
}

/* Whatever anybody sends who has no session, but initiations: libcrypto takes some for their MAC. */
TEST(strangers_take_none)
{
	struct addr from = town_addr("203.0.113.9");
	uint8_t p[PACKET_MAX];
	uint64_t before;

	town_of_two(&lh, &one, &two, CERT_RELAY, USEC_PER_SEC);
	before = taken;
	for (unsigned i = 0; i < 4000; i++) {
		size_t len = 16 + test_rand() % 1400;

		test_fill(p, len);
		put_le32(p, OUTER_RESPONSE + (uint32_t)(test_rand() % 3));
		if (i % 4 == 0)
			len = i % 8 == 0 ? COOKIE_LEN : RESPONSE_LEN;
		house_receive(one, &from, p, len);
		house_receive(lh, &from, p, len);
	}
	ASSERT_EQ(taken, before);
	town_close();
}
