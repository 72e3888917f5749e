/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rows.c - a node's peers and paths as members of a body.
 */
#include "node/rows.h"

#include "core/nat.h"
#include "host/body.h"

const char *
row_path_word(enum path_class path)
{
	switch (path) {
	case PATH_LAN:
		return "lan";
	case PATH_DIRECT:
		return "direct";
	case PATH_RELAY:
		return "relay";
	case PATH_STREAM:
		return "stream";
	default:
		return "none";
	}
}

/* The members of a path that identify it. */
static void
fill_path(json_t *row, enum path_class path, const struct addr *at, const char *relay)
{
	body_text(row, "kind", row_path_word(path));
	if (path != PATH_NONE)
		body_addr(row, "at", at);
	if (path == PATH_RELAY)
		body_text(row, "relay", relay);
}

void
row_path(json_t *body, enum path_class path, const struct addr *at, const char *relay)
{
	json_t *row = json_object();

	fill_path(row, path, at, relay);
	body_put(body, "path", row);
}

static json_t *
flags_body(uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} words[] = {
		{ CERT_LIGHTHOUSE, "lighthouse" },
		{ CERT_RELAY, "relay" },
		{ CERT_GATEWAY, "gateway" },
		{ CERT_STOCK, "stock" },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (flags & words[i].flag)
			json_array_append_new(list, json_string(words[i].word));
	return list;
}

/* What is measured of one path. */
static void
fill_measures(json_t *row, const struct view_path *path)
{
	if (path->rtt != 0)
		body_number(row, "rtt_us", path->rtt);
	body_number(row, "loss_percent", path->loss_percent);
	body_number(row, "mtu", path->mtu);
}

/* The path in use; one of no kind when there is none. */
const struct view_path *
row_path_in_use(const struct view_peer *p)
{
	static const struct view_path none = { .path = PATH_NONE };

	for (size_t i = 0; i < p->path_count; i++)
		if (p->paths[i].in_use)
			return &p->paths[i];
	return &none;
}

/* The members of a peer that its row in `peers` has. */
void
row_peer(json_t *row, const struct view_peer *p, usec_t now)
{
	const struct view_path *path = row_path_in_use(p);
	json_t *ips = json_array();

	for (size_t i = 0; i < p->ip_count; i++) {
		char text[ADDR_TEXT_MAX];

		json_array_append_new(ips, json_string(ip_format(text, p->ips[i])));
	}
	body_text(row, "name", p->name);
	if (p->ip_count > 0)
		body_ip(row, "ip", p->ips[0]);
	body_put(row, "ips", ips);
	body_key(row, "key", p->key);
	body_hex(row, "fingerprint", p->fingerprint, sizeof(p->fingerprint));
	body_number(row, "serial", p->serial);
	body_put(row, "flags", flags_body(p->flags));
	body_flag(row, "connected", p->connected);
	row_path(row, path->path, &path->at, path->relay);
	if (path->path != PATH_NONE)
		fill_measures(row, path);
	body_number(row, "mtu", p->mtu);
	if (p->has_nat)
		body_text(row, "nat", nat_words(&p->nat));
	body_number(row, "tx_bytes", p->tx_bytes);
	body_number(row, "rx_bytes", p->rx_bytes);
	body_seconds_since(row, "last_s", p->last_rx, now);
	body_number(row, "expires", p->not_after);
	body_number(row, "state_version", p->state_version);
	body_text(row, "why", why_word(p->why.code));
}

json_t *
rows_of_paths(const struct view_peer *p, usec_t now)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->path_count; i++) {
		const struct view_path *path = &p->paths[i];
		json_t *row = json_object();

		fill_path(row, path->path, &path->at, path->relay);
		body_text(row, "state", view_path_state_word(path->state));
		body_text(row, "origin", path->origin);
		body_flag(row, "in_use", path->in_use);
		body_number(row, "tries", path->tries);
		fill_measures(row, path);
		if (path->rtt != 0)
			body_number(row, "rtt_var_us", path->rtt_var);
		if (path->held_until > now)
			body_number(row, "held_s", (path->held_until - now) / USEC_PER_SEC);
		body_seconds_since(row, "last_rx_s", path->last_rx, now);
		body_seconds_since(row, "last_tx_s", path->last_tx, now);
		json_array_append_new(list, row);
	}
	return list;
}

json_t *
rows_of_lighthouses(const struct view_status *v, usec_t now)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->lighthouse_count; i++) {
		const struct view_lighthouse *lh = &v->lighthouses[i];
		json_t *row = json_object();

		body_text(row, "name", lh->name);
		body_ip(row, "ip", lh->ip);
		body_addr(row, "at", &lh->at);
		body_flag(row, "registered", lh->registered);
		body_text(row, "over", lh->over_tcp ? "TCP" : "UDP");
		if (lh->rtt != 0)
			body_number(row, "rtt_us", lh->rtt);
		body_addr(row, "observed", &lh->observed);
		body_seconds_since(row, "last_s", lh->last_rx, now);
		json_array_append_new(list, row);
	}
	return list;
}

json_t *
rows_of_mappings(const struct mesh *m)
{
	struct mapping held[MESH_MAPPINGS_MAX];
	size_t count = view_mappings(m, held, ARRAY_LEN(held));
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *row = json_object();

		body_addr(row, "external", &held[i].external);
		body_text(row, "method", mapping_method_word(held[i].method));
		body_number(row, "lifetime_s", held[i].lifetime);
		body_flag(row, "double_nat", held[i].double_nat);
		json_array_append_new(list, row);
	}
	return list;
}
