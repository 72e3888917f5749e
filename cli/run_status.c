/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_status.c - draws a run that goes on.
 */
#include "cli/run_status.h"

#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHAPE 12 /* columns of a drawn histogram */

struct lines {
	char *to;
	size_t cap, at;
	unsigned width, left; /* how many more lines there may be */
};

/* One line, cut at the width. */
static void printf_like(2, 3)
put_line(struct lines *l, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (l->left == 0)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->left--;
	if (l->at < l->cap)
		l->at += (size_t)snprintf(l->to + l->at, l->cap - l->at, "%.*s\n",
		    (int)l->width - 1, text);
}

static const char *
phase_of(const json_t *view, unsigned party)
{
	const json_t *row = json_array_get(json_object_get(view, "parties"), party);
	const char *phase = json_string_value(json_object_get(row, "phase"));

	return phase != NULL ? phase : "";
}

static const char *
rtt_text(char to[static 32], uint32_t usec)
{
	return usec > 0 ? output_usec(to, usec) : "-";
}

/* The buckets from the first to the last with something in them, one sign for each. */
static const char *
shape_of(char to[static SHAPE + 1], const struct meter_party *p)
{
	static const char levels[] = " .:-=+*#";
	unsigned first, last, at = 0;
	uint64_t most = 0;

	meter_rtt_span(p, &first, &last);
	last = last - first > SHAPE ? first + SHAPE : last;
	for (unsigned i = first; i < last; i++)
		most = max_u64(most, p->rtts[i]);
	for (unsigned i = first; i < last; i++, at++)
		to[at] = levels[(p->rtts[i] * (sizeof(levels) - 2) + most - 1) / most];
	to[at] = '\0';
	return to;
}

static void
put_party(struct lines *l, const struct run_status *r, unsigned i)
{
	const struct meter_party *p = &r->meter->party[i];
	const struct meter_stall *stall = meter_stalls(r->meter, i);
	const char *path = meter_path_word(p->path);
	char rtt[32], sent[16], received[16], shape[SHAPE + 1], cause[128];

	put_line(l, "  %-12.12s %-7.7s %-6s %8s %8s %8s %7llu %7llu  %s",
	    r->study->parties[i].name, phase_of(r->view, i), path != NULL ? path : "-",
	    rtt_text(rtt, p->rtt), text_format_bytes(sent, p->sent),
	    text_format_bytes(received, p->received), (unsigned long long)p->sent_messages,
	    (unsigned long long)p->received_messages, shape_of(shape, p));
	if (stall != NULL)
		put_line(l, "    stalls for %.1f s: %s",
		    (double)(r->meter->lasted - stall->begin) / USEC_PER_SEC,
		    meter_cause_text(cause, stall));
}

/* The parties with whom something is wrong first, where there is no room for all. */
static bool
is_troubled(const struct run_status *r, unsigned i)
{
	return meter_stalls(r->meter, i) != NULL || r->meter->party[i].path == METER_NO_PATH;
}

static void
put_parties(struct lines *l, const struct run_status *r)
{
	unsigned others = r->study->count - 1, shown = 0;

	for (int troubled = 1; troubled >= 0; troubled--)
		for (unsigned i = 0; i < r->study->count; i++) {
			if (i == r->meter->self || is_troubled(r, i) != (troubled == 1))
				continue;
			if (l->left <= 2 && shown + 1 < others) {
				put_line(l, "  and %u more", others - shown);
				return;
			}
			put_party(l, r, i);
			shown++;
		}
}

void
run_status_block(char *to, size_t cap, const struct run_status *r, unsigned width, unsigned height)
{
	struct lines l = { to, cap, 0, width, height > 6 ? height / 2 : 3 };

	to[0] = '\0';
	put_line(&l, "-- %s, run %llu, %.0f s, %u stall%s --", r->study->name,
	    (unsigned long long)r->number, (double)r->meter->lasted / USEC_PER_SEC,
	    r->meter->stall_count, r->meter->stall_count == 1 ? "" : "s");
	put_line(&l, "  %-12s %-7s %-6s %8s %8s %8s %7s %7s  %s", "PARTY", "PHASE", "PATH", "RTT",
	    "SENT", "RECEIVED", "MSG OUT", "MSG IN", "RTTS");
	put_parties(&l, r);
}

void
run_status_line(char to[static 512], const struct run_status *r)
{
	const struct meter *m = r->meter;
	uint64_t sent = 0, received = 0;
	char bytes[2][16], rtt[32], cause[128];
	unsigned slowest = 0;
	int at;

	for (unsigned i = 0; i < m->count; i++) {
		sent += m->party[i].sent;
		received += m->party[i].received;
		if (m->party[i].rtt > m->party[slowest].rtt)
			slowest = i;
	}
	at = snprintf(to, 512, "run %llu of %s, %.0f s: sent %s, received %s", (unsigned long long)
	    r->number, r->study->name, (double)m->lasted / USEC_PER_SEC,
	    text_format_bytes(bytes[0], sent), text_format_bytes(bytes[1], received));
	if (m->party[slowest].rtt > 0)
		at += snprintf(to + at, 512 - (size_t)at, "; slowest %s, %s",
		    r->study->parties[slowest].name, rtt_text(rtt, m->party[slowest].rtt));
	for (unsigned i = 0; i < m->count && at < 300; i++) {
		const struct meter_stall *s = meter_stalls(m, i);

		if (s != NULL)
			at += snprintf(to + at, 512 - (size_t)at, "; %s stalls for %.0f s: %s",
			    r->study->parties[i].name, (double)(m->lasted - s->begin) / USEC_PER_SEC,
			    meter_cause_text(cause, s));
	}
}
