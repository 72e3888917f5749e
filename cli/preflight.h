/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * preflight.h - what a party finds out about its own program before a run, for the others to
 * compare.
 *
 * MPyC believes that everybody runs the same thing. Where they do not, some parties hang and some
 * print wrong results. So the facts on which that depends are gathered by each party for itself and
 * compared before anybody starts (node/rally.h). Facts are about code and options, never about
 * inputs: of arguments and files only hashes leave this host.
 */
#ifndef CLI_PREFLIGHT_H
#define CLI_PREFLIGHT_H

#include "core/err.h"
#include "core/wire_run.h"

#include <jansson.h>
#include <sys/types.h>

/*
 * The facts of the program `argv`, ended by NULL, in the order of their names; at most RUN_FACTS_MAX
 * and encodable (run_facts_encode). For Python that is, by the interpreter's own word:
 *
 *	arguments  what is left for the program, hashed
 *	mpyc       version
 *	options    MPyC's, that all parties must agree on
 *	program    the script or module and the modules beside it that it imports, hashed
 *	python     major.minor
 *	word       bits of a pointer; only told with --mix32-64bit
 *	numpy      version, only told
 *
 * and for anything else the hashes of its file and of its arguments. Their number; or negative with a
 * sentence: there is no such program, or it is given what a run decides (-P, -I, -C, -M, -B).
 */
int preflight_facts(struct run_fact ret[static RUN_FACTS_MAX], char *const *argv,
    struct err *e) must_check;

/*
 * Can a program that runs in the namespace of `holder` (0: here) listen at `port` on all addresses?
 * 0, or -EADDRINUSE with a sentence.
 */
int preflight_port(uint16_t port, pid_t holder, struct err *e) must_check;

/* Facts as the verb `run` takes them (docs/control.md); the caller owns it. */
json_t *preflight_json(const struct run_fact *facts, size_t n);

#endif
