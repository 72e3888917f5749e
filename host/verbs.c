/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * verbs.c - what the daemons' control sockets have in common (docs/control.md).
 */
#include "host/verbs.h"

#include <errno.h>
#include <string.h>

const char *
verb_text(const struct ctl_request *r, const char *key)
{
	return json_string_value(json_object_get(r->args, key));
}

int
verb_get_setting(struct db *db, const struct setting *list, const struct ctl_request *r,
    json_t **ret, struct err *err)
{
	return settings_body(db, list, verb_text(r, "key"), ret, err);
}

int
verb_set_setting(struct db *db, const struct setting *list, const struct ctl_request *r,
    struct err *err)
{
	const char *key = verb_text(r, "key");
	const char *value = verb_text(r, "value");

	if (!key || !value)
		return err_set(err, -EINVAL, "\"set\" wants a \"key\" and a \"value\", both texts");
	return setting_set(db, list, key, value, err);
}

int
verb_unset_setting(struct db *db, const struct setting *list, const struct ctl_request *r,
    struct err *err)
{
	const char *key = verb_text(r, "key");

	if (!key)
		return err_set(err, -EINVAL, "\"unset\" wants a \"key\"");
	return setting_unset(db, list, key, err);
}

void
verbs_answer(struct ctl *c, const char *role, const struct verb *list, void *ctx,
    const struct ctl_request *r)
{
	struct err err = { 0 };
	json_t *body = NULL;
	int rc;

	while (list->name && strcmp(list->name, r->verb) != 0)
		list++;
	if (!list->name) {
		ctl_refuse(c, r->client, r->id, CTL_USAGE, "%s has no answer to \"%.32s\"", role,
		    r->verb);
		return;
	}
	if (!(list->changes ? r->may_change : r->may_see)) {
		ctl_refuse(c, r->client, r->id, CTL_PERMISSION, list->changes
		    ? "only root, or who started the daemon, may change this: try sudo"
		    : "only root, who started the daemon and the group " CTL_GROUP " may ask "
		      "this: try sudo, or become a member of the group; or use a node of your own, "
		      "which needs no root: mpynet --state DIR join BUNDLE, and the same --state "
		      "with every command");
		return;
	}
	rc = list->run(ctx, r, &body, &err);
	if (rc < 0)
		ctl_refuse(c, r->client, r->id, ctl_refusal_of(rc), "%s", err.text);
	else if (body)
		ctl_answer(c, r->client, r->id, body, false);
}
