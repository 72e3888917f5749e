/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_invite.c - one line that makes a host a member.
 */
#include "ca/office_invite.h"
#include "cli/cmd.h"
#include "cli/order.h"
#include "cli/qr.h"
#include "cli/unlock.h"
#include "core/crypto.h"
#include "core/text.h"

#include <errno.h>
#include <string.h>

static const struct column token_columns[] = {
	{ "token", "token", COLUMN_TEXT },
	{ "url", "url", COLUMN_TEXT },
	{ "expires", "expires", COLUMN_TIME },
	{ NULL },
};

static int
read_invitation(struct invitation *i, const struct args *a, struct err *e)
{
	const char *lifetime = arg(a, "--expires"), *lighthouse = arg(a, "--lighthouse");
	int rc = order_name(&i->order, arg(a, "name"), e);

	if (rc == 0)
		rc = order_read(&i->order, a, e);
	if (rc < 0)
		return rc;
	if (arg(a, "--relay") != NULL)
		i->order.flags |= CERT_RELAY;
	i->approve = arg(a, "--approve") != NULL;
	if (lifetime != NULL && (text_duration(&i->lifetime, lifetime) < 0 || i->lifetime == 0 ||
	    i->lifetime > INVITE_LIFETIME_MAX))
		return err_set(e, -EINVAL, "--expires takes a duration of at most a year, as in 24h");
	if (lighthouse != NULL && !text_is_name(lighthouse, strlen(lighthouse)))
		return err_set(e, -EINVAL, "--lighthouse takes the name of one");
	if (lighthouse != NULL)
		memcpy(i->lighthouse, lighthouse, strlen(lighthouse) + 1);
	return 0;
}

/* People get what they hand on: a line to type, or a picture to hold up. */
static int
show_people(struct context *c, const struct invitation *i, const struct token *t,
    const char *text, const char *url, bool qr, struct err *e)
{
	char until[32];
	int rc = 0;

	if (qr)
		rc = qr_print(c->out.to, url, e);
	if (rc < 0)
		return rc;
	fprintf(c->out.to, "%s\n", text);
	output_say(&c->out, "This line makes whoever has it %s, once, until %s: hand it over like a "
	    "key.", i->order.name, text_format_time(until, t->expires));
	output_say(&c->out, "Next: on %s: sudo mpynet join - takes the line where no list of "
	    "processes and no log shows it, then sudo mpynet up. The authority answers while mpynet "
	    "ca serve runs here%s.", i->order.name,
	    i->approve ? ", once you have compared the words: mpynet ca pending" : "");
	return 0;
}

static int
show(struct context *c, const struct invitation *i, const struct token *t, bool qr,
    struct err *e)
{
	char text[TOKEN_TEXT_MAX], url[TOKEN_URL_MAX];
	json_t *body;
	int rc = token_write(text, t);

	if (rc < 0)
		return err_set(e, rc, "the invitation %s", err_phrase(rc));
	(void)snprintf(url, sizeof(url), "%s%s", TOKEN_URL, text);
	if (c->out.format == OUTPUT_PEOPLE) {
		rc = show_people(c, i, t, text, url, qr, e);
	} else {
		body = output_body(1);
		json_object_set_new(body, "name", json_string(i->order.name));
		json_object_set_new(body, "token", json_string(text));
		json_object_set_new(body, "url", json_string(url));
		json_object_set_new(body, "expires", json_integer((json_int_t)t->expires));
		output_stream(&c->out, body, token_columns);
		json_decref(body);
		rc = 0;
	}
	crypto_wipe(text, sizeof(text));
	crypto_wipe(url, sizeof(url));
	return rc;
}

static int
withdraw(struct context *c, struct office *o, const char *name, struct err *e)
{
	int rc = office_uninvite(o, name, e);

	if (rc == 0)
		output_say(&c->out, "The invitation of %s is withdrawn", name);
	return rc;
}

int
cmd_invite(struct context *c, const struct args *a, struct err *e)
{
	struct invitation i = { .approve = false };
	struct office o;
	struct token t;
	int rc = read_invitation(&i, a, e);

	if (rc == 0)
		rc = open_office(&o, c, e);
	if (rc < 0)
		return rc;
	if (arg(a, "--withdraw") != NULL) {
		rc = withdraw(c, &o, i.order.name, e);
	} else {
		rc = office_invite(&o, &i, &t, e);
		if (rc == 0)
			rc = show(c, &i, &t, arg(a, "--qr") != NULL, e);
		token_wipe(&t);
	}
	office_close(&o);
	return rc;
}
