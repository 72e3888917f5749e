/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_init.c - a network is made, or an organisation applies to one.
 */
#include "cli/authorities.h"
#include "cli/cmd.h"
#include "cli/cosign.h"
#include "cli/issue.h"
#include "cli/progress.h"
#include "cli/ranges.h"
#include "cli/unlock.h"
#include "core/text.h"
#include "host/loop.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static int
read_ranges(struct founding *f, const struct args *a, struct err *e)
{
	struct rng rng = kernel_rng();
	char shown[64];

	f->range_count = arg_count(a, "--network");
	if (f->range_count == 0) {
		ranges_default(f->ranges, &rng);
		f->range_count = 2;
	}
	if (f->range_count > AUTHORITY_RANGES_MAX)
		return err_set(e, -EINVAL, "a network has at most %d ranges",
		    AUTHORITY_RANGES_MAX);
	for (size_t i = 0; i < arg_count(a, "--network"); i++) {
		const char *text = arg_nth(a, "--network", i);

		if (prefix_parse(&f->ranges[i], text) < 0)
			return err_set(e, -EINVAL, "--network %s is no range; one looks like "
			    "10.87.0.0/16, with zeros behind its length",
			    output_escape(shown, sizeof(shown), text));
	}
	return 0;
}

static int
read_founding(struct founding *f, const struct args *a, struct err *e)
{
	const char *name = arg(a, "name") != NULL ? arg(a, "name") : "mesh";
	const char *lifetime = arg(a, "--lifetime");
	int rc;

	f->now = office_now();
	if (!text_is_name(name, strlen(name)))
		return err_set(e, -EINVAL, "a network's name has 1 to 63 of a-z, 0-9, '.', '_' and "
		    "'-', with a letter or digit at both ends");
	memcpy(f->name, name, strlen(name) + 1);
	if (lifetime != NULL && (text_duration(&f->lifetime, lifetime) < 0 || f->lifetime == 0))
		return err_set(e, -EINVAL, "--lifetime takes a duration, as in 10y or 90d");
	rc = application_read(f, a, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (arg(a, "--cosigners") != NULL && arg(a, "--lighthouse") != NULL)
		return err_set(e, -EINVAL, "--lighthouse cannot be signed by this authority alone; "
		    "leave it out and sign its request like any other host's");
	rc = cosigners_read(f, a, e);
	return rc < 0 ? rc : read_ranges(f, a, e);
}

static int
choose_secret(struct secret *s, struct passphrase *p, const struct args *a, struct err *e)
{
	int rc;

	s->psk = arg(a, "--psk") != NULL;
	if (arg(a, "--no-passphrase") != NULL) {
		if (arg(a, "--passphrase-fd") != NULL)
			return err_set(e, -EINVAL, "--no-passphrase and --passphrase-fd exclude "
			    "each other");
		s->passphrase = "";
		return 0;
	}
	rc = passphrase_choose(p, "authority's key", a, e);
	if (rc < 0)
		return rc;
	s->cost = passphrase_cost();
	s->passphrase = p->text;
	s->passphrase_len = p->len;
	return 0;
}

/* Founding, as work for a thread. */
struct foundation {
	struct office *office;
	const char *dir;
	const struct founding *founding;
	const struct secret *secret;
	struct ca_keys *keys;
	struct err *err;
};

static int
found(void *arg_)
{
	struct foundation *f = arg_;

	return office_found(f->office, f->dir, f->founding, f->secret, f->keys, f->err);
}

static const struct column init_columns[] = {
	{ "network", "name", COLUMN_TEXT },
	{ "role", "role", COLUMN_TEXT },
	{ "ranges", "ranges", COLUMN_TEXT },
	{ "fingerprint", "fingerprint", COLUMN_TEXT },
	{ "key in words", "key_words", COLUMN_TEXT },
	{ "valid until", "not_after", COLUMN_TIME },
	{ "key", "protection", COLUMN_TEXT },
	{ "ledger", "ledger", COLUMN_TEXT },
	{ NULL },
};

static const struct view init_views[] = { { NULL, init_columns, NULL }, { NULL } };

/* What was made; with --lighthouse its lighthouse too, as long as the keys are at hand. */
static int
after_init(struct context *c, struct office *o, const struct ca_keys *keys, const struct args *a,
    struct err *e)
{
	const char *endpoint = arg(a, "--lighthouse");
	json_t *body;
	int rc = authority_describe(&body, o, e);

	if (rc < 0)
		return rc;
	output_show(&c->out, body, init_views);
	json_decref(body);
	if (endpoint != NULL)
		return issue_lighthouse(c, o, keys, endpoint, NULL, NULL, e);
	if (o->ca.role == LEDGER_APPLICATION) {
		application_say_next(c, &o->ca.cert);
		return 0;
	}
	if (o->ca.cert.cosigners.count > 0) {
		output_say(&c->out, "Next: give everybody what `mpynet ca export --ca` prints, and "
		    "sign what they ask for with `mpynet request NAME --ca FILE`");
		return 0;
	}
	output_say(&c->out, "Next: sign a lighthouse, a machine that everybody can reach:");
	output_say(&c->out, "  mpynet sign lh --lighthouse --public HOST:%d", DEFAULT_PORT);
	return 0;
}

int
cmd_ca_init(struct context *c, const struct args *a, struct err *e)
{
	struct passphrase p = { NULL };
	struct founding f = { 0 };
	struct secret s = { { 0 } };
	struct office o;
	struct foundation work = { &o, c->state, &f, &s, NULL, e };
	struct bundle_lighthouse lighthouse = { .endpoint_count = 0 };
	int rc = office_vacant(c->state, e);

	if (rc == 0 && arg(a, "--lighthouse") != NULL)
		rc = endpoint_add(&lighthouse, arg(a, "--lighthouse"), e);
	if (rc == 0)
		rc = read_founding(&f, a, e);
	if (rc == 0)
		rc = choose_secret(&s, &p, a, e);
	if (rc < 0)
		return rc;
	if (sodium_init() < 0 || (work.keys = sodium_malloc(sizeof(*work.keys))) == NULL)
		rc = err_set(e, -ENOMEM, "there is no memory for the authority's key");
	else
		rc = progress_while("deriving the key from the passphrase", found, &work);
	passphrase_free(&p);
	if (rc == 0) {
		rc = after_init(c, &o, work.keys, a, e);
		office_close(&o);
	}
	lock_keys(work.keys);
	return rc;
}
