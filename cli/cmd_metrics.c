/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_metrics.c - what a daemon counts and measures, in the text format of Prometheus.
 *
 * The daemon is asked for what `status` and `peers` show, and nothing else is known here: a metric
 * is a line of a table that says which member of those bodies it is. What a body does not have
 * makes no sample, so one table serves nodes and lighthouses.
 */
#include "cli/cmd.h"
#include "cli/talk.h"

#include <string.h>

struct metric {
	const char *name;
	const char *type; /* counter or gauge */
	const char *help;
	const char *key;  /* a member; "a.b" is the member b of its member a */
	double scale;	  /* to base units: seconds, bytes, ratios */
};

/* Of the daemon. */
static const struct metric daemon_metrics[] = {
	{ "mpynet_uptime_seconds", "gauge", "How long the daemon has run.", "uptime_s", 1 },
	{ "mpynet_certificate_expiry_timestamp_seconds", "gauge",
	    "When the certificate of this host ends, in Unix time.", "expires", 1 },
	{ "mpynet_certificate_renewal_timestamp_seconds", "gauge",
	    "When its renewal begins, or began, in Unix time.", "renewal.starts", 1 },
	{ "mpynet_certificate_renewal_asked_total", "counter",
	    "Times that the renewal of this certificate was asked for.", "renewal.asked", 1 },
	{ "mpynet_certificate_urgent", "gauge",
	    "1 when it ends soon, or has ended, and its renewal does not come.",
	    "renewal.urgent", 1 },
	{ "mpynet_sent_bytes_total", "counter", "Bytes sent to peers.", "tx_bytes", 1 },
	{ "mpynet_received_bytes_total", "counter", "Bytes received from peers.", "rx_bytes", 1 },
	{ "mpynet_peers_known", "gauge", "Members whose certificate is held.", "peers.known", 1 },
	{ "mpynet_peers_connected", "gauge", "Peers with a session and a path.",
	    "peers.connected", 1 },
	{ "mpynet_peers_direct", "gauge", "Connected peers reached without a relay.",
	    "peers.direct", 1 },
	{ "mpynet_peers_relayed", "gauge", "Connected peers reached through a relay.",
	    "peers.relayed", 1 },
	{ "mpynet_relayed_packets_total", "counter", "Packets passed between other members.",
	    "relaying.packets", 1 },
	{ "mpynet_relayed_bytes_total", "counter", "Bytes passed between other members.",
	    "relaying.bytes", 1 },
	{ "mpynet_relay_dropped_total", "counter", "Packets over a member's share.",
	    "relaying.dropped", 1 },
	{ "mpynet_state_version", "gauge", "Version of the network state in force.",
	    "network_state.version", 1 },
	{ "mpynet_state_next_update_timestamp_seconds", "gauge",
	    "When its successor is due, in Unix time.", "network_state.next_update", 1 },
	{ "mpynet_state_expiry_timestamp_seconds", "gauge", "When it ends, in Unix time.",
	    "network_state.expires", 1 },
	{ "mpynet_state_revoked", "gauge", "Entries of certificates, keys and CAs that it revokes.",
	    "network_state.revoked", 1 },
	{ "mpynet_state_refused_total", "counter", "States offered that did not verify.",
	    "network_state.refused", 1 },
	{ "mpynet_state_rollbacks_total", "counter", "Older states offered where a newer one was.",
	    "network_state.rollbacks", 1 },
	{ "mpynet_state_forks_total", "counter", "Other states of a version that was held.",
	    "network_state.forks", 1 },
	{ "mpynet_pins", "gauge", "Members whose key is pinned here.", "pins.count", 1 },
	{ "mpynet_pins_refused_total", "counter",
	    "Certificates refused because another key is pinned.", "pins.refused", 1 },
	{ "mpynet_sessions", "gauge", "Sessions of a lighthouse.", "clients.sessions", 1 },
	{ "mpynet_registrations", "gauge", "Members registered with a lighthouse.",
	    "clients.registrations", 1 },
	{ "mpynet_circuits", "gauge", "Pairs that a lighthouse relays for.", "clients.circuits", 1 },
	{ "mpynet_letters_waiting", "gauge", "Letters of studies for members that are away.",
	    "clients.letters", 1 },
	{ "mpynet_invitations", "gauge", "Invitations that a lighthouse knows.",
	    "enrolment.invitations", 1 },
	{ "mpynet_requests_waiting", "gauge", "Invited hosts that wait for an authority.",
	    "enrolment.requests", 1 },
	{ "mpynet_renewals_waiting", "gauge", "Members that wait for their next certificate.",
	    "enrolment.renewals", 1 },
	{ NULL },
};

/* Of each peer, or client of a lighthouse. */
static const struct metric peer_metrics[] = {
	{ "mpynet_peer_connected", "gauge", "1 if there are a session and a path.", "connected", 1 },
	{ "mpynet_peer_rtt_seconds", "gauge", "Round trip on the path in use.", "rtt_us", 1e-6 },
	{ "mpynet_peer_loss_ratio", "gauge", "Share of probes lost on the path in use.",
	    "loss_percent", 0.01 },
	{ "mpynet_peer_mtu_bytes", "gauge", "Largest inner packet of the route.", "mtu", 1 },
	{ "mpynet_peer_sent_bytes_total", "counter", "Bytes sent to the peer.", "tx_bytes", 1 },
	{ "mpynet_peer_received_bytes_total", "counter", "Bytes received from it.", "rx_bytes", 1 },
	{ "mpynet_peer_silence_seconds", "gauge", "Since it was last heard.", "last_s", 1 },
	{ "mpynet_peer_certificate_expiry_timestamp_seconds", "gauge",
	    "When its certificate ends, in Unix time.", "expires", 1 },
	{ "mpynet_peer_state_version", "gauge",
	    "Version of the network state that it holds, as it says.", "state_version", 1 },
	{ "mpynet_peer_circuits", "gauge", "Circuits relayed for it.", "circuits", 1 },
	{ "mpynet_peer_relayed_bytes_total", "counter", "Bytes relayed for it.", "relayed_bytes",
	    1 },
	{ NULL },
};

/* Of each lighthouse that a node knows. */
static const struct metric lighthouse_metrics[] = {
	{ "mpynet_lighthouse_registered", "gauge", "1 if this node is registered there.",
	    "registered", 1 },
	{ "mpynet_lighthouse_rtt_seconds", "gauge", "Round trip to it.", "rtt_us", 1e-6 },
	{ "mpynet_lighthouse_silence_seconds", "gauge", "Since it was last heard.", "last_s", 1 },
	{ NULL },
};

/*
 * The list of families: {"name", "type", "help", "samples": [{"labels": {}, "value": n}]}
 */

static json_t *
add_family(json_t *list, const char *name, const char *type, const char *help)
{
	json_t *samples = json_array();

	json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "name", name, "type", type,
					"help", help, "samples", samples));
	return samples;
}

/* Takes `labels`. */
static void
add_sample(json_t *samples, json_t *labels, double value)
{
	json_array_append_new(samples, json_pack("{s:o, s:f}", "labels", labels, "value", value));
}

static const json_t *
member(const json_t *body, const char *key)
{
	const char *dot = strchr(key, '.');
	char part[32];

	if (dot == NULL)
		return json_object_get(body, key);
	snprintf(part, sizeof(part), "%.*s", (int)(dot - key), key);
	return json_object_get(json_object_get(body, part), dot + 1);
}

/* A sample of `m` from `body`, if it has that member. */
static void
add_metric(json_t *samples, const struct metric *m, const json_t *body, json_t *labels)
{
	const json_t *value = member(body, m->key);

	if (json_is_number(value))
		add_sample(samples, labels, json_number_value(value) * m->scale);
	else if (json_is_boolean(value))
		add_sample(samples, labels, json_is_true(value));
	else
		json_decref(labels);
}

/* Every metric of a table, with a sample for each row whose name becomes the label. */
static void
add_rows(json_t *list, const struct metric *metrics, const json_t *rows, const char *label)
{
	json_t *row;
	size_t i;

	for (const struct metric *m = metrics; m->name != NULL; m++) {
		json_t *samples = add_family(list, m->name, m->type, m->help);

		json_array_foreach(rows, i, row)
			add_metric(samples, m, row,
			    json_pack("{s:O}", label, json_object_get(row, "name")));
	}
}

/* Words as labels: which path each peer has, and why. */
static void
add_words(json_t *list, const json_t *peers)
{
	json_t *paths = add_family(list, "mpynet_peer_path", "gauge",
	    "1 for the kind of the path in use, and its relay.");
	json_t *whys = add_family(list, "mpynet_peer_why", "gauge",
	    "1 for the reason why it is reached so; `mpynet why --codes` lists them.");
	json_t *row;
	size_t i;

	json_array_foreach(peers, i, row)
	{
		json_t *name = json_object_get(row, "name"), *path = json_object_get(row, "path");
		json_t *why = json_object_get(row, "why");

		if (path != NULL)
			add_sample(paths, json_pack("{s:O, s:O, s:O*}", "peer", name, "path",
					      json_object_get(path, "kind"), "relay",
					      json_object_get(path, "relay")),
			    1);
		if (why != NULL)
			add_sample(whys, json_pack("{s:O, s:O}", "peer", name, "why", why), 1);
	}
}

static void
add_counters(json_t *list, json_t *counters)
{
	json_t *samples = add_family(list, "mpynet_events_total", "counter",
	    "What was counted, by the words of `mpynet status --json`.");
	const char *event;
	json_t *value;

	json_object_foreach(counters, event, value)
		add_sample(samples, json_pack("{s:s}", "event", event), json_number_value(value));
}

static json_t *
families(const json_t *status, const json_t *peers)
{
	json_t *list = json_array();
	const json_t *rows = json_object_get(peers, "peers");

	add_sample(add_family(list, "mpynet_info", "gauge", "1, with what this daemon is."),
	    json_pack("{s:O*, s:O*, s:O*, s:O*}", "name", json_object_get(status, "name"), "role",
		json_object_get(status, "role"), "network", json_object_get(status, "network"),
		"version", json_object_get(status, "version")),
	    1);
	for (const struct metric *m = daemon_metrics; m->name != NULL; m++)
		add_metric(add_family(list, m->name, m->type, m->help), m, status, json_object());
	add_rows(list, lighthouse_metrics, json_object_get(status, "lighthouses"), "lighthouse");
	add_rows(list, peer_metrics, rows, "peer");
	add_words(list, rows);
	add_counters(list, json_object_get(status, "counters"));
	return list;
}

/*
 * The text format, version 0.0.4
 */

/* Backslash, quote and newline are the format's; what else is not printable has no place in it. */
static void
put_label(FILE *to, const char *key, const char *text, bool first)
{
	fprintf(to, "%s%s=\"", first ? "{" : ",", key);
	for (; *text != '\0'; text++) {
		if (*text == '\\' || *text == '"')
			fprintf(to, "\\%c", *text);
		else
			fputc(*text >= 0x20 && *text < 0x7f ? *text : '?', to);
	}
	fputc('"', to);
}

static void
put_sample(FILE *to, const char *name, const json_t *sample)
{
	json_t *labels = json_object_get(sample, "labels"), *label;
	bool first = true;
	const char *key;

	fputs(name, to);
	json_object_foreach(labels, key, label)
	{
		put_label(to, key, json_is_string(label) ? json_string_value(label) : "", first);
		first = false;
	}
	fprintf(to, "%s %.15g\n", first ? "" : "}",
	    json_number_value(json_object_get(sample, "value")));
}

static void
put_families(FILE *to, const json_t *list)
{
	json_t *family, *sample;
	size_t i, j;

	json_array_foreach(list, i, family)
	{
		const char *name = json_string_value(json_object_get(family, "name"));
		const json_t *samples = json_object_get(family, "samples");

		if (json_array_size(samples) == 0)
			continue;
		fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name,
		    json_string_value(json_object_get(family, "help")), name,
		    json_string_value(json_object_get(family, "type")));
		json_array_foreach(samples, j, sample)
			put_sample(to, name, sample);
	}
	fflush(to);
}

int
cmd_metrics(struct context *c, const struct args *a, struct err *e)
{
	json_t *status, *peers, *body;
	int r = talk_call(c, "status", NULL, &status, e);

	(void)a;
	if (r != 0)
		return r;
	r = talk_call(c, "peers", NULL, &peers, e);
	if (r != 0) {
		json_decref(status);
		return r;
	}
	body = output_body(1);
	json_object_set_new(body, "metrics", families(status, peers));
	if (c->out.format == OUTPUT_JSON)
		output_stream(&c->out, body, NULL);
	else
		put_families(c->out.to, json_object_get(body, "metrics"));
	json_decref(body);
	json_decref(peers);
	json_decref(status);
	return EXIT_DONE;
}
