/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frame_run.c - the frames of a run: RUN_HELLO, RUN_READY, RUN_GO, RUN_DONE, RUN_ABORT,
 * RUN_ROW.
 */
#include "core/wire_run.h"
#include "core/bytes.h"
#include "core/frame.h"
#include "core/text.h"

#include <string.h>

enum { ABORT_FINAL = 1, ABORT_BEGUN = 2 }; /* flags */
enum { FACT_TOLD = 1 };

static_assert(RUN_HELLO_MIN + NAME_MAX_LEN + RUN_FACTS_LEN_MAX <= BODY_MAX,
    "the largest RUN_HELLO fits a frame");

static_assert(RUN_ROW_HEAD + RUN_CELLS_MAX * RUN_CELL_LEN <= BODY_MAX,
    "the largest RUN_ROW fits a frame");

static void
put_head(struct wr *w, const struct run_head *h)
{
	wr_bytes(w, h->study, sizeof(h->study));
	wr_u32(w, h->number);
	wr_u64(w, h->life);
	wr_u64(w, h->yours);
	wr_u8(w, h->seen);
}

static struct run_head
in_head(struct in *in)
{
	struct run_head h;

	rd_bytes(&in->rd, h.study, sizeof(h.study));
	h.number = rd_u32(&in->rd);
	h.life = rd_u64(&in->rd);
	h.yours = rd_u64(&in->rd);
	h.seen = rd_u8(&in->rd);
	in_demand(in, h.number >= 1 && h.number <= RUN_NUMBER_MAX && h.life != 0);
	in_demand(in, h.seen <= RUN_ABORTED && (h.yours != 0 || h.seen == RUN_NOWHERE));
	return h;
}

int
run_head_decode(struct run_head *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct run_head h;

	if (f->type < FRAME_RUN_HELLO || f->type > FRAME_RUN_ROW)
		return ERR_UNKNOWN;
	h = in_head(&in);
	if (in.bad || in.rd.failed)
		return ERR_FORMAT;
	*ret = h;
	return 0;
}

/*
 * Facts
 */

static bool
is_printable(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] < 0x20 || p[i] > 0x7e)
			return false;
	}
	return true;
}

static bool
is_fact_name(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((p[i] < 'a' || p[i] > 'z') && (p[i] < '0' || p[i] > '9') && p[i] != '-')
			return false;
	}
	return len > 0;
}

static void
in_text(struct in *in, char *to, size_t max)
{
	size_t len = rd_u8(&in->rd);

	in_demand(in, len <= max);
	len = min_u64(len, max);
	rd_bytes(&in->rd, (uint8_t *)to, len);
	to[len] = '\0';
}

static struct run_fact
in_fact(struct in *in)
{
	struct run_fact f = { 0 };
	uint8_t flags = rd_u8(&in->rd);

	in_demand(in, (flags & ~FACT_TOLD) == 0);
	f.told = (flags & FACT_TOLD) != 0;
	in_text(in, f.name, RUN_FACT_NAME_MAX);
	in_text(in, f.value, RUN_FACT_MAX);
	/* A NUL within would hide what is behind it. */
	in_demand(in, in->rd.failed || is_fact_name(f.name, strlen(f.name)));
	return f;
}

static int
check_facts(struct blob facts)
{
	struct in in = in_init(facts.p, facts.len);
	char last[RUN_FACT_NAME_MAX + 1] = "";
	size_t n = 0;

	for (; !in.bad && !in.rd.failed && in.rd.left > 0; n++) {
		const uint8_t *begins = in.rd.p;
		struct run_fact f = in_fact(&in);
		size_t name = strlen(f.name), value = strlen(f.value);

		in_demand(&in, strcmp(last, f.name) < 0 && is_printable(f.value, value));
		in_demand(&in, in.rd.failed || (size_t)(in.rd.p - begins) == 3 + name + value);
		memcpy(last, f.name, name + 1);
	}
	in_demand(&in, n <= RUN_FACTS_MAX);
	return in_end(&in);
}

bool
run_fact_next(struct blob facts, size_t *at, struct run_fact *ret)
{
	struct in in;

	if (*at >= facts.len)
		return false;
	in = in_init(facts.p + *at, facts.len - *at);
	*ret = in_fact(&in);
	assert(!in.rd.failed);
	*at = facts.len - in.rd.left;
	return true;
}

int
run_facts_encode(uint8_t *to, size_t cap, const struct run_fact *facts, size_t n)
{
	struct wr w = wr_init(to, min_u64(cap, RUN_FACTS_LEN_MAX));
	int rc;

	for (size_t i = 0; i < n; i++) {
		size_t name = strlen(facts[i].name), value = strlen(facts[i].value);

		wr_u8(&w, facts[i].told ? FACT_TOLD : 0);
		wr_u8(&w, (uint8_t)name);
		wr_bytes(&w, (const uint8_t *)facts[i].name, name);
		wr_u8(&w, (uint8_t)value);
		wr_bytes(&w, (const uint8_t *)facts[i].value, value);
	}
	if (w.failed)
		return ERR_FULL;
	rc = check_facts((struct blob){ w.len > 0 ? to : NULL, (uint16_t)w.len });
	return rc < 0 ? ERR_FORMAT : (int)w.len;
}

/*
 * RUN_HELLO
 */

int
run_hello_encode(uint8_t *to, size_t cap, const struct run_hello *h)
{
	struct wr w = frame_start(to, cap, FRAME_RUN_HELLO);

	put_head(&w, &h->head);
	wr_u8(&w, (uint8_t)h->name.len);
	wr_bytes(&w, h->name.p, h->name.len);
	put_counted(&w, h->facts);
	return frame_end(&w);
}

int
run_hello_decode(struct run_hello *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct run_hello h = { .head = in_head(&in) };

	h.name = in_blob(&in, rd_u8(&in.rd), NAME_MAX_LEN);
	h.facts = in_counted(&in, RUN_FACTS_LEN_MAX);
	in_demand(&in, h.name.p != NULL && text_is_name((const char *)h.name.p, h.name.len));
	in_demand(&in, check_facts(h.facts) == 0);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = h;
	return 0;
}

/*
 * RUN_READY, RUN_GO, RUN_DONE
 */

int
run_mark_encode(uint8_t *to, size_t cap, enum frame_type type, const struct run_mark *m)
{
	struct wr w = frame_start(to, cap, type);

	put_head(&w, &m->head);
	wr_bytes(&w, m->agreement, sizeof(m->agreement));
	return frame_end(&w);
}

int
run_mark_decode(struct run_mark *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct run_mark m = { .head = in_head(&in) };

	rd_bytes(&in.rd, m.agreement, sizeof(m.agreement));
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = m;
	return 0;
}

/*
 * RUN_ABORT
 */

int
run_abort_encode(uint8_t *to, size_t cap, const struct run_abort *a)
{
	struct wr w = frame_start(to, cap, FRAME_RUN_ABORT);

	put_head(&w, &a->head);
	wr_u8(&w, a->party);
	wr_u8(&w, a->reason);
	wr_u8(&w, (uint8_t)((a->final ? ABORT_FINAL : 0) | (a->begun ? ABORT_BEGUN : 0)));
	wr_u8(&w, (uint8_t)a->text.len);
	wr_bytes(&w, a->text.p, a->text.len);
	return frame_end(&w);
}

int
run_abort_decode(struct run_abort *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct run_abort a = { .head = in_head(&in) };
	uint8_t flags;

	a.party = rd_u8(&in.rd);
	a.reason = rd_u8(&in.rd);
	flags = rd_u8(&in.rd);
	a.final = (flags & ABORT_FINAL) != 0;
	a.begun = (flags & ABORT_BEGUN) != 0;
	a.text = in_blob(&in, rd_u8(&in.rd), RUN_TEXT_MAX);
	in_demand(&in, a.party < STUDY_PARTIES_MAX && (flags & ~(ABORT_FINAL | ABORT_BEGUN)) == 0);
	in_demand(&in, a.reason >= RUN_FAILED && a.reason <= RUN_REASON_LAST);
	in_demand(&in, a.text.p == NULL || is_printable((const char *)a.text.p, a.text.len));
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = a;
	return 0;
}

/*
 * RUN_ROW
 */

static void
put_cell(struct wr *w, const struct run_cell *c)
{
	wr_u8(w, c->path);
	wr_u8(w, c->loss_percent);
	wr_u32(w, c->rtt_us);
	wr_u64(w, c->tx_bytes);
	wr_u64(w, c->rx_bytes);
	wr_u64(w, c->tx_packets);
	wr_u64(w, c->rx_packets);
}

static struct run_cell
in_cell(struct in *in)
{
	struct run_cell c;

	c.path = rd_u8(&in->rd);
	c.loss_percent = rd_u8(&in->rd);
	c.rtt_us = rd_u32(&in->rd);
	c.tx_bytes = rd_u64(&in->rd);
	c.rx_bytes = rd_u64(&in->rd);
	c.tx_packets = rd_u64(&in->rd);
	c.rx_packets = rd_u64(&in->rd);
	in_demand(in, c.path <= RUN_PATH_LAST && c.loss_percent <= 100);
	return c;
}

int
run_row_encode(uint8_t *to, size_t cap, const struct run_row *r)
{
	struct wr w = frame_start(to, cap, FRAME_RUN_ROW);

	assert(r->count >= 1 && r->count <= RUN_CELLS_MAX);
	put_head(&w, &r->head);
	wr_u8(&w, r->first);
	wr_u8(&w, r->count);
	for (size_t i = 0; i < r->count; i++)
		put_cell(&w, &r->cells[i]);
	return frame_end(&w);
}

int
run_row_decode(struct run_row *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct run_row r = { .head = in_head(&in) };

	r.first = rd_u8(&in.rd);
	r.count = rd_u8(&in.rd);
	in_demand(&in, r.count >= 1 && r.count <= RUN_CELLS_MAX &&
	    r.first + r.count <= STUDY_PARTIES_MAX);
	for (size_t i = 0; i < r.count && !in.bad && !in.rd.failed; i++)
		r.cells[i] = in_cell(&in);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = r;
	return 0;
}
