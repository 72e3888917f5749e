/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cosign.c - who co-signs: cards, and what a command line says of them.
 */
#include "cli/cosign.h"

#include "cli/certs.h"
#include "core/crypto.h"
#include "core/pem.h"
#include "core/text.h"
#include "host/file.h"

#include <errno.h>
#include <string.h>

int
cosigner_path(char to[static PATH_MAX], const struct context *c, const char *file, struct err *e)
{
	int n = snprintf(to, PATH_MAX, "%s/%s", c->state, file);

	return n < PATH_MAX ? 0 : err_set(e, -ENAMETOOLONG, "%s: the name is too long", c->state);
}

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
