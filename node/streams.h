/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * streams.h - TCP to the lighthouses, for networks where UDP gets no answer.
 *
 * A stream is a path to a lighthouse like any other: the session in it is the same, and what is
 * relayed by that lighthouse takes it without knowing. It is opened when no lighthouse answers over
 * UDP, to the two nearest that have a TLS key; UDP is asked again now and then, and once it answers
 * steadily it carries data again, and the streams go. Where UDP was blocked is remembered, so that
 * the next start there does not wait for it.
 */
#ifndef NODE_STREAMS_H
#define NODE_STREAMS_H

#include "core/addr.h"
#include "core/base.h"
#include "core/outbox.h"

#define STREAM_PORT	   443 /* where the bundle names no other */
#define STREAM_PATIENCE	   (300 * USEC_PER_MS) /* for UDP, where nothing is known of the network */
#define STREAM_NEAREST	   2		       /* lighthouses to which there is one */
#define STREAM_UDP_FIRST   (2 * USEC_PER_SEC)  /* then at twice the distance, up to */
#define STREAM_UDP_AGAIN   (60 * USEC_PER_SEC)
#define STREAM_UDP_GAP	   (200 * USEC_PER_MS) /* between the questions of one attempt */
#define STREAM_UDP_ASKS	   3
#define STREAM_LINGER	   (30 * USEC_PER_SEC) /* once UDP works */
#define STREAM_OPEN_MAX	   (15 * USEC_PER_SEC)
#define STREAM_PROVE_MAX   (10 * USEC_PER_SEC)
#define STREAM_RETRY_MIN   USEC_PER_SEC
#define STREAM_RETRY_MAX   (60 * USEC_PER_SEC)
#define STREAM_BLOCKED_MIN (3 * USEC_PER_SEC)  /* of silence, before it is remembered */

/* That of one lighthouse. */
struct stream {
	socket_id id; /* 0: none */
	bool up;
	uint8_t nth; /* which of its addresses is tried */
	unsigned failures; /* in a row */
	usec_t since; /* opened, or up */
	usec_t due;   /* not opened again before */
	struct addr to;
	enum stream_news last; /* why there is none */
};

struct streams {
	socket_id next;
	usec_t due; /* of streams_tick, 0 never */
	usec_t silent_since;  /* no lighthouse answers over UDP; 0: one does */
	usec_t working_since; /* one does; 0: none */
	usec_t udp_due;	      /* when UDP is asked again */
	unsigned udp_asked;   /* questions of this attempt */
	unsigned udp_attempts;
};

struct mesh;
struct lighthouse;
struct path;
struct way;

/* Our own addresses are others than before, or known for the first time: all is tried anew. */
void streams_network_changed(struct mesh *m, struct instant now);

/* Somebody has changed what may have been in the way: what failed is tried again now. */
void streams_retry(struct mesh *m, struct instant now);

/* A path to a lighthouse was proven, chosen or lost. */
void streams_poke(struct mesh *m, struct instant now);

/* Another path to `l` carries data from now on. */
void streams_switched(struct mesh *m, struct instant now, struct lighthouse *l, struct outbox *out);

void streams_tick(struct mesh *m, struct instant now, struct outbox *out);

/* Completes where a frame of a stream came from; false when the stream is no longer ours. */
bool streams_way(const struct mesh *m, struct way *way);

/* Is UDP without an answer, and a stream in use or on its way? */
bool streams_needed(const struct mesh *m);

#endif
