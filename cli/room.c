/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * room.c - how full the network's state is, said before and when it no longer lists every key.
 */
#include "cli/room.h"

#include "ca/office_state.h"

/* From here on people hear of it: four fifths. */
#define WORTH_SAYING (NETSTATE_ENTRIES_MAX / 5 * 4)

/* What ended here and is believed by everybody else, until a state says so. */
static void
say_untold(struct context *c, struct office *o, json_t *body)
{
	uint32_t n;
	struct err e;

	if (body == NULL || office_state_untold(o, &n, &e) < 0)
		return;
	json_object_set_new(body, "untold", json_integer(n));
	if (n > 0 && !office_is_cosigned(o))
		output_say(&c->out, "%u entries of what is revoked are in no state that was signed, "
		    "so nobody heard of them. Next: mpynet ca state --sign", n);
	else if (n > 0)
		output_say(&c->out, "%u entries of what is revoked are in no state that co-signers "
		    "have signed, so nobody heard of them. Next: mpynet ca cosign with the draft "
		    "that tells, or another one: mpynet ca state --sign", n);
}

void
say_room(struct context *c, struct office *o, json_t *body)
{
	uint32_t n;
	struct err e;

	if (office_may_state(o, &e) < 0 || office_state_entries(o, &n, &e) < 0)
		return;
	if (body != NULL) {
		json_object_set_new(body, "state_entries", json_integer(n));
		json_object_set_new(body, "state_entries_max", json_integer(NETSTATE_ENTRIES_MAX));
	}
	say_untold(c, o, body);
	if (n > NETSTATE_ENTRIES_MAX)
		output_say(&c->out, "The network's state has no room for %u of the revoked keys. "
		    "Their certificates are revoked all the same and this authority never certifies "
		    "those keys again, but issuing authorities may.", n - NETSTATE_ENTRIES_MAX);
	else if (n >= WORTH_SAYING)
		output_say(&c->out, "The network's state lists %u of at most %d revocations.", n,
		    NETSTATE_ENTRIES_MAX);
	if (n >= WORTH_SAYING)
		output_say(&c->out, "Entries leave it when what they revoke would have expired. To "
		    "make room at once, give everybody new certificates, and then: mpynet revoke "
		    "--older-than DURATION");
}
