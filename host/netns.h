/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netns.h - a network namespace of our own, for which nobody has to be root.
 *
 * A user namespace gives a process every right over the network namespace that it makes there, and
 * none over anything else (user_namespaces(7)). A small process, the holder, makes both and sleeps,
 * so that they exist as long as whoever made it lives; nothing of it is outside of /proc. Our own
 * processes stay where they are, with the sockets of the machine's network, and only what has to be
 * made inside is made there.
 */
#ifndef HOST_NETNS_H
#define HOST_NETNS_H

#include <sys/types.h>

#include "core/base.h"
#include "core/err.h"

struct netns {
	pid_t holder; /* 0: none was made */
};

/*
 * Makes a namespace with a loopback that is up and nothing else. -EPERM with what would do where
 * this machine lets nobody but root do so. The holder dies with the calling thread; it is forked,
 * so nothing that is secret should be in memory yet.
 */
int netns_make(struct netns *ns, struct err *err) must_check;

/* Ends the holder. The namespace goes with the last process and socket in it. */
void netns_close(struct netns *ns);

/*
 * Calls `run(arg)` inside: descriptors that it opens are ours and belong to the namespace, what it
 * writes to memory stays written, and what it returns is returned. Meanwhile the calling thread
 * waits. Without a namespace it is called where we are. `err` is for what keeps us out.
 */
int netns_within(const struct netns *ns, int (*run)(void *arg), void *arg,
    struct err *err) must_check;

/*
 * Moves this process, which has one thread, to the namespace of another of our processes. There it
 * has every right until it runs another program.
 */
int netns_enter(pid_t holder, struct err *err) must_check;

#endif
