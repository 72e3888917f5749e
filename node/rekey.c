/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rekey.c - another key for this node, from the question to the answer.
 */
#include "node/rekey.h"
#include "node/mesh_impl.h"

void
rekey_begin(struct mesh *m, struct instant now, const struct verified *own)
{
	if (m->rekeying.taken)
		renewal_taken(&m->renewal, now.mono);
	/* It was possible before, so it is now; if it is not, there is nothing to be asked. */
	if (m->rekeying.wanted && !m->rekeying.refused &&
	    renewal_rekey(&m->renewal, now, m->trust, own, m->self.private,
		m->rekeying.private) < 0)
		m->rekeying.wanted = false;
}

int
mesh_rekey(struct mesh *m, struct instant now, const uint8_t next[static 32], struct outbox *out)
{
	struct rekeying k = { .wanted = false };
	struct verified own;
	int rc = renew_own(m, now, &own);

	memcpy(k.private, next, sizeof(k.private));
	crypto_dh_public(k.public, next);
	k.taken = memcmp(k.public, m->self.public, sizeof(k.public)) == 0;
	k.wanted = !k.taken;
	if (k.taken)
		crypto_wipe(k.private, sizeof(k.private));
	if (rc == 0 && k.taken)
		renewal_taken(&m->renewal, now.mono);
	else if (rc == 0)
		rc = renewal_rekey(&m->renewal, now, m->trust, &own, m->self.private, next);
	if (rc == 0) {
		m->rekeying = k;
		renew_tick(m, now, out);
	}
	crypto_wipe(&k, sizeof(k));
	return rc;
}

void
rekey_tick(struct mesh *m, struct instant now)
{
	struct verified own;

	if (!renewal_rekey_waits(&m->renewal, now, trust_now(m->trust, now.wall)) ||
	    renew_own(m, now, &own) < 0)
		return;
	m->rekeying.refused = m->renewal.status == RENEW_REFUSED;
	renewal_begin(&m->renewal, now, m->trust, &own, m->self.private, false);
}

const uint8_t *
rekey_public(const struct mesh *m)
{
	return m->rekeying.wanted ? m->rekeying.public : NULL;
}

void
rekey_renewed(struct mesh *m)
{
	if (m->rekeying.refused)
		rekey_heard(m);
}

void
rekey_heard(struct mesh *m)
{
	crypto_wipe(&m->rekeying, sizeof(m->rekeying));
	m->rekeying.over = true;
}

bool
mesh_rekey_over(struct mesh *m)
{
	bool over = m->rekeying.over;

	m->rekeying.over = false;
	return over;
}
