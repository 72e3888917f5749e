/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * enrol_run.c - the shell around a host that joins: one loop, two sockets, perhaps one name.
 */
#include "node/enrol_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/loop.h"
#include "host/resolve.h"
#include "host/udp.h"

#define OUTBOX_EFFECTS 64
#define OUTBOX_BYTES   ((size_t)64 * 1024)

enum {
	V4,
	V6,
	SOCKETS,
};

struct enroller {
	const struct enrol_run *is;
	struct loop loop;
	struct udp udp[SOCKETS];
	struct resolve resolve;
	bool resolving;
	struct rng rng;
	struct outbox out;
	struct enrol_host *host; /* NULL until an address is known */
	usec_t until;		 /* for the first word; 0: for ever, or it has come */
	enum enrol_phase phase;	 /* last told, as the two below */
	char name[NAME_MAX_LEN + 1];
	struct err said;
	int rc;
	struct err *err;
};

static void
finish(struct enroller *r, int rc)
{
	r->rc = rc;
	loop_stop(&r->loop);
}

/* Tells of what is new, and ends what is over. */
static void
look(struct enroller *r)
{
	const struct enrol_host *h = r->host;
	enum enrol_phase phase = enrol_host_phase(h);
	const char *name = enrol_host_name(h), *said = enrol_host_error(h);

	if (phase != ENROL_CALLING)
		r->until = 0;
	if (phase != r->phase || strcmp(name, r->name) != 0 || strcmp(said, r->said.text) != 0) {
		r->phase = phase;
		snprintf(r->name, sizeof(r->name), "%s", name);
		snprintf(r->said.text, sizeof(r->said.text), "%s", said);
		if (r->is->told)
			r->is->told(r->is->ctx, h);
	}
	if (phase == ENROL_ISSUED)
		finish(r, 0);
	else if (phase == ENROL_REFUSED)
		finish(r, err_set(r->err, ERR_DENIED, "%s", said));
}

static void
settle(struct enroller *r)
{
	udp_settle(r->udp, SOCKETS, &r->out);
	outbox_reset(&r->out);
	look(r);
	loop_wake_at(&r->loop, due_min(enrol_host_next_due(r->host), r->until));
}

static void
give_up(struct enroller *r)
{
	const char *said = r->host ? enrol_host_error(r->host) : "";

	if (said[0] != '\0')
		finish(r, err_set(r->err, -ETIMEDOUT, "%s", said));
	else if (!r->host)
		finish(r, err_set(r->err, -ETIMEDOUT, "the name of the lighthouse at %s is not found",
		    r->is->token->endpoint));
	else
		finish(r, err_set(r->err, -ETIMEDOUT, "no answer from the lighthouse at %s",
		    r->is->token->endpoint));
}

static void
on_due(void *ctx)
{
	struct enroller *r = ctx;
	struct instant now = clock_now();

	if (due_reached(r->until, now.mono)) {
		give_up(r);
		return;
	}
	if (!r->host) {
		loop_wake_at(&r->loop, r->until);
		return;
	}
	enrol_host_tick(r->host, now, &r->out);
	settle(r);
}

static void
on_signal(void *ctx, int signum)
{
	struct enroller *r = ctx;

	(void)signum;
	finish(r, err_set(r->err, -EINTR,
	    "stopped; the same invitation on this machine goes on where it was"));
}

static void
on_udp(void *ctx, struct udp *u)
{
	struct enroller *r = ctx;
	struct packet packets[UDP_BATCH];
	size_t n = udp_receive(u, packets);

	if (!r->host)
		return;
	enrol_host_from_net(r->host, clock_now(), packets, n, &r->out);
	settle(r);
}

/* The lighthouse may be at `at`: the first address begins it. */
static void
on_found(void *ctx, struct resolve *resolve, const struct addr *at)
{
	struct enroller *r = ctx;

	(void)resolve;
	if (r->host) {
		enrol_host_add(r->host, at);
		return;
	}
	r->host = enrol_host_new(r->is->token, r->is->private, at, 1, &r->rng);
	if (!r->host) {
		finish(r, err_set(r->err, -ENOMEM, "there is not enough memory to join"));
		return;
	}
	enrol_host_tick(r->host, clock_now(), &r->out);
	settle(r);
}

static int
open_sockets(struct enroller *r)
{
	int rc = udp_open_pair(&r->udp[V4], &r->udp[V6], 0, true, SOCKET_V4, r->err);

	for (size_t i = 0; rc == 0 && i < SOCKETS; i++)
		if (r->udp[i].fd >= 0 && udp_watch(&r->udp[i], &r->loop.uv, r, on_udp) < 0)
			rc = err_set(r->err, -ENOMEM, "the sockets cannot be watched");
	return rc;
}

static int
find_lighthouse(struct enroller *r)
{
	struct addr at;

	if (endpoint_is_addr(&at, r->is->token->endpoint)) {
		on_found(r, NULL, &at);
		return r->rc;
	}
	if (resolve_open(&r->resolve, &r->loop.uv, r->is->token->endpoint, r, on_found) < 0)
		return err_set(r->err, -ENOMEM, "the name of the lighthouse cannot be looked up");
	r->resolving = true;
	loop_wake_at(&r->loop, r->until);
	return 0;
}

static void
clean_up(struct enroller *r)
{
	if (r->resolving)
		resolve_close(&r->resolve);
	for (size_t i = 0; i < SOCKETS; i++)
		if (r->udp[i].fd >= 0)
			udp_close(&r->udp[i]);
	loop_free(&r->loop);
	enrol_host_free(r->host);
	outbox_free(&r->out);
}

static int
copy_bundle(const struct enrol_host *h, char **ret, size_t *ret_len, struct err *e)
{
	size_t len;
	const char *text = enrol_host_bundle(h, &len);
	char *copy = malloc(len + 1);

	if (!copy)
		return err_set(e, -ENOMEM, "there is not enough memory for the bundle");
	memcpy(copy, text, len);
	copy[len] = '\0';
	*ret = copy;
	*ret_len = len;
	return 0;
}

int
enrol_run(const struct enrol_run *is, char **ret, size_t *ret_len, struct err *e)
{
	struct enroller *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return err_set(e, -ENOMEM, "there is not enough memory to join");
	*r = (struct enroller){ .is = is, .err = e, .rng = kernel_rng() };
	r->udp[V4].fd = r->udp[V6].fd = -1;
	if (is->patience != 0)
		r->until = clock_now().mono + is->patience;
	rc = loop_init(&r->loop, r, on_due, on_signal, e);
	if (rc < 0) {
		free(r);
		return rc;
	}
	rc = outbox_init(&r->out, OUTBOX_EFFECTS, OUTBOX_BYTES);
	if (rc < 0)
		err_set(e, rc, "there is not enough memory to join");
	if (rc == 0)
		rc = open_sockets(r);
	if (rc == 0)
		rc = find_lighthouse(r);
	if (rc == 0) {
		loop_run(&r->loop);
		rc = r->rc;
	}
	if (rc == 0)
		rc = copy_bundle(r->host, ret, ret_len, e);
	clean_up(r);
	free(r);
	return rc;
}
