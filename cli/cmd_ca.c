/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_ca.c - the authority: looked at, exported, checked.
 */
#include "ca/office_state.h"
#include "cli/authorities.h"
#include "cli/certs.h"
#include "cli/cmd.h"
#include "cli/room.h"
#include "cli/unlock.h"
#include "core/crypto.h"
#include "core/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ca show *************************************************************************************/

static const struct column show_columns[] = {
	{ "network", "name", COLUMN_TEXT },
	{ "role", "role", COLUMN_TEXT },
	{ "admitted by", "root", COLUMN_TEXT },
	{ "id", "network", COLUMN_TEXT },
	{ "ranges", "ranges", COLUMN_TEXT },
	{ "names end with", "name_suffix", COLUMN_TEXT },
	{ "groups", "groups", COLUMN_TEXT },
	{ "routes", "routes", COLUMN_TEXT },
	{ "flags", "flags", COLUMN_TEXT },
	{ "hosts at most", "max_lifetime_s", COLUMN_DURATION },
	{ "fingerprint", "fingerprint", COLUMN_TEXT },
	{ "key in words", "key_words", COLUMN_TEXT },
	{ "valid until", "not_after", COLUMN_TIME },
	{ "key", "protection", COLUMN_TEXT },
	{ "pre-shared key", "psk", COLUMN_TEXT },
	{ "certificates", "certificates.live", COLUMN_TEXT },
	{ "ledger", "ledger", COLUMN_TEXT },
	{ NULL },
};

static const struct column lighthouse_columns[] = {
	{ "LIGHTHOUSE", "name", COLUMN_TEXT },
	{ "IP", "addresses", COLUMN_TEXT },
	{ "ENDPOINTS", "endpoints", COLUMN_TEXT },
	{ NULL },
};

static const struct view show_views[] = {
	{ NULL, show_columns, NULL },
	{ "lighthouses", lighthouse_columns,
	  "There is no lighthouse yet; sign one with `mpynet sign lh --lighthouse --public "
	  "HOST:PORT`." },
	{ NULL },
};

static enum ledger_status
status_at(const struct ledger_cert *c, uint64_t now)
{
	return c->status == LEDGER_LIVE && c->cert.not_after < now ? LEDGER_EXPIRED : c->status;
}

static int
add_lighthouse(json_t *list, struct office *o, const struct ledger_cert *c, struct err *e)
{
	struct bundle_lighthouse l;
	json_t *row;
	int rc = ledger_endpoints(&o->ledger, &l, c->cert.serial, e);

	if (rc < 0)
		return rc;
	row = cert_json(&c->cert);
	json_object_set_new(row, "endpoints", endpoints_json(&l));
	json_array_append_new(list, row);
	return 0;
}

static int
add_lighthouses(json_t *body, struct office *o, struct err *e)
{
	json_t *list = json_array();
	struct ledger_walk w;
	struct ledger_cert c;
	int rc = ledger_walk_lighthouses(&o->ledger, &w, e);

	json_object_set_new(body, "lighthouses", list);
	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, &c, e)) == 1) {
		if (status_at(&c, office_now()) != LEDGER_LIVE)
			continue;
		rc = add_lighthouse(list, o, &c, e);
		if (rc < 0)
			break;
	}
	ledger_end(&w);
	return rc < 0 ? rc : charter_lighthouses(list, o, e);
}

/* How many certificates there are of each status. */
static int
add_counts(json_t *body, struct office *o, struct err *e)
{
	json_int_t counts[LEDGER_REVOKED + 1] = { 0 };
	uint64_t now = office_now();
	json_t *j = json_object();
	struct ledger_walk w;
	struct ledger_cert c;
	int rc = ledger_walk(&o->ledger, &w, e);

	json_object_set_new(body, "certificates", j);
	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, &c, e)) == 1)
		counts[status_at(&c, now)]++;
	ledger_end(&w);
	for (int s = LEDGER_LIVE; s <= LEDGER_REVOKED; s++)
		json_object_set_new(j, ledger_status_name(s), json_integer(counts[s]));
	return rc;
}

int
cmd_ca_show(struct context *c, const struct args *a, struct err *e)
{
	struct office o;
	json_t *body;
	int rc = open_office(&o, c, e);

	(void)a;
	if (rc < 0)
		return rc;
	rc = authority_describe(&body, &o, e);
	if (rc == 0) {
		rc = add_counts(body, &o, e);
		if (rc == 0)
			rc = add_lighthouses(body, &o, e);
		if (rc == 0)
			output_show(&c->out, body, show_views);
		json_decref(body);
	}
	office_close(&o);
	return rc;
}

/* ca list *************************************************************************************/

static const struct view list_views[] = {
	{ "certificates", cert_table,
	  "No certificate to show; `mpynet sign NAME` makes one." },
	{ "authorities", authority_table, NULL },
	{ NULL },
};

/* Is a certificate of this status to be listed? */
typedef bool (*keep_fn)(const struct cert *c, enum ledger_status s, uint64_t now, uint64_t within);

static int
list_certs(json_t *list, struct office *o, keep_fn keep, uint64_t within, struct err *e)
{
	uint64_t now = office_now();
	struct ledger_walk w;
	struct ledger_cert c;
	int rc = ledger_walk(&o->ledger, &w, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, &c, e)) == 1) {
		enum ledger_status s = status_at(&c, now);
		json_t *row;

		if (!keep(&c.cert, s, now, within))
			continue;
		row = cert_json(&c.cert);
		json_object_set_new(row, "status", json_string(ledger_status_name(s)));
		json_array_append_new(list, row);
	}
	ledger_end(&w);
	return rc;
}

static bool
keep_all(const struct cert *c, enum ledger_status s, uint64_t now, uint64_t within)
{
	(void)c, (void)s, (void)now, (void)within;
	return true;
}

static bool
keep_expiring(const struct cert *c, enum ledger_status s, uint64_t now, uint64_t within)
{
	return s == LEDGER_LIVE && c->not_after - now <= within;
}

int
cmd_ca_list(struct context *c, const struct args *a, struct err *e)
{
	const char *expiring = arg(a, "--expiring");
	uint64_t within = 0;
	struct office o;
	json_t *body, *list;
	int rc;

	if (expiring != NULL && text_duration(&within, expiring) < 0)
		return err_set(e, -EINVAL, "--expiring takes a duration, as in 30d");
	rc = open_office(&o, c, e);
	if (rc < 0)
		return rc;
	body = output_body(1);
	list = json_array();
	json_object_set_new(body, "certificates", list);
	rc = list_certs(list, &o, expiring != NULL ? keep_expiring : keep_all, within, e);
	if (rc == 0 && expiring == NULL)
		rc = authorities_list(body, &o, e);
	if (rc == 0)
		output_show(&c->out, body, list_views);
	json_decref(body);
	office_close(&o);
	return rc;
}

/* ca log **************************************************************************************/

static const struct column log_columns[] = {
	{ "LINE", "seq", COLUMN_TEXT },
	{ "TIME", "time", COLUMN_TIME },
	{ "EVENT", "event", COLUMN_TEXT },
	{ "NAME", "name", COLUMN_TEXT },
	{ "SERIAL", "serial", COLUMN_TEXT },
	{ "DETAIL", "detail", COLUMN_TEXT },
	{ NULL },
};

static const struct view log_views[] = { { "log", log_columns, NULL }, { NULL } };

static const struct column verified_columns[] = {
	{ "lines", "lines", COLUMN_TEXT },
	{ "last line", "head", COLUMN_TEXT },
	{ "verified", "verified", COLUMN_TEXT },
	{ NULL },
};

static const struct view verified_views[] = { { NULL, verified_columns, NULL }, { NULL } };

static int
show_log(struct context *c, struct office *o, struct err *e)
{
	json_t *body = output_body(1), *list = json_array();
	struct ledger_walk w;
	struct log_line line;
	int rc = ledger_log_walk(&o->ledger, &w, e);

	json_object_set_new(body, "log", list);
	while (rc >= 0 && (rc = ledger_log_next(&w, &line, e)) == 1)
		json_array_append_new(list, json_pack("{sI sI ss ss sI so ss so}",
		    "seq", (json_int_t)line.seq, "time", (json_int_t)line.time,
		    "event", line.event, "name", line.name, "serial", (json_int_t)line.serial,
		    "digest", hex_json(line.digest, sizeof(line.digest)), "detail", line.detail,
		    "hash", hex_json(line.hash, sizeof(line.hash))));
	ledger_end(&w);
	if (rc == 0)
		output_show(&c->out, body, log_views);
	json_decref(body);
	return rc;
}

static int
show_verified(struct context *c, struct office *o, struct err *e)
{
	uint8_t head[32];
	uint64_t lines;
	json_t *body;
	int rc = office_verify(o, &lines, head, e);

	if (rc < 0)
		return rc;
	body = output_body(1);
	json_object_set_new(body, "verified", json_true());
	json_object_set_new(body, "lines", json_integer((json_int_t)lines));
	json_object_set_new(body, "head", hex_json(head, sizeof(head)));
	output_show(&c->out, body, verified_views);
	json_decref(body);
	return 0;
}

int
cmd_ca_log(struct context *c, const struct args *a, struct err *e)
{
	struct office o;
	int rc = open_office(&o, c, e);

	if (rc < 0)
		return rc;
	rc = arg(a, "--verify") != NULL ? show_verified(c, &o, e) : show_log(c, &o, e);
	office_close(&o);
	return rc;
}

/* ca export ***********************************************************************************/

/* What is asked for, into `text`; its length. */
static int
export_text(struct office *o, char *text, const struct args *a, struct err *e)
{
	if (arg(a, "name") != NULL)
		return office_export(o, text, arg(a, "name"), e);
	if (arg(a, "--network-state") != NULL)
		return office_export_state(o, text, e);
	return office_export_ca(o, text, e);
}

int
cmd_ca_export(struct context *c, const struct args *a, struct err *e)
{
	static_assert(BUNDLE_TEXT_MAX <= OFFICE_STATE_TEXT_MAX, "a text has room for either");
	struct office o;
	char *text;
	int rc;

	if ((arg(a, "name") != NULL) + (arg(a, "--ca") != NULL) +
	    (arg(a, "--network-state") != NULL) > 1)
		return err_set(e, -EINVAL, "a name, --ca and --network-state exclude each other: a "
		    "bundle holds the authority's certificate too");
	rc = open_office(&o, c, e);
	if (rc < 0)
		return rc;
	text = malloc(OFFICE_STATE_TEXT_MAX);
	rc = text == NULL ? err_set(e, -ENOMEM, "there is no memory for a bundle") :
			    export_text(&o, text, a, e);
	if (rc >= 0) {
		fwrite(text, 1, (size_t)rc, c->out.to);
		rc = 0;
	}
	if (text != NULL)
		crypto_wipe(text, OFFICE_STATE_TEXT_MAX); /* a pre-shared key may be in it */
	free(text);
	office_close(&o);
	return rc;
}

/* ca check ************************************************************************************/

static const struct view check_views[] = {
	{ "expiring", cert_table, "The ledger verifies, and no certificate is close to its end." },
	{ NULL },
};

static bool
keep_close_to_end(const struct cert *c, enum ledger_status s, uint64_t now, uint64_t within)
{
	(void)within;
	return s == LEDGER_LIVE && c->not_after - now <= CLOSE_TO_END(c);
}

/* The authority's own end is the end of everything it signed. */
static int
check_authority(const struct office *o, struct err *e)
{
	const struct cert *ca = &o->ca.cert;
	uint64_t now = office_now();
	char text[32];

	if (now > ca->not_after)
		return err_set(e, ERR_EXPIRED, "the authority's own certificate expired at %s; "
		    "nothing that it signed is valid", text_format_time(text, ca->not_after));
	if (now < ca->not_before)
		return err_set(e, ERR_NOT_YET, "the authority's certificate is valid from %s on; "
		    "this machine's clock is behind", text_format_time(text, ca->not_before));
	return 0;
}

/* When hosts get less than their usual time because it ends, its successor is overdue. */
static bool
ends_soon(const struct cert *ca)
{
	uint64_t left = ca->not_after - office_now();

	return left <= min_u64(AUTHORITY_HOST_LIFETIME, CLOSE_TO_END(ca));
}

int
cmd_ca_check(struct context *c, const struct args *a, struct err *e)
{
	struct office o;
	uint8_t head[32];
	uint64_t lines;
	json_t *body, *list;
	bool old = false;
	int admitted = 0, rc = open_office(&o, c, e);

	(void)a;
	if (rc < 0)
		return rc;
	rc = office_verify(&o, &lines, head, e);
	if (rc == 0)
		rc = check_authority(&o, e);
	body = output_body(1);
	list = json_array();
	json_object_set_new(body, "expiring", list);
	if (rc == 0 && (old = ends_soon(&o.ca.cert)))
		json_array_append_new(list, cert_json(&o.ca.cert));
	if (rc == 0)
		rc = list_certs(list, &o, keep_close_to_end, 0, e);
	if (rc == 0)
		rc = admitted = authorities_expiring(list, &o, e);
	if (rc >= 0) {
		say_room(c, &o, body);
		output_show(&c->out, body, check_views);
		rc = 0;
	}
	if (rc == 0 && json_array_size(list) > (size_t)old + (size_t)admitted)
		output_say(&c->out, "Next: mpynet ca serve renews who asks; mpynet sign NAME "
		    "--replace gives a host a new one.");
	if (rc == 0 && admitted > 0)
		output_say(&c->out, "Next: mpynet ca admit FILE --replace admits an organisation "
		    "anew, with what `mpynet ca export --ca` prints there.");
	if (rc == 0 && old)
		authority_say_renew(c, &o);
	if (rc == 0 && json_array_size(list) > 0)
		rc = EXIT_NO;
	json_decref(body);
	office_close(&o);
	return rc;
}
