/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rally_rows.c - who reaches whom how: every party measures its own row of the matrix and says it to
 * the others. People look at it; nothing else does.
 */
#include "node/rally_impl.h"

#include <errno.h>
#include <stdlib.h>

static struct run_cell *
row_of(const struct rally *r, unsigned of)
{
	return &r->cells[(size_t)of * r->study.count];
}

int
rally_rows_init(struct rally *r)
{
	size_t n = r->study.count;

	r->cells = calloc(n * n, sizeof(r->cells[0]));
	r->counted = calloc(n, sizeof(r->counted[0]));
	if (r->cells != NULL && r->counted != NULL)
		return 0;
	rally_rows_free(r);
	return -ENOMEM;
}

void
rally_rows_free(struct rally *r)
{
	free(r->cells);
	free(r->counted);
	r->cells = r->counted = NULL;
}

void
rally_rows_begin(struct rally *r)
{
	struct run_cell *own = row_of(r, r->self);

	for (unsigned i = 0; i < r->study.count; i++)
		own[i].tx_bytes = own[i].rx_bytes = own[i].tx_packets = own[i].rx_packets = 0;
}

void
rally_rows_forget(struct rally *r)
{
	for (unsigned i = 0; i < r->study.count; i++) {
		if (i != r->self)
			r->party[i].row_at = 0;
	}
	rally_rows_begin(r);
}

/* A counter that is smaller than it was has begun again at 0. */
static void
count(uint64_t *sum, uint64_t was, uint64_t is)
{
	*sum += is >= was ? is - was : is;
}

void
rally_measure(struct rally *r, usec_t now, unsigned to, const struct run_cell *is)
{
	struct run_cell *own = &row_of(r, r->self)[to];
	const struct run_cell *was = &r->counted[to];

	assert(to < r->study.count && to != r->self);
	own->path = is->path;
	own->loss_percent = is->loss_percent;
	own->rtt_us = is->rtt_us;
	if (r->phase == RUN_GOING || r->phase == RUN_DONE) {
		count(&own->tx_bytes, was->tx_bytes, is->tx_bytes);
		count(&own->rx_bytes, was->rx_bytes, is->rx_bytes);
		count(&own->tx_packets, was->tx_packets, is->tx_packets);
		count(&own->rx_packets, was->rx_packets, is->rx_packets);
	}
	r->counted[to] = *is;
	r->party[r->self].row_at = now;
}

const struct run_cell *
rally_row(const struct rally *r, unsigned of, usec_t *at)
{
	*at = r->party[of].row_at;
	return *at != 0 ? row_of(r, of) : NULL;
}

void
rally_rows_take(struct rally *r, usec_t now, unsigned from, const struct run_row *row)
{
	if (row->first + row->count > r->study.count)
		return;
	if (r->party[from].row_at == 0)
		memset(row_of(r, from), 0, r->study.count * sizeof(r->cells[0]));
	memcpy(row_of(r, from) + row->first, row->cells, row->count * sizeof(row->cells[0]));
	r->party[from].row_at = now;
}

/* Who does not know our process would not take its word. */
usec_t
rally_row_due(const struct rally *r, unsigned to)
{
	const struct rally_peer *p = &r->party[to], *own = &r->party[r->self];
	bool speaks = r->phase != RUN_ABORTED && r->over_at == 0 && !r->over;
	bool hears = to != r->self && !p->lost && p->life != 0 && p->yours == own->life;

	return speaks && hears && own->row_at != 0 ? p->row_due : 0;
}

size_t
rally_row_say(struct rally *r, usec_t now, unsigned to, uint8_t *frame)
{
	struct rally_peer *p = &r->party[to];
	struct run_row row = { .head = rally_head_for(r, p), .first = p->row_next };
	int len;

	row.count = (uint8_t)min_u64(RUN_CELLS_MAX, r->study.count - row.first);
	memcpy(row.cells, row_of(r, r->self) + row.first, row.count * sizeof(row.cells[0]));
	p->row_next = (uint8_t)((row.first + row.count) % r->study.count);
	if (p->row_next == 0)
		p->row_due = now + RALLY_ROW;
	len = run_row_encode(frame, FRAME_MAX, &row);
	assert(len > 0);
	return (size_t)len;
}
