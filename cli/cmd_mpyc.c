/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_mpyc.c - what a program is told of the parties of a study: for MPyC, and for others.
 */
#include "cli/cmd.h"
#include "cli/parties.h"
#include "cli/studyfile.h"

#include <errno.h>
#include <stdlib.h>

/* A line for each party, as if it were this one. */
static int
expand_each(char *text, size_t cap, const char *template, const struct study *s, FILE *to,
    struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; i < s->count && rc == 0; i++) {
		rc = parties_expand(text, cap, template, s, i, e);
		if (rc == 0)
			fprintf(to, "%s\n", text);
	}
	return rc;
}

static int
print(FILE *to, char *text, size_t cap, const struct study *s, unsigned self, const struct args *a,
    struct err *e)
{
	const char *template = arg(a, "--template"), *each = arg(a, "--each");
	int rc = 0;

	if (template != NULL)
		rc = parties_expand(text, cap, template, s, self, e);
	else if (each != NULL)
		return expand_each(text, cap, each, s, to, e);
	else if (arg(a, "--env") != NULL)
		rc = parties_env(text, cap, s, self);
	else
		rc = parties_mpyc_args(text, cap, s, self);
	if (rc >= 0)
		fprintf(to, arg(a, "--env") != NULL && template == NULL ? "%s" : "%s\n", text);
	return rc < 0 ? rc : 0;
}

int
cmd_mpyc_args(struct context *c, const struct args *a, struct err *e)
{
	char *text;
	unsigned self = 0;
	struct study s;
	int rc;

	if ((arg(a, "--env") != NULL) + (arg(a, "--template") != NULL) +
	    (arg(a, "--each") != NULL) > 1)
		return err_set(e, -EINVAL, "--env, --template and --each exclude each other");
	rc = studyfile_load(&s, &self, c, arg(a, "study|file"), e);
	if (rc != 0)
		return rc;
	text = malloc(PARTIES_TEXT_MAX);
	if (text == NULL)
		return err_set(e, -ENOMEM, "out of memory");
	rc = print(c->out.to, text, PARTIES_TEXT_MAX, &s, self, a, e);
	free(text);
	return rc;
}
