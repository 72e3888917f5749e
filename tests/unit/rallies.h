/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rallies.h - the parties of one study as bare rallies, and a network between them that loses,
 * repeats, delays and reorders what they say.
 */
#ifndef TESTS_UNIT_RALLIES_H
#define TESTS_UNIT_RALLIES_H

#include "node/rally_impl.h"
#include "tests/unit/test.h"

#define PARTIES_MAX 10
#define ON_THE_WAY  1024
#define MS	    USEC_PER_MS
#define SEC	    USEC_PER_SEC

/* A party, and the program that it runs. */
struct party {
	struct rally *rally; /* NULL: it is not there */
	uint64_t life;
	bool running;
	uint32_t ran; /* number of the last run that it started */
	uint8_t agreement[RUN_AGREEMENT_LEN]; /* that it started by */
	unsigned starts, stops;
	bool ended; /* all have ended well, as it knows */
	usec_t stopping; /* its program ends then, after RALLY_STOP */
	bool silent; /* nothing passes to or from it */
};

struct mail {
	usec_t arrives; /* 0: free */
	unsigned from, to;
	size_t len;
	uint8_t frame[FRAME_MAX];
};

static struct {
	struct study study;
	usec_t now;
	struct party party[PARTIES_MAX];
	struct mail letters[ON_THE_WAY];
	unsigned loss;	/* percent */
	unsigned twice; /* percent */
	usec_t delay;	/* at least; at most twice that and `jitter` more */
	usec_t jitter;
	uint64_t said;
	unsigned restarts;
	usec_t absence;
	usec_t dies; /* how long a program takes to stop */
} hall;

static inline void
hall_open(unsigned parties)
{
	memset(&hall, 0, sizeof(hall));
	hall.now = 100 * SEC;
	hall.delay = 10 * MS;
	hall.dies = 100 * MS;
	hall.study.count = parties;
	strcpy(hall.study.name, "salaries");
	test_fill(hall.study.hash, sizeof(hall.study.hash));
}

static inline void
hall_close(void)
{
	for (unsigned i = 0; i < PARTIES_MAX; i++) {
		rally_free(hall.party[i].rally);
		hall.party[i].rally = NULL;
	}
}

/* What happened at `p`, and that nobody runs whom the others were not ready for. */
static inline void
party_news(struct party *p)
{
	unsigned news = rally_news(p->rally);

	if ((news & RALLY_GO) != 0 && (news & RALLY_STOP) == 0) {
		ASSERT(!p->running);
		p->running = true;
		p->starts++;
		p->ran = p->rally->number;
		memcpy(p->agreement, p->rally->agreement, sizeof(p->agreement));
	}
	if ((news & RALLY_STOP) != 0) {
		p->stops += p->running;
		p->stopping = hall.now + (p->running ? hall.dies : 0);
	}
	if ((news & RALLY_ENDED) != 0)
		p->ended = true;
}

static inline void
party_comes(unsigned i, const char *fact)
{
	struct party *p = &hall.party[i];
	struct run_fact f = { .name = "program" };
	uint8_t facts[RUN_FACTS_LEN_MAX];
	struct rally_config c = {
		.study = &hall.study,
		.self = i,
		.life = test_rand() | 1,
		.restarts = hall.restarts,
		.absence = hall.absence,
	};
	int len;

	strcpy(f.value, fact);
	len = run_facts_encode(facts, sizeof(facts), &f, 1);
	ASSERT(len > 0);
	c.facts = (struct blob){ facts, (uint16_t)len };
	rally_free(p->rally);
	*p = (struct party){ .rally = rally_new(&c, hall.now), .life = c.life };
	ASSERT(p->rally != NULL);
	party_news(p);
}

/* As `kill -9` of the host: nothing is said. */
static inline void
party_dies(unsigned i)
{
	rally_free(hall.party[i].rally);
	hall.party[i] = (struct party){ 0 };
}

static inline void
post(unsigned from, unsigned to, const uint8_t *frame, size_t len)
{
	unsigned copies = test_below(100) < hall.loss ? 0 : 1 + (test_below(100) < hall.twice);

	hall.said++;
	if (hall.party[from].silent || hall.party[to].silent)
		return;
	for (unsigned i = 0; i < ON_THE_WAY && copies > 0; i++) {
		struct mail *l = &hall.letters[i];

		if (l->arrives != 0)
			continue;
		l->arrives = hall.now + hall.delay + test_below(hall.delay + hall.jitter + 1);
		l->from = from;
		l->to = to;
		l->len = len;
		memcpy(l->frame, frame, len);
		copies--;
	}
	ASSERT_EQ(copies, 0);
}

static inline void
party_does(unsigned i)
{
	struct party *p = &hall.party[i];
	uint8_t frame[FRAME_MAX];
	size_t len;
	unsigned to;

	if (p->rally == NULL)
		return;
	if (p->stopping != 0 && hall.now >= p->stopping) {
		p->stopping = 0;
		p->running = false;
		rally_stopped(p->rally, hall.now);
	}
	rally_tick(p->rally, hall.now);
	party_news(p);
	while ((len = rally_say(p->rally, hall.now, &to, frame)) > 0)
		post(i, to, frame, len);
}

static inline void
arrive(struct mail *l)
{
	struct party *p = &hall.party[l->to];
	struct frame f;

	l->arrives = 0;
	if (p->rally == NULL || p->silent)
		return;
	ASSERT_EQ(frame_open(&f, l->frame, l->len), FRAME_SPOKEN);
	ASSERT_EQ(rally_hear(p->rally, hall.now, l->from, &f), 0);
	party_news(p);
}

/* All who run in the same run run by the same agreement. */
static inline void
check_agreements(void)
{
	for (unsigned i = 0; i < hall.study.count; i++) {
		for (unsigned k = 0; k < i; k++) {
			const struct party *a = &hall.party[i], *b = &hall.party[k];

			if (a->running && b->running && a->stopping == 0 && b->stopping == 0 &&
			    a->ran == b->ran)
				ASSERT_MEM(a->agreement, b->agreement, sizeof(a->agreement));
		}
	}
}

static inline void
hall_run(usec_t span)
{
	usec_t end = hall.now + span;

	for (; hall.now < end; hall.now += 10 * MS) {
		for (unsigned i = 0; i < ON_THE_WAY; i++) {
			if (hall.letters[i].arrives != 0 && hall.letters[i].arrives <= hall.now)
				arrive(&hall.letters[i]);
		}
		for (unsigned i = 0; i < hall.study.count; i++)
			party_does(i);
		check_agreements();
	}
}

static inline unsigned
hall_running(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < hall.study.count; i++)
		n += hall.party[i].running && hall.party[i].stopping == 0;
	return n;
}

static inline bool
hall_is_over(void)
{
	for (unsigned i = 0; i < hall.study.count; i++) {
		if (hall.party[i].rally != NULL && !rally_is_over(hall.party[i].rally))
			return false;
	}
	return true;
}

static inline struct rally_party
hall_sees(unsigned i, unsigned other)
{
	struct rally_party v;

	rally_view_party(hall.party[i].rally, hall.now, other, &v);
	return v;
}

#endif
