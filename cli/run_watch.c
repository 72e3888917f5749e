/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_watch.c - looks at a run that goes on, and keeps what it was.
 */
#include "cli/run_watch.h"

#include "cli/command.h"
#include "cli/run_events.h"
#include "cli/run_report.h"
#include "cli/run_screen.h"
#include "cli/run_status.h"
#include "host/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DRAW_EVERY (500 * USEC_PER_MS)
#define SAY_EVERY  (10 * USEC_PER_SEC) /* where there is no terminal */

struct run_watch {
	struct run_watch_order order;
	struct sockdiag diag;
	struct screen screen;
	struct meter meter;
	json_t *report, *view; /* the last view; NULL: none */
	json_t *matrix;	       /* the last that was known; NULL: none was */
	uint64_t number;
	usec_t began;	       /* wall: the run that goes on; 0: none */
	usec_t now;	       /* mono: this look */
	usec_t look_at, draw_at;
};

/*
 * Looking
 */

static void
see(void *ctx, const struct sockdiag_tcp *t)
{
	struct run_watch *w = ctx;

	meter_see(&w->meter, w->now, t);
}

static void
skip(void *ctx, const struct sockdiag_tcp *t)
{
	struct run_watch *w = ctx;

	meter_skip(&w->meter, t);
}

static void
look(struct run_watch *w, usec_t now)
{
	w->now = now;
	w->look_at = now + METER_EVERY;
	if (sockdiag_look(&w->diag, see, w) >= 0)
		meter_seen(&w->meter, now);
}

/* A party that is here and has no path is not reached; before it comes nothing is known. */
static void
take_paths(struct run_watch *w, const json_t *view)
{
	const json_t *parties = json_object_get(view, "parties"), *p;
	size_t i;

	json_array_foreach ((json_t *)parties, i, p) {
		const json_t *path = json_object_get(p, "path");

		meter_path(&w->meter, (unsigned)i,
		    path == NULL ? METER_NO_PATH : meter_path_of(json_string_value(path)));
	}
}

/*
 * Drawing
 */

static void
draw(struct run_watch *w)
{
	struct run_status r = { w->order.study, &w->meter, w->view, w->number };
	char block[SCREEN_BLOCK_MAX], line[512];
	unsigned width, height;

	w->draw_at = w->now + (w->screen.fd >= 0 ? DRAW_EVERY : SAY_EVERY);
	if (w->screen.fd >= 0) {
		screen_size(&w->screen, &width, &height);
		run_status_block(block, sizeof(block), &r, width, height);
		screen_draw(&w->screen, block);
	} else if (w->order.draw) {
		run_status_line(line, &r);
		fprintf(stderr, "mpynet: %s\n", line);
	}
}

bool
run_watch_pass(struct run_watch *w, int to, const char *p, size_t n)
{
	if (w == NULL || w->screen.fd < 0 || isatty(to) != 1)
		return false;
	screen_above(&w->screen, to == STDERR_FILENO, p, n);
	return true;
}

void
run_watch_hide(struct run_watch *w)
{
	if (w == NULL || w->screen.fd < 0 || w->screen.drawn == 0)
		return;
	screen_draw(&w->screen, "");
	w->draw_at = 0;
}

/*
 * What was
 */

static void
close_run(struct run_watch *w, const char *outcome, const char *party, const char *text)
{
	struct report_attempt a = { w->number, w->began, outcome, party, text, w->matrix };
	usec_t now = clock_now().mono;

	if (w->began == 0)
		return;
	look(w, now);
	meter_end(&w->meter, now);
	report_add(w->report, w->order.study, &w->meter, &a);
	w->began = 0;
}

static void
stopped(struct run_watch *w, const json_t *view)
{
	const char *reason = json_string_value(json_object_get(view, "reason"));
	char why[512];

	close_run(w, reason != NULL ? reason : "stopped",
	    json_string_value(json_object_get(view, "party")), run_events_why(why, view));
}

static void
began(struct run_watch *w)
{
	w->now = clock_now().mono;
	w->began = clock_now().wall;
	w->draw_at = w->now + (w->screen.fd >= 0 ? 0 : SAY_EVERY);
	meter_begin(&w->meter, w->order.study, w->order.self, w->now);
	take_paths(w, w->view);
	w->look_at = sockdiag_look(&w->diag, skip, w) < 0 ? 0 : w->now + METER_EVERY;
}

static void
keep(json_t **place, const json_t *value)
{
	if (value == NULL || json_is_null(value))
		return;
	json_decref(*place);
	*place = json_incref((json_t *)value);
}

void
run_watch_event(struct run_watch *w, const json_t *view)
{
	const char *event = json_string_value(json_object_get(view, "event"));
	json_int_t number = json_integer_value(json_object_get(view, "number"));

	if (w == NULL || event == NULL)
		return;
	keep(&w->view, view);
	keep(&w->matrix, json_object_get(view, "matrix"));
	if (number > 0 && w->began == 0)
		w->number = (uint64_t)number;
	take_paths(w, view);
	if (strcmp(event, "go") == 0)
		began(w);
	else if (strcmp(event, "stop") == 0)
		stopped(w, view);
	else if (strcmp(event, "ended") == 0)
		close_run(w, "done", NULL, NULL);
}

int
run_watch_tick(struct run_watch *w, usec_t now)
{
	if (w == NULL)
		return 200;
	if (w->began != 0 && now >= w->look_at)
		look(w, now);
	if (w->began != 0 && w->order.draw && now >= w->draw_at)
		draw(w);
	if (w->began == 0)
		return 200;
	return w->look_at > now ? (int)((w->look_at - now) / USEC_PER_MS) + 1 : 1;
}

static int
watch_free(struct run_watch *w, int rc)
{
	sockdiag_close(&w->diag);
	json_decref(w->report);
	json_decref(w->view);
	json_decref(w->matrix);
	free(w);
	return rc;
}

static const char *
outcome_of(int code)
{
	switch (code) {
	case EXIT_DONE: return "done";
	case EXIT_TIMEOUT: return "timeout";
	case EXIT_CONFIG: return "different";
	case 130: return "interrupted";
	default: return "failed";
	}
}

int
run_watch_end(struct run_watch *w, int code, struct err *e)
{
	int rc = 0;

	if (w == NULL)
		return 0;
	close_run(w, "unknown", NULL, NULL);
	screen_end(&w->screen);
	json_object_set_new(w->report, "status", json_integer(code < 0 ? exit_code_of(code) : code));
	json_object_set_new(w->report, "outcome", json_string(outcome_of(code)));
	keep(&w->matrix, json_object_get(w->view, "matrix"));
	if (w->order.report != NULL)
		rc = report_write(w->report, w->order.report, e);
	return watch_free(w, rc);
}

int
run_watch_new(struct run_watch **ret, const struct run_watch_order *o, struct err *e)
{
	struct run_watch *w;
	int rc;

	*ret = NULL;
	if (!o->draw && o->report == NULL)
		return 0;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return err_set(e, -ENOMEM, "out of memory");
	w->order = *o;
	rc = sockdiag_open(&w->diag, o->holder, e);
	if (rc < 0) {
		free(w);
		return rc;
	}
	w->report = report_new(o->study, o->hash, o->self);
	screen_init(&w->screen, STDERR_FILENO);
	if (!o->draw)
		w->screen.fd = -1;
	/* A report that cannot be written is found out before anything is computed. */
	rc = o->report != NULL ? report_write(w->report, o->report, e) : 0;
	if (rc == 0)
		*ret = w;
	return rc < 0 ? watch_free(w, rc) : 0;
}
