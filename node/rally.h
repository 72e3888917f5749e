/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rally.h - the parties of a study start together, and stop together.
 *
 * One rally is this host's part in one study, from the moment that its program could start until
 * everybody has ended. It is a value: frames of the other parties, time, and what happens to the
 * own program go in; frames, and when to start and to stop the program, come out
 * (docs/protocol.md, section 19).
 *
 *	           all here, facts agree        party 0: GO                own program ends well
 *	RUN_HERE  -------------------> RUN_READY ----------> RUN_GOING -------------------> RUN_DONE
 *	   ^  ^----------------------------'  somebody began anew  |                           |
 *	   |                                                       v  somebody failed, ...     | all
 *	   '------------- rally_stopped(), next number ----- RUN_ABORTED <---------------------+ done
 *	                                                           '--> over <-----------------'
 *
 * Nobody starts unless every party was ready for exactly these processes, with the same facts. A
 * party that is killed and comes again is another process, and ends the run that the first was in.
 */
#ifndef NODE_RALLY_H
#define NODE_RALLY_H

#include "core/wire_run.h"

#define RALLY_AGAIN  (250 * USEC_PER_MS) /* until it is known to be heard */
#define RALLY_BEAT   USEC_PER_SEC	 /* from then on */
#define RALLY_ANSWER (50 * USEC_PER_MS)	 /* not more often than this to one party */
#define RALLY_FRESH  (4 * USEC_PER_SEC)	 /* who is silent for longer is not there, before GO */
#define RALLY_ROW    (2 * USEC_PER_SEC) /* how we reach the others is said this often */
#define RALLY_LINGER (10 * USEC_PER_SEC) /* so long the end is said to who does not answer */

struct rally;

struct rally_config {
	const struct study *study; /* copied */
	unsigned self;		   /* our place in it */
	struct blob facts;	   /* run_facts_encode()'s, copied */
	uint64_t life;		   /* random, not 0 */
	unsigned restarts;	   /* after a run that failed */
	usec_t absence; /* a party that is silent for longer while we run fails it; 0: never */
};

/* NULL without memory. */
struct rally *rally_new(const struct rally_config *c, usec_t now);
void rally_free(struct rally *r);

const struct study *rally_study(const struct rally *r);

/*
 * A frame RUN_* of this study, from the party `from`, which is not us. 0; negative: it is malformed.
 */
int rally_hear(struct rally *r, usec_t now, unsigned from, const struct frame *f) must_check;

/* The party `from` speaks of a study with the name of ours and another hash. */
void rally_hear_other(struct rally *r, usec_t now, unsigned from);

/*
 * The next frame that is due, for the party `*to`, into `frame` (FRAME_MAX bytes): its length; 0
 * when nothing is due.
 */
size_t rally_say(struct rally *r, usec_t now, unsigned *to, uint8_t *frame);

/* When rally_tick() and rally_say() have something to do; 0: never. */
usec_t rally_due(const struct rally *r);
void rally_tick(struct rally *r, usec_t now);

/* What has happened since it was asked last: a set of these. */
enum rally_news {
	RALLY_CHANGED = 1, /* somebody's state: redraw */
	RALLY_GO = 2,	   /* start the program */
	RALLY_STOP = 4,	   /* stop it, if it was started, and then call rally_stopped() */
	RALLY_ENDED = 8,   /* all have ended well */
};
unsigned rally_news(struct rally *r);
bool rally_has_news(const struct rally *r) must_check;

/* Our program has ended: well, or with these words about how it failed. */
void rally_ended(struct rally *r, usec_t now, bool well, const char *text);

/* After RALLY_STOP: it does not run any more. If there is to be another run, it begins to wait. */
void rally_stopped(struct rally *r, usec_t now);

/* A person, or a limit, ends our part, and with it everybody's run: RUN_INTERRUPTED and the like. */
void rally_abort(struct rally *r, usec_t now, enum run_reason reason, const char *text);

/* As rally_abort() by a person, for who has no later moment to say so: all is due at once. */
void rally_close(struct rally *r, usec_t now, const char *text);

/* The party `i`, perhaps we, is no party any more: its certificate is revoked. */
void rally_lost(struct rally *r, usec_t now, unsigned i);

/*
 * How we reach party `to` now, with counters that only ever grow or begin again at 0; it is said to
 * the others, with what has passed since the run began.
 */
void rally_measure(struct rally *r, usec_t now, unsigned to, const struct run_cell *is);

/*
 * How party `of` reaches every party of the study, by its own word in this run; NULL when it has
 * said nothing. `*at` is when: mono.
 */
const struct run_cell *rally_row(const struct rally *r, unsigned of, usec_t *at);

/* Nothing more is to be done or said. */
bool rally_is_over(const struct rally *r);

/*
 * Looking
 */

struct rally_view {
	enum run_phase phase; /* ours */
	uint32_t number;      /* of this run */
	bool again;	      /* aborted: there will be another one */
	unsigned party;	      /* aborted: whose fault it was, */
	enum run_reason reason;
	char text[RUN_TEXT_MAX + 1];
};
void rally_view(const struct rally *r, struct rally_view *ret);

/* What is left of one that is over: how its process ended. */
struct run_past {
	uint64_t life;
	uint32_t number;
	enum run_phase phase; /* RUN_DONE, or RUN_ABORTED with what follows */
	enum run_reason reason;
	unsigned culprit;
	bool final;
	uint8_t agreement[RUN_AGREEMENT_LEN];
};
void rally_past(const struct rally *r, struct run_past *ret);

struct rally_party {
	enum run_phase phase; /* in this run; RUN_NOWHERE also when it is silent before GO */
	usec_t heard_at;      /* mono, 0 never */
	bool other_study;     /* it has another study of this name */
	bool twice;	      /* two processes speak for it */
	bool lost;
	unsigned differences; /* facts that must agree and do not */
	enum run_reason reason; /* aborted: as it says */
	char text[RUN_TEXT_MAX + 1];
};
void rally_view_party(const struct rally *r, usec_t now, unsigned i, struct rally_party *ret);

/* A fact that differs between us and another party. */
struct rally_difference {
	char name[RUN_FACT_NAME_MAX + 1];
	char ours[RUN_FACT_MAX + 1];
	char theirs[RUN_FACT_MAX + 1];
	bool we_have, they_have;
};

/* The next one with party `i`, whose HELLO is known; `at` begins zeroed. False at the end. */
struct rally_walk {
	size_t ours, theirs;
};
bool rally_differs(const struct rally *r, unsigned i, struct rally_walk *at,
    struct rally_difference *ret);

#endif
