/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * limit.h - how often a stranger may make us work.
 *
 * Before a handshake is authenticated all we know of its sender is where it came from, and checking
 * it costs a thousand times more than sending it. So each source may ask LIMIT_BURST times at once
 * and then LIMIT_RATE times a second, and anything beyond that is dropped unread.
 *
 * The table has a fixed number of rows: sources that hash to the same row share its allowance. The
 * hash is keyed, so nobody outside can choose whom they share with. Rows come by the page, with the
 * first source that needs one, and stay: most nodes hear of few.
 */
#ifndef CORE_LIMIT_H
#define CORE_LIMIT_H

#include "core/addr.h"

#define LIMIT_RATE  20 /* a second */
#define LIMIT_BURST 5
#define LIMIT_PAGES 64
#define LIMIT_ROWS  64 /* of a page */

/*
 * Where a handshake came from, as cookies and limits see it: an address, or, through a relay, the
 * relay's key and that of the peer that it names. A plain value, compared and hashed as bytes.
 */
struct source {
	struct addr at; /* FAMILY_NONE: relayed */
	uint8_t relay[32];
	uint8_t peer[32];
};

struct source source_direct(const struct addr *at);
struct source source_relayed(const uint8_t relay[static 32], const uint8_t peer[static 32]);

struct limit {
	uint8_t key[16];
	usec_t *spent_until[LIMIT_PAGES]; /* LIMIT_ROWS each */
};

/* `key` is 16 bytes that senders cannot know. */
void limit_init(struct limit *l, const uint8_t key[static 16]);
void limit_wipe(struct limit *l);

/*
 * May `from` be served at `now`? If so, it is charged for it. An IPv4 address counts whatever its
 * port, an IPv6 address with its whole /64. Without memory nobody is served.
 */
bool limit_allow(struct limit *l, usec_t now, const struct source *from) must_check;

#endif
