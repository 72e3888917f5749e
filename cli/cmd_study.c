/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_study.c - with whom we compute: studies made, shown, accepted and closed.
 */
#include "cli/attach.h"
#include "cli/cmd.h"
#include "cli/interrupt.h"
#include "cli/join.h"
#include "cli/run_show.h"
#include "cli/studyfile.h"
#include "cli/talk.h"
#include "core/cert.h"
#include "core/text.h"
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How long the lighthouses may take to find the certificate of a party. */
#define FIND_TRIES    40
#define FIND_EVERY_MS 250

/*
 * How long a node that is there for this command alone goes on for the others to be told. No letter
 * says that a study was closed: it is enough to see who is there.
 */
#define TELL_TRIES       60
#define TELL_CLOSE_TRIES 12
#define TELL_EVERY_MS    250

static const struct column list_columns[] = {
	{ "STUDY", "name", COLUMN_TEXT },
	{ "STANCE", "stance", COLUMN_STATE },
	{ "PARTIES", "count", COLUMN_TEXT },
	{ "ACCEPTED", "accepted", COLUMN_TEXT },
	{ "INDEX", "index", COLUMN_TEXT, 2 },
	{ "BY", "by", COLUMN_TEXT, 3 },
	{ "SINCE", "since", COLUMN_TIME, 4 },
	{ "HASH", "hash", COLUMN_TEXT, 5 },
	{ NULL },
};

static const struct column one_columns[] = {
	{ "study", "name", COLUMN_TEXT },
	{ "hash", "hash", COLUMN_TEXT },
	{ "stance", "stance", COLUMN_STATE },
	{ "proposed by", "by", COLUMN_TEXT },
	{ "since", "since", COLUMN_TIME },
	{ "this host is party", "index", COLUMN_TEXT },
	{ "threshold", "threshold", COLUMN_TEXT },
	{ NULL },
};

static const struct column party_columns[] = {
	{ "INDEX", "index", COLUMN_TEXT },
	{ "NAME", "name", COLUMN_TEXT },
	{ "IP", "ip", COLUMN_TEXT },
	{ "PORT", "port", COLUMN_TEXT, 2 },
	{ "STANCE", "stance", COLUMN_STATE },
	{ "CONNECTED", "connected", COLUMN_TEXT, 3 },
	{ "TOLD", "told", COLUMN_TEXT, 3 },
	{ "KEY IN WORDS", "key_words", COLUMN_TEXT, 4 },
	{ NULL },
};

static const struct view list_views[] = {
	{ "studies", list_columns, "no study is here; mpynet study new proposes one" },
	{ NULL },
};

static const struct view one_views[] = {
	{ NULL, one_columns },
	{ "parties", party_columns },
	{ NULL },
};

static const char *
text_of(const json_t *body, const char *key)
{
	const char *text = json_string_value(json_object_get(body, key));

	return text != NULL ? text : "";
}

/* The body of one study, and what a person should see to. */
static void
show(struct context *c, const json_t *body)
{
	char text[512];
	json_t *warning;
	size_t i;

	output_show(&c->out, body, one_views);
	json_array_foreach(json_object_get(body, "warnings"), i, warning)
		output_prose(&c->out, "warning: ",
		    output_escape(text, sizeof(text), json_string_value(warning)));
}

static int
list_there(struct context *c, const struct args *a, bool alone, struct err *e)
{
	(void)a;
	(void)alone;
	return talk_show(c, "studies", NULL, list_views, e);
}

static int
show_there(struct context *c, const struct args *a, bool alone, struct err *e)
{
	json_t *body;
	int rc = studyfile_body(&body, c, arg(a, "study|file"), e);

	(void)alone;
	if (rc != 0)
		return rc;
	run_show_add(body, c);
	show(c, body);
	run_show(&c->out, body);
	json_decref(body);
	return EXIT_DONE;
}

/* Those who are not told yet, "party2, party3"; false: everybody is, or has a letter. */
static bool
put_untold(char *to, size_t cap, const json_t *body)
{
	const json_t *row;
	size_t i, at = 0;

	*to = '\0';
	json_array_foreach(json_object_get(body, "parties"), i, row) {
		char name[80];

		if (strcmp(text_of(row, "told"), "no") != 0 || at >= cap)
			continue;
		output_escape(name, sizeof(name), text_of(row, "name"));
		at += (size_t)snprintf(to + at, cap - at, "%s%s", at > 0 ? ", " : "", name);
	}
	return at > 0;
}

/*
 * Nobody else tells the others: so the node goes on until each has heard, or a lighthouse keeps a
 * letter for it.
 */
static void
tell_others(struct context *c, const json_t *study)
{
	bool untold = true, closed = strcmp(text_of(study, "stance"), "closed") == 0;
	int tries = closed ? TELL_CLOSE_TRIES : TELL_TRIES;
	char who[256] = "";

	for (int i = 0; i < tries && untold && !interrupt_seen(); i++) {
		json_t *body;
		struct err e;

		if (i > 0)
			poll(NULL, 0, TELL_EVERY_MS);
		if (talk_call(c, "study", json_pack("{s:O}", "study", json_object_get(study, "hash")),
			&body, &e) != 0)
			return;
		untold = put_untold(who, sizeof(who), body);
		json_decref(body);
	}
	if (untold)
		output_say(&c->out, "Not told yet: %s. Whoever is there when a node runs here hears of "
		    "it then: mpynet up", who);
}

/*
 * study new
 */

/* "a,b,c" as a list of texts. */
static json_t *
names_of(const char *list)
{
	json_t *names = json_array();

	while (*list != '\0') {
		size_t len = strcspn(list, ",");

		json_array_append_new(names, json_stringn(list, len));
		list += len + (list[len] == ',');
	}
	return names;
}

/* Asks until every party's certificate is there. */
static int
propose(struct context *c, json_t *question, json_t **ret, struct err *e)
{
	for (int i = 0; i < FIND_TRIES; i++) {
		char name[80];
		const char *missing;
		int rc = talk_call(c, "study_new", json_deep_copy(question), ret, e);

		if (rc != 0)
			return rc;
		missing = text_of(*ret, "missing");
		if (*missing == '\0')
			return 0;
		err_set(e, ERR_UNKNOWN,
		    "no certificate of %s was found: it has registered with no lighthouse yet; start "
		    "it, and say this again",
		    output_escape(name, sizeof(name), missing));
		json_decref(*ret);
		poll(NULL, 0, FIND_EVERY_MS);
		if (interrupt_seen())
			return err_set(e, -EINTR, "interrupted");
	}
	return ERR_UNKNOWN;
}

static int
write_file(const struct args *a, const json_t *body, struct err *e)
{
	const char *path = arg(a, "--out"), *text = text_of(body, "file");

	return path != NULL ? file_create(path, 0644, text, strlen(text), e) : 0;
}

static int
new_there(struct context *c, const struct args *a, bool alone, struct err *e)
{
	const char *port = arg(a, "--port");
	uint64_t number = STUDY_PORT;
	char name[80];
	json_t *body, *question;
	int rc;

	if (port != NULL && text_u64(&number, port, 1, UINT16_MAX) < 0)
		return err_set(e, -EINVAL, "--port takes 1 to 65535");
	question = json_pack("{s:s, s:o, s:I}", "name", arg(a, "name"), "parties",
	    names_of(arg(a, "--parties")), "port", (json_int_t)number);
	if (question == NULL)
		return err_set(e, -EINVAL, "this is not text in UTF-8");
	rc = propose(c, question, &body, e);
	json_decref(question);
	if (rc != 0)
		return rc;
	rc = write_file(a, body, e);
	if (rc == 0) {
		show(c, body);
		output_say(&c->out, "Next: on each of the other parties, as soon as it is there, mpynet study accept %s",
		    output_escape(name, sizeof(name), text_of(body, "name")));
		if (alone)
			tell_others(c, body);
	}
	json_decref(body);
	return rc;
}

/*
 * study accept, study close
 */

/* Shows who takes part, by words that others can read aloud, and asks. */
static int
confirm(const json_t *body, const struct args *a, struct err *e)
{
	char name[80], words[256], answer[8] = "";
	const json_t *row;
	size_t i;
	ssize_t n;
	int tty;

	if (arg(a, "--words") == NULL || arg(a, "--yes") != NULL)
		return 0;
	tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0)
		return err_set(e, -EINVAL, "there is no terminal to ask on whether the words are right; "
		    "mpynet study show has them, and accept without --words takes them as they are");
	json_array_foreach(json_object_get(body, "parties"), i, row)
		dprintf(tty, "%s\n  %s\n", output_escape(name, sizeof(name), text_of(row, "name")),
		    output_escape(words, sizeof(words), text_of(row, "key_words")));
	dprintf(tty, "Does each party show the same words for its key? [y/N] ");
	n = read(tty, answer, sizeof(answer) - 1);
	close(tty);
	if (n > 0 && (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	return err_set(e, ERR_UNKNOWN, "the study was not accepted");
}

/* How the study in the file, or called so, is named to the daemon. */
static json_t *
question_of(const json_t *body, const char *word)
{
	if (studyfile_is(word))
		return json_pack("{s:O}", "file", json_object_get(body, "file"));
	return json_pack("{s:O}", "study", json_object_get(body, "hash"));
}

/* Asks the daemon to `verb` what `shown` says, and shows how it stands then. */
static int
change(struct context *c, const char *verb, json_t *question, const char *did, bool alone,
    struct err *e)
{
	char name[80];
	json_t *body;
	int rc = talk_call(c, verb, question, &body, e);

	if (rc != 0)
		return rc;
	if (c->out.format != OUTPUT_PEOPLE)
		output_show(&c->out, body, one_views);
	output_say(&c->out, "%s is %s: %d of %d parties have accepted it",
	    output_escape(name, sizeof(name), text_of(body, "name")), did,
	    (int)json_integer_value(json_object_get(body, "accepted")),
	    (int)json_integer_value(json_object_get(body, "count")));
	if (alone)
		tell_others(c, body);
	json_decref(body);
	return EXIT_DONE;
}

static int
accept_there(struct context *c, const struct args *a, bool alone, struct err *e)
{
	const char *word = arg(a, "study|file");
	json_t *body;
	int rc = studyfile_body(&body, c, word, e);

	if (rc != 0)
		return rc;
	rc = confirm(body, a, e);
	if (rc == 0)
		rc = change(c, "study_accept", question_of(body, word), "accepted", alone, e);
	json_decref(body);
	return rc;
}

static int
close_there(struct context *c, const struct args *a, bool alone, struct err *e)
{
	return change(c, "study_close", json_pack("{s:s}", "study", arg(a, "study")), "closed", alone,
	    e);
}

/*
 * With a node
 */

/*
 * Has the node of this host answer, one that is started for it where none runs: so nobody else knows
 * how studies are kept, and the others hear of what is decided. `alone`: it was started for this.
 */
static int
with_node(struct context *c, const struct args *a, struct err *e,
    int (*run)(struct context *c, const struct args *a, bool alone, struct err *e))
{
	struct attachment at;
	struct err ignored;
	int rc;

	if (join_have(c->state, HOME_NODE, &ignored) < 0)
		return run(c, a, false, e); /* which says what is missing */
	rc = attach(&at, c, e);
	if (rc != 0)
		return rc;
	rc = run(c, a, at.transient, e);
	attach_end(&at);
	return rc;
}

int
cmd_study_list(struct context *c, const struct args *a, struct err *e)
{
	return with_node(c, a, e, list_there);
}

int
cmd_study_show(struct context *c, const struct args *a, struct err *e)
{
	/* A file says all that it knows by itself. */
	if (studyfile_is(arg(a, "study|file")))
		return show_there(c, a, false, e);
	return with_node(c, a, e, show_there);
}

int
cmd_study_new(struct context *c, const struct args *a, struct err *e)
{
	return with_node(c, a, e, new_there);
}

int
cmd_study_accept(struct context *c, const struct args *a, struct err *e)
{
	return with_node(c, a, e, accept_there);
}

int
cmd_study_close(struct context *c, const struct args *a, struct err *e)
{
	return with_node(c, a, e, close_there);
}

void
list_studies(struct context *c, const char *prefix, candidate_fn found, void *to)
{
	json_t *body, *row;
	struct err e;
	size_t i;

	(void)prefix;
	if (talk_call(c, "studies", NULL, &body, &e) != 0)
		return;
	json_array_foreach(json_object_get(body, "studies"), i, row)
		found(to, text_of(row, "name"), json_string_value(json_object_get(row, "stance")));
	json_decref(body);
}
