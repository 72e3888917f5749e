/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * live.h - a counting allocator: how much memory the whole program holds at this moment.
 *
 * To be included by one file of a program, whose malloc and free it becomes. A sanitizer has its
 * own, and there nothing is counted: the numbers stay 0.
 */
#ifndef TESTS_UNIT_LIVE_H
#define TESTS_UNIT_LIVE_H

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

struct live {
	size_t blocks;
	size_t bytes;
};

static struct live live_now;

static inline struct live
live(void)
{
	return live_now;
}

#ifndef SANITIZED

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);

static void *
live_add(void *p)
{
	if (p != NULL) {
		live_now.blocks++;
		live_now.bytes += malloc_usable_size(p);
	}
	return p;
}

static void
live_remove(void *p)
{
	if (p != NULL) {
		live_now.blocks--;
		live_now.bytes -= malloc_usable_size(p);
	}
}

void *
malloc(size_t n)
{
	return live_add(__libc_malloc(n));
}

void *
calloc(size_t n, size_t size)
{
	return live_add(__libc_calloc(n, size));
}

void *
realloc(void *p, size_t n)
{
	live_remove(p);
	return live_add(__libc_realloc(p, n));
}

void *
aligned_alloc(size_t align, size_t n)
{
	return live_add(__libc_memalign(align, n));
}

void
free(void *p)
{
	live_remove(p);
	__libc_free(p);
}

#endif
#endif
