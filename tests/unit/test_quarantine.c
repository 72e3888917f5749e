/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_quarantine.c - rows of guests: who gets one, for how long, and what finds it.
 */
#include "core/bytes.h"
#include "lighthouse/quarantine.h"
#include "tests/unit/test.h"

static const struct addr HOME = { FAMILY_V4, 0, 4242, 0, { 203, 0, 113, 1 } };
static const uint8_t PSK[32] = { 1, 2, 3 };

static struct quarantine q;
static struct noise_identity lighthouse;
static struct instant now;
static uint32_t last_index;

/* A host with a token, and what it needs to end its handshake. */
struct caller {
	struct noise_identity self;
	struct noise noise;
	struct session session;
	uint8_t token[WIRE_TOKEN_ID];
	uint8_t response[RESPONSE_LEN];
	uint32_t index; /* the lighthouse's */
};

static struct caller callers[QUARANTINE_MAX + 1];

static struct noise_identity
random_identity(void)
{
	struct noise_identity ret;
	uint8_t secret[32];

	test_fill(secret, sizeof(secret));
	ASSERT_EQ(noise_identity_init(&ret, secret), 0);
	return ret;
}

static void
begin(void)
{
	quarantine_wipe(&q);
	lighthouse = random_identity();
	now = (struct instant){ .mono = 1000 * USEC_PER_SEC, .wall = 2000 * USEC_PER_SEC };
	last_index = 0;
}

/* `c` with the token `token` calls at `second`. True: it was answered. */
static bool
call(struct caller *c, uint8_t token, uint8_t second)
{
	struct packet pk = { .from = HOME };
	struct newcomer n = { .timestamp = { 0x40, [7] = second }, .token = { token } };
	uint8_t ephemeral[32], msg1[INITIATION_LEN], timestamp[NOISE_TIMESTAMP];
	struct noise_remote remote;
	const uint8_t *response;

	ASSERT_EQ(noise_remote_init(&remote, &c->self, lighthouse.public), 0);
	test_fill(ephemeral, sizeof(ephemeral));
	ASSERT_EQ(noise_initiate(msg1, &c->noise, &c->self, &remote, 7, n.timestamp, ephemeral,
	    NULL), 0);
	ASSERT_EQ(noise_read_static(&n.handshake, &lighthouse, msg1), 0);
	ASSERT_EQ(noise_read_timestamp(timestamp, &n.handshake, &lighthouse, msg1), 0);
	memcpy(n.hash, ephemeral, sizeof(n.hash));
	test_fill(ephemeral, sizeof(ephemeral));
	response = quarantine_admit(&q, now, &n, PSK, ephemeral, last_index + 1, &pk);
	noise_wipe(&n.handshake);
	if (response == NULL)
		return false;
	c->index = ++last_index;
	memcpy(c->token, n.token, sizeof(c->token));
	memcpy(c->response, response, RESPONSE_LEN);
	return true;
}

/* A new caller, answered or not. */
static bool
calls(struct caller *c, uint8_t token)
{
	*c = (struct caller){ .self = random_identity() };
	return call(c, token, 1);
}

static void
confirm(struct caller *c)
{
	struct noise_keys keys;

	ASSERT_EQ(noise_finish(&keys, &c->noise, &c->self, PSK, c->response), 0);
	session_init(&c->session, &keys, now.mono, now.mono + GUEST_TIME);
	noise_keys_wipe(&keys);
}

/* Does a frame of `c` that comes from `from` come through? */
static bool
heard(struct caller *c, const struct addr *from)
{
	uint8_t buf[DATA_HEADER + 64 + PACKET_TAILROOM] = { 0 }, *p;
	struct packet pk = { .data = buf, .from = *from };
	struct guest_row *g;
	size_t len = 0;
	int n = session_seal(&c->session, now.mono, buf + DATA_HEADER, 32);

	ASSERT(n > 0);
	pk.len = (uint32_t)n;
	g = quarantine_find(&q, le32(buf + DATA_RECEIVER));
	ASSERT(g != NULL);
	if (!quarantine_open(g, now, &pk, &p, &len))
		return false;
	ASSERT_EQ(len, 32);
	return true;
}

TEST(each_guest_is_found_by_its_index_and_an_unknown_index_touches_no_row)
{
	struct guest_row *rows;

	begin();
	ASSERT(quarantine_find(&q, 0) == NULL && quarantine_find(&q, 1) == NULL);
	for (unsigned i = 0; i < QUARANTINE_MAX; i++)
		ASSERT(calls(&callers[i], (uint8_t)(i / QUARANTINE_OF_TOKEN)));
	for (unsigned i = 0; i < QUARANTINE_MAX; i++)
		ASSERT_MEM(quarantine_find(&q, callers[i].index)->key, callers[i].self.public, 32);

	/* Whatever would be read of a row now ends the test. */
	rows = q.rows;
	q.rows = NULL;
	for (uint32_t i = 0; i < 10000; i++)
		ASSERT(quarantine_find(&q, last_index + 1 + test_below(1u << 31)) == NULL);
	ASSERT(quarantine_find(&q, 0) == NULL);
	q.rows = rows;
	quarantine_wipe(&q);
}

TEST(there_are_so_many_rows_and_so_many_of_a_token)
{
	begin();
	for (unsigned i = 0; i < QUARANTINE_OF_TOKEN; i++)
		ASSERT(calls(&callers[i], 1));
	ASSERT(!calls(&callers[QUARANTINE_MAX], 1));
	for (unsigned i = QUARANTINE_OF_TOKEN; i < QUARANTINE_MAX; i++)
		ASSERT(calls(&callers[i], (uint8_t)(1 + i / QUARANTINE_OF_TOKEN)));
	ASSERT(!calls(&callers[QUARANTINE_MAX], 99));

	/* Those who have a row may call again all the same. */
	ASSERT(call(&callers[5], 1, 2));
	quarantine_wipe(&q);
}

TEST(a_later_call_ends_the_session_before_and_an_older_one_nothing)
{
	struct caller *c = &callers[0];
	uint32_t before;

	begin();
	ASSERT(calls(c, 1));
	before = c->index;
	ASSERT(call(c, 1, 3));
	ASSERT(quarantine_find(&q, before) == NULL);
	ASSERT(quarantine_find(&q, c->index) != NULL);
	before = c->index;
	ASSERT(!call(c, 1, 2));
	ASSERT(quarantine_find(&q, before) != NULL);
	quarantine_wipe(&q);
}

TEST(rows_end_in_their_time_and_are_given_again)
{
	begin();
	for (unsigned i = 0; i < 3; i++)
		ASSERT(calls(&callers[i], 1));
	confirm(&callers[1]);
	ASSERT(heard(&callers[1], &HOME));
	ASSERT_EQ(quarantine_guests(&q), 1);
	ASSERT_EQ(quarantine_expire(&q, now.mono), now.mono + GUEST_HALF_OPEN);

	now.mono += GUEST_HALF_OPEN;
	ASSERT_EQ(quarantine_expire(&q, now.mono), now.mono - GUEST_HALF_OPEN + GUEST_TIME);
	ASSERT(quarantine_find(&q, callers[0].index) == NULL);
	ASSERT(quarantine_find(&q, callers[1].index) != NULL);
	ASSERT(quarantine_find(&q, callers[2].index) == NULL);
	ASSERT(calls(&callers[3], 1));
	ASSERT(quarantine_find(&q, callers[3].index) == &q.rows[0]);

	now.mono += GUEST_TIME;
	ASSERT_EQ(quarantine_expire(&q, now.mono), 0);
	ASSERT_EQ(quarantine_guests(&q), 0);
	ASSERT_EQ(q.count, 0);
	quarantine_wipe(&q);
}

TEST(a_guest_is_heard_so_often_and_from_nowhere_else)
{
	struct addr elsewhere = HOME;
	struct caller *c = &callers[0];

	begin();
	elsewhere.port++;
	ASSERT(calls(c, 1));
	confirm(c);
	ASSERT(!heard(c, &elsewhere));
	ASSERT_EQ(quarantine_guests(&q), 0);
	for (unsigned i = 0; i < GUEST_FRAMES; i++)
		ASSERT(heard(c, &HOME));
	ASSERT(!heard(c, &HOME));
	ASSERT_EQ(quarantine_guests(&q), 1);
	quarantine_wipe(&q);
}
