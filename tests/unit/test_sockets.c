/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/sockets.h"

#include "tests/unit/test.h"

static struct outbox out;
static struct sockets sockets;

static void
begin(uint32_t effects)
{
	outbox_free(&out);
	sockets_wipe(&sockets);
	ASSERT_EQ(outbox_init(&out, effects, 4096), 0);
}

static socket_id
open_one(void)
{
	return sockets_open(&sockets, SOCKET_OF_PUNCH, NULL, FAMILY_V4, 0, &out);
}

TEST(as_many_are_open_as_there_may_be)
{
	begin(1024);
	for (size_t i = 0; i < MESH_SOCKETS_MAX; i++) {
		socket_id id = open_one();

		ASSERT(id >= SOCKET_EXTRA && sockets_find(&sockets, id) != NULL);
		ASSERT_EQ(MESH_SOCKET_ROW(id), i);
	}
	ASSERT_EQ(open_one(), SOCKET_NONE);
	ASSERT_EQ(sockets.open, MESH_SOCKETS_MAX);
}

TEST(a_number_is_not_given_twice_in_a_row)
{
	socket_id first, second;

	begin(16);
	first = open_one();
	sockets_close(&sockets, first, &out);
	second = open_one();
	ASSERT(first != second);
	ASSERT_EQ(MESH_SOCKET_ROW(first), MESH_SOCKET_ROW(second));
	ASSERT(sockets_find(&sockets, first) == NULL);
	ASSERT(sockets_find(&sockets, second) != NULL);
	ASSERT(out.effects[1].kind == EFFECT_SOCKET && !out.effects[1].change.open);
}

TEST(the_shell_says_where_it_is_bound_or_that_it_is_not)
{
	struct addr local = { .family = FAMILY_V4, .port = 40000 };
	socket_id a, b;

	begin(16);
	a = open_one();
	b = open_one();
	sockets_opened(&sockets, a, &local);
	sockets_opened(&sockets, b, &(struct addr){ 0 });
	ASSERT_EQ(sockets_find(&sockets, a)->local.port, 40000);
	ASSERT(sockets_find(&sockets, b) == NULL);
	ASSERT_EQ(sockets.open, 1);
}

TEST(without_room_in_the_outbox_nothing_opens_and_a_closing_waits)
{
	socket_id id;

	begin(1);
	id = open_one();
	ASSERT_EQ(open_one(), SOCKET_NONE);
	ASSERT_EQ(sockets.open, 1);
	sockets_close(&sockets, id, &out);
	ASSERT(sockets_find(&sockets, id) == NULL);
	ASSERT_EQ(sockets.open, 1);
	outbox_reset(&out);
	sockets_sweep(&sockets, &out);
	ASSERT_EQ(out.effects[0].change.id, id);
	ASSERT_EQ(sockets.open, 0);
}

TEST(who_leaves_takes_its_sockets_along)
{
	struct peer *a = (struct peer *)&out, *b = (struct peer *)&sockets;
	socket_id of_b;

	begin(16);
	(void)sockets_open(&sockets, SOCKET_OF_PATH, a, FAMILY_V4, 0, &out);
	of_b = sockets_open(&sockets, SOCKET_OF_PUNCH, b, FAMILY_V6, 0, &out);
	sockets_leave(&sockets, a, &out);
	ASSERT_EQ(sockets.open, 1);
	ASSERT_EQ(sockets_find(&sockets, of_b)->family, FAMILY_V6);
}
