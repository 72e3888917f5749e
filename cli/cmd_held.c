/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_held.c - the newest state of the network, from a host that has it.
 */
#include "cli/cmd.h"
#include "cli/talk.h"
#include "core/netstate.h"
#include "core/pem.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX PEM_LEN(sizeof(PEM_STATE) - 1, NETSTATE_BLOB_MAX)

/* As text in `to`, which holds TEXT_MAX: its length. */
static int
read_held(char *to, const json_t *body, struct err *e)
{
	const char *text = json_string_value(json_object_get(body, "blob"));
	uint8_t *blob = malloc(NETSTATE_BLOB_MAX);
	size_t len;
	int rc;

	if (blob == NULL)
		return err_set(e, -ENOMEM, "no memory for a network state");
	if (text == NULL || sodium_base642bin(blob, NETSTATE_BLOB_MAX, text, strlen(text), NULL, &len,
	    NULL, sodium_base64_VARIANT_ORIGINAL) < 0)
		rc = err_set(e, ERR_FORMAT, "the daemon's answer holds no network state");
	else
		rc = pem_write(to, TEXT_MAX, PEM_STATE, blob, len);
	free(blob);
	return rc;
}

int
cmd_state(struct context *c, const struct args *a, struct err *e)
{
	json_t *body;
	char *text;
	int rc = talk_call(c, "state", NULL, &body, e);

	(void)a;
	if (rc != 0)
		return rc;
	text = malloc(TEXT_MAX);
	rc = text == NULL ? err_set(e, -ENOMEM, "no memory for a network state") :
			    read_held(text, body, e);
	if (rc > 0)
		fwrite(text, 1, (size_t)rc, c->out.to);
	json_decref(body);
	free(text);
	return rc < 0 ? rc : 0;
}
