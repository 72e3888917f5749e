/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * runview.c - what is shown of a run.
 */
#include "node/runview.h"

#include <stdio.h>
#include <string.h>

#include "host/body.h"
#include "node/ask.h"
#include "node/rows.h"
#include "node/shell.h"
#include "node/studyverb.h"
#include "node/view.h"

static const char *
phase_word(enum run_phase phase)
{
	static const char *const words[] = {
		[RUN_NOWHERE] = "away",	 [RUN_HERE] = "here", [RUN_READY] = "ready",
		[RUN_GOING] = "running", [RUN_DONE] = "done", [RUN_ABORTED] = "aborted",
	};

	return words[phase];
}

static const char *const reasons[] = {
	[RUN_FAILED] = "failed",	 [RUN_INTERRUPTED] = "interrupted",
	[RUN_TIMEOUT] = "timeout",	 [RUN_DIFFERENT] = "different",
	[RUN_BEGAN_ANEW] = "began-anew", [RUN_WENT_ON] = "went-on",
	[RUN_ABSENT] = "absent",	 [RUN_REVOKED] = "revoked",
	[RUN_CLOSED] = "closed",
};

int
runview_reason(const char *word)
{
	for (size_t i = 1; i < ARRAY_LEN(reasons); i++)
		if (strcmp(reasons[i], word) == 0)
			return (int)i;
	return ERR_UNKNOWN;
}

/*
 * Looking
 */

static json_t *
differences(const struct rally *r, unsigned party)
{
	struct rally_walk at = { 0 };
	struct rally_difference d;
	json_t *list = json_array();

	while (rally_differs(r, party, &at, &d)) {
		json_t *row = json_object();

		body_text(row, "name", d.name);
		if (d.we_have)
			body_text(row, "here", d.ours);
		if (d.they_have)
			body_text(row, "there", d.theirs);
		json_array_append_new(list, row);
	}
	return list;
}

/* How it is reached, as far as that is known. */
static void
put_path(json_t *row, const struct view_peer *peer)
{
	for (size_t i = 0; i < peer->path_count; i++) {
		const struct view_path *p = &peer->paths[i];

		if (!p->in_use)
			continue;
		body_text(row, "path", row_path_word(p->path));
		body_number(row, "loss_percent", p->loss_percent);
		if (p->rtt > 0)
			body_number(row, "rtt_us", p->rtt);
	}
}

/*
 * Why a party does not take part: what keeps it from hearing us, in the words of `why`; or, if nothing
 * does, how it stands to the study, by its own word. `peer` is NULL where nothing is held of its name.
 */
static void
put_absence(json_t *row, const struct node *n, const struct study *s, unsigned i,
    const struct view_peer *peer)
{
	const struct study_party *is = &s->parties[i];
	char text[WHY_TEXT_MAX];

	if (peer && memcmp(peer->key, is->key, sizeof(is->key)) != 0) {
		(void)snprintf(text, sizeof(text), STUDY_OTHER_KEY, is->name);
		body_text(row, "why", "other-key");
		body_text(row, "text", text);
		body_text(row, "change", STUDY_OTHER_KEY_CHANGE);
	} else if (!peer || !peer->connected) {
		ask_put_reason(row, n, is->name, peer);
	} else {
		body_text(row, "stance", studyverb_stance(n->mesh, s->hash, i));
	}
}

static json_t *
party_row(const struct node *n, const struct rally *r, unsigned i, unsigned self)
{
	const struct study_party *is = &rally_study(r)->parties[i];
	struct rally_party p;
	struct view_peer peer;
	json_t *row = json_object();
	bool known;

	rally_view_party(r, clock_now().mono, i, &p);
	body_text(row, "name", is->name);
	body_text(row, "phase", phase_word(p.phase));
	body_flag(row, "self", i == self);
	body_flag(row, "other_study", p.other_study);
	body_flag(row, "twice", p.twice);
	body_flag(row, "lost", p.lost);
	if (i == self)
		return row;
	if (p.heard_at != 0)
		body_number(row, "silent_s", (clock_now().mono - p.heard_at) / USEC_PER_SEC);
	if (p.differences > 0)
		body_put(row, "differences", differences(r, i));
	known = view_peer(n->mesh, clock_now(), is->name, &peer) == 0;
	if (known && peer.connected)
		put_path(row, &peer);
	if (p.phase == RUN_NOWHERE)
		put_absence(row, n, rally_study(r), i, known ? &peer : NULL);
	return row;
}

static const char *
path_word(uint8_t path)
{
	static const char *const words[] = {
		[RUN_PATH_NONE] = "none",   [RUN_PATH_LAN] = "lan",	  [RUN_PATH_DIRECT] = "direct",
		[RUN_PATH_RELAY] = "relay", [RUN_PATH_STREAM] = "stream",
	};

	return words[path];
}

static json_t *
cell_row(const struct run_cell *c)
{
	json_t *row = json_object();

	body_text(row, "path", path_word(c->path));
	if (c->rtt_us > 0)
		body_number(row, "rtt_us", c->rtt_us);
	body_number(row, "loss_percent", c->loss_percent);
	body_number(row, "tx_bytes", c->tx_bytes);
	body_number(row, "rx_bytes", c->rx_bytes);
	body_number(row, "tx_packets", c->tx_packets);
	body_number(row, "rx_packets", c->rx_packets);
	return row;
}

/* How every party reaches every other one, as far as it has said so. */
static json_t *
matrix(const struct rally *r)
{
	unsigned n = rally_study(r)->count;
	json_t *rows = json_array();

	for (unsigned i = 0; i < n; i++) {
		usec_t at;
		const struct run_cell *cells = rally_row(r, i, &at);
		json_t *row = cells ? json_object() : json_null(), *to = json_array();

		for (unsigned k = 0; k < n && cells; k++)
			json_array_append_new(to, k == i ? json_null() : cell_row(&cells[k]));
		if (cells)
			body_seconds_since(row, "age_s", at, clock_now().mono);
		if (cells)
			body_put(row, "to", to);
		else
			json_decref(to);
		json_array_append_new(rows, row);
	}
	return rows;
}

json_t *
runview_body(const struct node *n, const struct rally *r, const struct running *of,
    const char *event)
{
	const struct study *s = rally_study(r);
	json_t *body = body_new(1), *parties = json_array();
	struct rally_view v;

	rally_view(r, &v);
	body_text(body, "event", event);
	body_text(body, "phase", phase_word(v.phase));
	body_number(body, "number", v.number);
	body_number(body, "run", (uint64_t)of->run);
	if (v.phase == RUN_ABORTED) {
		body_flag(body, "again", v.again);
		body_text(body, "party", s->parties[v.party].name);
		body_flag(body, "own", v.party == of->self);
		body_text(body, "reason", reasons[v.reason]);
		body_text(body, "text", v.text);
	}
	for (unsigned i = 0; i < s->count; i++)
		json_array_append_new(parties, party_row(n, r, i, of->self));
	body_put(body, "parties", parties);
	body_put(body, "matrix", matrix(r));
	return body;
}
