/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_status.c - what this host's daemon is, and how it is.
 */
#include "cli/cmd.h"
#include "cli/talk.h"

static const struct column node_columns[] = {
	{ "node", "name", COLUMN_TEXT },
	{ "network", "network", COLUMN_TEXT },
	{ "state", "state", COLUMN_STATE },
	{ "addresses", "ips", COLUMN_TEXT },
	{ "interface", "interface", COLUMN_TEXT },
	{ "port", "port", COLUMN_TEXT },
	{ "peers connected", "peers.connected", COLUMN_TEXT },
	{ "  direct", "peers.direct", COLUMN_TEXT },
	{ "  relayed", "peers.relayed", COLUMN_TEXT },
	{ "sent", "tx_bytes", COLUMN_BYTES },
	{ "received", "rx_bytes", COLUMN_BYTES },
	{ "open to members", "allow_all", COLUMN_TEXT },
	{ "port mapping", "port_mapping", COLUMN_TEXT },
	{ "circuits relayed", "relaying.circuits", COLUMN_TEXT },
	{ "  bytes", "relaying.bytes", COLUMN_BYTES },
	{ "key in words", "key_words", COLUMN_TEXT },
	{ "certificate until", "expires", COLUMN_TIME },
	{ "  renewal", "renewal.text", COLUMN_TEXT },
	{ "network state", "network_state.version", COLUMN_TEXT },
	{ "  issued", "network_state.issued", COLUMN_TIME },
	{ "running for", "uptime_s", COLUMN_DURATION },
	{ "version", "version", COLUMN_TEXT },
	{ NULL },
};

static const struct column lighthouse_columns[] = {
	{ "lighthouse", "name", COLUMN_TEXT },
	{ "network", "network", COLUMN_TEXT },
	{ "state", "state", COLUMN_STATE },
	{ "addresses", "ips", COLUMN_TEXT },
	{ "listening at", "listen", COLUMN_TEXT },
	{ "TCP port", "tcp.port", COLUMN_TEXT },
	{ "  connections", "tcp.streams", COLUMN_TEXT },
	{ "public endpoints", "public", COLUMN_TEXT },
	{ "relay", "relay", COLUMN_TEXT },
	{ "STUN", "stun", COLUMN_TEXT },
	{ "sessions", "clients.sessions", COLUMN_TEXT },
	{ "registrations", "clients.registrations", COLUMN_TEXT },
	{ "circuits", "clients.circuits", COLUMN_TEXT },
	{ "relayed", "counters.relayed_bytes", COLUMN_BYTES },
	{ "letters that wait", "clients.letters", COLUMN_TEXT },
	{ "invitations", "enrolment.invitations", COLUMN_TEXT },
	{ "  requests that wait", "enrolment.requests", COLUMN_TEXT },
	{ "  renewals that wait", "enrolment.renewals", COLUMN_TEXT },
	{ "certificate until", "expires", COLUMN_TIME },
	{ "  renewal", "renewal.text", COLUMN_TEXT },
	{ "network state", "network_state.version", COLUMN_TEXT },
	{ "  issued", "network_state.issued", COLUMN_TIME },
	{ "running for", "uptime_s", COLUMN_DURATION },
	{ "version", "version", COLUMN_TEXT },
	{ NULL },
};

static const struct column known_lighthouse_columns[] = {
	{ "LIGHTHOUSE", "name", COLUMN_TEXT },
	{ "IP", "ip", COLUMN_TEXT },
	{ "AT", "at", COLUMN_TEXT },
	{ "REGISTERED", "registered", COLUMN_TEXT },
	{ "OVER", "over", COLUMN_TEXT },
	{ "RTT", "rtt_us", COLUMN_USEC },
	{ "SEES US AT", "observed", COLUMN_TEXT },
	{ "LAST", "last_s", COLUMN_AGO },
	{ NULL },
};

static const struct column mapping_columns[] = {
	{ "MAPPED", "external", COLUMN_TEXT },
	{ "BY", "method", COLUMN_TEXT },
	{ "FOR", "lifetime_s", COLUMN_DURATION },
	{ "DOUBLE NAT", "double_nat", COLUMN_TEXT },
	{ NULL },
};

static const struct column warning_columns[] = { { "WARNING", "text", COLUMN_TEXT }, { NULL } };

static const struct view node_views[] = {
	{ NULL, node_columns },
	{ "lighthouses", known_lighthouse_columns, "no lighthouse is known" },
	{ "mappings", mapping_columns },
	{ "warnings", warning_columns },
	{ NULL },
};

static const struct view lighthouse_views[] = {
	{ NULL, lighthouse_columns },
	{ "warnings", warning_columns },
	{ NULL },
};

void
show_status(struct context *c, const json_t *body)
{
	output_show(&c->out, body, body_of_lighthouse(body) ? lighthouse_views : node_views);
}

int
cmd_status(struct context *c, const struct args *a, struct err *e)
{
	json_t *body;
	int r = talk_call(c, "status", NULL, &body, e);

	(void)a;
	if (r != 0)
		return r;
	show_status(c, body);
	json_decref(body);
	return EXIT_DONE;
}
