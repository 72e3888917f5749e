/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * statebody.c - the network state on a daemon's control socket.
 */
#include "host/statebody.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "host/body.h"
#include "host/verbs.h"

static void
put_state(json_t *row, const struct statebody *s)
{
	const struct spread_view *v = &s->view;

	body_number(row, "version", v->held.version);
	body_hex(row, "hash", v->held.hash, sizeof(v->held.hash));
	body_number(row, "issued", v->issued);
	body_number(row, "next_update", v->next_update);
	body_number(row, "expires", v->expires);
	body_number(row, "revoked", v->entries);
}

void
body_state(json_t *body, const struct statebody *s)
{
	const struct spread_view *v = &s->view;
	json_t *row = json_object();

	if (v->held.version != 0)
		put_state(row, s);
	body_text(row, "age", v->held.version == 0 ? "none" : v->expired ? "expired"
	    : v->late ? "late" : "fresh");
	body_flag(row, "pulling", v->pulling);
	body_number(row, "pulled", v->pulled);
	body_number(row, "refused", v->refused);
	body_number(row, "rollbacks", v->rollbacks);
	body_number(row, "forks", v->forks);
	body_put(body, "network_state", row);
}

/* Somebody else's doing. */
static void
warn_others(json_t *warnings, const struct spread_view *v)
{
	if (v->fork.version != 0)
		body_warning(warnings, "there are two network states %llu, both signed by the "
		    "authority's key and both kept here: ask who holds that key",
		    (unsigned long long)v->fork.version);
	if (v->rollbacks > 0 && v->culprit[0] != '\0')
		body_warning(warnings, "%s has offered an older network state than it had: it was "
		    "restored from an old copy, or keeps revocations away", v->culprit);
}

void
body_warn_state(json_t *warnings, const struct statebody *s)
{
	const struct spread_view *v = &s->view;
	unsigned long long version = v->held.version;

	if (s->revoked)
		body_warning(warnings, "the certificate of this host is revoked and nobody will "
		    "speak to it: ask the authority for another one");
	if (s->halted)
		body_warning(warnings, "network state %llu has expired and demands that no new "
		    "sessions are made: join a newer one, or ask the authority for it", version);
	else if (v->expired)
		body_warning(warnings, "network state %llu has expired and stays in force: ask the "
		    "authority for a newer one", version);
	else if (v->late)
		body_warning(warnings, "network state %llu should have a successor by now: the "
		    "authority is away, or somebody keeps it from us", version);
	if (v->unwritten)
		body_warning(warnings, "network state %llu is in force, but the disk has not taken "
		    "it", version);
	warn_others(warnings, v);
}

json_t *
body_brought(const struct statebody *s)
{
	json_t *body = body_new(1);

	body_state(body, s);
	return body;
}

int
body_held(json_t **ret, const struct statebody *s, struct err *err)
{
	struct blob blob = s->view.blob;
	char *text;

	if (blob.p == NULL)
		return err_set(err, ERR_UNKNOWN, "no state of the network has come here yet: nobody "
		    "was revoked, or nobody who knows was met");
	text = malloc(sodium_base64_ENCODED_LEN(blob.len, sodium_base64_VARIANT_ORIGINAL));
	if (text == NULL)
		return err_set(err, -ENOMEM, "no memory for a network state");
	sodium_bin2base64(text, sodium_base64_ENCODED_LEN(blob.len, sodium_base64_VARIANT_ORIGINAL),
	    blob.p, blob.len, sodium_base64_VARIANT_ORIGINAL);
	*ret = body_new(1);
	body_text(*ret, "blob", text);
	body_state(*ret, s);
	free(text);
	return 0;
}

int
brought_read(struct brought *ret, const struct ctl_request *r, struct err *err)
{
	const char *text = verb_text(r, "blob");

	if (!text)
		return err_set(err, -EINVAL, "\"state\" wants a \"blob\" in base64");
	ret->bytes = malloc(BLOB_SIZE_MAX);
	if (!ret->bytes)
		return err_set(err, -ENOMEM, "no memory for a network state");
	if (sodium_base642bin(ret->bytes, BLOB_SIZE_MAX, text, strlen(text), NULL, &ret->len, NULL,
	    sodium_base64_VARIANT_ORIGINAL) == 0)
		return 0;
	free(ret->bytes);
	return err_set(err, -EINVAL, "the \"blob\" is not base64, or of more than %d bytes",
	    BLOB_SIZE_MAX);
}
