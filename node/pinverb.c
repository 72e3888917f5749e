/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pinverb.c - pins on the control socket.
 */
#include "node/pinverb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/body.h"
#include "host/verbs.h"
#include "node/shell.h"
#include "node/view.h"

/*
 * Bodies
 */

static json_t *
row_of(const struct pin *p)
{
	char words[CERT_WORDS_MAX];
	json_t *row = json_object();

	body_text(row, "name", p->name);
	body_text(row, "words", pin_words(words, p));
	if (p->len == sizeof(p->bytes))
		body_key(row, "key", p->bytes);
	return row;
}

static json_t *
refused_body(const struct pinned *p)
{
	char words[CERT_WORDS_MAX];
	json_t *body = json_object();

	body_text(body, "name", p->offered_as);
	body_text(body, "words", cert_key_words(words, p->offered));
	body_key(body, "key", p->offered);
	body_number(body, "times", p->count);
	body_number(body, "at", p->at);
	return body;
}

static const char *
state_word(const struct view_pin *v)
{
	return v->pinned.count > 0 ? "refused" : v->known ? "met" : "not met";
}

static json_t *
rows_of(const struct node *n)
{
	json_t *list = json_array();
	struct view_pin v;
	size_t at = 0;

	while (view_pin_next(n->mesh, &at, &v)) {
		json_t *row = row_of(&v.pinned.pin);

		body_text(row, "state", state_word(&v));
		if (v.pinned.count > 0)
			body_put(row, "refused", refused_body(&v.pinned));
		json_array_append_new(list, row);
	}
	return list;
}

json_t *
pins_body(const struct pin_list *list)
{
	json_t *body = body_new(1), *rows = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(rows, row_of(&list->pin[i]));
	body_put(body, "pins", rows);
	return body;
}

/*
 * What other answers say
 */

void
pinverb_show(const struct node *n, json_t *body)
{
	json_t *row = json_object();
	uint64_t count = 0, refused = 0;
	struct view_pin v;
	size_t at = 0;

	for (; view_pin_next(n->mesh, &at, &v); count++)
		refused += v.pinned.count;
	body_number(row, "count", count);
	body_number(row, "refused", refused);
	body_put(body, "pins", row);
}

void
pinverb_warn(const struct node *n, json_t *warnings)
{
	char pinned[CERT_WORDS_MAX], offered[CERT_WORDS_MAX];
	struct view_pin v;
	size_t at = 0;

	while (view_pin_next(n->mesh, &at, &v)) {
		const struct pinned *p = &v.pinned;

		if (p->count == 0)
			continue;
		pin_words(pinned, &p->pin);
		cert_key_words(offered, p->offered);
		if (strcmp(p->pin.name, p->offered_as) == 0)
			body_warning(warnings, "a certificate for %s is refused: its key is \"%s\", "
			    "and pinned here is \"%s\"; if %s says that it has changed its key: "
			    "mpynet pin %s \"%s\"", p->pin.name, offered, pinned, p->pin.name,
			    p->pin.name, offered);
		else
			body_warning(warnings, "a certificate for %s is refused: its key \"%s\" is "
			    "pinned here for %s", p->offered_as, offered, p->pin.name);
	}
}

/* The row of `peers` with this name, or NULL. */
static json_t *
peer_row(json_t *peers, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach(peers, i, row)
		if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
			return row;
	return NULL;
}

/* Somebody who is not let in is no peer, but who looks at the list must see it. */
static json_t *
absent_row(const char *name)
{
	json_t *row = json_object();

	body_text(row, "name", name);
	body_flag(row, "connected", false);
	body_text(row, "why", why_word(WHY_PINNED));
	return row;
}

void
pinverb_peers(const struct node *n, json_t *peers)
{
	struct view_pin v;
	size_t at = 0;

	while (view_pin_next(n->mesh, &at, &v)) {
		json_t *row = peer_row(peers, v.pinned.pin.name);

		if (row == NULL && v.pinned.count == 0)
			continue;
		if (row == NULL) {
			row = absent_row(v.pinned.pin.name);
			json_array_append_new(peers, row);
		}
		body_text(row, "pin", state_word(&v));
	}
}

/*
 * Verbs
 */

int
pinverb_list(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	const struct node *n = ctx;

	(void)r;
	(void)err;
	*ret = body_new(1);
	body_put(*ret, "pins", rows_of(n));
	return 0;
}

/* What is in the store counts from now on. */
static int
apply(struct node *n, struct err *err)
{
	struct pin_list *list = malloc(sizeof(*list));
	int rc = list ? node_store_pins(&n->store, list, err)
		      : err_set(err, -ENOMEM, "no memory for pins");

	if (rc == 0 && mesh_pin(n->mesh, clock_now(), list, &n->out) < 0)
		rc = err_set(err, -ENOMEM, "no memory for pins");
	free(list);
	if (rc == 0)
		node_settle(n);
	return rc;
}

/* The answer: all pins, and whether the peer had another key until now. */
static json_t *
answer(const struct node *n, const uint8_t *had, bool differs)
{
	char words[CERT_WORDS_MAX];
	json_t *body = body_new(1);

	body_put(body, "pins", rows_of(n));
	if (had != NULL) {
		body_text(body, "had_words", cert_key_words(words, had));
		body_flag(body, "differs", differs);
	}
	return body;
}

/* The pin that is asked for; words of the key in use become that key. */
static int
read_pin(struct pin *ret, const char *name, const char *key, const uint8_t *has, struct err *err)
{
	int rc;

	if (key == NULL && has == NULL)
		return err_set(err, ERR_UNKNOWN, "the key of %.64s is not known here yet; ask for its "
		    "words by a way that you trust, and `mpynet pin %.64s` them", name, name);
	*ret = (struct pin){ 0 };
	if (key != NULL) {
		rc = pin_parse(ret, name, key, err);
		if (rc < 0 || has == NULL || !pin_fits(ret, has))
			return rc;
	}
	strcpy(ret->name, name);
	ret->len = sizeof(ret->bytes);
	memcpy(ret->bytes, has, sizeof(ret->bytes));
	return 0;
}

int
pinverb_pin(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	const char *name = verb_text(r, "name");
	uint8_t has[32];
	struct pin pin;
	bool known;
	int rc;

	if (!name || !text_is_name(name, strlen(name)))
		return err_set(err, -EINVAL, "\"pin\" wants the \"name\" of a host");
	if (strcmp(name, n->me.cert.name) == 0)
		return err_set(err, -EINVAL, "%s is this host", name);
	known = view_key(n->mesh, name, has) == 0;
	rc = read_pin(&pin, name, verb_text(r, "key"), known ? has : NULL, err);
	if (rc == 0)
		rc = node_store_pin(&n->store, &pin, err);
	if (rc == 0)
		rc = apply(n, err);
	if (rc == 0)
		*ret = answer(n, known ? has : NULL, known && !pin_fits(&pin, has));
	return rc;
}

int
pinverb_unpin(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	const char *name = verb_text(r, "name");
	int rc;

	if (!name)
		return err_set(err, -EINVAL, "\"unpin\" wants the \"name\" of a host");
	rc = node_store_unpin(&n->store, name, err);
	if (rc == 0)
		rc = apply(n, err);
	if (rc == 0)
		*ret = answer(n, NULL, false);
	return rc;
}
