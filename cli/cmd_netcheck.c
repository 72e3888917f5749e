/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_netcheck.c - what network is this host in, and what does that mean?
 */
#include "cli/cmd.h"
#include "cli/interrupt.h"
#include "cli/talk.h"

#include <errno.h>
#include <time.h>

/* A measurement takes five seconds where most is answered by silence, and a lighthouse to begin. */
#define PATIENCE   15 /* seconds */
#define ASK_EVERY  (200 * 1000 * 1000) /* nanoseconds */

static const struct column columns[] = {
	{ "UDP", "udp", COLUMN_TEXT },
	{ "seen at", "public", COLUMN_TEXT },
	{ "mapping", "mapping", COLUMN_TEXT },
	{ "filtering", "filtering", COLUMN_TEXT },
	{ "ports", "ports", COLUMN_TEXT },
	{ "several addresses", "pooled", COLUMN_TEXT },
	{ "hairpinning", "hairpin", COLUMN_TEXT },
	{ "hops to open", "hops", COLUMN_TEXT },
	{ "mapping lives", "mapping_life_s", COLUMN_DURATION },
	{ "  and not", "mapping_life_below_s", COLUMN_DURATION },
	{ "keepalive", "keepalive_s", COLUMN_DURATION },
	{ "port mapping", "port_mapping", COLUMN_TEXT },
	{ "IPv6", "ipv6.udp", COLUMN_TEXT },
	{ "  translated", "ipv6.translated", COLUMN_TEXT },
	{ "  filtering", "ipv6.filtering", COLUMN_TEXT },
	{ "measured", "measured_s", COLUMN_AGO },
	{ "in doubt", "doubt", COLUMN_PROSE },
	{ "that is", "means", COLUMN_PROSE },
	{ NULL },
};

static const struct column lighthouse_columns[] = {
	{ "LIGHTHOUSE", "name", COLUMN_TEXT },
	{ "AT", "at", COLUMN_TEXT },
	{ "RTT", "rtt_us", COLUMN_USEC },
	{ "SEES US AT", "observed", COLUMN_TEXT },
	{ NULL },
};

static const struct column mapping_columns[] = {
	{ "MAPPED", "external", COLUMN_TEXT },
	{ "BY", "method", COLUMN_TEXT },
	{ "DOUBLE NAT", "double_nat", COLUMN_TEXT },
	{ NULL },
};

static const struct view views[] = {
	{ NULL, columns },
	{ "lighthouses", lighthouse_columns, "no lighthouse is known" },
	{ "mappings", mapping_columns },
	{ NULL },
};

static bool
is_running(const json_t *body)
{
	return json_is_true(json_object_get(body, "running"));
}

/* Asks until nothing is being measured any more, or for so long that what there is has to do. */
static int
wait_for_it(struct talk *t, bool again, json_t **ret, struct err *e)
{
	time_t end = time(NULL) + PATIENCE;
	json_t *body = NULL;
	bool more;
	int r;

	do {
		if (body != NULL)
			nanosleep(&(struct timespec){ .tv_nsec = ASK_EVERY }, NULL);
		json_decref(body);
		body = NULL;
		r = talk_ask(t, "netcheck", json_pack("{s:b}", "again", again), e);
		if (r == 0)
			r = talk_next(t, &body, &more, TALK_PATIENCE_MS, e);
		if (r != 0)
			return r;
		again = false;
	} while (is_running(body) && time(NULL) < end && !interrupt_seen());
	*ret = body;
	return 0;
}

int
cmd_netcheck(struct context *c, const struct args *a, struct err *e)
{
	struct talk t;
	json_t *body;
	int r = talk_open(&t, c, e);

	if (r < 0)
		return r;
	interrupt_catch();
	r = wait_for_it(&t, arg(a, "--again") != NULL, &body, e);
	talk_close(&t);
	if (r != 0)
		return r;
	output_show(&c->out, body, views);
	r = json_is_true(json_object_get(body, "udp")) ? EXIT_DONE : EXIT_NO;
	json_decref(body);
	return r;
}
