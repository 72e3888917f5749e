/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_rotate.c - the network gets a new root, and time to move over.
 */
#include "ca/office_rotate.h"
#include "cli/certs.h"
#include "cli/cmd.h"
#include "cli/cosign.h"
#include "cli/draftsend.h"
#include "cli/progress.h"
#include "cli/rotated.h"
#include "cli/unlock.h"
#include "core/text.h"

#include <errno.h>
#include <string.h>

static int
read_duration(uint64_t *ret, const struct args *a, const char *option, struct err *e)
{
	const char *text = arg(a, option);

	if (text != NULL && (text_duration(ret, text) < 0 || *ret == 0))
		return err_set(e, -EINVAL, "%s takes a duration, as in 120d", option);
	return 0;
}

/* The new keys rest as the old ones did: under a passphrase, or without. */
static int
choose_secret(struct secret *s, struct passphrase *p, const struct office *o,
    const struct args *a, struct err *e)
{
	int rc = office_cost(o, &s->cost, e);

	s->passphrase = "";
	if (rc < 0 || s->cost.passes == 0)
		return rc;
	rc = passphrase_choose(p, "new root's key", a, e);
	s->passphrase = p->text;
	s->passphrase_len = p->len;
	return rc;
}

/* Rotating, as work for a thread. */
struct rotation_work {
	struct office *office;
	const struct ca_keys *keys;
	const struct rotating *what;
	struct rotated *done;
	struct err *err;
};

static int
rotate(void *to)
{
	struct rotation_work *w = to;

	return office_rotate(w->office, w->keys, w->what, w->done, w->err);
}

/* Nothing has changed yet: drafts go to the co-signers. */
static int
send_drafts(struct context *c, const struct office *o, struct rotated *r, const char *out,
    struct err *e)
{
	struct drafts s = { .count = r->draft_count, .list = r->drafts };
	char name[NAME_MAX_LEN + 40];
	int rc;

	(void)snprintf(name, sizeof(name), "%s-rotation-%llu.draft", o->ca.cert.name,
	    (unsigned long long)office_now());
	rc = drafts_send(c, &s, out != NULL ? out : name, e);
	if (rc == 0)
		output_say(&c->out, "Until then %s goes on under its root; another `mpynet ca "
		    "rotate` takes the place of this one", o->ca.cert.name);
	for (size_t i = 0; i < r->draft_count; i++)
		draft_free(&r->drafts[i]);
	return rc;
}

/* Who signs with the new root: as before, or other cards, or its key alone. */
static int
read_cosigners(struct rotating *r, const struct args *a, struct err *e)
{
	const char *numbers = arg(a, "--cosigners");
	struct founding f = { .now = 0 };
	int rc;

	r->reseat = numbers != NULL || arg_count(a, "--cosigner") > 0;
	if (numbers != NULL && strcmp(numbers, "none") == 0)
		return 0;
	rc = cosigners_read(&f, a, e);
	r->cosigners = f.cosigners;
	r->cosigns = f.cosigns;
	return rc;
}

int
cmd_ca_rotate(struct context *c, const struct args *a, struct err *e)
{
	struct passphrase p = { NULL };
	struct rotating what = { 0 };
	struct ca_keys *keys = NULL;
	struct rotated done;
	struct office o;
	struct rotation_work work = { &o, NULL, &what, &done, e };
	int rc = read_duration(&what.overlap, a, "--overlap", e);

	if (rc == 0)
		rc = read_duration(&what.lifetime, a, "--lifetime", e);
	if (rc == 0)
		rc = read_cosigners(&what, a, e);
	if (rc == 0)
		rc = may_send(arg(a, "--out"), e);
	if (rc == 0)
		rc = open_office(&o, c, e);
	if (rc < 0)
		return rc;
	rc = unlock_keys(&keys, &o, a, e);
	if (rc == 0)
		rc = choose_secret(&what.secret, &p, &o, a, e);
	work.keys = keys;
	if (rc == 0)
		rc = progress_while("making the new root", rotate, &work);
	passphrase_free(&p);
	lock_keys(keys);
	if (rc == 0 && done.draft_count > 0)
		rc = send_drafts(c, &o, &done, arg(a, "--out"), e);
	else if (rc == 0)
		show_rotated(c, &o, &done);
	office_close(&o);
	return rc;
}
