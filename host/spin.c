/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spin.c - whether to look out for the next packet.
 */
#include "host/spin.h"

/* Nothing came: the next attempt is made later. */
static void
in_vain(struct spin *s)
{
	s->until = 0;
	s->unpaid++;
	s->in_vain++;
	s->rest = SPIN_REST_MAX;
	if (s->in_vain < 6)
		s->rest = 1u << s->in_vain;
}

bool
spin_on(struct spin *s, usec_t now, size_t packets)
{
	if (packets == 0) {
		if (s->until != 0 && now >= s->until)
			in_vain(s);
		return s->until != 0;
	}
	if (s->until != 0) {
		s->paid++;
		s->in_vain = 0;
	}
	s->until = 0;
	if (packets > SPIN_FEW)
		return false;
	if (s->rest > 0)
		s->rest--;
	else if (s->longest > 0)
		s->until = now + s->longest;
	return s->until != 0;
}
