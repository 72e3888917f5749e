/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * join.h - puts a bundle where a daemon finds it.
 *
 * A bundle that comes without its key is completed by the key that this host made: the one that
 * waits in HOME_REQUEST, or the one it has been using. A state belongs to one host of one network;
 * only a newer certificate of the same host may take the place of the old one.
 */
#ifndef CLI_JOIN_H
#define CLI_JOIN_H

#include "core/bundle.h"
#include "host/home.h"

struct joined {
	enum home_role role;
	bool anew; /* nothing was there before */
	char name[NAME_MAX_LEN + 1];
	char network[NAME_MAX_LEN + 1]; /* the root's name */
};

/*
 * Reads the bundle in `file`, checks that it holds together now, and says which daemon it is for: a
 * lighthouse, where its certificate has the flag. The caller wipes: bundle_wipe(). 0, or negative
 * with a sentence.
 */
int join_read(struct bundle *ret, struct verified *me, enum home_role *role, const char *file,
    struct err *e) must_check;

/* The same for the text of a bundle that came another way. */
int join_read_text(struct bundle *ret, struct verified *me, const char *text, size_t len,
    struct err *e) must_check;

/* Only reads the bundle at `path` in a state. -ENOENT: there is none. The caller wipes it. */
int join_load(struct bundle *ret, const char *path, struct err *e) must_check;

/*
 * Joins with what join_read() gave: `b` gets its key and is stored below `state`. 0; -EEXIST when
 * the state belongs to another host or has a newer certificate; -ENOENT when the key is nowhere.
 */
int join_store(struct joined *ret, const char *state, enum home_role role, struct bundle *b,
    const struct verified *me, struct err *e) must_check;

/* The key that waits in `state` for its certificate, or a new one, which waits from now on. */
int request_key_obtain(uint8_t key[static 32], const char *state, enum home_role role,
    struct err *e) must_check;

/* Has the state joined in this role? 0, or -ENOENT with what would do. */
int join_have(const char *state, enum home_role role, struct err *e) must_check;

#endif
