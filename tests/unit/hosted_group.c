/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Groups on the loopback device: who joined hears, and who left does not.
 */
#include "tests/unit/test.h"

#include <string.h>

#include "core/here.h"
#include "host/group.h"

#define LOOPBACK 1	/* the index of lo, everywhere */

static uv_loop_t loop;
static struct outbox out;
static unsigned heard[2];

static void
on_readable(void *ctx, struct group *g)
{
	struct packet p;

	while (group_receive(g, &p)) {
		ASSERT_EQ(p.len, 5);
		ASSERT_EQ(p.socket, SOCKET_LAN_V4);
		ASSERT_MEM(p.data, "hello", 5);
		(*(unsigned *)ctx)++;
	}
}

/* Whatever is there to be received within a moment. */
static void
turn(void)
{
	for (int i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
}

static void
say(struct group *g)
{
	uint8_t *room;

	outbox_reset(&out);
	room = outbox_room(&out, 5);
	memcpy(room, "hello", 5);
	outbox_to_net(&out, g->id, &g->at, room, 5);
	outbox_to_net(&out, SOCKET_V4, &g->at, room, 5);	/* somebody else's */
	group_settle(g, &out);
	turn();
}

TEST(who_joined_a_group_hears_it)
{
	static const uint32_t links[] = { LOOPBACK, LOOPBACK };
	struct group g[2];
	struct addr at;
	struct err e;

	ASSERT_EQ(uv_loop_init(&loop), 0);
	ASSERT_EQ(outbox_init(&out, 8, 4096), 0);
	ASSERT_EQ(addr_parse(&at, HERE_GROUP4, HERE_PORT), 0);
	for (size_t i = 0; i < 2; i++)	/* two programs on one machine */
		ASSERT_EQ(group_open(&g[i], &at, SOCKET_LAN_V4, &loop, &heard[i], on_readable, &e), 0);
	say(&g[0]);
	ASSERT_EQ(heard[0] + heard[1], 0);	/* on no interface yet */
	group_join(&g[0], links, 2);
	group_join(&g[1], links, 1);
	ASSERT_EQ(g[0].joined_count, 1);
	say(&g[0]);
	ASSERT_EQ(heard[0], 1);
	ASSERT_EQ(heard[1], 1);
	group_join(&g[1], NULL, 0);
	say(&g[0]);
	ASSERT_EQ(heard[0], 2);
	ASSERT_EQ(heard[1], 1);
	for (size_t i = 0; i < 2; i++)
		group_close(&g[i]);
	group_close(&g[0]);
	turn();
	ASSERT_EQ(uv_loop_close(&loop), 0);
	outbox_free(&out);
}

TEST(a_zeroed_group_is_closed)
{
	static struct group g;
	struct packet p;

	group_join(&g, (uint32_t[]){ LOOPBACK }, 1);
	ASSERT(!group_receive(&g, &p));
	group_close(&g);
}
