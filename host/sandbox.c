/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sandbox.c - gives up what a daemon does not need, before it hears the first packet.
 */
#include "host/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "host/file.h"

/*
 * What a daemon in its loop calls: sockets and descriptors it has, files below its directory,
 * memory, threads of the pool, time, and its end.
 */
/* clang-format off */
static const int allowed[] = {
	/* events and time */
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(eventfd2), SCMP_SYS(pipe2),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	/* sockets: its own UDP and unix ones, netlink, name look-ups */
	SCMP_SYS(socket), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(connect), SCMP_SYS(accept),
	SCMP_SYS(accept4), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt), SCMP_SYS(shutdown), SCMP_SYS(socketpair),
	SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg),
	/* files */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
	SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(close),
	SCMP_SYS(stat), SCMP_SYS(fstat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
	SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
	SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
	SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(unlink),
	SCMP_SYS(unlinkat), SCMP_SYS(fcntl), SCMP_SYS(flock), SCMP_SYS(fchmod), SCMP_SYS(fchown),
	SCMP_SYS(lchown), SCMP_SYS(umask), SCMP_SYS(getdents64), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3),
	SCMP_SYS(ioctl),
	/* memory and threads */
	SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect),
	SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(munlock), SCMP_SYS(clone), SCMP_SYS(clone3),
	SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(membarrier),
	SCMP_SYS(gettid), SCMP_SYS(getrandom), SCMP_SYS(prlimit64), SCMP_SYS(sysinfo),
	SCMP_SYS(uname),
	/* signals, who we are, the end */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack), SCMP_SYS(tgkill), SCMP_SYS(getpid), SCMP_SYS(getppid),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
	SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
};
/* clang-format on */

static int
filter(void)
{
	/* Not a kill: libraries try newer calls first and fall back on ENOSYS. */
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int rc = 0;

	if (!ctx)
		return -ENOMEM;
	/* Also for the threads that there are: those of the pool, of a name look-up. */
	rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	for (size_t i = 0; i < ARRAY_LEN(allowed) && rc == 0; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}

int
sandbox_seal(struct err *err)
{
#ifdef SANITIZED
	(void)err;		/* sanitizers need more than the program does */
	(void)filter;
	return 0;
#else
	int rc = filter();

	return rc < 0 ? err_set(err, rc, "cannot limit system calls: %s", err_phrase(rc)) : 0;
#endif
}

/* Makes `dir` all that there is, and becomes a user who owns nothing else. */
static int
jail(const char *dir)
{
	const struct passwd *user = getpwnam(SANDBOX_USER);
	uid_t uid = user ? user->pw_uid : 65534;
	gid_t gid = user ? user->pw_gid : 65534;
	int rc = dir_give(dir, uid, gid);

	if (rc < 0)
		return rc;
	if (chroot(dir) < 0 || chdir("/") < 0)
		return -errno;
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

/* All capabilities go but what is named, also for programs that will never be started. */
static int
drop_capabilities(bool network)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (network && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN) < 0)
		return -EPERM;
	return capng_apply(CAPNG_SELECT_BOTH) < 0 ? -EPERM : 0;
}

int
sandbox_enter(const struct sandbox *s, bool *jailed, struct err *err)
{
	bool root = geteuid() == 0;
	int rc = 0;

	*jailed = false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		rc = -errno;
	if (rc == 0 && root)
		rc = s->dir ? jail(s->dir) : drop_capabilities(s->network);
	if (rc < 0)
		return err_set(err, rc, "cannot give up root's rights: %s", err_phrase(rc));
	*jailed = root && s->dir;
	return 0;
}
