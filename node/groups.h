/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * groups.h - the sockets of a node's announcements on its links (node/lan.h), one a family.
 */
#ifndef NODE_GROUPS_H
#define NODE_GROUPS_H

#include "host/group.h"
#include "host/net.h"

struct node;

struct groups {
	struct group of[2]; /* IPv4, IPv6 */
};

/* Opens both; a machine that has no multicast goes without, and the log says so. */
void groups_open(struct node *n);

/* The interfaces that have the `count` addresses `found` are those that we announce ourselves on. */
void groups_join(struct node *n, const struct net_address *found, size_t count);

void groups_settle(struct node *n);
void groups_close(struct node *n);

#endif
