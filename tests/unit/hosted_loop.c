/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/loop.h"

#include "tests/unit/test.h"

struct probe {
	struct loop loop;
	struct instant fired;
	int times, signum;
};

static void
on_due(void *ctx)
{
	struct probe *p = ctx;

	p->times++;
	p->fired = clock_now();
	loop_stop(&p->loop);
}

static void
on_signal(void *ctx, int signum)
{
	struct probe *p = ctx;

	p->signum = signum;
	loop_stop(&p->loop);
}

TEST(the_timer_fires_once_and_not_before_its_time)
{
	struct probe p = { 0 };
	usec_t due;

	ASSERT_EQ(loop_init(&p.loop, &p, on_due, on_signal, NULL), 0);
	due = clock_now().mono + 20 * USEC_PER_MS;
	loop_wake_at(&p.loop, due + 60 * USEC_PER_SEC);
	loop_wake_at(&p.loop, due);
	loop_run(&p.loop);
	ASSERT_EQ(p.times, 1);
	ASSERT(p.fired.mono >= due);
	ASSERT(p.fired.mono < due + 59 * USEC_PER_SEC);
	loop_free(&p.loop);
}

TEST(a_deadline_in_the_past_is_due_now_and_never_is_never)
{
	struct probe p = { 0 };

	ASSERT_EQ(loop_init(&p.loop, &p, on_due, on_signal, NULL), 0);
	loop_wake_at(&p.loop, 1);
	loop_run(&p.loop);
	ASSERT_EQ(p.times, 1);
	loop_wake_at(&p.loop, 1);
	loop_wake_at(&p.loop, 0);
	raise(SIGTERM);
	loop_run(&p.loop);
	ASSERT_EQ(p.times, 1);
	ASSERT_EQ(p.signum, SIGTERM);
	loop_free(&p.loop);
}

TEST(a_deadline_that_is_put_off_is_kept)
{
	struct probe p = { 0 };
	usec_t now;

	ASSERT_EQ(loop_init(&p.loop, &p, on_due, on_signal, NULL), 0);
	now = clock_now().mono;
	loop_wake_at(&p.loop, now + 5 * USEC_PER_MS);
	loop_wake_at(&p.loop, now + 40 * USEC_PER_MS);
	loop_run(&p.loop);
	ASSERT_EQ(p.times, 1);
	ASSERT(p.fired.mono >= now + 40 * USEC_PER_MS);
	loop_free(&p.loop);
}

TEST(the_clock_never_is_zero_and_never_goes_back)
{
	struct instant last = clock_now();

	ASSERT(last.mono > 0);
	ASSERT(last.wall > 1600000000 * USEC_PER_SEC);
	for (int i = 0; i < 1000; i++) {
		struct instant now = clock_now();

		ASSERT(now.mono >= last.mono);
		last = now;
	}
}

TEST(the_kernels_chance_is_not_constant)
{
	struct rng rng = kernel_rng();

	ASSERT(rng_u64(&rng) != rng_u64(&rng));
}
