/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ctl.h - answers questions on a unix socket.
 *
 * docs/control.md is the protocol: one JSON object a line. What a client asks for is handed to one
 * function with who it is, by the kernel's word; the answer may come at once, later, or in several
 * parts, and finds its client by a number, which is simply unknown once the client is gone.
 */
#ifndef HOST_CTL_H
#define HOST_CTL_H

#include <jansson.h>
#include <sys/types.h>
#include <uv.h>

#include "core/base.h"
#include "core/err.h"

#define CTL_VERSION	1
#define CTL_CLIENTS_MAX 32
/* One request: the largest brings a network state, in base64. */
#define CTL_LINE_MAX	((size_t)128 << 10)
/* Answers that a client has not read; one that is this slow is dropped. */
#define CTL_UNREAD_MAX	((size_t)16 << 20)
/* The state's own socket, and the one of HOME_RUN_DIR. */
#define CTL_SOCKETS_MAX 2
/*
 * Members of this group may see, and take part in runs of what was accepted; only root and our own
 * user may change.
 */
#define CTL_GROUP	"mpynet"

/* Why a question has no answer; the exit codes of the command line, which hands them on. */
enum ctl_refusal {
	CTL_NO = 1,	     /* understood, and the answer is negative */
	CTL_USAGE = 2,	     /* not understood */
	CTL_PERMISSION = 4,
	CTL_TIMEOUT = 5,
	CTL_CONFIG = 6,
};

struct ctl_request {
	uint64_t client;     /* whom to answer */
	json_int_t id;	     /* the client's own number for this request */
	const char *verb;
	const json_t *args;  /* an object, maybe empty */
	bool may_see;
	bool may_change;
};

struct ctl_client;

struct ctl {
	uv_loop_t *loop;
	uid_t owner;		/* who started us, whoever we are by now */
	bool has_group;
	gid_t group;
	uv_pipe_t sockets[CTL_SOCKETS_MAX];
	size_t n_sockets;
	struct ctl_client *clients[CTL_CLIENTS_MAX];
	uint64_t next_client;
	void *ctx;
	void (*on_request)(void *ctx, const struct ctl_request *r);
	void (*on_gone)(void *ctx, uint64_t client); /* has left; NULL: nobody asks. Set at will */
};

/*
 * Whoever runs us at this moment may change things, also when we become another user later. What
 * `r` and its parts point to is valid during the call.
 */
void ctl_init(struct ctl *c, uv_loop_t *loop, void *ctx,
    void (*on_request)(void *ctx, const struct ctl_request *r));

/*
 * Listens at `path`, removing what a dead daemon left there: the caller holds the lock that says
 * that nobody else does.
 */
int ctl_listen(struct ctl *c, const char *path, mode_t mode, struct err *err) must_check;

/*
 * Sends `body` (whose reference is taken) as an answer, or as one of several when `more` are to
 * follow. ERR_UNKNOWN when the client is gone.
 */
int ctl_answer(struct ctl *c, uint64_t client, json_int_t id, json_t *body, bool more);

/* Ends a request with a sentence. */
int ctl_refuse(struct ctl *c, uint64_t client, json_int_t id, enum ctl_refusal why,
    const char *fmt, ...) printf_like(5, 6);

/* The refusal that one of our error codes comes to. */
enum ctl_refusal ctl_refusal_of(int rc);

/* Stops listening and removes the sockets; who is connected stays so. */
void ctl_unlisten(struct ctl *c);

/* Disconnects everybody and stops listening; the loop must turn once more before `c` goes. */
void ctl_close(struct ctl *c);

#endif
