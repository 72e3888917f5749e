/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * attach.c - the node whose mesh a program is to have.
 */
#include "cli/attach.h"

#include "cli/join.h"
#include "cli/launch.h"

#include <errno.h>
#include <time.h>

/* How long a node may take to start or to end that somebody else began to start or to end. */
#define OTHERS_TRIES	100
#define OTHERS_EVERY_MS 100
/* And ours to put away its device. */
#define END_PATIENCE_MS 15000

/* Asks the node that runs. 0; -ECONNREFUSED: there is none; -ECONNRESET: it ends just now. */
static int
ask(struct attachment *ret, const struct context *c, struct err *e)
{
	json_t *body = NULL;
	bool more;
	int r = talk_open_node(&ret->talk, c, e);

	if (r < 0)
		return r;
	r = talk_ask(&ret->talk, "attach", NULL, e);
	if (r == 0)
		r = talk_next(&ret->talk, &body, &more, TALK_PATIENCE_MS, e);
	if (r == 0)
		ret->holder = (pid_t)json_integer_value(json_object_get(body, "namespace"));
	if (r == 0)
		ret->transient = json_is_true(json_object_get(body, "transient"));
	json_decref(body);
	ret->attached = r == 0;
	if (r != 0)
		talk_close(&ret->talk);
	/* Root's node, which tells us nothing, and whose interface everybody may use. */
	return r == EXIT_PERMISSION ? 0 : r;
}

int
attach(struct attachment *ret, struct context *c, struct err *e)
{
	static const struct timespec pause = { .tv_nsec = OTHERS_EVERY_MS * 1000000L };
	int r;

	*ret = (struct attachment){ .attached = false };
	for (int i = 0;; i++) {
		r = ask(ret, c, e);
		if (r == 0)
			e->text[0] = '\0'; /* why there was none before */
		if (r == -ECONNREFUSED)
			r = join_have(c->state, HOME_NODE, e);
		else if (r != -ECONNRESET)
			return r;
		if (r == 0)
			r = launch_transient(c, e);
		if ((r < 0 && r != -EWOULDBLOCK && r != -ECONNRESET) || i == OTHERS_TRIES)
			return r;
		if (r < 0)
			nanosleep(&pause, NULL);
	}
}

void
attach_end(struct attachment *a)
{
	json_t *body = NULL;
	struct err e;
	bool more;
	int r;

	if (!a->attached)
		return;
	r = talk_ask(&a->talk, "detach", NULL, &e);
	if (r == 0)
		r = talk_next(&a->talk, &body, &more, TALK_PATIENCE_MS, &e);
	if (r == 0 && json_is_true(json_object_get(body, "ends")))
		r = talk_wait_closed(&a->talk, END_PATIENCE_MS, &e);
	if (r != 0 && r != -ECONNRESET) /* that it has ended was said */
		fprintf(stderr, "mpynet: %s\n", e.text);
	json_decref(body);
	talk_close(&a->talk);
}
