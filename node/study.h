/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * study.h - the studies of a node (node/lobby.h), for those who run one.
 */
#ifndef NODE_STUDY_H
#define NODE_STUDY_H

#include "node/lobby.h"
#include "node/mesh.h"

/*
 * Those that are held, the oldest first; NULL behind the last. Valid until the next call of the
 * engine that is not const, as what mesh_study_find() returns.
 */
const struct lobby_study *mesh_study_at(const struct mesh *m, size_t i);
const struct lobby_study *mesh_study_find(const struct mesh *m,
    const uint8_t hash[static STUDY_HASH_LEN]);

/* A person has brought a study and accepts it: as lobby_bring(). */
int mesh_study_bring(struct mesh *m, struct instant now, const struct study *s,
    struct outbox *out, struct err *e) must_check;

/* A person has decided about one that is held: as lobby_decide(). */
int mesh_study_decide(struct mesh *m, struct instant now,
    const uint8_t hash[static STUDY_HASH_LEN], enum stance stance, struct outbox *out) must_check;

/*
 * A study of these names, in this order, whose keys and addresses are those of the certificates that
 * this node holds. 0; ERR_UNKNOWN, with the index of the first name in `missing`, when it holds none
 * of that name, which is then looked for (mesh_want); ERR_CANON with a sentence.
 */
int mesh_study_make(struct mesh *m, struct instant now, struct study *ret, const char *name,
    const char *const *names, size_t count, uint16_t port, size_t *missing, struct outbox *out,
    struct err *e) must_check;

#endif
