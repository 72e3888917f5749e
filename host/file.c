/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file.c - files that hold keys, and the directories that hold those files.
 */
#include "host/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Writes everything or says why not. */
static int
write_all(int fd, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The directory part of `path`; "." when it has none. */
static int
parent_of(char ret[static PATH_MAX], const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	if (!slash) {
		memcpy(ret, ".", 2);
	} else if (len == 0) {
		memcpy(ret, "/", 2);
	} else {
		memcpy(ret, path, len);
		ret[len] = '\0';
	}
	return 0;
}

/* These bytes into a new file, and onto the disk. */
static int
fill(int fd, mode_t mode, const void *bytes, size_t len)
{
	int rc = write_all(fd, bytes, len);

	if (rc == 0 && fchmod(fd, mode) < 0)	/* the umask may have taken bits */
		rc = -errno;
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	return rc;
}

/* A new file with these bytes, on the disk; its name is not yet. */
static int
write_new(const char *path, mode_t mode, const void *bytes, size_t len)
{
	int rc, fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return -errno;
	rc = fill(fd, mode, bytes, len);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc < 0)
		unlink(path);
	return rc;
}

/*
 * The same, without a name until it is whole: a crash leaves nothing, and never a part.
 * -EOPNOTSUPP where the file system knows no such files, or /proc is not there to name it by.
 */
static int
write_nameless(const char *path, mode_t mode, const void *bytes, size_t len)
{
	char dir[PATH_MAX], self[32];
	int fd, rc = parent_of(dir, path);

	if (rc < 0)
		return rc;
	fd = open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, mode);
	if (fd < 0)
		return -EOPNOTSUPP;
	rc = fill(fd, mode, bytes, len);
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (rc == 0 && linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0)
		rc = errno == ENOENT ? -EOPNOTSUPP : -errno;
	close(fd);
	return rc;
}

int
file_sync_dir(const char *path, struct err *err)
{
	char dir[PATH_MAX];
	int fd, rc = parent_of(dir, path);

	if (rc < 0)
		return err_set(err, rc, "%s: the name is too long", path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		rc = -errno;
	if (fd >= 0)
		close(fd);
	if (rc < 0)
		return err_set(err, rc, "%s: cannot sync the directory: %s", dir, err_phrase(rc));
	return 0;
}

int
file_create(const char *path, mode_t mode, const void *bytes, size_t len, struct err *err)
{
	int rc = write_nameless(path, mode, bytes, len);

	if (rc == -EOPNOTSUPP)
		rc = write_new(path, mode, bytes, len);
	if (rc == -EEXIST || rc == -ELOOP)
		return err_set(err, -EEXIST, "%s exists already and is never overwritten; "
		    "move it away or choose another name", path);
	if (rc < 0)
		return err_set(err, rc, "%s: cannot be written: %s", path, err_phrase(rc));
	rc = file_sync_dir(path, err);
	if (rc < 0)
		unlink(path);
	return rc;
}

/* As root: gives `path` to whom its directory belongs. */
static int
follow_owner(const char *path)
{
	char dir[PATH_MAX];
	struct stat st;
	int rc = geteuid() == 0 ? parent_of(dir, path) : 0;

	if (rc < 0 || geteuid() != 0)
		return rc;
	if (stat(dir, &st) < 0 || lchown(path, st.st_uid, st.st_gid) < 0)
		return -errno;
	return 0;
}

int
file_replace(const char *path, mode_t mode, const void *bytes, size_t len, struct err *err)
{
	char fresh[PATH_MAX];
	int rc;

	if ((size_t)snprintf(fresh, sizeof(fresh), "%s.new", path) >= sizeof(fresh))
		return err_set(err, -ENAMETOOLONG, "%s: the name is too long", path);

	/* A crash may have left one behind; nobody else writes in this directory. */
	unlink(fresh);
	rc = write_new(fresh, mode, bytes, len);
	if (rc == 0)
		rc = follow_owner(fresh);
	if (rc == 0 && rename(fresh, path) < 0)
		rc = -errno;
	if (rc < 0)
		unlink(fresh);
	if (rc < 0)
		return err_set(err, rc, "%s: cannot be written: %s", path, err_phrase(rc));
	return file_sync_dir(path, err);
}

/* May what this descriptor refers to hold a secret of ours? */
static int
check_secret(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(err, -errno, "%s: %s", path, err_phrase(-errno));
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return err_set(err, -EPERM, "%s belongs to user %u; a key must belong to "
		    "whoever uses it", path, (unsigned)st.st_uid);
	if (st.st_mode & 077)
		return err_set(err, -EPERM, "%s can be read or written by others; "
		    "chmod 600 %s", path, path);
	return 0;
}

/* Reads from `fd` up to its end into fresh memory. */
static int
read_whole(int fd, char **ret, size_t *len, size_t max)
{
	/* One byte beyond the limit tells whether the file is longer, one more is for the NUL. */
	char *bytes = malloc(max + 2);
	size_t have = 0;

	if (!bytes)
		return -ENOMEM;
	while (have <= max) {
		ssize_t n = read(fd, bytes + have, max + 1 - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || have + (size_t)n > max) {
			int rc = n < 0 ? -errno : -EFBIG;

			file_free(bytes, max);
			return rc;
		}
		if (n == 0)
			break;
		have += (size_t)n;
	}
	bytes[have] = '\0';
	*ret = bytes;
	*len = have;
	return 0;
}

static int
load(char **ret, size_t *len, const char *path, size_t max, bool secret, struct err *err)
{
	struct stat st;
	int rc = 0;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | (secret ? O_NOFOLLOW : 0));

	if (fd < 0)
		return err_set(err, -errno, "%s: cannot be read: %s", path, err_phrase(-errno));
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		rc = err_set(err, -EINVAL, "%s is not a regular file", path);
	if (rc == 0 && secret)
		rc = check_secret(fd, path, err);
	if (rc == 0) {
		rc = read_whole(fd, ret, len, max);
		if (rc == -EFBIG)
			err_set(err, rc, "%s is larger than the %zu bytes that are read", path, max);
		else if (rc < 0)
			err_set(err, rc, "%s: cannot be read: %s", path, err_phrase(rc));
	}
	close(fd);
	return rc;
}

int
file_load(char **ret, size_t *len, const char *path, size_t max, struct err *err)
{
	return load(ret, len, path, max, false, err);
}

int
file_load_secret(char **ret, size_t *len, const char *path, size_t max, struct err *err)
{
	return load(ret, len, path, max, true, err);
}

void
file_free(char *bytes, size_t len)
{
	if (!bytes)
		return;
	sodium_memzero(bytes, len);
	free(bytes);
}

/* mkdir -p for everything above the last component. */
static int
make_parents(const char *path)
{
	char partial[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(partial))
		return -ENAMETOOLONG;
	memcpy(partial, path, len + 1);
	for (char *p = partial + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(partial, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return 0;
}

int
dir_make(const char *path, mode_t mode, struct err *err)
{
	struct stat st;
	int rc = make_parents(path);

	if (rc == 0 && mkdir(path, mode) == 0)
		return chmod(path, mode) < 0 ? -errno : 0;
	if (rc == 0 && errno != EEXIST)
		rc = -errno;
	if (rc == 0 && lstat(path, &st) < 0)
		rc = -errno;
	if (rc < 0)
		return err_set(err, rc, "%s: cannot make the directory: %s", path, err_phrase(rc));
	if (!S_ISDIR(st.st_mode))
		return err_set(err, -ENOTDIR, "%s is not a directory", path);
	if (st.st_uid != geteuid())
		return err_set(err, -EPERM, "%s belongs to user %u, not to us", path,
		    (unsigned)st.st_uid);
	if ((mode & 077) == 0 && (st.st_mode & 077))
		return err_set(err, -EPERM, "%s is open to other users; chmod 700 %s", path, path);
	return 0;
}

int
dir_give(const char *path, uid_t uid, gid_t gid)
{
	int rc = 0, fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		rc = -errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	if (fchown(fd, uid, gid) < 0)
		rc = -errno;
	while (rc == 0 && (entry = readdir(dir)))
		if (entry->d_type != DT_DIR &&
		    fchownat(fd, entry->d_name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
			rc = -errno;
	closedir(dir);
	return rc;
}

/* Who holds the lock, as it wrote there itself; 0 when that is no number. */
static long
read_holder(int fd)
{
	char text[16];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return strtol(text, NULL, 10);
}

long
file_lock_holder(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	long pid = 0;

	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		pid = read_holder(fd);
	close(fd);
	return pid;
}

int
file_lock(const char *path, struct err *err)
{
	char text[32];
	int len, fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set(err, -errno, "%s: cannot be opened: %s", path, err_phrase(-errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int rc = -errno;

		err_set(err, rc, "%s is held by another mpynet (pid %ld)", path, read_holder(fd));
		close(fd);
		return rc;
	}
	len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len) {
		int rc = -errno;

		close(fd);
		return err_set(err, rc, "%s: cannot be written: %s", path, err_phrase(rc));
	}
	return fd;
}
