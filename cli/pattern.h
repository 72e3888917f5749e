/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pattern.h - what a command line may look like, written as its own usage line.
 *
 *	sign <name>... [--groups <list>] [--replace]
 *	completion bash|zsh|fish
 *
 * A bare word is typed as it stands, and the leading ones name the command; one of a|b|c is
 * typed; <x> stands for a value; [...] may be left out; ... may be given again. Options stand
 * anywhere, as "--groups a,b" or "--groups=a,b", and after "--" nothing is an option; a "--" in the
 * pattern reminds of that. This one
 * string is the grammar, the usage line and what completion goes by, so they cannot disagree.
 */
#ifndef CLI_PATTERN_H
#define CLI_PATTERN_H

#include "core/base.h"
#include "core/err.h"

#define PATTERN_MAX 32  /* items of a pattern */
#define ARGS_MAX    256 /* words of a command line */

/* A piece of a longer string. */
struct span {
	const char *p;
	size_t len;
};

bool span_is(struct span s, const char *text);

/* Takes the text up to the next `|` off the front of `s`; an empty span when none is left. */
struct span span_next_choice(struct span *s);

enum item_kind {
	ITEM_WORD,     /* of the command's name */
	ITEM_ARGUMENT, /* stands by its position */
	ITEM_OPTION,   /* stands by its name */
};

struct item {
	enum item_kind kind;
	struct span name; /* "sign", "name", "bash|zsh|fish", "--groups" */
	struct span
	    value;   /* what is typed for it: "name", "bash|zsh|fish", "list"; a flag has none */
	bool choice; /* the value is one of the words between | */
	bool optional;
	bool repeated;
};

/* Spans point into the texts it was parsed from. */
struct pattern {
	size_t n;
	size_t words; /* the first so many items are the command's name */
	struct item items[PATTERN_MAX];
};

/*
 * Parses `text` and appends it to `p`, which starts as zeros. A pattern is part of the program:
 * one that cannot be parsed, or is longer than PATTERN_MAX, is an assertion.
 */
void pattern_add(struct pattern *p, const char *text);

/* A command line that fits `pattern`. Values point into the words it was matched from. */
struct args {
	struct pattern pattern;
	size_t n;
	struct {
		uint8_t item;
		const char *value; /* "" for a flag */
	} given[ARGS_MAX];
};

/*
 * Matches `n` words, the command's own among them, against `a->pattern`. 0, or -EINVAL with what
 * does not fit.
 */
int args_match(struct args *a, char *const *words, size_t n, struct err *e) must_check;

/* The last value given for `name` ("name", "bash|zsh|fish", "--groups"), or NULL. */
const char *arg(const struct args *a, const char *name);

/* How often `name` was given. */
size_t arg_count(const struct args *a, const char *name);

/* The i-th value of `name`, from 0, or NULL. */
const char *arg_nth(const struct args *a, const char *name, size_t i);

/* Does this word look like an option? "-" alone does not: it is a file. */
bool word_is_option(const char *word);

/*
 * The option that `word` names, as an index into the items of `p`, or -1. `*ret_value` becomes what
 * follows its `=`, or NULL.
 */
int pattern_option(const struct pattern *p, const char *word, const char **ret_value);

/* The item that takes the `i`-th argument after the command's name, or -1: it is one too many. */
int pattern_argument(const struct pattern *p, size_t i);

#endif
