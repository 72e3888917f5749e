/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * streams.h - the members that reach a lighthouse over TCP, and its TLS key.
 */
#ifndef LIGHTHOUSE_STREAMS_H
#define LIGHTHOUSE_STREAMS_H

#include "lighthouse/shell.h"

/*
 * Takes the port from the settings of `s` and listens there, with the key of the bundle in hand.
 * When nobody has asked for a port, or the certificate knows no TLS key, or the port is not to be
 * had, that is only said (streams_said). To be called while the process may still open such a port.
 */
int streams_open(struct lighthouse *l, struct err *err) must_check;

/* Reads the setting, while the store is open. */
int streams_configure(struct lighthouse *l, struct err *err) must_check;

/* Says in the log where it listens, or why it does not, and takes connections from now on. */
int streams_watch(struct lighthouse *l, struct err *err) must_check;

/* The bundle has changed: new connections see the key that it has now. */
int streams_renew(struct lighthouse *l, struct err *err) must_check;

/* Tells the engine which streams have ended; false: none. */
bool streams_told(struct lighthouse *l);

#endif
