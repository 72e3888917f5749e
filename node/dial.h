/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dial.h - the streams that a node's engine asks for, carried out.
 */
#ifndef NODE_DIAL_H
#define NODE_DIAL_H

#include "node/shell.h"

/* Streams can be opened from now on. */
int dial_init(struct node *n, struct err *err) must_check;

/* Carries out EFFECT_STREAM. What comes of it is told by dial_told(), after settling. */
void dial_change(struct node *n, const struct stream_change *c);

/* Tells the engine what became of one stream; false: there is nothing to tell. */
bool dial_told(struct node *n);

#endif
