/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refusals.c - a few rows, the oldest of which makes room.
 */
#include "node/refusals.h"

#include <string.h>

static const struct refusal *
row_of(const struct refusals *r, const uint8_t relay[static 32])
{
	for (size_t i = 0; i < REFUSALS_MAX; i++) {
		const struct refusal *row = &r->row[i];

		if (row->until != 0 && memcmp(row->relay, relay, sizeof(row->relay)) == 0)
			return row;
	}
	return NULL;
}

/* The row of the relay, or that of whoever refused longest ago, which becomes the relay's. */
static struct refusal *
make_row(struct refusals *r, const uint8_t relay[static 32])
{
	const struct refusal *known = row_of(r, relay);
	struct refusal *row = &r->row[0];

	if (known != NULL)
		return &r->row[known - r->row];
	for (size_t i = 1; i < REFUSALS_MAX; i++) {
		if (r->row[i].at < row->at)
			row = &r->row[i];
	}
	*row = (struct refusal){ 0 };
	memcpy(row->relay, relay, sizeof(row->relay));
	return row;
}

void
refusals_note(struct refusals *r, usec_t now, const uint8_t relay[static 32])
{
	struct refusal *row = make_row(r, relay);

	if (now - row->at >= REFUSALS_ANEW)
		row->times = 0;
	row->at = now;
	row->until = now + (REFUSALS_FIRST << row->times);
	if (row->times < REFUSALS_DOUBLE)
		row->times++;
}

bool
refusals_hold(const struct refusals *r, usec_t now, const uint8_t relay[static 32])
{
	const struct refusal *row = row_of(r, relay);

	return row != NULL && now < row->until;
}

usec_t
refusals_due(const struct refusals *r, usec_t now)
{
	usec_t due = 0;

	for (size_t i = 0; i < REFUSALS_MAX; i++) {
		if (r->row[i].until > now)
			due = due_min(due, r->row[i].until);
	}
	return due;
}
