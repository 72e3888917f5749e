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

/*
 * A body with what `o` is: its certificate, how its key rests, its "role", and below a root what it
 * may sign. The caller owns it.
 */
int authority_describe(json_t **ret, struct office *o, struct err *e) must_check;

/* Adds to `list` the lighthouses of the charter that `o` stands on. */
int charter_lighthouses(json_t *list, struct office *o, struct err *e) must_check;

/* A certificate in the last third of its life is close to its end: nodes renew before. */
#define CLOSE_TO_END(c) (((c)->not_after - (c)->not_before) / 3)

/* What would do when the authority itself is close to its end. */
void authority_say_renew(struct context *c, const struct office *o);

/* Adds to `list` those that `o` admitted and that are close to their end: how many. */
int authorities_expiring(json_t *list, struct office *o, struct err *e) must_check;

/* Adds the issuing CAs that `o` admitted to a body, as "authorities", for `authority_table`. */
int authorities_list(json_t *body, struct office *o, struct err *e) must_check;
extern const struct column authority_table[];

#endif
