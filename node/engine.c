/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine.c - the engine of a node that runs: made of bundle, settings and rows, ended, made anew.
 */
#include "node/engine.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "host/identity.h"
#include "node/device.h"
#include "node/machine.h"
#include "node/shell.h"
#include "node/stock.h"
#include "node/swap.h"

int
node_configure(struct node *n, struct err *err)
{
	struct mesh_settings *settings = calloc(1, sizeof(*settings));
	int rc = settings ? node_store_load(&n->store, settings, err)
			  : err_set(err, -ENOMEM, "no memory for the settings");

	if (rc == 0) {
		mesh_configure(n->mesh, clock_now(), settings, &n->out);
		machine_configured(n);
	}
	free(settings);
	return rc;
}

struct cert_bytes
node_issuing_of(const struct bundle *b, const struct cert *host)
{
	for (uint32_t i = 0; i < b->ca_count; i++) {
		struct cert ca;
		uint8_t id[16];

		if (cert_decode(&ca, b->cas[i].bytes, b->cas[i].len, NULL) < 0 || cert_is_root(&ca))
			continue;
		cert_key_id(id, ca.key);
		if (memcmp(id, host->issuer, sizeof(id)) == 0)
			return cert_bytes_of(b->cas[i].bytes, b->cas[i].len);
	}
	return (struct cert_bytes){ 0 };
}

static void
config_roots(struct mesh_config *c, const struct bundle *b)
{
	for (uint32_t i = 0; i < b->ca_count && c->root_count < MESH_ROOTS_MAX; i++) {
		struct cert ca;

		if (cert_decode(&ca, b->cas[i].bytes, b->cas[i].len, NULL) == 0 && cert_is_root(&ca))
			c->roots[c->root_count++] = cert_bytes_of(b->cas[i].bytes, b->cas[i].len);
	}
}

/* One lighthouse, with those of its endpoints that are addresses; names come later. */
static void
config_lighthouse(struct mesh_config *c, const struct bundle *b,
    const struct bundle_lighthouse *from)
{
	struct mesh_lighthouse *to = &c->lighthouses[c->lighthouse_count];
	struct cert cert;

	if (c->lighthouse_count == MESH_LIGHTHOUSES_MAX ||
	    cert_decode(&cert, from->cert.bytes, from->cert.len, NULL) < 0)
		return;
	to->cert = cert_bytes_of(from->cert.bytes, from->cert.len);
	to->issuing = node_issuing_of(b, &cert);
	to->tcp = from->tcp;
	for (uint32_t i = 0; i < from->endpoint_count; i++) {
		struct addr at;

		if (to->endpoint_count < MESH_LIGHTHOUSE_ENDPOINTS_MAX &&
		    endpoint_is_addr(&at, from->endpoints[i]))
			to->endpoints[to->endpoint_count++] = at;
	}
	c->lighthouse_count++;
}

static int
recall_row(void *ctx, const struct memory *row)
{
	struct node *n = ctx;

	return mesh_recall(n->mesh, clock_now(), row->table, row->key, row->key_len, row->value,
	    row->value_len);
}

/* The engine for the bundle in hand, not yet started. */
static int
make_engine(struct node *n, struct err *err)
{
	struct mesh_config *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return err_set(err, -ENOMEM, "no memory to start a node");
	memcpy(c->private_key, n->bundle.key, sizeof(c->private_key));
	c->cert = cert_bytes_of(n->bundle.host.bytes, n->bundle.host.len);
	c->issuing = node_issuing_of(&n->bundle, &n->me.cert);
	config_roots(c, &n->bundle);
	c->has_psk = n->bundle.has_psk;
	memcpy(c->psk, n->bundle.psk, sizeof(c->psk));
	for (uint32_t i = 0; i < n->bundle.lighthouse_count; i++)
		config_lighthouse(c, &n->bundle, &n->bundle.lighthouses[i]);
	c->deferral = workers_deferral(n->workers);
	c->caps = node_store_caps(&n->store);
	rc = node_store_load(&n->store, &c->settings, err);
	if (rc == 0)
		rc = node_store_pins(&n->store, &c->pins, err);
	if (rc == 0)
		rc = mesh_new(&n->mesh, c, &n->rng, clock_now(), err);
	sodium_memzero(c, sizeof(*c));
	free(c);
	return rc;
}

int
engine_start(struct node *n, struct err *err)
{
	int rc = make_engine(n, err);

	if (rc == 0)
		rc = keep_recall(&n->keep, recall_row, err);
	if (rc < 0)
		return rc;
	log_line(&n->log, TRACE_INFO, "%s remembers %d rows", n->me.cert.name, rc);
	stock_load(n);
	machine_tell_addresses(n);
	mesh_start(n->mesh, clock_now(), &n->out);
	machine_tell(n);
	seat_started(n);
	swap_started(n);
	return 0;
}

void
engine_stop(struct node *n)
{
	bool more = true;

	while (n->mesh && more) {
		more = mesh_close(n->mesh, clock_now(), &n->out);
		node_settle(n);
	}
	mesh_free(n->mesh);
	n->mesh = NULL;
	udp_pool_clear(&n->pool);
	tls_pool_clear(&n->streams);
}

int
engine_load(struct node *n, bool *changed, struct err *err)
{
	struct bundle *fresh = calloc(1, sizeof(*fresh));
	struct verified me;
	struct cert root;
	int rc = -ENOMEM;

	*changed = false;
	if (fresh)
		rc = identity_load(&n->home, fresh, &me, clock_now().wall, err);
	if (rc == 0)
		rc = cert_decode(&root, fresh->cas[0].bytes, fresh->cas[0].len, NULL);
	if (rc == 0 && sodium_memcmp(fresh, &n->bundle, sizeof(*fresh)) != 0) {
		*changed = true;
		n->bundle = *fresh;
		n->me = me;
		n->root = root;
	}
	if (fresh)
		bundle_wipe(fresh);
	free(fresh);
	return rc;
}

int
node_restart(struct node *n, struct err *err)
{
	int rc;

	engine_stop(n);
	keep_flush(&n->keep);
	rc = device_configure(n, err);
	if (rc == 0)
		rc = engine_start(n, err);
	if (rc < 0)
		node_stop(n);
	return rc;
}

int
node_reload(struct node *n, struct err *err)
{
	bool changed;
	int rc = engine_load(n, &changed, err);

	if (rc < 0)
		return rc;
	if (!changed) {
		stock_load(n);
		return node_configure(n, err);
	}
	rc = node_restart(n, err);
	if (rc < 0)
		return rc;
	log_line(&n->log, TRACE_NOTICE, "%s has a new certificate, valid from now on",
	    n->me.cert.name);
	return 0;
}
