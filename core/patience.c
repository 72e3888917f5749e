/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * patience.c - two buckets and a count.
 */
#include "core/patience.h"

bool
patience_allow(struct patience *p, usec_t now, uint8_t type, size_t len)
{
	if (type == FRAME_RELAY_DATA)
		return true;
	if (now < p->mute_until)
		return false;
	if (type == FRAME_PING || type == FRAME_PONG)
		return bucket_take(&p->probes, now, PATIENCE_PROBE_RATE, PATIENCE_PROBE_BURST, len);
	return bucket_take(&p->frames, now, PATIENCE_RATE, PATIENCE_BURST, 1);
}

bool
patience_bad(struct patience *p, usec_t now)
{
	if (p->bad == 0 || now - p->bad_since >= PATIENCE_BAD_TIME) {
		p->bad = 0;
		p->bad_since = now;
	}
	if (++p->bad <= PATIENCE_BAD)
		return false;
	p->bad = 0;
	p->mute_until = now + PATIENCE_MUTE;
	return true;
}
