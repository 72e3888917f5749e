/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ping.c - the verb `ping`: echo requests through the mesh, and a stream of what came of them.
 */
#include "node/ping.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/body.h"
#include "host/verbs.h"
#include "node/control.h"
#include "node/rows.h"
#include "node/shell.h"
#include "node/view.h"

/* How often a name that is being looked up is tried. */
#define LOOK_EVERY (50 * USEC_PER_MS)

static usec_t *
slot_of(struct pinging *p, uint64_t seq)
{
	return &p->sent_at[seq % PING_WINDOW];
}

/* An integer argument within its bounds; `fallback` when it is absent. */
static int
get_number(const json_t *args, const char *key, uint64_t fallback, uint64_t min, uint64_t max,
    uint64_t *ret, struct err *err)
{
	const json_t *value = json_object_get(args, key);
	json_int_t number = json_integer_value(value);

	*ret = fallback;
	if (!value)
		return 0;
	if (!json_is_integer(value) || number < (json_int_t)min || number > (json_int_t)max)
		return err_set(err, -EINVAL, "\"%s\" is a number from %llu to %llu", key,
		    (unsigned long long)min, (unsigned long long)max);
	*ret = (uint64_t)number;
	return 0;
}

static int
read_arguments(struct pinging *p, const json_t *args, struct err *err)
{
	uint64_t interval, timeout, size;
	int rc = get_number(args, "count", 0, 0, PING_COUNT_MAX, &p->count, err);

	if (rc == 0)
		rc = get_number(args, "interval_ms", PING_INTERVAL_MS, PING_INTERVAL_MIN_MS,
		    PING_INTERVAL_MAX_MS, &interval, err);
	if (rc == 0)
		rc = get_number(args, "timeout_ms", PING_TIMEOUT_MS, 1, PING_TIMEOUT_MAX_MS,
		    &timeout, err);
	if (rc == 0)
		rc = get_number(args, "size", PING_SIZE, 0, PING_SIZE_MAX, &size, err);
	if (rc < 0)
		return rc;
	p->interval = interval * USEC_PER_MS;
	p->timeout = timeout * USEC_PER_MS;
	p->size = (size_t)size;
	return 0;
}

/* The common members of an answer. */
static json_t *
answer_body(const struct pinging *p)
{
	json_t *body = body_new(1);

	body_text(body, "name", p->name);
	body_ip(body, "ip", p->ip);
	return body;
}

/* Why the peer does not answer, as far as the engine knows. */
static const char *
why_not(struct node *n, const struct pinging *p)
{
	struct view_peer *peer = calloc(1, sizeof(*peer));
	const char *why = why_word(WHY_NO_ANSWER);

	if (peer && view_peer(n->mesh, clock_now(), p->name, peer) == 0 && !peer->connected &&
	    peer->why.code != WHY_IDLE)
		why = why_word(peer->why.code);
	free(peer);
	return why;
}

static void
tell_lost(struct node *n, struct pinging *p, uint64_t seq)
{
	json_t *body = answer_body(p);

	body_number(body, "seq", seq);
	body_flag(body, "answered", false);
	body_text(body, "why", why_not(n, p));
	if (ctl_answer(&n->ctl, p->client, p->id, body, true) < 0)
		p->client = 0;
}

/* The last word, when every echo has been told of. */
static void
tell_end(struct node *n, struct pinging *p)
{
	json_t *body = answer_body(p);

	body_number(body, "sent", p->sent);
	body_number(body, "answered", p->answered);
	ctl_answer(&n->ctl, p->client, p->id, body, false);
	p->client = 0;
}

static void
skip_finished(struct pinging *p)
{
	while (p->oldest < p->sent && *slot_of(p, p->oldest) == 0)
		p->oldest++;
}

static bool
is_finished(const struct pinging *p)
{
	return p->count > 0 && p->sent == p->count && p->oldest == p->sent;
}

/* The echo whose 16-bit sequence number is `seq`; false when it is not under way. */
static bool
find_seq(struct pinging *p, uint16_t seq, uint64_t *ret)
{
	for (uint64_t i = p->oldest; i < p->sent; i++) {
		if ((uint16_t)(i + 1) != seq || *slot_of(p, i) == 0)
			continue;
		*ret = i;
		return true;
	}
	return false;
}

void
ping_answered(struct node *n, const struct event *e)
{
	struct pinging *p = &n->pinger.pings[e->token % PINGS_MAX];
	json_t *body;
	uint64_t i;

	if (p->client == 0 || p->token != e->token || !find_seq(p, e->seq, &i))
		return;
	*slot_of(p, i) = 0;
	p->answered++;
	skip_finished(p);
	body = answer_body(p);
	body_number(body, "seq", i + 1);
	body_flag(body, "answered", true);
	body_number(body, "rtt_us", e->rtt);
	row_path(body, e->path, &e->at, e->relay);
	if (ctl_answer(&n->ctl, p->client, p->id, body, true) < 0)
		p->client = 0;
	else if (is_finished(p))
		tell_end(n, p);
}

static bool
some_lighthouse_answers(const struct node *n)
{
	struct view_status status;

	view_status(n->mesh, clock_now(), &status);
	for (size_t i = 0; i < status.lighthouse_count; i++)
		if (status.lighthouses[i].registered)
			return true;
	return false;
}

/* A name becomes an address when the engine knows the peer. */
static void
look_for_name(struct node *n, struct pinging *p, usec_t now)
{
	struct view_peer *peer = calloc(1, sizeof(*peer));

	p->next_send = now + LOOK_EVERY;
	if (peer && view_peer(n->mesh, clock_now(), p->name, peer) == 0 && peer->ip_count > 0) {
		p->ip = peer->ips[0];
		p->next_send = now;
	} else if (now >= p->give_up) {
		if (some_lighthouse_answers(n))
			ctl_refuse(&n->ctl, p->client, p->id, CTL_NO,
			    "no lighthouse has heard of \"%s\": is it up?", p->name);
		else
			ctl_refuse(&n->ctl, p->client, p->id, CTL_NO,
			    "\"%s\" is not known here, and no lighthouse answers", p->name);
		p->client = 0;
	}
	free(peer);
}

static void
send_echo(struct node *n, struct pinging *p, usec_t now)
{
	uint64_t i = p->sent;

	if (p->count > 0 && p->sent == p->count) {
		p->next_send = 0;
		return;
	}
	if (i - p->oldest >= PING_WINDOW) {
		p->next_send = now + p->interval;
		return;
	}
	p->sent++;
	*slot_of(p, i) = now;
	p->next_send = p->count > 0 && p->sent == p->count ? 0 : now + p->interval;
	/* One that cannot be sent is one that is not answered. */
	if (mesh_ping(n->mesh, clock_now(), p->ip, p->token, (uint16_t)(i + 1), p->size, &n->out) ==
	    ERR_UNKNOWN) {
		char text[ADDR_TEXT_MAX];

		ctl_refuse(&n->ctl, p->client, p->id, CTL_NO,
		    "%s is not an address of another host of this network", ip_format(text, p->ip));
		p->client = 0;
	}
}

static void
tell_late(struct node *n, struct pinging *p, usec_t now)
{
	while (p->client != 0 && p->oldest < p->sent) {
		usec_t *sent_at = slot_of(p, p->oldest);

		if (*sent_at != 0 && now < *sent_at + p->timeout)
			return;
		if (*sent_at != 0) {
			*sent_at = 0;
			tell_lost(n, p, p->oldest + 1);
		}
		p->oldest++;
	}
}

void
ping_tick(struct node *n, usec_t now)
{
	for (size_t i = 0; i < PINGS_MAX; i++) {
		struct pinging *p = &n->pinger.pings[i];

		if (p->client == 0)
			continue;
		tell_late(n, p, now);
		if (p->client != 0 && due_reached(p->next_send, now)) {
			if (p->ip.family == FAMILY_NONE)
				look_for_name(n, p, now);
			if (p->client != 0 && p->ip.family != FAMILY_NONE)
				send_echo(n, p, now);
		}
		if (p->client != 0 && is_finished(p))
			tell_end(n, p);
	}
}

usec_t
ping_next_due(const struct pinger *pinger)
{
	usec_t due = 0;

	for (size_t i = 0; i < PINGS_MAX; i++) {
		const struct pinging *p = &pinger->pings[i];

		if (p->client == 0)
			continue;
		due = due_min(due, p->next_send);
		/* The oldest is under way whenever any is: finished ones are skipped. */
		if (p->oldest < p->sent)
			due = due_min(due, p->sent_at[p->oldest % PING_WINDOW] + p->timeout);
	}
	return due;
}

/* A row that is free, or whose client has gone without a word. */
static struct pinging *
free_row(struct pinger *pinger)
{
	for (size_t i = 0; i < PINGS_MAX; i++)
		if (pinger->pings[i].client == 0)
			return &pinger->pings[i];
	return NULL;
}

int
ping_start(struct node *n, const struct ctl_request *r, struct err *err)
{
	const char *name = verb_text(r, "name");
	struct pinging *p = free_row(&n->pinger);
	usec_t now = clock_now().mono;
	int rc;

	if (!name || !*name || strlen(name) >= sizeof(p->name))
		return err_set(err, -EINVAL, "\"ping\" wants the \"name\" or address of a host");
	if (strcmp(name, n->me.cert.name) == 0)
		return err_set(err, ERR_UNKNOWN, "\"%s\" is this host", name);
	if (!p)
		return err_set(err, ERR_FULL, "%d pings run already", PINGS_MAX);
	*p = (struct pinging){ .id = r->id, .next_send = now };
	rc = read_arguments(p, r->args, err);
	if (rc < 0)
		return rc;
	strcpy(p->name, name);
	if (ip_parse(&p->ip, name) == 0) {
		node_name_of(n, p->ip, p->name);
	} else if (mesh_want(n->mesh, clock_now(), name, &n->out) < 0) {
		return err_set(err, -EINVAL, "\"%s\" is neither a name nor an address", name);
	}
	p->give_up = now + max_u64(p->timeout, 2 * USEC_PER_SEC);
	p->token = (uint16_t)(n->pinger.generation++ * PINGS_MAX + (p - n->pinger.pings));
	p->client = r->client;
	ping_tick(n, now);
	node_settle(n);
	return 0;
}
