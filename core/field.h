/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * field.h - reading and writing the fields that messages and frames are made of.
 *
 * For the files that know layouts (wire.c, frame*.c), and nobody else. A `struct in` is a reader
 * that also minds values: `bad` stays set, as rd.failed does, so that a decoder is the list of its
 * fields and one question at the end.
 */
#ifndef CORE_FIELD_H
#define CORE_FIELD_H

#include "core/bytes.h"
#include "core/wire.h"

struct in {
	struct rd rd;
	bool bad;
};

static inline struct in
in_init(const uint8_t *p, size_t len)
{
	return (struct in){ .rd = rd_init(p, len) };
}

static inline void
in_demand(struct in *in, bool good)
{
	if (!good)
		in->bad = true;
}

/* 0, ERR_SHORT, ERR_EXCESS or ERR_FORMAT. */
static inline int
in_end(const struct in *in)
{
	if (in->bad && !in->rd.failed)
		return ERR_FORMAT;
	return rd_end(&in->rd);
}

/* `len` bytes, of which there may be `max`. They stay where they are; none are absent. */
struct blob in_blob(struct in *in, size_t len, size_t max);

/* A blob after its u16 length; empty is absent. */
struct blob in_counted(struct in *in, size_t max);
void put_counted(struct wr *w, struct blob b);

/*
 * TLVs: u8 tag, u16 length, value, tags ascending. What a tag means depends on where it stands.
 * What is empty is not written.
 */
struct tlv {
	uint8_t tag;
	uint16_t len;
};

struct tlv in_tlv(struct in *in, uint8_t after);
void put_tlv(struct wr *w, uint8_t tag, struct blob b);

/* Is the rest nothing but zeros, and less than a block of them? */
bool field_is_padding(struct rd *r, size_t block) must_check;

/* An endpoint; in_ep() refuses the one that is all zeros, which says that there is none. */
void put_ep(struct wr *w, const struct ep *e);
struct ep in_ep(struct in *in);
struct ep in_ep_or_none(struct in *in);
bool ep_is_none(const struct ep *e) must_check;

void put_nat(struct wr *w, const struct nat *n);
struct nat in_nat(struct in *in);

#endif
