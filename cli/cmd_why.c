/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_why.c - why a member is reached as it is, seen from both ends.
 */
#include "cli/cmd.h"
#include "cli/interrupt.h"
#include "cli/talk.h"
#include "node/why.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define WATCH_EVERY 1 /* second */

static const struct column columns[] = {
	{ "name", "name", COLUMN_TEXT },
	{ "path", "path", COLUMN_PATH },
	{ "round trip", "rtt_us", COLUMN_USEC },
	{ "loss", "loss_percent", COLUMN_PERCENT },
	{ "why", "here.why", COLUMN_TEXT },
	{ "here", "here.text", COLUMN_PROSE },
	{ "what helps", "here.change", COLUMN_PROSE },
	{ "path there", "there.path", COLUMN_PATH },
	{ "why there", "there.why", COLUMN_TEXT },
	{ "there", "there.text", COLUMN_PROSE },
	{ "there", "unheard", COLUMN_PROSE },
	{ "NAT here", "here.nat", COLUMN_TEXT },
	{ "NAT there", "nat", COLUMN_TEXT },
	{ NULL },
};

/* Every address that was thought of, and what has become of it. */
static const struct column way_columns[] = {
	{ "WAY", "kind", COLUMN_STATE },
	{ "AT", "at", COLUMN_TEXT },
	{ "RELAY", "relay", COLUMN_TEXT },
	{ "KNOWN BY", "origin", COLUMN_TEXT, 2 },
	{ "STATE", "state", COLUMN_STATE },
	{ "UNANSWERED", "tries", COLUMN_TEXT },
	{ "RTT", "rtt_us", COLUMN_USEC },
	{ "LOSS", "loss_percent", COLUMN_PERCENT },
	{ "MTU", "mtu", COLUMN_TEXT, 3 },
	{ "HEARD", "last_rx_s", COLUMN_AGO, 1 },
	{ NULL },
};

static const struct view views[] = {
	{ NULL, columns },
	{ "paths", way_columns },
	{ NULL },
};

static const struct column code_columns[] = {
	{ "STATE", "state", COLUMN_TEXT },
	{ "WHY", "why", COLUMN_TEXT },
	{ "MEANING", "text", COLUMN_TEXT },
	{ "WHAT HELPS", "change", COLUMN_TEXT, 1 },
	{ NULL },
};

static const struct view code_views[] = {
	{ "codes", code_columns },
	{ NULL },
};

/* What --watch says of a change, for machines. */
static const struct column watch_columns[] = {
	{ "NAME", "name", COLUMN_TEXT },
	{ "PATH", "path", COLUMN_PATH },
	{ "WHY", "here.why", COLUMN_TEXT },
	{ "THERE", "there.why", COLUMN_TEXT },
	{ NULL },
};

static json_t *
code_row(enum why_code code)
{
	const struct why_entry *e = why_entry(code);
	char text[WHY_TEXT_MAX], change[WHY_TEXT_MAX];

	return json_pack("{s:s, s:s, s:s, s:s}", "state", why_state_word(e->state), "why", e->word,
	    "text", why_text_form(text, e), "change", why_change_form(change, e));
}

/* The closed list, which needs no daemon. */
static int
list_codes(struct context *c)
{
	json_t *body = output_body(1), *list = json_array();

	for (enum why_code code = why_next(WHY_UNSAID); code != WHY_UNSAID; code = why_next(code))
		json_array_append_new(list, code_row(code));
	json_object_set_new(body, "codes", list);
	output_show(&c->out, body, code_views);
	json_decref(body);
	return EXIT_DONE;
}

static const char *
text_at(const json_t *body, const char *end, const char *key)
{
	return json_string_value(json_object_get(json_object_get(body, end), key));
}

static bool
is_connected(const json_t *body)
{
	return json_is_true(json_object_get(body, "connected"));
}

static int
ask(struct context *c, const struct args *a, json_t **ret, struct err *e)
{
	return talk_call(c, "why", json_pack("{s:s}", "name", arg(a, "peer")), ret, e);
}

#define LINE_MAX_LEN (WHY_TEXT_MAX + 64)

/* "punched: both sides opened their NATs ..." */
static const char *
why_line(char to[static LINE_MAX_LEN], const json_t *body, const char *end)
{
	char word[64], text[WHY_TEXT_MAX];

	snprintf(to, LINE_MAX_LEN, "%s: %s",
	    output_escape(word, sizeof(word), text_at(body, end, "why")),
	    output_escape(text, sizeof(text), text_at(body, end, "text")));
	return to;
}

/* The words of both ends as they were said last; an end that is not heard has not changed its. */
struct words {
	char here[64], there[64];
};

/* Is it another word than `last`, which then is this one? */
static bool
is_news(char last[static 64], const char *word)
{
	if (word == NULL || strcmp(word, last) == 0)
		return false;
	snprintf(last, 64, "%s", word);
	return true;
}

/* A line for each end when the word of either has changed. */
static void
note(struct context *c, const json_t *body, struct words *last)
{
	char line[LINE_MAX_LEN], head[32], clock[16];
	const char *there = text_at(body, "there", "why");
	bool news = is_news(last->here, text_at(body, "here", "why"));
	time_t t = time(NULL);
	struct tm tm;

	if (!is_news(last->there, there) && !news)
		return;
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&t, &tm));
	snprintf(head, sizeof(head), "%s  here   ", clock);
	output_prose(&c->out, head, why_line(line, body, "here"));
	if (there != NULL)
		output_prose(&c->out, "          there  ", why_line(line, body, "there"));
	output_stream(&c->out, body, watch_columns);
}

static int
watch(struct context *c, const struct args *a, struct err *e)
{
	struct words last = { "", "" };
	bool connected = false;
	int r = 0;

	interrupt_catch();
	while (r == 0 && !interrupt_seen()) {
		json_t *body;

		r = ask(c, a, &body, e);
		if (r != 0)
			break;
		note(c, body, &last);
		connected = is_connected(body);
		json_decref(body);
		nanosleep(&(struct timespec){ .tv_sec = WATCH_EVERY }, NULL);
	}
	if (r == -EINTR && last.here[0] != '\0') {
		e->text[0] = '\0';
		r = 0;
	}
	return r != 0 ? r : connected ? EXIT_DONE : EXIT_NO;
}

int
cmd_why(struct context *c, const struct args *a, struct err *e)
{
	json_t *body;
	int r;

	if (arg(a, "--codes") != NULL)
		return list_codes(c);
	if (arg(a, "peer") == NULL)
		return err_set(e, -EINVAL, "why whom? name a member (`mpynet peers` lists them), or "
		    "ask for the list of reasons with --codes");
	if (arg(a, "--watch") != NULL)
		return watch(c, a, e);
	r = ask(c, a, &body, e);
	if (r != 0)
		return r;
	output_show(&c->out, body, views);
	r = is_connected(body) ? EXIT_DONE : EXIT_NO;
	json_decref(body);
	return r;
}
