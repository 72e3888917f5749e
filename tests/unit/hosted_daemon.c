/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/daemon.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

/* What a daemon, which has nothing open that the test has, shares with it. */
struct shared {
	atomic_bool stop, stopped, inherited;
	int fd;		/* one that the test has open */
};

static struct shared *
share(void)
{
	void *p = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT(p != MAP_FAILED);
	return p;
}

static void
rest(void)
{
	usleep(1000);
}

static int
succeed(void *arg, struct ready *ready, struct err *err)
{
	struct shared *s = arg;

	(void)err;
	s->inherited = fcntl(s->fd, F_GETFD) >= 0;
	ready_tell(ready);
	/* Goes on, without a terminal, until the test says so. */
	while (!s->stop)
		rest();
	s->stopped = true;
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
	struct shared *s = share();
	struct err err;
	int fds[2];

	ASSERT_EQ(pipe(fds), 0);
	s->fd = fds[1];
	ASSERT_EQ(daemon_start(succeed, s, &err), 0);
	ASSERT(!s->stopped);
	ASSERT(!s->inherited);
	/* It is nobody's child, whether it lives or not. */
	ASSERT_EQ(waitpid(-1, NULL, WNOHANG), -1);
	s->stop = true;
	while (!s->stopped)
		rest();
	ASSERT_EQ(waitpid(-1, NULL, WNOHANG), -1);
	close(fds[0]);
	close(fds[1]);
	munmap(s, sizeof(*s));
}

TEST(the_command_gets_the_daemons_first_error)
{
	struct err err;

	ASSERT_EQ(daemon_start(refuse, NULL, &err), -EADDRINUSE);
	ASSERT_STR(err.text, "the port is taken");
}

TEST(a_daemon_that_dies_without_a_word_is_noticed)
{
	struct err err;

	ASSERT_EQ(daemon_start(crash, NULL, &err), -EIO);
	ASSERT(strstr(err.text, "before it was ready"));
}
