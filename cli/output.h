/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * output.h - one writer for people and for machines.
 *
 * A command makes one JSON object, its body, with a "schema" version, and says which columns of it
 * a person wants to see. --json prints the body; the tables are drawn from it and from nothing
 * else, so that the two cannot disagree. --porcelain prints the same columns separated by tabs,
 * values as they are in the body.
 *
 * Strings of a body may hold bytes from outside: they are escaped here, on every way out.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "core/base.h"

#include <jansson.h>
#include <stdio.h>

enum output_format {
	OUTPUT_PEOPLE,
	OUTPUT_JSON,
	OUTPUT_PORCELAIN,
};

struct output {
	FILE *to;
	enum output_format format;
	bool terminal; /* `to` is one: JSON is indented */
	size_t width;  /* of the terminal; 0: sentences are not broken */
	bool colour;
};

/* How a column shows its value to people; what is absent or null is "-". */
enum column_kind {
	COLUMN_TEXT,     /* as it is; the elements of an array separated by ", ", true as "yes" */
	COLUMN_STATE,    /* text that is coloured by its first word: direct, relay, expired... */
	COLUMN_BYTES,    /* a number of bytes: "1.5 GB" */
	COLUMN_USEC,     /* microseconds: "23.4 ms" */
	COLUMN_DURATION, /* seconds: "3d 4h" */
	COLUMN_AGO,      /* seconds: "12s ago" */
	COLUMN_TIME,     /* Unix seconds: "2026-05-01 12:00 UTC" */
	COLUMN_DATE,     /* Unix seconds: "2026-05-01" */
	COLUMN_PERCENT,  /* a number, 0 to 100: "3 %" */
	COLUMN_PROSE,    /* a sentence: of a field it is broken to fit the terminal */
	COLUMN_PATH,     /* a path of docs/control.md: "direct 203.0.113.7:7717", coloured */
};

struct column {
	const char *title;
	const char *key; /* a member of the row; "a.b" is the member b of its member a */
	enum column_kind kind;
	/*
	 * Where the terminal is too narrow for a table, the columns with the highest numbers are
	 * left out first, and those with 0 never are. Machines get them all.
	 */
	unsigned spare;
};

/* One part of what a person sees. A list of views ends with one that has no columns. */
struct view {
	const char *rows; /* the array of the body with a line for each row; NULL: the body's own
	                     members, a line for each that is there */
	const struct column *columns; /* ends with one that has no title */
	const char *empty;            /* what to say when there is no row; NULL: nothing */
};

/* An output to `to` with colour where that is a terminal and NO_COLOR is not set. */
void output_init(struct output *o, FILE *to);

/* A body with its schema version; the caller owns it. Never NULL. */
json_t *output_body(int schema);

/* Shows `body` in the format that was asked for; tables and fields are those of `views`. */
void output_show(struct output *o, const json_t *body, const struct view *views);

/*
 * One answer of several, for machines: JSON on one line, or the columns of `body` itself separated
 * by tabs. People get a sentence from output_say instead.
 */
void output_stream(struct output *o, const json_t *body, const struct column *columns);

/* A line for people only: what was done, what comes next. */
void output_say(struct output *o, const char *fmt, ...) printf_like(2, 3);

/* The same for a sentence behind a head, broken at words to fit the terminal. */
void output_prose(struct output *o, const char *head, const char *text);

/* Microseconds for people: "87 us", "12.4 ms", "1.2 s". Returns `to`. */
const char *output_usec(char to[static 32], double usec);

/* Escapes `text` for a sentence; NULL is "-". Cuts it to fit. Returns `to`. */
const char *output_escape(char *to, size_t cap, const char *text);

#endif
