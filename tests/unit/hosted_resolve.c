/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/resolve.h"

#include "host/loop.h"
#include "tests/unit/test.h"

struct asker {
	struct loop loop;
	struct resolve resolve;
	struct addr found[8];
	int n;
};

static void
on_found(void *ctx, struct resolve *r, const struct addr *at)
{
	struct asker *a = ctx;

	(void)r;
	if (a->n < 8)
		a->found[a->n++] = *at;
}

static void
on_due(void *ctx)
{
	loop_stop(&((struct asker *)ctx)->loop);
}

static void
on_signal(void *ctx, int signum)
{
	(void)ctx;
	(void)signum;
}

TEST(an_address_needs_no_look_up)
{
	struct addr a;

	ASSERT(endpoint_is_addr(&a, "192.0.2.1:7717"));
	ASSERT_EQ(a.port, 7717);
	ASSERT(endpoint_is_addr(&a, "[2001:db8::1]:7717"));
	ASSERT(!endpoint_is_addr(&a, "vpn.example.org:7717"));
}

TEST(a_name_of_this_machine_is_found_with_its_port)
{
	struct asker a = { 0 };

	ASSERT_EQ(loop_init(&a.loop, &a, on_due, on_signal, NULL), 0);
	ASSERT_EQ(resolve_open(&a.resolve, &a.loop.uv, "localhost:7717", &a, on_found), 0);
	resolve_again(&a.resolve);
	for (int i = 0; i < 600 && a.n == 0; i++) {
		loop_wake_at(&a.loop, clock_now().mono + 100 * USEC_PER_MS);
		loop_run(&a.loop);
	}
	ASSERT(a.n > 0);
	ASSERT_EQ(a.found[0].port, 7717);
	ASSERT_EQ(addr_class(&a.found[0]), ADDR_CLASS_LOOPBACK);
	resolve_close(&a.resolve);
	loop_free(&a.loop);
}

TEST(it_can_be_closed_while_it_asks)
{
	struct asker a = { 0 };

	ASSERT_EQ(loop_init(&a.loop, &a, on_due, on_signal, NULL), 0);
	ASSERT_EQ(resolve_open(&a.resolve, &a.loop.uv, "localhost:1", &a, on_found), 0);
	resolve_close(&a.resolve);
	loop_free(&a.loop);
	ASSERT_EQ(a.n, 0);
	ASSERT_EQ(resolve_open(&a.resolve, &a.loop.uv, "no port", &a, on_found), -EINVAL);
}
