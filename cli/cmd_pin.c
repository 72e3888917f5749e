/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_pin.c - fixes keys of other members by name, so that no authority can give the name away.
 *
 * The node is asked if it runs; else the pins are written where it reads them when it starts.
 */
#include "cli/certs.h"
#include "cli/cmd.h"
#include "cli/talk.h"
#include "core/text.h"
#include "host/home.h"
#include "node/pinverb.h"
#include "node/store.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room for eight words, or any other way to write a key, with NUL. */
#define TYPED_MAX 256

static const struct column columns[] = {
	{ "NAME", "name", COLUMN_TEXT },
	{ "KEY IN WORDS", "words", COLUMN_TEXT },
	{ "STATE", "state", COLUMN_STATE },
	{ "REFUSED", "refused.times", COLUMN_TEXT },
	{ "WHOSE KEY IS", "refused.words", COLUMN_TEXT },
	{ NULL },
};
static const struct view views[] = {
	{ "pins", columns, "no key is pinned: every certificate of the authority is believed" },
	{ NULL },
};

/*
 * Without a daemon
 */

/* The node's store, which nobody else has while we hold its lock. */
static int
open_store(struct context *c, struct home *home, struct store *store, struct err *e)
{
	char path[PATH_MAX];
	int rc = home_path(path, c->state, HOME_NODE, HOME_BUNDLE, e);

	if (rc < 0)
		return rc;
	if (access(path, F_OK) < 0)
		return err_set(e, -ENOENT, "no node runs, and none has joined in %s: join a network "
		    "first, with `mpynet join`", c->state);
	rc = home_open(home, c->state, HOME_NODE, e);
	if (rc < 0)
		return rc;
	rc = node_store_open(store, home->dir, e);
	if (rc < 0)
		home_close(home);
	return rc;
}

static int
change_store(struct store *s, const char *verb, const char *name, const char *key, struct err *e)
{
	struct pin pin;
	int rc;

	if (strcmp(verb, "unpin") == 0)
		return node_store_unpin(s, name, e);
	if (key == NULL)
		return err_set(e, ERR_UNKNOWN, "no node runs that could tell which key %s has now; "
		    "start it, or say the key's words", name);
	rc = pin_parse(&pin, name, key, e);
	return rc < 0 ? rc : node_store_pin(s, &pin, e);
}

/* The verb, or `pins` for NULL, on the store. */
static int
work_offline(struct context *c, const char *verb, const char *name, const char *key, json_t **ret,
    struct err *e)
{
	struct pin_list *list = malloc(sizeof(*list));
	struct store store;
	struct home home;
	int rc = list ? open_store(c, &home, &store, e) : err_set(e, -ENOMEM, "no memory for pins");

	if (rc < 0)
		goto out;
	if (verb != NULL)
		rc = change_store(&store, verb, name, key, e);
	if (rc == 0)
		rc = node_store_pins(&store, list, e);
	if (rc == 0)
		*ret = pins_body(list);
	store_close(&store);
	home_close(&home);
out:
	free(list);
	return rc;
}

/*
 * Commands
 */

static int
work(struct context *c, const char *verb, const char *name, const char *key, json_t **ret,
    struct err *e)
{
	json_t *args = name != NULL ? json_pack("{s:s, s:s*}", "name", name, "key", key) : NULL;
	int rc = talk_call(c, verb != NULL ? verb : "pins", args, ret, e);

	return rc == -ECONNREFUSED ? work_offline(c, verb, name, key, ret, e) : rc;
}

static int
show_list(struct context *c, struct err *e)
{
	json_t *body;
	int r = work(c, NULL, NULL, NULL, &body, e);

	if (r != 0)
		return r;
	output_show(&c->out, body, views);
	json_decref(body);
	return EXIT_DONE;
}

static const json_t *
row_named(const json_t *body, const char *name)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(body, "pins"), i, row)
		if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
			return row;
	return NULL;
}

/* What is pinned now, and whether the peer had another key until then. */
static void
tell_pinned(struct context *c, const json_t *body, const char *name)
{
	const json_t *row = row_named(body, name);
	char words[CERT_WORDS_MAX], had[CERT_WORDS_MAX];

	output_escape(words, sizeof(words), json_string_value(json_object_get(row, "words")));
	output_say(&c->out, "the key of %s is pinned here:\n  %s", name, words);
	if (json_is_true(json_object_get(body, "differs"))) {
		output_escape(had, sizeof(had),
		    json_string_value(json_object_get(body, "had_words")));
		output_say(&c->out, "it was another until now, and whoever has that is refused:\n"
		    "  %s", had);
	}
	output_say(&c->out, "Next: compare the words with %s by a way that you trust; "
	    "`mpynet status` shows them there", name);
}

/* The key as the store reads it: words that came one by one, or base64 as `peer` shows it. */
static int
read_key(char to[static TYPED_MAX], const struct args *a, struct err *e)
{
	uint8_t key[32];
	size_t len = 0;

	to[0] = '\0';
	for (size_t i = 0; i < arg_count(a, "words"); i++) {
		len += (size_t)snprintf(to + len, TYPED_MAX - len, "%s%s", i > 0 ? " " : "",
		    arg_nth(a, "words", i));
		if (len >= TYPED_MAX)
			return err_set(e, -EINVAL, "a key is eight words, or 64 hex digits");
	}
	if (key_parse(key, to) == 0)
		text_hex(to, key, sizeof(key));
	return 0;
}

int
cmd_pin(struct context *c, const struct args *a, struct err *e)
{
	const char *name = arg(a, "peer");
	char key[TYPED_MAX];
	json_t *body;
	int r;

	if (name == NULL)
		return show_list(c, e);
	r = read_key(key, a, e);
	if (r == 0)
		r = work(c, "pin", name, key[0] != '\0' ? key : NULL, &body, e);
	if (r != 0)
		return r;
	if (c->out.format != OUTPUT_PEOPLE)
		output_show(&c->out, body, views);
	tell_pinned(c, body, name);
	json_decref(body);
	return EXIT_DONE;
}

int
cmd_unpin(struct context *c, const struct args *a, struct err *e)
{
	const char *name = arg(a, "peer");
	json_t *body;
	int r = work(c, "unpin", name, NULL, &body, e);

	if (r != 0)
		return r;
	if (c->out.format != OUTPUT_PEOPLE)
		output_show(&c->out, body, views);
	output_say(&c->out, "the key of %s is no longer pinned: it is whatever the authority says",
	    name);
	json_decref(body);
	return EXIT_DONE;
}
