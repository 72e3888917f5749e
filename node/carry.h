/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * carry.h - what we relay for others: circuits between peers that cannot reach one another.
 *
 * Who is certified RELAY does this, unless its operator says no. Both clients are peers of ours with
 * a session over a direct path; what passes is sealed between the two, and is opened from one
 * session and sealed into the other where it lies. Quotas and fair shares are core/circuit's. A
 * client that has no session here is called, and whoever wants it asks again.
 */
#ifndef NODE_CARRY_H
#define NODE_CARRY_H

#include "core/circuit.h"
#include "core/outbox.h"
#include "node/config.h"

struct mesh;
struct peer;
struct path;

/* Bytes a second where nothing else is set: 100 Mbit/s. */
#define CARRY_RATE 12500000
/* Clients of ours that one peer can have called at once, and then one a second. */
#define CARRY_WAKES 8

/* Begins or ends relaying, as certificate and settings say. Before that we relay for nobody. */
void carry_configure(struct mesh *m, struct instant now, const struct mesh_settings *s,
    struct outbox *out);
void carry_wipe(struct mesh *m);

/* Do we relay? */
bool carry_on(const struct mesh *m);

/* Is `number`, in our session with `peer`, of a circuit through us? Else it is one of ours. */
bool carry_is_ours(const struct mesh *m, const struct peer *peer, uint32_t number);

/* A client's frames, which came on `path`. */
void carry_hear_open(struct mesh *m, struct instant now, struct peer *peer, const struct path *path,
    const struct relay_open *o, struct outbox *out);
void carry_hear_close(struct mesh *m, struct instant now, struct peer *peer,
    const struct relay_end *e, struct outbox *out);
void carry_hear_data(struct mesh *m, struct instant now, struct peer *peer, const struct path *path,
    const struct relay_data *d, struct outbox *out);

/* `peer` is gone: whoever reached it through us is told. */
void carry_left(struct mesh *m, struct instant now, const struct peer *peer, struct outbox *out);

/* Ends circuits that are idle. */
void carry_tick(struct mesh *m, struct instant now, struct outbox *out);
usec_t carry_due(const struct mesh *m);

#endif
