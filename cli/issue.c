/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * issue.c - signing, as far as several commands do the same.
 */
#include "cli/issue.h"

#include "cli/certs.h"
#include "cli/unlock.h"
#include "core/text.h"
#include "host/home.h"

#include <errno.h>
#include <string.h>

/* So many names stand in a sentence; of the others the number. */
#define NAMES_SAID 8

static const struct column signed_columns[] = {
	{ "NAME", "name", COLUMN_TEXT },
	{ "IP", "addresses", COLUMN_TEXT },
	{ "SERIAL", "serial", COLUMN_TEXT },
	{ "EXPIRES", "not_after", COLUMN_TIME },
	{ "FLAGS", "flags", COLUMN_TEXT },
	{ "FILE", "file", COLUMN_TEXT },
	{ NULL },
};

static const struct view signed_views[] = { { "signed", signed_columns, NULL }, { NULL } };

/* "VPN.example.org" with or without a port: names are spelt in lower case. */
static int
spell_name(char to[static ENDPOINT_TEXT_MAX], const char *text)
{
	const char *colon = strrchr(text, ':');
	int n = colon != NULL ? snprintf(to, ENDPOINT_TEXT_MAX, "%s", text) :
				snprintf(to, ENDPOINT_TEXT_MAX, "%s:%d", text, DEFAULT_PORT);

	if (n >= ENDPOINT_TEXT_MAX)
		return ERR_FORMAT;
	for (char *p = to; *p != '\0'; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	}
	return 0;
}

int
endpoint_add(struct bundle_lighthouse *l, const char *text, struct err *e)
{
	char shown[64], *to = l->endpoints[l->endpoint_count];
	struct addr addr;
	int rc = 0;

	if (l->endpoint_count == BUNDLE_ENDPOINTS_MAX)
		return err_set(e, -EINVAL, "a lighthouse has at most %d endpoints",
		    BUNDLE_ENDPOINTS_MAX);
	if (addr_parse(&addr, text, DEFAULT_PORT) == 0)
		addr_format(to, &addr);
	else
		rc = spell_name(to, text);
	if (rc < 0 || endpoint_check(to) < 0)
		return err_set(e, -EINVAL, "%s is no endpoint; one looks like vpn.example.org:%d, "
		    "192.0.2.1:%d or [2001:db8::1]:%d", output_escape(shown, sizeof(shown), text),
		    DEFAULT_PORT, DEFAULT_PORT, DEFAULT_PORT);
	l->endpoint_count++;
	return 0;
}

int
endpoint_add_tcp(struct bundle_lighthouse *l, const char *port, struct err *e)
{
	uint64_t n;

	if (port == NULL)
		return 0;
	if (text_u64(&n, port, 1, UINT16_MAX) < 0)
		return err_set(e, -EINVAL, "--tcp takes a port, 1 to 65535");
	l->tcp = (uint16_t)n;
	return 0;
}

json_t *
outcome_json(const struct outcome *done)
{
	json_t *j = cert_json(&done->cert);

	json_object_set_new(j, "file", json_string(done->path));
	return j;
}

void
show_outcomes(struct context *c, const json_t *body)
{
	output_show(&c->out, body, signed_views);
}

void
show_outcome(struct context *c, const struct outcome *done)
{
	json_t *body = output_body(1), *list = json_array();

	json_array_append_new(list, outcome_json(done));
	json_object_set_new(body, "signed", list);
	show_outcomes(c, body);
	json_decref(body);
}

/* Does the host of this certificate need a new bundle to know `lh`? */
static bool
must_learn(const struct ledger_cert *c, const struct cert *lh)
{
	return c->status == LEDGER_LIVE && c->cert.serial < lh->serial &&
	    c->cert.not_after >= office_now() && !(c->cert.flags & CERT_STOCK);
}

int
say_who_must_learn(struct context *c, struct office *o, const struct cert *lh, struct err *e)
{
	char names[NAMES_SAID * (NAME_MAX_LEN + 3)] = "", more[32] = "";
	size_t at = 0, count = 0;
	struct ledger_walk w;
	struct ledger_cert host;
	int rc = ledger_walk(&o->ledger, &w, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, &host, e)) == 1) {
		if (!must_learn(&host, lh))
			continue;
		if (count < NAMES_SAID)
			at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s",
			    count > 0 ? ", " : "", host.cert.name);
		count++;
	}
	ledger_end(&w);
	if (rc < 0 || count == 0)
		return rc;
	if (count > NAMES_SAID)
		(void)snprintf(more, sizeof(more), " and %zu more", count - NAMES_SAID);
	output_say(&c->out, "Signed before %s, and so without it in their bundles: %s%s.", lh->name,
	    names, more);
	output_say(&c->out, "For each of them: mpynet ca export NAME > NAME.mpynet, and there: "
	    "mpynet join NAME.mpynet");
	return 0;
}

/* The first of lh, lh2, lh3..., with the suffix that this authority gives, that no live certificate has. */
static int
choose_name(struct order *order, struct office *o, struct err *e)
{
	uint64_t now = office_now();

	for (unsigned i = 1;; i++) {
		struct ledger_cert c;
		char number[12] = "";
		int rc;

		if (i > 1)
			(void)snprintf(number, sizeof(number), "%u", i);
		(void)snprintf(order->name, sizeof(order->name), "lh%s%.50s", number,
		    o->ca.cert.name_suffix);
		rc = ledger_find(&o->ledger, &c, order->name, e);
		if (rc < 0)
			return rc;
		if (rc == 0 || c.status != LEDGER_LIVE || c.cert.not_after < now)
			return 0;
	}
}

int
issue_lighthouse(struct context *c, struct office *o, const struct ca_keys *keys,
    const char *endpoint, const char *tcp, const char *path, struct err *e)
{
	struct commission work = {
		.order = { .flags = CERT_LIGHTHOUSE | CERT_RELAY },
		.make_key = true,
		.path = path,
	};
	char file[NAME_MAX_LEN + 16];
	struct outcome done;
	int rc = endpoint_add(&work.lighthouse, endpoint, e);

	if (rc == 0)
		rc = endpoint_add_tcp(&work.lighthouse, tcp, e);
	if (rc == 0)
		rc = choose_name(&work.order, o, e);
	if (rc < 0)
		return rc;
	if (path == NULL) {
		(void)snprintf(file, sizeof(file), "%s.mpynet", work.order.name);
		work.path = file;
	}
	rc = office_sign(o, keys, &work, &done, e);
	if (rc < 0)
		return rc;
	show_outcome(c, &done);
	rc = say_who_must_learn(c, o, &done.cert, e);
	if (rc == 0 && path == NULL)
		output_say(&c->out, "Next: on %s: mpynet lighthouse %s; here: mpynet sign NAME...",
		    work.lighthouse.endpoints[0], file);
	return rc;
}

int
issue_own_lighthouse(struct context *c, const struct args *a, const char *endpoint, struct err *e)
{
	const char *tcp = arg(a, "--tcp");
	struct ca_keys *keys;
	char path[PATH_MAX];
	struct office o;
	int rc = open_office(&o, c, e);

	if (rc < 0)
		return rc;
	rc = home_make(c->state, HOME_LIGHTHOUSE, e);
	if (rc == 0)
		rc = home_path(path, c->state, HOME_LIGHTHOUSE, HOME_BUNDLE, e);
	if (rc == 0)
		rc = unlock_keys(&keys, &o, a, e);
	if (rc == 0) {
		rc = issue_lighthouse(c, &o, keys, endpoint,
		    tcp != NULL && strcmp(tcp, "no") != 0 ? tcp : NULL, path, e);
		lock_keys(keys);
	}
	office_close(&o);
	return rc;
}
