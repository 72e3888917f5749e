/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * authorities.h - roots and issuing CAs, as several commands meet them.
 */
#ifndef CLI_AUTHORITIES_H
#define CLI_AUTHORITIES_H

#include "ca/office.h"
#include "cli/command.h"

/*
 * The authority that a file of CA certificates is about: its last one, which is the one closest to
 * the hosts. Who signed it is not looked at.
 */
int authority_load(struct issued *ret, const char *path, struct err *e) must_check;

/*
 * For `ca init`: what --issuing and --ca say, with whatever they exclude. 1 when an application is
 * to be made, with name and root in `f`; 0 when a network is; -EINVAL with a sentence.
 */
int application_read(struct founding *f, const struct args *a, struct err *e) must_check;

/* What comes next for who has applied. */
void application_say_next(struct context *c, const struct cert *ca);

/* Adds to a body what kind of authority `o` is: "role", and below a root what it may sign. */
int authority_describe(json_t *body, struct office *o, struct err *e) must_check;

/* Adds the issuing CAs that `o` admitted to a body, as "authorities", for `authority_table`. */
int authorities_list(json_t *body, struct office *o, struct err *e) must_check;
extern const struct column authority_table[];

#endif
