/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_preflight.c - what a party finds out about its own program.
 */
#include "tests/unit/test.h"

#include "cli/preflight.h"
#include "cli/spawn.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PYTHON ((char *)"python3")

/* A directory with a program of two modules, one of which is a package. */
struct place {
	char dir[64];
	char program[PATH_MAX];
	struct err err;
};

static void
put(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ASSERT(f != NULL);
	ASSERT(fputs(text, f) >= 0);
	ASSERT_EQ(fclose(f), 0);
}

static void
open_place(struct place *p)
{
	char package[PATH_MAX];

	memset(p, 0, sizeof(*p));
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/preflight-XXXXXX");
	ASSERT(mkdtemp(p->dir) != NULL);
	(void)snprintf(package, sizeof(package), "%s/pack", p->dir);
	ASSERT_EQ(mkdir(package, 0700), 0);
	(void)snprintf(p->program, sizeof(p->program), "%s/prog.py", p->dir);
	put(p->dir, "prog.py", "import sys, helper\nfrom pack import part\nprint(helper.x)\n");
	put(p->dir, "helper.py", "x = 1\n");
	put(p->dir, "unused.py", "x = 1\n");
	put(p->dir, "pack/__init__.py", "");
	put(p->dir, "pack/part.py", "y = 2\n");
}

static void
close_place(struct place *p)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -r %s", p->dir);
	ASSERT_EQ(system(command), 0);
}

struct said {
	struct run_fact facts[RUN_FACTS_MAX];
	int n;
};

static struct said
ask(struct place *p, char *const *argv)
{
	uint8_t room[RUN_FACTS_LEN_MAX];
	struct said s;

	s.n = preflight_facts(s.facts, argv, &p->err);
	if (s.n >= 0)
		ASSERT(run_facts_encode(room, sizeof(room), s.facts, (size_t)s.n) > 0);
	return s;
}

static const struct run_fact *
fact(const struct said *s, const char *name)
{
	for (int i = 0; i < s->n; i++)
		if (strcmp(s->facts[i].name, name) == 0)
			return &s->facts[i];
	return NULL;
}

static bool
same(const struct said *a, const struct said *b, const char *name)
{
	const struct run_fact *x = fact(a, name), *y = fact(b, name);

	ASSERT(x != NULL && y != NULL);
	return strcmp(x->value, y->value) == 0;
}

TEST(a_program_is_itself_and_what_it_imports_from_beside_it)
{
	struct place p, other;
	struct said a, b;

	open_place(&p);
	open_place(&other);
	a = ask(&p, (char *[]){ PYTHON, p.program, (char *)"5", NULL });
	b = ask(&other, (char *[]){ PYTHON, (char *)"-O", other.program, (char *)"5", NULL });
	ASSERT(a.n > 5);
	ASSERT_EQ(a.n, b.n);
	for (int i = 0; i < a.n; i++)
		ASSERT(same(&a, &b, a.facts[i].name));
	ASSERT(strstr(fact(&a, "program")->value, ", 4 files") != NULL);
	put(other.dir, "unused.py", "x = 2\n");
	b = ask(&other, (char *[]){ PYTHON, other.program, (char *)"5", NULL });
	ASSERT(same(&a, &b, "program"));
	put(other.dir, "pack/part.py", "y = 3\n");
	b = ask(&other, (char *[]){ PYTHON, other.program, (char *)"5", NULL });
	ASSERT(!same(&a, &b, "program"));
	ASSERT(same(&a, &b, "arguments"));
	close_place(&p);
	close_place(&other);
}

TEST(the_version_of_mpyc_is_that_of_the_one_that_is_imported)
{
	struct place p;
	const struct run_fact *mpyc, *options;
	struct said s;
	char dir[PATH_MAX];

	open_place(&p);
	(void)snprintf(dir, sizeof(dir), "%s/mpyc", p.dir);
	ASSERT_EQ(mkdir(dir, 0700), 0);
	put(p.dir, "mpyc/__init__.py", "x = 1\n__version__ = '0.7.1'\n");
	s = ask(&p, (char *[]){ PYTHON, p.program, (char *)"5", (char *)"-T1", NULL });
	mpyc = fact(&s, "mpyc");
	options = fact(&s, "options");
	ASSERT(mpyc != NULL && options != NULL);
	ASSERT_STR(mpyc->value, "0.7.1");
	ASSERT_STR(options->value, "T=1");
	close_place(&p);
}

TEST(arguments_are_compared_and_do_not_leave_this_host)
{
	struct place p;
	struct said a, b;

	open_place(&p);
	a = ask(&p, (char *[]){ PYTHON, p.program, (char *)"secret", NULL });
	b = ask(&p, (char *[]){ PYTHON, p.program, (char *)"secrets", NULL });
	ASSERT(!same(&a, &b, "arguments"));
	for (int i = 0; i < a.n; i++)
		ASSERT(strstr(a.facts[i].value, "secret") == NULL);
	b = ask(&p, (char *[]){ PYTHON, p.program, NULL });
	ASSERT_STR(fact(&b, "arguments")->value, "none");
	close_place(&p);
}

TEST(what_cannot_be_run_is_said)
{
	static const struct {
		const char *text; /* of the program; NULL: there is none */
		const char *says;
	} cases[] = {
		{ NULL, "No such file" },
		{ "def f(:\n", "no Python program" },
	};
	struct place p;
	struct said s;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		open_place(&p);
		if (cases[i].text == NULL)
			ASSERT_EQ(unlink(p.program), 0);
		else
			put(p.dir, "prog.py", cases[i].text);
		s = ask(&p, (char *[]){ PYTHON, p.program, NULL });
		ASSERT_EQ(s.n, -EINVAL);
		ASSERT(strstr(p.err.text, cases[i].says) != NULL);
		close_place(&p);
	}
	open_place(&p);
	s = ask(&p, (char *[]){ PYTHON, NULL });
	ASSERT_EQ(s.n, -EINVAL);
	s = ask(&p, (char *[]){ (char *)"/nowhere/python3", p.program, NULL });
	ASSERT(s.n < 0);
	s = ask(&p, (char *[]){ (char *)"no-such-program", NULL });
	ASSERT(s.n < 0);
	ASSERT(strstr(p.err.text, "no such program") != NULL);
	s = ask(&p, (char *[]){ p.program, NULL });
	ASSERT_EQ(s.n, -EXIT_NOT_RUN);
	ASSERT(strstr(p.err.text, "may not be executed") != NULL);
	s = ask(&p, (char *[]){ p.dir, NULL });
	ASSERT_EQ(s.n, -EXIT_NOT_FOUND);
	close_place(&p);
}

TEST(any_program_is_its_file_and_its_arguments)
{
	struct place p;
	struct said a, b;

	open_place(&p);
	a = ask(&p, (char *[]){ (char *)"sh", (char *)"-c", (char *)"true", NULL });
	b = ask(&p, (char *[]){ (char *)"/bin/sh", (char *)"-c", (char *)"true", NULL });
	ASSERT_EQ(a.n, 2);
	ASSERT(same(&a, &b, "program") && same(&a, &b, "arguments"));
	b = ask(&p, (char *[]){ (char *)"sh", (char *)"-ctrue", NULL });
	ASSERT(!same(&a, &b, "arguments"));
	close_place(&p);
}

TEST(a_port_in_use_is_noticed)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct err e;

	ASSERT(fd >= 0);
	ASSERT_EQ(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ASSERT_EQ(listen(fd, 1), 0);
	ASSERT_EQ(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	ASSERT_EQ(preflight_port(ntohs(at.sin_port), 0, &e), -EADDRINUSE);
	close(fd);
	ASSERT_EQ(preflight_port(ntohs(at.sin_port), 0, &e), 0);
}
