/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_completion.c - completion for other shells: their scripts, and the answers to them.
 */
#include "cli/cmd.h"

#include <string.h>

/* The files of completions/ as strings of the program, so that there is one copy of each. */
#define EMBED(NAME, FILE)                                                                          \
	__asm__(".pushsection .rodata\n" #NAME ":\n.incbin \"" FILE "\"\n.byte 0\n.popsection");   \
	extern const char NAME[]

EMBED(completion_bash, "completions/mpynet.bash");
EMBED(completion_zsh, "completions/_mpynet");
EMBED(completion_fish, "completions/mpynet.fish");

int
cmd_completion(struct context *c, const struct args *a, struct err *e)
{
	const char *shell = arg(a, "bash|zsh|fish");

	(void)e;
	fputs(strcmp(shell, "bash") == 0  ? completion_bash
	      : strcmp(shell, "zsh") == 0 ? completion_zsh
					  : completion_fish,
	    c->out.to);
	return EXIT_DONE;
}

/* "word<TAB>help", one a line: the shells' scripts cut it where they need to. */
static void
print_candidate(void *to, const char *word, const char *help)
{
	/* A file may have any name, and a line has only one end. */
	if (strpbrk(word, "\n\t") == NULL)
		fprintf(to, help != NULL ? "%s\t%s\n" : "%s\n", word, help);
}

int
cmd_complete(struct context *c, const struct args *a, struct err *e)
{
	char *words[ARGS_MAX] = { (char *)"" };
	size_t n = arg_count(a, "word");

	(void)e;
	for (size_t i = 0; i < n; i++)
		words[i] = (char *)arg_nth(a, "word", i);
	command_complete(c, words, n > 0 ? n : 1, print_candidate, c->out.to);
	return EXIT_DONE;
}
