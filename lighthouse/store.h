/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store.h - what a lighthouse knows across restarts: settings, and what the engine remembers.
 */
#ifndef LIGHTHOUSE_STORE_H
#define LIGHTHOUSE_STORE_H

#include "host/settings.h"
#include "host/store.h"

/* The settings of a lighthouse; docs/control.md is their list. */
extern const struct setting lighthouse_settings[];

/* store_open() of the one in the directory `dir`: STATE/lighthouse, or "" in a jail. */
int lighthouse_store_open(struct store *s, const char *dir, struct err *err) must_check;

/* Its setting "clients"; 0 when it cannot be read. */
uint32_t lighthouse_store_clients(struct store *s) must_check;

#endif
