/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_revoke.c - ending certificates for everybody.
 */
#include "ca/office_revoke.h"
#include "cli/certs.h"
#include "cli/cmd.h"
#include "cli/draftsend.h"
#include "cli/room.h"
#include "cli/states.h"
#include "cli/unlock.h"
#include "core/text.h"
#include "host/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the command line names. */
struct targets {
	size_t count;
	struct revoking list[ARGS_MAX];
	struct bundle_cert cert;
};

static const struct column revoked_columns[] = {
	{ "NAME", "name", COLUMN_TEXT },
	{ "SERIAL", "serial", COLUMN_TEXT },
	{ "KEY", "key", COLUMN_TEXT },
	{ "WOULD EXPIRE", "not_after", COLUMN_TIME },
	{ NULL },
};

static const struct view revoked_views[] = {
	{ "revoked", revoked_columns, "No certificate was valid, and now none can become it." },
	{ NULL },
};

/* A number means a serial, unless somebody has that name. */
static int
read_who(struct targets *t, struct office *o, const char *text, struct err *e)
{
	struct revoking *r = &t->list[t->count++];
	struct ledger_cert c;
	int rc = 0;

	*r = (struct revoking){ .serial = 0 };
	if (text_u64(&r->serial, text, 1, INT64_MAX) == 0)
		rc = ledger_find(&o->ledger, &c, text, e);
	if (r->serial == 0 || rc == 1) {
		r->serial = 0;
		r->name = text;
	}
	return rc < 0 ? rc : office_may_revoke(o, r, e);
}

static int
read_certificate(struct targets *t, const char *path, struct err *e)
{
	size_t len;
	char *text;
	int rc = file_load(&text, &len, path, FILE_SIZE_MAX, e);

	if (rc < 0)
		return rc;
	rc = pem_read_object(t->cert.bytes, sizeof(t->cert.bytes), text, len, e);
	file_free(text, len);
	if (rc < 0)
		return err_prefix(e, rc, "%s", path);
	t->cert.len = (uint16_t)rc;
	t->list[t->count++] = (struct revoking){ .cert = &t->cert };
	return 0;
}

static int
read_age(struct targets *t, const char *text, struct err *e)
{
	uint64_t age;

	if (text_duration(&age, text) < 0 || age > office_now() - CERT_BACKDATE)
		return err_set(e, -EINVAL, "--older-than takes a duration, as in 30d; 0s revokes "
		    "everything that was signed until now");
	t->list[t->count++] = (struct revoking){ .before = office_now() - age };
	return 0;
}

static int
read_targets(struct targets *t, struct office *o, const struct args *a, struct err *e)
{
	const char *file = arg(a, "--certificate"), *age = arg(a, "--older-than");
	size_t names = arg_count(a, "name");
	int rc = 0;

	if ((names > 0) + (file != NULL) + (age != NULL) != 1)
		return err_set(e, -EINVAL, "say whose certificates end: names or serial numbers, "
		    "or --certificate FILE, or --older-than DURATION");
	for (size_t i = 0; rc == 0 && i < names; i++)
		rc = read_who(t, o, arg_nth(a, "name", i), e);
	if (rc == 0 && file != NULL)
		rc = read_certificate(t, file, e);
	if (rc == 0 && age != NULL)
		rc = read_age(t, age, e);
	if (rc == 0 && names == 0)
		rc = office_may_revoke(o, &t->list[0], e);
	return rc;
}

static json_t *
revoked_json(const struct revoked *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->count && i < REVOKED_MAX; i++) {
		struct cert cert;

		if (cert_decode(&cert, r->certs[i].bytes, r->certs[i].len, NULL) == 0)
			json_array_append_new(list, cert_json(&cert));
	}
	return list;
}

/* An issuing authority ends its own certificates; that everybody hears of it takes the root. */
static void
say_ask_the_root(struct context *c, const struct revoked *r)
{
	char text[PEM_LEN(sizeof(PEM_CERTIFICATE) - 1, CERT_MAX)];

	output_say(&c->out, "They are not renewed any more, but only the network's root can tell "
	    "everybody. Give it each of these, for: mpynet revoke --certificate FILE");
	for (size_t i = 0; i < r->count && i < REVOKED_MAX; i++) {
		int n = pem_write(text, sizeof(text), PEM_CERTIFICATE, r->certs[i].bytes,
		    r->certs[i].len);

		if (n > 0 && c->out.format == OUTPUT_PEOPLE)
			fwrite(text, 1, (size_t)n, c->out.to);
	}
}

/* `draft` is the file that co-signers are to sign, or NULL. */
static void
show_revoked(struct context *c, const struct office *o, const struct revoked *r,
    const char *draft)
{
	json_t *body = output_body(1), *state;

	json_object_set_new(body, "revoked", revoked_json(r));
	json_object_set_new(body, "count", json_integer((json_int_t)r->count));
	json_object_set_new(body, "invitation", json_boolean(r->invitation));
	if (r->proclaimed || r->drafted) {
		state = json_object();
		state_add(state, &r->state);
		json_object_set_new(body, r->drafted ? "drafted" : "state", state);
	}
	if (draft != NULL)
		json_object_set_new(body, "draft", json_string(draft));
	output_show(&c->out, body, revoked_views);
	json_decref(body);
	if (r->count > REVOKED_MAX)
		output_say(&c->out, "And %zu more; `mpynet ca list` shows all.",
		    r->count - REVOKED_MAX);
	if (r->proclaimed)
		say_how_it_spreads(c, o);
	else if (!r->drafted)
		say_ask_the_root(c, r);
}

/* It ends here now, and for everybody once enough co-signers say so. */
static int
hand_out_draft(struct context *c, const struct office *o, const struct revoked *r,
    const char *out, struct err *e)
{
	char path[DRAFT_PATH_MAX];
	int rc = save_state(path, &r->draft, out, e);

	show_revoked(c, o, r, rc == 0 ? path : NULL);
	if (rc < 0)
		return rc;
	output_say(&c->out, "They are not renewed any more; everybody else refuses them when %u of "
	    "%u co-signers have signed state %llu, which is drafted in %s",
	    o->ca.cert.cosigners.k, o->ca.cert.cosigners.count,
	    (unsigned long long)r->state.id.version, path);
	say_who_signs(c, &o->ca.cert, path);
	return 0;
}

int
cmd_revoke(struct context *c, const struct args *a, struct err *e)
{
	const char *out = arg(a, "--out");
	struct targets t = { .count = 0 };
	struct ca_keys *keys;
	struct revoked done;
	struct office o;
	int rc = open_office(&o, c, e);

	if (rc < 0)
		return rc;
	rc = read_targets(&t, &o, a, e);
	if (rc == 0)
		rc = may_send(out, e);
	if (rc == 0)
		rc = unlock_keys(&keys, &o, a, e);
	if (rc == 0) {
		rc = office_revoke(&o, keys, t.list, t.count, &done, e);
		lock_keys(keys);
	}
	if (rc == 0 && done.drafted) {
		rc = hand_out_draft(c, &o, &done, out, e);
		draft_free(&done.draft);
	} else if (rc == 0) {
		show_revoked(c, &o, &done, NULL);
	}
	if (rc == 0)
		say_room(c, &o, NULL);
	office_close(&o);
	return rc;
}
