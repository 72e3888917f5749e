/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * verbs.h - what the daemons' control sockets have in common (docs/control.md).
 *
 * A daemon has a list of verbs. Which one is meant, who may ask for it, and how its outcome becomes
 * an answer is the same for all; so are the settings, whatever their list.
 */
#ifndef HOST_VERBS_H
#define HOST_VERBS_H

#include "host/ctl.h"
#include "host/settings.h"

struct verb {
	const char *name;	/* NULL ends a list */
	bool changes;		/* only for those who may change things; else the group may, too */
	/*
	 * Writes a body to answer with and returns 0, or a negative number with a sentence. One
	 * that leaves *ret NULL answers by itself, later.
	 */
	int (*run)(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);
};

/* Answers `r` by the verb of `list` that it names; `role` is who answers, as in "a node". */
void verbs_answer(struct ctl *c, const char *role, const struct verb *list, void *ctx,
    const struct ctl_request *r);

/* The argument `key` if it is there and a text, else NULL. It lives as long as `r`. */
const char *verb_text(const struct ctl_request *r, const char *key);

/* The answer to `get`, which is also the one to `set` and `unset`. */
int verb_get_setting(struct db *db, const struct setting *list, const struct ctl_request *r,
    json_t **ret, struct err *err) must_check;

/* What `set` and `unset` do; to answer, and to make it take effect, is left to the caller. */
int verb_set_setting(struct db *db, const struct setting *list, const struct ctl_request *r,
    struct err *err) must_check;
int verb_unset_setting(struct db *db, const struct setting *list, const struct ctl_request *r,
    struct err *err) must_check;

#endif
