/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * folder.h - a folder of a test's own, that is gone with all that is in it when it was used.
 */
#ifndef TESTS_UNIT_FOLDER_H
#define TESTS_UNIT_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FOLDER_MAX 64

static inline int
folder_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static inline void
folder_remove(const char *path)
{
	if (nftw(path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
		perror(path);
}

/* `word` tells whose it is, should it stay. */
static inline void
folder_make(char path[static FOLDER_MAX], const char *word)
{
	snprintf(path, FOLDER_MAX, "/tmp/mpynet-%s-XXXXXX", word);
	if (mkdtemp(path) == NULL) {
		perror(path);
		abort();
	}
}

/* A folder whose path is in NAME from before the first test until after the last. */
#define TEST_FOLDER(NAME, WORD)						\
	static char NAME[FOLDER_MAX];					\
	__attribute__((constructor)) static void			\
	make_##NAME(void)						\
	{								\
		folder_make(NAME, WORD);				\
	}								\
	__attribute__((destructor)) static void				\
	remove_##NAME(void)						\
	{								\
		folder_remove(NAME);					\
	}								\
	_Static_assert(sizeof(WORD) <= 32, "its path has room")

#endif
