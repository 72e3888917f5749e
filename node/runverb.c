/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * runverb.c - runs, for the commands that have the programs.
 */
#include "node/runverb.h"

#include <errno.h>
#include <string.h>

#include "host/body.h"
#include "host/verbs.h"
#include "node/runview.h"
#include "node/shell.h"
#include "node/study.h"
#include "node/studyverb.h"

/* The whole view is told this often when nothing happens, for paths change too. */
#define SHOW_EVERY USEC_PER_SEC

/*
 * Telling
 */

static void
tell(struct node *n, struct running *of, const char *event, bool more)
{
	const struct rally *r = mesh_run(n->mesh, of->run);

	of->tell_at = clock_now().mono + SHOW_EVERY;
	if (r)
		ctl_answer(&n->ctl, of->client, of->id, runview_body(n, r, of, event), more);
}

/* No news will come any more. */
static void
release(struct node *n, struct running *of)
{
	mesh_run_leave(n->mesh, clock_now(), of->run, &n->out);
	*of = (struct running){ .client = 0 };
}

/* Is nothing left to wait for but that the others hear of it? */
static bool
is_finished(const struct rally *r)
{
	struct rally_view v;

	rally_view(r, &v);
	return v.phase == RUN_ABORTED && !v.again;
}

static void
pass_on(struct node *n, struct running *of)
{
	const struct rally *r = mesh_run(n->mesh, of->run);
	unsigned news = mesh_run_news(n->mesh, of->run);

	of->news = false;
	if (news & RALLY_STOP)
		tell(n, of, "stop", true);
	if (news & RALLY_GO)
		tell(n, of, "go", true);
	if (news & RALLY_ENDED) {
		tell(n, of, "ended", false);
		release(n, of);
	} else if (!r) {
		ctl_refuse(&n->ctl, of->client, of->id, CTL_NO, "the run is over");
		release(n, of);
	} else if (news == RALLY_CHANGED) {
		tell(n, of, "view", true);
	}
}

void
runners_note(struct node *n, int run)
{
	for (size_t i = 0; i < RUNS_MAX; i++)
		if (n->runners.of[i].client != 0 && n->runners.of[i].run == run)
			n->runners.of[i].news = true;
}

bool
runners_told(struct node *n)
{
	bool told = false;

	for (size_t i = 0; i < RUNS_MAX && n->mesh; i++) {
		if (n->runners.of[i].client == 0 || !n->runners.of[i].news)
			continue;
		pass_on(n, &n->runners.of[i]);
		told = true;
	}
	return told;
}

void
runners_tick(struct node *n, usec_t now)
{
	for (size_t i = 0; i < RUNS_MAX; i++)
		if (n->runners.of[i].client != 0 && now >= n->runners.of[i].tell_at)
			tell(n, &n->runners.of[i], "view", true);
}

usec_t
runners_due(const struct node *n)
{
	usec_t due = 0;

	for (size_t i = 0; i < RUNS_MAX; i++)
		if (n->runners.of[i].client != 0)
			due = due_min(due, n->runners.of[i].tell_at);
	return due;
}

void
runners_gone(struct node *n, uint64_t client)
{
	for (size_t i = 0; i < RUNS_MAX && n->mesh; i++)
		if (n->runners.of[i].client == client)
			release(n, &n->runners.of[i]);
	node_settle(n);
}

/*
 * The verbs
 */

/* The run of the request's "run", an id. */
static struct running *
named(struct node *n, const struct ctl_request *r, struct err *err)
{
	json_int_t id = json_integer_value(json_object_get(r->args, "run"));

	for (size_t i = 0; i < RUNS_MAX && id > 0; i++)
		if (n->runners.of[i].client != 0 && n->runners.of[i].run == id)
			return &n->runners.of[i];
	err_set(err, ERR_UNKNOWN, "there is no such run here");
	return NULL;
}

/* A fact of the request: 0 or -EINVAL. */
static int
read_fact(struct run_fact *ret, const json_t *row)
{
	const char *name = json_string_value(json_object_get(row, "name"));
	const char *value = json_string_value(json_object_get(row, "value"));

	if (!name || !value || strlen(name) > RUN_FACT_NAME_MAX || strlen(value) > RUN_FACT_MAX)
		return -EINVAL;
	*ret = (struct run_fact){ .told = json_is_true(json_object_get(row, "told")) };
	strcpy(ret->name, name);
	strcpy(ret->value, value);
	return 0;
}

/* All of them, encoded: the length, or negative. */
static int
read_facts(uint8_t to[static RUN_FACTS_LEN_MAX], const struct ctl_request *r, struct err *err)
{
	const json_t *list = json_object_get(r->args, "facts");
	struct run_fact facts[RUN_FACTS_MAX];
	size_t n = json_array_size(list);
	int rc = n > RUN_FACTS_MAX ? -EINVAL : 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = read_fact(&facts[i], json_array_get(list, i));
	if (rc == 0)
		rc = run_facts_encode(to, RUN_FACTS_LEN_MAX, facts, n);
	return rc < 0 ? err_set(err, -EINVAL, "\"facts\" are names and values in the order of the "
	    "names, %d bytes at most", RUN_FACTS_LEN_MAX) : rc;
}

static uint64_t
number(const struct ctl_request *r, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(r->args, key));

	return v > 0 ? (uint64_t)v : 0;
}

static struct running *
free_row(struct runners *all)
{
	for (size_t i = 0; i < RUNS_MAX; i++)
		if (all->of[i].client == 0)
			return &all->of[i];
	return NULL;
}

/* What the request orders; `facts` gets what the order points to. */
static int
read_order(struct run_order *ret, unsigned *self, uint8_t facts[static RUN_FACTS_LEN_MAX],
    struct node *n, const struct ctl_request *r, struct err *err)
{
	const char *word = verb_text(r, "study");
	const struct lobby_study *s;
	int rc = word ? study_called(&s, n->mesh, word, err) :
			err_set(err, -EINVAL, "\"run\" wants a \"study\"");
	int len = rc == 0 ? read_facts(facts, r, err) : rc;

	if (len < 0)
		return len;
	*ret = (struct run_order){
		.facts = { facts, (uint16_t)len },
		.restarts = (unsigned)number(r, "restarts"),
		.absence = number(r, "absence_s") * USEC_PER_SEC,
	};
	memcpy(ret->study, s->study.hash, sizeof(ret->study));
	*self = s->self;
	return 0;
}

int
runverb_run(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	struct running *row = free_row(&n->runners);
	uint8_t facts[RUN_FACTS_LEN_MAX];
	struct run_order order;
	unsigned self;
	int rc;

	(void)ret;		/* answers come as things happen */
	if (!row)
		return err_set(err, ERR_FULL, "%d runs are under way here already", RUNS_MAX);
	rc = read_order(&order, &self, facts, n, r, err);
	if (rc == 0)
		rc = mesh_run_join(n->mesh, clock_now(), &order, &n->out, err);
	if (rc < 0)
		return rc;
	*row = (struct running){ .client = r->client, .id = r->id, .run = rc, .self = self };
	tell(n, row, "view", true);
	node_settle(n);
	return 0;
}

/* What the verbs answer that change a run. */
static int
changed(struct node *n, json_t **ret)
{
	*ret = body_new(1);
	node_settle(n);
	return 0;
}

int
runverb_ended(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	struct running *of = named(n, r, err);
	const char *text = verb_text(r, "text");

	if (!of)
		return ERR_UNKNOWN;
	mesh_run_ended(n->mesh, clock_now(), of->run, json_is_true(json_object_get(r->args, "well")),
	    text ? text : "", &n->out);
	return changed(n, ret);
}

/* A run that nobody goes on with is left here. */
int
runverb_stopped(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	struct running *of = named(n, r, err);
	const struct rally *run;

	if (!of)
		return ERR_UNKNOWN;
	run = mesh_run(n->mesh, of->run);
	if (run && is_finished(run)) {
		mesh_run_stopped(n->mesh, clock_now(), of->run, &n->out);
		tell(n, of, "over", false);
		release(n, of);
	} else {
		mesh_run_stopped(n->mesh, clock_now(), of->run, &n->out);
	}
	return changed(n, ret);
}

int
runverb_abort(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	struct running *of = named(n, r, err);
	const char *word = verb_text(r, "reason"), *text = verb_text(r, "text");
	int reason = word ? runview_reason(word) : ERR_UNKNOWN;

	if (!of)
		return ERR_UNKNOWN;
	if (reason < 0)
		return err_set(err, -EINVAL, "a \"reason\" is failed, interrupted, timeout or different");
	mesh_run_abort(n->mesh, clock_now(), of->run, (enum run_reason)reason, text ? text : "",
	    &n->out);
	return changed(n, ret);
}

/* The runs of this host, for whoever looks on. */
int
runverb_list(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	json_t *list = json_array();

	(void)r;
	(void)err;
	for (size_t i = 0; i < RUNS_MAX; i++) {
		const struct running *of = &n->runners.of[i];
		const struct rally *run = of->client != 0 ? mesh_run(n->mesh, of->run) : NULL;
		json_t *row;

		if (!run)
			continue;
		row = runview_body(n, run, of, "view");
		body_text(row, "study", rally_study(run)->name);
		body_hex(row, "hash", rally_study(run)->hash, STUDY_HASH_LEN);
		json_array_append_new(list, row);
	}
	*ret = body_new(1);
	body_put(*ret, "runs", list);
	return 0;
}
