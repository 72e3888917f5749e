/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_cosigner.c - a co-signer's key, and the card that shows it to others.
 */
#include "cli/certs.h"
#include "cli/cmd.h"
#include "cli/cosign.h"
#include "cli/progress.h"
#include "cli/unlock.h"
#include "core/crypto.h"
#include "core/pem.h"
#include "core/text.h"
#include "host/file.h"
#include "host/loop.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define CARD_TEXT_MAX PEM_LEN(sizeof(PEM_COSIGNER) - 1, CERT_REQUEST_MAX)

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
		rc = cosigner_path(path, c, COSIGNER_KEY, e);
	if (rc == 0)
		rc = file_create(path, 0600, w->file, sizeof(w->file), e);
	if (rc == 0)
		rc = cosigner_path(path, c, COSIGNER_CARD, e);
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
	rc = cosigner_path(key, c, COSIGNER_KEY, e);
	if (rc == 0 && access(key, F_OK) == 0)
		rc = err_set(e, -EEXIST, "%s has a co-signer's key already; its card is %s beside "
		    "it", key, COSIGNER_CARD);
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
