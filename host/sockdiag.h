/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockdiag.h - what the kernel counts of TCP connections (sock_diag(7), struct tcp_info).
 *
 * Connections of other programs can be watched without being in their way: the kernel is asked how
 * each of them stands, and says once more how it stood when one is gone, so that the last bytes are
 * not missed. Everybody may ask. A netlink socket belongs to the network namespace it was opened in.
 */
#ifndef HOST_SOCKDIAG_H
#define HOST_SOCKDIAG_H

#include <sys/types.h>

#include "core/addr.h"
#include "core/base.h"
#include "core/err.h"

/* One connection. What a kernel does not tell yet is 0. */
struct sockdiag_tcp {
	uint64_t cookie; /* its own in its namespace, as long as that lasts */
	struct addr local, remote;
	bool gone; /* this is how it ended */

	uint64_t sent;	   /* bytes of the program that went out, each counted once */
	uint64_t received; /* and came */
	uint64_t acked;	   /* grows with what the other side has acknowledged */
	uint32_t sent_segments, received_segments; /* with data; the first repeated ones too */
	uint32_t repeated_segments;

	uint32_t unacked; /* segments on their way */
	uint32_t unsent;  /* bytes that wait behind them */
	uint32_t probes;  /* unanswered ones, to a window that is closed */
	uint32_t retries; /* of the same segment, unanswered */
	uint32_t rtt;	  /* usec, smoothed; 0: not measured */
	uint32_t rtt_least;
	usec_t window_closed; /* how long it could not send for want of room on the other side */
};

/*
 * Calls `take` for every connection in what a netlink socket gave. 1: the answer goes on; 0: it
 * ends here, or these were notices; negative when it is malformed or an error from the kernel.
 * Connections in states without both ends, and messages of other kinds, are passed over.
 */
typedef void (*sockdiag_fn)(void *ctx, const struct sockdiag_tcp *t);
int sockdiag_parse(const void *bytes, size_t len, sockdiag_fn take, void *ctx) must_check;

struct sockdiag {
	int fd;	     /* questions; -1: closed */
	int notices; /* of connections that are gone; -1: there are none to be had */
	uint32_t sequence;
};

/* In the network namespace of the process `holder` (0: here). 0, or negative with a sentence. */
int sockdiag_open(struct sockdiag *s, pid_t holder, struct err *err) must_check;
void sockdiag_close(struct sockdiag *s);

/*
 * Calls `take` for every connection that is gone since the last call, and then for every one there
 * is. 0, or negative. Waits for nobody but the kernel.
 */
int sockdiag_look(struct sockdiag *s, sockdiag_fn take, void *ctx) must_check;

#endif
