/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * preflight.c - what a party finds out about its own program before a run.
 */
#include "cli/preflight.h"

#include "cli/pattern.h"
#include "cli/preflight_script.h"
#include "cli/spawn.h"
#include "core/crypto.h"
#include "core/text.h"
#include "host/file.h"
#include "host/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of what the interpreter prints. */
#define SAID_MAX ((size_t)16 << 10)
/* Of a program. */
#define PROGRAM_SIZE_MAX ((size_t)256 << 20)
/* So many digits of a hash tell programs apart. */
#define DIGITS 32

struct facts {
	struct run_fact *list; /* RUN_FACTS_MAX */
	size_t n;
};

/* In its place among the others; the value is cut where it is too long, and made printable. */
static int
add(struct facts *f, bool told, const char *name, const char *value, struct err *e)
{
	struct run_fact *fact;
	size_t at = f->n;

	if (f->n == RUN_FACTS_MAX || strlen(name) > RUN_FACT_NAME_MAX)
		return err_set(e, ERR_FULL, "the program has more facts than parties compare");
	while (at > 0 && strcmp(f->list[at - 1].name, name) > 0)
		at--;
	memmove(&f->list[at + 1], &f->list[at], (f->n++ - at) * sizeof(*fact));
	fact = &f->list[at];
	*fact = (struct run_fact){ .told = told };
	memcpy(fact->name, name, strlen(name));
	(void)snprintf(fact->value, sizeof(fact->value), "%s", value);
	for (char *c = fact->value; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return 0;
}

static void
hex(char to[static DIGITS + 1], const uint8_t *hash)
{
	for (size_t i = 0; i < DIGITS / 2; i++)
		(void)snprintf(to + 2 * i, 3, "%02x", hash[i]);
}

/*
 * Any program
 */

/* The file that `name` means, as execvp() finds it. */
static int
find_program(char to[static PATH_MAX], const char *name, struct err *e)
{
	const char *path = getenv("PATH");
	bool forbidden = false;
	char shown[256];
	struct stat st;

	for (const char *p = path ? path : "/usr/local/bin:/usr/bin:/bin"; ; p++) {
		size_t len = strcspn(p, ":");
		int n = strchr(name, '/') ? snprintf(to, PATH_MAX, "%s", name) :
		    snprintf(to, PATH_MAX, "%.*s/%s", (int)len, len > 0 ? p : ".", name);

		if (n < PATH_MAX && stat(to, &st) == 0 && S_ISREG(st.st_mode)) {
			if (access(to, X_OK) == 0)
				return 0;
			forbidden = true;
		}
		p += len;
		if (*p == '\0' || strchr(name, '/'))
			break;
	}
	(void)text_escape(shown, sizeof(shown), name, strlen(name));
	if (forbidden)
		return err_set(e, -EXIT_NOT_RUN, "%s: this file may not be executed by this user", shown);
	return err_set(e, -EXIT_NOT_FOUND, "%s: there is no such program", shown);
}

static int
add_file(struct facts *f, const char *path, struct err *e)
{
	char digits[DIGITS + 1], *bytes;
	uint8_t hash[32];
	size_t len;
	int rc = file_load(&bytes, &len, path, PROGRAM_SIZE_MAX, e);

	if (rc < 0)
		return rc;
	crypto_sha256(hash, bytes, len);
	file_free(bytes, len);
	hex(digits, hash);
	return add(f, false, "program", digits, e);
}

/* Words with the NUL behind each, so that none runs into the next. */
static int
add_arguments(struct facts *f, char *const *argv, struct err *e)
{
	char digits[DIGITS + 1], value[RUN_FACT_MAX + 1], *all;
	size_t len = 0, at = 0, n = 0;
	uint8_t hash[32];

	for (; argv[n] != NULL; n++)
		len += strlen(argv[n]) + 1;
	if (n == 0)
		return add(f, false, "arguments", "none", e);
	all = malloc(len);
	if (all == NULL)
		return err_set(e, -ENOMEM, "there is no memory to compare arguments");
	for (size_t i = 0; i < n; at += strlen(argv[i++]) + 1)
		memcpy(all + at, argv[i], strlen(argv[i]) + 1);
	crypto_sha256(hash, all, len);
	free(all);
	hex(digits, hash);
	(void)snprintf(value, sizeof(value), "%zu, %.16s", n, digits);
	return add(f, false, "arguments", value, e);
}

static int
facts_of_program(struct facts *f, const char *path, char *const *argv, struct err *e)
{
	int rc = add_file(f, path, e);

	return rc < 0 ? rc : add_arguments(f, argv + 1, e);
}

/*
 * Python
 */

static bool
is_python(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *name = slash != NULL ? slash + 1 : program;

	return strncmp(name, "python", 6) == 0 || strncmp(name, "pypy", 4) == 0;
}

/* All that comes from `fd`, with a NUL behind it: its length, or -errno. */
static int
read_all(char *to, size_t cap, int fd)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n != 0 && len < cap - 1) {
		n = read(fd, to + len, cap - 1 - len);
		if (n < 0 && errno != EINTR)
			return -errno;
		len += n > 0 ? (size_t)n : 0;
	}
	to[len] = '\0';
	return (int)len;
}

/* Asks the interpreter; `said` gets what it prints. */
static int
ask_python(char said[static SAID_MAX], char *const *argv, struct err *e)
{
	char *words[ARGS_MAX + 3] = { argv[0], (char *)"-c", (char *)preflight_script };
	struct spawn s = { words, .err = -1 };
	int ends[2], rc;
	pid_t pid;

	said[0] = '\0';
	for (size_t i = 1; argv[i] != NULL && i < ARGS_MAX; i++)
		words[i + 2] = argv[i];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, -errno, "cannot make a pipe: %s", err_phrase(-errno));
	s.out = ends[1];
	pid = spawn_start(&s, e);
	close(ends[1]);
	rc = pid < 0 ? (int)pid : read_all(said, SAID_MAX, ends[0]);
	close(ends[0]);
	if (pid < 0)
		return rc;
	if (spawn_wait(pid, -1, NULL, NULL) != 0 || rc < 0)
		return err_set(e, -EXIT_NOT_RUN, "%s does not say what it would run", argv[0]);
	return 0;
}

/* One line of its answer. */
static int
take_line(struct facts *f, char *line, struct err *e)
{
	char *name = strchr(line, ' '), *value;

	if (name == NULL)
		return err_set(e, ERR_FORMAT, "the interpreter says what is no fact: %.60s", line);
	*name++ = '\0';
	if (strcmp(line, "error") == 0)
		return err_set(e, -EINVAL, "%s", name);
	value = strchr(name, ' ');
	if (value == NULL)
		return err_set(e, ERR_FORMAT, "the interpreter says nothing of %.24s", name);
	*value++ = '\0';
	return add(f, strcmp(line, "told") == 0, name, value, e);
}

static int
facts_of_python(struct facts *f, char *const *argv, struct err *e)
{
	char said[SAID_MAX], *save = NULL;
	int rc = ask_python(said, argv, e);

	for (char *line = strtok_r(said, "\n", &save); rc == 0 && line != NULL;
	    line = strtok_r(NULL, "\n", &save))
		rc = take_line(f, line, e);
	return rc;
}

int
preflight_facts(struct run_fact ret[static RUN_FACTS_MAX], char *const *argv, struct err *e)
{
	struct facts f = { ret, 0 };
	char path[PATH_MAX];
	int rc = find_program(path, argv[0], e);

	if (rc == 0)
		rc = is_python(argv[0]) ? facts_of_python(&f, argv, e) :
					  facts_of_program(&f, path, argv, e);
	return rc < 0 ? rc : (int)f.n;
}

/*
 * The port
 */

static int
try_port(uint16_t port)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in at4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, rc;
	bool six = fd >= 0;

	if (!six)
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	/* As asyncio does: a connection that is closing is in nobody's way. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	rc = six ? bind(fd, (struct sockaddr *)&at, sizeof(at)) :
		   bind(fd, (struct sockaddr *)&at4, sizeof(at4));
	if (rc == 0)
		rc = listen(fd, 1);
	rc = rc < 0 ? errno : 0;
	close(fd);
	return rc;
}

/* In a process of its own, which may go to the namespace and need not come back. */
static int
try_there(uint16_t port, pid_t holder)
{
	struct err ignored;
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (pid == 0)
		_exit(netns_enter(holder, &ignored) < 0 ? 0 : try_port(port));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

int
preflight_port(uint16_t port, pid_t holder, struct err *e)
{
	int error = holder > 0 ? try_there(port, holder) : try_port(port);

	if (error == 0)
		return 0;
	return err_set(e, -error, "the program could not listen at port %u here: %s; end what "
	    "uses it (ss -ltnp shows who), or make the study with another --port",
	    (unsigned)port, err_phrase(-error));
}

json_t *
preflight_json(const struct run_fact *facts, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "name", facts[i].name,
		    "value", facts[i].value, "told", facts[i].told));
	return list;
}
