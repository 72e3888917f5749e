/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_watch.c - does the watch bark? Each case does what no engine may do.
 */
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#include <stdlib.h>

static struct addr
at(const char *text)
{
	struct addr a;

	if (addr_parse(&a, text, BOX_PORT) < 0)
		abort();
	return a;
}

static const struct ip inner[2] = {
	{ .family = FAMILY_V4, .b = { 10, 87, 0, 1 } },
	{ .family = FAMILY_V4, .b = { 10, 87, 0, 2 } },
};

/* A data message from box 1 with the last byte `last`. */
static void
say(struct watch *t, struct guard *g, const char *to, uint8_t counter, uint8_t last)
{
	uint8_t p[48] = { 4, [8] = counter, [47] = last };
	struct addr a = at(to);

	watch_said(t, 1, p, sizeof(p));
	guard_sent(g, 1, &a, 0);
}

/* A parcel from box 0 comes out at box `where`. */
static void
hand_over(struct watch *t, uint32_t where, bool forged, int times)
{
	uint8_t p[PARCEL_SIZE_MIN];
	uint32_t n = watch_parcel(t, p, sizeof(p), inner[0], inner[1], 0, 1);

	t->parcels[n].forged = forged;
	while (times-- > 0)
		watch_delivered(t, where, &inner[where], 1, 0, p, sizeof(p));
}

static void
misbehave(struct world *w, struct watch *t, struct guard *g, unsigned number)
{
	uint8_t junk[40] = { 0x45, [3] = 40 };

	switch (number) {
	case 0:
		say(t, g, "198.18.0.1", 1, 1);
		say(t, g, "198.18.0.1", 1, 2);
		break;
	case 1: say(t, g, "127.0.0.1", 1, 1); break;
	case 2: say(t, g, "224.0.0.1", 1, 1); break;
	case 3: say(t, g, "198.18.0.3", 1, 1); break;
	case 4: hand_over(t, 1, false, 2); break;
	case 5: hand_over(t, 1, true, 1); break;
	case 6: hand_over(t, 0, false, 1); break;
	case 8: say(t, g, "10.87.0.2", 1, 1); break;
	case 9: say(t, g, "198.18.0.2:53", 1, 1); break;
	case 10:
		/* To somebody who answered once, and not for a minute. */
		w->now += 100 * USEC_PER_SEC;
		for (unsigned i = 0; i <= GUARD_UNANSWERED; i++)
			say(t, g, "198.18.0.1", (uint8_t)i, 1);
		break;
	case 7: watch_delivered(t, 1, &inner[1], 1, 0, junk, sizeof(junk)); break;
	}
}

static void
behave(struct watch *t, struct guard *g)
{
	say(t, g, "198.18.0.1", 7, 1);
	say(t, g, "198.18.0.1", 7, 1); /* a copy */
	for (unsigned i = 0; i < 10000; i++) {
		struct addr a = at("198.18.0.1");

		guard_heard(g, 1, &a);
		say(t, g, "198.18.0.1", (uint8_t)i, 1);
	}
	hand_over(t, 1, false, 1);
}

void
scene_watch(struct world *w, unsigned number)
{
	static struct net net;
	static struct watch t;
	static struct guard g;
	static struct station host;
	static jmp_buf end;
	static volatile bool noticed;

	net_init(&net, w);
	net_host(&net, &host, NULL, NULL, NULL);
	net_address(&net, &host, at("198.18.0.1"));
	net_address(&net, &host, at("198.18.0.2"));
	watch_init(&t, w);
	guard_init(&g, w, &net);
	behave(&t, &g);
	memcpy(&end, &w->end, sizeof(end));
	noticed = true;
	if (setjmp(w->end) == 0) {
		misbehave(w, &t, &g, number);
		noticed = false;
	}
	memcpy(&w->end, &end, sizeof(end));
	watch_free(&t);
	guard_free(&g);
	net_free(&net);
	if (!noticed)
		world_fail(w, "nobody noticed");
}
