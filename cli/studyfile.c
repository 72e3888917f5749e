/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * studyfile.c - a study from the daemon or from a file, whichever a person means.
 */
#include "cli/studyfile.h"

#include "cli/join.h"
#include "cli/talk.h"
#include "core/cert.h"
#include "core/crypto.h"
#include "core/text.h"
#include "host/file.h"
#include "host/home.h"

#include <string.h>

bool
studyfile_is(const char *word)
{
	static const char suffix[] = ".study";
	size_t len = strlen(word);

	return strchr(word, '/') != NULL ||
	    (len >= sizeof(suffix) && strcmp(word + len - (sizeof(suffix) - 1), suffix) == 0);
}

static int
read_file(struct study *ret, const char *path, struct err *e)
{
	char *text;
	size_t len;
	int rc = file_load(&text, &len, path, STUDY_TEXT_MAX, e);

	if (rc < 0)
		return rc;
	rc = study_read(ret, text, len, e);
	file_free(text, len);
	return rc < 0 ? err_prefix(e, rc, "%s", path) : 0;
}

/* The place of this host, which is who its bundle says. Negative: it has joined nothing, or is none. */
static int
own_index(const struct context *c, const struct study *s)
{
	char path[PATH_MAX];
	struct bundle b;
	struct cert me;
	struct err e;
	int rc = home_path(path, c->state, HOME_NODE, HOME_BUNDLE, &e);

	if (rc == 0)
		rc = join_load(&b, path, &e);
	if (rc < 0)
		return rc;
	rc = cert_decode(&me, b.host.bytes, b.host.len, NULL);
	bundle_wipe(&b);
	return rc < 0 ? rc : study_index_of(s, me.key);
}

static json_t *
party_row(const struct study_party *p, uint32_t index)
{
	char ip[ADDR_TEXT_MAX], words[CERT_WORDS_MAX];

	return json_pack("{s:I, s:s, s:s, s:i, s:s}", "index", (json_int_t)index, "name", p->name,
	    "ip", ip_format(ip, p->address), "port", (int)p->port, "key_words",
	    cert_key_words(words, p->key));
}

static json_t *
body_of(struct study *s, int self)
{
	char hash[2 * STUDY_HASH_LEN + 1], text[STUDY_TEXT_MAX];
	json_t *body = output_body(1), *parties = json_array();

	text_hex(hash, s->hash, STUDY_HASH_LEN);
	json_object_set_new(body, "name", json_string(s->name));
	json_object_set_new(body, "hash", json_string(hash));
	if (self >= 0)
		json_object_set_new(body, "index", json_integer(self));
	json_object_set_new(body, "count", json_integer(s->count));
	json_object_set_new(body, "threshold", json_integer(study_threshold(s)));
	for (uint32_t i = 0; i < s->count; i++)
		json_array_append_new(parties, party_row(&s->parties[i], i));
	json_object_set_new(body, "parties", parties);
	if (study_write(s, text, sizeof(text), NULL) > 0)
		json_object_set_new(body, "file", json_string(text));
	return body;
}

int
studyfile_body(json_t **ret, struct context *c, const char *word, struct err *e)
{
	struct study s;
	int rc;

	if (!studyfile_is(word))
		return talk_call(c, "study", json_pack("{s:s}", "study", word), ret, e);
	rc = read_file(&s, word, e);
	if (rc == 0)
		*ret = body_of(&s, own_index(c, &s));
	return rc;
}

int
studyfile_load(struct study *ret, unsigned *self, struct context *c, const char *word,
    struct err *e)
{
	const char *text;
	const json_t *index;
	json_t *body;
	int rc = studyfile_body(&body, c, word, e);

	if (rc != 0)
		return rc;
	text = json_string_value(json_object_get(body, "file"));
	index = json_object_get(body, "index");
	if (text == NULL)
		rc = err_set(e, ERR_FORMAT, "the daemon's answer has no study");
	else
		rc = study_read(ret, text, strlen(text), e);
	if (rc == 0 && !json_is_integer(index))
		rc = err_set(e, ERR_DENIED, "this host is no party of the study %s", ret->name);
	if (rc == 0 && json_integer_value(index) >= (json_int_t)ret->count)
		rc = err_set(e, ERR_FORMAT, "the daemon's answer has another study");
	if (rc == 0)
		*self = (unsigned)json_integer_value(index);
	json_decref(body);
	return rc;
}
