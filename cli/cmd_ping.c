/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_ping.c - is somebody there, how far away, and by which path.
 */
#include "cli/cmd.h"
#include "cli/interrupt.h"
#include "cli/talk.h"
#include "core/text.h"

#include <errno.h>
#include <string.h>

/* What one run of ping has seen. */
struct tally {
	char name[64], ip[64];
	char path[128]; /* by which the last answer came: "relay lh", "direct 192.0.2.1:7717" */
	unsigned sent, answered;
	double least_us, most_us, sum_us;
};

static const struct column columns[] = {
	{ "SEQ", "seq", COLUMN_TEXT },
	{ "IP", "ip", COLUMN_TEXT },
	{ "ANSWERED", "answered", COLUMN_TEXT },
	{ "RTT", "rtt_us", COLUMN_TEXT },
	{ "PATH", "path", COLUMN_PATH },
	{ "WHY", "why", COLUMN_TEXT },
	{ NULL },
};

static void
member_text(char *to, size_t cap, const json_t *body, const char *key)
{
	output_escape(to, cap, json_string_value(json_object_get(body, key)));
}

/* "relay lh" or "direct 203.0.113.7:7717". */
static void
path_text(char *to, size_t cap, const json_t *path)
{
	char kind[16], where[96];

	member_text(kind, sizeof(kind), path, "kind");
	member_text(where, sizeof(where), path,
	    json_object_get(path, "relay") != NULL ? "relay" : "at");
	snprintf(to, cap, "%s %s", kind, where);
}

/* Says so when an answer came by another path than the one before. */
static void
note_path(struct context *c, struct tally *t, const char *path)
{
	if (t->path[0] != '\0' && strcmp(t->path, path) != 0)
		output_say(&c->out, "the path changed from %s to %s", t->path, path);
	snprintf(t->path, sizeof(t->path), "%s", path);
}

static void
note_answer(struct context *c, struct tally *t, const json_t *body)
{
	double rtt = json_number_value(json_object_get(body, "rtt_us"));
	char path[128];

	path_text(path, sizeof(path), json_object_get(body, "path"));
	note_path(c, t, path);
	t->least_us = t->answered == 0 || rtt < t->least_us ? rtt : t->least_us;
	t->most_us = rtt > t->most_us ? rtt : t->most_us;
	t->sum_us += rtt;
	t->answered++;
	output_say(&c->out, "%s (%s): seq=%lld time=%.1f ms %s", t->name, t->ip,
	    (long long)json_integer_value(json_object_get(body, "seq")), rtt / 1e3, path);
}

static void
note(struct context *c, struct tally *t, const json_t *body)
{
	char why[64];

	member_text(t->name, sizeof(t->name), body, "name");
	member_text(t->ip, sizeof(t->ip), body, "ip");
	t->sent++;
	if (json_is_true(json_object_get(body, "answered"))) {
		note_answer(c, t, body);
	} else {
		member_text(why, sizeof(why), body, "why");
		output_say(&c->out, "%s (%s): seq=%lld no answer (%s)", t->name, t->ip,
		    (long long)json_integer_value(json_object_get(body, "seq")), why);
	}
	output_stream(&c->out, body, columns);
}

static void
summarise(struct context *c, const struct tally *t)
{
	unsigned lost = t->sent - t->answered;

	if (t->sent == 0)
		return;
	output_say(&c->out, "%u sent, %u answered, %u %% lost", t->sent, t->answered,
	    lost * 100 / t->sent);
	if (t->answered > 0)
		output_say(&c->out, "round trip %.1f/%.1f/%.1f ms (least/mean/most), last by %s",
		    t->least_us / 1e3, t->sum_us / t->answered / 1e3, t->most_us / 1e3, t->path);
}

/* Milliseconds from an option in seconds, such as "0.2". */
static int
option_ms(json_t *args, const char *key, const char *option, const struct args *a, struct err *e)
{
	const char *text = arg(a, option);
	char shown[64], *end;
	double seconds;

	if (text == NULL)
		return 0;
	seconds = strtod(text, &end);
	if (end == text || *end != '\0' || !(seconds >= 0.01 && seconds <= 60))
		return err_set(e, -EINVAL, "%s %s: it is 0.01 to 60 seconds", option,
		    output_escape(shown, sizeof(shown), text));
	json_object_set_new(args, key, json_integer((json_int_t)(seconds * 1e3)));
	return 0;
}

static int
option_number(json_t *args, const char *key, const char *option, uint64_t max, const struct args *a,
    struct err *e)
{
	const char *text = arg(a, option);
	char shown[64];
	uint64_t n;

	if (text == NULL)
		return 0;
	if (text_u64(&n, text, 0, max) < 0)
		return err_set(e, -EINVAL, "%s %s: it is a number up to %llu", option,
		    output_escape(shown, sizeof(shown), text), (unsigned long long)max);
	json_object_set_new(args, key, json_integer((json_int_t)n));
	return 0;
}

static int
question(json_t *args, const struct args *a, struct err *e)
{
	int r;

	json_object_set_new(args, "name", json_string(arg(a, "peer")));
	if ((r = option_number(args, "count", "--count", 1000000, a, e)) < 0 ||
	    (r = option_number(args, "size", "--size", 1200, a, e)) < 0 ||
	    (r = option_ms(args, "interval_ms", "--interval", a, e)) < 0)
		return r;
	return option_ms(args, "timeout_ms", "--timeout", a, e);
}

/* The longest pause between two answers of a stream: a lookup, an interval and a timeout. */
static int
patience_ms(const json_t *args)
{
	return TALK_PATIENCE_MS + 2000 +
	       (int)json_integer_value(json_object_get(args, "interval_ms")) +
	       (int)json_integer_value(json_object_get(args, "timeout_ms"));
}

static int
ping(struct context *c, struct talk *talk, json_t *args, struct tally *t, struct err *e)
{
	int patience = patience_ms(args);
	bool more = true;
	int r = talk_ask(talk, "ping", args, e);

	while (r == 0 && more) {
		json_t *body;

		r = talk_next(talk, &body, &more, patience, e);
		if (r != 0)
			break;
		if (more)
			note(c, t, body);
		json_decref(body);
	}
	return r;
}

int
cmd_ping(struct context *c, const struct args *a, struct err *e)
{
	json_t *args = json_object();
	struct tally t = { .sent = 0 };
	struct talk talk;
	int r = question(args, a, e);

	if (r == 0)
		r = talk_open(&talk, c, e);
	if (r < 0) {
		json_decref(args);
		return r;
	}
	interrupt_catch();
	r = ping(c, &talk, args, &t, e);
	talk_close(&talk);
	summarise(c, &t);
	if (r == -EINTR && t.sent > 0) {
		e->text[0] = '\0';
		r = 0;
	}
	return r != 0 ? r : t.answered > 0 ? EXIT_DONE : EXIT_NO;
}
