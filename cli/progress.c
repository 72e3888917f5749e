/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * progress.c - draws a line while a thread works.
 */
#include "cli/progress.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 500
#define REDRAW_MS   100

struct task {
	int (*work)(void *arg);
	void *arg;
	int result;
	bool done;
	pthread_mutex_t lock;
	pthread_cond_t finished;
};

static void *
run_task(void *ctx)
{
	struct task *t = ctx;

	t->result = t->work(t->arg);
	pthread_mutex_lock(&t->lock);
	t->done = true;
	pthread_cond_signal(&t->finished);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* Waits for the task, `ms` at most. */
static bool
wait_for(struct task *t, long ms)
{
	struct timespec until;
	int r = 0;
	bool done;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&t->lock);
	while (!t->done && r == 0)
		r = pthread_cond_timedwait(&t->finished, &t->lock, &until);
	done = t->done;
	pthread_mutex_unlock(&t->lock);
	return done;
}

static void
draw_until_done(struct task *t, const char *what)
{
	static const char spinner[] = "|/-\\";
	unsigned ms = PATIENCE_MS, i = 0;

	if (wait_for(t, PATIENCE_MS))
		return;
	do {
		fprintf(stderr, "\r%c %s, %u.%u s", spinner[i++ % 4], what, ms / 1000,
		    ms / 100 % 10);
		ms += REDRAW_MS;
	} while (!wait_for(t, REDRAW_MS));
	fprintf(stderr, "\r\033[K");
}

/* Signals are for the thread that can act on them. */
static int
start_without_signals(pthread_t *thread, struct task *t)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = pthread_create(thread, NULL, run_task, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

int
progress_while(const char *what, int (*work)(void *arg), void *arg)
{
	struct task t = {
		.work = work,
		.arg = arg,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.finished = PTHREAD_COND_INITIALIZER,
	};
	pthread_t thread;

	if (isatty(STDERR_FILENO) != 1 || start_without_signals(&thread, &t) != 0)
		return work(arg);
	draw_until_done(&t, what);
	pthread_join(thread, NULL);
	return t.result;
}
