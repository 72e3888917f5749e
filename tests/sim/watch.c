/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch.c - sealed messages and parcels, and what must hold for each.
 */
#include "tests/sim/watch.h"
#include "core/bytes.h"
#include "core/checksum.h"
#include "core/icmp.h"
#include "core/wire.h"

#include <stdlib.h>

enum {
	TYPE_DATA = 4,
	TYPE_DATA_AES = 0x51,
	PARCEL_PORT = 7,
	SEALED_FIRST = 1 << 12,
	SEALED_MAX = 1 << 23, /* then the watch forgets them and begins anew */
};

/* At the end of a parcel's UDP header: a word that says it is one, and its number. */
static const uint8_t mark[4] = { 'p', 'a', 'r', 'c' };

void
watch_init(struct watch *t, struct world *w)
{
	memset(t, 0, sizeof(*t));
	t->w = w;
}

void
watch_free(struct watch *t)
{
	free(t->sealed);
	free(t->parcels);
	memset(t, 0, sizeof(*t));
}

static void *
grown(void *p, size_t size)
{
	p = realloc(p, size);
	if (p == NULL)
		abort();
	return p;
}

static uint64_t
hash(uint64_t h, const uint8_t *p, size_t len)
{
	uint64_t v;

	for (; len > 0; p += v, len -= v) {
		uint64_t word = 0;

		v = min_u64(len, sizeof(word));
		memcpy(&word, p, v);
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	return h;
}

/* The row for a name: its own, or the free one where it goes. */
static struct sealed *
sealed_row(struct sealed *rows, size_t room, uint64_t name)
{
	size_t i = name & (room - 1);

	while (rows[i].name != 0 && rows[i].name != name)
		i = (i + 1) & (room - 1);
	return &rows[i];
}

static void
sealed_grow(struct watch *t)
{
	size_t room = t->sealed_room == 0 ? SEALED_FIRST : 2 * t->sealed_room;
	struct sealed *rows = calloc(room, sizeof(*rows));

	if (rows == NULL)
		abort();
	for (size_t i = 0; i < t->sealed_room; i++)
		if (t->sealed[i].name != 0)
			*sealed_row(rows, room, t->sealed[i].name) = t->sealed[i];
	free(t->sealed);
	t->sealed = rows;
	t->sealed_room = room;
}

static void
check_sealed_once(struct watch *t, uint32_t from, const uint8_t *p, size_t len)
{
	/* Whatever the type: both share their counter. */
	uint64_t name = hash(from + 1, p + DATA_RECEIVER, DATA_HEADER - DATA_RECEIVER) | 1;
	uint64_t bytes = hash(name, p, len);
	struct sealed *row;

	if (t->sealed_count == SEALED_MAX) {
		memset(t->sealed, 0, t->sealed_room * sizeof(*t->sealed));
		t->sealed_count = 0;
	}
	if (2 * t->sealed_count >= t->sealed_room)
		sealed_grow(t);
	row = sealed_row(t->sealed, t->sealed_room, name);
	if (row->name == 0) {
		*row = (struct sealed){ .name = name, .bytes = bytes };
		t->sealed_count++;
	} else if (row->bytes != bytes) {
		world_fail(t->w, "box %u sealed two messages for index %08x with counter %llu",
		    from, le32(p + 4), (unsigned long long)le64(p + 8));
	}
}

void
watch_said(struct watch *t, uint32_t from, const uint8_t *p, size_t len)
{
	if (len >= DATA_HEADER && (le32(p) == TYPE_DATA || le32(p) == TYPE_DATA_AES))
		check_sealed_once(t, from, p, len);
}

static uint32_t
parcel_new(struct watch *t, uint32_t from, uint32_t to)
{
	if (t->parcel_count == t->parcel_room) {
		t->parcel_room = t->parcel_room == 0 ? 1024 : 2 * t->parcel_room;
		t->parcels = grown(t->parcels, t->parcel_room * sizeof(*t->parcels));
	}
	t->parcels[t->parcel_count] = (struct parcel){
		.from = from,
		.to = to,
		.answers = PARCEL_NONE,
		.sent = t->w->now,
	};
	return t->parcel_count++;
}

/* An IP header with addresses, protocol UDP and `size` bytes in all. Its length. */
static size_t
ip_header(uint8_t *p, size_t size, struct ip src, struct ip dst)
{
	if (src.family == FAMILY_V6) {
		p[0] = 0x60;
		put_be16(p + 4, (uint16_t)(size - 40));
		p[6] = IPPROTO_OF_UDP;
		p[7] = 64;
		memcpy(p + 8, src.b, 16);
		memcpy(p + 24, dst.b, 16);
		return 40;
	}
	p[0] = 0x45;
	put_be16(p + 2, (uint16_t)size);
	p[8] = 64;
	p[9] = IPPROTO_OF_UDP;
	memcpy(p + 12, src.b, 4);
	memcpy(p + 16, dst.b, 4);
	put_be16(p + 10, inet_checksum(p, 20, 0));
	return 20;
}

uint32_t
watch_parcel(struct watch *t, uint8_t *p, size_t size, struct ip src, struct ip dst, uint32_t from,
    uint32_t to)
{
	uint32_t number = parcel_new(t, from, to);
	uint8_t *udp;

	assert(size >= PARCEL_SIZE_MIN && size <= PARCEL_SIZE_MAX);
	memset(p, 0, size);
	udp = p + ip_header(p, size, src, dst);
	put_be16(udp, PARCEL_PORT);
	put_be16(udp + 2, PARCEL_PORT);
	put_be16(udp + 4, (uint16_t)(p + size - udp));
	memcpy(udp + 8, mark, sizeof(mark));
	put_le32(udp + 12, number);
	return number;
}

static bool
is_own(const struct ip *own, size_t count, struct ip ip)
{
	for (size_t i = 0; i < count; i++)
		if (ip_equal(own[i], ip))
			return true;
	return false;
}

struct parcel *
watch_delivered(struct watch *t, uint32_t at, const struct ip *own, size_t own_count, uint32_t via,
    const uint8_t *p, size_t len)
{
	struct parcel *parcel;
	struct inner in;
	uint32_t number;

	if (inner_parse(&in, p, len) < 0)
		world_fail(t->w, "box %u was handed %zu bytes that are no IP packet", at, len);
	if (!is_own(own, own_count, in.dst))
		world_fail(t->w, "box %u was handed a packet that is not for it", at);
	if (in.protocol != IPPROTO_OF_UDP)
		return NULL;
	number = le32(p + in.body + 12);
	if (in.len < PARCEL_SIZE_MIN || memcmp(p + in.body + 8, mark, sizeof(mark)) != 0 ||
	    number >= t->parcel_count)
		world_fail(t->w, "box %u was handed a packet that nobody sent", at);
	parcel = &t->parcels[number];
	if (parcel->forged)
		world_fail(t->w, "box %u was handed parcel %u with a forged source", at, number);
	if (parcel->to != at)
		world_fail(t->w, "box %u was handed parcel %u for box %u", at, number, parcel->to);
	if (parcel->delivered)
		world_fail(t->w, "box %u was handed parcel %u twice", at, number);
	parcel->delivered = true;
	parcel->direct = via == parcel->from;
	return parcel;
}
