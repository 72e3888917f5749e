/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spawn.c - runs a program that uses the mesh.
 */
#include "cli/spawn.h"

#include "core/text.h"
#include "host/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* What keeps a program from running, through a pipe that closes when it runs. */
struct report {
	int rc;
	struct err err;
};

static int
not_run(const char *program, int error, struct err *e)
{
	char shown[PATH_MAX];
	int rc = error == ENOENT ? -EXIT_NOT_FOUND : -EXIT_NOT_RUN;

	return err_set(e, rc, "%s: %s",
	    text_escape(shown, sizeof(shown), program, strlen(program)), err_phrase(-error));
}

/* In the new process: becomes the program, or returns why not. */
static int
become(const struct spawn *s, pid_t parent, struct err *e)
{
	int rc = s->holder > 0 ? netns_enter(s->holder, e) : 0;
	sigset_t none;

	if (rc < 0)
		return rc;
	/* After the namespace, which takes this away. */
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent)
		_exit(EXIT_NOT_RUN);
	if (s->out >= 0)
		setpgid(0, 0);
	if ((s->out >= 0 && dup2(s->out, STDOUT_FILENO) < 0) ||
	    (s->err >= 0 && dup2(s->err, STDERR_FILENO) < 0))
		return err_set(e, -errno, "cannot redirect what it prints: %s", err_phrase(-errno));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	execvp(s->argv[0], s->argv);
	return not_run(s->argv[0], errno, e);
}

static _Noreturn void
live(const struct spawn *s, pid_t parent, int fd)
{
	struct report r = { .rc = 0 };
	ssize_t n;

	r.rc = become(s, parent, &r.err);
	n = write(fd, &r, sizeof(r));
	(void)n;
	_exit(EXIT_NOT_RUN);
}

pid_t
spawn_start(const struct spawn *s, struct err *e)
{
	struct report r;
	int ends[2];
	pid_t pid, self = getpid();
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, -errno, "cannot make a pipe: %s", err_phrase(-errno));
	pid = fork();
	if (pid == 0)
		live(s, self, ends[1]);
	close(ends[1]);
	do
		n = pid < 0 ? 0 : read(ends[0], &r, sizeof(r));
	while (n < 0 && errno == EINTR);
	close(ends[0]);
	if (pid < 0)
		return err_set(e, -errno, "cannot start a process: %s", err_phrase(-errno));
	if (n != (ssize_t)sizeof(r))
		return pid;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	*e = r.err;
	return r.rc;
}

static int
code_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* A signal that came: 1 when the program has ended, with its status. */
static int
take_signal(int fd, pid_t pid, int *status)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP)
		kill(pid, (int)info.ssi_signo);
	return waitpid(pid, status, WNOHANG) == pid;
}

/* Has the other end been closed? What else it says is nothing to us. */
static bool
is_closed(int fd)
{
	char ignored[256];
	ssize_t n = read(fd, ignored, sizeof(ignored));

	return n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
}

int
spawn_wait(pid_t pid, int watched, void (*lost)(void *ctx), void *ctx)
{
	sigset_t ours, before;
	struct pollfd p[2] = { { .events = POLLIN }, { .fd = watched, .events = POLLIN } };
	int status = 0;

	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGQUIT);
	sigprocmask(SIG_BLOCK, &ours, &before);
	p[0].fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	while (waitpid(pid, &status, p[0].fd < 0 ? 0 : WNOHANG) != pid) {
		if (poll(p, ARRAY_LEN(p), -1) < 0 && errno != EINTR)
			break;
		if (p[0].revents != 0 && take_signal(p[0].fd, pid, &status) == 1)
			break;
		if (p[1].revents != 0 && is_closed(p[1].fd)) {
			p[1].fd = -1;
			lost(ctx);
		}
	}
	if (p[0].fd >= 0)
		close(p[0].fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return code_of(status);
}
