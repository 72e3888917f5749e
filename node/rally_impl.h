/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rally_impl.h - the inside of a rally, for rally.c (how far it is), rally_hear.c (what is heard),
 * rally_say.c (what is said, and when), rally_facts.c (what must agree) and rally_rows.c (who reaches
 * whom how).
 */
#ifndef NODE_RALLY_IMPL_H
#define NODE_RALLY_IMPL_H

#include "node/rally.h"

#include <string.h>

#define RALLY_FORMER 4 /* lives of before that are known again */

/* One party; our own has a life and facts, and nothing else is used. */
struct rally_peer {
	uint64_t life; /* 0: it was not heard */
	struct {
		uint64_t life;
		usec_t until; /* when another one came */
	} former[RALLY_FORMER];
	unsigned former_next;
	uint32_t number; /* of the run that it is at */
	enum run_phase phase;
	uint8_t agreement[RUN_AGREEMENT_LEN]; /* READY with it */
	uint8_t facts[RUN_FACTS_LEN_MAX];
	uint16_t facts_len;
	usec_t heard_at;
	/* What it knows of us: in its run, which is `number`. */
	uint64_t yours;
	enum run_phase seen;
	usec_t said_at;
	usec_t due; /* something is to be said; 0: nothing */
	usec_t row_at;	/* its row was heard, in this run; our own: measured; 0: never */
	usec_t row_due; /* ours is to be said to it */
	uint8_t row_next; /* the party that it goes on with */
	bool lost;
	bool other_study;
	usec_t twice_at; /* another process spoke for it too; 0: never */
	enum run_reason reason; /* of its ABORT */
	char text[RUN_TEXT_MAX + 1];
};

struct rally {
	struct study study;
	unsigned self;
	unsigned restarts; /* that are left */
	usec_t absence;
	uint32_t number;
	uint32_t next; /* the greatest number heard while we are aborted */
	enum run_phase phase;
	bool begun; /* this run has; we were to start */
	uint8_t agreement[RUN_AGREEMENT_LEN]; /* while READY, GOING, DONE */
	/* While ABORTED. */
	unsigned culprit;
	enum run_reason reason;
	char text[RUN_TEXT_MAX + 1];
	bool final;
	bool stopped;
	usec_t over_at; /* nothing is said from then on; 0: this is not the end */
	bool over;
	unsigned news;
	struct rally_peer party[STUDY_PARTIES_MAX];
	struct run_cell *cells; /* count x count: how each party reaches each, one row after the other */
	struct run_cell *counted; /* count: what we were told of each last */
};

static inline struct blob
rally_facts(const struct rally_peer *p)
{
	return (struct blob){ p->facts, p->facts_len };
}

/* Is it there, before the start? */
static inline bool
rally_is_fresh(const struct rally_peer *p, usec_t now)
{
	return p->life != 0 && !p->lost && now - p->heard_at < RALLY_FRESH;
}

/* Do two processes speak for it? */
static inline bool
rally_is_twice(const struct rally_peer *p, usec_t now)
{
	return p->twice_at != 0 && now - p->twice_at < RALLY_FRESH;
}

/* Does it know what we are in this run? */
static inline bool
rally_is_known(const struct rally *r, const struct rally_peer *p)
{
	return p->yours == r->party[r->self].life && p->number == r->number && p->seen == r->phase;
}

/* Is a run going on that somebody could end? */
static inline bool
rally_runs(const struct rally *r)
{
	return r->phase == RUN_GOING || (r->phase == RUN_DONE && r->over_at == 0);
}

/* At most RUN_TEXT_MAX of it, and what cannot be printed as '?'. */
void rally_copy_text(char to[static RUN_TEXT_MAX + 1], const char *text, size_t len);

/* The run is over, and the party `culprit` is why. `final`: there is no other one for us. */
void rally_abort_run(struct rally *r, usec_t now, unsigned culprit, enum run_reason reason,
    const char *text, bool final);

/* We wait for the run `number`; who they are and what they found is known already. */
void rally_begin(struct rally *r, usec_t now, uint32_t number);

/* Party 0 has said so, or is us. */
void rally_go(struct rally *r, usec_t now);

/* rally_facts.c */
unsigned rally_differences(const struct rally *r, unsigned i);
void rally_agreement(const struct rally *r, uint8_t to[static RUN_AGREEMENT_LEN]);

/* rally_rows.c: one row for each party; 0 or -ENOMEM. */
int rally_rows_init(struct rally *r) must_check;
void rally_rows_free(struct rally *r);
/* A run is waited for, and nothing of an earlier one is known; or it begins, and counts from here. */
void rally_rows_forget(struct rally *r);
void rally_rows_begin(struct rally *r);
void rally_rows_take(struct rally *r, usec_t now, unsigned from, const struct run_row *row);
/* When a row is due to the party; 0: none is. The next piece of it, as rally_say(). */
usec_t rally_row_due(const struct rally *r, unsigned to);
size_t rally_row_say(struct rally *r, usec_t now, unsigned to, uint8_t *frame);
struct run_head rally_head_for(const struct rally *r, const struct rally_peer *p);

/* rally_say.c: something is to be said to the party, or to all, as soon as may be. */
void rally_owe(struct rally_peer *p, usec_t now);
void rally_owe_all(struct rally *r, usec_t now);

#endif
