/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_inspect.c - says what is in a file: certificate, bundle, charter, request, CA certificates, a
 * co-signer's card, a network state or drafts.
 *
 * Secrets are never shown, only that they are there.
 */
#include "cli/certs.h"
#include "cli/cmd.h"
#include "cli/draftshow.h"
#include "cli/states.h"
#include "core/crypto.h"
#include "core/pem.h"
#include "host/file.h"
#include "host/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a file holds, by its blocks. */
struct contents {
	json_t *body;
	bool valid;
	char label[PEM_LABEL_MAX]; /* of the first block */
	char last[PEM_LABEL_MAX];
	size_t blocks;
};

static const struct column lighthouse_columns[] = {
	{ "LIGHTHOUSE", "name", COLUMN_TEXT },
	{ "IP", "addresses", COLUMN_TEXT },
	{ "ENDPOINTS", "endpoints", COLUMN_TEXT },
	{ "EXPIRES", "not_after", COLUMN_TIME },
	{ NULL },
};

static const struct column ca_columns[] = {
	{ "AUTHORITY", "name", COLUMN_TEXT },
	{ "RANGES", "addresses", COLUMN_TEXT },
	{ "EXPIRES", "not_after", COLUMN_TIME },
	{ "FINGERPRINT", "fingerprint", COLUMN_TEXT },
	{ NULL },
};

static const struct column verdict_columns[] = {
	{ "private key", "has_key", COLUMN_TEXT },
	{ "pre-shared key", "has_psk", COLUMN_TEXT },
	{ "verdict", "verdict", COLUMN_TEXT },
	{ NULL },
};

static const struct view one_views[] = {
	{ NULL, cert_columns, NULL },
	{ NULL, verdict_columns, NULL },
	{ NULL },
};

static const struct view bundle_views[] = {
	{ NULL, cert_columns, NULL },
	{ NULL, verdict_columns, NULL },
	{ "authorities", ca_columns, NULL },
	{ "lighthouses", lighthouse_columns, "This bundle names no lighthouse." },
	{ NULL },
};

static const struct column card_columns[] = {
	{ "kind", "kind", COLUMN_TEXT },
	{ "name", "name", COLUMN_TEXT },
	{ "key", "key", COLUMN_TEXT },
	{ "key in words", "key_words", COLUMN_TEXT },
	{ NULL },
};

static const struct view card_views[] = {
	{ NULL, card_columns, NULL },
	{ NULL, verdict_columns, NULL },
	{ NULL },
};

static const struct view draft_views[] = {
	{ NULL, draft_columns, NULL },
	{ NULL, verdict_columns, NULL },
	{ NULL },
};

static const struct view drafts_views[] = { { "drafts", draft_table, NULL }, { NULL } };

static const struct view ca_views[] = { { "authorities", ca_columns, NULL }, { NULL } };

static void
set_verdict(struct contents *s, bool valid, const char *text)
{
	s->valid = valid;
	json_object_set_new(s->body, "valid", json_boolean(valid));
	json_object_set_new(s->body, "verdict", json_string(text));
}

/* By its own dates; who signed it is another question. */
static void
judge_dates(struct contents *s, const struct cert *c)
{
	uint64_t now = clock_now().wall / USEC_PER_SEC;

	if (now > c->not_after)
		set_verdict(s, false, "has expired");
	else if (now < c->not_before)
		set_verdict(s, false, "is not valid yet");
	else if (cert_is_root(c))
		set_verdict(s, true, "signed by its own key");
	else
		set_verdict(s, true, "within its dates; its signature is checked where it is used");
}

static void
add_members(json_t *to, json_t *from)
{
	json_object_update(to, from);
	json_decref(from);
}

/* One object alone. */
static int
inspect_object(struct contents *s, const char *text, size_t len, struct err *e)
{
	enum breach why = BREACH_NONE;
	uint8_t bytes[CERT_MAX];
	struct cert c;
	int rc = pem_read_object(bytes, sizeof(bytes), text, len, e);

	if (rc < 0)
		return rc;
	len = (size_t)rc;
	rc = cert_decode(&c, bytes, len, &why);
	if (rc < 0)
		return err_set(e, rc, "the object %s", breach_phrase(why));
	add_members(s->body, cert_json(&c));
	if (c.kind == OBJECT_REQUEST)
		set_verdict(s, true, "its proof is checked by the authority that it asks");
	else if ((cert_is_root(&c) || c.kind == OBJECT_COSIGNER) &&
	    cert_verify(bytes, len, c.key) < 0)
		set_verdict(s, false, "is not signed by its own key");
	else if (c.kind == OBJECT_COSIGNER)
		set_verdict(s, true, "signed by its own key; compare the words by telephone");
	else
		judge_dates(s, &c);
	return 0;
}

static void
add_authorities(struct contents *s, const struct bundle_cert *cas, uint32_t count)
{
	json_t *list = json_array();
	struct cert c;

	for (uint32_t i = 0; i < count; i++) {
		if (cert_decode(&c, cas[i].bytes, cas[i].len, NULL) == 0)
			json_array_append_new(list, cert_json(&c));
	}
	json_object_set_new(s->body, "authorities", list);
}

static int
inspect_cas(struct contents *s, const char *text, size_t len, struct err *e)
{
	struct bundle_cert cas[BUNDLE_CAS_MAX];
	int rc = bundle_read_cas(cas, text, len, e);

	if (rc < 0)
		return rc;
	add_authorities(s, cas, (uint32_t)rc);
	s->valid = true;
	return 0;
}

static void
add_lighthouses(struct contents *s, const struct bundle *b)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < b->lighthouse_count; i++) {
		const struct bundle_lighthouse *l = &b->lighthouses[i];
		json_t *row;
		struct cert c;

		row = cert_decode(&c, l->cert.bytes, l->cert.len, NULL) == 0 ? cert_json(&c) :
									       json_object();
		json_object_set_new(row, "endpoints", endpoints_json(l));
		json_array_append_new(list, row);
	}
	json_object_set_new(s->body, "lighthouses", list);
}

/* What a bundle says: first of all the certificate that it is about. */
static void
show_bundle(struct contents *s, const struct bundle *b, bool charter)
{
	const struct bundle_cert *about = charter ? &b->cas[b->ca_count - 1] : &b->host;
	usec_t now = clock_now().wall;
	struct err why;
	struct cert c;

	if (cert_decode(&c, about->bytes, about->len, NULL) == 0)
		add_members(s->body, cert_json(&c));
	json_object_set_new(s->body, "has_key", json_boolean(b->has_key));
	json_object_set_new(s->body, "has_psk", json_boolean(b->has_psk));
	add_authorities(s, b->cas, b->ca_count);
	add_lighthouses(s, b);
	if ((charter ? bundle_check_charter(b, now, NULL, &why) :
		       bundle_check(b, now, NULL, &why)) < 0)
		set_verdict(s, false, why.text);
	else
		set_verdict(s, true, "holds together: its authorities signed all of it");
}

/* A host's, or an authority's, which is a charter. */
static int
inspect_bundle(struct contents *s, const char *text, size_t len, bool charter, struct err *e)
{
	struct bundle *b = calloc(1, sizeof(*b));
	int rc;

	if (b == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a bundle");
	rc = charter ? bundle_read_charter(b, text, len, e) : bundle_read(b, text, len, e);
	if (rc == 0)
		show_bundle(s, b, charter);
	bundle_wipe(b);
	free(b);
	return rc;
}

/* A draft that could be read is sound; the question is whether enough have signed. */
static void
judge_draft(struct contents *s, const struct draft *d)
{
	set_verdict(s, true, draft_count(d) >= d->root.cosigners.k
	    ? "its signatures hold, and are enough"
	    : "its signatures hold, and are not enough yet");
}

static int
inspect_drafts(struct contents *s, const struct view **views, const char *text, size_t len,
    struct err *e)
{
	struct drafts set;
	json_t *list;
	int rc = drafts_new(&set, e);

	if (rc == 0)
		rc = drafts_read(&set, text, len, e);
	*views = set.count == 1 ? draft_views : drafts_views;
	if (rc == 0 && set.count == 1) {
		add_members(s->body, draft_json(&set.list[0]));
		judge_draft(s, &set.list[0]);
	} else if (rc == 0) {
		list = json_array();
		for (size_t i = 0; i < set.count; i++)
			json_array_append_new(list, draft_json(&set.list[i]));
		json_object_set_new(s->body, "drafts", list);
		s->valid = true;
	}
	drafts_free(&set);
	return rc;
}

/* A state that has expired is in force until there is another, so its dates are shown and not judged. */
static int
inspect_state(struct contents *s, const char *text, size_t len, struct err *e)
{
	char label[PEM_LABEL_MAX];
	uint8_t *blob = malloc(len + 1);
	struct pem_reader r;
	int rc = blob != NULL ? pem_open(&r, text, len, e) :
				err_set(e, -ENOMEM, "there is no memory for a network state");

	if (rc == 0)
		rc = pem_next(&r, label, blob, len + 1, e);
	if (rc > 0)
		rc = state_describe(s->body, blob, (size_t)rc, e);
	if (rc == 0)
		set_verdict(s, true, "well formed; its signature is checked where it is joined");
	free(blob);
	return rc;
}

/* Counts the blocks, so that what is wrong in a bundle is said of a bundle. */
static int
survey(struct contents *s, const char *text, size_t len, struct err *e)
{
	char label[PEM_LABEL_MAX];
	struct pem_reader r;
	uint8_t *bytes;
	int rc = pem_open(&r, text, len, e);

	if (rc < 0)
		return rc;
	bytes = malloc(len + 1);
	if (bytes == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the file");
	while ((rc = pem_next(&r, label, bytes, len + 1, e)) > 0) {
		if (s->blocks++ == 0)
			memcpy(s->label, label, sizeof(label));
		memcpy(s->last, label, sizeof(label));
		crypto_wipe(bytes, (size_t)rc);
	}
	free(bytes);
	if (rc == 0 && s->blocks == 0)
		return err_set(e, ERR_FORMAT, "it holds no mpynet object; a bundle, certificate, "
		    "request, state or draft begins with -----BEGIN MPYNET");
	return rc;
}

static int
inspect_text(struct contents *s, const struct view **views, const char *text, size_t len,
    struct err *e)
{
	int rc = survey(s, text, len, e);
	bool charter;

	if (rc < 0)
		return rc;
	if (s->blocks == 1 && strcmp(s->label, PEM_HOST_KEY) == 0)
		return err_set(e, ERR_FORMAT, "it holds a private key, and those are not shown");
	if (strcmp(s->label, PEM_STUDY) == 0)
		return err_set(e, ERR_FORMAT, "it is a study: mpynet study show says what is in it");
	if (strcmp(s->label, PEM_DRAFT) == 0)
		return inspect_drafts(s, views, text, len, e);
	if (s->blocks == 1) {
		if (strcmp(s->label, PEM_STATE) == 0) {
			*views = state_views;
			return inspect_state(s, text, len, e);
		}
		*views = strcmp(s->label, PEM_COSIGNER) == 0 ? card_views : one_views;
		return inspect_object(s, text, len, e);
	}
	charter = strcmp(s->label, PEM_CA_CERTIFICATE) == 0;
	if (charter && strcmp(s->last, PEM_CA_CERTIFICATE) == 0) {
		*views = ca_views;
		return inspect_cas(s, text, len, e);
	}
	*views = bundle_views;
	return inspect_bundle(s, text, len, charter, e);
}

int
cmd_inspect(struct context *c, const struct args *a, struct err *e)
{
	const char *file = arg(a, "file");
	const struct view *views = one_views;
	struct contents s = { 0 };
	size_t len;
	char *text;
	int rc = file_load(&text, &len, file, FILE_SIZE_MAX, e);

	if (rc < 0)
		return rc;
	s.body = output_body(1);
	rc = inspect_text(&s, &views, text, len, e);
	file_free(text, len);
	if (rc == 0)
		output_show(&c->out, s.body, views);
	json_decref(s.body);
	if (rc < 0)
		return err_prefix(e, rc, "%s", file);
	return s.valid ? EXIT_DONE : EXIT_NO;
}
