/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * talk.h - asks a daemon over its control socket (docs/control.md).
 *
 * A connection is one conversation: a question, then its answer or a stream of answers. Everything
 * here blocks, with a limit on time, and ends early with -EINTR when the user interrupts.
 */
#ifndef CLI_TALK_H
#define CLI_TALK_H

#include "cli/command.h"
#include "host/home.h"

#include <jansson.h>

/* How long a daemon may take for an answer that does not depend on anybody else. */
#define TALK_PATIENCE_MS 10000

/* An answer longer than this is not one. */
#define TALK_LINE_MAX ((size_t)16 << 20)

struct talk {
	int fd;
	json_int_t id; /* of the question that was asked last */
	char *line;    /* what has come and was not taken yet */
	size_t have, cap;
	size_t taken; /* so much of it was the answer before */
};

/* One line of a daemon. */
struct talk_answer {
	json_int_t id;
	json_t *body; /* NULL: refused; owned by whoever has the answer */
	bool more;
	int code;       /* of a refusal, an exit code above 0, */
	struct err why; /* and its sentence, escaped */
};

/* Parses `len` bytes without the newline. 0; ERR_FORMAT or ERR_VERSION when it is no answer. */
int talk_answer_parse(struct talk_answer *ret, const char *line, size_t len) must_check;

/*
 * Connects to the daemon that `c` means: that of its state, a node before a lighthouse before an
 * authority; and unless the state was chosen by somebody, the only one in /run/mpynet. 0;
 * -ECONNREFUSED when none runs; -EACCES when it is not for this user. talk_close() wants only what
 * was opened.
 */
int talk_open(struct talk *t, const struct context *c, struct err *e) must_check;
void talk_close(struct talk *t);

/* The same for a node, and never another daemon of its state. */
int talk_open_node(struct talk *t, const struct context *c, struct err *e) must_check;

/* Asks; `args` is taken, NULL is an empty object. The answers come by talk_next(). */
int talk_ask(struct talk *t, const char *verb, json_t *args, struct err *e) must_check;

/*
 * The next answer: its body, which the caller owns, and whether more will follow. 0; an exit code
 * above 0 with the daemon's sentence when it refuses; -ETIMEDOUT, -EINTR, -ECONNRESET when the
 * daemon is gone.
 */
int talk_next(struct talk *t, json_t **ret_body, bool *ret_more, int timeout_ms,
    struct err *e) must_check;

/* Has an answer come already that talk_next() would return at once? */
bool talk_has_answer(const struct talk *t);

/* Waits until the daemon closes the connection. 0 or -ETIMEDOUT, -EINTR. */
int talk_wait_closed(struct talk *t, int timeout_ms, struct err *e) must_check;

/*
 * As root: removes the socket in /run/mpynet of a daemon that has stopped. A lighthouse in its jail
 * cannot do so itself.
 */
void talk_sweep(const char *name);

/*
 * Connects, asks, and takes one answer. 0, or what talk_open(), talk_ask() or talk_next()
 * says.
 */
int talk_call(const struct context *c, const char *verb, json_t *args, json_t **ret_body,
    struct err *e) must_check;

/* talk_call() to the daemon of this role in the state of `c`, and to no other. */
int talk_call_role(const struct context *c, enum home_role role, const char *verb, json_t *args,
    json_t **ret_body, struct err *e) must_check;

/* Does the body come from a lighthouse? From a node otherwise. */
bool body_of_lighthouse(const json_t *body);

/* talk_call(), and shows the body. An exit code or a negative number. */
int talk_show(struct context *c, const char *verb, json_t *args, const struct view *views,
    struct err *e) must_check;

#endif
