/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cosign.c - co-signers and drafts: from files, to files, and on the screen.
 */
#include "cli/cosign.h"

#include "cli/certs.h"
#include "core/crypto.h"
#include "core/pem.h"
#include "core/text.h"
#include "host/file.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define DRAFT_TEXT_MAX PEM_LEN(sizeof(PEM_DRAFT) - 1, DRAFT_MAX)

/* Co-signers **********************************************************************************/

int
card_load(struct cert *ret, const char *path, struct err *e)
{
	uint8_t bytes[CERT_MAX];
	enum breach why = BREACH_NONE;
	size_t len;
	char *text;
	int n, rc = file_load(&text, &len, path, FILE_SIZE_MAX, e);

	if (rc < 0)
		return rc;
	n = pem_read_object(bytes, sizeof(bytes), text, len, e);
	file_free(text, len);
	if (n < 0)
		return err_prefix(e, n, "%s", path);
	if (strcmp(pem_label(bytes, (size_t)n), PEM_COSIGNER) != 0)
		return err_set(e, ERR_FORMAT, "%s is no co-signer's card; each makes one with "
		    "`mpynet ca cosigner NAME`", path);
	rc = cert_decode(ret, bytes, (size_t)n, &why);
	if (rc == 0)
		rc = cert_verify(bytes, (size_t)n, ret->key);
	return rc < 0 ? err_set(e, rc, "%s: the card %s", path, breach_reason(rc, why)) : 0;
}

/* "2of3" */
static int
read_numbers(uint64_t *k, uint64_t *n, const char *text, struct err *e)
{
	const char *of = strstr(text, "of");
	char first[4] = "";

	if (of != NULL && of - text < (long)sizeof(first)) {
		memcpy(first, text, (size_t)(of - text));
		if (text_u64(k, first, COSIGNERS_K_MIN, COSIGNERS_K_MAX) == 0 &&
		    text_u64(n, of + 2, *k, COSIGNERS_MAX) == 0)
			return 0;
	}
	return err_set(e, -EINVAL, "--cosigners takes how many of how many must sign, as in 2of3: "
	    "%d to %d of at most %d", COSIGNERS_K_MIN, COSIGNERS_K_MAX, COSIGNERS_MAX);
}

static int
add_card(struct cosigners *to, const char *path, struct err *e)
{
	struct cert card;
	int rc = card_load(&card, path, e);

	if (rc < 0)
		return rc;
	for (uint8_t i = 0; i < to->count; i++) {
		if (memcmp(to->keys[i], card.key, 32) == 0)
			return err_set(e, ERR_CONFLICT, "%s has the key of another card; every "
			    "co-signer has its own", path);
	}
	memcpy(to->keys[to->count++], card.key, 32);
	return 0;
}

int
cosigners_read(struct founding *f, const struct args *a, struct err *e)
{
	const char *numbers = arg(a, "--cosigners");
	size_t cards = arg_count(a, "--cosigner");
	uint64_t k, n;
	int rc;

	if (numbers == NULL && cards == 0)
		return 0;
	if (numbers == NULL)
		return err_set(e, -EINVAL, "--cosigner names one of several; say with --cosigners "
		    "how many of them must sign, as in 2of3");
	if (arg(a, "--lighthouse") != NULL)
		return err_set(e, -EINVAL, "--lighthouse cannot be signed by this authority alone; "
		    "leave it out and sign its request like any other host's");
	rc = read_numbers(&k, &n, numbers, e);
	if (rc == 0 && cards != n && cards + 1 != n)
		rc = err_set(e, -EINVAL, "%s takes %u cards, or %u and this authority itself, and "
		    "%zu were named with --cosigner; each co-signer makes one with `mpynet ca "
		    "cosigner NAME`", numbers, (unsigned)n, (unsigned)n - 1, cards);
	f->cosigners.k = rc == 0 ? (uint8_t)k : 0;
	f->cosigns = rc == 0 && cards + 1 == n;
	for (size_t i = 0; rc == 0 && i < cards; i++)
		rc = add_card(&f->cosigners, arg_nth(a, "--cosigner", i), e);
	return rc;
}

/* Drafts **************************************************************************************/

int
draft_load(struct draft *ret, const char *path, struct err *e)
{
	uint8_t bytes[DRAFT_MAX];
	char label[PEM_LABEL_MAX];
	enum breach why = BREACH_NONE;
	struct pem_reader r;
	size_t len;
	char *text;
	int rc = file_load(&text, &len, path, FILE_SIZE_MAX, e);

	if (rc < 0)
		return rc;
	rc = pem_open(&r, text, len, e);
	if (rc == 0)
		rc = pem_next(&r, label, bytes, sizeof(bytes), e);
	if (rc == 0 || (rc > 0 && (strcmp(label, PEM_DRAFT) != 0 || r.left > 0)))
		rc = err_set(e, ERR_FORMAT, "it is no draft; `mpynet sign NAME --request FILE` "
		    "writes one where co-signers sign");
	file_free(text, len);
	if (rc < 0)
		return err_prefix(e, rc, "%s", path);
	rc = draft_read(ret, bytes, (size_t)rc, &why);
	return rc < 0 ? err_set(e, rc, "%s: the draft %s", path, breach_reason(rc, why)) : 0;
}

int
draft_save(const struct draft *d, const char *path, bool replace, struct err *e)
{
	uint8_t bytes[DRAFT_MAX];
	char text[DRAFT_TEXT_MAX];
	int n = draft_write(bytes, sizeof(bytes), d);

	assert(n > 0);
	n = pem_write(text, sizeof(text), PEM_DRAFT, bytes, (size_t)n);
	assert(n > 0);
	return replace ? file_replace(path, 0600, text, (size_t)n, e)
	               : file_create(path, 0600, text, (size_t)n, e);
}

static const struct column draft_columns[] = {
	{ "to be signed", "kind", COLUMN_TEXT },
	{ "name", "name", COLUMN_TEXT },
	{ "key in words", "key_words", COLUMN_TEXT },
	{ "addresses", "addresses", COLUMN_TEXT },
	{ "routes", "routes", COLUMN_TEXT },
	{ "groups", "groups", COLUMN_TEXT },
	{ "flags", "flags", COLUMN_TEXT },
	{ "serial", "serial", COLUMN_TEXT },
	{ "valid from", "not_before", COLUMN_TIME },
	{ "valid until", "not_after", COLUMN_TIME },
	{ "by network", "root", COLUMN_TEXT },
	{ "its root in words", "root_words", COLUMN_TEXT },
	{ "signatures", "signatures", COLUMN_TEXT },
	{ NULL },
};

static const struct view draft_views[] = { { NULL, draft_columns, NULL }, { NULL } };

void
draft_show(struct context *c, const struct draft *d)
{
	char words[CERT_WORDS_MAX];
	json_t *body = output_body(1), *says = cert_json(&d->says);

	json_object_update(body, says);
	json_decref(says);
	json_object_set_new(body, "root", json_string(d->root.name));
	json_object_set_new(body, "root_words", json_string(cert_key_words(words, d->root.key)));
	json_object_set_new(body, "signatures", json_sprintf("%u of the %u that are needed, by %u "
	    "co-signers", draft_count(d), d->root.cosigners.k, d->root.cosigners.count));
	json_object_set_new(body, "signed", json_integer(draft_count(d)));
	json_object_set_new(body, "needed", json_integer(d->root.cosigners.k));
	output_show(&c->out, body, draft_views);
	json_decref(body);
}

/* The draft of what the office decided, with the signature of its own key if that is asked for. */
static int
compose(struct draft *ret, struct office *o, const struct ca_keys *keys,
    const struct order *order, struct err *e)
{
	struct order draft = *order;
	enum breach why = BREACH_NONE;
	struct issued issued;
	int rc;

	draft.draft = true;
	rc = office_draft(o, keys, &draft, &issued, e);
	if (rc < 0)
		return rc;
	rc = draft_make(ret, o->ca.object.bytes, o->ca.object.len, issued.bytes, issued.len, &why);
	if (rc == 0)
		rc = draft_sign(ret, keys->seed);
	if (rc < 0 && rc != ERR_UNKNOWN) /* its own key need not be one of those that sign */
		return err_set(e, rc, "the draft for %s %s", order->name, breach_reason(rc, why));
	return 0;
}

int
draft_order(struct context *c, struct office *o, const struct ca_keys *keys,
    const struct order *order, const char *path, struct err *e)
{
	char name[NAME_MAX_LEN + sizeof(".draft")];
	struct draft d;
	int rc = compose(&d, o, keys, order, e);

	(void)snprintf(name, sizeof(name), "%s.draft", order->name);
	if (path == NULL)
		path = name;
	if (rc == 0)
		rc = draft_save(&d, path, false, e);
	if (rc < 0)
		return rc;
	draft_show(c, &d);
	output_say(&c->out, "Next: send %s to the co-signers; each adds a signature: mpynet ca "
	    "cosign %s", path, path);
	output_say(&c->out, "With %u signatures, here: mpynet ca cosign %s", d.root.cosigners.k,
	    path);
	return 0;
}
