/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * workers.c - several threads for the data path of one node.
 */
#include "node/workers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "node/device.h"
#include "node/shell.h"

/* Two envelopes a packet, and what one batch brings: a datagram and the one within. */
#define JOBS_MAX     (2 * MESH_OUTBOX_EFFECTS)
#define OPENINGS_MAX (2 * UDP_BATCH)

struct worker {
	struct workers *all;
	pthread_t thread;
	bool running;
	int epoll;
	struct tun tun;
	struct udp udp[NODE_SOCKETS];
	struct outbox out;
	struct sealing sealing;
	bool waits; /* by `desk`: until the loop's thread has done what is left in `out` */
};

struct workers {
	struct node *node;
	unsigned count;
	struct deferral deferral;  /* by `engine` */
	pthread_mutex_t engine;	   /* who has it may use the engine and all that is the loop's */
	pthread_mutex_t desk;	   /* for `waits` and `at_work` */
	pthread_cond_t changed;	   /* either of them */
	unsigned at_work;	   /* threads that have not ended */
	uv_async_t *bell;	   /* wakes the loop; NULL: not open */
	int stop;		   /* an eventfd: the threads end */
	struct worker each[];
};

/*
 * What only the loop's thread can do
 */

/* Is it a packet for one of the worker's own descriptors? */
static bool
is_own(const struct effect *e)
{
	return e->kind == EFFECT_TO_TUN ||
	    (e->kind == EFFECT_TO_NET && (e->socket == SOCKET_V4 || e->socket == SOCKET_V6));
}

/* Only what is left to be done by another stays; true if there is any. */
static bool
keep_errands(struct outbox *o)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < o->count; i++)
		if (!is_own(&o->effects[i]))
			o->effects[kept++] = o->effects[i];
	o->count = kept;
	return kept > 0;
}

/* The loop's thread is asked, and waited for: the effects point into our buffers. */
static void
ask_loop(struct worker *w)
{
	struct workers *all = w->all;

	pthread_mutex_lock(&all->desk);
	w->waits = true;
	uv_async_send(all->bell);
	pthread_cond_broadcast(&all->changed);
	while (w->waits)
		pthread_cond_wait(&all->changed, &all->desk);
	pthread_mutex_unlock(&all->desk);
}

static bool
waits(struct worker *w)
{
	bool does;

	pthread_mutex_lock(&w->all->desk);
	does = w->waits;
	pthread_mutex_unlock(&w->all->desk);
	return does;
}

/* With `desk`. */
static bool
any_waits(const struct workers *all)
{
	for (unsigned i = 0; i < all->count; i++)
		if (all->each[i].waits)
			return true;
	return false;
}

/* With the engine's lock, as everything in the loop. */
static void
serve(struct workers *all)
{
	struct node *n = all->node;

	for (struct worker *w = all->each; w < all->each + all->count; w++) {
		struct outbox mine = n->out;

		if (!waits(w))
			continue;
		n->out = w->out;
		if (n->mesh)
			node_settle(n);
		w->out = n->out;
		n->out = mine;
		pthread_mutex_lock(&all->desk);
		w->waits = false;
		pthread_cond_broadcast(&all->changed);
		pthread_mutex_unlock(&all->desk);
	}
}

static void
on_bell(uv_async_t *bell)
{
	serve(bell->data);
}

/*
 * A worker
 */

/* The engine is ours until leave(); NULL when there is none just now. */
static struct mesh *
enter(struct worker *w)
{
	pthread_mutex_lock(&w->all->engine);
	w->all->deferral.here = &w->sealing;
	return w->all->node->mesh;
}

static void
leave(struct worker *w)
{
	w->all->deferral.here = NULL;
	pthread_mutex_unlock(&w->all->engine);
}

/* What the engine call has left to be done. */
static void
settle(struct worker *w)
{
	sealing_done(&w->sealing);
	sealing_run(&w->sealing);
	udp_settle(w->udp, NODE_SOCKETS, &w->out);
	tun_settle(&w->tun, &w->out);
	if (keep_errands(&w->out))
		ask_loop(w);
	outbox_reset(&w->out);
}

/* Opens what can be opened of the datagrams, and what relays have put into them. */
static void
open_all(struct worker *w, const struct packet *packets, size_t n)
{
	struct mesh *m = enter(w);

	if (m)
		mesh_expect(m, packets, n, &w->sealing);
	leave(w);
	sealing_open(&w->sealing);
	if (!mesh_has_relayed(&w->sealing))
		return;
	m = enter(w);
	if (m)
		mesh_expect_relayed(m, &w->sealing);
	leave(w);
	sealing_open(&w->sealing);
}

/* One batch, as in the shell of one thread: others get their turn. */
static void
from_net(struct worker *w, struct udp *u)
{
	struct packet packets[UDP_BATCH];
	size_t count = udp_receive(u, packets);
	struct mesh *m;

	if (count == 0)
		return;
	open_all(w, packets, count);
	m = enter(w);
	if (m) {
		mesh_from_net(m, clock_now(), packets, count, &w->out);
		node_wake_when_due(w->all->node);
	}
	leave(w);
	settle(w);
}

static void
from_tun(struct worker *w)
{
	struct packet packets[TUN_BATCH];
	size_t count = tun_receive(&w->tun, packets);
	struct mesh *m;

	if (count == 0)
		return;
	m = enter(w);
	if (m) {
		mesh_from_tun(m, clock_now(), packets, count, &w->out);
		node_wake_when_due(w->all->node);
	}
	leave(w);
	settle(w);
}

/* Descriptors are told apart by what epoll gives back: a socket, the device, or the end. */
static void *
work(void *arg)
{
	struct worker *w = arg;
	struct epoll_event events[NODE_SOCKETS + 2];
	bool stopped = false;

	while (!stopped) {
		int n = epoll_wait(w->epoll, events, ARRAY_LEN(events), w->tun.more ? 0 : -1);
		bool sends = w->tun.more;

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == w->all)
				stopped = true;
			else if (events[i].data.ptr == &w->tun)
				sends = true;
			else
				from_net(w, events[i].data.ptr);
		}
		if (sends)
			from_tun(w);
	}
	pthread_mutex_lock(&w->all->desk);
	w->all->at_work--;
	pthread_cond_broadcast(&w->all->changed);
	pthread_mutex_unlock(&w->all->desk);
	return NULL;
}

/*
 * All of them
 */

static int
watch(struct worker *w, int fd, void *what)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = what };

	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

static int
watch_all(struct worker *w)
{
	int rc = watch(w, w->all->stop, w->all);

	if (rc == 0)
		rc = watch(w, w->tun.fd, &w->tun);
	for (size_t i = 0; i < NODE_SOCKETS && rc == 0; i++)
		if (w->udp[i].fd >= 0)
			rc = watch(w, w->udp[i].fd, &w->udp[i]);
	return rc;
}

/* The first worker has the queue and the sockets that there are. */
static int
open_worker(struct worker *w, struct err *err)
{
	struct node *n = w->all->node;
	unsigned number = (unsigned)(w - w->all->each);
	int rc = device_join(n, &w->tun, number > 0, err);

	for (size_t i = 0; i < NODE_SOCKETS && rc == 0; i++)
		if (n->udp[i].fd >= 0)
			rc = udp_join(&w->udp[i], &n->udp[i], number > 0, err);
	if (rc < 0)
		return rc;
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll < 0)
		return err_set(err, -errno, "cannot wait for events: %s", err_phrase(-errno));
	if (outbox_init(&w->out, MESH_OUTBOX_EFFECTS, MESH_OUTBOX_BYTES) < 0 ||
	    sealing_init(&w->sealing, number, JOBS_MAX, OPENINGS_MAX) < 0)
		return err_set(err, -ENOMEM, "no memory for another thread");
	rc = watch_all(w);
	return rc < 0 ? err_set(err, rc, "cannot watch a socket: %s", err_phrase(rc)) : 0;
}

int
workers_open(struct node *n, unsigned count, struct err *err)
{
	struct workers *all = calloc(1, sizeof(*all) + count * sizeof(all->each[0]));
	int rc = 0;

	assert(count > 1 && count <= WORKERS_MAX);
	if (!all)
		return err_set(err, -ENOMEM, "no memory for %u threads", count);
	n->workers = all;
	all->node = n;
	all->count = count;
	all->deferral.threads = count;
	pthread_mutex_init(&all->engine, NULL);
	pthread_mutex_init(&all->desk, NULL);
	pthread_cond_init(&all->changed, NULL);
	for (struct worker *w = all->each; w < all->each + count; w++) {
		w->all = all;
		w->epoll = w->tun.fd = w->udp[0].fd = w->udp[1].fd = -1;
	}
	all->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (all->stop < 0)
		return err_set(err, -errno, "cannot make an event: %s", err_phrase(-errno));
	for (unsigned i = 0; i < count && rc == 0; i++)
		rc = open_worker(&all->each[i], err);
	return rc;
}

struct deferral *
workers_deferral(struct workers *w)
{
	return w ? &w->deferral : NULL;
}

static int
open_bell(struct workers *all)
{
	uv_async_t *bell = malloc(sizeof(*bell));
	int rc = bell ? uv_async_init(&all->node->loop.uv, bell, on_bell) : -ENOMEM;

	if (rc < 0) {
		free(bell);
		return rc;
	}
	bell->data = all;
	all->bell = bell;
	return 0;
}

static void
on_closed(uv_handle_t *bell)
{
	free(bell);
}

int
workers_start(struct workers *all, struct err *err)
{
	sigset_t every, before;
	int rc = open_bell(all);

	if (rc < 0)
		return err_set(err, rc, "cannot start threads: %s", uv_strerror(rc));
	/* Signals are the loop's. */
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &before);
	for (struct worker *w = all->each; w < all->each + all->count && rc == 0; w++) {
		pthread_mutex_lock(&all->desk);
		rc = -pthread_create(&w->thread, NULL, work, w);
		w->running = rc == 0;
		all->at_work += w->running;
		pthread_mutex_unlock(&all->desk);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc < 0 ? err_set(err, rc, "cannot start threads: %s", err_phrase(rc)) : 0;
}

void
workers_run(struct workers *all)
{
	loop_run_locked(&all->node->loop, &all->engine);
}

/* Waits until a thread wants something, and then is true; or until all have ended. */
static bool
somebody_works(struct workers *all)
{
	bool some;

	pthread_mutex_lock(&all->desk);
	while (all->at_work > 0 && !any_waits(all))
		pthread_cond_wait(&all->changed, &all->desk);
	some = all->at_work > 0;
	pthread_mutex_unlock(&all->desk);
	return some;
}

void
workers_stop(struct workers *all)
{
	uint64_t one = 1;

	/* There is nothing to end with where no descriptor was left for it. */
	if (all->stop >= 0 && write(all->stop, &one, sizeof(one)) < 0)
		abort();
	while (somebody_works(all)) {
		pthread_mutex_lock(&all->engine);
		serve(all);
		pthread_mutex_unlock(&all->engine);
	}
	for (struct worker *w = all->each; w < all->each + all->count; w++) {
		if (w->running)
			pthread_join(w->thread, NULL);
		w->running = false;
	}
}

void
workers_free(struct workers *all)
{
	if (!all)
		return;
	for (struct worker *w = all->each; w < all->each + all->count; w++) {
		for (size_t i = 0; i < NODE_SOCKETS; i++)
			if (w->udp[i].fd >= 0)
				udp_close(&w->udp[i]);
		if (w->tun.fd >= 0)
			tun_close(&w->tun);
		if (w->epoll >= 0)
			close(w->epoll);
		outbox_free(&w->out);
		sealing_free(&w->sealing);
	}
	if (all->bell)
		uv_close((uv_handle_t *)all->bell, on_closed);
	if (all->stop >= 0)
		close(all->stop);
	pthread_mutex_destroy(&all->engine);
	pthread_mutex_destroy(&all->desk);
	pthread_cond_destroy(&all->changed);
	free(all);
}
