/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * states.h - the network's state, as commands show it.
 */
#ifndef CLI_STATES_H
#define CLI_STATES_H

#include "ca/office_state.h"
#include "cli/command.h"

/* Adds what a state lists to a body. */
void state_add(json_t *body, const struct proclaimed *p);

extern const struct view state_views[];

/* What a file with a network state says, in `body`: 0, or why it is none. Signatures are not looked at. */
int state_describe(json_t *body, const uint8_t *blob, size_t len, struct err *e) must_check;

/* Shows the newest one. */
int state_show(struct context *c, struct office *o, const struct proclaimed *p,
    struct err *e) must_check;

/* What comes next when there is a new one. */
void say_how_it_spreads(struct context *c, const struct office *o);

#endif
