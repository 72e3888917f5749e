/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/home.h"

#include <sys/stat.h>

#include "tests/unit/folder.h"
#include "tests/unit/test.h"

TEST_FOLDER(root, "home");

TEST(two_roles_share_a_state_and_two_of_one_role_do_not)
{
	struct home node, lighthouse, other;
	struct err err;

	ASSERT_EQ(home_open(&node, root, HOME_NODE, NULL), 0);
	ASSERT_EQ(home_open(&lighthouse, root, HOME_LIGHTHOUSE, NULL), 0);
	ASSERT_EQ(home_open(&other, root, HOME_NODE, &err), -EWOULDBLOCK);
	ASSERT(strstr(err.text, "a node runs already"));
	home_close(&node);
	ASSERT_EQ(home_open(&other, root, HOME_NODE, NULL), 0);
	home_close(&other);
	home_close(&lighthouse);
}

TEST(its_directories_are_private_and_its_paths_absolute)
{
	char path[PATH_MAX], want[PATH_MAX + 32];
	struct home h;
	struct stat st;

	ASSERT_EQ(home_open(&h, root, HOME_LIGHTHOUSE, NULL), 0);
	ASSERT_EQ(stat(h.dir, &st), 0);
	ASSERT_EQ(st.st_mode & 07777, 0700);
	ASSERT_EQ(home_file(path, &h, HOME_DB, NULL), 0);
	snprintf(want, sizeof(want), "%s/lighthouse/state.db", root);
	ASSERT_STR(path, want);
	home_close(&h);
}

TEST(a_name_that_is_too_long_is_said)
{
	static char name[PATH_MAX + 1];
	char path[PATH_MAX];
	struct err err;

	memset(name, 'x', PATH_MAX);
	ASSERT_EQ(home_path(path, name, HOME_NODE, HOME_DB, &err), -ENAMETOOLONG);
}
