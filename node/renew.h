/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * renew.h - a node's own next certificate (core/renewal.h), from the question to the swap.
 *
 *	RENEW -> a lighthouse          (in turn, until it is there)
 *	RENEW_RESULT -> verified -> mesh_renewal()
 *	                  the shell stores it -> mesh_renewed()
 *
 * What is not on the disk yet is not used: whoever saw the new certificate would refuse the old one,
 * with which a machine that lost power would come back. The swap touches no session; all that are
 * connected are told by HELLO, all others see it when they are called.
 */
#ifndef NODE_RENEW_H
#define NODE_RENEW_H

#include "core/renewal.h"
#include "node/mesh.h"

/* The certificate that has come, until mesh_renewed(); NULL: none has. Valid until then. */
const struct renewed *mesh_renewal(const struct mesh *m);

/*
 * What mesh_renewal() says is stored: it is this node's certificate from now on. 0; ERR_STATE when
 * there is none; ERR_CONFLICT when more than serial and times is new in it (key, addresses, routes,
 * groups, roles), for which an engine is made anew.
 */
int mesh_renewed(struct mesh *m, struct instant now, struct outbox *out) must_check;

/* A person wants it now. */
void mesh_renew(struct mesh *m, struct instant now, struct outbox *out);

/* How it stands. `ret` is valid until the next call of the engine that is not const. */
enum renewal_phase mesh_renewal_phase(const struct mesh *m, struct instant now,
    const struct renewal **ret);

/*
 * For the engine's own files
 */

struct peer;

/* The renewal of `m->cert` begins; `own` is its chain. */
void renew_begin(struct mesh *m, struct instant now, const struct verified *own, bool again);

/* Our own chain as it stands now: as trust_own(). */
int renew_own(const struct mesh *m, struct instant now, struct verified *ret) must_check;

/* Another network state is in force, which may have rotated the root that we stand on. */
void renew_rotated(struct mesh *m, struct instant now);

void renew_tick(struct mesh *m, struct instant now, struct outbox *out);
usec_t renew_due(const struct mesh *m);

/* `peer` answers. */
void renew_heard(struct mesh *m, struct instant now, struct peer *peer,
    const struct renew_result *r, struct outbox *out);

#endif
