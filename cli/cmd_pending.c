/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_pending.c - who was invited, who waits, and what a person says to it.
 */
#include "ca/office_clerk.h"
#include "cli/certs.h"
#include "cli/cmd.h"
#include "cli/draftsend.h"
#include "cli/order.h"
#include "cli/talk.h"
#include "cli/unlock.h"

#include <errno.h>
#include <string.h>

static const struct column request_columns[] = {
	{ "NAME", "name", COLUMN_TEXT },
	{ "WANTS", "wants", COLUMN_TEXT },
	{ "SINCE", "came", COLUMN_TIME },
	{ "STATUS", "status", COLUMN_STATE },
	{ "KEY IN WORDS", "key_words", COLUMN_TEXT },
	{ NULL },
};

static const struct column token_columns[] = {
	{ "INVITED", "name", COLUMN_TEXT },
	{ "UNTIL", "expires", COLUMN_TIME },
	{ "APPROVAL", "approval", COLUMN_TEXT },
	{ NULL },
};

static const struct view pending_views[] = {
	{ "requests", request_columns, "Nobody waits for an answer." },
	{ "invitations", token_columns, "No invitation is open." },
	{ NULL },
};

static const char *
wants(const struct ledger_request *r)
{
	return ledger_request_is_rekey(r) ? "new key" : r->renewal ? "renewal" : "enrolment";
}

/* Renewals under the same key need no person. */
static bool
needs_person(const struct ledger_request *r)
{
	return !r->renewal || ledger_request_is_rekey(r);
}

static json_t *
request_json(const struct ledger_request *r)
{
	char words[CERT_WORDS_MAX];
	json_t *j = json_object();

	json_object_set_new(j, "id", json_integer(r->id));
	json_object_set_new(j, "name", json_string(r->name));
	json_object_set_new(j, "wants", json_string(wants(r)));
	json_object_set_new(j, "came", json_integer((json_int_t)r->came));
	json_object_set_new(j, "status", json_string(request_status_name(r->status)));
	json_object_set_new(j, "key_words", json_string(cert_key_words(words, r->key)));
	return j;
}

static int
list_requests(struct office *o, json_t *to, struct err *e)
{
	struct ledger_request r;
	struct ledger_walk w;
	int rc = ledger_walk_requests(&o->ledger, &w, false, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_request_next(&w, &r, e)) == 1)
		json_array_append_new(to, request_json(&r));
	ledger_end(&w);
	return rc;
}

static int
list_tokens(struct office *o, json_t *to, struct err *e)
{
	struct ledger_token t;
	struct ledger_walk w;
	int rc = ledger_walk_tokens(&o->ledger, &w, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_token_next(&w, &t, e)) == 1) {
		json_t *j;

		if (t.status != TOKEN_OPEN || t.expires < office_now())
			continue;
		j = json_object();
		json_object_set_new(j, "name", json_string(t.order.name));
		json_object_set_new(j, "expires", json_integer((json_int_t)t.expires));
		json_object_set_new(j, "approval", json_string(t.approve ? "by words" : "none"));
		json_array_append_new(to, j);
	}
	ledger_end(&w);
	token_keys_wipe(&t.keys);
	return rc;
}

static int
show_pending(struct context *c, struct office *o, struct err *e)
{
	json_t *body = output_body(1), *requests = json_array(), *tokens = json_array();
	int rc;

	json_object_set_new(body, "requests", requests);
	json_object_set_new(body, "invitations", tokens);
	rc = list_requests(o, requests, e);
	if (rc == 0)
		rc = list_tokens(o, tokens, e);
	if (rc == 0) {
		output_show(&c->out, body, pending_views);
		if (json_array_size(requests) > 0)
			output_say(&c->out, "Next: compare the words with what the host shows, then "
			    "mpynet ca pending --approve NAME; renewals: mpynet ca renew --pending");
	}
	json_decref(body);
	return rc;
}

/* The enrolment, or the new key, that waits under this name. */
static int
find_waiting(struct office *o, const char *name, struct ledger_request *ret, struct err *e)
{
	struct ledger_walk w;
	int rc = ledger_walk_requests(&o->ledger, &w, false, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_request_next(&w, ret, e)) == 1) {
		if (needs_person(ret) && strcmp(ret->name, name) == 0)
			break;
	}
	ledger_end(&w);
	if (rc == 0)
		return err_set(e, ERR_UNKNOWN, "nobody waits under this name; `mpynet ca pending` "
		    "lists those who do");
	return rc < 0 ? rc : 0;
}

/* Does a daemon run that has the key, and so will sign by itself? */
static bool
somebody_signs(const struct context *c)
{
	json_t *body = NULL;
	struct err e;
	bool yes;

	if (talk_call_role(c, HOME_AUTHORITY, "status", NULL, &body, &e) != 0)
		return false;
	yes = json_is_true(json_object_get(body, "unlocked"));
	json_decref(body);
	return yes;
}

static int
sign_one(struct context *c, struct clerk *clerk, int64_t id, struct err *e)
{
	struct issued issued;
	int rc = clerk_sign(clerk, id, &issued, e);

	if (rc == 0)
		output_say(&c->out, "%s is certified: serial %llu", issued.cert.name,
		    (unsigned long long)issued.cert.serial);
	return rc;
}

static int
approve(struct context *c, const struct args *a, struct office *o, struct err *e)
{
	struct clerk clerk = { .office = o };
	struct ledger_request r;
	struct ca_keys *keys;
	int rc = find_waiting(o, arg(a, "--approve"), &r, e);

	if (rc == 0 && r.status == REQUEST_WAITING)
		rc = order_confirm(r.name, r.key, a, e);
	if (rc == 0 && r.status == REQUEST_WAITING)
		rc = clerk_decide(&clerk, r.id, true, e);
	if (rc < 0)
		return rc;
	if (somebody_signs(c)) {
		output_say(&c->out, "%s is approved, and `mpynet ca serve` signs it now", r.name);
		return 0;
	}
	rc = unlock_keys(&keys, o, a, e);
	if (rc < 0)
		return rc;
	clerk.keys = keys;
	rc = sign_one(c, &clerk, r.id, e);
	lock_keys(keys);
	if (rc == 0)
		output_say(&c->out, "Next: mpynet ca serve hands it over, when the host asks again");
	return rc;
}

static int
deny(struct context *c, const struct args *a, struct office *o, struct err *e)
{
	struct clerk clerk = { .office = o };
	struct ledger_request r;
	int rc = find_waiting(o, arg(a, "--deny"), &r, e);

	if (rc == 0)
		rc = clerk_decide(&clerk, r.id, false, e);
	if (rc == 0 && r.renewal)
		output_say(&c->out, "%s is denied, and keeps the key that it has", r.name);
	else if (rc == 0)
		output_say(&c->out, "%s is denied, and its invitation leads nowhere. Another one: "
		    "mpynet invite %s --withdraw, mpynet invite %s", r.name, r.name, r.name);
	return rc;
}

int
cmd_ca_pending(struct context *c, const struct args *a, struct err *e)
{
	struct office o;
	int rc;

	if (arg(a, "--approve") != NULL && arg(a, "--deny") != NULL)
		return err_set(e, -EINVAL, "--approve and --deny exclude each other");
	rc = open_office(&o, c, e);
	if (rc < 0)
		return rc;
	rc = arg(a, "--approve") != NULL ? approve(c, a, &o, e) :
	    arg(a, "--deny") != NULL     ? deny(c, a, &o, e) :
					   show_pending(c, &o, e);
	office_close(&o);
	return rc;
}

/* What a person has approved needs no second one. */
static bool
is_ready(const struct ledger_request *r)
{
	return !needs_person(r) || r->status == REQUEST_APPROVED;
}

/* The first that is ready after the request `after`: 1, or 0. */
static int
next_ready(struct office *o, int64_t after, struct ledger_request *ret, struct err *e)
{
	struct ledger_walk w;
	int rc = ledger_walk_requests(&o->ledger, &w, false, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_request_next(&w, ret, e)) == 1) {
		if (ret->id > after && is_ready(ret))
			break;
	}
	ledger_end(&w);
	return rc;
}

/* One that cannot be signed does not stop the others. */
static void
say_failed(const struct ledger_request *r, const struct err *e, unsigned *failed)
{
	fprintf(stderr, "mpynet: %s was not signed: %s\n", r->name, e->text);
	(*failed)++;
}

static int
sign_each(struct context *c, struct clerk *clerk, unsigned *failed, struct err *e)
{
	struct ledger_request r;
	int rc;

	for (r.id = 0; (rc = next_ready(clerk->office, r.id, &r, e)) == 1;) {
		if (sign_one(c, clerk, r.id, e) < 0)
			say_failed(&r, e, failed);
	}
	return rc;
}

static int
draft_one(struct clerk *clerk, int64_t id, struct drafts *to, struct err *e)
{
	struct issued issued;
	struct draft d;
	int rc = clerk_sign(clerk, id, &issued, e);

	if (rc == 0)
		rc = office_draft_issued(clerk->office, clerk->keys, &issued, &d, e);
	return rc < 0 ? rc : drafts_add(to, &d, e);
}

/* One file, so that one look and one yes of each co-signer are enough for all of them. */
static int
draft_each(struct context *c, struct clerk *clerk, const char *out, unsigned *failed,
    struct err *e)
{
	char name[NAME_MAX_LEN + 40];
	struct ledger_request r;
	struct drafts s;
	int rc = drafts_new(&s, e);

	if (rc < 0)
		return rc;
	for (r.id = 0; s.count < DRAFTS_MAX &&
	     (rc = next_ready(clerk->office, r.id, &r, e)) == 1;) {
		if (draft_one(clerk, r.id, &s, e) < 0)
			say_failed(&r, e, failed);
	}
	(void)snprintf(name, sizeof(name), "%s-renewals-%llu.draft",
	    clerk->office->ca.cert.name, (unsigned long long)office_now());
	if (rc >= 0)
		rc = s.count > 0 ? drafts_send(c, &s, out != NULL ? out : name, e) : 0;
	if (rc == 0 && s.count == DRAFTS_MAX)
		output_say(&c->out, "More than %d may wait; the others come with the next `mpynet "
		    "ca renew --pending`, when these are signed", DRAFTS_MAX);
	drafts_free(&s);
	return rc;
}

/* All that are ready, under one unlocking. */
static int
sign_ready(struct context *c, const struct args *a, struct office *o, struct err *e)
{
	struct clerk clerk = { .office = o };
	struct ledger_request r = { .id = 0 };
	struct ca_keys *keys;
	unsigned failed = 0;
	int rc = next_ready(o, 0, &r, e);

	if (rc == 0)
		output_say(&c->out, "Nothing waits to be signed.");
	if (rc <= 0)
		return rc;
	rc = may_send(arg(a, "--out"), e);
	if (rc == 0)
		rc = unlock_keys(&keys, o, a, e);
	if (rc < 0)
		return rc;
	clerk.keys = keys;
	rc = office_is_cosigned(o) ? draft_each(c, &clerk, arg(a, "--out"), &failed, e) :
				     sign_each(c, &clerk, &failed, e);
	lock_keys(keys);
	if (rc == 0 && failed > 0)
		return err_set(e, ERR_DENIED, "%u could not be signed", failed);
	return rc;
}

int
cmd_ca_renew(struct context *c, const struct args *a, struct err *e)
{
	struct office o;
	int rc;

	if (arg(a, "--pending") == NULL)
		return err_set(e, -EINVAL, "members are renewed when they ask; --pending signs for "
		    "those who have asked");
	rc = open_office(&o, c, e);
	if (rc < 0)
		return rc;
	rc = sign_ready(c, a, &o, e);
	office_close(&o);
	return rc;
}
