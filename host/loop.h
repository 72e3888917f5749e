/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loop.h - one thread's events, its clock and its chance.
 *
 * A daemon has one loop, one timer and a few descriptors. The timer is a timerfd on
 * CLOCK_BOOTTIME: an engine's deadlines are absolute microseconds that count through suspend, and
 * libuv's own timers know neither.
 */
#ifndef HOST_LOOP_H
#define HOST_LOOP_H

#include <pthread.h>
#include <uv.h>

#include "core/base.h"
#include "core/err.h"
#include "core/rng.h"
#include "host/spin.h"

struct loop {
	uv_loop_t uv;
	uv_poll_t timer;
	uv_signal_t signals[3];
	int timer_fd;
	bool stopped;		/* loop_run() or loop_run_locked() is to return */
	usec_t due;		/* the deadline; 0: none */
	usec_t armed;		/* what the timerfd is set to, at `due` or before; 0: not armed */
	size_t packets;		/* that were handled since it was last waited for events */
	struct spin spin;	/* of loop_run(); its user may set `longest` */
	void *ctx;
	void (*on_due)(void *ctx);
	void (*on_signal)(void *ctx, int signum);
};

/* The time now: mono from CLOCK_BOOTTIME, wall from CLOCK_REALTIME. */
struct instant clock_now(void);

/* The kernel's random bytes; a kernel that gives none ends the process. */
struct rng kernel_rng(void);

/*
 * `on_due` is called when the deadline of loop_wake_at() is reached, `on_signal` for SIGINT,
 * SIGTERM and SIGHUP. SIGPIPE is ignored from now on.
 */
int loop_init(struct loop *l, void *ctx, void (*on_due)(void *ctx),
    void (*on_signal)(void *ctx, int signum), struct err *err) must_check;

/* Sets the one timer: an absolute `due` on clock_now().mono, 0 for never. */
void loop_wake_at(struct loop *l, usec_t due);

/* So many packets of the data path were handled: more of them may follow soon. */
void loop_stirred(struct loop *l, size_t packets);

/* Runs until loop_stop(). Before it sleeps it looks out for packets (host/spin.h). */
void loop_run(struct loop *l);

/*
 * The same beside other threads: `lock` is held while anything of the loop is done or called, and
 * not while it waits.
 */
void loop_run_locked(struct loop *l, pthread_mutex_t *lock);
void loop_stop(struct loop *l);

/* Closes what is still open in the loop, waits for its thread pool and frees it. */
void loop_free(struct loop *l);

#endif
