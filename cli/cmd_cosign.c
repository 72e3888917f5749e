/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_cosign.c - parties that trust nobody alone: a co-signer's signature on drafts.
 *
 * `ca cosign` is one command on both sides. Where a co-signer's key is, it shows what each draft
 * says and what is new in it, and adds a signature to the file; where the authority of that network
 * is, it collects them (cosigntake.c).
 */
#include "cli/cmd.h"
#include "cli/cosign.h"
#include "cli/cosigned.h"
#include "cli/cosigntake.h"
#include "cli/draftdiff.h"
#include "cli/draftshow.h"
#include "cli/progress.h"
#include "cli/unlock.h"
#include "core/crypto.h"
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The key ************************************************************************************/

/* Opening, as work for a thread. */
struct opening_work {
	char *file;
	size_t len;
	struct ca_keys *keys;
	const struct passphrase *passphrase;
	struct err *err;
};

static int
open_key(void *arg_)
{
	struct opening_work *w = arg_;
	int rc = keyfile_open(w->keys, (const uint8_t *)w->file, w->len, w->passphrase->text,
	    w->passphrase->len);

	if (rc == ERR_AUTH)
		return err_set(w->err, rc, "this is not the passphrase of the co-signer's key, or "
		    "its file is damaged");
	return rc < 0 ? err_set(w->err, rc, "the co-signer's key %s", err_phrase(rc)) : 0;
}

static int
unlock_cosigner(struct opening_work *w, const struct args *a, struct err *e)
{
	struct keyfile_cost cost;
	struct passphrase p = { .text = NULL };
	int rc = keyfile_cost(&cost, (const uint8_t *)w->file, w->len);

	if (rc < 0)
		return err_set(e, rc, "the co-signer's key %s", err_phrase(rc));
	if (cost.passes > 0)
		rc = passphrase_ask(&p, "Passphrase of the co-signer's key", a, e);
	if (rc < 0)
		return rc;
	w->passphrase = &p;
	rc = progress_while("deriving the key from the passphrase", open_key, w);
	passphrase_free(&p);
	return rc;
}

/* Signing ************************************************************************************/

/* What is signed cannot be taken back, so a person says yes to what was shown. */
static int
confirm(const struct drafts *s, const struct args *a, struct err *e)
{
	const char *network = s->list[0].root.name;
	char answer[8] = "", name[DRAFT_NAME_TEXT];
	int tty;
	ssize_t n;

	if (arg(a, "--yes") != NULL)
		return 0;
	if (s->count == 1)
		(void)draft_name(name, &s->list[0]);
	else
		(void)snprintf(name, sizeof(name), "all of these %zu", s->count);
	tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0)
		return err_set(e, -EINVAL, "there is no terminal to ask on whether %s is to be "
		    "signed for %s; say --yes if it is", name, network);
	dprintf(tty, "Sign %s for %s? [y/N] ", s->count == 1 ? "this" : name, network);
	n = read(tty, answer, sizeof(answer) - 1);
	close(tty);
	if (n > 0 && (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	return err_set(e, ERR_UNKNOWN, "%s was not signed", name);
}

/*
 * Signs it in memory and adds what it says to `list`; `refused` gets the first reason not to sign.
 * 1 when this co-signer is one of those that the draft is for.
 */
static int
sign_one(struct context *c, struct draft *d, const struct ca_keys *keys, json_t *list,
    struct err *refused, struct err *e)
{
	char name[DRAFT_NAME_TEXT];
	struct draft before;
	struct err why;
	json_t *shown;
	int rc = draft_sign(d, keys->seed), known;

	if (rc == ERR_UNKNOWN)
		return 0;
	if (rc < 0)
		return err_set(e, rc, "%s: %s", draft_name(name, d), err_phrase(rc));
	known = cosigned_find(&before, c, d, e);
	if (known < 0)
		return known;
	shown = draft_json(d);
	json_object_set_new(shown, "changes", draft_changes(c, d, known == 1 ? &before : NULL));
	json_array_append_new(list, shown);
	if (known == 1 && cosigned_check(d, &before, &why) < 0 && refused->text[0] == '\0')
		*refused = why;
	if (known == 1)
		draft_free(&before);
	return 1;
}

static int
sign_all(struct context *c, struct drafts *s, const struct ca_keys *keys, struct err *refused,
    struct err *e)
{
	json_t *list = json_array();
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < s->count; i++)
		rc = sign_one(c, &s->list[i], keys, list, refused, e);
	if (rc >= 0 && json_array_size(list) == 0)
		rc = err_set(e, ERR_DENIED, "network %s does not name this co-signer; its root was "
		    "made with other cards", s->list[0].root.name);
	if (rc >= 0)
		drafts_show(c, list);
	else
		json_decref(list);
	return rc < 0 ? rc : 0;
}

/* What was signed is known here before the signature leaves. */
static int
keep_all(struct context *c, const struct drafts *s, const struct ca_keys *keys, struct err *e)
{
	uint8_t key[CRYPTO_SIGN_KEY];
	int rc = 0;

	crypto_ed25519_public(key, keys->seed);
	for (size_t i = 0; rc == 0 && i < s->count; i++) {
		if (draft_index(&s->list[i], key) >= 0)
			rc = cosigned_keep(c, &s->list[i], e);
	}
	return rc;
}

/* Adds a signature to every draft of one file. */
static int
sign_file(struct context *c, const struct args *a, const struct ca_keys *keys, const char *path,
    struct err *e)
{
	struct err refused = { .text = "" };
	struct drafts s;
	int rc = drafts_new(&s, e);

	if (rc == 0)
		rc = drafts_load(&s, path, e);
	if (rc == 0)
		rc = sign_all(c, &s, keys, &refused, e);
	if (rc == 0 && refused.text[0] != '\0' && arg(a, "--go-back") == NULL)
		rc = err_set(e, ERR_CONFLICT, "%s: %s", path, refused.text);
	if (rc == 0)
		rc = confirm(&s, a, e);
	if (rc == 0)
		rc = keep_all(c, &s, keys, e);
	if (rc == 0)
		rc = drafts_save(&s, path, true, e);
	if (rc == 0)
		output_say(&c->out, "Next: send %s back, or on to the next co-signer", path);
	drafts_free(&s);
	return rc;
}

static int
cosign_here(struct context *c, const struct args *a, struct err *e)
{
	struct opening_work w = { .err = e };
	char path[PATH_MAX];
	int rc = cosigner_path(path, c, COSIGNER_KEY, e);

	if (rc == 0)
		rc = file_load_secret(&w.file, &w.len, path, FILE_SIZE_MAX, e);
	if (rc == -ENOENT)
		return err_set(e, rc, "%s has neither a co-signer's key nor the authority of that "
		    "network; `mpynet ca cosigner NAME` makes a key", c->state);
	if (rc < 0)
		return rc;
	if (sodium_init() < 0 || (w.keys = sodium_malloc(sizeof(*w.keys))) == NULL)
		rc = err_set(e, -ENOMEM, "there is no memory for the co-signer's key");
	else
		rc = unlock_cosigner(&w, a, e);
	for (size_t i = 0; rc == 0 && i < arg_count(a, "file"); i++)
		rc = sign_file(c, a, w.keys, arg_nth(a, "file", i), e);
	lock_keys(w.keys);
	file_free(w.file, w.len);
	return rc;
}

int
cmd_ca_cosign(struct context *c, const struct args *a, struct err *e)
{
	int rc = cosign_take(c, a, e);

	return rc == 0 ? cosign_here(c, a, e) : rc < 0 ? rc : 0;
}
