/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * parties.h - what a program is told of the parties that it computes with: MPyC's options,
 * variables of the environment, and text of anybody's own shape.
 */
#ifndef CLI_PARTIES_H
#define CLI_PARTIES_H

#include "core/err.h"
#include "core/study.h"

/* The text of all of these for the largest study, with NUL. */
#define PARTIES_TEXT_MAX 65536

/* MPyC's `-P host:port` of one party, which may be IPv6: without brackets, as it wants them. */
#define PARTY_ENDPOINT_MAX (ADDR_TEXT_MAX + 8)
const char *party_mpyc_endpoint(char to[static PARTY_ENDPOINT_MAX], const struct study_party *p);

/* "-P A0:11365 -P A1:11365 -I 0", for party `self`. Its length, or ERR_FULL. */
int parties_mpyc_args(char *to, size_t cap, const struct study *s, unsigned self) must_check;

/* Lines of MPYNET_...='...', to be read by a shell. As parties_mpyc_args(). */
int parties_env(char *to, size_t cap, const struct study *s, unsigned self) must_check;

/*
 * The same as variables of our own environment, and so of every program that is started from now on.
 * 0 or negative with a sentence.
 */
int parties_export(const struct study *s, unsigned self, struct err *e) must_check;

/*
 * `text` with what stands in braces put in its place, as party `self`:
 *
 *	{study} {hash} {parties} {threshold} {index}
 *	{name} {addr} {port} {endpoint}          of this party
 *	{name:I} {addr:I} {port:I} {endpoint:I}  of party I, from 0
 *
 * {endpoint} is addr:port with brackets around IPv6; {{ and }} are braces. 0, ERR_FULL, or ERR_FORMAT
 * with a sentence.
 */
int parties_expand(char *to, size_t cap, const char *text, const struct study *s, unsigned self,
    struct err *e) must_check;

#endif
