/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire_run.h - the frames by which the parties of a study start together: 58 to 5D of
 * docs/protocol.md, section 19.
 *
 *	RUN_HELLO   I am here, with these facts       again every 250 ms until everybody has said
 *	RUN_READY   so is everybody, and we agree     in `seen` that it knows, and then now and
 *	RUN_GO      party 0: start; others: I do      then, so that everybody knows who is there
 *	RUN_DONE    my program has ended well
 *	RUN_ABORT   the run is over: who, and why
 *	RUN_ROW     how I reach the others, and what has passed; for people to see
 *
 * Who says it is known by the session that it comes in, and nothing in them is believed about
 * anybody else, but for ABORT, which names the party whose fault it was. Codecs as in core/wire.h.
 */
#ifndef CORE_WIRE_RUN_H
#define CORE_WIRE_RUN_H

#include "core/study.h"
#include "core/wire.h"

/* Runs of one study are numbered from 1. */
#define RUN_NUMBER_MAX (1u << 20)

#define RUN_AGREEMENT_LEN 32
#define RUN_FACTS_MAX	  32
#define RUN_FACTS_LEN_MAX 960 /* all of them, encoded */
#define RUN_FACT_NAME_MAX 24
#define RUN_FACT_MAX	  120 /* of its value */
#define RUN_TEXT_MAX	  120 /* what a party says of its end */

/* How far a party has come in a run. Numbers are on the wire: never reuse. */
enum run_phase {
	RUN_NOWHERE = 0, /* it was not heard */
	RUN_HERE = 1,
	RUN_READY = 2,
	RUN_GOING = 3,
	RUN_DONE = 4,
	RUN_ABORTED = 5,
};

/* How every frame of a run begins. */
struct run_head {
	uint8_t study[STUDY_HASH_LEN];
	uint32_t number; /* of the run: 1..RUN_NUMBER_MAX */
	uint64_t life;	 /* of the sender, not 0: another one whenever it begins from nothing */
	uint64_t yours;	 /* the life of the receiver that the sender knows; 0: none */
	uint8_t seen;	 /* enum run_phase of the receiver in this run, as the sender knows it */
};

/* RUN_HELLO */
struct run_hello {
	struct run_head head;
	struct blob name;  /* of the study, for who has another one of this name */
	struct blob facts; /* in order; run_fact_next() takes them apart */
};

int run_hello_encode(uint8_t *to, size_t cap, const struct run_hello *h) must_check;
int run_hello_decode(struct run_hello *ret, const struct frame *f) must_check;

/* RUN_READY, RUN_GO, RUN_DONE: `type` of them. */
struct run_mark {
	struct run_head head;
	/* Over the study, the number, the life of every party and the facts that must agree. */
	uint8_t agreement[RUN_AGREEMENT_LEN];
};

int run_mark_encode(uint8_t *to, size_t cap, enum frame_type type,
    const struct run_mark *m) must_check;
int run_mark_decode(struct run_mark *ret, const struct frame *f) must_check;

/* RUN_ABORT. Numbers are on the wire: never reuse. */
enum run_reason {
	RUN_FAILED = 1,	     /* its program failed: `text` says how */
	RUN_INTERRUPTED = 2, /* a person stopped it */
	RUN_TIMEOUT = 3,     /* it took longer than it was given there */
	RUN_DIFFERENT = 4,   /* facts differ */
	RUN_BEGAN_ANEW = 5,  /* it began from nothing while others ran */
	RUN_WENT_ON = 6,     /* it is at a later run */
	RUN_ABSENT = 7,	     /* it was not heard for longer than was allowed */
	RUN_REVOKED = 8,     /* its certificate is, or its key is not the study's any more */
	RUN_CLOSED = 9,	     /* the study was closed there */
};
#define RUN_REASON_LAST RUN_CLOSED

struct run_abort {
	struct run_head head;
	uint8_t party;	  /* whose fault it was, by its place in the study */
	uint8_t reason;
	bool final;	  /* the sender will not take part in another run of this life */
	bool begun;	  /* it had said GO, or heard it */
	struct blob text; /* printable ASCII, or absent */
};

int run_abort_encode(uint8_t *to, size_t cap, const struct run_abort *a) must_check;
int run_abort_decode(struct run_abort *ret, const struct frame *f) must_check;

/*
 * RUN_ROW: how the sender reaches the parties from `first` on, and what it has sent to and received
 * from them since the run began. Nothing follows from it; the own cell is empty.
 */
#define RUN_CELLS_MAX 24 /* of one frame; the next ones are in another */

/* Numbers are on the wire: never reuse. */
enum run_path {
	RUN_PATH_NONE = 0,
	RUN_PATH_LAN = 1,
	RUN_PATH_DIRECT = 2,
	RUN_PATH_RELAY = 3,
	RUN_PATH_STREAM = 4, /* over TCP */
};
#define RUN_PATH_LAST RUN_PATH_STREAM

struct run_cell {
	uint8_t path;	      /* enum run_path */
	uint8_t loss_percent; /* 0..100 */
	uint32_t rtt_us;      /* 0: not measured */
	uint64_t tx_bytes;    /* of inner packets */
	uint64_t rx_bytes;
	uint64_t tx_packets;
	uint64_t rx_packets;
};

struct run_row {
	struct run_head head;
	uint8_t first;
	uint8_t count; /* 1..RUN_CELLS_MAX, and first + count <= STUDY_PARTIES_MAX */
	struct run_cell cells[RUN_CELLS_MAX];
};

int run_row_encode(uint8_t *to, size_t cap, const struct run_row *r) must_check;
int run_row_decode(struct run_row *ret, const struct frame *f) must_check;

/* The beginning of any of them. ERR_UNKNOWN for a frame of another type. */
int run_head_decode(struct run_head *ret, const struct frame *f) must_check;

/*
 * Facts: what a party found before the start, a name and a value each. Names are [a-z0-9-] and
 * ascend, values are printable ASCII; so the same facts are the same bytes.
 */
struct run_fact {
	bool told; /* for people to see; it need not be the same everywhere */
	char name[RUN_FACT_NAME_MAX + 1];
	char value[RUN_FACT_MAX + 1];
};

/*
 * Encodes `n` facts that are in order. The length, at most RUN_FACTS_LEN_MAX; ERR_FULL; ERR_FORMAT
 * for a name or value that may not be, or one out of order.
 */
int run_facts_encode(uint8_t *to, size_t cap, const struct run_fact *facts, size_t n) must_check;

/*
 * The next of encoded facts that run_hello_decode() or run_facts_encode() let pass; *at begins with
 * 0. False at the end.
 */
bool run_fact_next(struct blob facts, size_t *at, struct run_fact *ret) must_check;

#endif
