/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_control.c - both ends of the control socket read anything.
 *
 * The input is sent to a daemon's socket in two pieces, as a client might; whatever it answers must
 * be an answer. The same input is also read as the answer of a daemon and shown.
 */
#include "tests/fuzz/fuzz.h"

#include "cli/talk.h"
#include "cli/cmd.h"
#include "host/ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
	uv_loop_t loop;
	struct ctl ctl;
	struct sockaddr_un at;
	FILE *nowhere;
} fuzz;

static void
on_request(void *ctx, const struct ctl_request *r)
{
	struct ctl *c = ctx;

	assert(r->verb != NULL && json_is_object(r->args));
	if (json_object_size(r->args) > 0)
		ctl_answer(c, r->client, r->id, json_deep_copy(r->args), false);
	else
		ctl_refuse(c, r->client, r->id, CTL_NO, "there is no '%s'", r->verb);
}

static void
remove_socket(void)
{
	unlink(fuzz.at.sun_path);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err e;

	(void)argc;
	(void)argv;
	fuzz.at.sun_family = AF_UNIX;
	snprintf(fuzz.at.sun_path, sizeof(fuzz.at.sun_path), "/tmp/mpynet-fuzz-%d.sock",
	    (int)getpid());
	fuzz.nowhere = fopen("/dev/null", "w");
	if (fuzz.nowhere == NULL || uv_loop_init(&fuzz.loop) < 0)
		abort();
	ctl_init(&fuzz.ctl, &fuzz.loop, &fuzz.ctl, on_request);
	if (ctl_listen(&fuzz.ctl, fuzz.at.sun_path, 0600, &e) < 0)
		abort();
	atexit(remove_socket);
	return 0;
}

static void
turn(void)
{
	for (int i = 0; i < 4; i++)
		uv_run(&fuzz.loop, UV_RUN_NOWAIT);
}

static void
check_answers(const char *text, size_t len)
{
	const char *end;

	while ((end = memchr(text, '\n', len)) != NULL) {
		struct talk_answer a = { 0 };
		int r = talk_answer_parse(&a, text, (size_t)(end - text));

		assert(r == 0);
		json_decref(a.body);
		len -= (size_t)(end + 1 - text);
		text = end + 1;
	}
	assert(len == 0);
}

static void
ask_daemon(const uint8_t *data, size_t size)
{
	static char answers[1 << 20];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	size_t half = size / 2, have = 0;
	ssize_t n;

	if (fd < 0 || connect(fd, (struct sockaddr *)&fuzz.at, sizeof(fuzz.at)) < 0)
		abort();
	turn();
	n = send(fd, data, half, MSG_NOSIGNAL);
	turn();
	n = send(fd, data + half, size - half, MSG_NOSIGNAL);
	turn();
	while ((n = read(fd, answers + have, sizeof(answers) - have)) > 0) {
		have += (size_t)n;
		turn();
	}
	check_answers(answers, have);
	close(fd);
	turn();
}

static void
show_answer(const char *line, size_t len)
{
	struct talk_answer a = { 0 };
	struct context c;

	if (talk_answer_parse(&a, line, len) < 0 || a.body == NULL)
		return;
	context_init(&c, commands, fuzz.nowhere);
	show_status(&c, a.body);
	c.out.format = OUTPUT_PORCELAIN;
	show_status(&c, a.body);
	json_decref(a.body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 2 * CTL_LINE_MAX)
		return 0;
	ask_daemon(data, size);
	show_answer((const char *)data, size);
	return 0;
}
