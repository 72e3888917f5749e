/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_schema.h - the tables of a ledger, for db_open().
 */
#ifndef CA_LEDGER_SCHEMA_H
#define CA_LEDGER_SCHEMA_H

#define LEDGER_VERSION 2

extern const char *const ledger_migrations[LEDGER_VERSION];

#endif
