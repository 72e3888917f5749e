/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_runner.c - a program of a run: its output, its end, and what it is told.
 */
#include "tests/unit/test.h"

#include "cli/parties.h"
#include "cli/runner.h"
#include "host/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory for logs; what the program prints goes nowhere else. */
struct place {
	char dir[64];
	struct runner runner;
	int out, err; /* ours, while the program has theirs */
	struct err e;
};

static void
open_place(struct place *p)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	memset(p, 0, sizeof(*p));
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/runner-XXXXXX");
	ASSERT(mkdtemp(p->dir) != NULL);
	p->out = dup(STDOUT_FILENO);
	p->err = dup(STDERR_FILENO);
	fflush(stdout);
	ASSERT(nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0 && dup2(nowhere, STDERR_FILENO) >= 0);
	close(nowhere);
	p->runner = (struct runner){ .out.from = -1, .err.from = -1 };
}

static void
close_place(struct place *p)
{
	char command[128];

	runner_close(&p->runner);
	fflush(stdout);
	dup2(p->out, STDOUT_FILENO);
	dup2(p->err, STDERR_FILENO);
	close(p->out);
	close(p->err);
	(void)snprintf(command, sizeof(command), "rm -r %s", p->dir);
	ASSERT_EQ(system(command), 0);
}

static int
start(struct place *p, const char *script)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };

	return runner_start(&p->runner, argv, 0, p->dir, &p->e);
}

/* Until it has ended, with the clock going on; its exit code. */
static int
finish(struct place *p)
{
	while (!runner_is_over(&p->runner)) {
		struct pollfd fds[] = {
			{ .fd = p->runner.out.from, .events = POLLIN },
			{ .fd = p->runner.err.from, .events = POLLIN },
		};

		ASSERT(poll(fds, ARRAY_LEN(fds), 20) >= 0 || errno == EINTR);
		if (fds[0].revents != 0)
			runner_pump(&p->runner.out);
		if (fds[1].revents != 0)
			runner_pump(&p->runner.err);
		runner_tick(&p->runner, clock_now().mono);
	}
	return p->runner.status;
}

/* Until it has printed a whole line, so that it is what it is to be. */
static void
until_it_speaks(struct place *p)
{
	while (p->runner.out.last[0] == '\0') {
		struct pollfd fd = { .fd = p->runner.out.from, .events = POLLIN };

		ASSERT(poll(&fd, 1, -1) > 0 || errno == EINTR);
		runner_pump(&p->runner.out);
	}
}

/* How many bytes of the log are `c`. */
static size_t
count(const struct place *p, const char *name, int c)
{
	char path[128];
	size_t n = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	f = fopen(path, "r");
	ASSERT(f != NULL);
	for (int got = getc(f); got != EOF; got = getc(f))
		n += got == c;
	ASSERT_EQ(fclose(f), 0);
	return n;
}

TEST(what_a_program_prints_is_kept_and_so_is_its_code)
{
	struct place p;
	struct stat st;
	char path[128];

	open_place(&p);
	ASSERT_EQ(start(&p, "echo one; echo; echo 'went wrong' >&2; printf end; exit 7"), 0);
	ASSERT_EQ(finish(&p), 7);
	ASSERT_EQ(count(&p, "out.log", '\n'), 2);
	ASSERT_EQ(count(&p, "err.log", '\n'), 1);
	ASSERT(strcmp(runner_last_words(&p.runner), "went wrong") == 0);
	(void)snprintf(path, sizeof(path), "%s/out.log", p.dir);
	ASSERT_EQ(stat(path, &st), 0);
	ASSERT_EQ(st.st_mode & 0777, 0600);
	close_place(&p);
}

TEST(output_longer_than_a_pipe_is_kept_whole)
{
	struct place p;

	open_place(&p);
	ASSERT_EQ(start(&p, "head -c 200000 /dev/zero | tr '\\0' '#'; echo"), 0);
	ASSERT_EQ(finish(&p), 0);
	ASSERT_EQ(count(&p, "out.log", '#'), 200000);
	ASSERT_EQ(count(&p, "out.log", '\n'), 1);
	close_place(&p);
}

TEST(a_program_that_ignores_to_be_told_is_killed_after_its_grace)
{
	struct place p;
	usec_t began;

	open_place(&p);
	ASSERT_EQ(start(&p, "trap '' TERM; echo ready; while :; do sleep 1; done"), 0);
	until_it_speaks(&p);
	began = clock_now().mono;
	runner_stop(&p.runner, began);
	ASSERT_EQ(finish(&p), 128 + SIGKILL);
	ASSERT(clock_now().mono - began >= RUNNER_GRACE);
	close_place(&p);
}

TEST(a_program_that_obeys_ends_at_once_by_the_signal)
{
	struct place p;

	open_place(&p);
	ASSERT_EQ(start(&p, "echo ready; exec sleep 600"), 0);
	until_it_speaks(&p);
	runner_stop(&p.runner, clock_now().mono);
	ASSERT_EQ(finish(&p), 128 + SIGTERM);
	close_place(&p);
}

/* Nobody is left that would hold the port of the next run. */
TEST(what_a_program_leaves_in_the_background_ends_with_it)
{
	struct place p;
	long pid;

	open_place(&p);
	ASSERT_EQ(start(&p, "(sleep 600 & echo $!); exit 0"), 0);
	ASSERT_EQ(finish(&p), 0);
	pid = strtol(p.runner.out.last, NULL, 10);
	ASSERT(pid > 1);
	for (int i = 0; i < 500 && kill((pid_t)pid, 0) == 0; i++) {
		char path[64], state = 'Z';
		FILE *f;

		(void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
		f = fopen(path, "r");
		if (f == NULL || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			state = 'Z';
		if (f != NULL)
			fclose(f);
		if (state == 'Z') /* of an init that does not wait for it */
			break;
		ASSERT(i < 499);
		poll(NULL, 0, 20);
	}
	close_place(&p);
}

TEST(what_cannot_be_run_is_said)
{
	struct place p;
	char *argv[] = { (char *)"/nothing/there", NULL };

	open_place(&p);
	ASSERT(runner_start(&p.runner, argv, 0, "", &p.e) < 0);
	ASSERT(strstr(p.e.text, "/nothing/there") != NULL);
	ASSERT_EQ(p.runner.pid, 0);
	close_place(&p);
}

TEST(a_program_finds_its_parties_in_its_environment)
{
	struct study s = { .name = "salaries", .count = 2 };
	char *text = malloc(PARTIES_TEXT_MAX);
	struct place p;

	ASSERT(text != NULL);
	for (unsigned i = 0; i < s.count; i++) {
		(void)snprintf(s.parties[i].name, sizeof(s.parties[i].name), "party%u", i + 1);
		s.parties[i].address = ip_v4((const uint8_t[]){ 10, 87, 0, (uint8_t)(2 + i) });
		s.parties[i].port = (uint16_t)(11365 + i);
	}
	open_place(&p);
	ASSERT_EQ(parties_export(&s, 1, &p.e), 0);
	ASSERT(parties_env(text, PARTIES_TEXT_MAX, &s, 1) > 0);
	ASSERT(strstr(text, "MPYNET_PORT_1='11366'\n") != NULL);
	ASSERT_EQ(start(&p, "echo $MPYNET_STUDY $MPYNET_INDEX $MPYNET_PARTIES $MPYNET_PORT_1 "
	    "$MPYNET_ADDR_0 $MPYNET_NAME_1"), 0);
	ASSERT_EQ(finish(&p), 0);
	ASSERT(strcmp(p.runner.out.last, "salaries 1 2 11366 10.87.0.2 party2") == 0);
	free(text);
	close_place(&p);
}
