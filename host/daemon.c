/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * daemon.c - a process that goes on when the command that started it has returned.
 */
#include "host/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* What goes through the pipe: 0 for ready, or why not. */
struct report {
	int code;
	struct err err;
};

static void
report(int fd, int code, const struct err *err)
{
	struct report r = { .code = code };
	ssize_t n;

	if (err)
		r.err = *err;
	/* Less than PIPE_BUF, so it is written whole; a command that was killed does not matter. */
	n = write(fd, &r, sizeof(r));
	(void)n;
	close(fd);
}

/* Tells a service manager, as sd_notify(3) describes. */
static void
notify(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && len > 0 && len < sizeof(to.sun_path)) {
		memcpy(to.sun_path, path, len);
		if (path[0] == '@')	/* an abstract name */
			to.sun_path[0] = '\0';
		sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&to,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	}
	if (fd >= 0)
		close(fd);
}

struct ready
ready_foreground(void)
{
	return (struct ready){ .fd = -1 };
}

void
ready_tell(struct ready *r)
{
	const char *manager = getenv("NOTIFY_SOCKET");

	if (r->fd >= 0)
		report(r->fd, 0, NULL);
	else if (manager)
		notify(manager);
	r->fd = -1;
}

/* Standard descriptors lead nowhere from now on: the log is a file. */
static int
leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		return -errno;
	if (null > 2)
		close(null);
	return chdir("/") < 0 ? -errno : 0;
}

/*
 * What the command had open is not the daemon's: whoever waits for the end of a pipe, or for a lock,
 * would wait for it. `fd` stays.
 */
static void
close_others(int fd)
{
	if (fd > 3)
		close_range(3, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, ~0U, 0);
}

/* The daemon's whole life. */
static void
live(int fd, int (*run)(void *arg, struct ready *ready, struct err *err), void *arg)
{
	struct ready ready = { .fd = fd };
	struct err err = { 0 };
	int rc;

	close_others(fd);
	rc = leave_terminal();
	if (rc == 0)
		rc = run(arg, &ready, &err);
	else
		err_set(&err, rc, "cannot leave the terminal: %s", err_phrase(rc));
	if (ready.fd >= 0)
		report(ready.fd, rc < 0 ? rc : -EIO, &err);
	_exit(rc < 0);
}

/*
 * In a session of its own, and as nobody's child: a shell that started it need not wait for its end.
 * Returns in the command only: 0 or -errno.
 */
static int
fork_away(int pipe_fds[static 2], int (*run)(void *arg, struct ready *ready, struct err *err),
    void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		close(pipe_fds[0]);
		setsid();
		pid = fork();
		if (pid == 0)
			live(pipe_fds[1], run, arg);
		_exit(pid < 0 ? errno : 0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

int
daemon_start(int (*run)(void *arg, struct ready *ready, struct err *err), void *arg,
    struct err *err)
{
	struct report r;
	int pipe_fds[2];
	ssize_t n;
	int rc;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_set(err, -errno, "cannot make a pipe: %s", err_phrase(-errno));
	rc = fork_away(pipe_fds, run, arg);
	close(pipe_fds[1]);
	if (rc < 0) {
		close(pipe_fds[0]);
		return err_set(err, rc, "cannot start a process: %s", err_phrase(rc));
	}
	do
		n = read(pipe_fds[0], &r, sizeof(r));
	while (n < 0 && errno == EINTR);
	close(pipe_fds[0]);
	if (n != (ssize_t)sizeof(r))
		return err_set(err, -EIO, "the daemon ended before it was ready");
	if (r.code < 0)
		return err_set(err, r.code, "%s", r.err.text);
	return 0;
}
