/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockets.h - the sockets beside the main ones: who has which, and where they are bound.
 *
 * A path through a NAT that gives every flow a port of its own ends on the socket that opened it,
 * and a measurement wants one that nobody has used. Each belongs to somebody from its opening to
 * its closing, and who closes it is its owner.
 */
#ifndef NODE_SOCKETS_H
#define NODE_SOCKETS_H

#include "node/mesh.h"

enum socket_owner {
	SOCKET_OF_NOBODY, /* a free row */
	SOCKET_OF_NETCHECK,
	SOCKET_OF_PUNCH,
	SOCKET_OF_PATH,
	SOCKET_OF_UPLINK,
};

struct peer;

struct extra_socket {
	enum socket_owner owner;
	socket_id id;
	uint8_t family;
	bool closing;       /* nobody's any more, and the shell has not heard of it yet */
	struct peer *peer;  /* whom it is to reach, or NULL */
	struct addr local;  /* FAMILY_NONE until the shell has told */
};

/*
 * Zeroed, nothing is open. A pointer to a row is good until the next is opened or one is closed; the
 * room goes with the last.
 */
struct sockets {
	struct extra_socket *row; /* at most MESH_SOCKETS_MAX */
	size_t room;
	uint32_t turn;            /* of the numbers: a row's next one is another */
	unsigned open;
};

/*
 * Asks for a socket of `family` on `port`, 0 for any. What is sent by it in the same outbox goes
 * out. Its number, or SOCKET_NONE when there may be no more.
 */
socket_id sockets_open(struct sockets *s, enum socket_owner owner, struct peer *peer,
    uint8_t family, uint16_t port, struct outbox *out);

/* The same on any port of one interface, for nobody in particular. */
socket_id sockets_open_on(struct sockets *s, enum socket_owner owner, uint32_t ifindex,
    uint8_t family, struct outbox *out);

/* NULL when it is not open (any more), as every main socket is not. */
struct extra_socket *sockets_find(const struct sockets *s, socket_id id);

/* Where it is bound, or with FAMILY_NONE that there is no such socket: its row is free again. */
void sockets_opened(struct sockets *s, socket_id id, const struct addr *local);

/* Does nothing to what is not open. */
void sockets_close(struct sockets *s, socket_id id, struct outbox *out);

/* Closes all that are for `peer`. */
void sockets_leave(struct sockets *s, const struct peer *peer, struct outbox *out);

/* Closes what could not be closed before, for want of room in the outbox. */
void sockets_sweep(struct sockets *s, struct outbox *out);

void sockets_wipe(struct sockets *s);

#endif
