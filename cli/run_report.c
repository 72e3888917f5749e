/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_report.c - what a run was, for machines.
 */
#include "cli/run_report.h"

#include "core/text.h"
#include "host/file.h"
#include "host/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static json_t *
seconds(usec_t t)
{
	return json_real((double)t / USEC_PER_SEC);
}

static json_t *
number(uint64_t n)
{
	return json_integer((json_int_t)min_u64(n, INT64_MAX));
}

/* Buckets from the first to the last that has any. */
static json_t *
histogram(const struct meter_party *p)
{
	json_t *list = json_array();
	unsigned from, to;

	meter_rtt_span(p, &from, &to);
	for (unsigned i = from; i < to; i++)
		json_array_append_new(list, json_pack("{s:o, s:o}", "from_us",
		    number(meter_rtt_from(i)), "count", number(p->rtts[i])));
	return list;
}

static json_t *
traffic(const struct meter *m, const struct study *s, unsigned i)
{
	const struct meter_party *p = &m->party[i];
	json_t *row = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o}", "party",
	    s->parties[i].name, "sent_bytes", number(p->sent), "received_bytes", number(p->received),
	    "sent_messages", number(p->sent_messages), "received_messages",
	    number(p->received_messages), "repeated", number(p->repeated), "rtts", histogram(p),
	    "stalls", (int)p->stalls, "stalled_s", seconds(p->stalled_for));

	if (p->rtt > 0)
		json_object_set_new(row, "rtt_us", json_pack("{s:o, s:o, s:o}", "least",
		    number(p->rtt_least), "last", number(p->rtt), "most", number(p->rtt_most)));
	if (meter_path_word(p->path) != NULL)
		json_object_set_new(row, "path", json_string(meter_path_word(p->path)));
	return row;
}

static json_t *
stalls(const struct meter *m, const struct study *s)
{
	json_t *list = json_array();
	char text[128];

	for (unsigned i = 0; i < m->stall_count; i++) {
		const struct meter_stall *is = &m->stall[i];

		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:s, s:s}", "party",
		    s->parties[is->party].name, "at_s", seconds(is->begin), "length_s",
		    seconds((is->end != 0 ? is->end : m->lasted) - is->begin), "cause",
		    meter_cause_word(is->cause), "text", meter_cause_text(text, is)));
	}
	return list;
}

static json_t *
timeline(const struct meter *m)
{
	json_t *sent = json_array(), *received = json_array();

	for (unsigned i = 0; i < meter_slots(m); i++) {
		json_array_append_new(sent, number(m->slot[i].sent));
		json_array_append_new(received, number(m->slot[i].received));
	}
	return json_pack("{s:o, s:o, s:o}", "slot_s", seconds(m->slot_length), "sent_bytes", sent,
	    "received_bytes", received);
}

void
report_add(json_t *report, const struct study *s, const struct meter *m,
    const struct report_attempt *a)
{
	json_t *rows = json_array();
	json_t *run = json_pack("{s:o, s:o, s:o, s:s}", "number", number(a->number), "began",
	    seconds(a->began), "lasted_s", seconds(m->lasted), "outcome", a->outcome);

	for (unsigned i = 0; i < s->count; i++)
		if (i != m->self)
			json_array_append_new(rows, traffic(m, s, i));
	if (a->party != NULL)
		json_object_set_new(run, "because_of", json_string(a->party));
	if (a->text != NULL && a->text[0] != '\0')
		json_object_set_new(run, "reason", json_string(a->text));
	if (a->matrix != NULL)
		json_object_set(run, "matrix", (json_t *)a->matrix);
	json_object_set_new(run, "traffic", rows);
	json_object_set_new(run, "stalls", stalls(m, s));
	json_object_set_new(run, "timeline", timeline(m));
	json_array_append_new(json_object_get(report, "runs"), run);
}

json_t *
report_new(const struct study *s, const char *hash, unsigned self)
{
	json_t *parties = json_array();

	for (unsigned i = 0; i < s->count; i++) {
		struct addr at = addr_from_ip(s->parties[i].address, s->parties[i].port);
		char text[ADDR_TEXT_MAX];

		json_array_append_new(parties, json_pack("{s:s, s:s, s:b}", "name",
		    s->parties[i].name, "endpoint", addr_format(text, &at), "self", i == self));
	}
	return json_pack("{s:i, s:s, s:s, s:i, s:o, s:[]}", "schema", 1, "study", s->name, "hash",
	    hash, "index", (int)self, "parties", parties, "runs");
}

static int
write_one(const char *base, size_t len, const char *end, const char *text, size_t text_len,
    struct err *e)
{
	char path[PATH_MAX];

	if (text == NULL)
		return err_set(e, -ENOMEM, "out of memory");
	if (snprintf(path, sizeof(path), "%.*s%s", (int)len, base, end) >= (int)sizeof(path))
		return err_set(e, -ENAMETOOLONG, "the name for the report is too long");
	return file_replace(path, 0644, text, text_len, e);
}

int
report_write(const json_t *report, const char *name, struct err *e)
{
	bool json = text_ends_with(name, ".json"), svg = text_ends_with(name, ".svg");
	size_t base = strlen(name) - (json ? 5 : svg ? 4 : 0), len = 0;
	char *text = json_dumps(report, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	int rc = write_one(name, base, ".json", text, text != NULL ? strlen(text) : 0, e);

	free(text);
	if (rc < 0)
		return rc;
	text = report_draw(report, &len);
	rc = write_one(name, base, ".svg", text, len, e);
	free(text);
	return rc;
}
