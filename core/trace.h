/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trace.h - facts that an engine wants said in the log.
 *
 * An engine writes no sentences: it appends what happened, to whom, and the numbers, and the shell
 * turns that into a line (trace_format), with its rate limit and its clock. A simulator hashes the
 * same facts.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include "core/addr.h"
#include "core/base.h"

enum trace_level {
	TRACE_DEBUG,
	TRACE_INFO,
	TRACE_NOTICE,
	TRACE_WARNING,
};

enum trace_what {
	TRACE_PEER_UP,		  /* a session with `name` over `at` */
	TRACE_PEER_DOWN,	  /* number: seconds without an answer */
	TRACE_PEER_CLOSED,	  /* code: CLOSE reason */
	TRACE_PATH_DIRECT,	  /* now direct at `at`; number: RTT in us */
	TRACE_PATH_RELAY,	  /* now over the relay `other` */
	TRACE_PATH_LOST,	  /* no answer on `at`; number: us of silence */
	TRACE_PATH_LOST_RELAY,	  /* no answer through the relay `other`; number as above */
	TRACE_ROAMED,		  /* the peer is at another address now */
	TRACE_HANDSHAKE_NO_ANSWER, /* number: tries; number2: us to the next try */
	TRACE_CERT_REFUSED,	  /* code: ERR_* */
	TRACE_CERT_NEWER,	  /* a renewed certificate; number: serial */
	TRACE_CONFLICT,		  /* name or address claimed by another key than `name`'s */
	TRACE_LIGHTHOUSE_UP,	  /* registered; `at` our observed address */
	TRACE_LIGHTHOUSE_DOWN,	  /* number: us without an answer */
	TRACE_UNKNOWN_PEER,	  /* the lighthouses do not know `at` or `name` */
	TRACE_UNDER_LOAD,	  /* number: handshakes in the last second */
	TRACE_CLOCK_APART,	  /* number: seconds */
	TRACE_LIMIT,		  /* a table is full; code: which counter */
	TRACE_CIRCUIT_OPEN,	  /* relaying for `name` to `other` */
	TRACE_CIRCUIT_CLOSE,	  /* code: reason */
	TRACE_OVERLAP,		  /* an underlay address lies inside the overlay */
	TRACE_WOKE_UP,		  /* number: us asleep */
	TRACE_STREAM_UP,	  /* to the lighthouse `name` at `at`, over TCP */
	TRACE_STREAM_DOWN,	  /* code: enum stream_news */
	TRACE_STATE_NEW,	  /* another network state is in force; number: its version */
	TRACE_STATE_REFUSED,	  /* of `name`; code: ERR_* */
	TRACE_STATE_BACK,	  /* `name` has number, where there was number2 */
	TRACE_STATE_FORK,	  /* `name` has another one of version number */
	TRACE_STATE_LATE,	  /* the successor of number is overdue */
	TRACE_STATE_EXPIRED,	  /* number: the version */
	TRACE_STATE_UNWRITTEN,	  /* likewise: the disk does not take it */
	TRACE_REVOKED,		  /* a session with `name` is ended for it */
	TRACE_REVOKED_OURSELVES,
	TRACE_CERT_ENDS,	  /* our own, in `number` seconds; other: how its renewal stands */
	TRACE_CERT_ENDED,	  /* number2: Unix time */
	TRACE_RENEWED,		  /* our own certificate; number: serial, number2: Unix time of its end */
	TRACE_RENEWAL_REFUSED,	  /* what `name` brought as our next certificate; code: ERR_* */
	TRACE_STUDY_PROPOSED,	  /* by `name`; other: the study's name */
	TRACE_STUDY_REFUSED,	  /* what `name` brought as one; code: ERR_* */
	TRACE_STUDY_ACCEPTED,	  /* `name` has accepted the study `other` */
	TRACE_STUDY_CLOSED,	  /* likewise closed */
	TRACE_PLEA,	 /* a host at `at` asks with a token; number: pleas that wait */
	TRACE_PLEA_TAKEN, /* likewise, and others wait with the same token */
	TRACE_PIN_KEY,	 /* a certificate for `name`, serial number: words[0] is pinned, not words[1] */
	TRACE_PIN_NAME,	 /* likewise; its key, words[1], is pinned for `other` */
	TRACE_PIN_ENDED, /* a session with `name` is ended for it */
	TRACE_DESK,	 /* `name` speaks for an authority; number: requests that waited for it */
	TRACE_WHAT_COUNT,
};

struct trace_fact {
	enum trace_what what;
	enum trace_level level;
	struct addr at;
	struct ip inner;
	int64_t number;
	int64_t number2;
	int code;
	char name[64];
	char other[64];
	uint8_t words[2][8]; /* of keys, as bytes (core/words.h) */
};

/* Room for the longest line. */
#define TRACE_TEXT_MAX 512

/*
 * One sentence for `f`: who, where, what, what now. Names in it are certificate names, which are
 * plain ASCII. Returns `to`.
 */
const char *trace_format(char to[static TRACE_TEXT_MAX], const struct trace_fact *f);

#endif
