/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * studyverb.c - studies in bodies, and what people decide about them.
 */
#include "node/studyverb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cert.h"
#include "core/text.h"
#include "host/body.h"
#include "host/verbs.h"
#include "node/shell.h"
#include "node/study.h"
#include "node/view.h"

static const char *
stance_word(uint8_t stance)
{
	static const char *const words[] = {
		[STANCE_NONE] = "absent",
		[STANCE_PROPOSED] = "proposed",
		[STANCE_ACCEPTED] = "accepted",
		[STANCE_CLOSED] = "closed",
		[STANCE_REFUSED] = "refused",
	};

	return stance < ARRAY_LEN(words) ? words[stance] : "absent";
}

static uint8_t
stance_of(const struct lobby_study *s, unsigned party)
{
	return party == s->self ? s->stance : s->parties[party].said;
}

const char *
studyverb_stance(const struct mesh *m, const uint8_t hash[static STUDY_HASH_LEN], unsigned party)
{
	const struct lobby_study *s = mesh_study_find(m, hash);

	return stance_word(s && party < s->study.count ? stance_of(s, party) : STANCE_NONE);
}

static unsigned
count_accepted(const struct lobby_study *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->study.count; i++)
		n += stance_of(s, i) == STANCE_ACCEPTED;
	return n;
}

/* What a list of studies shows of one. */
static void
put_study(json_t *row, const struct lobby_study *s)
{
	int by = study_index_of(&s->study, s->by);

	body_text(row, "name", s->study.name);
	body_hex(row, "hash", s->study.hash, sizeof(s->study.hash));
	body_text(row, "stance", stance_word(s->stance));
	body_number(row, "index", s->self);
	body_number(row, "count", s->study.count);
	body_number(row, "accepted", count_accepted(s));
	body_number(row, "threshold", study_threshold(&s->study));
	body_number(row, "since", s->since);
	if (by >= 0)
		body_text(row, "by", s->study.parties[by].name);
}

static const char *
told_word(enum lobby_told told)
{
	static const char *const words[] = {
		[LOBBY_UNTOLD] = "no",
		[LOBBY_LEFT] = "letter",
		[LOBBY_TOLD] = "yes",
	};

	return words[told];
}

static json_t *
party_row(const struct node *n, const struct lobby_study *s, unsigned i)
{
	const struct study_party *p = &s->study.parties[i];
	char words[CERT_WORDS_MAX];
	struct view_peer peer;
	json_t *row = json_object();

	body_number(row, "index", i);
	body_text(row, "name", p->name);
	body_ip(row, "ip", p->address);
	body_number(row, "port", p->port);
	body_text(row, "stance", stance_word(stance_of(s, i)));
	body_key(row, "key", p->key);
	body_text(row, "key_words", cert_key_words(words, p->key));
	body_flag(row, "self", i == s->self);
	if (i == s->self)
		return row;
	body_flag(row, "connected", view_peer(n->mesh, clock_now(), p->name, &peer) == 0 &&
	    memcmp(peer.key, p->key, sizeof(peer.key)) == 0 && peer.connected);
	body_text(row, "told", told_word(lobby_told(s, i)));
	return row;
}

static void
warn_of_party(json_t *list, const struct node *n, const struct study_party *p)
{
	struct view_peer peer;

	if (view_peer(n->mesh, clock_now(), p->name, &peer) == 0 &&
	    memcmp(peer.key, p->key, sizeof(peer.key)) != 0)
		body_warning(list, STUDY_OTHER_KEY "; " STUDY_OTHER_KEY_CHANGE, p->name);
}

static json_t *
warnings_of(const struct node *n, const struct lobby_study *s)
{
	json_t *list = json_array();

	if (study_threshold(&s->study) == 0)
		body_warning(list, "with %s the threshold is 0: whoever takes part learns what the "
		    "others put in", s->study.count == 1 ? "one party" : "two parties");
	for (unsigned i = 0; i < s->study.count; i++)
		if (i != s->self)
			warn_of_party(list, n, &s->study.parties[i]);
	return list;
}

/* One sentence for all: whoever can propose must not fill the page. */
void
studyverb_warn(const struct node *n, json_t *warnings)
{
	const struct lobby_study *s, *last = NULL;
	unsigned count = 0;
	int by;

	for (size_t i = 0; (s = mesh_study_at(n->mesh, i)) != NULL; i++) {
		if (s->stance != STANCE_PROPOSED)
			continue;
		last = s;
		count++;
	}
	by = last != NULL ? study_index_of(&last->study, last->by) : ERR_UNKNOWN;
	if (by < 0)
		return;
	if (count == 1)
		body_warning(warnings, "%s proposes the study %s: mpynet study show %s",
		    last->study.parties[by].name, last->study.name, last->study.name);
	else
		body_warning(warnings, "%u studies are proposed, the last one by %s: "
		    "mpynet study list", count, last->study.parties[by].name);
}

/* All that is known of one. */
static json_t *
study_body(const struct node *n, const struct lobby_study *s)
{
	struct study copy = s->study;
	char text[STUDY_TEXT_MAX];
	json_t *body = body_new(1), *parties = json_array();

	body_text(body, "role", "node");
	put_study(body, s);
	for (unsigned i = 0; i < s->study.count; i++)
		json_array_append_new(parties, party_row(n, s, i));
	body_put(body, "parties", parties);
	body_put(body, "warnings", warnings_of(n, s));
	if (study_write(&copy, text, sizeof(text), NULL) > 0)
		body_text(body, "file", text);
	return body;
}

int
study_called(const struct lobby_study **ret, const struct mesh *m, const char *word,
    struct err *err)
{
	const struct lobby_study *s, *open = NULL, *closed = NULL;
	unsigned count = 0;

	for (size_t i = 0; (s = mesh_study_at(m, i)) != NULL; i++) {
		if (!study_is_called(&s->study, word))
			continue;
		if (s->stance == STANCE_CLOSED) {
			closed = s; /* the one that came last */
			continue;
		}
		open = s;
		count++;
	}
	if (count > 1)
		return err_set(err, ERR_CONFLICT, "%u studies are called %.64s; say which by the "
		    "beginning of its hash (mpynet study list)", count, word);
	if (open == NULL && closed == NULL)
		return err_set(err, ERR_UNKNOWN, "there is no study \"%.64s\" here; "
		    "mpynet study list shows those that there are", word);
	*ret = open != NULL ? open : closed;
	return 0;
}

/* The study that the request's "study" calls. */
static int
named(const struct lobby_study **ret, const struct node *n, const struct ctl_request *r,
    struct err *err)
{
	const char *word = verb_text(r, "study");

	if (!word)
		return err_set(err, -EINVAL, "\"%s\" wants the name or hash of a \"study\"",
		    r->verb);
	return study_called(ret, n->mesh, word, err);
}

int
studyverb_list(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	json_t *body = body_new(1), *list = json_array();
	const struct lobby_study *s;

	(void)r;
	(void)err;
	for (size_t i = 0; (s = mesh_study_at(n->mesh, i)) != NULL; i++) {
		json_t *row = json_object();

		put_study(row, s);
		json_array_append_new(list, row);
	}
	body_text(body, "role", "node");
	body_put(body, "studies", list);
	*ret = body;
	return 0;
}

int
studyverb_show(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	const struct lobby_study *s;
	int rc = named(&s, ctx, r, err);

	if (rc == 0)
		*ret = study_body(ctx, s);
	return rc;
}

/* The names of "parties": their number, or -EINVAL. */
static int
read_names(const char *names[static STUDY_PARTIES_MAX], const struct ctl_request *r,
    struct err *err)
{
	const json_t *list = json_object_get(r->args, "parties");
	size_t count = json_array_size(list);

	if (count == 0 || count > STUDY_PARTIES_MAX)
		return err_set(err, -EINVAL, "\"study_new\" wants the \"parties\": names of 1 to %d "
		    "hosts", STUDY_PARTIES_MAX);
	for (size_t i = 0; i < count; i++) {
		names[i] = json_string_value(json_array_get(list, i));
		if (!names[i])
			return err_set(err, -EINVAL, "\"parties\" are names");
	}
	return (int)count;
}

/* Leaves `port` as it is where none is said. */
static int
read_port(uint16_t *port, const struct ctl_request *r, struct err *err)
{
	const json_t *value = json_object_get(r->args, "port");
	json_int_t given = json_integer_value(value);

	if (!value)
		return 0;
	if (given < 1 || given > UINT16_MAX)
		return err_set(err, -EINVAL, "a \"port\" is 1 to 65535");
	*port = (uint16_t)given;
	return 0;
}

/* A person wants it here. */
static int
bring(struct node *n, const struct study *s, json_t **ret, struct err *err)
{
	struct study copy = *s;
	uint8_t bytes[STUDY_MAX];
	int rc = mesh_study_bring(n->mesh, clock_now(), s, &n->out, err);

	node_settle(n);
	if (rc == 0 && study_encode(&copy, bytes, sizeof(bytes), NULL) > 0)
		*ret = study_body(n, mesh_study_find(n->mesh, copy.hash));
	return rc;
}

int
studyverb_new(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct node *n = ctx;
	const char *names[STUDY_PARTIES_MAX], *name = verb_text(r, "name");
	size_t missing = 0;
	uint16_t port = STUDY_PORT;
	struct study s;
	int count, rc;

	if (!name)
		return err_set(err, -EINVAL, "\"study_new\" wants a \"name\"");
	count = read_names(names, r, err);
	if (count < 0)
		return count;
	rc = read_port(&port, r, err);
	if (rc < 0)
		return rc;
	rc = mesh_study_make(n->mesh, clock_now(), &s, name, names, (size_t)count, port, &missing,
	    &n->out, err);
	node_settle(n);
	if (rc == 0)
		return bring(n, &s, ret, err);
	if (rc != ERR_UNKNOWN)
		return rc;
	*ret = body_new(1);
	body_text(*ret, "missing", names[missing]);
	return 0;
}

/* How a person stands to a study that is held. */
static int
decide(struct node *n, const struct ctl_request *r, enum stance stance, json_t **ret,
    struct err *err)
{
	const struct lobby_study *s;
	uint8_t hash[STUDY_HASH_LEN];
	int rc = named(&s, n, r, err);

	if (rc < 0)
		return rc;
	memcpy(hash, s->study.hash, sizeof(hash));
	rc = mesh_study_decide(n->mesh, clock_now(), hash, stance, &n->out);
	node_settle(n);
	if (rc < 0)
		return err_set(err, rc, "there is no such study any more");
	*ret = study_body(n, mesh_study_find(n->mesh, hash));
	return 0;
}

int
studyverb_accept(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	const char *file = verb_text(r, "file");
	struct study s;
	int rc;

	if (!file)
		return decide(ctx, r, STANCE_ACCEPTED, ret, err);
	rc = study_read(&s, file, strlen(file), err);
	return rc < 0 ? rc : bring(ctx, &s, ret, err);
}

int
studyverb_close(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	return decide(ctx, r, STANCE_CLOSED, ret, err);
}
