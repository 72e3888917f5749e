/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_events.c - what a person is told of a run while the parties come together.
 */
#include "cli/run_events.h"

#include "cli/output.h"
#include "cli/run_matrix.h"

#include <string.h>

/* A path that breaks is found again in less; who is silent for longer may be gone for good. */
#define SILENT_S 15

static const char *
text(const json_t *object, const char *key, char *to, size_t cap)
{
	return output_escape(to, cap, json_string_value(json_object_get(object, key)));
}

static bool
flag(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* "arguments (here 1, ab12; there none), mpyc (here 0.11; there 0.10)" */
static void
describe_differences(char *to, size_t cap, const json_t *list)
{
	char name[64], here[160], there[160];
	const json_t *d;
	size_t i, at = 0;

	to[0] = '\0';
	json_array_foreach ((json_t *)list, i, d) {
		bool has_here = json_object_get(d, "here") != NULL;
		bool has_there = json_object_get(d, "there") != NULL;

		if (at >= cap)
			return;
		at += (size_t)snprintf(to + at, cap - at, "%s%s (here %s; there %s)", i > 0 ? ", " : "",
		    text(d, "name", name, sizeof(name)),
		    has_here ? text(d, "here", here, sizeof(here)) : "unknown",
		    has_there ? text(d, "there", there, sizeof(there)) : "unknown");
	}
}

/* Empty: there is nothing to say about it, but that it is waited for. */
static void
describe_party(char to[static 512], const json_t *p)
{
	const json_t *list = json_object_get(p, "differences");
	char name[64], differences[400];

	to[0] = '\0';
	(void)text(p, "name", name, sizeof(name));
	if (flag(p, "lost"))
		(void)snprintf(to, 512, "%s is no member any more: its certificate is revoked", name);
	else if (flag(p, "other_study"))
		(void)snprintf(to, 512, "%s has another study of this name: compare mpynet study show "
		    "here and there", name);
	else if (flag(p, "twice"))
		(void)snprintf(to, 512, "%s runs it twice: two processes speak for it", name);
	else if (json_array_size(list) > 0) {
		describe_differences(differences, sizeof(differences), list);
		(void)snprintf(to, 512, "%s would run something else: %s", name, differences);
	}
}

static bool
is_phase(const json_t *p, const char *phase)
{
	const char *is = json_string_value(json_object_get(p, "phase"));

	return is != NULL && strcmp(is, phase) == 0;
}

/* Those who were not heard. */
static void
describe_waiting(char to[static 512], const json_t *view)
{
	const json_t *parties = json_object_get(view, "parties"), *p;
	size_t i, at = 0;
	char name[64];

	to[0] = '\0';
	json_array_foreach ((json_t *)parties, i, p) {
		if (flag(p, "self") || flag(p, "other_study") || !is_phase(p, "away") || at >= 480)
			continue;
		at += (size_t)snprintf(to + at, 512 - at, "%s%s%s", at > 0 ? ", " : "waiting for ",
		    text(p, "name", name, sizeof(name)),
		    json_object_get(p, "path") != NULL ? "" : " (not reached)");
	}
}

/* Nobody but a person knows whether a party that is silent will come back. */
static void
show_silence(struct run_events *r, size_t i, const json_t *view, const json_t *p)
{
	bool silent = is_phase(view, "running") && is_phase(p, "running") &&
	    json_integer_value(json_object_get(p, "silent_s")) >= SILENT_S;
	char name[64];

	if (silent == r->silent[i])
		return;
	r->silent[i] = silent;
	(void)text(p, "name", name, sizeof(name));
	if (silent)
		fprintf(r->to, "mpynet: %s has not been heard for %d s; the run waits for it, until it "
		    "is heard or somebody interrupts\n", name, SILENT_S);
	else if (is_phase(view, "running"))
		fprintf(r->to, "mpynet: %s is heard again\n", name);
}

const char *
run_events_missing(char to[static RUN_EVENTS_MISSING_MAX], const struct run_events *r)
{
	size_t at = (size_t)snprintf(to, RUN_EVENTS_MISSING_MAX, "%s", r->waiting);

	for (size_t i = 0; i < STUDY_PARTIES_MAX && at < RUN_EVENTS_MISSING_MAX; i++)
		if (r->party[i][0] != '\0')
			at += (size_t)snprintf(to + at, RUN_EVENTS_MISSING_MAX - at, "%s%s",
			    at > 0 ? "; " : "", r->party[i]);
	for (size_t i = 0; i < STUDY_PARTIES_MAX && at < RUN_EVENTS_MISSING_MAX; i++)
		if (r->reason[i][0] != '\0')
			at += (size_t)snprintf(to + at, RUN_EVENTS_MISSING_MAX - at, "; %s", r->away[i]);
	return to;
}

void
run_events_show(struct run_events *r, const json_t *view)
{
	const json_t *parties = json_object_get(view, "parties"), *p;
	char now[512];
	size_t i;

	json_array_foreach ((json_t *)parties, i, p) {
		if (i >= STUDY_PARTIES_MAX)
			break;
		describe_party(now, p);
		if (strcmp(now, r->party[i]) != 0 && now[0] != '\0')
			fprintf(r->to, "mpynet: %s\n", now);
		memcpy(r->party[i], now, sizeof(now));
		show_silence(r, i, view, p);
	}
	describe_waiting(now, view);
	if (strcmp(now, r->waiting) != 0 && now[0] != '\0')
		fprintf(r->to, "mpynet: %s\n", now);
	memcpy(r->waiting, now, sizeof(now));
}

/* What keeps a party that is away, or NULL: what passes by itself within seconds is not said. */
static const char *
reason_of(const json_t *p, const char **word)
{
	static const struct {
		const char *stance, *text;
	} stances[] = {
		{ "absent", "is there, and does not have the study yet" },
		{ "proposed", "is there, and nobody has accepted the study there: mpynet study accept" },
		{ "accepted", "is there, and nobody has typed mpynet run there" },
		{ "closed", "is there, and has closed the study" },
		{ "refused", "is there, and could not take the study" },
	};

	*word = json_string_value(json_object_get(p, "why"));
	if (*word != NULL)
		return strcmp(*word, "idle") == 0 || strcmp(*word, "connecting") == 0 ?
		    NULL : json_string_value(json_object_get(p, "text"));
	*word = json_string_value(json_object_get(p, "stance"));
	for (size_t i = 0; *word != NULL && i < ARRAY_LEN(stances); i++)
		if (strcmp(*word, stances[i].stance) == 0)
			return stances[i].text;
	return NULL;
}

/* The words of a reason change with every second that they tell; said again is another reason. */
static void
show_reason(struct run_events *r, size_t i, const json_t *p)
{
	const char *word, *because = reason_of(p, &word), *change;
	char name[64], line[WHY_TEXT_MAX], would[WHY_TEXT_MAX];

	if (because == NULL || strncmp(word, r->reason[i], sizeof(r->reason[i]) - 1) == 0)
		return;
	(void)snprintf(r->reason[i], sizeof(r->reason[i]), "%s", word);
	change = json_string_value(json_object_get(p, "change"));
	(void)output_escape(line, sizeof(line), because);
	(void)text(p, "name", name, sizeof(name));
	/* The sentences of `why` have the name in them. */
	if (json_object_get(p, "why") != NULL)
		(void)snprintf(r->away[i], sizeof(r->away[i]), "%s", line);
	else
		(void)snprintf(r->away[i], sizeof(r->away[i]), "%s %s", name, line);
	fprintf(r->to, "mpynet: %s%s%s\n", r->away[i], change != NULL && *change != '\0' ? "; " : "",
	    output_escape(would, sizeof(would), change != NULL ? change : ""));
}

void
run_events_reasons(struct run_events *r, const json_t *view)
{
	const json_t *parties = json_object_get(view, "parties"), *p;
	size_t i;

	json_array_foreach ((json_t *)parties, i, p) {
		if (i >= STUDY_PARTIES_MAX)
			break;
		if (!flag(p, "self") && !flag(p, "other_study") && is_phase(p, "away"))
			show_reason(r, i, p);
		else
			r->reason[i][0] = '\0';
	}
}

/* "direct" as an adverb. */
static const char *
by_path(const char *word)
{
	static const struct {
		const char *word, *text;
	} paths[] = {
		{ "relay", "by a relay" },
		{ "direct", "directly" },
		{ "lan", "on the same network" },
	};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (strcmp(paths[i].word, word) == 0)
			return paths[i].text;
	return word;
}

void
run_events_paths(struct run_events *r, const json_t *view)
{
	const json_t *parties = json_object_get(view, "parties"), *p;
	char name[64], path[32];
	size_t i;

	json_array_foreach ((json_t *)parties, i, p) {
		json_int_t rtt = json_integer_value(json_object_get(p, "rtt_us"));
		json_int_t loss = json_integer_value(json_object_get(p, "loss_percent"));

		if (flag(p, "self") || json_object_get(p, "path") == NULL)
			continue;
		fprintf(r->to, "mpynet: %s is reached %s", text(p, "name", name, sizeof(name)),
		    by_path(text(p, "path", path, sizeof(path))));
		if (rtt > 0)
			fprintf(r->to, " in %.1f ms", (double)rtt / 1000);
		if (loss > 0)
			fprintf(r->to, ", losing %d %%", (int)loss);
		fprintf(r->to, "%s\n", strcmp(path, "relay") == 0 ? "; mpynet why says why" : "");
	}
}

void
run_events_matrix(struct run_events *r, const json_t *view)
{
	if (r->drawn || !run_matrix_is_whole(view))
		return;
	r->drawn = true;
	run_matrix_print(r->to, "mpynet: ", view);
}

bool
run_events_differ(const json_t *view)
{
	const json_t *parties = json_object_get(view, "parties"), *p;
	size_t i;

	json_array_foreach ((json_t *)parties, i, p)
		if (json_array_size(json_object_get(p, "differences")) > 0)
			return true;
	return false;
}

const char *
run_events_why(char to[static 512], const json_t *view)
{
	static const struct {
		const char *word, *there, *here;
	} reasons[] = {
		{ "failed", "its program failed", "the program failed" },
		{ "interrupted", "it was interrupted there", "it was interrupted" },
		{ "timeout", "its time was over there", "its time was over" },
		{ "different", "it would run something else",
		  "the parties would run different things" },
		{ "began-anew", "it was started a second time",
		  "it was started a second time, here or by who else has this host's key" },
		{ "went-on", "it is at a later run", "it is at a later run" },
		{ "absent", "it was not heard any more", "it was not heard any more" },
		{ "revoked", "it is no member any more", "it is no member any more" },
		{ "closed", "the study was closed there", "the study was closed" },
	};
	const char *word = json_string_value(json_object_get(view, "reason"));
	const char *because = "the run was aborted";
	bool own = flag(view, "own");
	char name[64], said[200];

	for (size_t i = 0; word != NULL && i < ARRAY_LEN(reasons); i++)
		if (strcmp(word, reasons[i].word) == 0)
			because = own ? reasons[i].here : reasons[i].there;
	(void)text(view, "party", name, sizeof(name));
	(void)text(view, "text", said, sizeof(said));
	(void)snprintf(to, 512, "%s%s: %s%s%s", name, own ? " (this host)" : "", because,
	    said[0] != '\0' ? ": " : "", said);
	return to;
}
