/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_peers.c - who else is there, and how they are reached.
 */
#include "cli/cmd.h"
#include "cli/talk.h"

static const struct column peer_columns[] = {
	{ "NAME", "name", COLUMN_TEXT },
	{ "IP", "ip", COLUMN_TEXT },
	{ "PATH", "path", COLUMN_PATH },
	{ "RTT", "rtt_us", COLUMN_USEC },
	{ "LOSS", "loss_percent", COLUMN_PERCENT, 2 },
	{ "MTU", "mtu", COLUMN_TEXT, 4 },
	{ "NAT", "nat", COLUMN_TEXT, 3 },
	{ "TX", "tx_bytes", COLUMN_BYTES, 6 },
	{ "RX", "rx_bytes", COLUMN_BYTES, 5 },
	{ "LAST", "last_s", COLUMN_AGO, 1 },
	{ "EXPIRES", "expires", COLUMN_DATE, 7 },
	{ "WHY", "why", COLUMN_TEXT },
	{ "PIN", "pin", COLUMN_STATE, 8 },
	{ NULL },
};

static const struct column client_columns[] = {
	{ "NAME", "name", COLUMN_TEXT },
	{ "IP", "ip", COLUMN_TEXT },
	{ "SEEN AT", "observed", COLUMN_TEXT },
	{ "NAT", "nat", COLUMN_TEXT },
	{ "SESSION", "session", COLUMN_TEXT },
	{ "CIRCUITS", "circuits", COLUMN_TEXT, 2 },
	{ "RELAYED", "relayed_bytes", COLUMN_BYTES, 3 },
	{ "LAST", "last_s", COLUMN_AGO, 1 },
	{ "EXPIRES", "expires", COLUMN_DATE, 4 },
	{ NULL },
};

/* A peer of a node or a client of a lighthouse: what one of them does not have is left out. */
static const struct column one_columns[] = {
	{ "name", "name", COLUMN_TEXT },
	{ "addresses", "ips", COLUMN_TEXT },
	{ "seen at", "observed", COLUMN_TEXT },
	{ "path", "path", COLUMN_PATH },
	{ "why", "why", COLUMN_TEXT },
	{ "round trip", "rtt_us", COLUMN_USEC },
	{ "loss", "loss_percent", COLUMN_PERCENT },
	{ "MTU", "mtu", COLUMN_TEXT },
	{ "NAT", "nat", COLUMN_TEXT },
	{ "sent", "tx_bytes", COLUMN_BYTES },
	{ "received", "rx_bytes", COLUMN_BYTES },
	{ "circuits", "circuits", COLUMN_TEXT },
	{ "relayed", "relayed_bytes", COLUMN_BYTES },
	{ "session", "session_age_s", COLUMN_AGO },
	{ "last heard", "last_s", COLUMN_AGO },
	{ "clock ahead", "clock_apart_s", COLUMN_TEXT },
	{ "flags", "flags", COLUMN_TEXT },
	{ "key", "key", COLUMN_TEXT },
	{ "fingerprint", "fingerprint", COLUMN_TEXT },
	{ "serial", "serial", COLUMN_TEXT },
	{ "certificate until", "expires", COLUMN_TIME },
	{ "version", "version", COLUMN_TEXT },
	{ NULL },
};

static const struct column path_columns[] = {
	{ "PATH", "kind", COLUMN_STATE },
	{ "AT", "at", COLUMN_TEXT },
	{ "RELAY", "relay", COLUMN_TEXT },
	{ "KNOWN BY", "origin", COLUMN_TEXT, 3 },
	{ "STATE", "state", COLUMN_TEXT },
	{ "IN USE", "in_use", COLUMN_TEXT, 4 },
	{ "RTT", "rtt_us", COLUMN_USEC },
	{ "LOSS", "loss_percent", COLUMN_PERCENT },
	{ "MTU", "mtu", COLUMN_TEXT },
	{ "HEARD", "last_rx_s", COLUMN_AGO, 1 },
	{ "SENT", "last_tx_s", COLUMN_AGO, 2 },
	{ NULL },
};

static const struct view node_views[] = {
	{ "peers", peer_columns, "no peer is known yet" },
	{ NULL },
};
static const struct view lighthouse_views[] = {
	{ "peers", client_columns, "no node has registered yet" },
	{ NULL },
};
static const struct view one_views[] = {
	{ NULL, one_columns },
	{ "paths", path_columns },
	{ NULL },
};

int
cmd_peers(struct context *c, const struct args *a, struct err *e)
{
	json_t *body;
	int r = talk_call(c, "peers", NULL, &body, e);

	(void)a;
	if (r != 0)
		return r;
	output_show(&c->out, body, body_of_lighthouse(body) ? lighthouse_views : node_views);
	json_decref(body);
	return EXIT_DONE;
}

int
cmd_peer(struct context *c, const struct args *a, struct err *e)
{
	return talk_show(c, "peer", json_pack("{s:s}", "name", arg(a, "peer")), one_views, e);
}

void
list_peers(struct context *c, const char *prefix, candidate_fn found, void *to)
{
	json_t *body, *row;
	struct err e;
	size_t i;

	(void)prefix;
	if (talk_call(c, "peers", NULL, &body, &e) != 0)
		return;
	json_array_foreach(json_object_get(body, "peers"), i, row)
	{
		const char *name = json_string_value(json_object_get(row, "name"));

		if (name != NULL)
			found(to, name, json_string_value(json_object_get(row, "ip")));
	}
	json_decref(body);
}
