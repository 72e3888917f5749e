/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_show.c - shows a run that goes on.
 */
#include "cli/run_show.h"

#include "cli/run_matrix.h"
#include "cli/talk.h"

#include <string.h>

static const struct column run_columns[] = {
	{ "run", "number", COLUMN_TEXT },
	{ "phase", "phase", COLUMN_STATE },
	{ NULL },
};

static const struct column party_columns[] = {
	{ "PARTY", "name", COLUMN_TEXT },
	{ "PHASE", "phase", COLUMN_STATE },
	{ "PATH", "path", COLUMN_STATE },
	{ "RTT", "rtt_us", COLUMN_USEC },
	{ "LOSS", "loss_percent", COLUMN_PERCENT, 1 },
	{ "SENT", "tx_bytes", COLUMN_BYTES, 2 },
	{ "RECEIVED", "rx_bytes", COLUMN_BYTES, 2 },
	{ "PACKETS OUT", "tx_packets", COLUMN_TEXT, 3 },
	{ "PACKETS IN", "rx_packets", COLUMN_TEXT, 3 },
	{ NULL },
};

static const struct view views[] = {
	{ NULL, run_columns },
	{ "parties", party_columns },
	{ NULL },
};

void
run_show_add(json_t *body, const struct context *c)
{
	const char *hash = json_string_value(json_object_get(body, "hash")), *is;
	json_t *answer, *run;
	struct err e;
	size_t i;

	if (hash == NULL || talk_call_role(c, HOME_NODE, "runs", NULL, &answer, &e) != 0)
		return;
	json_array_foreach (json_object_get(answer, "runs"), i, run) {
		is = json_string_value(json_object_get(run, "hash"));
		if (is != NULL && strcmp(is, hash) == 0)
			json_object_set(body, "run", run);
	}
	json_decref(answer);
}

/* The row of the matrix that this host says itself. */
static const json_t *
own_row(const json_t *run)
{
	const json_t *p;
	size_t i;

	json_array_foreach (json_object_get(run, "parties"), i, p)
		if (json_is_true(json_object_get(p, "self")))
			return json_object_get(json_array_get(json_object_get(run, "matrix"), i),
			    "to");
	return NULL;
}

void
run_show(struct output *o, const json_t *body)
{
	json_t *run = json_deep_copy(json_object_get(body, "run")), *p;
	const json_t *row = own_row(run);
	size_t i;

	if (run == NULL || o->format != OUTPUT_PEOPLE) {
		json_decref(run);
		return;
	}
	json_array_foreach (json_object_get(run, "parties"), i, p)
		json_object_update_missing(p, json_array_get(row, i));
	output_say(o, "%s", "");
	output_show(o, run, views);
	output_say(o, "%s", "");
	run_matrix_print(o->to, "", run);
	json_decref(run);
}
