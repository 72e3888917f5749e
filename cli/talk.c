/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * talk.c - finds a daemon's socket and speaks its protocol.
 */
#include "cli/talk.h"

#include "cli/interrupt.h"
#include "cli/state.h"
#include "core/text.h"
#include "host/ctl.h"
#include "host/file.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Finding *************************************************************************************/

/* A connected descriptor, or -errno. */
static int
connect_to(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd, r;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

static int
connect_to_role(const char *state, enum home_role role, char path[static PATH_MAX])
{
	struct err e;
	int r = home_path(path, state, role, HOME_SOCKET, &e);

	return r < 0 ? r : connect_to(path);
}

static bool
is_socket_name(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, ".sock") == 0;
}

/* A socket of HOME_RUN_DIR, by its name there. */
static int
connect_to_name(char path[static PATH_MAX], const char *name)
{
	if (!is_socket_name(name))
		return -ECONNREFUSED;
	snprintf(path, PATH_MAX, HOME_RUN_DIR "/%s", name);
	return connect_to(path);
}

/*
 * The only daemon of HOME_RUN_DIR that answers. -ECONNREFUSED when there is none, -EEXIST with a
 * sentence when there are several.
 */
static int
connect_to_running(char path[static PATH_MAX], struct err *e)
{
	DIR *dir = opendir(HOME_RUN_DIR);
	char other_path[PATH_MAX];
	struct dirent *entry;
	int fd = -ECONNREFUSED, other;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (fd < 0) {
			fd = connect_to_name(path, entry->d_name);
		} else if ((other = connect_to_name(other_path, entry->d_name)) >= 0) {
			close(other);
			close(fd);
			fd = err_set(e, -EEXIST, "%s and %s both run here: choose one with --state",
			    path, other_path);
			break;
		}
	}
	if (dir != NULL)
		closedir(dir);
	return fd;
}

/* One that runs all the same: its socket was taken away. 0, or -ECONNREFUSED with a sentence. */
static int
find_unreachable(const struct context *c, struct err *e)
{
	char lock[PATH_MAX];

	for (int role = HOME_NODE; role < HOME_ROLES; role++) {
		long pid = home_path(lock, c->state, (enum home_role)role, HOME_LOCK, e) == 0 ?
			file_lock_holder(lock) : 0;

		if (pid > 0)
			return err_set(e, -ECONNREFUSED, "the %s of %s runs, but its control "
			    "socket is gone: stop it with kill %ld, and start it again",
			    home_role_name((enum home_role)role), c->state, pid);
	}
	return 0;
}

/* No daemon: what would help depends on whether this host has joined. */
static int
nobody_runs(const struct context *c, struct err *e)
{
	static const char *const starters[HOME_ROLES] = { "up", "lighthouse", "ca serve" };
	const char *sudo = geteuid() == 0 ? "" : "sudo ";
	char bundle[PATH_MAX];

	if (find_unreachable(c, e) < 0)
		return -ECONNREFUSED;
	for (int role = HOME_NODE; role < HOME_ROLES; role++)
		if (home_path(bundle, c->state, (enum home_role)role, HOME_BUNDLE, e) == 0 &&
		    access(bundle, F_OK) == 0)
			return err_set(e, -ECONNREFUSED, "the %s of %s is not running: %smpynet %s",
			    home_role_name((enum home_role)role), c->state,
			    role == HOME_NODE ? sudo : "", starters[role]);
	return err_set(e, -ECONNREFUSED,
	    "no daemon runs on %s, which has joined no network: %smpynet up <bundle>", c->state,
	    sudo);
}

/* The daemon of one of the first `roles` roles. */
static int
open_role(struct talk *t, const struct context *c, int roles, struct err *e)
{
	char path[PATH_MAX];
	int fd = -ECONNREFUSED;

	for (int role = HOME_NODE; role < roles && fd < 0 && fd != -EACCES; role++)
		fd = connect_to_role(c->state, (enum home_role)role, path);
	if (fd < 0 && !state_is_given(c->state_option))
		fd = connect_to_running(path, e);
	if (fd == -EACCES)
		return err_set(e, fd,
		    "%s is not for this user: try sudo, or become a member of the group mpynet",
		    path);
	if (fd == -ENAMETOOLONG)
		return err_set(e, -EINVAL, "%s is too long for a socket: choose a shorter --state",
		    path);
	if (fd == -EEXIST)
		return fd;
	if (fd < 0)
		return nobody_runs(c, e);
	*t = (struct talk){ .fd = fd };
	return 0;
}

int
talk_open(struct talk *t, const struct context *c, struct err *e)
{
	return open_role(t, c, HOME_ROLES, e);
}

int
talk_open_node(struct talk *t, const struct context *c, struct err *e)
{
	return open_role(t, c, HOME_NODE + 1, e);
}

void
talk_close(struct talk *t)
{
	close(t->fd);
	free(t->line);
}

void
talk_sweep(const char *name)
{
	char path[PATH_MAX];
	int fd;

	if (geteuid() != 0 || !text_is_name(name, strlen(name)))
		return;
	snprintf(path, sizeof(path), HOME_RUN_DIR "/%s.sock", name);
	fd = connect_to(path);
	if (fd >= 0)
		close(fd); /* another daemon has taken the name */
	else if (fd == -ECONNREFUSED)
		unlink(path);
}

/* Asking **************************************************************************************/

static int
daemon_gone(struct err *e)
{
	return err_set(e, -ECONNRESET,
	    "the daemon closed the connection: it stopped, or has %d clients already",
	    CTL_CLIENTS_MAX);
}

static int
send_all(int fd, const char *p, size_t len, struct err *e)
{
	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR && !interrupt_seen())
			continue;
		if (n < 0)
			return errno == EINTR ? err_set(e, -EINTR, "interrupted") : daemon_gone(e);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
talk_ask(struct talk *t, const char *verb, json_t *args, struct err *e)
{
	json_t *question = json_pack("{s:i, s:I, s:s, s:o}", "v", 1, "id", ++t->id, "verb", verb,
	    "args", args != NULL ? args : json_object());
	char *text =
	    question != NULL ? json_dumps(question, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	size_t len = text != NULL ? strlen(text) : 0;
	int r;

	json_decref(question);
	if (text == NULL)
		return err_set(e, -EINVAL, "this is not text in UTF-8");
	text[len] = '\n'; /* the line ends where the string did */
	r = send_all(t->fd, text, len + 1, e);
	free(text);
	return r;
}

/* Answers *************************************************************************************/

static int
refusal_parse(struct talk_answer *a, const json_t *error)
{
	const json_t *code = json_object_get(error, "code");
	const json_t *text = json_object_get(error, "text");

	if (!json_is_integer(code) || !json_is_string(text))
		return ERR_FORMAT;
	a->code = (int)json_integer_value(code);
	if (a->code <= 0 || a->code > EXIT_CONFIG)
		a->code = EXIT_CONFIG;
	text_escape(a->why.text, sizeof(a->why.text), json_string_value(text),
	    json_string_length(text));
	return 0;
}

int
talk_answer_parse(struct talk_answer *ret, const char *line, size_t len)
{
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *id = json_object_get(object, "id"), *v = json_object_get(object, "v");
	json_t *body = json_object_get(object, "body");
	struct talk_answer a = {
		.id = json_integer_value(id),
		.more = json_is_true(json_object_get(object, "more")),
	};
	int r = 0;

	if (!json_is_integer(v) || !json_is_integer(id))
		r = ERR_FORMAT;
	else if (json_integer_value(v) != 1)
		r = ERR_VERSION;
	else if (json_is_object(body))
		a.body = json_incref(body);
	else
		r = refusal_parse(&a, json_object_get(object, "error"));
	json_decref(object);
	if (r == 0)
		*ret = a;
	return r;
}

static usec_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (usec_t)ts.tv_sec * 1000 + (usec_t)ts.tv_nsec / 1000000;
}

/* Waits until something can be read. 0, -ETIMEDOUT or -EINTR. */
static int
wait_readable(int fd, usec_t until_ms, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (;;) {
		usec_t now = now_ms();
		int n;

		if (interrupt_seen())
			return err_set(e, -EINTR, "interrupted");
		if (now >= until_ms)
			return err_set(e, -ETIMEDOUT, "the daemon does not answer");
		n = poll(&p, 1, (int)min_u64(until_ms - now, 1000));
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_set(e, -errno, "poll: %s", err_phrase(-errno));
	}
}

static int
make_room(struct talk *t, struct err *e)
{
	size_t cap = t->cap > 0 ? t->cap * 2 : 65536;
	char *line;

	if (t->have < t->cap)
		return 0;
	if (cap > TALK_LINE_MAX)
		return err_set(e, ERR_FULL, "the daemon's answer is longer than %zu MiB",
		    TALK_LINE_MAX >> 20);
	line = realloc(t->line, cap);
	if (line == NULL)
		return err_set(e, -ENOMEM, "out of memory");
	t->line = line;
	t->cap = cap;
	return 0;
}

/* Reads what has come, once it has. The number of bytes; 0 at the end. */
static int
read_more(struct talk *t, usec_t until_ms, struct err *e)
{
	ssize_t n;
	int r = make_room(t, e);

	if (r < 0 || (r = wait_readable(t->fd, until_ms, e)) < 0)
		return r;
	n = read(t->fd, t->line + t->have, t->cap - t->have);
	if (n <= 0)
		return 0;
	t->have += (size_t)n;
	return (int)n;
}

/* The next line, its length without the newline. It is valid until the next call. */
static int
read_line(struct talk *t, const char **ret, size_t *ret_len, usec_t until_ms, struct err *e)
{
	const char *end;

	if (t->taken > 0) {
		t->have -= t->taken;
		memmove(t->line, t->line + t->taken, t->have);
		t->taken = 0;
	}
	while (t->have == 0 || (end = memchr(t->line, '\n', t->have)) == NULL) {
		int n = read_more(t, until_ms, e);

		if (n <= 0)
			return n < 0 ? n : daemon_gone(e);
	}
	*ret = t->line;
	*ret_len = (size_t)(end - t->line);
	t->taken = *ret_len + 1;
	return 0;
}

int
talk_next(struct talk *t, json_t **ret_body, bool *ret_more, int timeout_ms, struct err *e)
{
	usec_t until = now_ms() + (usec_t)timeout_ms;
	struct talk_answer a = { 0 };
	const char *line = NULL;
	size_t len = 0;
	int r;

	do {
		json_decref(a.body);
		if ((r = read_line(t, &line, &len, until, e)) < 0)
			return r;
		if ((r = talk_answer_parse(&a, line, len)) < 0)
			return err_set(e, r,
			    "the daemon's answer cannot be read; is it another "
			    "version of mpynet?");
	} while (a.id != t->id && !(a.id == 0 && a.body == NULL));
	if (a.body == NULL)
		return err_set(e, a.code, "%s", a.why.text);
	*ret_body = a.body;
	*ret_more = a.more;
	return 0;
}

bool
talk_has_answer(const struct talk *t)
{
	return memchr(t->line + t->taken, '\n', t->have - t->taken) != NULL;
}

int
talk_wait_closed(struct talk *t, int timeout_ms, struct err *e)
{
	usec_t until = now_ms() + (usec_t)timeout_ms;
	int r;

	do {
		t->have = t->taken = 0;
		r = read_more(t, until, e);
	} while (r > 0);
	return r;
}

/* One question and its answer. */
static int
converse(struct talk *t, const char *verb, json_t *args, json_t **ret_body, struct err *e)
{
	bool more;
	int r = talk_ask(t, verb, args, e);

	if (r == 0)
		r = talk_next(t, ret_body, &more, TALK_PATIENCE_MS, e);
	talk_close(t);
	return r;
}

int
talk_call(const struct context *c, const char *verb, json_t *args, json_t **ret_body, struct err *e)
{
	struct talk t;
	int r = talk_open(&t, c, e);

	if (r == 0)
		return converse(&t, verb, args, ret_body, e);
	json_decref(args);
	return r;
}

int
talk_call_role(const struct context *c, enum home_role role, const char *verb, json_t *args,
    json_t **ret_body, struct err *e)
{
	char path[PATH_MAX];
	struct talk t = { .fd = connect_to_role(c->state, role, path) };

	if (t.fd >= 0)
		return converse(&t, verb, args, ret_body, e);
	json_decref(args);
	return err_set(e, t.fd, "%s: %s", path, err_phrase(t.fd));
}

bool
body_of_lighthouse(const json_t *body)
{
	const char *role = json_string_value(json_object_get(body, "role"));

	return role != NULL && strcmp(role, "lighthouse") == 0;
}

int
talk_show(struct context *c, const char *verb, json_t *args, const struct view *views,
    struct err *e)
{
	json_t *body;
	int r = talk_call(c, verb, args, &body, e);

	if (r != 0)
		return r;
	output_show(&c->out, body, views);
	json_decref(body);
	return EXIT_DONE;
}
