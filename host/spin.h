/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spin.h - whether to look out for the next packet, or to sleep until it comes.
 *
 * To be woken takes longer than to handle a packet. Where the answer to what was just sent will be
 * back within some tens of microseconds, it is cheaper, and sooner, to ask again and again for so
 * long than to sleep in between. Where it will not, that is time for nothing: so after looking out
 * in vain the next packets are not waited for, each time twice as many, and most that an
 * unfortunate rhythm costs is one look-out in SPIN_REST_MAX packets. Nor is there anything to be
 * won where many packets came at once: while one sleeps, more of them gather.
 */
#ifndef HOST_SPIN_H
#define HOST_SPIN_H

#include <stddef.h>

#include "core/base.h"

/* More packets at once than these are bulk. */
#define SPIN_FEW 4
/* How many times that packets came, at most, pass between two attempts. */
#define SPIN_REST_MAX 64

struct spin {
	usec_t longest;	   /* what a look-out lasts; 0: there is none */
	usec_t until;	   /* this one ends; 0: there is none */
	unsigned in_vain;  /* how many there were, one after the other */
	unsigned rest;	   /* times that packets may come until the next */
	uint64_t paid, unpaid; /* look-outs that saw a packet, and that did not */
};

/*
 * Events were handled, `packets` of them packets of the data path, and it is `now`. True: ask for
 * further ones without sleeping, and call this again.
 */
bool spin_on(struct spin *s, usec_t now, size_t packets);

#endif
