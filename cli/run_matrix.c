/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_matrix.c - how the parties of a run reach each other, as a table.
 */
#include "cli/run_matrix.h"

#include "cli/output.h"

#include <string.h>

#define NAME_WIDTH 16

bool
run_matrix_is_whole(const json_t *view)
{
	const json_t *rows = json_object_get(view, "matrix"), *row;
	size_t i;

	json_array_foreach ((json_t *)rows, i, row)
		if (!json_is_object(row))
			return false;
	return json_array_size(rows) > 0;
}

static const char *
cell_text(char to[static 24], const json_t *cell)
{
	const char *path = json_string_value(json_object_get(cell, "path"));
	double ms = (double)json_integer_value(json_object_get(cell, "rtt_us")) / 1000;
	bool lossy = json_integer_value(json_object_get(cell, "loss_percent")) > 0;
	const char *mark;

	if (path == NULL || strcmp(path, "none") == 0)
		return "?";
	mark = strcmp(path, "relay") == 0 ? "*" : "";
	if (ms > 0)
		(void)snprintf(to, 24, "%.*f%s%s", ms < 100 ? 1 : 0, ms, mark, lossy ? "!" : "");
	else
		(void)snprintf(to, 24, "%s%s", path, lossy ? "!" : "");
	return to;
}

/* What the marks mean, of those that are there. */
static void
print_legend(FILE *to, const char *lead, const json_t *rows)
{
	const json_t *row, *cell;
	size_t i, k;
	bool relayed = false, lossy = false;

	json_array_foreach ((json_t *)rows, i, row) {
		json_array_foreach (json_object_get(row, "to"), k, cell) {
			const char *path = json_string_value(json_object_get(cell, "path"));

			relayed |= path != NULL && strcmp(path, "relay") == 0;
			lossy |= json_integer_value(json_object_get(cell, "loss_percent")) > 0;
		}
	}
	if (relayed || lossy)
		fprintf(to, "%s%s%s%s\n", lead, relayed ? "* by a relay" : "",
		    relayed && lossy ? ", " : "", lossy ? "! packets are lost" : "");
}

void
run_matrix_print(FILE *to, const char *lead, const json_t *view)
{
	const json_t *rows = json_object_get(view, "matrix"), *parties, *row, *cell;
	size_t i, k, n = json_array_size(rows);
	char name[64], text[24];

	parties = json_object_get(view, "parties");
	fprintf(to, "%s%-*s", lead, NAME_WIDTH + 4, "round trips in ms");
	for (i = 0; i < n; i++)
		fprintf(to, " %7zu", i);
	fputc('\n', to);
	json_array_foreach ((json_t *)rows, i, row) {
		const json_t *party = json_array_get(parties, i);
		const char *is = json_string_value(json_object_get(party, "name"));

		fprintf(to, "%s%3zu %-*.*s", lead, i, NAME_WIDTH, NAME_WIDTH,
		    output_escape(name, sizeof(name), is));
		for (k = 0; k < n; k++) {
			cell = json_array_get(json_object_get(row, "to"), k);
			fprintf(to, " %7s", k == i ? "-" : cell_text(text, cell));
		}
		fputc('\n', to);
	}
	print_legend(to, lead, rows);
}
