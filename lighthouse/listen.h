/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * listen.h - the members that reach a lighthouse over TCP, and its TLS key.
 */
#ifndef LIGHTHOUSE_LISTEN_H
#define LIGHTHOUSE_LISTEN_H

#include "lighthouse/shell.h"

/*
 * Takes the port from the settings of `s` and listens there, with the key of the bundle in hand.
 * When nobody has asked for a port, or the certificate knows no TLS key, or the port is not to be
 * had, that is only said (listen_watch). To be called while the process may still open such a port.
 */
int listen_open(struct lighthouse *l, struct err *err) must_check;

/* Reads the setting, while the store is open. */
int listen_configure(struct lighthouse *l, struct err *err) must_check;

/* Says in the log where it listens, or why it does not, and takes connections from now on. */
int listen_watch(struct lighthouse *l, struct err *err) must_check;

/* The bundle has changed: new connections see the key that it has now. */
int listen_renew(struct lighthouse *l, struct err *err) must_check;

/* Tells the engine which streams have ended; false: none. */
bool listen_told(struct lighthouse *l);

#endif
