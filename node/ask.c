/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ask.c - the verb `why`: our reason, and the one that the peer gives.
 */
#include "node/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/nat.h"
#include "core/words.h"
#include "host/body.h"
#include "host/verbs.h"
#include "node/control.h"
#include "node/explain.h"
#include "node/rows.h"
#include "node/shell.h"
#include "node/view.h"

/* How often a name that is being looked up is tried. */
#define LOOK_EVERY (50 * USEC_PER_MS)

/*
 * Bodies
 */

static void
fill_fact(json_t *facts, const struct why *w, enum why_fact fact)
{
	const char *key = why_fact_word(fact);
	char words[CERT_WORDS_MAX];

	switch (fact) {
	case WHY_AT:
		body_addr(facts, key, &w->at);
		break;
	case WHY_VIA:
		body_text(facts, key, w->via);
		break;
	case WHY_NAT_ME:
		body_text(facts, key, nat_words(&w->nat_me));
		break;
	case WHY_NAT_PEER:
		body_text(facts, key, nat_words(&w->nat_peer));
		break;
	case WHY_KEY_PINNED:
		body_text(facts, key, words_format(words, w->key_pinned, CERT_WORDS));
		break;
	case WHY_KEY_OFFERED:
		body_text(facts, key, words_format(words, w->key_offered, CERT_WORDS));
		break;
	case WHY_SINCE:
	case WHY_NEXT:
		body_number(facts, key, w->number[fact] / USEC_PER_SEC);
		break;
	case WHY_APART:
		body_put(facts, key, json_integer((json_int_t)w->number[fact]));
		break;
	default:
		body_number(facts, key, w->number[fact]);
		break;
	}
}

/* A reason that `me` gives, about `peer`. */
static void
put_reason(json_t *body, const struct why *w, const char *me, const char *peer)
{
	char text[WHY_TEXT_MAX];

	body_text(body, "why", why_word(w->code));
	body_text(body, "text", why_text(text, w, me, peer));
	body_text(body, "change", why_change(text, w, me, peer));
}

void
ask_put_reason(json_t *row, const struct node *n, const char *name, const struct view_peer *p)
{
	struct why w;

	if (p != NULL)
		w = p->why;
	else
		explain_stranger(n->mesh, clock_now(), name, &w);
	put_reason(row, &w, "this host", name);
}

/* One end's view: `me` gives the reason, and it is about `peer`. */
static json_t *
reason_body(const struct why *w, const char *me, const char *peer)
{
	json_t *body = json_object(), *facts = json_object();

	put_reason(body, w, me, peer);
	if (why_entry(w->code) == NULL)
		body_number(body, "code", (uint64_t)w->code);
	for (unsigned i = 0; i < WHY_FACTS; i++)
		if (why_has(w, (enum why_fact)i))
			fill_fact(facts, w, (enum why_fact)i);
	body_put(body, "facts", facts);
	if (w->nat_me.mapping != NAT_MAPPING_UNKNOWN)
		body_text(body, "nat", nat_words(&w->nat_me));
	return body;
}

static json_t *
there_body(const struct node *n, const struct view_peer *p)
{
	static const struct addr nowhere; /* where its relay is, it does not say */
	const struct told *t = &p->there;
	json_t *body = reason_body(&t->why, p->name, n->me.cert.name);

	row_path(body, t->path, &nowhere, t->why.via);
	if (t->rtt != 0)
		body_number(body, "rtt_us", t->rtt);
	body_number(body, "loss_percent", t->loss_percent);
	return body;
}

static json_t *
peer_body(struct node *n, const struct view_peer *p, bool heard, usec_t now)
{
	json_t *body = body_new(1);
	char text[128];

	body_text(body, "role", "node");
	row_peer(body, p, now);
	body_put(body, "here", reason_body(&p->why, "this host", p->name));
	if (heard) {
		body_put(body, "there", there_body(n, p));
	} else {
		(void)snprintf(text, sizeof(text), "%s %s", p->name,
		    p->flags & CERT_LIGHTHOUSE ? "is a lighthouse, and is not asked" :
		    p->flags & CERT_STOCK      ? "is a stock WireGuard, and cannot be asked" :
		    p->connected ? "did not say within a second" : "cannot be asked");
		body_text(body, "unheard", text);
	}
	body_put(body, "paths", rows_of_paths(p, now));
	return body;
}

static json_t *
stranger_body(const struct node *n, const char *name, struct instant now)
{
	json_t *body = body_new(1);
	struct why w;

	explain_stranger(n->mesh, now, name, &w);
	body_text(body, "role", "node");
	body_text(body, "name", name);
	body_flag(body, "connected", false);
	body_text(body, "why", why_word(w.code));
	body_put(body, "here", reason_body(&w, "this host", name));
	return body;
}

/* The last word, with what the peer said (`heard`) or without. */
static void
finish(struct node *n, struct asking *a, bool heard)
{
	struct view_peer *p = calloc(1, sizeof(*p));
	struct instant now = clock_now();
	json_t *body;

	if (p == NULL)
		ctl_refuse(&n->ctl, a->client, a->id, CTL_CONFIG, "out of memory");
	else {
		if (view_peer(n->mesh, now, a->name, p) == 0)
			body = peer_body(n, p, heard, now.mono);
		else
			body = stranger_body(n, a->name, now);
		(void)ctl_answer(&n->ctl, a->client, a->id, body, false);
	}
	free(p);
	a->client = 0;
}

/*
 * Asking
 */

/* Asks the peer if there is one by now. A name that is not known is left to the lighthouses. */
static void
look(struct node *n, struct asking *a, usec_t now)
{
	uint32_t ref = ++n->asker.last_ref;
	int rc = mesh_ask_why(n->mesh, clock_now(), a->name, ref, &n->out);

	a->next_look = now + LOOK_EVERY;
	if (rc == ERR_UNKNOWN) {
		(void)mesh_want(n->mesh, clock_now(), a->name, &n->out);
		return;
	}
	a->next_look = 0;
	a->ref = ref;
	if (rc < 0)
		finish(n, a, false);
}

void
ask_answered(struct node *n, const struct event *e)
{
	for (size_t i = 0; i < ASKS_MAX; i++) {
		struct asking *a = &n->asker.asks[i];

		if (a->client != 0 && a->ref == e->token && strcmp(a->name, e->peer) == 0)
			finish(n, a, true);
	}
}

void
ask_tick(struct node *n, usec_t now)
{
	for (size_t i = 0; i < ASKS_MAX; i++) {
		struct asking *a = &n->asker.asks[i];

		if (a->client != 0 && due_reached(a->next_look, now))
			look(n, a, now);
		if (a->client != 0 && now >= a->give_up)
			finish(n, a, false);
	}
}

usec_t
ask_next_due(const struct asker *asker)
{
	usec_t due = 0;

	for (size_t i = 0; i < ASKS_MAX; i++) {
		const struct asking *a = &asker->asks[i];

		if (a->client != 0)
			due = due_min(due, due_min(a->next_look, a->give_up));
	}
	return due;
}

static struct asking *
free_row(struct asker *asker)
{
	for (size_t i = 0; i < ASKS_MAX; i++)
		if (asker->asks[i].client == 0)
			return &asker->asks[i];
	return NULL;
}

int
ask_start(struct node *n, const struct ctl_request *r, struct err *err)
{
	const char *name = verb_text(r, "name");
	struct asking *a = free_row(&n->asker);
	usec_t now = clock_now().mono;
	struct ip ip;

	if (!name || !*name || strlen(name) >= sizeof(a->name))
		return err_set(err, -EINVAL, "\"why\" wants the \"name\" or address of a host");
	if (!a)
		return err_set(err, ERR_FULL, "%d such questions are open already", ASKS_MAX);
	*a = (struct asking){ .id = r->id, .give_up = now + ASK_PATIENCE };
	strcpy(a->name, name);
	if (ip_parse(&ip, name) == 0)
		node_name_of(n, ip, a->name);
	if (strcmp(a->name, n->me.cert.name) == 0)
		return err_set(err, ERR_UNKNOWN, "\"%s\" is this host", name);
	if (!text_is_name(a->name, strlen(a->name)))
		return err_set(err, -EINVAL, "\"%.64s\" is neither a name nor a peer's address",
		    name);
	a->client = r->client;
	look(n, a, now);
	node_settle(n);
	return 0;
}
