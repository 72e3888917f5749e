/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netverb.c - what was measured of the network, in a body.
 */
#include "node/netverb.h"

#include "core/nat.h"
#include "host/body.h"
#include "node/rows.h"
#include "node/shell.h"
#include "node/verdict.h"
#include "node/view.h"

/* A node that has just started is given that long to find its lighthouses. */
#define START_PATIENCE (5 * USEC_PER_SEC)

/* A fact that is not known is left out. */
static void
put_fact(json_t *body, const char *key, enum netcheck_fact fact)
{
	if (fact != FACT_UNKNOWN)
		body_flag(body, key, fact == FACT_YES);
}

static void
put_public(json_t *body, const struct netcheck *n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n->public_count; i++) {
		char text[ADDR_TEXT_MAX];

		json_array_append_new(list, json_string(addr_format(text, &n->public[i])));
	}
	body_put(body, "public", list);
}

static void
put_v4(json_t *body, const struct netcheck *n)
{
	char text[VERDICT_TEXT_MAX];

	if (n->nat.mapping == NAT_MAPPING_UNKNOWN)
		return;
	body_text(body, "mapping", nat_mapping_word(n->nat.mapping));
	body_text(body, "filtering", nat_filtering_word(n->nat.filtering));
	body_text(body, "ports", verdict_ports(text, n));
	body_flag(body, "pooled", (n->nat.flags & NAT_POOLED) != 0);
	put_fact(body, "hairpin", n->hairpin);
	if (n->hops != 0)
		body_number(body, "hops", n->hops);
}

static void
put_life(json_t *body, const struct view_netcheck *v)
{
	const struct netcheck_life *life = &v->found.life;

	if (life->s != 0)
		body_number(body, "mapping_life_s", life->s);
	if (life->below_s != 0)
		body_number(body, "mapping_life_below_s", life->below_s);
	body_flag(body, "mapping_life_running", v->life_runs);
	body_number(body, "keepalive_s", v->keepalive / USEC_PER_SEC);
}

static void
put_v6(json_t *body, const struct netcheck *n)
{
	json_t *row;

	if (n->v6 == FACT_UNKNOWN)
		return;
	row = json_object();
	put_fact(row, "udp", n->v6);
	put_fact(row, "translated", n->v6_translated);
	if (n->v6_filtering != NAT_FILTERING_UNKNOWN)
		body_text(row, "filtering", nat_filtering_word(n->v6_filtering));
	body_put(body, "ipv6", row);
}

/* Does a router pass a port on to us, where lighthouses see it? */
static bool
is_mapped(const struct mesh *m)
{
	struct mapping held[MESH_MAPPINGS_MAX];
	size_t count = view_mappings(m, held, ARRAY_LEN(held));

	for (size_t i = 0; i < count && i < ARRAY_LEN(held); i++)
		if (!held[i].double_nat)
			return true;
	return false;
}

int
netverb_run(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	struct instant now = clock_now();
	struct view_netcheck v;
	struct view_status s;
	char text[VERDICT_TEXT_MAX];
	json_t *body = body_new(1);

	(void)err;
	if (json_is_true(json_object_get(r->args, "again"))) {
		mesh_measure(n->mesh, now, &n->out);
		node_settle(n);
	}
	view_netcheck(n->mesh, &v);
	view_status(n->mesh, now, &s);
	body_flag(body, "running", v.running ||
	    (v.found.measured_at == 0 && now.mono - n->started < START_PATIENCE));
	body_seconds_since(body, "measured_s", v.found.measured_at, now.mono);
	put_fact(body, "udp", v.found.udp);
	put_public(body, &v.found);
	put_v4(body, &v.found);
	put_life(body, &v);
	put_v6(body, &v.found);
	body_text(body, "port_mapping", mapper_state_word(&n->mapper));
	body_put(body, "mappings", rows_of_mappings(n->mesh));
	body_put(body, "lighthouses", rows_of_lighthouses(&s, now.mono));
	body_text(body, "means", verdict_text(text, &v.found, is_mapped(n->mesh)));
	if (verdict_doubt(&v.found) != NULL)
		body_text(body, "doubt", verdict_doubt(&v.found));
	*ret = body;
	return 0;
}
