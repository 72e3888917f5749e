/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.c - the shell of a lighthouse: readiness to packets, effects to system calls.
 */
#include "lighthouse/run.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "host/identity.h"
#include "host/offloads.h"
#include "host/sandbox.h"
#include "lighthouse/control.h"
#include "lighthouse/shell.h"
#include "lighthouse/listen.h"
#include "lighthouse/swap.h"

/* Batches taken from one socket before others get their turn. */
#define READS_PER_WAKE 16

#define OUTBOX_EFFECTS 1024
#define OUTBOX_BYTES   ((size_t)1 << 20)

static void
carry_out(struct lighthouse *l)
{
	usec_t now = clock_now().mono;

	udp_settle(l->udp, LIGHTHOUSE_SOCKETS, &l->out);
	tls_pool_settle(&l->streams, &l->out);
	for (uint32_t i = 0; i < l->out.count; i++) {
		const struct effect *e = &l->out.effects[i];

		if (e->kind == EFFECT_REMEMBER)
			keep_put(&l->keep, &e->memory);
		else if (e->kind == EFFECT_TRACE)
			log_fact(&l->log, now, e->fact);
	}
	outbox_reset(&l->out);
}

void
lighthouse_settle(struct lighthouse *l)
{
	carry_out(l);
	while (listen_told(l))
		carry_out(l);
	loop_wake_at(&l->loop, due_min(beacon_next_due(l->beacon), lighthouse_swap_due(l)));
}

static void
on_udp(void *ctx, struct udp *u)
{
	struct packet packets[UDP_BATCH];
	struct lighthouse *l = ctx;

	for (int i = 0; i < READS_PER_WAKE; i++) {
		size_t n = udp_receive(u, packets);
		bool drained = u->drained;

		if (n > 0) {
			loop_stirred(&l->loop, n);
			beacon_from_net(l->beacon, clock_now(), packets, n, &l->out);
			lighthouse_settle(l);
		}
		if (drained)
			break;
	}
}

static void
on_due(void *ctx)
{
	struct lighthouse *l = ctx;

	beacon_tick(l->beacon, clock_now(), &l->out);
	lighthouse_settle(l);
	lighthouse_swap_tick(l);
}

/* A row that the engine waits for is on the disk. */
static void
on_written(void *ctx, uint64_t ticket)
{
	struct lighthouse *l = ctx;

	if (!l->beacon)
		return;
	beacon_written(l->beacon, clock_now(), ticket, &l->out);
	lighthouse_settle(l);
}

void
lighthouse_stop(struct lighthouse *l)
{
	l->stopping = true;
	loop_stop(&l->loop);
}

static void
on_signal(void *ctx, int signum)
{
	struct lighthouse *l = ctx;
	struct err err;

	if (signum != SIGHUP)
		lighthouse_stop(l);
	else if (lighthouse_reload(l, &err) < 0)
		log_line(&l->log, TRACE_WARNING, "nothing was reloaded: %s", err.text);
}

static int
recall_row(void *ctx, const struct memory *row)
{
	struct lighthouse *l = ctx;

	return beacon_recall(l->beacon, clock_now(), row);
}

/* An engine for the bundle in hand, which knows what the last one knew. */
static int
start_engine(struct lighthouse *l, struct err *err)
{
	struct beacon_config c = {
		.cert = { l->bundle.host.bytes, l->bundle.host.len },
		.authority_count = l->bundle.ca_count,
		.relay = l->relay,
		.relay_rate = l->relay_rate,
		.clients_max = l->clients_max,
		.stun = l->stun,
		.alt_port = l->udp[2].fd >= 0,
	};
	int rc;

	memcpy(c.key, l->bundle.key, sizeof(c.key));
	if (l->bundle.has_psk)
		memcpy(c.psk, l->bundle.psk, sizeof(c.psk));
	for (uint32_t i = 0; i < l->bundle.ca_count; i++)
		c.authorities[i] = (struct blob){ l->bundle.cas[i].bytes, l->bundle.cas[i].len };
	rc = beacon_new(&l->beacon, &c, l->rng, clock_now(), err);
	sodium_memzero(&c, sizeof(c));
	if (rc < 0)
		return rc;
	rc = keep_recall(&l->keep, recall_row, err);
	if (rc >= 0)
		log_line(&l->log, TRACE_INFO, "%s remembers %d rows", l->me.cert.name, rc);
	return rc < 0 ? rc : 0;
}

/* Tells everybody that it leaves, and forgets its keys. */
static void
stop_engine(struct lighthouse *l)
{
	bool more = true;

	while (l->beacon && more) {
		more = beacon_close(l->beacon, clock_now(), &l->out);
		lighthouse_settle(l);
	}
	beacon_free(l->beacon);
	l->beacon = NULL;
}

/* Reads the bundle into `l`, which keeps what it had on failure. */
static int
load_bundle(struct lighthouse *l, bool *changed, struct err *err)
{
	struct bundle *fresh = calloc(1, sizeof(*fresh));
	struct verified me;
	int rc = -ENOMEM;

	*changed = false;
	if (fresh)
		rc = identity_load(&l->home, fresh, &me, clock_now().wall, err);
	if (rc == 0 && !(me.cert.flags & CERT_LIGHTHOUSE))
		rc = err_set(err, ERR_DENIED, "the certificate of %s is not one of a lighthouse; "
		    "sign it with --lighthouse", me.cert.name);
	if (rc == 0)
		rc = cert_decode(&l->root, fresh->cas[0].bytes, fresh->cas[0].len, NULL);
	if (rc == 0 && sodium_memcmp(fresh, &l->bundle, sizeof(*fresh)) != 0) {
		*changed = true;
		l->bundle = *fresh;
		l->me = me;
	}
	if (fresh)
		bundle_wipe(fresh);
	free(fresh);
	return rc;
}

int
lighthouse_restart(struct lighthouse *l, struct err *err)
{
	int rc;

	stop_engine(l);
	keep_flush(&l->keep);
	rc = listen_renew(l, err);
	if (rc == 0)
		rc = start_engine(l, err);
	if (rc < 0)
		lighthouse_stop(l);
	else
		lighthouse_settle(l);
	return rc;
}

int
lighthouse_reload(struct lighthouse *l, struct err *err)
{
	bool changed;
	int rc = load_bundle(l, &changed, err);

	if (rc < 0 || !changed)
		return rc;
	rc = lighthouse_restart(l, err);
	if (rc < 0)
		return rc;
	log_line(&l->log, TRACE_NOTICE, "%s has a new certificate, valid from now on",
	    l->me.cert.name);
	return 0;
}

/* The main sockets as set, and the port after them if it is free. */
static int
open_sockets(struct lighthouse *l, struct addr listen, unsigned offloads, struct err *err)
{
	struct ip only = addr_ip(&listen);
	int rc;

	l->only = only;
	if (listen.family == FAMILY_NONE)
		rc = udp_open_pair(&l->udp[0], &l->udp[1], listen.port, false, SOCKET_V4, err);
	else
		rc = udp_open(&l->udp[listen.family == FAMILY_V6], listen.family, listen.port, &only,
		    listen.family == FAMILY_V6 ? SOCKET_V6 : SOCKET_V4, err);
	if (rc < 0)
		return rc;
	/* Without the second port members know less about their NATs, and that is all. */
	if (listen.family == FAMILY_NONE && listen.port < 65535 &&
	    udp_open_pair(&l->udp[2], &l->udp[3], (uint16_t)(listen.port + 1), false, SOCKET_ALT_V4,
	    NULL) < 0)
		l->udp[2].fd = l->udp[3].fd = -1;
	for (size_t i = 0; i < LIGHTHOUSE_SOCKETS; i++)
		if (l->udp[i].fd >= 0)
			udp_offload(&l->udp[i], offloads);
	return 0;
}

static int
watch_sockets(struct lighthouse *l, struct err *err)
{
	for (size_t i = 0; i < LIGHTHOUSE_SOCKETS; i++) {
		int rc = l->udp[i].fd < 0 ? 0 : udp_watch(&l->udp[i], &l->loop.uv, l, on_udp);

		if (rc < 0)
			return err_set(err, rc, "cannot watch a socket: %s", uv_strerror(rc));
	}
	return listen_watch(l, err);
}

/* What must be known or opened while the process is still who started it. */
static int
prepare(struct lighthouse *l, struct err *err)
{
	char listen[SETTING_VALUE_MAX], rate[SETTING_VALUE_MAX];
	unsigned offloads;
	bool changed;
	int rc = lighthouse_store_open(&l->store, l->home.dir, err);

	if (rc < 0)
		return rc;
	rc = setting_get(&l->store.settings, setting_find(lighthouse_settings, "listen", NULL),
	    listen, err);
	if (rc >= 0)
		rc = setting_get(&l->store.settings,
		    setting_find(lighthouse_settings, "relay-rate", NULL), rate, err);
	if (rc >= 0)
		l->relay_rate = setting_rate(rate);
	l->clients_max = lighthouse_store_clients(&l->store);
	l->spin = setting_spin(&l->store.settings, lighthouse_settings);
	l->stun = setting_yes(&l->store.settings, lighthouse_settings, "stun");
	l->relay = setting_yes(&l->store.settings, lighthouse_settings, "relay");
	offloads = offloads_get(&l->store.settings, lighthouse_settings);
	if (rc >= 0)
		rc = listen_configure(l, err);
	store_close(&l->store);
	if (rc >= 0)
		rc = load_bundle(l, &changed, err);
	if (rc >= 0)
		rc = open_sockets(l, setting_listen(listen), offloads, err);
	return rc;
}

/* The control socket of the state, and as root the one that others may reach. */
static int
open_control(struct lighthouse *l, struct err *err)
{
	char path[PATH_MAX];
	int rc = home_file(path, &l->home, HOME_SOCKET, err);

	ctl_init(&l->ctl, &l->loop.uv, l, lighthouse_control);
	if (rc == 0)
		rc = ctl_listen(&l->ctl, path, 0600, err);
	if (rc < 0 || geteuid() != 0)
		return rc;
	if (dir_make(HOME_RUN_DIR, 0755, NULL) < 0)
		return 0;
	snprintf(path, sizeof(path), "%s/%s.sock", HOME_RUN_DIR, l->me.cert.name);
	return ctl_listen(&l->ctl, path, 0666, err);
}

/* Gives up what is not needed, then opens what is written while it runs. */
static int
settle_in(struct lighthouse *l, bool foreground, struct err *err)
{
	struct sandbox sandbox = { .dir = l->home.dir };
	char path[PATH_MAX];
	bool jailed;
	int rc = sandbox_enter(&sandbox, &jailed, err);

	if (rc < 0)
		return rc;
	if (jailed)
		l->home.dir[0] = '\0';	/* and so every path begins with "/" */
	rc = home_file(path, &l->home, HOME_LOG, err);
	if (foreground)
		log_to_stderr(&l->log);
	else if (rc == 0)
		rc = log_to_file(&l->log, path, err);
	if (rc == 0)
		rc = lighthouse_store_open(&l->store, l->home.dir, err);
	if (rc == 0)
		rc = keep_open(&l->keep, &l->store.rows, &l->loop.uv, l, on_written, err);
	return rc;
}

static int
run(struct lighthouse *l, const struct lighthouse_options *o, struct ready *ready, struct err *err)
{
	int rc = prepare(l, err);

	if (rc >= 0)
		rc = loop_init(&l->loop, l, on_due, on_signal, err);
	if (rc < 0)
		return rc;
	l->loop.spin.longest = l->spin;
	rc = listen_open(l, err);
	if (rc == 0)
		rc = open_control(l, err);
	if (rc == 0)
		rc = settle_in(l, o->foreground, err);
	if (rc == 0)
		rc = start_engine(l, err);
	if (rc == 0)
		rc = watch_sockets(l, err);
	if (rc == 0)
		rc = sandbox_seal(err);
	if (rc == 0) {
		log_line(&l->log, TRACE_NOTICE, "%s listens on UDP port %u", l->me.cert.name,
		    l->udp[l->udp[0].fd < 0].port);
		lighthouse_settle(l);
		ready_tell(ready);
		loop_run(&l->loop);
		log_line(&l->log, TRACE_NOTICE, "%s stops", l->me.cert.name);
	}
	stop_engine(l);
	return rc;
}

/* Everything that may have been opened; who waits for the control socket to close sees it last. */
static void
clean_up(struct lighthouse *l)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < LIGHTHOUSE_SOCKETS; i++)
		udp_close(&l->udp[i]);
	tls_pool_free(&l->streams);
	if (l->keep.db)
		keep_close(&l->keep);
	store_close(&l->store);
	bundle_wipe(&l->bundle);
	ctl_unlisten(&l->ctl);
	/* In a jail the socket has another path than the one that it was given. */
	if (l->home.dir[0] == '\0' && home_file(path, &l->home, HOME_SOCKET, NULL) == 0)
		unlink(path);
	home_close(&l->home);	/* from now on another lighthouse may start here */
	ctl_close(&l->ctl);
	if (l->loop.on_due)
		loop_free(&l->loop);
	log_close(&l->log);
}

int
lighthouse_run(const struct lighthouse_options *o, struct ready *ready, struct err *err)
{
	struct lighthouse *l = calloc(1, sizeof(*l));
	int rc = -ENOMEM;

	if (!l || outbox_init(&l->out, OUTBOX_EFFECTS, OUTBOX_BYTES) < 0) {
		free(l);
		return err_set(err, rc, "no memory to start a lighthouse");
	}
	l->log.fd = -1;
	l->rng = kernel_rng();
	l->started = clock_now().mono;
	for (size_t i = 0; i < LIGHTHOUSE_SOCKETS; i++)
		l->udp[i].fd = -1;
	rc = home_open(&l->home, o->state, HOME_LIGHTHOUSE, err);
	if (rc == 0) {
		rc = run(l, o, ready, err);
		clean_up(l);
	}
	outbox_free(&l->out);
	free(l);
	return rc < 0 ? rc : 0;
}
