/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * draftdiff.c - what is new in a draft, in words.
 */
#include "cli/draftdiff.h"

#include "cli/certs.h"
#include "cli/cosigned.h"
#include "core/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CHANGES_MAX 40 /* that are told one by one */

/* The lines, and how many more there were than are told. */
struct changes {
	json_t *list;
	size_t more;
};

static void printf_like(2, 3)
add(struct changes *to, const char *fmt, ...)
{
	char text[512];
	va_list args;

	if (json_array_size(to->list) == CHANGES_MAX) {
		to->more++;
		return;
	}
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_array_append_new(to->list, json_string(text));
}

/* An array of texts, as they are told: "a, b". The caller frees. */
static char *
joined(const json_t *value)
{
	char text[256] = "";
	size_t at = 0, i;
	json_t *element;

	json_array_foreach (value, i, element) {
		int n = snprintf(text + at, sizeof(text) - at, "%s%s", i > 0 ? ", " : "",
		    json_string_value(element));

		if (n < 0 || (size_t)n >= sizeof(text) - at)
			break;
		at += (size_t)n;
	}
	return strdup(at > 0 ? text : "none");
}

/* One field that cert_json() has as an array. */
static void
compare_lists(struct changes *to, const char *what, const json_t *now, const json_t *then,
    const char *key)
{
	json_t *a = json_object_get(now, key), *b = json_object_get(then, key);
	char *new, *old;

	if (json_equal(a, b))
		return;
	new = joined(a);
	old = joined(b);
	if (new != NULL && old != NULL)
		add(to, "%s: %s, before: %s", what, new, old);
	free(new);
	free(old);
}

static void
compare_certs(struct changes *to, const struct cert *now, const struct cert *then)
{
	json_t *a = cert_json(now), *b = cert_json(then);
	char from[32], until[32], words[CERT_WORDS_MAX];

	if (memcmp(now->key, then->key, sizeof(now->key)) == 0)
		add(to, "the same key");
	else
		add(to, "ANOTHER KEY; before: %s", cert_key_words(words, then->key));
	compare_lists(to, "addresses", a, b, "addresses");
	compare_lists(to, "routes", a, b, "routes");
	compare_lists(to, "groups", a, b, "groups");
	compare_lists(to, "flags", a, b, "flags");
	add(to, "valid until %s, before: %s", text_format_time(until, now->not_after),
	    text_format_time(from, then->not_after));
	json_decref(a);
	json_decref(b);
}

/* Who signed it, as far as this is said in a few letters. */
static const char *
issuer_name(char to[static 40], const struct draft *d, const uint8_t issuer[static 16])
{
	char hex[17];

	if (memcmp(issuer, d->root.issuer, 16) == 0)
		return "the root";
	text_hex(hex, issuer, 8);
	(void)snprintf(to, 40, "the authority %s", hex);
	return to;
}

/* A range of serial numbers that the last state did not revoke, or not all of it. */
static void
tell_range(struct changes *to, const struct context *c, const struct draft *d,
    const struct netstate_range *r)
{
	char issuer[40], name[NAME_MAX_LEN + 1], who[NAME_MAX_LEN + 8] = "";
	const char *by = issuer_name(issuer, d, r->issuer);

	if (r->first == r->last) {
		if (cosigned_name(name, c, d, r->first, NULL) == 1)
			(void)snprintf(who, sizeof(who), ", %s", name);
		add(to, "revokes serial %llu%s, signed by %s", (unsigned long long)r->first, who,
		    by);
	} else {
		add(to, "revokes serials %llu to %llu, signed by %s", (unsigned long long)r->first,
		    (unsigned long long)r->last, by);
	}
}

static bool
has_range(const struct netstate *s, const struct netstate_range *r)
{
	for (uint32_t i = 0; s != NULL && i < s->range_count; i++) {
		const struct netstate_range *had = &s->ranges[i];

		if (memcmp(had->issuer, r->issuer, sizeof(r->issuer)) == 0 &&
		    had->first <= r->first && r->last <= had->last)
			return true;
	}
	return false;
}

static void
tell_key(struct changes *to, const struct context *c, const struct draft *d,
    const uint8_t key[static 32])
{
	char words[CERT_WORDS_MAX], name[NAME_MAX_LEN + 1];

	if (cosigned_name(name, c, d, 0, key) == 1)
		add(to, "revokes the key of %s: %s", name, cert_key_words(words, key));
	else
		add(to, "revokes the key %s", cert_key_words(words, key));
}

/* What `now` says more than `then`, which is NULL for the first state. */
static void
compare_revoked(struct changes *to, const struct context *c, const struct draft *d,
    const struct netstate *then)
{
	const struct netstate *now = &d->state;
	char hex[33];

	for (uint32_t i = 0; i < now->range_count; i++) {
		if (!has_range(then, &now->ranges[i]))
			tell_range(to, c, d, &now->ranges[i]);
	}
	for (uint32_t i = 0; i < now->key_count; i++) {
		if (then == NULL || !netstate_has_key(then, now->keys[i].key))
			tell_key(to, c, d, now->keys[i].key);
	}
	for (uint32_t i = 0; i < now->ca_count; i++) {
		if (then != NULL && netstate_has_ca(then, now->cas[i].key_id))
			continue;
		text_hex(hex, now->cas[i].key_id, 16);
		add(to, "revokes the authority %s, and all that it signed", hex);
	}
}

/* What `then` revoked and `now` does not: right when it has expired, and to be asked about. */
static void
compare_forgotten(struct changes *to, const struct draft *d, const struct netstate *then)
{
	const struct netstate *now = &d->state;
	char words[CERT_WORDS_MAX], issuer[40];

	for (uint32_t i = 0; i < then->range_count; i++) {
		if (!has_range(now, &then->ranges[i]))
			add(to, "NO LONGER revokes serials %llu to %llu, signed by %s",
			    (unsigned long long)then->ranges[i].first,
			    (unsigned long long)then->ranges[i].last,
			    issuer_name(issuer, d, then->ranges[i].issuer));
	}
	for (uint32_t i = 0; i < then->key_count; i++) {
		if (!netstate_has_key(now, then->keys[i].key))
			add(to, "NO LONGER revokes the key %s",
			    cert_key_words(words, then->keys[i].key));
	}
	for (uint32_t i = 0; i < then->ca_count; i++) {
		if (!netstate_has_ca(now, then->cas[i].key_id))
			add(to, "NO LONGER revokes an authority that was revoked");
	}
}

static void
compare_states(struct changes *to, const struct context *c, const struct draft *d,
    const struct netstate *then)
{
	const struct netstate *now = &d->state;
	bool required = then != NULL && then->required;
	char text[32];

	compare_revoked(to, c, d, then);
	if (then != NULL)
		compare_forgotten(to, d, then);
	if (now->min_not_before != (then != NULL ? then->min_not_before : 0))
		add(to, "revokes every certificate of a host from before %s",
		    text_format_time(text, now->min_not_before));
	if (now->required != required)
		add(to, now->required ? "REFUSES new sessions once it has expired" :
					"no longer refuses new sessions once it has expired");
	if (now->lighthouse_count != (then != NULL ? then->lighthouse_count : 0))
		add(to, "names %u lighthouses, before: %u", now->lighthouse_count,
		    then != NULL ? then->lighthouse_count : 0);
}

/* Whose word counts from now on. */
static void
tell_rotation(struct changes *to, const struct rotation *r, const struct cert *old)
{
	const struct cosigners *now = &r->root.cosigners, *then = &old->cosigners;
	char words[CERT_WORDS_MAX], until[32];
	unsigned kept = 0;

	for (uint8_t i = 0; i < now->count; i++) {
		for (uint8_t k = 0; k < then->count; k++)
			kept += memcmp(now->keys[i], then->keys[k], 32) == 0;
	}
	add(to, "ANOTHER ROOT follows, with the key %s", cert_key_words(words, r->root.key));
	if (now->count == 0)
		add(to, "its key SIGNS ALONE, without co-signers");
	else
		add(to, "%u of %u must sign under it, of whom %u do so now", now->k, now->count, kept);
	add(to, "what the old one signed is good until %s", text_format_time(until, r->until));
}

json_t *
draft_changes(const struct context *c, const struct draft *d, const struct draft *before)
{
	struct changes to = { .list = json_array() };

	if (d->kind == OBJECT_STATE)
		compare_states(&to, c, d, before != NULL ? &before->state : NULL);
	else if (d->kind == OBJECT_ROTATION)
		tell_rotation(&to, &d->rotation, &d->root);
	else if (before != NULL)
		compare_certs(&to, &d->says, &before->says);
	if (to.more > 0) {
		size_t more = to.more;

		json_array_remove(to.list, CHANGES_MAX - 1);
		add(&to, "and %zu changes more", more + 1);
	}
	return to.list;
}
