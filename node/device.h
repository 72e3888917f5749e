/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * device.h - the device of a node, with its addresses and routes: on this machine's own network, or
 * in a network namespace that was made for it (host/netns.h), which takes no rights.
 */
#ifndef NODE_DEVICE_H
#define NODE_DEVICE_H

#include "node/shell.h"

/*
 * Makes the namespace, if the node is to have one. Before anything secret is in memory. -EPERM with
 * what would do where this machine does not let us.
 */
int device_namespace(struct node *n, struct err *err) must_check;

/*
 * Opens the device that the settings name, with its further queues, and the machine's network; then
 * device_configure(). A node without a device has the machine's network alone.
 */
int device_open(struct node *n, struct err *err) must_check;
void device_close(struct node *n);

/* Our addresses, and the whole overlay, lead to the device. */
int device_configure(struct node *n, struct err *err) must_check;

/* Another hand at it for a worker; see tun_join(). */
int device_join(struct node *n, struct tun *t, bool own_queue, struct err *err) must_check;

/* Does what the engine wants of the routes; what fails is said in the log. */
void device_route(struct node *n, const struct route_change *change);

/*
 * The interface that is not to be taken for one of this machine's links, or 0: then the device is in
 * a namespace, where numbers mean other interfaces.
 */
uint32_t device_index(const struct node *n);

#endif
