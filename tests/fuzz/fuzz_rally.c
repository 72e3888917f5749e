/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_rally.c - a party of three that hears anything from the others, at any time, while its own
 * program starts, fails and ends: it never runs but after GO, and stops when it says so.
 *
 * The input is steps: u8 what, u8 how, and for a frame u8 length and its body behind the study,
 * which is filled in; lives are small numbers, so that they meet.
 */
#include "node/rally_impl.h"
#include "tests/fuzz/fuzz.h"

#include "core/bytes.h"

#define PARTIES 3
#define HEAD	(STUDY_HASH_LEN + 4)

static struct study study = { .count = PARTIES, .name = "salaries" };

/* Says what is due, and sees that it can be read. */
static void
speak(struct rally *r, usec_t now)
{
	uint8_t frame[FRAME_MAX];
	struct run_head head;
	struct frame f;
	size_t len;
	unsigned to, said = 0;

	while ((len = rally_say(r, now, &to, frame)) > 0) {
		assert(++said < 2 * PARTIES && to < PARTIES && to != r->self);
		assert(frame_open(&f, frame, len) == FRAME_SPOKEN);
		assert(run_head_decode(&head, &f) == 0);
	}
}

/* A frame of the party `from` with the body that is in the input. */
static void
hear(struct rally *r, usec_t now, unsigned from, uint8_t type, const uint8_t *p, size_t len)
{
	uint8_t bytes[FRAME_MAX];
	struct wr w = wr_init(bytes, sizeof(bytes));
	struct frame f = { .type = FRAME_RUN_HELLO + type % 6 };

	wr_bytes(&w, study.hash, sizeof(study.hash));
	wr_bytes(&w, p, len);
	f.body = bytes;
	f.len = (uint16_t)w.len;
	(void)!rally_hear(r, now, from, &f);
	/* Of the agreement nobody could guess: with the right one. */
	if (f.type != FRAME_RUN_HELLO && f.type != FRAME_RUN_ABORT &&
	    f.type != FRAME_RUN_ROW && w.len >= HEAD + 17) {
		uint8_t *agreement = bytes + HEAD + 17;

		memcpy(agreement, r->agreement, RUN_AGREEMENT_LEN);
		f.len = HEAD + 17 + RUN_AGREEMENT_LEN;
		(void)!rally_hear(r, now, from, &f);
	}
}

static bool
follow(struct rally *r, bool running)
{
	unsigned news = rally_news(r);

	if (news & RALLY_GO) {
		assert(!running && r->begun);
		running = true;
	}
	if (news & RALLY_STOP)
		running = false;
	assert(!running || r->phase == RUN_GOING);
	return running;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd in = rd_init(data, size);
	struct rally_config c = {
		.study = &study,
		.self = rd_u8(&in) % PARTIES,
		.life = 1,
		.restarts = 3,
		.absence = 20 * USEC_PER_SEC,
	};
	usec_t now = USEC_PER_SEC;
	struct rally *r = rally_new(&c, now);
	bool running = false;

	assert(r != NULL);
	while (in.left > 0 && !in.failed) {
		uint8_t what = rd_u8(&in), how = rd_u8(&in);
		unsigned other = (c.self + 1 + how % 2) % PARTIES;
		size_t len;

		switch (what % 8) {
		case 0: now += (usec_t)how * 100 * USEC_PER_MS; break;
		case 1: rally_tick(r, now); break;
		case 2:
			if (r->phase == RUN_GOING) {
				rally_ended(r, now, how % 2 == 0, "exited 1");
				running = false;
			}
			break;
		case 3: rally_stopped(r, now); break;
		case 4:
			if (how == 0)
				rally_lost(r, now, other);
			else if (how == 1)
				rally_abort(r, now, RUN_INTERRUPTED, "");
			else if (how < 4)
				rally_hear_other(r, now, other);
			else
				rally_measure(r, now, other, &(struct run_cell){ .tx_bytes = how });
			break;
		default:
			len = min_u64(rd_u8(&in), in.left);
			hear(r, now, other, what >> 3, rd_take(&in, len), len);
		}
		speak(r, now);
		running = follow(r, running);
		assert(rally_is_over(r) || rally_due(r) != 0 || r->party[other].lost);
	}
	rally_free(r);
	return 0;
}
