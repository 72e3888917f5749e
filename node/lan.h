/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lan.h - who is on our own links: announcements sent and heard (core/here.h).
 *
 * A node announces itself at start, when its addresses change, when it looks for somebody, and else
 * seldom; who hears it answers to it alone. So two nodes at one site find each other without any
 * lighthouse, and know each other's certificates before they have anything to say.
 *
 * What is learned is a candidate and no more: another site may use the same private addresses, and
 * an announcement can be sent again by anybody. Only the answer to a handshake proves it.
 */
#ifndef NODE_LAN_H
#define NODE_LAN_H

#include "core/bucket.h"
#include "core/outbox.h"
#include "core/wire.h"
#include "node/config.h"

#define LAN_ROWS_MAX 256

struct mesh;
struct peer;

/* Somebody that was heard here. */
struct lan_row {
	uint8_t key[32];
	struct addr at[2]; /* by family; FAMILY_NONE: not heard there */
	usec_t heard_at;
	usec_t answered_at; /* 0: never */
};

struct links {
	bool off;
	struct lan_row *row; /* at most LAN_ROWS_MAX */
	size_t count, room;
	struct bucket opened; /* announcements whose seal was tried */
	usec_t due;	      /* the next announcement; 0: never */
	bool ask;	      /* and it is to be answered */
	usec_t asked_at;      /* the last one */
};

/* Begins, or ends, as the settings say. */
void lan_configure(struct mesh *m, struct instant now, const struct mesh_settings *s);
void lan_wipe(struct mesh *m);

/* The links of this machine have changed: an announcement goes out soon. */
void lan_changed(struct mesh *m, struct instant now);

/* Somebody is looked for who may be here: likewise, unless one went out lately. */
void lan_look(struct mesh *m, struct instant now);

/* A HERE came to `socket`, from a group or for us alone. It is opened in place. */
void lan_heard(struct mesh *m, struct instant now, const struct addr *from, uint8_t *msg,
    size_t len, struct outbox *out);

/* Was the node with this key heard on our links? */
bool lan_knows(const struct mesh *m, const uint8_t key[static 32]);

/* Where `peer` was heard on our links: candidates of a new peer. */
void lan_recall(struct mesh *m, struct instant now, struct peer *peer);

void lan_tick(struct mesh *m, struct instant now, struct outbox *out);
usec_t lan_due(const struct mesh *m);

#endif
