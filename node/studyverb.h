/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * studyverb.h - the verbs about studies (docs/control.md, "Studies"): `studies`, `study`,
 * `study_new`, `study_accept`, `study_close`.
 */
#ifndef NODE_STUDYVERB_H
#define NODE_STUDYVERB_H

#include "core/study.h"
#include "host/ctl.h"

int studyverb_list(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);
int studyverb_show(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);
int studyverb_new(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);
int studyverb_accept(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);
int studyverb_close(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);

/* Whoever has a party's name by now may be another machine than the study means; and what helps. */
#define STUDY_OTHER_KEY	       "%s has another key now than the study says: it is no party of it"
#define STUDY_OTHER_KEY_CHANGE "make a new study"

/* Says in `warnings` which proposals wait for a person. */
struct node;
void studyverb_warn(const struct node *n, json_t *warnings);

/*
 * The study that `word` calls, by name or the beginning of its hash. One that was closed counts only
 * where no other is called so. 0; ERR_UNKNOWN or ERR_CONFLICT (several) with a sentence.
 */
struct mesh;
struct lobby_study;
int study_called(const struct lobby_study **ret, const struct mesh *m, const char *word,
    struct err *err) must_check;

/* How party `party` stands to the study of this hash, a word; "absent" also where it is not held. */
const char *studyverb_stance(const struct mesh *m, const uint8_t hash[static STUDY_HASH_LEN],
    unsigned party);

#endif
