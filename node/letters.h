/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * letters.h - letters (core/letter.h) between a node and its lighthouses: those that its lobby has
 * to leave are sealed and handed out, one at a time; those that lighthouses bring are put together,
 * opened, and given to the lobby.
 */
#ifndef NODE_LETTERS_H
#define NODE_LETTERS_H

#include "core/wire_letter.h"

struct mesh;
struct outbox;
struct peer;

#define LETTERS_COMING 4

/* Two letters are left at least so far apart: a lighthouse hears 50 frames a second (patience.h). */
#define LETTERS_APART (500 * USEC_PER_MS)

/* Of a node. Zeroed, there are none. */
struct letters {
	usec_t due; /* when the next one may be left; 0: none waits */
	struct letter_coming *coming[LETTERS_COMING];
	unsigned next; /* the oldest: it makes room */
};

void letters_wipe(struct letters *ls);

/* The lobby may have one to leave: letters_tick() sees, when it is due. */
void letters_wanted(struct mesh *m, struct instant now);
void letters_tick(struct mesh *m, struct instant now, struct outbox *out);

/* What a lighthouse says; from anybody else it is passed over. */
void letters_hear_part(struct mesh *m, struct instant now, struct peer *from,
    const struct letter_part *p, struct outbox *out);
void letters_hear_ack(struct mesh *m, const struct peer *from, const struct letter_ack *a);

#endif
