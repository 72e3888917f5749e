/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_handout.c - the files that an authority hands out, on their way.
 */
#include "ca/office_handout.h"
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The absolute form of `path`, whose directory must exist. */
static int
absolute(char to[static PATH_MAX], const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	char dir[PATH_MAX], real[PATH_MAX];
	int n = slash == NULL ? snprintf(dir, sizeof(dir), ".") :
	    slash == path     ? snprintf(dir, sizeof(dir), "/") :
				snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);

	if (n >= (int)sizeof(dir))
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", path);
	if (base[0] == '\0')
		return err_set(e, -EISDIR, "%s is a directory, not a file to write", path);
	if (realpath(dir, real) == NULL)
		return err_set(e, -errno, "%s: %s", dir, err_phrase(-errno));
	n = snprintf(to, PATH_MAX, "%s/%s", strcmp(real, "/") == 0 ? "" : real, base);
	if (n >= PATH_MAX)
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", path);
	return 0;
}

static int
check_absent(const char *path, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		return err_set(e, -EEXIST, "%s exists already and is never overwritten; move it "
		    "away, or choose another name with --out", path);
	if (errno != ENOENT)
		return err_set(e, -errno, "%s: %s", path, err_phrase(-errno));
	return 0;
}

int
handout_name(struct handout *h, const struct rng *rng, const char *path, struct err *e)
{
	const char *base;
	int n, rc = absolute(h->path, path, e);

	if (rc == 0)
		rc = check_absent(h->path, e);
	if (rc < 0)
		return rc;
	base = strrchr(h->path, '/') + 1;
	n = snprintf(h->hidden, sizeof(h->hidden), "%.*s.%s.%08x", (int)(base - h->path), h->path,
	    base, (unsigned)rng_u32(rng));
	if (n >= (int)sizeof(h->hidden))
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", path);
	return 0;
}

/* Never takes the place of another file. */
static int
rename_to_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* This file system cannot refuse to replace; a second name can. */
	if (link(from, to) < 0)
		return -errno;
	return unlink(from) < 0 ? -errno : 0;
}

int
handout_note(struct ledger *l, struct handout *h, struct err *e)
{
	int rc = ledger_begin(l, e);

	if (rc < 0)
		return rc;
	rc = ledger_handout(l, h, e);
	return ledger_finish(l, rc, e);
}

/*
 * What has a certificate gets its name, and what has none goes. That a file is not there is fine:
 * then it was done before the crash.
 */
static int
finish_file(const struct handout *h, struct err *e)
{
	int rc = h->promised	      ? rename_to_new(h->hidden, h->path) :
	    unlink(h->hidden) < 0 ? -errno :
				    0;

	if (rc == -ENOENT || rc == -ENOTDIR)
		return 0;
	if (rc == -EEXIST)
		return err_set(e, rc, "the bundle for %s waits as %s, because the first exists; "
		    "move one of them", h->path, h->hidden);
	if (rc < 0)
		return err_set(e, rc, "%s: cannot %s: %s", h->hidden,
		    h->promised ? "get its name" : "be removed", err_phrase(rc));
	return file_sync_dir(h->path, e);
}

int
handout_finish(struct ledger *l, const struct handout *h, struct err *e)
{
	int rc = finish_file(h, e);

	if (rc == 0)
		rc = ledger_begin(l, e);
	if (rc < 0)
		return rc;
	rc = ledger_handout_over(l, h, e);
	return ledger_finish(l, rc, e);
}

int
handouts_finish(struct ledger *l, struct err *e)
{
	struct handout h = { .id = 0 };
	int rc, first = 0;

	while ((rc = ledger_next_handout(l, &h, h.id, e)) == 1) {
		rc = handout_finish(l, &h, e);
		if (rc < 0)
			first = rc;
	}
	return rc < 0 ? rc : first;
}
