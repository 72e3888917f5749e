/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cosigntake.c - the authority takes what co-signers have signed.
 */
#include "cli/cosigntake.h"

#include "ca/office_admit.h"
#include "ca/office_cosign.h"
#include "ca/office_rotate.h"
#include "cli/certs.h"
#include "cli/charter.h"
#include "cli/drafts.h"
#include "cli/draftshow.h"
#include "cli/issue.h"
#include "cli/rotated.h"
#include "cli/states.h"
#include "cli/unlock.h"
#include "core/text.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* Hosts **************************************************************************************/

static int
commission_of(struct commission *w, char path[static PATH_MAX], const struct draft *d,
    const struct args *a, struct err *e)
{
	const char *out = arg(a, "--out");
	int n, rc = 0;

	w->order.flags = d->says.flags;
	w->order.replace = arg(a, "--replace") != NULL;
	memcpy(w->order.name, d->says.name, sizeof(w->order.name));
	memcpy(w->order.key, d->says.key, sizeof(w->order.key));
	w->bare = d->says.flags & CERT_STOCK;
	for (size_t i = 0; rc == 0 && i < arg_count(a, "--public"); i++)
		rc = endpoint_add(&w->lighthouse, arg_nth(a, "--public", i), e);
	if (rc < 0)
		return rc;
	n = out != NULL ? snprintf(path, PATH_MAX, "%s", out)
	                : snprintf(path, PATH_MAX, "%s.%s", d->says.name, w->bare ? "crt" : "mpynet");
	w->path = path;
	return n < PATH_MAX ? 0 : err_set(e, -ENAMETOOLONG, "%s: the name is too long", out);
}

/* The host has its key and its bundle, and gets this over the network. */
static int
take_renewal(struct context *c, struct office *o, const struct draft *d, struct err *e)
{
	struct issued issued;
	char until[32];
	int rc = office_take_renewal(o, d, &issued, e);

	if (rc == 0)
		output_say(&c->out, "%s is renewed: serial %llu, until %s", issued.cert.name,
		    (unsigned long long)issued.cert.serial,
		    text_format_time(until, issued.cert.not_after));
	return rc;
}

static int
take_new(struct context *c, struct office *o, const struct draft *d, const struct args *a,
    struct err *e)
{
	struct bundle_cert object = { .len = 0 };
	struct commission w = { .cosigned = &object };
	char path[PATH_MAX];
	struct outcome done;
	int rc = commission_of(&w, path, d, a, e);

	if (rc == 0)
		rc = office_finish_cert(&object, d, e);
	if (rc == 0)
		rc = office_check(o, &w, e);
	if (rc == 0)
		rc = office_sign(o, NULL, &w, &done, e);
	if (rc < 0)
		return rc;
	show_outcome(c, &done);
	output_say(&c->out, "Next: copy %s to %s, and there: sudo mpynet up %s", done.path,
	    done.cert.name, strrchr(done.path, '/') + 1);
	if (w.order.replace)
		output_say(&c->out, "What %s had before is revoked once everybody is told: mpynet "
		    "ca state --sign", done.cert.name);
	return 0;
}

static int
take_host(struct context *c, struct office *o, const struct draft *d, const struct args *a,
    struct err *e)
{
	int rc = arg(a, "--replace") != NULL ? 0 : office_is_renewal(o, d, e);

	return rc < 0 ? rc : rc == 1 ? take_renewal(c, o, d, e) : take_new(c, o, d, a, e);
}

/* Issuing CAs ********************************************************************************/

static int
take_ca(struct context *c, struct office *o, const struct draft *d, const struct args *a,
    struct err *e)
{
	struct bundle_cert object = { .len = 0 };
	struct issued done;
	char path[PATH_MAX];
	int rc = charter_path(path, d->says.name, arg(a, "--out"), e);

	if (rc == 0)
		rc = office_finish_cert(&object, d, e);
	if (rc == 0)
		rc = office_take_admission(o, &object, arg(a, "--shared") != NULL, &done, e);
	return rc < 0 ? rc : charter_hand_out(c, o, &done.cert, path, e);
}

/* States *************************************************************************************/

static int
take_state(struct context *c, struct office *o, const struct draft *d, struct err *e)
{
	struct proclaimed p;
	int rc = office_take_state(o, d, &p, e);

	if (rc == 0)
		rc = state_show(c, o, &p, e);
	if (rc == 0)
		say_how_it_spreads(c, o);
	return rc;
}

/* All of them ********************************************************************************/

/* Is the authority of this draft here? */
static bool
is_ours(const struct office *o, const struct draft *d)
{
	return memcmp(o->ca.cert.fingerprint, d->root.fingerprint,
		   sizeof(d->root.fingerprint)) == 0;
}

static int
take_one(struct context *c, struct office *o, const struct draft *d, const struct args *a,
    struct err *e)
{
	char name[DRAFT_NAME_TEXT];

	if (!is_ours(o, d))
		return err_set(e, ERR_DENIED, "%s is for another root than %s has here",
		    draft_name(name, d), o->ca.cert.name);
	switch (d->kind) {
	case OBJECT_HOST: return take_host(c, o, d, a, e);
	case OBJECT_CA: return take_ca(c, o, d, a, e);
	case OBJECT_STATE: return take_state(c, o, d, e);
	default: return err_set(e, ERR_DENIED, "%s cannot be taken here", draft_name(name, d));
	}
}

/* Is it for the root that is to follow, or does it say that one does, or did? 1 or 0. */
static int
is_rotation(struct office *o, const struct draft *d, struct err *e)
{
	const uint8_t *ours = o->ca.cert.fingerprint;

	if (d->kind == OBJECT_ROTATION &&
	    (is_ours(o, d) || memcmp(d->rotation.root.fingerprint, ours, 32) == 0))
		return 1;
	return office_is_successor(o, &d->root, e);
}

/* All that belongs to a rotation is taken at once. */
static int
take_rotation(struct context *c, struct office *o, const struct drafts *s, struct err *e)
{
	struct rotated done;
	int rc = office_take_rotation(o, s->list, s->count, &done, e);

	if (rc == 0)
		show_rotated(c, o, &done);
	return rc;
}

/* The other files of one draft, or of one set of them, after the first. */
static int
collect(struct drafts *s, const struct args *a, struct err *e)
{
	size_t first = s->count;
	int rc = 0;

	for (size_t i = 1; rc == 0 && i < arg_count(a, "file"); i++) {
		rc = drafts_load(s, arg_nth(a, "file", i), e);
		if (rc == 0 && s->count > first)
			rc = err_set(e, ERR_CONFLICT, "%s is another draft than %s; the files of "
			    "one draft belong together", arg_nth(a, "file", i),
			    arg_nth(a, "file", 0));
	}
	return rc;
}

static int
take_all(struct context *c, struct office *o, const struct drafts *s, const struct args *a,
    struct err *e)
{
	char name[DRAFT_NAME_TEXT];
	size_t failed = 0;

	if (s->count == 1)
		return take_one(c, o, &s->list[0], a, e);
	if (arg(a, "--out") != NULL || arg(a, "--public") != NULL)
		return err_set(e, -EINVAL, "--out and --public are for a draft of one host");
	for (size_t i = 0; i < s->count; i++) {
		if (take_one(c, o, &s->list[i], a, e) == 0)
			continue;
		fprintf(stderr, "mpynet: %s was not taken: %s\n", draft_name(name, &s->list[i]),
		    e->text);
		failed++;
	}
	if (failed < s->count)
		output_say(&c->out, "Renewed hosts get their certificates from `mpynet ca serve` when "
		    "they ask again");
	return failed == 0 ? 0 : err_set(e, ERR_DENIED, "%zu of %zu were not taken", failed,
	    s->count);
}

static int
take_here(struct context *c, struct office *o, struct drafts *s, const struct args *a,
    struct err *e)
{
	bool ours = false;
	int rotates = 0, rc = drafts_load(s, arg_nth(a, "file", 0), e);

	for (size_t i = 0; rc == 0 && rotates == 0 && i < s->count; i++) {
		ours |= is_ours(o, &s->list[i]);
		rotates = is_rotation(o, &s->list[i], e);
	}
	if (rc < 0 || rotates < 0 || (!ours && rotates == 0))
		return rc < 0 ? rc : rotates;
	rc = collect(s, a, e);
	if (rc == 0)
		rc = rotates == 1 ? take_rotation(c, o, s, e) : take_all(c, o, s, a, e);
	return rc < 0 ? rc : 1;
}

int
cosign_take(struct context *c, const struct args *a, struct err *e)
{
	struct drafts s;
	struct office o;
	int rc = open_office(&o, c, e);

	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	rc = drafts_new(&s, e);
	if (rc == 0)
		rc = take_here(c, &o, &s, a, e);
	drafts_free(&s);
	office_close(&o);
	return rc;
}
