/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bytes.h - cursors over byte strings; the only way that bytes are read or written.
 *
 * A reader that ran past its end stays failed and reads zeros, so a decoder is the list of its
 * fields and one question at the end (rd_end). A writer that ran past its end stays failed and
 * writes nothing more (wr_end). Integers are little-endian, as everywhere on our wire.
 */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include "core/base.h"
#include "core/err.h"

#include <string.h>

struct rd {
	const uint8_t *p;
	size_t left;
	bool failed;
};

static inline struct rd
rd_init(const void *p, size_t len)
{
	return (struct rd){ .p = p, .left = len };
}

/* The next `n` bytes, or NULL when fewer are left. They belong to whoever owns the input. */
static inline const uint8_t *
rd_take(struct rd *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->failed || n > r->left) {
		r->failed = true;
		return NULL;
	}
	r->p += n;
	r->left -= n;
	return p;
}

static inline uint64_t
rd_uint(struct rd *r, size_t n)
{
	const uint8_t *p = rd_take(r, n);
	uint64_t v = 0;

	for (size_t i = n; p != NULL && i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

static inline uint8_t
rd_u8(struct rd *r)
{
	return (uint8_t)rd_uint(r, 1);
}

static inline uint16_t
rd_u16(struct rd *r)
{
	return (uint16_t)rd_uint(r, 2);
}

static inline uint32_t
rd_u32(struct rd *r)
{
	return (uint32_t)rd_uint(r, 4);
}

static inline uint64_t
rd_u64(struct rd *r)
{
	return rd_uint(r, 8);
}

/* Copies `n` bytes to `to`; zeros when fewer are left. */
static inline void
rd_bytes(struct rd *r, void *to, size_t n)
{
	const uint8_t *p = rd_take(r, n);

	if (p != NULL)
		memcpy(to, p, n);
	else
		memset(to, 0, n);
}

/* A reader of the next `n` bytes; failed when fewer are left. */
static inline struct rd
rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_take(r, n);

	return (struct rd){ .p = p, .left = p != NULL ? n : 0, .failed = p == NULL };
}

/* 0 when everything was read and nothing is left; else ERR_SHORT or ERR_EXCESS. */
static inline int
rd_end(const struct rd *r)
{
	return r->failed ? ERR_SHORT : r->left > 0 ? ERR_EXCESS : 0;
}

struct wr {
	uint8_t *start;
	size_t len; /* written so far */
	size_t cap;
	bool failed;
};

static inline struct wr
wr_init(void *p, size_t cap)
{
	return (struct wr){ .start = p, .cap = cap };
}

/* Room for `n` bytes at the end, counted as written; NULL when there is none. */
static inline uint8_t *
wr_room(struct wr *w, size_t n)
{
	uint8_t *p = w->start + w->len;

	if (w->failed || n > w->cap - w->len) {
		w->failed = true;
		return NULL;
	}
	w->len += n;
	return p;
}

static inline void
wr_uint(struct wr *w, uint64_t v, size_t n)
{
	uint8_t *p = wr_room(w, n);

	for (size_t i = 0; p != NULL && i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static inline void
wr_u8(struct wr *w, uint8_t v)
{
	wr_uint(w, v, 1);
}

static inline void
wr_u16(struct wr *w, uint16_t v)
{
	wr_uint(w, v, 2);
}

static inline void
wr_u32(struct wr *w, uint32_t v)
{
	wr_uint(w, v, 4);
}

static inline void
wr_u64(struct wr *w, uint64_t v)
{
	wr_uint(w, v, 8);
}

static inline void
wr_bytes(struct wr *w, const void *from, size_t n)
{
	uint8_t *p = wr_room(w, n);

	if (p != NULL && n > 0)
		memcpy(p, from, n);
}

static inline void
wr_zeros(struct wr *w, size_t n)
{
	uint8_t *p = wr_room(w, n);

	if (p != NULL && n > 0)
		memset(p, 0, n);
}

/* The number of bytes written, or ERR_FULL when they did not fit. */
static inline int
wr_end(const struct wr *w)
{
	return w->failed ? ERR_FULL : (int)w->len;
}

/* Network byte order, for what other people's headers hold (IP, UDP, DNS, STUN). */
static inline uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void
put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put_be32(uint8_t *p, uint32_t v)
{
	put_be16(p, (uint16_t)(v >> 16));
	put_be16(p + 2, (uint16_t)v);
}

static inline uint32_t
le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline void
put_le32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static inline uint64_t
le64(const uint8_t *p)
{
	return (uint64_t)le32(p + 4) << 32 | le32(p);
}

static inline void
put_le64(uint8_t *p, uint64_t v)
{
	put_le32(p, (uint32_t)v);
	put_le32(p + 4, (uint32_t)(v >> 32));
}

#endif
