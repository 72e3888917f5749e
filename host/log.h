/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log.h - lines for whoever looks after this machine.
 *
 * A line is one sentence with a level and, in a file, the time. Every byte that is not printable
 * ASCII is escaped. Facts that strangers can cause are limited for each kind of fact: LOG_BURST at
 * once, then one every LOG_EVERY, and the next line of that kind says how many were left out.
 */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include <limits.h>

#include "core/base.h"
#include "core/err.h"
#include "core/trace.h"

#define LOG_BURST 20
#define LOG_EVERY (2 * USEC_PER_SEC)
/* A file that grew to this is renamed to NAME.1, in the place of the one before. */
#define LOG_FILE_MAX (4 << 20)

enum log_style {
	LOG_TERMINAL, /* a person watches: "warning: ..." */
	LOG_JOURNAL,  /* a service manager adds the time: "<4>..." */
	LOG_FILE,
};

struct log {
	int fd;
	enum log_style style;
	enum trace_level level;	/* less is not written */
	char path[PATH_MAX];	/* LOG_FILE only */
	uint64_t size;
	struct log_limit {
		usec_t spent_until;
		uint64_t left_out;
	} limits[TRACE_WHAT_COUNT];
};

/* To stderr, as a terminal or a service manager wants it. */
void log_to_stderr(struct log *l);

/* Appends to the file at `path`, 0600, created when missing. */
int log_to_file(struct log *l, const char *path, struct err *err) must_check;

void log_close(struct log *l);

void log_line(struct log *l, enum trace_level level, const char *fmt, ...) printf_like(3, 4);

/* The sentence for a fact of an engine, within its limit. */
void log_fact(struct log *l, usec_t now, const struct trace_fact *f);

#endif
