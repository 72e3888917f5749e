/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test.h - a test program in one header.
 *
 * A file of tests includes this once and holds TEST(what_is_true) { ... } blocks; it
 * is a program of its own.  An ASSERT that does not hold ends its test, also from
 * within a function the test called, and the others still run.
 *
 * TEST_ONLY=word runs the tests whose name contains word.  Random tests draw from
 * test_rand(), which starts from TEST_SEED or, without it, from a new seed; a failing
 * test prints the seed that brings it back.
 */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

static struct {
	struct test *first, **last;
	const char *now;		/* the name of the test that runs */
	jmp_buf failed;
	uint64_t seed, state;
} tests = { .last = &tests.first };

#define TEST(NAME)							\
	static void test_##NAME(void);					\
	__attribute__((constructor)) static void			\
	test_register_##NAME(void)					\
	{								\
		static struct test t = { #NAME, test_##NAME, NULL };	\
									\
		*tests.last = &t;					\
		tests.last = &t.next;					\
	}								\
	static void							\
	test_##NAME(void)

#define ASSERT(COND)							\
	do {								\
		if (!(COND))						\
			test_fail(__FILE__, __LINE__, "%s", #COND);	\
	} while (0)

/* Two integers are equal; both are shown when they are not. */
#define ASSERT_EQ(A, B)							\
	do {								\
		long long a_ = (long long)(A), b_ = (long long)(B);	\
									\
		if (a_ != b_)						\
			test_fail(__FILE__, __LINE__,			\
			    "%s == %s: %lld and %lld", #A, #B, a_, b_);	\
	} while (0)

/* Two strings are equal. */
#define ASSERT_STR(A, B)						\
	do {								\
		const char *a_ = (A), *b_ = (B);			\
									\
		if (!a_ || !b_ || strcmp(a_, b_) != 0)			\
			test_fail(__FILE__, __LINE__,			\
			    "%s == %s: \"%s\" and \"%s\"", #A, #B,	\
			    a_ ? a_ : "(null)", b_ ? b_ : "(null)");	\
	} while (0)

/* `LEN` bytes are equal; the first that differs is shown. */
#define ASSERT_MEM(A, B, LEN)						\
	test_mem(__FILE__, __LINE__, #A " == " #B, (A), (B), (LEN))

__attribute__((noreturn, format(printf, 3, 4))) static inline void
test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("FAILED %s\n  %s:%d: ", tests.now, file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n  again with: TEST_SEED=%" PRIu64 " TEST_ONLY=%s\n", tests.seed, tests.now);
	longjmp(tests.failed, 1);
}

static inline void
test_mem(const char *file, int line, const char *what, const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < len; i++)
		if (x[i] != y[i])
			test_fail(file, line, "%s: byte %zu of %zu is %02x and %02x", what, i, len,
			    x[i], y[i]);
}

/* The next 64 random bits of this test (splitmix64). */
static inline uint64_t
test_rand(void)
{
	uint64_t z = (tests.state += 0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* A random number below `n`. */
static inline uint64_t
test_below(uint64_t n)
{
	return test_rand() % n;
}

static inline void
test_fill(void *p, size_t len)
{
	uint8_t *b = p;

	for (size_t i = 0; i < len; i++)
		b[i] = test_rand() & 0xff;
}

/* An assertion of the program itself: say in which test, then die as it wanted to. */
static void
test_on_abort(int sig)
{
	ssize_t n = write(2, "aborted in test ", 16);

	if (tests.now)
		n = write(2, tests.now, strlen(tests.now));
	n += write(2, "\n", 1);
	(void)n;
	signal(sig, SIG_DFL);
	raise(sig);
}

int
main(int argc, char **argv)
{
	const char *only = getenv("TEST_ONLY"), *seed = getenv("TEST_SEED");
	const char *slash = strrchr(argv[0], '/');
	int passed = 0;
	volatile int failed = 0;
	volatile int count = 0;

	(void)argc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGABRT, test_on_abort);
	if (seed)
		tests.seed = strtoull(seed, NULL, 0);
	else if (getrandom(&tests.seed, sizeof(tests.seed), 0) < 0)
		abort();

	for (struct test *volatile t = tests.first; t; t = t->next) {
		if (only && !strstr(t->name, only))
			continue;
		tests.now = t->name;
		tests.state = tests.seed;
		count++;
		if (setjmp(tests.failed))
			failed++;
		else
			t->run();
	}
	passed = count - failed;
	printf("%s: %d passed, %d failed\n", slash ? slash + 1 : argv[0], passed, failed);
	return failed != 0;
}

#endif
