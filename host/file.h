/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file.h - files that hold keys, and the directories that hold those files.
 *
 * What is written is on the disk before we say so: the file is synced, then the directory that
 * names it. What is read is trusted only when nobody else could have written or read it. Links
 * are never followed in the last component, so that a name planted by another user leads nowhere.
 */
#ifndef HOST_FILE_H
#define HOST_FILE_H

#include <sys/types.h>

#include "core/base.h"
#include "core/err.h"

/* Nothing that we read is larger: PEM files, bundles, keys. */
#define FILE_SIZE_MAX ((size_t)1 << 20)

/*
 * Creates `path` with `mode` (0600 for what holds a key) and syncs it and its directory. Refuses
 * when anything of that name exists: -EEXIST. On failure nothing is left behind, nor after a crash
 * where the file system has files without a name (O_TMPFILE): else a part may be.
 */
int file_create(const char *path, mode_t mode, const void *bytes, size_t len,
    struct err *err) must_check;

/*
 * Puts new contents in the place of `path`, or creates it: at every instant, also after a crash,
 * the name holds the old bytes or the new ones. What root writes belongs to the owner of the
 * directory, so that a daemon that gave up root (sandbox.h) can still read it.
 */
int file_replace(const char *path, mode_t mode, const void *bytes, size_t len,
    struct err *err) must_check;

/*
 * Reads `path` whole, at most `max` bytes, into fresh memory with a NUL behind it that `len` does
 * not count. The caller wipes and frees it: file_free().
 */
int file_load(char **ret, size_t *len, const char *path, size_t max, struct err *err) must_check;

/* file_load() for secrets: a regular file of ours or root's that nobody else may read or write. */
int file_load_secret(char **ret, size_t *len, const char *path, size_t max,
    struct err *err) must_check;

/* Wipes and frees what file_load() gave; NULL is fine. */
void file_free(char *bytes, size_t len);

/* Syncs the directory that names `path`: a rename or unlink there is then on the disk. */
int file_sync_dir(const char *path, struct err *err) must_check;

/*
 * Makes `path` and its missing parents, the last one with `mode`. If it exists it must be a
 * directory of ours; with a mode of 0700 nobody else may enter it.
 */
int dir_make(const char *path, mode_t mode, struct err *err) must_check;

/* Gives a directory and the files in it, but no directories below it, to a user. */
int dir_give(const char *path, uid_t uid, gid_t gid) must_check;

/*
 * Takes the lock file `path`, creating it; held until the descriptor that is returned is closed or
 * the process ends. -EWOULDBLOCK when another process has it: `err` names its pid.
 */
int file_lock(const char *path, struct err *err) must_check;

/* The pid of the process that has the lock file `path`; 0 when none has, or it cannot be told. */
long file_lock_holder(const char *path);

#endif
