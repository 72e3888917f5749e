/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * enrol_run.h - a host with a token, on a real machine: sockets, names, time (node/enrol.h).
 *
 * For the command that joins: it runs by itself until there is an answer, and needs no privilege
 * and no daemon. It binds free ports, so it may run beside one.
 */
#ifndef NODE_ENROL_RUN_H
#define NODE_ENROL_RUN_H

#include "node/enrol.h"

/* A lighthouse that is there answers in less; then the person is told what may be wrong. */
#define ENROL_PATIENCE (30 * USEC_PER_SEC)

struct enrol_run {
	const struct token *token;
	const uint8_t *private; /* X25519, 32 bytes: kept by the caller for the next try */
	usec_t patience;	/* for the lighthouse's first word; 0: for ever */
	void *ctx;
	/* Phase, name or error are others than before; `h` as in node/enrol.h. May be NULL. */
	void (*told)(void *ctx, const struct enrol_host *h);
};

/*
 * Joins. 0 with the bundle's text, without a key, NUL-terminated, in `*ret`, which the caller wipes
 * (it may hold the network's pre-shared key) and frees. Else negative with a sentence: ERR_DENIED
 * when the authority refuses, -ETIMEDOUT after `patience`, -EINTR on SIGINT, SIGTERM and SIGHUP,
 * whatever sockets and memory say. The same token may be tried again with the same key.
 */
int enrol_run(const struct enrol_run *r, char **ret, size_t *ret_len, struct err *e) must_check;

#endif
