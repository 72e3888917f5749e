/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/daemon.h"

#include <sys/wait.h>

#include "tests/unit/test.h"

static int
succeed(void *arg, struct ready *ready, struct err *err)
{
	(void)err;
	ready_tell(ready);
	/* Goes on, without a terminal, until the test says so. */
	char c;
	while (read(*(int *)arg, &c, 1) < 0)
		;
	return 0;
}

static int
refuse(void *arg, struct ready *ready, struct err *err)
{
	(void)arg;
	(void)ready;
	return err_set(err, -EADDRINUSE, "the port is taken");
}

static int
crash(void *arg, struct ready *ready, struct err *err)
{
	(void)arg;
	(void)ready;
	(void)err;
	_exit(3);
}

TEST(the_command_returns_when_the_daemon_is_ready_and_the_daemon_goes_on)
{
	struct err err;
	int fds[2], status;

	ASSERT_EQ(pipe(fds), 0);
	ASSERT_EQ(daemon_start(succeed, &fds[0], &err), 0);
	ASSERT_EQ(waitpid(-1, &status, WNOHANG), 0);
	ASSERT_EQ(write(fds[1], "x", 1), 1);
	ASSERT(waitpid(-1, &status, 0) > 0);
	ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(fds[0]);
	close(fds[1]);
}

TEST(the_command_gets_the_daemons_first_error)
{
	struct err err;

	ASSERT_EQ(daemon_start(refuse, NULL, &err), -EADDRINUSE);
	ASSERT_STR(err.text, "the port is taken");
	ASSERT(waitpid(-1, NULL, 0) > 0);
}

TEST(a_daemon_that_dies_without_a_word_is_noticed)
{
	struct err err;

	ASSERT_EQ(daemon_start(crash, NULL, &err), -EIO);
	ASSERT(strstr(err.text, "before it was ready"));
	ASSERT(waitpid(-1, NULL, 0) > 0);
}
