/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_svg.c - draws the report of a run: who reaches whom, traffic, round trips, time.
 *
 * Everything is drawn from the report's JSON, so that the two cannot disagree. Colours follow what
 * the reader's screen prefers, and none is the only sign of anything.
 */
#include "cli/run_report.h"

#include "cli/output.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 760
#define LEFT  20
#define NAME_WIDTH 110 /* of the column of names */
#define CELL_W 84
#define CELL_H 30
#define ROW_H  30
#define PLOT_H 90

struct drawing {
	FILE *to;
	double y; /* where the next part begins */
};

/* Text of others: what XML or a control character would be is neither. */
static void
put_text(const struct drawing *d, double x, double y, const char *class, const char *text)
{
	char plain[256];

	text_escape(plain, sizeof(plain), text, strlen(text));
	fprintf(d->to, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
	for (const char *p = plain; *p != '\0'; p++) {
		if (*p == '<')
			fputs("&lt;", d->to);
		else if (*p == '&')
			fputs("&amp;", d->to);
		else if (*p == '>')
			fputs("&gt;", d->to);
		else
			putc(*p, d->to);
	}
	fputs("</text>\n", d->to);
}

static void
put_box(const struct drawing *d, double x, double y, double w, double h, const char *class)
{
	fprintf(d->to, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"%s\"/>\n",
	    x, y, w, h, class);
}

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static double
number_of(const json_t *object, const char *key)
{
	double v = json_number_value(json_object_get(object, key));

	return v > 0 ? v : 0;
}

/* Names are long, cells are not. */
static const char *
short_name(char to[static 16], const char *name)
{
	(void)snprintf(to, 16, strlen(name) > 13 ? "%.11s.." : "%.13s", name);
	return to;
}

static const char *
bytes_text(char to[static 16], double n)
{
	return text_format_bytes(to, n < 9e18 ? (uint64_t)n : (uint64_t)9e18);
}

static void
put_heading(struct drawing *d, const char *text)
{
	d->y += 26;
	put_text(d, LEFT, d->y, "h", text);
	d->y += 10;
}

/*
 * The matrix
 */

static const char *
class_of_path(const char *path)
{
	static const char *const known[] = { "lan", "direct", "relay", "stream", "none" };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(path, known[i]) == 0)
			return known[i];
	return "unknown";
}

/* How one party reaches another: what it said itself, or for our own row what we have seen. */
static void
put_cell(const struct drawing *d, double x, double y, const json_t *to)
{
	const char *path = text_of(to, "path");
	double rtt = number_of(to, "rtt_us");
	char text[32];

	put_box(d, x, y, CELL_W - 3, CELL_H - 3, class_of_path(path));
	put_text(d, x + (CELL_W - 3) / 2.0, y + 12, "c", path[0] != '\0' ? path : "?");
	if (rtt > 0)
		put_text(d, x + (CELL_W - 3) / 2.0, y + 24, "c", output_usec(text, rtt));
}

/* Our row, from what was measured. */
static json_t *
own_row(const json_t *run, const json_t *parties)
{
	const json_t *traffic = json_object_get(run, "traffic"), *p;
	json_t *list = json_array();
	size_t i, next = 0;

	json_array_foreach ((json_t *)parties, i, p) {
		const json_t *t;
		json_t *cell;

		if (json_is_true(json_object_get(p, "self"))) {
			json_array_append_new(list, json_null());
			continue;
		}
		t = json_array_get(traffic, next++);
		cell = json_pack("{s:s}", "path", text_of(t, "path"));
		if (json_object_get(t, "rtt_us") != NULL)
			json_object_set(cell, "rtt_us",
			    json_object_get(json_object_get(t, "rtt_us"), "last"));
		json_array_append_new(list, cell);
	}
	return list;
}

static void
put_row(const struct drawing *d, const json_t *cells, size_t count, size_t row)
{
	for (size_t i = 0; i < count; i++) {
		double x = LEFT + NAME_WIDTH + (double)i * CELL_W;

		if (i == row)
			put_box(d, x, d->y, CELL_W - 3, CELL_H - 3, "self");
		else
			put_cell(d, x, d->y, json_array_get(cells, i));
	}
}

static void
put_matrix(struct drawing *d, const json_t *run, const json_t *parties)
{
	const json_t *matrix = json_object_get(run, "matrix"), *p;
	char name[16];
	size_t i;

	put_heading(d, "How each party (row) reaches each other one (column)");
	json_array_foreach ((json_t *)parties, i, p)
		put_text(d, LEFT + NAME_WIDTH + (double)i * CELL_W + (CELL_W - 3) / 2.0, d->y + 8,
		    "c", short_name(name, text_of(p, "name")));
	d->y += 14;
	json_array_foreach ((json_t *)parties, i, p) {
		bool self = json_is_true(json_object_get(p, "self"));
		json_t *cells = self ? own_row(run, parties) :
				       json_incref(json_object_get(json_array_get(matrix, i), "to"));

		put_text(d, LEFT, d->y + 18, "n", short_name(name, text_of(p, "name")));
		put_row(d, cells, json_array_size(parties), i);
		json_decref(cells);
		d->y += CELL_H;
	}
}

/*
 * Bars
 */

static double
most_bytes(const json_t *traffic)
{
	const json_t *t;
	double most = 1;
	size_t i;

	json_array_foreach ((json_t *)traffic, i, t) {
		double sent = number_of(t, "sent_bytes"), received = number_of(t, "received_bytes");

		most = sent > most ? sent : most;
		most = received > most ? received : most;
	}
	return most;
}

static void
put_bar(const struct drawing *d, double y, double part, const char *class, double bytes,
    double messages, const char *word)
{
	char text[96], size[16];

	put_box(d, LEFT + NAME_WIDTH, y, 1 + part * 360, 8, class);
	(void)snprintf(text, sizeof(text), "%s %s, %.0f message%s", word, bytes_text(size, bytes),
	    messages, messages == 1 ? "" : "s");
	put_text(d, LEFT + NAME_WIDTH + 8 + part * 360, y + 8, "s", text);
}

static void
put_traffic(struct drawing *d, const json_t *run)
{
	const json_t *traffic = json_object_get(run, "traffic"), *t;
	double most = most_bytes(traffic);
	char name[16];
	size_t i;

	put_heading(d, "What passed between this party and each other one");
	json_array_foreach ((json_t *)traffic, i, t) {
		double sent = number_of(t, "sent_bytes"), received = number_of(t, "received_bytes");

		put_text(d, LEFT, d->y + 13, "n", short_name(name, text_of(t, "party")));
		put_bar(d, d->y, sent / most, "sent", sent, number_of(t, "sent_messages"), "sent");
		put_bar(d, d->y + 12, received / most, "received", received,
		    number_of(t, "received_messages"), "received");
		d->y += ROW_H;
	}
}

/*
 * Round trips
 */

struct span {
	double least, most; /* from_us */
	bool any;
};

static struct span
span_of(const json_t *traffic)
{
	struct span s = { 0, 0, false };
	const json_t *t, *b;
	size_t i, k;

	json_array_foreach ((json_t *)traffic, i, t)
		json_array_foreach (json_object_get(t, "rtts"), k, b) {
			double from = number_of(b, "from_us");

			s.least = !s.any || from < s.least ? from : s.least;
			s.most = from > s.most ? from : s.most;
			s.any = true;
		}
	return s;
}

/* The bucket that begins at `from`. */
static unsigned
bucket_at(double from)
{
	unsigned i = 0;

	while (i + 1 < METER_RTTS && (double)meter_rtt_from(i + 1) <= from)
		i++;
	return i;
}

static void
put_histogram(const struct drawing *d, const json_t *t, unsigned first, double width)
{
	double most = 1, height;
	const json_t *b;
	size_t i;

	json_array_foreach (json_object_get(t, "rtts"), i, b)
		most = number_of(b, "count") > most ? number_of(b, "count") : most;
	json_array_foreach (json_object_get(t, "rtts"), i, b) {
		height = 26 * number_of(b, "count") / most;
		if (height > 0)
			put_box(d, LEFT + NAME_WIDTH +
			    (bucket_at(number_of(b, "from_us")) - first) * width,
			    d->y + 28 - max_u64((uint64_t)height, 1), width - 1,
			    (double)max_u64((uint64_t)height, 1), "rtt");
	}
}

static void
put_round_trips(struct drawing *d, const json_t *run)
{
	const json_t *traffic = json_object_get(run, "traffic"), *t;
	struct span s = span_of(traffic);
	unsigned first = bucket_at(s.least), last = bucket_at(s.most);
	double width = (WIDTH - 2 * LEFT - NAME_WIDTH) / (double)(last - first + 1);
	char text[32];
	size_t i;

	if (!s.any)
		return;
	width = width > 40 ? 40 : width;
	put_heading(d, "Round trips to each party, how often");
	json_array_foreach ((json_t *)traffic, i, t) {
		put_text(d, LEFT, d->y + 26, "n", short_name(text, text_of(t, "party")));
		put_histogram(d, t, first, width);
		put_box(d, LEFT + NAME_WIDTH, d->y + 28, width * (last - first + 1), 1, "line");
		d->y += 32;
	}
	for (unsigned k = first; k <= last; k += width < 30 ? 4 : 2)
		put_text(d, LEFT + NAME_WIDTH + (k - first) * width, d->y + 8, "s",
		    output_usec(text, (double)meter_rtt_from(k)));
	d->y += 12;
}

/*
 * Time
 */

static double
most_of(const json_t *list, double most)
{
	const json_t *v;
	size_t i;

	json_array_foreach ((json_t *)list, i, v)
		most = json_number_value(v) > most ? json_number_value(v) : most;
	return most;
}

static void
put_slots(const struct drawing *d, const json_t *list, double most, bool up)
{
	size_t n = json_array_size(list), i;
	double width = (double)(WIDTH - 2 * LEFT) / (double)(n > 0 ? n : 1);
	const json_t *v;

	json_array_foreach ((json_t *)list, i, v) {
		double h = json_number_value(v) / most * PLOT_H / 2;

		if (h > 0)
			put_box(d, LEFT + (double)i * width, d->y + PLOT_H / 2.0 - (up ? h : 0),
			    width > 2 ? width - 0.5 : width, h, up ? "sent" : "received");
	}
}

static void
put_stall(struct drawing *d, const json_t *s, double length)
{
	double scale = (WIDTH - 2 * LEFT) / length;
	double x = LEFT + number_of(s, "at_s") * scale, w = number_of(s, "length_s") * scale;
	char text[256];

	put_box(d, x, d->y, w > 2 ? w : 2, 10, "stall");
	(void)snprintf(text, sizeof(text), "%s, %.1f s at %.1f s: %s", text_of(s, "party"),
	    number_of(s, "length_s"), number_of(s, "at_s"), text_of(s, "text"));
	put_text(d, LEFT, d->y + 22, "s", text);
	d->y += 28;
}

static void
put_time(struct drawing *d, const json_t *run)
{
	const json_t *line = json_object_get(run, "timeline"), *stalls, *s;
	const json_t *sent = json_object_get(line, "sent_bytes");
	const json_t *received = json_object_get(line, "received_bytes");
	double most = most_of(received, most_of(sent, 1)), slot = number_of(line, "slot_s");
	double length = slot * (double)json_array_size(sent);
	char text[128], size[16];
	size_t i;

	(void)snprintf(text, sizeof(text), "Time: sent above, received below, at most %s in %.3g s",
	    bytes_text(size, most), slot);
	put_heading(d, text);
	put_slots(d, sent, most, true);
	put_slots(d, received, most, false);
	put_box(d, LEFT, d->y + PLOT_H / 2.0, WIDTH - 2 * LEFT, 1, "line");
	d->y += PLOT_H + 10;
	put_text(d, LEFT, d->y, "s", "0 s");
	(void)snprintf(text, sizeof(text), "%.1f s", length);
	put_text(d, WIDTH - LEFT, d->y, "e", text);
	d->y += 8;
	stalls = json_object_get(run, "stalls");
	json_array_foreach ((json_t *)stalls, i, s) {
		if (i == 12)
			break;
		put_stall(d, s, length > 0 ? length : 1);
	}
	if (json_array_size(stalls) > 12) {
		(void)snprintf(text, sizeof(text), "and %zu more stalls",
		    json_array_size(stalls) - 12);
		put_text(d, LEFT, d->y += 12, "s", text);
	}
}

/*
 * All of it
 */

static void
put_run(struct drawing *d, const json_t *report, const json_t *run)
{
	char text[256], time[32];

	d->y += 30;
	(void)snprintf(text, sizeof(text), "Run %.0f: %s", number_of(run, "number"),
	    text_of(run, "outcome"));
	if (text_of(run, "reason")[0] != '\0')
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), ": %s",
		    text_of(run, "reason"));
	put_text(d, LEFT, d->y, "t", text);
	d->y += 16;
	(void)snprintf(text, sizeof(text), "from %s, %.1f s",
	    text_format_time(time, (uint64_t)number_of(run, "began")), number_of(run, "lasted_s"));
	put_text(d, LEFT, d->y, "s", text);
	put_matrix(d, run, json_object_get(report, "parties"));
	put_traffic(d, run);
	put_round_trips(d, run);
	put_time(d, run);
}

static const char head[] =
    "<style>\n"
    "svg{--paper:#fff;--ink:#1c2330;--soft:#667085;--line:#98a2b3}\n"
    "@media(prefers-color-scheme:dark){svg{--paper:#14181f;--ink:#e7eaf0;--soft:#9aa4b2;"
    "--line:#5b6675}}\n"
    "text{font:11px sans-serif;fill:#1c2330;fill:var(--ink)}\n"
    ".paper{fill:#fff;fill:var(--paper)}\n"
    ".t{font-size:15px;font-weight:bold}.h{font-size:12px;font-weight:bold}\n"
    ".s,.e{fill:#667085;fill:var(--soft);font-size:10px}.e{text-anchor:end}\n"
    ".c{text-anchor:middle;font-size:10px}\n"
    ".lan,.direct{fill:#2e9e5b;fill-opacity:.4}.relay,.stream{fill:#e0a020;fill-opacity:.5}\n"
    ".none{fill:#d64545;fill-opacity:.6}.unknown,.self{fill:#98a2b3;fill-opacity:.25}\n"
    ".self{fill-opacity:.08}\n"
    ".sent{fill:#2f6fde}.received{fill:#e08a2e}.rtt{fill:#7a5fc9}.stall{fill:#d64545}\n"
    ".line{fill:#98a2b3;fill:var(--line)}\n"
    "</style>\n";

char *
report_draw(const json_t *report, size_t *len)
{
	const json_t *runs = json_object_get(report, "runs"), *run;
	double width = LEFT * 2.0 + NAME_WIDTH +
	    (double)CELL_W * (double)json_array_size(json_object_get(report, "parties"));
	char *parts = NULL, *text = NULL, title[160];
	struct drawing d = { open_memstream(&parts, len), 22 };
	size_t parts_len, i;
	FILE *to;

	if (d.to == NULL)
		return NULL;
	json_array_foreach ((json_t *)runs, i, run)
		put_run(&d, report, run);
	fclose(d.to);
	parts_len = *len;
	to = open_memstream(&text, len);
	if (to == NULL) {
		free(parts);
		return NULL;
	}
	width = width > WIDTH ? width : WIDTH;
	fprintf(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
	    "viewBox=\"0 0 %.0f %.0f\">\n%s<rect width=\"100%%\" height=\"100%%\" class=\"paper\"/>\n",
	    width, d.y + 50, width, d.y + 50, head);
	d.to = to;
	(void)snprintf(title, sizeof(title), "%s (%.8s)", text_of(report, "study"),
	    text_of(report, "hash"));
	put_text(&d, LEFT, 24, "t", title);
	if (parts_len > 0)
		fwrite(parts, 1, parts_len, to);
	fputs("</svg>\n", to);
	fclose(to);
	free(parts);
	return text;
}
