/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netns.c - a network namespace of our own, for which nobody has to be root.
 */
#include "host/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define INSIDE_STACK ((size_t)256 << 10)

/*
 * The holder
 */

static int printf_like(2, 3)
write_proc(const char *path, const char *fmt, ...)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;
	va_list ap;

	if (fd < 0)
		return -errno;
	va_start(ap, fmt);
	if (vdprintf(fd, fmt, ap) < 0)
		rc = -errno;
	va_end(ap);
	close(fd);
	return rc;
}

/* The same user inside as outside, and nobody else. */
static int
map_user(uid_t uid, gid_t gid)
{
	int rc = write_proc("/proc/self/setgroups", "deny");

	if (rc == 0)
		rc = write_proc("/proc/self/uid_map", "%u %u 1", (unsigned)uid, (unsigned)uid);
	if (rc == 0)
		rc = write_proc("/proc/self/gid_map", "%u %u 1", (unsigned)gid, (unsigned)gid);
	return rc;
}

static int
raise_loopback(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

static int
make(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int rc;

	/* Whoever may not be attached to has no /proc of its own, and nobody could enter. */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return -errno;
	rc = map_user(uid, gid);
	return rc < 0 ? rc : raise_loopback();
}

/* Says through `fd` whether it worked, and stays until its parent ends. */
static _Noreturn void
hold(int fd, pid_t parent)
{
	int rc;

	if (fd > 0)
		close_range(0, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, ~0U, 0);
	signal(SIGINT, SIG_IGN); /* meant for the program that runs inside */
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_NAME, "mpynet-netns", 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	rc = getppid() == parent ? make() : -ESRCH;
	if (write(fd, &rc, sizeof(rc)) != (ssize_t)sizeof(rc) || rc < 0)
		_exit(1);
	close(fd);
	for (;;)
		pause();
}

static int
explain(int rc, struct err *err)
{
	if (rc != -EPERM && rc != -EACCES && rc != -ENOSPC && rc != -EUSERS && rc != -EINVAL)
		return err_set(err, rc, "cannot make a network namespace: %s", err_phrase(rc));
	return err_set(err, -EPERM, "this machine lets only root make a network namespace (%s); "
	    "either root allows it (sysctl user.max_user_namespaces, "
	    "kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns), "
	    "or runs the node: sudo mpynet up", err_phrase(rc));
}

int
netns_make(struct netns *ns, struct err *err)
{
	int ends[2], rc = 0;
	pid_t self = getpid();

	ns->holder = 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, -errno, "cannot make a pipe: %s", err_phrase(-errno));
	ns->holder = fork();
	if (ns->holder < 0)
		rc = -errno;
	else if (ns->holder == 0)
		hold(ends[1], self);
	close(ends[1]);
	if (rc == 0 && read(ends[0], &rc, sizeof(rc)) != (ssize_t)sizeof(rc))
		rc = -ECHILD;
	close(ends[0]);
	if (rc == 0)
		return 0;
	netns_close(ns);
	return explain(rc, err);
}

void
netns_close(struct netns *ns)
{
	if (ns->holder > 0) {
		kill(ns->holder, SIGKILL);
		waitpid(ns->holder, NULL, 0);
	}
	ns->holder = 0;
}

/*
 * Going there
 */

static int
open_ns(pid_t holder, const char *kind)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/ns/%s", (long)holder, kind);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Into the user namespace first, which gives the right to enter the other. */
static int
enter(pid_t holder)
{
	int net = open_ns(holder, "net"), user = open_ns(holder, "user"), rc = 0;

	if (net < 0 || user < 0)
		rc = net < 0 ? net : user;
	else if (setns(user, CLONE_NEWUSER) < 0 || setns(net, CLONE_NEWNET) < 0)
		rc = -errno;
	if (net >= 0)
		close(net);
	if (user >= 0)
		close(user);
	return rc;
}

static int
kept_out(int rc, struct err *err)
{
	return err_set(err, rc, "cannot enter the node's network namespace: %s", err_phrase(rc));
}

int
netns_enter(pid_t holder, struct err *err)
{
	int rc = enter(holder);

	return rc < 0 ? kept_out(rc, err) : 0;
}

struct errand {
	pid_t holder;
	int (*run)(void *arg);
	void *arg;
	int rc;
	bool inside;
};

static int
run_inside(void *arg)
{
	struct errand *e = arg;

	e->rc = enter(e->holder);
	e->inside = e->rc == 0;
	if (e->inside)
		e->rc = e->run(e->arg);
	_exit(0);
}

int
netns_within(const struct netns *ns, int (*run)(void *arg), void *arg, struct err *err)
{
	struct errand e = { ns->holder, run, arg, .rc = -ECHILD };
	uint8_t *stack;
	pid_t pid;

	if (ns->holder == 0)
		return run(arg);
	stack = mmap(NULL, INSIDE_STACK, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return kept_out(-ENOMEM, err);
	/* A process that shares memory and descriptors, while we sleep: only its rights differ. */
	pid = clone(run_inside, stack + INSIDE_STACK, CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD,
	    &e);
	if (pid < 0)
		e.rc = -errno;
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	munmap(stack, INSIDE_STACK);
	return e.inside ? e.rc : kept_out(e.rc, err);
}
