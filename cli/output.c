/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * output.c - draws tables from JSON.
 */
#include "cli/output.h"

#include "core/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CELL_MAX 512
#define ROWS_MAX 4096 /* lines of a table; --json has them all */

/* The columns of the terminal `to`, or 0. */
static size_t
width_of(FILE *to)
{
	struct winsize size;

	return ioctl(fileno(to), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void
output_init(struct output *o, FILE *to)
{
	const char *no_color = getenv("NO_COLOR");

	*o = (struct output){ .to = to, .terminal = isatty(fileno(to)) == 1 };
	o->width = o->terminal ? width_of(to) : 0;
	o->colour = o->terminal && (no_color == NULL || *no_color == '\0');
}

json_t *
output_body(int schema)
{
	json_t *body = json_pack("{s:i}", "schema", schema);

	assert(body != NULL);
	return body;
}

const char *
output_escape(char *to, size_t cap, const char *text)
{
	return text == NULL ? text_escape(to, cap, "-", 1)
	                    : text_escape(to, cap, text, strlen(text));
}

/* Cells ***************************************************************************************/

/* The member "a.b.c" of `row`, or NULL; null is absent too. */
static const json_t *
member(const json_t *row, const char *key)
{
	while (row != NULL) {
		const char *dot = strchr(key, '.');
		char part[64];
		size_t len = dot != NULL ? (size_t)(dot - key) : strlen(key);

		assert(len < sizeof(part));
		memcpy(part, key, len);
		part[len] = '\0';
		row = json_object_get(row, part);
		if (dot == NULL)
			break;
		key = dot + 1;
	}
	return json_is_null(row) ? NULL : row;
}

/* A value as it stands in the body, escaped; nothing for what is absent. */
static void
plain_cell(char to[static CELL_MAX], const json_t *value)
{
	size_t i, used = 0;
	json_t *element;

	to[0] = '\0';
	if (json_is_string(value))
		text_escape(to, CELL_MAX, json_string_value(value), json_string_length(value));
	else if (json_is_integer(value))
		snprintf(to, CELL_MAX, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(to, CELL_MAX, "%.15g", json_real_value(value));
	else if (json_is_boolean(value))
		snprintf(to, CELL_MAX, "%s", json_is_true(value) ? "yes" : "no");
	json_array_foreach(value, i, element)
	{
		char one[CELL_MAX];

		plain_cell(one, element);
		used +=
		    (size_t)snprintf(to + used, CELL_MAX - used, "%s%s", i > 0 ? ", " : "", one);
		if (used >= CELL_MAX)
			break;
	}
}

const char *
output_usec(char to[static 32], double usec)
{
	if (usec < 1000)
		snprintf(to, 32, "%.0f us", usec);
	else if (usec < 1e6)
		snprintf(to, 32, "%.*f ms", usec < 1e5, usec / 1e3);
	else
		snprintf(to, 32, "%.1f s", usec / 1e6);
	return to;
}

/* Of a number that may be anything: one that no unit below has room for is as large as can be. */
static uint64_t
whole(double number)
{
	return number <= 0 ? 0 : number < (double)INT64_MAX ? (uint64_t)number : INT64_MAX;
}

static void
number_cell(char to[static CELL_MAX], enum column_kind kind, double number)
{
	uint64_t n = whole(number);
	char text[32];

	switch (kind) {
	case COLUMN_BYTES: snprintf(to, CELL_MAX, "%s", text_format_bytes(text, n)); break;
	case COLUMN_USEC: snprintf(to, CELL_MAX, "%s", output_usec(text, number)); break;
	case COLUMN_DURATION: snprintf(to, CELL_MAX, "%s", text_format_duration(text, n)); break;
	case COLUMN_AGO: snprintf(to, CELL_MAX, "%s ago", text_format_duration(text, n)); break;
	case COLUMN_TIME: snprintf(to, CELL_MAX, "%s", text_format_time(text, n)); break;
	case COLUMN_DATE: snprintf(to, CELL_MAX, "%.10s", text_format_time(text, n)); break;
	case COLUMN_PERCENT: snprintf(to, CELL_MAX, "%.0f %%", number); break;
	case COLUMN_TEXT:
	case COLUMN_STATE:
	case COLUMN_PROSE:
	case COLUMN_PATH: break;
	}
}

/* A relay is known by its name, everything else by where it is. */
static void
path_cell(char to[static CELL_MAX], const json_t *path)
{
	const char *kind = json_string_value(json_object_get(path, "kind"));
	const char *relay = json_string_value(json_object_get(path, "relay"));
	const char *at = json_string_value(json_object_get(path, "at"));
	const char *where = relay != NULL ? relay : at;
	char text[CELL_MAX];

	snprintf(text, sizeof(text), "%s%s%s", kind != NULL ? kind : "", where != NULL ? " " : "",
	    where != NULL ? where : "");
	text_escape(to, CELL_MAX, text, strlen(text));
}

static void
cell(char to[static CELL_MAX], const struct column *column, const json_t *row, bool porcelain)
{
	const json_t *value = member(row, column->key);

	if (column->kind == COLUMN_PATH)
		path_cell(to, value);
	else
		plain_cell(to, value);
	if (porcelain)
		return;
	if (json_is_number(value))
		number_cell(to, column->kind, json_number_value(value));
	if (to[0] == '\0')
		snprintf(to, CELL_MAX, "-");
}

/* Numbers line up at their right end, so that sizes can be compared at a glance. */
static bool
to_the_right(enum column_kind kind)
{
	return kind == COLUMN_BYTES || kind == COLUMN_USEC || kind == COLUMN_PERCENT;
}

/* Colour **************************************************************************************/

static const struct {
	const char *word, *code;
} colours[] = {
	{ "direct", "\033[32m" },
	{ "lan", "\033[32m" },
	{ "valid", "\033[32m" },
	{ "ready", "\033[32m" },
	{ "relay", "\033[33m" },
	{ "expiring", "\033[33m" },
	{ "starting", "\033[33m" },
	{ "superseded", "\033[33m" },
	{ "none", "\033[31m" },
	{ "expired", "\033[31m" },
	{ "revoked", "\033[31m" },
	{ "replaced", "\033[31m" },
	{ "invalid", "\033[31m" },
};

#define COLOUR_HEAD "\033[1m"
#define COLOUR_OFF  "\033[0m"

static const char *
colour_of(const struct output *o, const struct column *column, const char *text)
{
	size_t len = strcspn(text, " ");

	for (size_t i = 0; i < ARRAY_LEN(colours) && o->colour; i++)
		if ((column->kind == COLUMN_STATE || column->kind == COLUMN_PATH) &&
		    strlen(colours[i].word) == len && memcmp(colours[i].word, text, len) == 0)
			return colours[i].code;
	return NULL;
}

static void
put_coloured(const struct output *o, const char *code, const char *text)
{
	fprintf(o->to, "%s%s%s", code != NULL ? code : "", text, code != NULL ? COLOUR_OFF : "");
}

static void
put_blanks(const struct output *o, size_t n)
{
	fprintf(o->to, "%*s", (int)n, "");
}

/* Tables **************************************************************************************/

#define COLUMNS_MAX 16

static size_t
count_columns(const struct column *columns)
{
	size_t n = 0;

	while (columns[n].title != NULL)
		n++;
	assert(n <= COLUMNS_MAX);
	return n;
}

static void
measure(size_t widths[static COLUMNS_MAX], const struct column *columns, const json_t *rows)
{
	char text[CELL_MAX];
	json_t *row;
	size_t i;

	for (size_t c = 0; columns[c].title != NULL; c++)
		widths[c] = strlen(columns[c].title);
	json_array_foreach(rows, i, row)
	{
		for (size_t c = 0; columns[c].title != NULL && i < ROWS_MAX; c++) {
			cell(text, &columns[c], row, false);
			widths[c] = max_u64(widths[c], strlen(text));
		}
	}
}

/* A column that has no room gets this width. */
#define LEFT_OUT SIZE_MAX

/* Leaves out what the terminal has no room for. */
static void
fit(const struct output *o, const struct column *columns, size_t widths[static COLUMNS_MAX])
{
	for (;;) {
		size_t sum = 0, least = COLUMNS_MAX;

		for (size_t c = 0; columns[c].title != NULL; c++) {
			if (widths[c] == LEFT_OUT)
				continue;
			sum += widths[c] + (sum > 0 ? 2 : 0);
			if (columns[c].spare > (least < COLUMNS_MAX ? columns[least].spare : 0))
				least = c;
		}
		if (o->width == 0 || sum <= o->width || least == COLUMNS_MAX)
			return;
		widths[least] = LEFT_OUT;
	}
}

/* One line; without a row, the head. The last column is not padded. */
static void
put_line(const struct output *o, const struct column *columns, const size_t *widths,
    const json_t *row)
{
	size_t n = count_columns(columns);
	char text[CELL_MAX];

	for (size_t c = 0; c < n; c++) {
		size_t pad;

		if (widths[c] == LEFT_OUT)
			continue;
		if (row != NULL)
			cell(text, &columns[c], row, false);
		else
			snprintf(text, sizeof(text), "%s", columns[c].title);
		pad = widths[c] > strlen(text) ? widths[c] - strlen(text) : 0;
		if (to_the_right(columns[c].kind))
			put_blanks(o, pad);
		put_coloured(o,
		    row != NULL ? colour_of(o, &columns[c], text)
		    : o->colour ? COLOUR_HEAD
				: NULL,
		    text);
		if (c + 1 < n)
			put_blanks(o, 2 + (to_the_right(columns[c].kind) ? 0 : pad));
	}
	fputc('\n', o->to);
}

static void
put_table(const struct output *o, const struct view *view, const json_t *rows)
{
	size_t widths[COLUMNS_MAX], i;
	json_t *row;

	if (json_array_size(rows) == 0) {
		fprintf(o->to, "%s\n", view->empty);
		return;
	}
	measure(widths, view->columns, rows);
	fit(o, view->columns, widths);
	put_line(o, view->columns, widths, NULL);
	json_array_foreach(rows, i, row)
	{
		if (i == ROWS_MAX) {
			fprintf(o->to, "and %zu more: --json has them all\n",
			    json_array_size(rows) - i);
			break;
		}
		put_line(o, view->columns, widths, row);
	}
}

/* A narrower column is no help to anybody. */
#define PROSE_MIN 24

/* A sentence in lines of at most what is left of the width behind `indent`. */
static void
put_prose(const struct output *o, const char *text, size_t indent)
{
	size_t room = o->width >= indent + PROSE_MIN ? o->width - indent : SIZE_MAX;

	while (strlen(text) > room) {
		size_t n = room;

		while (n > 0 && text[n] != ' ')
			n--;
		if (n == 0)
			break;
		fprintf(o->to, "%.*s\n", (int)n, text);
		put_blanks(o, indent);
		text += n + 1;
	}
	fputs(text, o->to);
}

/* Members of the body itself, a line each; what is absent has no line. */
static void
put_fields(const struct output *o, const struct column *columns, const json_t *body)
{
	size_t widest = 0;
	char text[CELL_MAX];

	for (const struct column *c = columns; c->title != NULL; c++)
		if (member(body, c->key) != NULL)
			widest = max_u64(widest, strlen(c->title));
	for (const struct column *c = columns; c->title != NULL; c++) {
		if (member(body, c->key) == NULL)
			continue;
		put_coloured(o, o->colour ? COLOUR_HEAD : NULL, c->title);
		put_blanks(o, widest - strlen(c->title) + 2);
		cell(text, c, body, false);
		if (c->kind == COLUMN_PROSE)
			put_prose(o, text, widest + 2);
		else
			put_coloured(o, colour_of(o, c, text), text);
		fputc('\n', o->to);
	}
}

/* Porcelain ***********************************************************************************/

static void
put_porcelain_row(const struct output *o, const struct column *columns, const json_t *row)
{
	char text[CELL_MAX];

	for (size_t c = 0; columns[c].title != NULL; c++) {
		cell(text, &columns[c], row, true);
		fprintf(o->to, "%s%s", c > 0 ? "\t" : "", text);
	}
	fputc('\n', o->to);
}

static void
put_porcelain(const struct output *o, const struct view *view, const json_t *body)
{
	char text[CELL_MAX];
	json_t *row;
	size_t i;

	if (view->rows != NULL) {
		json_array_foreach(json_object_get(body, view->rows), i, row)
		    put_porcelain_row(o, view->columns, row);
		return;
	}
	for (const struct column *c = view->columns; c->title != NULL; c++) {
		cell(text, c, body, true);
		if (text[0] != '\0')
			fprintf(o->to, "%s\t%s\n", c->key, text);
	}
}

/*********************************************************************************************/

static void
put_json(const struct output *o, const json_t *body, size_t indent)
{
	json_dumpf(body, o->to,
	    JSON_ENSURE_ASCII | (indent > 0 ? JSON_INDENT(indent) : JSON_COMPACT));
	fputc('\n', o->to);
}

/* A view that has nothing to show takes no place; the others are an empty line apart. */
static void
put_views(const struct output *o, const json_t *body, const struct view *views)
{
	bool first = true;

	for (const struct view *v = views; v->columns != NULL; v++) {
		const json_t *rows = v->rows != NULL ? json_object_get(body, v->rows) : NULL;

		if (v->rows != NULL && json_array_size(rows) == 0 && v->empty == NULL)
			continue;
		if (!first)
			fputc('\n', o->to);
		first = false;
		if (v->rows == NULL)
			put_fields(o, v->columns, body);
		else
			put_table(o, v, rows);
	}
}

void
output_show(struct output *o, const json_t *body, const struct view *views)
{
	if (o->format == OUTPUT_JSON)
		put_json(o, body, o->terminal ? 2 : 0);
	else if (o->format == OUTPUT_PEOPLE)
		put_views(o, body, views);
	for (const struct view *v = views; v->columns != NULL; v++)
		if (o->format == OUTPUT_PORCELAIN)
			put_porcelain(o, v, body);
	fflush(o->to);
}

void
output_stream(struct output *o, const json_t *body, const struct column *columns)
{
	if (o->format == OUTPUT_JSON)
		put_json(o, body, 0);
	else if (o->format == OUTPUT_PORCELAIN)
		put_porcelain_row(o, columns, body);
	fflush(o->to);
}

void
output_say(struct output *o, const char *fmt, ...)
{
	va_list ap;

	if (o->format != OUTPUT_PEOPLE)
		return;
	va_start(ap, fmt);
	vfprintf(o->to, fmt, ap);
	va_end(ap);
	fputc('\n', o->to);
	fflush(o->to);
}

void
output_prose(struct output *o, const char *head, const char *text)
{
	if (o->format != OUTPUT_PEOPLE)
		return;
	fputs(head, o->to);
	put_prose(o, text, strlen(head));
	fputc('\n', o->to);
	fflush(o->to);
}
