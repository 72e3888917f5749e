/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/progress.h"

#include <fcntl.h>

#include "tests/unit/test.h"

/* Takes longer than anybody waits without a sign. */
static int
work(void *arg)
{
	usleep(700 * 1000);
	return ++*(int *)arg;
}

/* Runs the task with stderr as it is told; what was drawn there. */
static const char *
drawn_on(int fd, int from, int *result)
{
	static char text[4096];
	int before = dup(STDERR_FILENO);
	ssize_t n;

	dup2(fd, STDERR_FILENO);
	*result = progress_while("working", work, result);
	dup2(before, STDERR_FILENO);
	close(before);
	n = read(from, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

TEST(a_terminal_sees_a_line_while_a_thread_works_and_the_result_is_the_threads)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), terminal, result = 6;

	ASSERT(master >= 0);
	ASSERT_EQ(grantpt(master), 0);
	ASSERT_EQ(unlockpt(master), 0);
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	ASSERT(terminal >= 0);
	ASSERT(strstr(drawn_on(terminal, master, &result), "| working, 0.5 s"));
	ASSERT_EQ(result, 7);
	close(terminal);
	close(master);
}

TEST(nothing_is_drawn_where_nobody_sees_it)
{
	int fds[2], result = 1;

	ASSERT_EQ(pipe2(fds, O_NONBLOCK), 0);
	ASSERT_STR(drawn_on(fds[1], fds[0], &result), "");
	ASSERT_EQ(result, 2);
	close(fds[0]);
	close(fds[1]);
}
