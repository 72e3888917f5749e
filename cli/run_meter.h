/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_meter.h - what passes between the parties of a run, from looking at its connections.
 *
 * Pure: somebody looks every METER_EVERY (host/sockdiag.h), and tells what was seen and how each
 * party is reached. From that come, for each other party, the bytes and messages both ways, a
 * histogram of round trips, when how much passed, and stalls: bytes wait, and for longer than
 * METER_STALL and METER_STALL_RTTS round trips none is acknowledged.
 *
 * A message is a TCP segment with data: what a program writes at once and is small is one.
 */
#ifndef CLI_RUN_METER_H
#define CLI_RUN_METER_H

#include "core/study.h"
#include "host/sockdiag.h"

#define METER_EVERY	 (100 * USEC_PER_MS)
#define METER_STALL	 (250 * USEC_PER_MS)
#define METER_STALL_RTTS 4

/* Round trips: two to an octave from METER_RTT_LEAST usec; the ends have what is beyond them. */
#define METER_RTTS	40
#define METER_RTT_LEAST 16

#define METER_LINKS_MAX	 256 /* connections at once; more are not counted */
#define METER_STALLS_MAX 256 /* remembered; later ones are only counted */
#define METER_SLOTS	 120 /* of time; when they are full, each gets twice as long */

/* How a party is reached; the last of these is for one that is not. */
enum meter_path {
	METER_UNKNOWN,
	METER_LAN,
	METER_DIRECT,
	METER_RELAY,
	METER_STREAM,
	METER_NO_PATH,
};

/* Why nothing was acknowledged; what is further down says more. */
enum meter_cause {
	CAUSE_SILENCE,	  /* nothing came back */
	CAUSE_LOSS,	  /* and segments were repeated */
	CAUSE_NOT_READ,	  /* the other program does not take what waits for it */
	CAUSE_NEW_PATH,	  /* it is reached another way since */
	CAUSE_NO_PATH,	  /* it is not reached */
};

struct meter_stall {
	unsigned party;
	usec_t begin, end; /* since the run began; an end of 0: it goes on */
	enum meter_cause cause;
	enum meter_path before, after;
	uint32_t repeated; /* segments, meanwhile */
};

struct meter_link {
	bool used, seen;
	unsigned party;
	struct sockdiag_tcp now;
	usec_t moved; /* when something was acknowledged last, or nothing waited */
	usec_t window_closed; /* and what these were then */
	uint32_t repeated;
	enum meter_path path;
	int stall; /* its place; -1: it does not stall */
};

struct meter_party {
	struct addr at; /* its address in the mesh; the port where it listens */
	enum meter_path path;
	uint64_t sent, received, sent_messages, received_messages, repeated;
	uint32_t rtt, rtt_least, rtt_most; /* usec; 0: not measured */
	uint64_t rtts[METER_RTTS];
	unsigned links;
	unsigned stalls;     /* of them */
	usec_t stalled_for;
};

struct meter_slot {
	uint64_t sent, received;
};

struct meter {
	unsigned count, self;
	usec_t begun; /* mono; 0: nothing is measured */
	usec_t lasted; /* until it was looked last */
	struct meter_party party[STUDY_PARTIES_MAX];
	struct meter_link link[METER_LINKS_MAX];
	struct meter_stall stall[METER_STALLS_MAX];
	unsigned stall_count;
	struct meter_slot slot[METER_SLOTS];
	usec_t slot_length;
};

/* Begins a run of `s`, in which we are party `self`. */
void meter_begin(struct meter *m, const struct study *s, unsigned self, usec_t now);

void meter_path(struct meter *m, unsigned party, enum meter_path path);

/* Right after the beginning: a connection that was there before, of which only news count. */
void meter_skip(struct meter *m, const struct sockdiag_tcp *t);

/* A look: each connection there is, or is gone since the last look; then the end of it. */
void meter_see(struct meter *m, usec_t now, const struct sockdiag_tcp *t);
void meter_seen(struct meter *m, usec_t now);

/* The run is over: what stalls does so no longer. */
void meter_end(struct meter *m, usec_t now);

/* How many slots of time there are until now. */
unsigned meter_slots(const struct meter *m);

/* The stall to `party` that goes on; NULL: there is none. */
const struct meter_stall *meter_stalls(const struct meter *m, unsigned party);

/* From how many usec on a bucket has round trips. */
usec_t meter_rtt_from(unsigned bucket);

/* The buckets that have any are from `first` to before `end`. */
void meter_rtt_span(const struct meter_party *p, unsigned *first, unsigned *end);

/* "packets are lost: 3 segments were repeated" */
const char *meter_cause_text(char to[static 128], const struct meter_stall *s);
const char *meter_cause_word(enum meter_cause cause);
const char *meter_path_word(enum meter_path path); /* "direct"; NULL for METER_UNKNOWN */
enum meter_path meter_path_of(const char *word);

#endif
