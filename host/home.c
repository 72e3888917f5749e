/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * home.c - where a daemon's files are, and that only one daemon uses them.
 */
#include "host/home.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"

const char *
home_role_name(enum home_role role)
{
	static const char *const names[HOME_ROLES] = { "node", "lighthouse", "authority" };

	return names[role];
}

static int
join(char to[static PATH_MAX], const char *dir, const char *file, struct err *err)
{
	int n = snprintf(to, PATH_MAX, *file ? "%s/%s" : "%s%s", dir, file);

	if (n < 0 || n >= PATH_MAX)
		return err_set(err, -ENAMETOOLONG, "%s: the name is too long", dir);
	return 0;
}

int
home_path(char to[static PATH_MAX], const char *root, enum home_role role, const char *file,
    struct err *err)
{
	char dir[PATH_MAX];
	int rc = join(dir, root, home_role_name(role), err);

	return rc < 0 ? rc : join(to, dir, file, err);
}

int
home_make(const char *root, enum home_role role, struct err *err)
{
	char dir[PATH_MAX];
	int rc = home_path(dir, root, role, "", err);

	if (rc == 0)
		rc = dir_make(root, 0700, err);
	/* Nobody else can make anything in `root`; who owns `dir` is another matter, see below. */
	if (rc == 0 && mkdir(dir, 0700) < 0 && errno != EEXIST)
		rc = err_set(err, -errno, "%s: cannot make the directory: %s", dir,
		    err_phrase(-errno));
	return rc;
}

int
home_file(char to[static PATH_MAX], const struct home *h, const char *file, struct err *err)
{
	return join(to, h->dir, file, err);
}

void
home_close(struct home *h)
{
	if (h->lock >= 0)
		close(h->lock);
	h->lock = -1;
}

int
home_open(struct home *h, const char *root, enum home_role role, struct err *err)
{
	char lock[PATH_MAX], at[PATH_MAX];
	int rc = home_make(root, role, err);

	*h = (struct home){ .role = role, .lock = -1 };
	/* A daemon changes its directory, so what it keeps is an absolute path. */
	if (rc == 0 && !realpath(root, at))
		rc = err_set(err, -errno, "%s: %s", root, err_phrase(-errno));
	if (rc == 0)
		rc = home_path(h->dir, at, role, "", err);
	if (rc == 0)
		rc = home_file(lock, h, HOME_LOCK, err);
	if (rc < 0)
		return rc;
	h->lock = file_lock(lock, err);
	if (h->lock == -EWOULDBLOCK)
		return err_set(err, h->lock, "%s %s runs already on %s; stop it "
		    "first: mpynet --state %s down", role == HOME_AUTHORITY ? "an" : "a",
		    home_role_name(role), root, root);
	if (h->lock < 0)
		return h->lock;
	/* A daemon that gave up root gave its files away with it (sandbox.h): take them back. */
	if (geteuid() == 0 && (rc = dir_give(h->dir, 0, 0)) < 0) {
		home_close(h);
		return err_set(err, rc, "%s: cannot take the files back: %s", h->dir,
		    err_phrase(rc));
	}
	return 0;
}
