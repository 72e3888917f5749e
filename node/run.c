/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.c - the shell of a mesh node: readiness to packets, effects to system calls.
 */
#include "node/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "host/offloads.h"
#include "host/sandbox.h"
#include "node/control.h"
#include "node/device.h"
#include "node/dial.h"
#include "node/engine.h"
#include "node/machine.h"
#include "node/shell.h"
#include "node/swap.h"

_Static_assert(UDP_POOL_MAX == MESH_SOCKETS_MAX, "a place for each socket of the engine");

static void
carry_out(struct node *n)
{
	usec_t now = clock_now().mono;

	udp_settle(n->udp, NODE_SOCKETS, &n->out);
	udp_pool_settle(&n->pool, &n->out);
	if (node_has_device(n))
		tun_settle(&n->tun, &n->out);
	groups_settle(n);
	tls_pool_settle(&n->streams, &n->out);
	for (uint32_t i = 0; i < n->out.count; i++) {
		const struct effect *e = &n->out.effects[i];

		switch (e->kind) {
		case EFFECT_TO_NET:
		case EFFECT_SOCKET:
		case EFFECT_TO_TUN:
			break;
		case EFFECT_ROUTE:
			device_route(n, &e->route);
			break;
		case EFFECT_REMEMBER:
			keep_put(&n->keep, &e->memory);
			break;
		case EFFECT_EVENT:
			if (e->event->kind == EVENT_PING_ANSWER)
				ping_answered(n, e->event);
			else if (e->event->kind == EVENT_WHY_ANSWER)
				ask_answered(n, e->event);
			else if (e->event->kind == EVENT_SEEN_ELSEWHERE)
				n->seen_elsewhere = true;
			else if (e->event->kind == EVENT_RUN)
				runners_note(n, (int)e->event->token);
			else if (e->event->kind == EVENT_PETITION)
				seat_note(n, e->event->petition);
			break;
		case EFFECT_TRACE:
			log_fact(&n->log, now, e->fact);
			break;
		case EFFECT_STREAM:
			dial_change(n, e->stream);
			break;
		}
	}
	outbox_reset(&n->out);
}

static usec_t
next_due(const struct node *n)
{
	usec_t asked = due_min(ping_next_due(&n->pinger), ask_next_due(&n->asker));

	asked = due_min(asked, swap_due(n));
	asked = due_min(asked, runners_due(n));
	return due_min(mesh_next_due(n->mesh), due_min(asked, mapper_due(&n->mapper)));
}

void
node_wake_when_due(struct node *n)
{
	loop_wake_at(&n->loop, next_due(n));
}

void
node_settle(struct node *n)
{
	struct udp_told told;

	carry_out(n);
	while (udp_pool_told(&n->pool, &told)) {
		mesh_socket_opened(n->mesh, clock_now(), told.id, &told.local, &n->out);
		carry_out(n);
	}
	while (dial_told(n) || seat_told(n) || runners_told(n))
		carry_out(n);
	node_wake_when_due(n);
}

/*
 * One batch, and others get their turn. Of a bulk transfer it is about 100 KB: a small packet that
 * has come to another descriptor waits for no more than that.
 */
static void
on_udp(void *ctx, struct udp *u)
{
	struct packet packets[UDP_BATCH];
	struct node *n = ctx;
	size_t count = udp_receive(u, packets);

	if (count == 0)
		return;
	loop_stirred(&n->loop, count);
	mesh_from_net(n->mesh, clock_now(), packets, count, &n->out);
	node_settle(n);
}

static void
on_tun(void *ctx, struct tun *t)
{
	struct packet packets[TUN_BATCH];
	struct node *n = ctx;

	for (size_t count = tun_receive(t, packets); count > 0; count = tun_rest(t, packets)) {
		loop_stirred(&n->loop, count);
		mesh_from_tun(n->mesh, clock_now(), packets, count, &n->out);
		node_settle(n);
	}
}

static void
on_due(void *ctx)
{
	struct node *n = ctx;

	mesh_tick(n->mesh, clock_now(), &n->out);
	node_settle(n);
	ping_tick(n, clock_now().mono);
	ask_tick(n, clock_now().mono);
	runners_tick(n, clock_now().mono);
	node_settle(n);
	/* Whoever sees us elsewhere sees another outside of the router, or another router. */
	if (n->seen_elsewhere)
		mapper_again(&n->mapper);
	n->seen_elsewhere = false;
	mapper_tick(&n->mapper);
	swap_tick(n);
}

/* A row that the engine waits for is on the disk. */
static void
on_written(void *ctx, uint64_t ticket)
{
	struct node *n = ctx;

	if (!n->mesh)
		return;
	mesh_written(n->mesh, clock_now(), ticket, &n->out);
	node_settle(n);
}

void
node_stop(struct node *n)
{
	n->stopping = true;
	loop_stop(&n->loop);
}

static void
on_signal(void *ctx, int signum)
{
	struct node *n = ctx;
	struct err err;

	if (signum != SIGHUP)
		node_stop(n);
	else if (node_reload(n, &err) < 0)
		log_line(&n->log, TRACE_WARNING, "nothing was reloaded: %s", err.text);
}

/* The main sockets: the port that was set, or any other when it is taken. */
static int
bind_sockets(struct node *n, struct err *err)
{
	char value[SETTING_VALUE_MAX];
	struct addr listen;
	struct ip only;
	int rc = setting_get(&n->store.settings, setting_find(node_settings, "listen", NULL), value,
	    err);

	if (rc < 0)
		return rc;
	listen = setting_listen(value);
	if (rc == 0 && !node_has_device(n))
		listen.port = 0;
	n->listen = addr_ip(&listen);
	if (listen.family == FAMILY_NONE)
		return udp_open_pair(&n->udp[0], &n->udp[1], listen.port, true, SOCKET_V4, err);
	only = addr_ip(&listen);
	return udp_open(&n->udp[listen.family == FAMILY_V6], listen.family, listen.port, &only,
	    listen.family == FAMILY_V6 ? SOCKET_V6 : SOCKET_V4, err);
}

static int
open_sockets(struct node *n, struct err *err)
{
	unsigned offloads = offloads_get(&n->store.settings, node_settings);
	int rc = bind_sockets(n, err);

	for (size_t i = 0; i < NODE_SOCKETS; i++)
		if (n->udp[i].fd >= 0)
			udp_offload(&n->udp[i], offloads);
	return rc;
}

/* The control socket of the state, and as root the one that others may reach. */
static int
open_control(struct node *n, struct err *err)
{
	char path[PATH_MAX];
	int rc = home_file(path, &n->home, HOME_SOCKET, err);

	ctl_init(&n->ctl, &n->loop.uv, n, node_control);
	if (rc == 0)
		rc = ctl_listen(&n->ctl, path, 0600, err);
	if (rc < 0 || geteuid() != 0)
		return rc;
	if (dir_make(HOME_RUN_DIR, 0755, NULL) < 0)
		return 0;
	snprintf(path, sizeof(path), "%s/%s.sock", HOME_RUN_DIR, n->me.cert.name);
	return ctl_listen(&n->ctl, path, 0666, err);
}

/* Everything that a node holds of the machine, but not yet its packets. */
static int
open_all(struct node *n, bool foreground, struct err *err)
{
	char path[PATH_MAX];
	bool changed;
	int rc = home_file(path, &n->home, HOME_LOG, err);

	if (foreground)
		log_to_stderr(&n->log);
	else if (rc == 0)
		rc = log_to_file(&n->log, path, err);
	if (rc == 0)
		rc = engine_load(n, &changed, err);
	if (rc == 0)
		rc = node_store_open(&n->store, n->home.dir, err);
	if (rc == 0)
		rc = open_sockets(n, err);
	if (rc == 0)
		rc = device_open(n, err);
	if (rc == 0)
		rc = loop_init(&n->loop, n, on_due, on_signal, err);
	if (rc == 0)
		n->loop.spin.longest = setting_spin(&n->store.settings, node_settings);
	if (rc == 0)
		udp_pool_init(&n->pool, &n->loop.uv, &n->listen, n, on_udp);
	if (rc == 0)
		n->pool.offloads = offloads_get(&n->store.settings, node_settings);
	if (rc == 0)
		rc = dial_init(n, err);
	if (rc == 0)
		rc = keep_open(&n->keep, &n->store.rows, &n->loop.uv, n, on_written, err);
	if (rc == 0)
		rc = open_control(n, err);
	return rc < 0 ? rc : seat_open(n, err);
}

/* A lighthouse's name was looked up. */
static void
on_found(void *ctx, struct resolve *r, const struct addr *at)
{
	struct node_name *name = CONTAINER_OF(r, struct node_name, resolve);
	struct node *n = ctx;

	if (!n->mesh)
		return;
	if (mesh_add_endpoint(n->mesh, clock_now(), name->lighthouse, at, &n->out) < 0)
		log_line(&n->log, TRACE_WARNING, "nothing is known of the lighthouse %s",
		    name->lighthouse);
	node_settle(n);
}

/* Names are looked up until the loop ends: what they mean may change. */
static int
look_up_names(struct node *n, const struct bundle_lighthouse *lh, struct err *err)
{
	struct cert cert;
	struct addr at;

	if (cert_decode(&cert, lh->cert.bytes, lh->cert.len, NULL) < 0)
		return 0;
	for (uint32_t i = 0; i < lh->endpoint_count && n->name_count < NODE_NAMES_MAX; i++) {
		struct node_name *name = &n->names[n->name_count];
		int rc;

		if (endpoint_is_addr(&at, lh->endpoints[i]))
			continue;
		strcpy(name->lighthouse, cert.name);
		rc = resolve_open(&name->resolve, &n->loop.uv, lh->endpoints[i], n, on_found);
		if (rc < 0)
			return err_set(err, rc, "\"%s\" is no endpoint", lh->endpoints[i]);
		n->name_count++;
	}
	return 0;
}

/* The device and the main sockets, where no workers do that. */
static int
watch_packets(struct node *n, struct err *err)
{
	int rc = node_has_device(n) ? tun_watch(&n->tun, &n->loop.uv, n, on_tun) : 0;

	for (size_t i = 0; i < n->lane_count && rc == 0; i++)
		rc = tun_watch(&n->lanes[i], &n->loop.uv, n, on_tun);
	for (size_t i = 0; i < NODE_SOCKETS && rc == 0; i++)
		if (n->udp[i].fd >= 0)
			rc = udp_watch(&n->udp[i], &n->loop.uv, n, on_udp);
	return rc < 0 ? err_set(err, rc, "cannot watch a socket: %s", uv_strerror(rc)) : 0;
}

/* From here on packets come. */
static int
watch_all(struct node *n, struct err *err)
{
	int rc = n->workers ? 0 : watch_packets(n, err);

	if (rc < 0)
		return rc;
	groups_open(n);
	rc = machine_watch(n, err);
	for (uint32_t i = 0; i < n->bundle.lighthouse_count && rc == 0; i++)
		rc = look_up_names(n, &n->bundle.lighthouses[i], err);
	if (rc == 0)
		rc = attach_watch(n, err);
	return rc < 0 ? rc : seat_watch(n, err);
}

static int
run(struct node *n, const struct node_options *o, struct ready *ready, struct err *err)
{
	struct sandbox sandbox = { .network = node_has_device(n) };
	bool jailed;
	int rc = o->own_namespace ? device_namespace(n, err) : 0;

	if (rc == 0)
		rc = open_all(n, o->foreground, err);
	if (rc == 0)
		rc = sandbox_enter(&sandbox, &jailed, err);
	if (rc == 0)
		rc = engine_start(n, err);
	if (rc == 0)
		rc = watch_all(n, err);
	if (rc == 0)
		rc = sandbox_seal(err);
	if (rc == 0 && n->workers)
		rc = workers_start(n->workers, err);
	if (rc == 0) {
		log_line(&n->log, TRACE_NOTICE, "%s is up%s%s, UDP port %u", n->me.cert.name,
		    node_has_device(n) ? " on " : "", n->tun.name, n->udp[n->udp[0].fd < 0].port);
		ready_tell(ready);
		if (n->workers)
			workers_run(n->workers);
		else
			loop_run(&n->loop);
		log_line(&n->log, TRACE_NOTICE, "%s stops", n->me.cert.name);
	}
	if (n->workers)
		workers_stop(n->workers);
	mapper_close(&n->mapper);
	engine_stop(n);
	return rc;
}

/* Everything that may have been opened; who waits for the control socket to close sees it last. */
static void
clean_up(struct node *n)
{
	for (size_t i = 0; i < n->name_count; i++)
		resolve_close(&n->names[i].resolve);
	machine_close(n);
	seat_close(n);
	attach_close(n);
	workers_free(n->workers);
	for (size_t i = 0; i < NODE_SOCKETS; i++)
		udp_close(&n->udp[i]);
	udp_pool_free(&n->pool);
	groups_close(n);
	tls_pool_free(&n->streams);
	device_close(n);
	if (n->keep.db)
		keep_close(&n->keep);
	store_close(&n->store);
	bundle_wipe(&n->bundle);
	ctl_unlisten(&n->ctl);
	home_close(&n->home);	/* from now on another node may start here */
	ctl_close(&n->ctl);
	if (n->loop.on_due)
		loop_free(&n->loop);
	log_close(&n->log);
}

int
node_run(const struct node_options *o, struct ready *ready, struct err *err)
{
	struct node *n = calloc(1, sizeof(*n));
	int rc = -ENOMEM;

	if (n)
		n->names = calloc(NODE_NAMES_MAX, sizeof(*n->names));
	if (!n || !n->names || outbox_init(&n->out, MESH_OUTBOX_EFFECTS, MESH_OUTBOX_BYTES) < 0) {
		err_set(err, rc, "no memory to start a node");
		goto out;
	}
	n->log.fd = n->tun.fd = -1;
	n->udp[0].fd = n->udp[1].fd = -1;
	n->rng = kernel_rng();
	n->started = clock_now().mono;
	n->seat.desk = o->desk;
	n->attach.transient = o->transient;
	rc = home_open(&n->home, o->state, o->role, err);
	if (rc == 0) {
		rc = run(n, o, ready, err);
		clean_up(n);
	}
	outbox_free(&n->out);
out:
	if (n)
		free(n->names);
	free(n);
	return rc < 0 ? rc : 0;
}
