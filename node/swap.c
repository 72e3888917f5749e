/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * swap.c - a node's renewed certificate: onto the disk, then into the engine.
 */
#include "node/swap.h"

#include "core/crypto.h"
#include "host/body.h"
#include "host/identity.h"
#include "node/rekey.h"
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

	if (mesh_rekey_over(n->mesh))
		identity_rekey_drop(&n->home);
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

/* Asks for the key that waits, or with `make` for a new one: 1, with its words; 0 when none waits. */
static int
rekey(struct node *n, bool make, char words[static CERT_WORDS_MAX], struct err *err)
{
	uint8_t key[32] = { 0 }, public[32];
	int rc = identity_rekey(&n->home, &n->bundle, make, key, err);

	if (rc == 1) {
		crypto_dh_public(public, key);
		cert_key_words(words, public);
		rc = mesh_rekey(n->mesh, clock_now(), key, &n->out);
		rc = rc < 0 ? err_set(err, rc, "the new key cannot be asked for: it %s",
				  err_phrase(rc)) : 1;
	}
	crypto_wipe(key, sizeof(key));
	return rc;
}

void
swap_started(struct node *n)
{
	char words[CERT_WORDS_MAX];
	struct err err;

	if (rekey(n, false, words, &err) < 0)
		log_line(&n->log, TRACE_WARNING, "%s", err.text);
}

int
swap_verb(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	bool anew = json_is_true(json_object_get(r->args, "rekey"));
	char words[CERT_WORDS_MAX];
	struct node *n = ctx;
	int rc = 0;

	if (anew && n->home.role == HOME_AUTHORITY)
		return err_set(err, ERR_DENIED, "the authority's own node has its key from the "
		    "authority: mpynet revoke %s, and the next mpynet ca serve makes another",
		    n->me.cert.name);
	if (anew)
		rc = rekey(n, true, words, err);
	else
		mesh_renew(n->mesh, clock_now(), &n->out);
	node_settle(n);
	if (rc < 0)
		return rc;
	*ret = body_new(1);
	body_number(*ret, "serial", n->me.cert.serial);
	if (anew)
		body_text(*ret, "key_words", words);
	return 0;
}
