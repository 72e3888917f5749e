/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loop.c - one thread's events, its clock and its chance.
 */
#include "host/loop.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static usec_t
read_clock(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		abort();
	return (usec_t)ts.tv_sec * USEC_PER_SEC + (usec_t)ts.tv_nsec / 1000;
}

struct instant
clock_now(void)
{
	return (struct instant){
		.mono = read_clock(CLOCK_BOOTTIME),
		.wall = read_clock(CLOCK_REALTIME),
	};
}

static void
fill_from_kernel(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			abort();
		p += got;
		n -= (size_t)got;
	}
}

struct rng
kernel_rng(void)
{
	return (struct rng){ .fill = fill_from_kernel };
}

static void
arm(struct loop *l, usec_t at)
{
	struct itimerspec spec = {
		.it_value.tv_sec = (time_t)(at / USEC_PER_SEC),
		.it_value.tv_nsec = (long)(at % USEC_PER_SEC * 1000),
	};

	l->armed = at;
	if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		abort();
}

void
loop_wake_at(struct loop *l, usec_t due)
{
	l->due = due;
	/*
	 * Most packets put the deadline off. Then the timer stays as it is, and is set again when it
	 * has fired too early: that is one system call in a while, and not one a packet.
	 */
	if (due != 0 && (l->armed == 0 || due < l->armed))
		arm(l, due);
}

static void
on_timer(uv_poll_t *handle, int status, int events)
{
	struct loop *l = handle->data;
	uint64_t expirations;

	(void)status;
	(void)events;
	if (read(l->timer_fd, &expirations, sizeof(expirations)) < 0)
		return;		/* set anew after it had fired */
	l->armed = 0;
	if (l->due == 0)
		return;
	if (read_clock(CLOCK_BOOTTIME) < l->due) {
		arm(l, l->due);
		return;
	}
	l->due = 0;
	l->on_due(l->ctx);
}

static void
on_signal(uv_signal_t *handle, int signum)
{
	struct loop *l = handle->data;

	l->on_signal(l->ctx, signum);
}

static int
watch_signals(struct loop *l)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(numbers) && rc == 0; i++) {
		rc = uv_signal_init(&l->uv, &l->signals[i]);
		l->signals[i].data = l;
		if (rc == 0)
			rc = uv_signal_start(&l->signals[i], on_signal, numbers[i]);
	}
	return rc;
}

static int
watch_timer(struct loop *l)
{
	int rc;

	l->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->timer_fd < 0)
		return -errno;
	rc = uv_poll_init(&l->uv, &l->timer, l->timer_fd);
	l->timer.data = l;
	return rc < 0 ? rc : uv_poll_start(&l->timer, UV_READABLE, on_timer);
}

int
loop_init(struct loop *l, void *ctx, void (*due)(void *ctx),
    void (*sig)(void *ctx, int signum), struct err *err)
{
	int rc;

	*l = (struct loop){ .timer_fd = -1, .ctx = ctx, .on_due = due, .on_signal = sig };
	signal(SIGPIPE, SIG_IGN);
	rc = uv_loop_init(&l->uv);
	if (rc < 0) {
		*l = (struct loop){ .timer_fd = -1 };
		return err_set(err, rc, "cannot start an event loop: %s", uv_strerror(rc));
	}
	rc = watch_timer(l);
	if (rc == 0)
		rc = watch_signals(l);
	if (rc < 0) {
		loop_free(l);
		*l = (struct loop){ .timer_fd = -1 };
		return err_set(err, rc, "cannot start an event loop: %s", uv_strerror(rc));
	}
	return 0;
}

void
loop_stirred(struct loop *l, size_t packets)
{
	l->packets += packets;
}

void
loop_run(struct loop *l)
{
	bool more = true, awake = false;

	while (more && !l->stopped) {
		l->packets = 0;
		more = uv_run(&l->uv, awake ? UV_RUN_NOWAIT : UV_RUN_ONCE) != 0;
		awake = spin_on(&l->spin, read_clock(CLOCK_BOOTTIME), l->packets);
		/* Whoever is to answer may be waiting for this processor. */
		if (awake && l->packets == 0)
			sched_yield();
	}
	l->stopped = false;
}

void
loop_run_locked(struct loop *l, pthread_mutex_t *lock)
{
	struct pollfd backend = { .fd = uv_backend_fd(&l->uv), .events = POLLIN };
	bool more = true;

	l->stopped = false;
	while (more && !l->stopped) {
		int timeout;

		pthread_mutex_lock(lock);
		more = uv_run(&l->uv, UV_RUN_NOWAIT) != 0;
		/* 0 also where descriptors were added that only the next turn will watch. */
		timeout = uv_backend_timeout(&l->uv);
		pthread_mutex_unlock(lock);
		if (more && !l->stopped && timeout != 0)
			(void)poll(&backend, 1, timeout);
	}
}

void
loop_stop(struct loop *l)
{
	l->stopped = true;
	uv_stop(&l->uv);
}

static void
close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void
loop_free(struct loop *l)
{
	uv_walk(&l->uv, close_handle, NULL);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	if (uv_loop_close(&l->uv) < 0)
		abort();
	if (l->timer_fd >= 0)
		close(l->timer_fd);
	l->timer_fd = -1;
}
