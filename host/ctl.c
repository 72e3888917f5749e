/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ctl.c - answers questions on a unix socket.
 */
#include "host/ctl.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 8
#define GROUPS_MAX 64

struct ctl_client {
	uv_pipe_t pipe;
	struct ctl *ctl;
	uint64_t number;
	bool may_see, may_change;
	size_t have;		/* bytes of `line` that have come */
	char line[CTL_LINE_MAX];
};

/* How answers are written: on one line, and in ASCII, so that no byte needs a second look. */
#define FORMAT (JSON_COMPACT | JSON_ENSURE_ASCII)

/* One answer on its way. */
struct answer {
	uv_write_t write;
	char text[];
};

static void
on_client_closed(uv_handle_t *handle)
{
	free(CONTAINER_OF(handle, struct ctl_client, pipe));
}

/* Takes the client off the list at once; its memory goes when libuv lets go of the handle. */
static void
disconnect(struct ctl_client *client)
{
	struct ctl *c = client->ctl;

	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++) {
		if (c->clients[i] != client)
			continue;
		c->clients[i] = NULL;
		if (c->on_gone)
			c->on_gone(c->ctx, client->number);
	}
	if (!uv_is_closing((uv_handle_t *)&client->pipe))
		uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

static struct ctl_client *
find(struct ctl *c, uint64_t number)
{
	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++)
		if (c->clients[i] && c->clients[i]->number == number)
			return c->clients[i];
	return NULL;
}

static void
on_written(uv_write_t *write, int status)
{
	(void)status;		/* a client that is gone is noticed by reading */
	free(CONTAINER_OF(write, struct answer, write));
}

/* Sends one object as a line. Takes the reference. */
static int
send_line(struct ctl_client *client, json_t *object)
{
	size_t len = json_dumpb(object, NULL, 0, FORMAT);
	struct answer *a = malloc(sizeof(*a) + len + 1);
	uv_buf_t buf;
	int rc;

	if (a)
		json_dumpb(object, a->text, len, FORMAT);
	json_decref(object);
	if (!a)
		return -ENOMEM;
	a->text[len] = '\n';
	buf = uv_buf_init(a->text, (unsigned)len + 1);
	rc = uv_write(&a->write, (uv_stream_t *)&client->pipe, &buf, 1, on_written);
	if (rc < 0)
		free(a);
	if (rc < 0 || uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe) > CTL_UNREAD_MAX)
		disconnect(client);
	return rc;
}

int
ctl_answer(struct ctl *c, uint64_t number, json_int_t id, json_t *body, bool more)
{
	struct ctl_client *client = find(c, number);
	json_t *object;

	if (!client) {
		json_decref(body);
		return ERR_UNKNOWN;
	}
	object = json_pack("{s:i, s:I, s:o}", "v", CTL_VERSION, "id", id, "body", body);
	if (object && more)
		json_object_set_new(object, "more", json_true());
	return object ? send_line(client, object) : -ENOMEM;
}

int
ctl_refuse(struct ctl *c, uint64_t number, json_int_t id, enum ctl_refusal why, const char *fmt, ...)
{
	struct ctl_client *client = find(c, number);
	char text[ERR_TEXT_MAX];
	json_t *object;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!client)
		return ERR_UNKNOWN;
	object = json_pack("{s:i, s:I, s:{s:i, s:s}}", "v", CTL_VERSION, "id", id, "error", "code",
	    (int)why, "text", text);
	if (!object)	/* the sentence quotes what is not UTF-8 */
		object = json_pack("{s:i, s:I, s:{s:i, s:s}}", "v", CTL_VERSION, "id", id, "error",
		    "code", (int)why, "text", "the request was refused");
	return object ? send_line(client, object) : -ENOMEM;
}

enum ctl_refusal
ctl_refusal_of(int rc)
{
	switch (rc) {
	case -EINVAL:
		return CTL_USAGE;
	case -EPERM:
	case -EACCES:
	case ERR_DENIED:
		return CTL_PERMISSION;
	case -ETIMEDOUT:
		return CTL_TIMEOUT;
	case ERR_UNKNOWN:
	case ERR_FULL:
		return CTL_NO;
	default:
		return CTL_CONFIG;
	}
}

/* Hands one request on, or says what is wrong with it. */
static void
handle_line(struct ctl_client *client, const char *line, size_t len)
{
	struct ctl *c = client->ctl;
	struct ctl_request r = {
		.client = client->number,
		.may_see = client->may_see,
		.may_change = client->may_change,
	};
	json_error_t error;
	json_t *none = json_object();
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	json_int_t version = json_integer_value(json_object_get(object, "v"));
	const json_t *id = json_object_get(object, "id");

	r.id = json_integer_value(id);
	r.verb = json_string_value(json_object_get(object, "verb"));
	r.args = json_object_get(object, "args");
	if (!r.args)
		r.args = none;
	if (!json_is_object(object))
		ctl_refuse(c, r.client, 0, CTL_USAGE, "a request is one JSON object on a line");
	else if (version != CTL_VERSION)
		ctl_refuse(c, r.client, r.id, CTL_USAGE,
		    "this daemon speaks version %d of the control protocol; use the mpynet it was "
		    "started with", CTL_VERSION);
	else if (!json_is_integer(id) || !r.verb || !json_is_object(r.args))
		ctl_refuse(c, r.client, r.id, CTL_USAGE,
		    "a request has an integer \"id\", a string \"verb\" and an object \"args\"");
	else
		c->on_request(c->ctx, &r);
	json_decref(object);
	json_decref(none);
}

/* Handles every line that is complete. The client may be gone afterwards. */
static void
handle_lines(struct ctl_client *client)
{
	struct ctl *c = client->ctl;
	uint64_t number = client->number;
	char *end;

	while ((end = memchr(client->line, '\n', client->have))) {
		size_t len = (size_t)(end - client->line);

		handle_line(client, client->line, len);
		if (find(c, number) != client)
			return;
		client->have -= len + 1;
		memmove(client->line, end + 1, client->have);
	}
	if (client->have == CTL_LINE_MAX) {
		ctl_refuse(c, number, 0, CTL_USAGE, "a request has at most %zu bytes",
		    CTL_LINE_MAX);
		if (find(c, number) == client)
			disconnect(client);
	}
}

static void
give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct ctl_client *client = CONTAINER_OF(handle, struct ctl_client, pipe);

	(void)suggested;
	*buf = uv_buf_init(client->line + client->have, (unsigned)(CTL_LINE_MAX - client->have));
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct ctl_client *client = CONTAINER_OF(stream, struct ctl_client, pipe);

	(void)buf;
	if (n < 0) {
		disconnect(client);
		return;
	}
	client->have += (size_t)n;
	handle_lines(client);
}

/* Is the process at the other end in the group that may see? */
static bool
in_group(const struct ctl *c, int fd, gid_t primary)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (!c->has_group)
		return false;
	if (primary == c->group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return false;
	for (size_t i = 0; i < len / sizeof(gid_t); i++)
		if (groups[i] == c->group)
			return true;
	return false;
}

static void
judge(struct ctl_client *client)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	uv_os_fd_t fd;

	if (uv_fileno((uv_handle_t *)&client->pipe, &fd) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return;
	client->may_change = cred.uid == 0 || cred.uid == client->ctl->owner;
	client->may_see = client->may_change || in_group(client->ctl, fd, cred.gid);
}

static struct ctl_client **
free_place(struct ctl *c)
{
	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++)
		if (!c->clients[i])
			return &c->clients[i];
	return NULL;
}

static void
on_connection(uv_stream_t *socket, int status)
{
	struct ctl *c = socket->data;
	struct ctl_client **place = free_place(c);
	struct ctl_client *client = status < 0 ? NULL : calloc(1, sizeof(*client));

	if (!client)
		return;
	client->ctl = c;
	client->number = ++c->next_client;
	uv_pipe_init(c->loop, &client->pipe, 0);
	/* With no place free it is accepted all the same, so that it learns so at once. */
	if (uv_accept(socket, (uv_stream_t *)&client->pipe) < 0 || !place) {
		disconnect(client);
		return;
	}
	*place = client;
	judge(client);
	if (uv_read_start((uv_stream_t *)&client->pipe, give_room, on_read) < 0)
		disconnect(client);
}

void
ctl_init(struct ctl *c, uv_loop_t *loop, void *ctx,
    void (*on_request)(void *ctx, const struct ctl_request *r))
{
	const struct group *group = getgrnam(CTL_GROUP);

	*c = (struct ctl){
		.loop = loop,
		.owner = geteuid(),
		.has_group = group != NULL,
		.group = group ? group->gr_gid : 0,
		.ctx = ctx,
		.on_request = on_request,
	};
}

int
ctl_listen(struct ctl *c, const char *path, mode_t mode, struct err *err)
{
	uv_pipe_t *socket = &c->sockets[c->n_sockets];
	mode_t before;
	int rc;

	assert(c->n_sockets < CTL_SOCKETS_MAX);
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return err_set(err, -ENAMETOOLONG, "%s: a socket's path has at most %zu bytes; "
		    "choose a shorter --state", path,
		    sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	rc = uv_pipe_init(c->loop, socket, 0);
	if (rc < 0)
		return err_set(err, rc, "%s: %s", path, uv_strerror(rc));
	socket->data = c;
	c->n_sockets++;
	unlink(path);
	before = umask(0777 & ~mode);
	rc = uv_pipe_bind(socket, path);
	umask(before);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)socket, BACKLOG, on_connection);
	return rc < 0 ? err_set(err, rc, "%s: cannot listen: %s", path, uv_strerror(rc)) : 0;
}

void
ctl_unlisten(struct ctl *c)
{
	/* libuv unlinks the path of a pipe that was bound. */
	for (size_t i = 0; i < c->n_sockets; i++)
		uv_close((uv_handle_t *)&c->sockets[i], NULL);
	c->n_sockets = 0;
}

void
ctl_close(struct ctl *c)
{
	ctl_unlisten(c);
	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++)
		if (c->clients[i])
			disconnect(c->clients[i]);
}
