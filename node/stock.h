/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stock.h - the stock WireGuards that a person made known to this node.
 *
 * Such a peer presents no certificate and asks no lighthouse, so `mpynet join` keeps its
 * certificate in HOME_MEMBERS as NAME.crt and, where it is to be called, its address as
 * NAME.endpoint.
 */
#ifndef NODE_STOCK_H
#define NODE_STOCK_H

#include "node/shell.h"

/*
 * Tells the engine of all of them, at its start and when it reloads. One that does not hold any
 * more is said in the log and left out.
 */
void stock_load(struct node *n);

#endif
