/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control.c - a lighthouse's answers on its control socket.
 */
#include "lighthouse/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/nat.h"
#include "host/body.h"
#include "host/statebody.h"
#include "host/verbs.h"
#include "lighthouse/shell.h"
#include "lighthouse/swap.h"

static json_t *
clients_body(const struct beacon_totals *t)
{
	json_t *body = json_object();

	body_number(body, "sessions", t->sessions);
	body_number(body, "registrations", t->registrations);
	body_number(body, "circuits", t->circuits);
	body_number(body, "letters", t->letters);
	return body;
}

/* What is kept for an authority, and for hosts that wait for it. */
static json_t *
enrolment_body(const struct beacon_totals *t)
{
	json_t *body = json_object();

	body_number(body, "invitations", t->tokens);
	body_number(body, "requests", t->pleas);
	body_number(body, "renewals", t->renewals);
	body_number(body, "answers", t->mail);
	return body;
}

static json_t *
counters_body(const struct beacon_totals *t)
{
	json_t *body = json_object();

	body_number(body, "handshakes", t->handshakes);
	body_number(body, "refused", t->refused);
	body_number(body, "unauthentic", t->unauthentic);
	body_number(body, "cookies", t->cookies);
	body_number(body, "queries", t->queries);
	body_number(body, "answers", t->answers);
	body_number(body, "introductions", t->introductions);
	body_number(body, "relayed_packets", t->relayed_packets);
	body_number(body, "relayed_bytes", t->relayed_bytes);
	body_number(body, "relay_dropped", t->relay_dropped);
	body_number(body, "bad_frames", t->bad_frames);
	body_number(body, "limited", t->limited);
	body_number(body, "stun", t->stun);
	return body;
}

/* The port on which streams are taken (0: none), and how many there are. */
static json_t *
tcp_body(const struct lighthouse *l)
{
	json_t *body = json_object();

	body_number(body, "port", l->streams.port);
	body_number(body, "streams", l->streams.count);
	body_number(body, "refused", l->streams.refused);
	return body;
}

/* Where it listens, one text for each main socket. */
static json_t *
listen_body(const struct lighthouse *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < 2; i++) {
		struct addr at = { .family = l->udp[i].family, .port = l->udp[i].port };
		char text[ADDR_TEXT_MAX];

		if (l->udp[i].fd >= 0)
			json_array_append_new(list, json_string(addr_format(text, &at)));
	}
	return list;
}

/* The endpoints of the setting `public`. */
static json_t *
public_body(struct lighthouse *l)
{
	const struct setting *s = setting_find(lighthouse_settings, "public", NULL);
	char value[SETTING_VALUE_MAX], *next = value, *one;
	json_t *list = json_array();

	if (setting_get(&l->store.settings, s, value, NULL) < 0 || value[0] == '\0')
		return list;
	while ((one = strsep(&next, ",")) != NULL)
		json_array_append_new(list, json_string(one));
	return list;
}

static struct statebody
network_state(const struct lighthouse *l)
{
	struct statebody s = { .halted = false };

	beacon_state_view(l->beacon, clock_now(), &s.view, &s.revoked);
	return s;
}

static json_t *
warnings_body(const struct lighthouse *l)
{
	struct statebody state = network_state(l);
	json_t *list = json_array();

	body_warn_state(list, &state);
	body_warn_keep(list, &l->keep);
	return list;
}

static int
verb_status(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct lighthouse *l = ctx;
	struct instant now = clock_now();
	struct statebody state = network_state(l);
	struct beacon_totals totals;
	json_t *body = body_new(1), *warnings;

	(void)r;
	(void)err;
	beacon_totals(l->beacon, &totals);
	body_text(body, "role", "lighthouse");
	body_text(body, "state", l->stopping ? "stopping" : "ready");
	body_identity(body, &l->me, &l->root);
	body_text(body, "version", MPYNET_VERSION);
	body_number(body, "pid", (uint64_t)getpid());
	body_seconds_since(body, "uptime_s", l->started, now.mono);
	body_put(body, "listen", listen_body(l));
	body_put(body, "public", public_body(l));
	body_put(body, "tcp", tcp_body(l));
	body_flag(body, "stun", l->stun);
	body_flag(body, "relay", l->relay);
	body_put(body, "clients", clients_body(&totals));
	body_put(body, "enrolment", enrolment_body(&totals));
	body_put(body, "counters", counters_body(&totals));
	warnings = warnings_body(l);
	lighthouse_swap_show(l, now, body, warnings);
	body_put(body, "warnings", warnings);
	body_state(body, &state);
	*ret = body;
	return 0;
}

static void
fill_client(json_t *row, const struct beacon_client *c)
{
	body_text(row, "name", c->name);
	body_ip(row, "ip", c->address);
	body_key(row, "key", c->key);
	body_addr(row, "observed", &c->observed);
	body_text(row, "over", c->in_stream ? "TCP" : "UDP");
	body_text(row, "nat", nat_words(&c->nat));
	body_flag(row, "session", c->session);
	body_number(row, "last_s", c->heard / USEC_PER_SEC);
	body_number(row, "expires", c->not_after);
	body_number(row, "circuits", c->circuits);
	body_number(row, "relayed_bytes", c->relayed_bytes);
}

static int
by_name(const void *a, const void *b)
{
	const struct beacon_client *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* All clients by name; the caller frees. Returns how many. */
static size_t
sorted_clients(struct lighthouse *l, struct beacon_client **ret)
{
	struct instant now = clock_now();
	struct beacon_totals t;
	size_t cursor = 0, n = 0, room;

	beacon_totals(l->beacon, &t);
	room = (size_t)t.sessions + t.registrations;
	*ret = calloc(room + 1, sizeof(**ret));
	while (*ret && n < room && beacon_next_client(l->beacon, now, &cursor, &(*ret)[n]))
		n++;
	if (n > 0)
		qsort(*ret, n, sizeof(**ret), by_name);
	return n;
}

static int
verb_peers(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct lighthouse *l = ctx;
	json_t *body = body_new(1), *list = json_array();
	struct beacon_client *clients;
	size_t n = sorted_clients(l, &clients);

	(void)r;
	(void)err;
	for (size_t i = 0; i < n; i++) {
		json_t *row = json_object();

		fill_client(row, &clients[i]);
		json_array_append_new(list, row);
	}
	free(clients);
	body_text(body, "role", "lighthouse");
	body_put(body, "peers", list);
	*ret = body;
	return 0;
}

/* Is this client called so, or has it this overlay address? */
static bool
answers_to(const struct beacon_client *c, const char *name)
{
	struct ip ip;

	return strcmp(c->name, name) == 0 ||
	    (ip_parse(&ip, name) == 0 && ip_equal(ip, c->address));
}

static int
verb_peer(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct lighthouse *l = ctx;
	const char *name = verb_text(r, "name");
	struct instant now = clock_now();
	struct beacon_client c;
	size_t cursor = 0;

	if (!name)
		return err_set(err, -EINVAL, "\"peer\" wants a \"name\"");
	while (beacon_next_client(l->beacon, now, &cursor, &c)) {
		if (!answers_to(&c, name))
			continue;
		*ret = body_new(1);
		body_text(*ret, "role", "lighthouse");
		fill_client(*ret, &c);
		return 0;
	}
	return err_set(err, ERR_UNKNOWN, "\"%.64s\" has not been heard of here", name);
}

static int
verb_get(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct lighthouse *l = ctx;

	return verb_get_setting(&l->store.settings, lighthouse_settings, r, ret, err);
}

static int
verb_set(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct lighthouse *l = ctx;
	int rc = verb_set_setting(&l->store.settings, lighthouse_settings, r, err);

	return rc < 0 ? rc : verb_get(l, r, ret, err);
}

static int
verb_unset(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct lighthouse *l = ctx;
	int rc = verb_unset_setting(&l->store.settings, lighthouse_settings, r, err);

	return rc < 0 ? rc : verb_get(l, r, ret, err);
}

static int
verb_state(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct lighthouse *l = ctx;
	struct statebody state;
	struct brought b;
	int rc;

	if (verb_text(r, "blob") == NULL) {
		state = network_state(l);
		return body_held(ret, &state, err);
	}
	rc = brought_read(&b, r, err);
	if (rc < 0)
		return rc;
	rc = beacon_bring_state(l->beacon, clock_now(), b.bytes, b.len, &l->out, err);
	free(b.bytes);
	lighthouse_settle(l);
	if (rc < 0)
		return rc;
	state = network_state(l);
	*ret = body_brought(&state);
	return 0;
}

static int
verb_reload(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct lighthouse *l = ctx;
	int rc = lighthouse_reload(l, err);

	return rc < 0 ? rc : verb_status(l, r, ret, err);
}

static int
verb_stop(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct lighthouse *l = ctx;

	(void)r;
	(void)err;
	*ret = body_new(1);
	body_text(*ret, "name", l->me.cert.name);
	lighthouse_stop(l);
	return 0;
}

static const struct verb verbs[] = {
	{ "status", false, verb_status },
	{ "peers", false, verb_peers },
	{ "peer", false, verb_peer },
	{ "get", false, verb_get },
	{ "set", true, verb_set },
	{ "unset", true, verb_unset },
	{ "renew", true, lighthouse_swap_verb },
	{ "state", true, verb_state },
	{ "reload", true, verb_reload },
	{ "stop", true, verb_stop },
	{ NULL },
};

void
lighthouse_control(void *ctx, const struct ctl_request *r)
{
	struct lighthouse *l = ctx;

	verbs_answer(&l->ctl, "a lighthouse", verbs, l, r);
}
