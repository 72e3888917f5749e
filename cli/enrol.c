/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * enrol.c - joins with a token.
 */
#include "cli/enrol.h"

#include "cli/unlock.h"
#include "core/crypto.h"
#include "host/loop.h"
#include "node/enrol_run.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "mpy1_", or what a later version may write: that is for token_read() to refuse. */
static bool
begins_as_token(const char *text)
{
	size_t digits;

	if (strncmp(text, TOKEN_PREFIX, 3) != 0)
		return false;
	digits = strspn(text + 3, "0123456789");
	return digits > 0 && text[3 + digits] == '_';
}

bool
enrol_is_token(const char *text)
{
	return strcmp(text, "-") == 0 || strncmp(text, TOKEN_URL, strlen(TOKEN_URL)) == 0 ||
	    begins_as_token(text);
}

int
enrol_take_token(struct token *ret, char *text, struct err *e)
{
	struct passphrase typed;
	int rc;

	if (strcmp(text, "-") != 0) {
		rc = token_read(ret, text, strlen(text), e);
		crypto_wipe(text, strlen(text));
		return rc;
	}
	rc = secret_line(&typed, "The line that mpynet invite printed", e);
	if (rc < 0)
		return rc;
	rc = token_read(ret, typed.text, typed.len, e);
	passphrase_free(&typed);
	return rc;
}

/* What a person reads while it goes on, each thing once. */
struct story {
	const uint8_t *key;
	enum enrol_phase phase;
	struct err trouble;
};

static void
on_told(void *ctx, const struct enrol_host *h)
{
	enum enrol_phase phase = enrol_host_phase(h);
	const char *trouble = enrol_host_error(h);
	struct story *s = ctx;
	char words[CERT_WORDS_MAX];
	uint8_t public[32];

	if (phase == ENROL_UNDECIDED && s->phase != phase) {
		crypto_dh_public(public, s->key);
		fprintf(stderr, "%s asks, and a person has to say yes. Tell them the words of this "
		    "host's key:\n  %s\n", enrol_host_name(h), cert_key_words(words, public));
	} else if (phase == ENROL_AWAY && s->phase != phase) {
		fprintf(stderr, "The lighthouse keeps the request of %s until the authority is "
		    "there. Waiting goes on; Ctrl-C ends it, and the same command goes on with "
		    "it later.\n", enrol_host_name(h));
	} else if (phase < ENROL_ISSUED && trouble[0] != '\0' &&
	    strcmp(trouble, s->trouble.text) != 0) {
		fprintf(stderr, "mpynet: %s\n", trouble);
	}
	s->phase = phase;
	(void)snprintf(s->trouble.text, sizeof(s->trouble.text), "%s", trouble);
}

/* The state must be free for another network: one that has joined stays what it is. */
static int
check_free(const struct context *c, struct err *e)
{
	struct err none;

	if (join_have(c->state, HOME_NODE, &none) < 0)
		return 0;
	return err_set(e, -EEXIST, "%s has joined a network already: 'mpynet leave' first, or choose "
	    "another --state", c->state);
}

static int
ask(char **text, size_t *len, const struct token *t, const uint8_t key[static 32], struct err *e)
{
	struct story story = { .key = key, .phase = ENROL_CALLING };
	const struct enrol_run run = {
		.token = t,
		.private = key,
		.patience = ENROL_PATIENCE,
		.ctx = &story,
		.told = on_told,
	};

	int rc = enrol_run(&run, text, len, e);

	/* What is wrong was said when it showed. */
	if (rc == -ETIMEDOUT && strcmp(e->text, story.trouble.text) == 0)
		return err_set(e, rc, "given up after %d s; the same command tries again",
		    (int)(ENROL_PATIENCE / USEC_PER_SEC));
	return rc;
}

static int
take_in(struct joined *ret, struct cert *me, struct context *c, const char *text, size_t len,
    struct err *e)
{
	struct verified verified;
	struct bundle b;
	int rc = join_read_text(&b, &verified, text, len, e);

	if (rc < 0)
		return err_prefix(e, rc, "the authority's answer");
	rc = join_store(ret, c->state, HOME_NODE, &b, &verified, e);
	bundle_wipe(&b);
	*me = verified.cert;
	return rc;
}

int
enrol_join(struct joined *ret, struct cert *me, struct context *c, const struct token *t,
    struct err *e)
{
	uint8_t key[32] = { 0 };
	char *text;
	size_t len;
	int rc = check_free(c, e);

	if (rc == 0)
		rc = request_key_obtain(key, c->state, HOME_NODE, e);
	if (rc == 0)
		rc = ask(&text, &len, t, key, e);
	crypto_wipe(key, sizeof(key));
	if (rc < 0)
		return rc;
	rc = take_in(ret, me, c, text, len, e);
	crypto_wipe(text, len);
	free(text);
	return rc;
}
