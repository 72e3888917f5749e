/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * swap.c - a lighthouse's renewed certificate: onto the disk, then into the engine.
 */
#include "lighthouse/swap.h"

#include "host/body.h"
#include "host/identity.h"
#include "lighthouse/shell.h"

#define SWAP_AGAIN (60 * USEC_PER_SEC)

usec_t
lighthouse_swap_due(const struct lighthouse *l)
{
	if (!l->beacon || !beacon_renewal(l->beacon))
		return 0;
	return max_u64(l->swap_at, 1);
}

/* It is on the disk. Addresses or roles that are new in it take a new engine. */
static int
use(struct lighthouse *l, struct err *err)
{
	int rc;

	l->me = beacon_renewal(l->beacon)->chain;
	rc = cert_decode(&l->root, l->bundle.cas[0].bytes, l->bundle.cas[0].len, NULL);
	if (rc == 0)
		rc = beacon_renewed(l->beacon, clock_now(), &l->out);
	lighthouse_settle(l);
	return rc == ERR_CONFLICT ? lighthouse_restart(l, err) : rc;
}

void
lighthouse_swap_tick(struct lighthouse *l)
{
	struct instant now = clock_now();
	struct err err = { 0 };
	int rc;

	if (!due_reached(lighthouse_swap_due(l), now.mono))
		return;
	rc = identity_renew(&l->home, &l->bundle, beacon_renewal(l->beacon), now.wall, &err);
	if (rc < 0)
		l->swap_at = now.mono + SWAP_AGAIN;
	else
		rc = use(l, &err);
	if (rc < 0)
		log_line(&l->log, TRACE_WARNING, "%s", err.text);
	if (l->beacon)
		lighthouse_settle(l);
}

void
lighthouse_swap_show(struct lighthouse *l, struct instant now, json_t *body, json_t *warnings)
{
	const struct renewal *r;
	enum renewal_phase phase = beacon_renewal_phase(l->beacon, now, &r);

	body_renewal(body, warnings, r, phase, &l->me, now.wall);
	if (beacon_renewal(l->beacon) && l->swap_at > now.mono)
		body_warning(warnings, "the renewed certificate cannot be written to the disk");
}

int
lighthouse_swap_verb(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct lighthouse *l = ctx;

	if (json_is_true(json_object_get(r->args, "rekey")))
		return err_set(err, ERR_DENIED, "a lighthouse keeps its key, by which every bundle "
		    "and token knows it; where that must not be, sign another lighthouse, give the "
		    "hosts new bundles (mpynet ca export NAME) and revoke %s", l->me.cert.name);
	beacon_renew(l->beacon, clock_now(), &l->out);
	lighthouse_settle(l);
	*ret = body_new(1);
	body_number(*ret, "serial", l->me.cert.serial);
	return 0;
}
