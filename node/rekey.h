/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rekey.h - another key for this node: asked for as a renewal is (core/renewal.h), under the old one.
 *
 * The shell makes the key and keeps it; the engine asks for its certificate until that is there, or
 * until it is clear that it will not come. A certificate for the new key is none that the running
 * engine could use: mesh_renewed() says so, and the shell makes one that can.
 */
#ifndef NODE_REKEY_H
#define NODE_REKEY_H

#include "node/mesh.h"

struct verified;

/* The next key of a node, while there is to be one. Secret. */
struct rekeying {
	bool wanted;
	bool refused; /* by whoever answered last */
	bool taken;   /* it is in use, and the authority has not heard so yet */
	bool over;    /* its file can go */
	uint8_t private[32];
	uint8_t public[32];
};

/*
 * The key `next`, which is on the disk, is to take the place of the one in use; asked for at once,
 * and from now on. The same again asks again. If it is the one in use by now, the authority is told
 * so, until it has heard it. 0, or as request_rekey().
 */
int mesh_rekey(struct mesh *m, struct instant now, const uint8_t next[static 32],
    struct outbox *out) must_check;

/*
 * The file of the next key is of no use any more and the shell forgets it: the authority has heard
 * that it is in use, or refused it and certified the old one again. True once.
 */
bool mesh_rekey_over(struct mesh *m) must_check;

/*
 * For the engine's own files
 */

/* The renewal of our certificate, whose chain is `own`, has begun anew: by the next key, if there is one. */
void rekey_begin(struct mesh *m, struct instant now, const struct verified *own);

/* Time passes: the old key's certificate may have to be renewed first. */
void rekey_tick(struct mesh *m, struct instant now);

/* The public key that may be certified instead of ours, or NULL. */
const uint8_t *rekey_public(const struct mesh *m);

/* Ours was certified again. */
void rekey_renewed(struct mesh *m);

/* The authority has heard that the new key is in use. */
void rekey_heard(struct mesh *m);

#endif
