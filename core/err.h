/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * err.h - how a function says that it could not.
 *
 * What can fail returns int: 0 (or a count), or a negative number. Above -1000 it is -errno as the
 * kernel and libuv give it; below are ours. On the way to a person a `struct err *` is filled
 * where the facts are, with one whole sentence: what was found, where, and what would do.
 */
#ifndef CORE_ERR_H
#define CORE_ERR_H

#include "core/base.h"

enum {
	ERR_SHORT = -1001,	   /* input ended before its last field */
	ERR_EXCESS = -1002,	   /* bytes left over after the last field */
	ERR_FORMAT = -1003,	   /* a field holds what it may not */
	ERR_VERSION = -1004,	   /* a version or kind we do not speak */
	ERR_AUTH = -1005,	   /* a tag, signature or proof does not verify */
	ERR_REPLAY = -1006,	   /* seen before, or too old to tell */
	ERR_FULL = -1007,	   /* a stated limit is reached */
	ERR_UNKNOWN = -1008,	   /* no such peer, session, key, name */
	ERR_EXPIRED = -1009,	   /* past its lifetime */
	ERR_NOT_YET = -1010,	   /* before its lifetime */
	ERR_DENIED = -1011,	   /* understood, and not allowed */
	ERR_CONFLICT = -1012,	   /* name, address, key or serial belongs to another */
	ERR_REVOKED = -1013,	   /* revoked by the network state */
	ERR_CANON = -1014,	   /* not the one canonical encoding */
	ERR_STATE = -1015,	   /* not now: the object is not in the state for this */
	ERR_LIMITED = -1016,	   /* too often */
	ERR_CRYPTO = -1017,	   /* the library failed, or a key has low order */
	ERR_SUPERSEDED = -1018,	   /* a newer certificate of the same host is known */
	ERR_PINNED = -1019,	   /* this host has pinned another key, or name (core/pins.h) */
};

#define ERR_TEXT_MAX 512

struct err {
	char text[ERR_TEXT_MAX]; /* one sentence, NUL-terminated; empty: nothing was said */
};

/*
 * Fills `e` (which may be NULL) with a sentence and returns `code`, so that
 * `return err_set(e, -EACCES, "...")` is the whole error path.
 */
int err_set(struct err *e, int code, const char *fmt, ...) printf_like(3, 4);

/* Puts "context: " before what `e` says. Returns `code`. */
int err_prefix(struct err *e, int code, const char *fmt, ...) printf_like(3, 4);

/* A short phrase for one of our codes or for a -errno; never NULL, static storage. */
const char *err_phrase(int code);

#endif
