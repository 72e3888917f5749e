/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_cosign.c - parties that trust nobody alone: a co-signer's key, and its signature on a draft.
 *
 * `ca cosign` is one command on both sides. Where a co-signer's key is, it adds a signature to the
 * file; where the authority of that network is, it collects them and, when there are enough, stores
 * the certificate and writes the bundle.
 */
#include "cli/certs.h"
#include "cli/cmd.h"
#include "cli/cosign.h"
#include "cli/issue.h"
#include "cli/progress.h"
#include "cli/unlock.h"
#include "core/crypto.h"
#include "core/pem.h"
#include "core/text.h"
#include "host/file.h"
#include "host/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

/* The co-signer's own: its key under a passphrase, and its card. */
#define KEY_FILE      "cosigner.key"
#define CARD_FILE     "cosigner.card"
#define CARD_TEXT_MAX PEM_LEN(sizeof(PEM_COSIGNER) - 1, CERT_REQUEST_MAX)

static int
own_path(char to[static PATH_MAX], const struct context *c, const char *file, struct err *e)
{
	int n = snprintf(to, PATH_MAX, "%s/%s", c->state, file);

	return n < PATH_MAX ? 0 : err_set(e, -ENAMETOOLONG, "%s: the name is too long", c->state);
}

/* ca cosigner *********************************************************************************/

/* Sealing, as work for a thread. */
struct sealing_work {
	uint8_t file[KEYFILE_SIZE];
	struct ca_keys *keys;
	struct keyfile_cost cost;
	const struct passphrase *passphrase;
	struct rng rng;
	struct err *err;
};

static int
seal_key(void *arg_)
{
	struct sealing_work *w = arg_;
	int rc = keyfile_seal(w->file, w->keys, w->cost, w->passphrase->text, w->passphrase->len,
	    &w->rng);

	return rc < 0 ? err_set(w->err, rc, "there is no memory to derive a key from the "
	    "passphrase; it takes %u MiB", (unsigned)(w->cost.memory_kib / 1024)) : 0;
}

static int
choose_passphrase(struct passphrase *p, struct keyfile_cost *cost, const struct args *a,
    struct err *e)
{
	bool none = arg(a, "--no-passphrase") != NULL;

	if (none && arg(a, "--passphrase-fd") != NULL)
		return err_set(e, -EINVAL, "--no-passphrase and --passphrase-fd exclude each other");
	if (none)
		return 0;
	*cost = passphrase_cost();
	return passphrase_choose(p, "co-signer's key", a, e);
}

/* The key rests before anybody hears of it. */
static int
store_cosigner(const struct context *c, const struct sealing_work *w, const char *card, size_t len,
    struct err *e)
{
	char path[PATH_MAX];
	int rc = dir_make(c->state, 0700, e);

	if (rc == 0)
		rc = own_path(path, c, KEY_FILE, e);
	if (rc == 0)
		rc = file_create(path, 0600, w->file, sizeof(w->file), e);
	if (rc == 0)
		rc = own_path(path, c, CARD_FILE, e);
	return rc < 0 ? rc : file_create(path, 0600, card, len, e);
}

static int
make_card(char text[static CARD_TEXT_MAX], struct cert *card, const char *name,
    const struct ca_keys *keys, struct err *e)
{
	uint8_t bytes[CERT_REQUEST_MAX];
	enum breach why = BREACH_NONE;
	int rc;

	*card = (struct cert){ .kind = OBJECT_COSIGNER };
	memcpy(card->name, name, strlen(name) + 1);
	crypto_ed25519_public(card->key, keys->seed);
	rc = cert_sign(card, bytes, sizeof(bytes), keys->seed, &why);
	if (rc < 0)
		return err_set(e, rc, "the card %s", breach_reason(rc, why));
	return pem_write(text, CARD_TEXT_MAX, PEM_COSIGNER, bytes, (size_t)rc);
}

static const struct column card_columns[] = {
	{ "co-signer", "name", COLUMN_TEXT },
	{ "key in words", "key_words", COLUMN_TEXT },
	{ "card", "card", COLUMN_TEXT },
	{ NULL },
};

static const struct view card_views[] = { { NULL, card_columns, NULL }, { NULL } };

static void
show_card(struct context *c, const struct cert *card, const char *path)
{
	char words[CERT_WORDS_MAX];
	json_t *body = output_body(1);

	json_object_set_new(body, "name", json_string(card->name));
	json_object_set_new(body, "key_words", json_string(cert_key_words(words, card->key)));
	json_object_set_new(body, "card", json_string(path));
	output_show(&c->out, body, card_views);
	json_decref(body);
	output_say(&c->out, "Next: send %s to whoever makes the network, and compare the words by "
	    "telephone; there: mpynet ca init --cosigners 2of3 --cosigner %s ...", path, path);
}

static int
make_cosigner(struct context *c, const char *name, const char *out, struct sealing_work *w,
    struct err *e)
{
	char text[CARD_TEXT_MAX];
	struct cert card;
	int len, rc;

	rng_fill(&w->rng, w->keys, sizeof(*w->keys));
	len = make_card(text, &card, name, w->keys, e);
	if (len < 0)
		return len;
	rc = progress_while("deriving the key from the passphrase", seal_key, w);
	if (rc == 0)
		rc = store_cosigner(c, w, text, (size_t)len, e);
	if (rc == 0)
		rc = file_create(out, 0644, text, (size_t)len, e);
	if (rc == 0)
		show_card(c, &card, out);
	return rc;
}

int
cmd_ca_cosigner(struct context *c, const struct args *a, struct err *e)
{
	const char *name = arg(a, "name"), *out = arg(a, "--out");
	char path[NAME_MAX_LEN + sizeof(".cosigner")], key[PATH_MAX];
	struct passphrase p = { .text = NULL };
	struct sealing_work w = { .passphrase = &p, .rng = kernel_rng(), .err = e };
	int rc;

	if (!text_is_name(name, strlen(name)))
		return err_set(e, -EINVAL, "a name has 1 to 63 of a-z, 0-9, '.', '_' and '-', with "
		    "a letter or digit at both ends");
	(void)snprintf(path, sizeof(path), "%s.cosigner", name);
	rc = own_path(key, c, KEY_FILE, e);
	if (rc == 0 && access(key, F_OK) == 0)
		rc = err_set(e, -EEXIST, "%s has a co-signer's key already; its card is %s beside "
		    "it", key, CARD_FILE);
	if (rc == 0)
		rc = choose_passphrase(&p, &w.cost, a, e);
	if (rc < 0)
		return rc;
	if (sodium_init() < 0 || (w.keys = sodium_malloc(sizeof(*w.keys))) == NULL)
		rc = err_set(e, -ENOMEM, "there is no memory for the co-signer's key");
	else
		rc = make_cosigner(c, name, out != NULL ? out : path, &w, e);
	lock_keys(w.keys);
	passphrase_free(&p);
	return rc;
}

/* A co-signer's signature *********************************************************************/

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

/* What is signed cannot be taken back, so a person says yes to what was shown. */
static int
confirm(const struct draft *d, const struct args *a, struct err *e)
{
	char answer[8] = "";
	int tty;
	ssize_t n;

	if (arg(a, "--yes") != NULL)
		return 0;
	tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0)
		return err_set(e, -EINVAL, "there is no terminal to ask on whether %s is to be "
		    "signed for %s; say --yes if it is", d->says.name, d->root.name);
	dprintf(tty, "Sign this for %s? [y/N] ", d->root.name);
	n = read(tty, answer, sizeof(answer) - 1);
	close(tty);
	if (n > 0 && (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	return err_set(e, ERR_UNKNOWN, "%s was not signed", d->says.name);
}

/* Adds a signature to one file. */
static int
sign_draft(struct context *c, const struct args *a, struct opening_work *w, const char *path,
    struct err *e)
{
	struct draft d;
	int rc = draft_load(&d, path, e);

	if (rc < 0)
		return rc;
	rc = draft_sign(&d, w->keys->seed);
	if (rc == ERR_UNKNOWN)
		return err_set(e, ERR_DENIED, "network %s does not name this co-signer; its root "
		    "was made with other cards", d.root.name);
	if (rc < 0)
		return err_set(e, rc, "%s: %s", path, err_phrase(rc));
	draft_show(c, &d);
	rc = confirm(&d, a, e);
	if (rc == 0)
		rc = draft_save(&d, path, true, e);
	if (rc == 0)
		output_say(&c->out, "Next: send %s back, or on to the next co-signer", path);
	return rc;
}

static int
cosign_here(struct context *c, const struct args *a, struct err *e)
{
	struct opening_work w = { .err = e };
	char path[PATH_MAX];
	int rc = own_path(path, c, KEY_FILE, e);

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
		rc = sign_draft(c, a, &w, arg_nth(a, "file", i), e);
	lock_keys(w.keys);
	file_free(w.file, w.len);
	return rc;
}

/* The authority's part ************************************************************************/

/* All files of one draft, together. */
static int
collect(struct draft *d, const struct args *a, struct err *e)
{
	int rc = draft_load(d, arg_nth(a, "file", 0), e);

	for (size_t i = 1; rc == 0 && i < arg_count(a, "file"); i++) {
		const char *path = arg_nth(a, "file", i);
		struct draft more;

		rc = draft_load(&more, path, e);
		if (rc == 0 && draft_merge(d, &more) < 0)
			rc = err_set(e, ERR_CONFLICT, "%s is another draft than %s; the files of "
			    "one draft belong together", path, arg_nth(a, "file", 0));
	}
	return rc;
}

static int
finish(struct bundle_cert *ret, const struct draft *d, struct err *e)
{
	unsigned k = d->root.cosigners.k, n = draft_count(d);
	enum breach why = BREACH_NONE;
	int rc = draft_finish(ret->bytes, sizeof(ret->bytes), d, &why);

	if (rc == ERR_STATE)
		return err_set(e, rc, "%s has %u of %u signatures; send the draft to another "
		    "co-signer", d->says.name, n, k);
	if (rc < 0)
		return err_set(e, rc, "with its signatures the certificate of %s %s", d->says.name,
		    breach_reason(rc, why));
	ret->len = (uint16_t)rc;
	return 0;
}

static int
commission_of(struct commission *w, char path[static PATH_MAX], const struct draft *d,
    const struct args *a, struct err *e)
{
	const char *out = arg(a, "--out");
	int n, rc = 0;

	w->order.draft = false;
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

static int
take_draft(struct context *c, struct office *o, const struct draft *d, const struct args *a,
    struct err *e)
{
	struct bundle_cert object = { .len = 0 };
	struct commission w = { .cosigned = &object };
	char path[PATH_MAX];
	struct outcome done;
	int rc = commission_of(&w, path, d, a, e);

	if (rc == 0 && d->says.kind != OBJECT_HOST)
		rc = err_set(e, ERR_DENIED, "%s is no host", d->says.name);
	if (rc == 0)
		rc = finish(&object, d, e);
	if (rc == 0)
		rc = office_check(o, &w, e);
	if (rc == 0)
		rc = office_sign(o, NULL, &w, &done, e);
	if (rc < 0)
		return rc;
	show_outcome(c, &done);
	output_say(&c->out, "Next: copy %s to %s, and there: sudo mpynet up %s", done.path,
	    done.cert.name, strrchr(done.path, '/') + 1);
	return 0;
}

/* 1 when the authority of the draft's network is in this state, and then it took it. */
static int
cosign_at_authority(struct context *c, const struct args *a, struct err *e)
{
	struct draft d;
	struct office o;
	int rc = draft_load(&d, arg_nth(a, "file", 0), e);

	if (rc < 0)
		return rc;
	rc = open_office(&o, c, e);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	if (memcmp(o.ca.cert.fingerprint, d.root.fingerprint, sizeof(d.root.fingerprint)) == 0) {
		rc = collect(&d, a, e);
		if (rc == 0)
			rc = take_draft(c, &o, &d, a, e);
		rc = rc < 0 ? rc : 1;
	}
	office_close(&o);
	return rc;
}

int
cmd_ca_cosign(struct context *c, const struct args *a, struct err *e)
{
	int rc = cosign_at_authority(c, a, e);

	return rc == 0 ? cosign_here(c, a, e) : rc < 0 ? rc : 0;
}
