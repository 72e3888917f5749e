/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/file.h"

#include <limits.h>
#include <sys/stat.h>

#include "tests/unit/folder.h"
#include "tests/unit/test.h"

TEST_FOLDER(dir, "file");

static const char *
in_dir(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

TEST(what_is_created_is_loaded_and_private)
{
	struct stat st;
	char *bytes;
	size_t len;

	ASSERT_EQ(file_create(in_dir("key"), 0600, "secret", 6, NULL), 0);
	ASSERT_EQ(stat(in_dir("key"), &st), 0);
	ASSERT_EQ(st.st_mode & 07777, 0600);
	ASSERT_EQ(file_load_secret(&bytes, &len, in_dir("key"), 100, NULL), 0);
	ASSERT_EQ(len, 6);
	ASSERT_STR(bytes, "secret");
	file_free(bytes, len);
}

TEST(nothing_is_overwritten_and_links_are_not_followed)
{
	struct err err;

	ASSERT_EQ(file_create(in_dir("once"), 0600, "a", 1, NULL), 0);
	ASSERT_EQ(file_create(in_dir("once"), 0600, "b", 1, &err), -EEXIST);
	ASSERT(strstr(err.text, "exists already"));
	ASSERT_EQ(symlink("target", in_dir("link")), 0);
	ASSERT_EQ(file_create(in_dir("link"), 0600, "b", 1, NULL), -EEXIST);
	ASSERT(access(in_dir("target"), F_OK) < 0);
}

TEST(a_secret_that_others_can_read_is_refused)
{
	struct err err;
	char *bytes;
	size_t len;

	ASSERT_EQ(file_create(in_dir("open"), 0644, "secret", 6, NULL), 0);
	ASSERT_EQ(file_load_secret(&bytes, &len, in_dir("open"), 100, &err), -EPERM);
	ASSERT(strstr(err.text, "chmod 600"));
	ASSERT_EQ(file_load(&bytes, &len, in_dir("open"), 100, NULL), 0);
	file_free(bytes, len);
}

TEST(a_file_may_be_as_long_as_the_limit_and_no_longer)
{
	char *bytes;
	size_t len;

	ASSERT_EQ(file_create(in_dir("ten"), 0600, "0123456789", 10, NULL), 0);
	ASSERT_EQ(file_load(&bytes, &len, in_dir("ten"), 10, NULL), 0);
	ASSERT_EQ(len, 10);
	file_free(bytes, len);
	ASSERT_EQ(file_load(&bytes, &len, in_dir("ten"), 9, NULL), -EFBIG);
}

TEST(what_is_not_a_regular_file_is_refused)
{
	char *bytes;
	size_t len;

	ASSERT_EQ(mkfifo(in_dir("fifo"), 0600), 0);
	ASSERT_EQ(file_load(&bytes, &len, in_dir("fifo"), 10, NULL), -EINVAL);
	ASSERT_EQ(file_load(&bytes, &len, dir, 10, NULL), -EINVAL);
}

TEST(replacing_survives_what_a_crash_left)
{
	char *bytes;
	size_t len;

	ASSERT_EQ(file_create(in_dir("state.new"), 0600, "half", 4, NULL), 0);
	ASSERT_EQ(file_replace(in_dir("state"), 0600, "one", 3, NULL), 0);
	ASSERT_EQ(file_replace(in_dir("state"), 0600, "two", 3, NULL), 0);
	ASSERT_EQ(file_load(&bytes, &len, in_dir("state"), 10, NULL), 0);
	ASSERT_STR(bytes, "two");
	file_free(bytes, len);
	ASSERT(access(in_dir("state.new"), F_OK) < 0);
}

TEST(directories_are_made_with_their_parents_and_must_be_private)
{
	struct err err;

	ASSERT_EQ(dir_make(in_dir("a/b/c"), 0700, NULL), 0);
	ASSERT_EQ(dir_make(in_dir("a/b/c"), 0700, NULL), 0);
	ASSERT_EQ(chmod(in_dir("a/b/c"), 0750), 0);
	ASSERT_EQ(dir_make(in_dir("a/b/c"), 0700, &err), -EPERM);
	ASSERT(strstr(err.text, "chmod 700"));
}

TEST(a_lock_is_held_by_one_and_names_its_holder)
{
	struct err err;
	char pid[32];
	int fd = file_lock(in_dir("lock"), NULL);

	ASSERT(fd >= 0);
	ASSERT_EQ(file_lock(in_dir("lock"), &err), -EWOULDBLOCK);
	snprintf(pid, sizeof(pid), "(pid %ld)", (long)getpid());
	ASSERT(strstr(err.text, pid));
	close(fd);
	fd = file_lock(in_dir("lock"), NULL);
	ASSERT(fd >= 0);
	close(fd);
}
