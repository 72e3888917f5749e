/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fault.c - stands between a program and the kernel, and goes wrong at one call.
 *
 * Preloaded (LD_PRELOAD), it counts the calls that change what is on the disk: write, truncate,
 * sync, rename, link, unlink, and open where that creates. At call number $FAULT_AT it does what
 * $FAULT_HOW says:
 *
 *	kill	ends the process before the call, as kill -9 would
 *	torn	writes half of what was to be written, then ends the process
 *	EIO, ENOSPC, EROFS, EDQUOT
 *		lets the call fail; with $FAULT_STAYS every later one too
 *
 * Without $FAULT_AT it only counts. At exit the count is written to $FAULT_COUNT. With $FAULT_RAM
 * the machine seems to have so many bytes of memory.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long calls, at;
static int error_number; /* 0: kill */
static bool torn, stays;

/* The function of that name behind this one. */
#define REAL(NAME) ((__typeof__(&NAME))next_symbol(#NAME))

static void *
next_symbol(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (p == NULL)
		abort();
	return p;
}

__attribute__((constructor)) static void
read_orders(void)
{
	static const struct {
		const char *name;
		int number;
	} errors[] = {
		{ "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EROFS", EROFS }, { "EDQUOT", EDQUOT },
	};
	const char *n = getenv("FAULT_AT"), *how = getenv("FAULT_HOW");

	at = n != NULL ? atol(n) : 0;
	stays = getenv("FAULT_STAYS") != NULL;
	torn = how != NULL && strcmp(how, "torn") == 0;
	for (size_t i = 0; how != NULL && i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (strcmp(how, errors[i].name) == 0)
			error_number = errors[i].number;
	}
}

__attribute__((destructor)) static void
write_count(void)
{
	const char *path = getenv("FAULT_COUNT");
	FILE *f = path != NULL ? fopen(path, "w") : NULL;

	if (f == NULL)
		return;
	fprintf(f, "%ld\n", calls);
	fclose(f);
}

/* Is it this call's turn to fail? */
static bool
turn(void)
{
	long n = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);

	return at > 0 && (n == at || (n > at && stays && error_number != 0));
}

static void
die(void)
{
	raise(SIGKILL);
}

/* True: the caller returns -1. */
static bool
fails(void)
{
	if (!turn())
		return false;
	if (error_number == 0)
		die();
	errno = error_number;
	return true;
}

/* Terminals and pipes are no disk. */
static bool
is_file(int fd)
{
	return lseek(fd, 0, SEEK_CUR) >= 0;
}

ssize_t
write(int fd, const void *p, size_t n)
{
	if (is_file(fd)) {
		if (torn && calls + 1 == at && n > 1)
			(void)!REAL(write)(fd, p, n / 2);
		if (fails())
			return -1;
	}
	return REAL(write)(fd, p, n);
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t where)
{
	if (torn && calls + 1 == at && n > 1)
		(void)!REAL(pwrite64)(fd, p, n / 2, where);
	return fails() ? -1 : REAL(pwrite64)(fd, p, n, where);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t where)
{
	return pwrite64(fd, p, n, where);
}

int
ftruncate64(int fd, off64_t len)
{
	return fails() ? -1 : REAL(ftruncate64)(fd, len);
}

int
ftruncate(int fd, off_t len)
{
	return ftruncate64(fd, len);
}

int
fsync(int fd)
{
	return fails() ? -1 : REAL(fsync)(fd);
}

int
fdatasync(int fd)
{
	return fails() ? -1 : REAL(fdatasync)(fd);
}

int
rename(const char *from, const char *to)
{
	return fails() ? -1 : REAL(rename)(from, to);
}

int
renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	return fails() ? -1 : REAL(renameat2)(from_dir, from, to_dir, to, flags);
}

int
link(const char *from, const char *to)
{
	return fails() ? -1 : REAL(link)(from, to);
}

int
linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	return fails() ? -1 : REAL(linkat)(from_dir, from, to_dir, to, flags);
}

int
unlink(const char *path)
{
	return fails() ? -1 : REAL(unlink)(path);
}

int
open64(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	/* Opening what is there changes nothing. */
	if ((flags & O_CREAT) && access(path, F_OK) < 0 && fails())
		return -1;
	return REAL(open64)(path, flags, mode);
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return open64(path, flags, mode);
}

long
sysconf(int name)
{
	const char *ram = getenv("FAULT_RAM");

	if (name == _SC_PHYS_PAGES && ram != NULL)
		return atol(ram) / REAL(sysconf)(_SC_PAGESIZE);
	return REAL(sysconf)(name);
}
