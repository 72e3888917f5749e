/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * desk.c - the desk of a node that speaks for an authority.
 */
#include "node/desk.h"

#include <stdarg.h>
#include <stdio.h>

#include "node/shell.h"

int
desk_offer(struct node *n, const struct offer *tokens, size_t count)
{
	return n->mesh ? mesh_offer(n->mesh, clock_now(), tokens, count, &n->out) : ERR_STATE;
}

int
desk_answer(struct node *n, const struct ruling *r)
{
	return n->mesh ? mesh_answer(n->mesh, clock_now(), r, &n->out) : ERR_STATE;
}

int
desk_bring_state(struct node *n, const uint8_t *blob, size_t len, struct err *err)
{
	if (!n->mesh)
		return err_set(err, ERR_STATE, "the node is stopping");
	return mesh_bring_state(n->mesh, clock_now(), blob, len, &n->out, err);
}

void
desk_log(struct node *n, enum trace_level level, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_line(&n->log, level, "%s", line);
}

const struct verified *
desk_own(const struct node *n)
{
	return &n->me;
}
