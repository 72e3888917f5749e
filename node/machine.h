/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * machine.h - what a node is told of the machine that it runs on, and of the network around it: its
 * addresses, the interfaces that lead outside, the port that the router passes on, and how IPv4 is
 * reached where there is only IPv6.
 */
#ifndef NODE_MACHINE_H
#define NODE_MACHINE_H

#include "node/shell.h"

/* Where this machine might be reached, to be told before an engine starts. */
void machine_tell_addresses(struct node *n);

/* All the rest, to an engine that has just started. Settles. */
void machine_tell(struct node *n);

/* Settings that are about the network may have changed. Settles. */
void machine_configured(struct node *n);

/* From now on whatever changes is told as it does. */
int machine_watch(struct node *n, struct err *err) must_check;

/* To be called before the loop is freed. */
void machine_close(struct node *n);

#endif
