/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control.c - a node's answers on its control socket.
 */
#include "node/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/body.h"
#include "host/statebody.h"
#include "host/verbs.h"
#include "node/netverb.h"
#include "node/pinverb.h"
#include "node/rows.h"
#include "node/shell.h"
#include "node/studyverb.h"
#include "node/swap.h"
#include "node/view.h"

#define COUNTERS_MAX 96

/* Rows of `routes`: one for each address of each peer. */
#define ROUTES_MAX (2 * PEERS_MAX_DEFAULT)

static bool
any_registered(const struct view_status *v)
{
	for (size_t i = 0; i < v->lighthouse_count; i++)
		if (v->lighthouses[i].registered)
			return true;
	return false;
}

static struct statebody
network_state(const struct node *n)
{
	struct view_state v;

	view_state(n->mesh, clock_now(), &v);
	return (struct statebody){ v.spread, v.revoked, v.halted };
}

static json_t *
warnings_body(struct node *n, const struct view_status *v)
{
	struct statebody state = network_state(n);
	json_t *list = json_array();

	body_warn_state(list, &state);
	if (v->lighthouse_count == 0)
		body_warning(list, "the bundle names no lighthouse: only peers that are known "
		    "already can be reached; ask for a newer one and join it");
	else if (!any_registered(v))
		body_warning(list, "no lighthouse answers: only peers that are known already can be "
		    "reached");
	for (size_t i = 0; i < n->name_count; i++)
		if (n->names[i].resolve.failed)
			body_warning(list, "%s of the lighthouse %s cannot be looked up",
			    n->names[i].resolve.host, n->names[i].lighthouse);
	pinverb_warn(n, list);
	studyverb_warn(n, list);
	body_warn_keep(list, &n->keep);
	return list;
}

static json_t *
counts_body(const struct view_status *v)
{
	json_t *body = json_object();

	body_number(body, "known", v->peers_known);
	body_number(body, "connected", v->peers_connected);
	body_number(body, "direct", v->peers_direct);
	body_number(body, "relayed", v->peers_relayed);
	return body;
}

/* What was dropped, and why, for whoever looks for a fault. */
static json_t *
counters_body(const struct mesh *m)
{
	struct view_counter all[COUNTERS_MAX];
	size_t count = view_counters(m, all, COUNTERS_MAX);
	json_t *body = json_object();

	for (size_t i = 0; i < min_u64(count, COUNTERS_MAX); i++)
		body_number(body, all[i].name, all[i].value);
	return body;
}

/* What passes through us between others; nothing where we do not relay. */
static void
put_relaying(json_t *body, const struct view_status *v)
{
	json_t *row;

	if (!v->relays)
		return;
	row = json_object();
	body_number(row, "circuits", v->circuits);
	body_number(row, "packets", v->relayed_packets);
	body_number(row, "bytes", v->relayed_bytes);
	body_number(row, "dropped", v->relay_dropped);
	body_put(body, "relaying", row);
}

static const char *
state_word(const struct node *n, const struct view_status *v)
{
	if (n->stopping)
		return "stopping";
	return any_registered(v) || v->peers_connected > 0 ? "ready" : "starting";
}

static int
verb_status(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	struct instant now = clock_now();
	struct statebody state = network_state(n);
	struct view_status v;
	json_t *body = body_new(1), *warnings;

	(void)r;
	(void)err;
	view_status(n->mesh, now, &v);
	body_text(body, "role", home_role_name(n->home.role));
	body_text(body, "state", state_word(n, &v));
	body_identity(body, &n->me, &n->root);
	body_text(body, "version", MPYNET_VERSION);
	body_number(body, "pid", (uint64_t)getpid());
	body_seconds_since(body, "uptime_s", n->started, now.mono);
	if (node_has_device(n))
		body_text(body, "interface", n->tun.name);
	attach_show(n, body);
	body_number(body, "port", n->udp[n->udp[0].fd < 0].port);
	body_put(body, "peers", counts_body(&v));
	body_number(body, "tx_bytes", v.tx_bytes);
	body_number(body, "rx_bytes", v.rx_bytes);
	body_flag(body, "allow_all", v.allow_all);
	put_relaying(body, &v);
	body_put(body, "counters", counters_body(n->mesh));
	body_text(body, "port_mapping", mapper_state_word(&n->mapper));
	body_put(body, "mappings", rows_of_mappings(n->mesh));
	body_put(body, "lighthouses", rows_of_lighthouses(&v, now.mono));
	warnings = warnings_body(n, &v);
	swap_show(n, now, body, warnings);
	pinverb_show(n, body);
	body_put(body, "warnings", warnings);
	body_state(body, &state);
	seat_show(n, body);
	*ret = body;
	return 0;
}

static int
verb_peers(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	struct instant now = clock_now();
	json_t *body = body_new(1), *list = json_array();
	struct view_peer p;
	char after[NAME_MAX_LEN + 1] = "";

	(void)r;
	(void)err;
	while (view_peer_next(n->mesh, now, after, &p)) {
		json_t *row = json_object();

		row_peer(row, &p, now.mono);
		json_array_append_new(list, row);
		strcpy(after, p.name);
	}
	pinverb_peers(n, list);
	body_text(body, "role", "node");
	body_put(body, "peers", list);
	*ret = body;
	return 0;
}

/* The peer that has the overlay address `ip`. */
static bool
find_by_ip(struct node *n, struct instant now, struct ip ip, struct view_peer *ret)
{
	char after[NAME_MAX_LEN + 1] = "";

	while (view_peer_next(n->mesh, now, after, ret)) {
		for (size_t i = 0; i < ret->ip_count; i++)
			if (ip_equal(ret->ips[i], ip))
				return true;
		strcpy(after, ret->name);
	}
	return false;
}

void
node_name_of(struct node *n, struct ip ip, char to[static 64])
{
	struct view_peer p;

	if (find_by_ip(n, clock_now(), ip, &p))
		strcpy(to, p.name);
}

static int
verb_peer(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	const char *name = verb_text(r, "name");
	struct instant now = clock_now();
	struct view_peer p;
	struct ip ip;
	bool found;

	if (!name)
		return err_set(err, -EINVAL, "\"peer\" wants the \"name\" or address of a host");
	if (ip_parse(&ip, name) == 0)
		found = find_by_ip(n, now, ip, &p);
	else
		found = view_peer(n->mesh, now, name, &p) == 0;
	if (!found)
		return err_set(err, ERR_UNKNOWN, "there is no peer \"%.64s\"; "
		    "a ping to it asks the lighthouses", name);
	*ret = body_new(1);
	body_text(*ret, "role", "node");
	row_peer(*ret, &p, now.mono);
	if (p.connected)
		body_number(*ret, "session_age_s", p.session_age / USEC_PER_SEC);
	body_number(*ret, "tx_packets", p.tx_packets);
	body_number(*ret, "rx_packets", p.rx_packets);
	if (p.version[0] != '\0') {
		body_text(*ret, "version", p.version);
		body_put(*ret, "clock_apart_s", json_integer((json_int_t)p.clock_apart));
	}
	body_put(*ret, "paths", rows_of_paths(&p, now.mono));
	return 0;
}

static int
verb_routes(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	struct view_route *routes = calloc(ROUTES_MAX, sizeof(*routes));
	json_t *body = body_new(1), *list = json_array();
	size_t count = routes ? view_routes(n->mesh, routes, ROUTES_MAX) : 0;

	(void)r;
	(void)err;
	for (size_t i = 0; i < min_u64(count, ROUTES_MAX); i++) {
		json_t *row = json_object();
		char text[PREFIX_TEXT_MAX];

		body_text(row, "to", prefix_format(text, routes[i].to));
		body_text(row, "via", routes[i].via);
		body_number(row, "mtu", routes[i].mtu);
		body_text(row, "path", row_path_word(routes[i].path));
		json_array_append_new(list, row);
	}
	free(routes);
	body_put(body, "routes", list);
	*ret = body;
	return 0;
}

static int
verb_get(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;

	return verb_get_setting(&n->store.settings, node_settings, r, ret, err);
}

/* The answer to what changed a setting, which takes effect now if it can. */
static int
changed(struct node *n, const struct ctl_request *r, json_t **ret, struct err *err)
{
	int rc = node_configure(n, err);

	return rc < 0 ? rc : verb_get(n, r, ret, err);
}

static int
verb_set(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	int rc = verb_set_setting(&n->store.settings, node_settings, r, err);

	return rc < 0 ? rc : changed(n, r, ret, err);
}

static int
verb_unset(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	int rc = verb_unset_setting(&n->store.settings, node_settings, r, err);

	return rc < 0 ? rc : changed(n, r, ret, err);
}

static int
verb_rules(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	struct mesh_settings s;
	json_t *body, *list;
	int rc = node_store_load(&n->store, &s, err);

	(void)r;
	if (rc < 0)
		return rc;
	list = json_array();
	for (size_t i = 0; i < s.rule_count; i++) {
		char text[FIREWALL_RULE_TEXT_MAX];
		json_t *row = json_object();

		body_text(row, "rule", firewall_rule_format(text, &s.rules[i]));
		json_array_append_new(list, row);
	}
	body = body_new(1);
	body_flag(body, "allow_all", s.allow_all);
	body_put(body, "rules", list);
	*ret = body;
	return 0;
}

/* `allow` and `disallow`, which differ in what they do to the store. */
static int
change_rule(struct node *n, const struct ctl_request *r, json_t **ret, struct err *err,
    int (*change)(struct store *s, const char *rule, struct err *err))
{
	const char *rule = verb_text(r, "rule");
	int rc;

	if (!rule)
		return err_set(err, -EINVAL, "\"%s\" wants a \"rule\"", r->verb);
	rc = change(&n->store, rule, err);
	if (rc == 0)
		rc = node_configure(n, err);
	return rc < 0 ? rc : verb_rules(n, r, ret, err);
}

static int
verb_allow(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;

	return change_rule(n, r, ret, err, node_store_allow);
}

static int
verb_disallow(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;

	return change_rule(n, r, ret, err, node_store_disallow);
}

static int
verb_ping(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;

	(void)ret;		/* answers come as a stream */
	return ping_start(n, r, err);
}

static int
verb_why(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;

	(void)ret;		/* the peer is asked first */
	return ask_start(n, r, err);
}

static int
verb_state(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	struct statebody state;
	struct brought b;
	int rc;

	if (verb_text(r, "blob") == NULL) {
		state = network_state(n);
		return body_held(ret, &state, err);
	}
	rc = brought_read(&b, r, err);
	if (rc < 0)
		return rc;
	rc = mesh_bring_state(n->mesh, clock_now(), b.bytes, b.len, &n->out, err);
	free(b.bytes);
	node_settle(n);
	if (rc < 0)
		return rc;
	state = network_state(n);
	*ret = body_brought(&state);
	return 0;
}

static int
verb_reload(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	int rc = node_reload(n, err);

	return rc < 0 ? rc : verb_status(n, r, ret, err);
}

static int
verb_stop(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;

	(void)r;
	(void)err;
	*ret = body_new(1);
	body_text(*ret, "name", n->me.cert.name);
	node_stop(n);
	return 0;
}

static const struct verb verbs[] = {
	{ "status", false, verb_status },
	{ "peers", false, verb_peers },
	{ "peer", false, verb_peer },
	{ "ping", false, verb_ping },
	{ "why", false, verb_why },
	{ "netcheck", false, netverb_run },
	{ "routes", false, verb_routes },
	{ "studies", false, studyverb_list },
	{ "study", false, studyverb_show },
	{ "get", false, verb_get },
	{ "rules", false, verb_rules },
	{ "set", true, verb_set },
	{ "unset", true, verb_unset },
	{ "allow", true, verb_allow },
	{ "disallow", true, verb_disallow },
	{ "pins", false, pinverb_list },
	{ "pin", true, pinverb_pin },
	{ "unpin", true, pinverb_unpin },
	{ "study_new", true, studyverb_new },
	{ "study_accept", true, studyverb_accept },
	{ "study_close", true, studyverb_close },
	{ "renew", true, swap_verb },
	{ "state", true, verb_state },
	{ "run", false, runverb_run },
	{ "run_ended", false, runverb_ended },
	{ "run_stopped", false, runverb_stopped },
	{ "run_abort", false, runverb_abort },
	{ "runs", false, runverb_list },
	{ "attach", false, attach_verb },
	{ "detach", false, detach_verb },
	{ "reload", true, verb_reload },
	{ "stop", true, verb_stop },
	{ NULL },
};

void
node_control(void *ctx, const struct ctl_request *r)
{
	struct node *n = ctx;

	verbs_answer(&n->ctl, node_has_device(n) ? "a node" : "an authority's node", verbs, n, r);
}
