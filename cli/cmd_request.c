/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_request.c - a host asks to be certified, with a key that never leaves it.
 *
 * The key waits in the state until the certificate comes. Asking again asks with the same key, so
 * that a request that was lost on the way does no harm.
 */
#include "cli/authorities.h"
#include "cli/certs.h"
#include "cli/cmd.h"
#include "cli/join.h"
#include "cli/state.h"
#include "core/crypto.h"
#include "core/pem.h"
#include "core/request.h"
#include "core/text.h"
#include "host/file.h"
#include "host/loop.h"

#include <errno.h>
#include <string.h>

static int
make_request(char *text, size_t cap, char words[static CERT_WORDS_MAX], const struct cert *ca,
    const uint8_t key[static 32], const char *name, struct err *e)
{
	uint8_t object[CERT_REQUEST_MAX], public[32];
	enum breach why = BREACH_NONE;
	int rc = request_make(object, sizeof(object), ca, key, name, &why);

	if (rc < 0)
		return err_set(e, rc, "the request %s", breach_phrase(why));
	crypto_dh_public(public, key);
	cert_key_words(words, public);
	rc = pem_write(text, cap, PEM_REQUEST, object, (size_t)rc);
	assert(rc > 0);
	return rc;
}

/* The request goes to stdout, often into a file; what a person should know, to stderr. */
static void
show(struct context *c, const struct cert *ca, const char *name, const char *text, int len,
    const char *words, bool rekey)
{
	json_t *body;

	if (c->out.format == OUTPUT_PEOPLE) {
		fwrite(text, 1, (size_t)len, c->out.to);
		fprintf(stderr, "The key of %s in words: %s\n"
		    "Next: where the authority of %s is: mpynet sign %s%s --request FILE. It shows "
		    "these words; then %s with the bundle that it makes.\n", name, words,
		    ca->name, name, rekey ? " --replace" : "", rekey ? "join and reload" : "join");
		return;
	}
	body = output_body(1);
	json_object_set_new(body, "name", json_string(name));
	json_object_set_new(body, "network", json_string(ca->name));
	json_object_set_new(body, "key_words", json_string(words));
	json_object_set_new(body, "request", json_stringn(text, (size_t)len));
	output_stream(&c->out, body, cert_columns);
	json_decref(body);
}

/* The key that waits, or a new one, asks for `name`. */
static int
ask(struct context *c, enum home_role role, const struct cert *ca, const char *name, bool rekey,
    struct err *e)
{
	char text[PEM_LEN(sizeof(PEM_REQUEST), CERT_REQUEST_MAX)], words[CERT_WORDS_MAX];
	uint8_t key[32] = { 0 };
	int rc = request_key_obtain(key, c->state, role, e);

	if (rc == 0)
		rc = make_request(text, sizeof(text), words, ca, key, name, e);
	crypto_wipe(key, sizeof(key));
	if (rc < 0)
		return rc;
	show(c, ca, name, text, rc, words, rekey);
	return 0;
}

/* Whoever issued the certificate in `b`. */
static int
find_issuer(struct cert *ret, const struct bundle *b, const struct cert *host, struct err *e)
{
	for (uint32_t i = 0; i < b->ca_count; i++) {
		uint8_t id[16];

		if (cert_decode(ret, b->cas[i].bytes, b->cas[i].len, NULL) < 0)
			continue;
		cert_key_id(id, ret->key);
		if (memcmp(id, host->issuer, sizeof(id)) == 0)
			return 0;
	}
	return err_set(e, ERR_UNKNOWN, "the bundle does not hold the CA that issued it");
}

int
rekey_by_hand(struct context *c, struct err *e)
{
	char path[PATH_MAX];
	enum home_role role;
	struct verified me;
	struct cert ca;
	struct bundle b;
	int rc = home_path(path, c->state, HOME_NODE, HOME_BUNDLE, e);

	if (rc == 0)
		rc = join_have(c->state, HOME_NODE, e);
	if (rc == 0)
		rc = join_read(&b, &me, &role, path, e);
	if (rc < 0)
		return rc;
	rc = find_issuer(&ca, &b, &me.cert, e);
	bundle_wipe(&b);
	return rc < 0 ? rc : ask(c, HOME_NODE, &ca, me.cert.name, true, e);
}

int
cmd_request(struct context *c, const struct args *a, struct err *e)
{
	const char *name = arg(a, "name");
	enum home_role role = arg(a, "--lighthouse") != NULL ? HOME_LIGHTHOUSE : HOME_NODE;
	struct issued ca;
	int rc;

	if (!text_is_name(name, strlen(name)))
		return err_set(e, -EINVAL, "a name has 1 to 63 of a-z, 0-9, '.', '_' and '-', with "
		    "a letter or digit at both ends");
	rc = authority_load(&ca, arg(a, "--ca"), e);
	if (rc == 0 && role == HOME_NODE)
		rc = state_check_node(c->state_option, "request", name, e);
	return rc < 0 ? rc : ask(c, role, &ca.cert, name, false, e);
}
