/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/sandbox.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "host/file.h"
#include "host/home.h"
#include "tests/unit/test.h"

/* Runs `child` in a process of its own and returns what it ended with: 0, or a line number. */
static int
in_child(int (*child)(const char *dir), const char *dir)
{
	int status;
	pid_t pid = fork();

	ASSERT(pid >= 0);
	if (pid == 0)
		_exit(child(dir));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define MUST(COND)                                                                                 \
	do {                                                                                       \
		if (!(COND))                                                                       \
			return __LINE__ & 0xff ? __LINE__ & 0xff : 1;                              \
	} while (0)

static int
jailed(const char *dir)
{
	struct sandbox s = { .dir = dir };
	char name[] = "true", *const argv[] = { name, NULL };
	bool inside;
	int fd;

	MUST(sandbox_enter(&s, &inside, NULL) == 0);
	MUST(inside);
	MUST(geteuid() != 0);
	MUST(setuid(0) < 0);
	MUST(open("/etc/passwd", O_RDONLY) < 0 && errno == ENOENT);
	MUST((fd = open("/mine", O_RDWR | O_CREAT, 0600)) >= 0);
	MUST(sandbox_seal(NULL) == 0);
	MUST(write(fd, "x", 1) == 1 && fsync(fd) == 0);
	MUST(socket(AF_INET, SOCK_DGRAM, 0) >= 0);
	MUST(execv("/bin/true", argv) < 0);
	return 0;
}

static int
sealed(const char *dir)
{
	(void)dir;
	MUST(sandbox_seal(NULL) == 0);
	MUST(mkdir("/tmp/never", 0700) < 0 && errno == ENOSYS);
	MUST(chroot("/") < 0 && errno == ENOSYS);
	MUST(getpid() > 0);
	return 0;
}

static int
networked(const char *dir)
{
	struct sandbox s = { .network = true };
	bool inside;

	(void)dir;
	MUST(sandbox_enter(&s, &inside, NULL) == 0);
	MUST(!inside);
	MUST(chroot("/") < 0 && errno == EPERM);
	MUST(chown("/", 0, 0) == 0 || errno == EPERM || errno == EROFS);
	return 0;
}

TEST(a_jailed_daemon_sees_its_own_directory_and_starts_nothing)
{
	char dir[] = "/tmp/mpynet-jail-XXXXXX", file[64];
	struct stat st;

	if (geteuid() != 0)
		return;
	ASSERT(mkdtemp(dir));
	ASSERT_EQ(in_child(jailed, dir), 0);
	snprintf(file, sizeof(file), "%s/mine", dir);
	ASSERT_EQ(stat(file, &st), 0);
	ASSERT(st.st_uid != 0);

	/* and root can take it back */
	ASSERT_EQ(dir_give(dir, 0, 0), 0);
	ASSERT_EQ(stat(file, &st), 0);
	ASSERT_EQ(st.st_uid, 0);
	unlink(file);
	rmdir(dir);
}

TEST(a_sealed_daemon_makes_only_the_calls_that_it_needs)
{
#ifdef SANITIZED
	return;			/* sandbox_seal() does nothing then */
#endif
	ASSERT_EQ(in_child(sealed, NULL), 0);
}

TEST(a_node_keeps_the_network_and_nothing_else)
{
	if (geteuid() != 0)
		return;
	ASSERT_EQ(in_child(networked, NULL), 0);
}
