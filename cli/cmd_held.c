/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_held.c - the newest state of the network, from a host that has it, whether or not it runs.
 */
#include "cli/bring.h"
#include "cli/cmd.h"
#include "cli/talk.h"
#include "core/netstate.h"
#include "core/pem.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX PEM_LEN(sizeof(PEM_STATE) - 1, NETSTATE_BLOB_MAX)

/* What a daemon that runs answers: the length of its state in `blob`. */
static int
read_answer(uint8_t *blob, const json_t *body, struct err *e)
{
	const char *text = json_string_value(json_object_get(body, "blob"));
	size_t len;

	if (text == NULL || sodium_base642bin(blob, NETSTATE_BLOB_MAX, text, strlen(text), NULL, &len,
	    NULL, sodium_base64_VARIANT_ORIGINAL) < 0)
		return err_set(e, ERR_FORMAT, "the daemon's answer holds no network state");
	return (int)len;
}

static int
print(struct context *c, const uint8_t *blob, size_t len, struct err *e)
{
	char *text = malloc(TEXT_MAX);
	int rc = text == NULL ? err_set(e, -ENOMEM, "no memory for a network state") :
				pem_write(text, TEXT_MAX, PEM_STATE, blob, len);

	if (rc > 0)
		fwrite(text, 1, (size_t)rc, c->out.to);
	free(text);
	return rc < 0 ? rc : 0;
}

int
cmd_state(struct context *c, const struct args *a, struct err *e)
{
	uint8_t *blob = malloc(NETSTATE_BLOB_MAX);
	json_t *body;
	int rc;

	(void)a;
	if (blob == NULL)
		return err_set(e, -ENOMEM, "no memory for a network state");
	rc = talk_call(c, "state", NULL, &body, e);
	if (rc == 0) {
		rc = read_answer(blob, body, e);
		json_decref(body);
	} else if (rc == -ECONNREFUSED) {
		rc = bring_stored(c, blob, e);
	} else {
		free(blob);
		return rc;
	}
	if (rc > 0)
		rc = print(c, blob, (size_t)rc, e);
	free(blob);
	return rc;
}
