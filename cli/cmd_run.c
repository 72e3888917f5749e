/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_run.c - runs a program together with the other parties of a study.
 *
 * The node speaks with the others (node/runverb.h); this command finds out what would be run, has
 * the program while it runs, and says what happens.
 */
#include "cli/attach.h"
#include "cli/cmd.h"
#include "cli/preflight.h"
#include "cli/run_events.h"
#include "cli/run_watch.h"
#include "cli/run_words.h"
#include "cli/runner.h"
#include "cli/studyfile.h"
#include "core/text.h"
#include "host/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define EXIT_INTERRUPTED 130

/* How long who would run something else stays, so that everybody hears of it. */
#define DIFFER_FOR (2 * USEC_PER_SEC)

/* Who comes within this is not asked why not. */
#define PATIENCE (2 * USEC_PER_SEC)

struct run {
	struct context *context;
	struct study study;
	unsigned self;
	char hash[2 * STUDY_HASH_LEN + 1];
	struct attachment at;
	struct talk talk;   /* what happens, from the node */
	struct run_words words;
	char dir[PATH_MAX]; /* where its logs are */
	struct runner runner;
	struct run_events events;
	struct run_watch *watch; /* NULL: nobody looks */
	json_int_t id;	     /* the node's name for it */
	json_int_t number;   /* of the run that we are in */
	usec_t begun;	     /* mono: the waiting */
	usec_t started;	     /* mono: the program; 0: it was not */
	usec_t wait, limit;  /* 0: none */
	usec_t differ_at;    /* mono: since then facts differ; 0: they do not */
	bool stopping;	     /* a run is over, and the program is to end */
	bool again;
	int code;	     /* to end with; -1: undecided */
	int failed;	     /* the program's exit code, if it failed by itself */
};

/*
 * What the node is told
 */

static int
tell(struct run *r, const char *verb, json_t *args, struct err *e)
{
	json_t *body = NULL;
	int rc;

	json_object_set_new(args, "run", json_integer(r->id));
	rc = talk_call_role(r->context, HOME_NODE, verb, args, &body, e);
	json_decref(body);
	return rc;
}

static int
tell_abort(struct run *r, const char *reason, const char *text, struct err *e)
{
	return tell(r, "run_abort", json_pack("{s:s, s:s}", "reason", reason, "text", text), e);
}

/* The program has ended by itself. */
static int
tell_end(struct run *r, struct err *e)
{
	bool well = r->runner.status == 0;
	const char *last = runner_last_words(&r->runner);
	char text[RUN_TEXT_MAX + 1] = "";

	run_watch_hide(r->watch);
	if (!well)
		(void)snprintf(text, sizeof(text), "exit %d", r->runner.status);
	if (!well && last[0] != '\0')
		fprintf(stderr, "mpynet: the program ended with %d: %s\n", r->runner.status, last);
	return tell(r, "run_ended", json_pack("{s:b, s:s}", "well", well, "text", text), e);
}

/*
 * What happens
 */

static int
start_program(struct run *r, const json_t *view, struct err *e)
{
	char dir[PATH_MAX + 32], number[24];
	int rc;

	run_events_paths(&r->events, view);
	r->events.drawn = false;
	(void)snprintf(number, sizeof(number), "%lld", (long long)r->number);
	(void)snprintf(dir, sizeof(dir), "%s/%s", r->dir, number);
	if (strlen(dir) >= PATH_MAX)
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", r->dir);
	runner_close(&r->runner);
	setenv("MPYNET_RUN", number, 1);
	rc = runner_start(&r->runner, r->words.argv, r->at.holder, r->dir[0] != '\0' ? dir : "", e);
	r->started = clock_now().mono;
	r->failed = 0;
	if (rc == 0)
		fprintf(r->events.to, "mpynet: run %lld of %s starts, this is party %u of %u\n",
		    (long long)r->number, r->study.name, r->self, r->study.count);
	return rc;
}

/* A run is over before its time; the program, if there is one, ends first. */
static void
stop_program(struct run *r, const json_t *view)
{
	char why[512];

	r->stopping = true;
	r->again = json_is_true(json_object_get(view, "again"));
	(void)run_events_why(why, view);
	if (r->started > 0)
		fprintf(r->events.to, "mpynet: run %lld of %s stops everywhere: %s\n",
		    (long long)r->number, r->study.name, why);
	else if (r->code != EXIT_TIMEOUT) /* of which everything was said */
		fprintf(r->events.to, "mpynet: %s was not started: %s\n", r->study.name, why);
	if (r->code < 0 && !r->again)
		r->code = r->failed > 0 ? r->failed : EXIT_NO;
	runner_stop(&r->runner, clock_now().mono);
}

static int
act_on(struct run *r, const json_t *view, struct err *e)
{
	const char *event = json_string_value(json_object_get(view, "event"));
	json_int_t number = json_integer_value(json_object_get(view, "number"));

	if (number > 0)
		r->number = number;
	r->id = json_integer_value(json_object_get(view, "run"));
	run_watch_event(r->watch, view);
	run_events_show(&r->events, view);
	if (event == NULL)
		return err_set(e, ERR_FORMAT, "the node says what is no event of a run");
	if (strcmp(event, "go") == 0)
		return start_program(r, view, e);
	if (r->started > 0)
		run_events_matrix(&r->events, view);
	else if (clock_now().mono >= r->begun + PATIENCE)
		run_events_reasons(&r->events, view);
	if (strcmp(event, "stop") == 0)
		stop_program(r, view);
	else if (strcmp(event, "ended") == 0 && r->code < 0)
		r->code = EXIT_DONE;
	else if (strcmp(event, "view") == 0)
		r->differ_at = !run_events_differ(view) ? 0 :
		    r->differ_at != 0		       ? r->differ_at :
							 clock_now().mono;
	return 0;
}

/* What is said about it is collected, so that what is drawn gives way only where something is. */
static int
take_event(struct run *r, const json_t *view, struct err *e)
{
	char *text = NULL;
	size_t len = 0;
	FILE *said = open_memstream(&text, &len);
	int rc;

	r->events.to = said != NULL ? said : stderr;
	rc = act_on(r, view, e);
	r->events.to = stderr;
	if (said == NULL)
		return rc;
	fclose(said);
	if (len > 0) {
		run_watch_hide(r->watch);
		fputs(text, stderr);
	}
	free(text);
	return rc;
}

/* The program has ended: by itself, or since it was told to. */
static int
after_program(struct run *r, struct err *e)
{
	if (!r->stopping) {
		r->failed = r->runner.status;
		return tell_end(r, e);
	}
	r->stopping = false;
	r->runner.kill_at = 0;
	if (r->again)
		r->started = 0;
	return tell(r, "run_stopped", json_object(), e);
}

/* A stop that came while nothing ran is over at once. */
static int
after_stop(struct run *r, struct err *e)
{
	return r->stopping && r->runner.pid == 0 ? after_program(r, e) : 0;
}

/*
 * Time and signals
 */

static int
look_at_clock(struct run *r, usec_t now, struct err *e)
{
	char text[32], missing[RUN_EVENTS_MISSING_MAX];

	runner_tick(&r->runner, now);
	if (r->code >= 0 || r->stopping)
		return 0;
	if (r->started == 0 && r->differ_at != 0 && now >= r->differ_at + DIFFER_FOR) {
		r->code = EXIT_CONFIG;
		return tell_abort(r, "different", "", e);
	}
	if (r->started == 0 && r->wait > 0 && now >= r->begun + r->wait) {
		r->code = EXIT_TIMEOUT;
		fprintf(stderr, "mpynet: not all parties came within %s: %s\n",
		    text_format_duration(text, r->wait / USEC_PER_SEC),
		    run_events_missing(missing, &r->events));
		return tell_abort(r, "timeout", "it waited for the others", e);
	}
	if (r->started > 0 && r->limit > 0 && now >= r->started + r->limit) {
		r->code = EXIT_TIMEOUT;
		return tell_abort(r, "timeout", "", e);
	}
	return 0;
}

static int
take_signals(struct run *r, int fd, struct err *e)
{
	struct signalfd_siginfo info;
	bool interrupted = false;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		interrupted = interrupted || info.ssi_signo != SIGCHLD;
	if (runner_is_over(&r->runner)) {
		int rc = after_program(r, e);

		if (rc != 0)
			return rc;
	}
	if (!interrupted)
		return 0;
	if (r->code == EXIT_INTERRUPTED)
		return err_set(e, -EINTR, "interrupted twice; the others are left to find out");
	r->code = EXIT_INTERRUPTED;
	return tell_abort(r, "interrupted", "", e);
}

/* Our connections went with it, so the program cannot go on; it ends with us. */
static int
node_gone(struct run *r, struct err *e)
{
	if (r->started > 0)
		return err_set(e, -ECONNREFUSED, "the node of this host has ended, and run %lld of %s "
		    "with it; mpynet up starts another one", (long long)r->number, r->study.name);
	return err_set(e, -ECONNREFUSED, "the node of this host has ended, and %s was not started; "
	    "mpynet up starts another one", r->study.name);
}

/* Everything that the node has said by now. False at the end of the run. */
static int
take_answers(struct run *r, bool *more, struct err *e)
{
	do {
		json_t *view = NULL;
		int rc = talk_next(&r->talk, &view, more, TALK_PATIENCE_MS, e);

		if (rc == 0)
			rc = take_event(r, view, e);
		json_decref(view);
		if (rc == -ECONNRESET)
			return node_gone(r, e);
		if (rc == 0)
			rc = after_stop(r, e);
		if (rc != 0)
			return rc;
	} while (*more && talk_has_answer(&r->talk));
	return 0;
}

static int
loop(struct run *r, int signals, struct err *e)
{
	bool more = true;
	int rc = 0;

	while (rc == 0 && (more || r->runner.pid != 0)) {
		struct pollfd p[] = {
			{ .fd = signals, .events = POLLIN },
			{ .fd = more ? r->talk.fd : -1, .events = POLLIN },
			{ .fd = r->runner.out.from, .events = POLLIN },
			{ .fd = r->runner.err.from, .events = POLLIN },
		};

		if (poll(p, ARRAY_LEN(p), run_watch_tick(r->watch, clock_now().mono)) < 0 && errno != EINTR)
			return err_set(e, -errno, "poll: %s", err_phrase(-errno));
		if (p[2].revents != 0)
			runner_pump(&r->runner.out);
		if (p[3].revents != 0)
			runner_pump(&r->runner.err);
		if (p[0].revents != 0)
			rc = take_signals(r, signals, e);
		if (rc == 0 && p[1].revents != 0)
			rc = take_answers(r, &more, e);
		if (rc == 0)
			rc = look_at_clock(r, clock_now().mono, e);
	}
	return rc;
}

/*
 * Beginning
 */

static int
read_duration(usec_t *ret, const struct args *a, const char *option, struct err *e)
{
	const char *text = arg(a, option);
	uint64_t seconds;

	*ret = 0;
	if (text == NULL)
		return 0;
	if (text_duration(&seconds, text) < 0 || seconds == 0)
		return err_set(e, -EINVAL, "%s takes a time, as in 90s, 10m or 2h", option);
	*ret = seconds * USEC_PER_SEC;
	return 0;
}

/* Everything that can be wrong here is found out before the others hear of us. */
static int
prepare(struct run *r, const struct args *a, struct run_fact *facts, struct err *e)
{
	int n, rc = read_duration(&r->wait, a, "--wait", e);

	run_words_take(&r->words, a);
	if (rc == 0)
		rc = read_duration(&r->limit, a, "--timeout", e);
	if (rc == 0)
		rc = preflight_facts(facts, r->words.argv, e);
	if (rc < 0)
		return rc;
	n = rc;
	if (arg(a, "--expand") == NULL)
		run_words_add(&r->words, &r->study, r->self);
	else if (run_words_expand(&r->words, &r->study, r->self, e) < 0)
		return -EINVAL;
	rc = r->self > 0 ? preflight_port(r->study.parties[r->self].port, r->at.holder, e) : 0;
	if (rc == 0)
		rc = parties_export(&r->study, r->self, e);
	if (rc == 0)
		rc = runner_dir(r->dir, arg(a, "--log"), r->context->state, r->study.name,
		    r->hash, e);
	return rc < 0 ? rc : n;
}

/* Asks the node for the run; what happens then comes by r->talk. */
static int
begin(struct run *r, const struct args *a, struct err *e)
{
	struct run_fact facts[RUN_FACTS_MAX];
	const char *restarts = arg(a, "--restart");
	uint64_t count = 0;
	usec_t absence;
	json_t *body;
	int n = prepare(r, a, facts, e), rc;

	if (n < 0)
		return n;
	if (restarts != NULL && text_u64(&count, restarts, 0, 1000) < 0)
		return err_set(e, -EINVAL, "--restart takes how often, at most 1000 times");
	rc = read_duration(&absence, a, "--absence", e);
	if (rc == 0)
		rc = talk_open_node(&r->talk, r->context, e);
	if (rc < 0)
		return rc;
	body = json_pack("{s:s, s:o, s:I, s:I}", "study", r->hash, "facts",
	    preflight_json(facts, (size_t)n), "restarts", (json_int_t)count, "absence_s",
	    (json_int_t)(absence / USEC_PER_SEC));
	rc = talk_ask(&r->talk, "run", body, e);
	if (rc < 0)
		talk_close(&r->talk);
	return rc;
}

static void
warn_of_threshold(const struct run *r)
{
	if (study_threshold(&r->study) == 0)
		fprintf(stderr, "mpynet: with %s the threshold is 0: whoever takes part learns what "
		    "the others put in\n", r->study.count == 1 ? "one party" : "two parties");
}

/* From the node's yes to the end. */
static int
take_part(struct run *r, struct err *e)
{
	sigset_t ours, before;
	int signals, rc;

	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_BLOCK, &ours, &before);
	signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	rc = signals < 0 ? err_set(e, -errno, "cannot watch for signals: %s", err_phrase(-errno)) :
			   loop(r, signals, e);
	runner_close(&r->runner);
	if (signals >= 0)
		close(signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

/* From asking the node to the code to end with. */
static int
compute(struct run *r, const struct args *a, struct err *e)
{
	int rc = begin(r, a, e);

	if (rc != 0)
		return rc;
	warn_of_threshold(r);
	r->begun = clock_now().mono;
	rc = take_part(r, e);
	talk_close(&r->talk);
	if (rc != 0)
		return rc;
	return r->code < 0 ? EXIT_NO : r->code;
}

static bool
take_output(void *ctx, int to, const char *p, size_t n)
{
	return run_watch_pass(ctx, to, p, n);
}

static int
run(struct run *r, const struct args *a, struct err *e)
{
	struct run_watch_order order = {
		.study = &r->study, .hash = r->hash, .holder = r->at.holder,
		.draw = arg(a, "--watch") != NULL, .report = arg(a, "--report"),
	};
	int rc = studyfile_load(&r->study, &r->self, r->context, arg(a, "study"), e), written;
	struct err why;

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < STUDY_HASH_LEN; i++)
		(void)snprintf(r->hash + 2 * i, 3, "%02x", r->study.hash[i]);
	order.self = r->self;
	rc = run_watch_new(&r->watch, &order, e);
	if (rc != 0)
		return rc;
	r->runner.sink = (struct runner_sink){ take_output, r->watch };
	rc = compute(r, a, e);
	written = run_watch_end(r->watch, rc, &why);
	if (written >= 0 || rc != 0)
		return rc;
	*e = why;
	return written;
}

int
cmd_run(struct context *c, const struct args *a, struct err *e)
{
	struct run *r = calloc(1, sizeof(*r));
	int rc;

	if (r == NULL)
		return err_set(e, -ENOMEM, "out of memory");
	r->context = c;
	r->code = -1;
	r->events.to = stderr;
	r->runner = (struct runner){ .out.from = -1, .err.from = -1 };
	rc = attach(&r->at, c, e);
	if (rc == 0) {
		rc = run(r, a, e);
		attach_end(&r->at);
	}
	run_words_free(&r->words);
	free(r);
	return rc;
}
