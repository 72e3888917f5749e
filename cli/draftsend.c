/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * draftsend.c - an authority that does not sign alone hands out what co-signers are to sign.
 */
#include "cli/draftsend.h"

#include "cli/draftshow.h"

#include <errno.h>
#include <unistd.h>

#define DRAFT_NAME_MAX (NAME_MAX_LEN + sizeof(".draft"))

int
may_send(const char *path, struct err *e)
{
	if (path == NULL || access(path, F_OK) < 0)
		return 0;
	return err_set(e, -EEXIST, "%s is there already; --out names another file for the draft",
	    path);
}

void
say_who_signs(struct context *c, const struct cert *root, const char *path)
{
	output_say(&c->out, "Next: send %s to the co-signers; each adds a signature: mpynet ca "
	    "cosign %s", path, path);
	output_say(&c->out, "With %u signatures, here: mpynet ca cosign %s", root->cosigners.k,
	    path);
}

int
drafts_send(struct context *c, const struct drafts *s, const char *path, struct err *e)
{
	int rc = drafts_save(s, path, false, e);

	if (rc < 0)
		return rc;
	drafts_show_all(c, s);
	say_who_signs(c, &s->list[0].root, path);
	return 0;
}

/* To `path` or, if that is NULL, NAME.draft. */
static const char *
choose_path(char room[static DRAFT_NAME_MAX], const char *path, const char *name)
{
	(void)snprintf(room, DRAFT_NAME_MAX, "%s.draft", name);
	return path != NULL ? path : room;
}

/* One draft, which it takes. */
static int
send_one(struct context *c, struct draft *d, const char *path, struct err *e)
{
	int rc = drafts_send(c, &(struct drafts){ .count = 1, .list = d }, path, e);

	draft_free(d);
	return rc;
}

int
send_host(struct context *c, struct office *o, const struct ca_keys *keys,
    const struct order *order, const char *path, struct err *e)
{
	char room[DRAFT_NAME_MAX];
	struct draft d;
	int rc;

	path = choose_path(room, path, order->name);
	rc = may_send(path, e);
	if (rc == 0)
		rc = office_draft_host(o, keys, order, &d, e);
	return rc < 0 ? rc : send_one(c, &d, path, e);
}

int
send_authority(struct context *c, struct office *o, const struct ca_keys *keys,
    const struct issued *application, const struct admission *a, const char *path, struct err *e)
{
	char room[DRAFT_NAME_MAX];
	struct issued issued;
	struct draft d;
	int rc;

	path = choose_path(room, path, application->cert.name);
	rc = may_send(path, e);
	if (rc == 0)
		rc = office_draft_admission(o, keys, application, a, &issued, e);
	if (rc == 0)
		rc = office_draft_issued(o, keys, &issued, &d, e);
	return rc < 0 ? rc : send_one(c, &d, path, e);
}

int
save_state(char ret[static DRAFT_PATH_MAX], const struct draft *d, const char *path, struct err *e)
{
	struct drafts one = { .count = 1, .list = (struct draft *)d };
	char name[NAME_MAX_LEN + 40];
	int rc;

	(void)snprintf(name, sizeof(name), "%s-state-%llu.draft", d->root.name,
	    (unsigned long long)d->state.version);
	if (snprintf(ret, DRAFT_PATH_MAX, "%s", path != NULL ? path : name) >= DRAFT_PATH_MAX)
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", path);
	rc = drafts_save(&one, ret, false, e);
	return rc < 0 ? err_prefix(e, rc, "the ledger has it, and `mpynet ca state --sign` makes the "
	    "draft that tells everybody; this one was not written") : 0;
}
