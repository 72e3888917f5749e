/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_portmap.c - a gateway that says anything at all, to one machine after the other.
 *
 * An input is a row of events: u8 what and how long after the last one, u8 length, bytes. The
 * machine's own nonce is put where a MAP has it when the event asks for that, so that what follows
 * is reached.
 */
#include "core/bytes.h"
#include "node/portmap.h"
#include "tests/fuzz/fuzz.h"

#define EVENTS_MAX 200

static struct portmap map;
static usec_t now;

static struct addr
some_addr(const uint8_t *p, size_t len)
{
	struct addr a = { 0 };

	if (len >= 6) {
		a = addr_from_ip(ip_v4(p), be16(p + 4));
	}
	return a;
}

static void
hear_pcp(uint8_t what, const uint8_t *p, size_t len)
{
	uint8_t msg[512] = { 0 };

	memcpy(msg, p, len);
	if ((what & 8) != 0 && len >= PCP_REQUEST_LEN) {
		memcpy(msg + 24, map.nonce, sizeof(map.nonce));
		put_be16(msg + 40, map.port);
	}
	(void)!portmap_heard_pcp(&map, now, msg, len);
}

static void
event(uint8_t what, const uint8_t *p, size_t len)
{
	struct portmap_grant grant = { .external = some_addr(p, len) };
	const struct portmap_grant *given = (what & 8) != 0 ? &grant : NULL;

	if (len >= 14) {
		grant.lifetime = be32(p + 6);
		grant.epoch = be32(p + 10);
	}
	switch (what & 7) {
	case 0: portmap_heard_natpmp(&map, now, given); break;
	case 1: portmap_found_upnp(&map, now, given != NULL); break;
	case 2: portmap_heard_upnp(&map, now, given); break;
	case 3: portmap_again(&map, now); break;
	default: hear_pcp(what, p, len); break;
	}
}

/* Whatever it hears: it wants a next event in the future, and holds what somebody could send to. */
static void
check(void)
{
	struct mapping m;
	usec_t due;

	for (unsigned n = 0; (due = portmap_due(&map)) != 0 && due <= now; n++) {
		(void)portmap_tick(&map, now);
		assert(n < 4);
	}
	if (portmap_mapping(&map, &m))
		assert(m.external.family == FAMILY_V4 && m.external.port != 0 &&
		    addr_class(&m.external) <= ADDR_CLASS_PRIVATE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t secret[32] = { 1 }, gateway[4] = { 192, 168, 1, 1 },
				self[4] = { 192, 168, 1, 2 };
	struct rd r = rd_init(data, size);
	struct rng_stream stream;
	struct rng rng;

	rng_stream_init(&stream, 1);
	rng = rng_stream_source(&stream);
	now = 1000 * USEC_PER_SEC;
	portmap_init(&map, &rng, secret);
	portmap_begin(&map, now, ip_v4(gateway), ip_v4(self), 7717);
	for (unsigned n = 0; n < EVENTS_MAX && r.left > 0 && !r.failed; n++) {
		uint8_t what = rd_u8(&r);
		size_t len = min_u64(rd_u8(&r), r.left);
		const uint8_t *p = rd_take(&r, len);

		now += (usec_t)(what >> 4) * (what >> 4) * 20 * USEC_PER_SEC;
		check();
		if (p != NULL)
			event(what, p, len);
		check();
	}
	(void)portmap_end(&map);
	return 0;
}
