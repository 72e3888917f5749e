/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netstate_blob.c - a network state with what leads to it, as it travels and is kept.
 */
#include "core/netstate.h"

#include "core/object.h"
#include "core/rotation.h"

static_assert(NETSTATE_ROTATIONS_MAX * (2 + ROTATION_MAX) + 2 + CERT_CA_MAX + 2 + NETSTATE_MAX <=
		  NETSTATE_BLOB_MAX,
    "the largest state fits a blob with all that leads to it");

/* The kind of what may be an object: the byte at 4, or 0. */
static uint8_t
kind_of(const struct netstate_part *part)
{
	return part->len > OBJECT_HEADER_LEN ? part->p[4] : 0;
}

int
netstate_blob_open(struct netstate_blob *ret, const uint8_t *p, size_t len, enum breach *why)
{
	struct rd r = rd_init(p, len);
	struct netstate_blob b = { 0 };

	if (len > NETSTATE_BLOB_MAX)
		return breach_set(why, BREACH_TOO_LONG);
	while (b.state.len == 0) {
		struct netstate_part part = { .len = rd_u16(&r) };
		uint8_t kind;

		part.p = rd_take(&r, part.len);
		kind = part.p != NULL ? kind_of(&part) : 0;
		if (kind == OBJECT_STATE)
			b.state = part;
		else if (kind == OBJECT_CA && b.ca.len == 0)
			b.ca = part;
		else if (kind == OBJECT_ROTATION && b.ca.len == 0 &&
			 b.rotation_count < NETSTATE_ROTATIONS_MAX)
			b.rotations[b.rotation_count++] = part;
		else
			return breach_set(why, BREACH_BLOB);
	}
	if (rd_end(&r) < 0)
		return breach_set(why, BREACH_BLOB);
	*ret = b;
	return breach_set(why, BREACH_NONE);
}

static void
put_part(struct wr *w, const struct netstate_part *part)
{
	if (part->len == 0)
		return;
	if (part->len > UINT16_MAX)
		w->failed = true;
	wr_u16(w, (uint16_t)part->len);
	wr_bytes(w, part->p, part->len);
}

int
netstate_blob_write(uint8_t *to, size_t cap, const struct netstate_blob *b)
{
	struct wr w = wr_init(to, cap < NETSTATE_BLOB_MAX ? cap : NETSTATE_BLOB_MAX);

	if (b->rotation_count > NETSTATE_ROTATIONS_MAX)
		return ERR_FULL;
	for (uint32_t i = 0; i < b->rotation_count; i++)
		put_part(&w, &b->rotations[i]);
	put_part(&w, &b->ca);
	put_part(&w, &b->state);
	return wr_end(&w);
}
