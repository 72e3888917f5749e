/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * swap.c - a node's renewed certificate: onto the disk, then into the engine.
 */
#include "node/swap.h"

#include "host/body.h"
#include "host/identity.h"
#include "node/renew.h"
#include "node/shell.h"

#define SWAP_AGAIN (60 * USEC_PER_SEC)

usec_t
swap_due(const struct node *n)
{
	if (!mesh_renewal(n->mesh))
		return 0;
	return max_u64(n->swap_at, 1);
}

/* It is on the disk. Addresses or roles that are new in it take a new engine. */
static int
use(struct node *n, struct err *err)
{
	int rc;

	n->me = mesh_renewal(n->mesh)->chain;
	rc = cert_decode(&n->root, n->bundle.cas[0].bytes, n->bundle.cas[0].len, NULL);
	if (rc == 0)
		rc = mesh_renewed(n->mesh, clock_now(), &n->out);
	node_settle(n);
	return rc == ERR_CONFLICT ? node_restart(n, err) : rc;
}

void
swap_tick(struct node *n)
{
	struct instant now = clock_now();
	struct err err = { 0 };
	int rc;

	if (!due_reached(swap_due(n), now.mono))
		return;
	rc = identity_renew(&n->home, &n->bundle, mesh_renewal(n->mesh), now.wall, &err);
	if (rc < 0)
		n->swap_at = now.mono + SWAP_AGAIN;
	else
		rc = use(n, &err);
	if (rc < 0)
		log_line(&n->log, TRACE_WARNING, "%s", err.text);
	if (n->mesh)
		node_wake_when_due(n);
}

void
swap_show(struct node *n, struct instant now, json_t *body, json_t *warnings)
{
	const struct renewal *r;
	enum renewal_phase phase = mesh_renewal_phase(n->mesh, now, &r);

	body_renewal(body, warnings, r, phase, &n->me, now.wall);
	if (mesh_renewal(n->mesh) && n->swap_at > now.mono)
		body_warning(warnings, "the renewed certificate cannot be written to the disk");
}

int
swap_verb(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;

	(void)r;
	(void)err;
	mesh_renew(n->mesh, clock_now(), &n->out);
	node_settle(n);
	*ret = body_new(1);
	body_number(*ret, "serial", n->me.cert.serial);
	return 0;
}
