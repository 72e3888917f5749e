/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * draftshow.c - drafts, as people read them before they sign.
 */
#include "cli/draftshow.h"

#include "cli/certs.h"

#include <string.h>

/* Names **************************************************************************************/

const char *
draft_name(char to[static DRAFT_NAME_TEXT], const struct draft *d)
{
	switch (d->kind) {
	case OBJECT_STATE:
		(void)snprintf(to, DRAFT_NAME_TEXT, "state %llu",
		    (unsigned long long)d->state.version);
		return to;
	case OBJECT_ROTATION: (void)snprintf(to, DRAFT_NAME_TEXT, "the rotation"); return to;
	case OBJECT_CA:
		(void)snprintf(to, DRAFT_NAME_TEXT, "the authority %s", d->says.name);
		return to;
	default: (void)snprintf(to, DRAFT_NAME_TEXT, "%s", d->says.name); return to;
	}
}

/* One draft **********************************************************************************/

static json_t *
state_json(const struct netstate *s)
{
	json_t *j = json_object();

	json_object_set_new(j, "kind", json_string("network state"));
	json_object_set_new(j, "version", json_integer((json_int_t)s->version));
	json_object_set_new(j, "issued", json_integer((json_int_t)s->issued));
	json_object_set_new(j, "next_update", json_integer((json_int_t)s->next_update));
	json_object_set_new(j, "expires", json_integer((json_int_t)s->expires));
	json_object_set_new(j, "ranges", json_integer(s->range_count));
	json_object_set_new(j, "keys", json_integer(s->key_count));
	json_object_set_new(j, "cas", json_integer(s->ca_count));
	json_object_set_new(j, "lighthouses", json_integer(s->lighthouse_count));
	json_object_set_new(j, "required", json_boolean(s->required));
	return j;
}

static json_t *
rotation_json(const struct rotation *r)
{
	char words[CERT_WORDS_MAX];
	json_t *j = json_object();

	json_object_set_new(j, "kind", json_string("rotation to a new root"));
	json_object_set_new(j, "new_root", json_string(r->root.name));
	json_object_set_new(j, "new_root_words", json_string(cert_key_words(words, r->root.key)));
	json_object_set_new(j, "new_cosigners", r->root.cosigners.count == 0 ?
	    json_string("none: its key signs alone") :
	    json_sprintf("%u of %u must sign", r->root.cosigners.k, r->root.cosigners.count));
	json_object_set_new(j, "from", json_integer((json_int_t)r->from));
	json_object_set_new(j, "until", json_integer((json_int_t)r->until));
	json_object_set_new(j, "new_root_until", json_integer((json_int_t)r->root.not_after));
	return j;
}

json_t *
draft_json(const struct draft *d)
{
	char words[CERT_WORDS_MAX];
	json_t *j = d->kind == OBJECT_STATE ? state_json(&d->state) :
	    d->kind == OBJECT_ROTATION      ? rotation_json(&d->rotation) :
					      cert_json(&d->says);

	json_object_set_new(j, "root", json_string(d->root.name));
	json_object_set_new(j, "root_words", json_string(cert_key_words(words, d->root.key)));
	json_object_set_new(j, "fingerprint", hex_json(d->fingerprint, sizeof(d->fingerprint)));
	json_object_set_new(j, "signatures", json_sprintf("%u of the %u that are needed, by %u "
	    "co-signers", draft_count(d), d->root.cosigners.k, d->root.cosigners.count));
	json_object_set_new(j, "signed", json_integer(draft_count(d)));
	json_object_set_new(j, "needed", json_integer(d->root.cosigners.k));
	return j;
}

/* Shown **************************************************************************************/

const struct column draft_columns[] = {
	{ "to be signed", "kind", COLUMN_TEXT },
	{ "name", "name", COLUMN_TEXT },
	{ "key in words", "key_words", COLUMN_TEXT },
	{ "addresses", "addresses", COLUMN_TEXT },
	{ "routes", "routes", COLUMN_TEXT },
	{ "groups", "groups", COLUMN_TEXT },
	{ "flags", "flags", COLUMN_TEXT },
	{ "serial", "serial", COLUMN_TEXT },
	{ "valid from", "not_before", COLUMN_TIME },
	{ "valid until", "not_after", COLUMN_TIME },
	{ "hosts at most", "max_lifetime_s", COLUMN_DURATION },
	{ "names end with", "name_suffix", COLUMN_TEXT },
	{ "version", "version", COLUMN_TEXT },
	{ "drafted", "issued", COLUMN_TIME },
	{ "next due", "next_update", COLUMN_TIME },
	{ "expires", "expires", COLUMN_TIME },
	{ "revoked serials", "ranges", COLUMN_TEXT },
	{ "revoked keys", "keys", COLUMN_TEXT },
	{ "revoked authorities", "cas", COLUMN_TEXT },
	{ "new root", "new_root", COLUMN_TEXT },
	{ "its key in words", "new_root_words", COLUMN_TEXT },
	{ "its co-signers", "new_cosigners", COLUMN_TEXT },
	{ "valid until", "new_root_until", COLUMN_TIME },
	{ "old root until", "until", COLUMN_TIME },
	{ "by network", "root", COLUMN_TEXT },
	{ "its root in words", "root_words", COLUMN_TEXT },
	{ "signatures", "signatures", COLUMN_TEXT },
	{ NULL },
};

const struct column draft_table[] = {
	{ "TO BE SIGNED", "kind", COLUMN_TEXT, 3 },
	{ "NAME", "name", COLUMN_TEXT },
	{ "IP", "addresses", COLUMN_TEXT },
	{ "VALID UNTIL", "not_after", COLUMN_TIME },
	{ "SIGNED", "signed", COLUMN_TEXT },
	{ "OF", "needed", COLUMN_TEXT },
	{ "NETWORK", "root", COLUMN_TEXT, 2 },
	{ NULL },
};

static const struct view one_views[] = { { NULL, draft_columns, NULL }, { NULL } };
static const struct view many_views[] = { { "drafts", draft_table, NULL }, { NULL } };

/* The differences in a list below what is shown, by name where there are several. */
static void
say_changes(struct context *c, json_t *draft, bool named)
{
	const json_t *changes = json_object_get(draft, "changes");
	char name[NAME_MAX_LEN + 1], line[600];
	size_t i;
	json_t *text;

	output_escape(name, sizeof(name), json_string_value(json_object_get(draft, "name")));
	json_array_foreach (changes, i, text) {
		output_escape(line, sizeof(line), json_string_value(text));
		output_say(&c->out, "  %s%s%s", named ? name : "", named ? ": " : "", line);
	}
}

static void
say_all_changes(struct context *c, json_t *list)
{
	bool first = true;
	size_t i;
	json_t *draft;

	json_array_foreach (list, i, draft) {
		if (json_array_size(json_object_get(draft, "changes")) == 0)
			continue;
		if (first)
			output_say(&c->out, "What is new:");
		first = false;
		say_changes(c, draft, json_array_size(list) > 1);
	}
}

void
drafts_show(struct context *c, json_t *list)
{
	json_t *body = output_body(1);

	if (json_array_size(list) == 1)
		json_object_update(body, json_array_get(list, 0));
	else
		json_object_set(body, "drafts", list);
	output_show(&c->out, body, json_array_size(list) == 1 ? one_views : many_views);
	say_all_changes(c, list);
	json_decref(body);
	json_decref(list);
}

void
drafts_show_all(struct context *c, const struct drafts *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->count; i++)
		json_array_append_new(list, draft_json(&s->list[i]));
	drafts_show(c, list);
}
