/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * workers.h - several threads for the data path of one node.
 *
 * With the setting `workers` at N > 1 the packets of the device and of the main sockets are handled
 * by N threads; each has a queue of the device and a socket of each family. There is one engine,
 * under one lock that is held for decisions only: datagrams are opened before and sealed after
 * (core/sealing.h), and system calls are made, without it. The loop's thread does everything else
 * as if it were alone, with the lock, which it lets go of only where it waits (loop_run_locked);
 * what a worker's engine call wants of it, sockets and routes and rows, it does while the worker
 * waits.
 *
 * A flow stays in order: the kernel gives its packets to one queue of the device, and a peer's
 * datagrams to one of the sockets.
 *
 * With one worker, the default, there is none of this, and the loop's thread does all.
 */
#ifndef NODE_WORKERS_H
#define NODE_WORKERS_H

#include "core/err.h"
#include "core/sealing.h"

#define WORKERS_MAX 16

struct node;
struct workers;

/*
 * Queues and sockets for `count` threads, 2 to WORKERS_MAX, of the device and the main sockets that
 * `n` has open. 0 and `n->workers` is set, or a negative number with a sentence.
 */
int workers_open(struct node *n, unsigned count, struct err *err) must_check;

/* What the engine is to be made with. NULL is allowed, and returned. */
struct deferral *workers_deferral(struct workers *w);

/* The threads begin; `n`'s loop has been made. 0 or a negative number with a sentence. */
int workers_start(struct workers *w, struct err *err) must_check;

/* The loop, until it is stopped, beside the threads. */
void workers_run(struct workers *w);

/* The threads end, after what they want done is done. Without the lock, by the loop's thread. */
void workers_stop(struct workers *w);

/* Closes and frees all, before the loop and what it joined. NULL is allowed. They have stopped. */
void workers_free(struct workers *w);

#endif
