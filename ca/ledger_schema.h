/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_schema.h - the ledger's tables, version by version.
 *
 * What was written into a ledger is to stay there, whatever the program does: so what may change in
 * a table, and from what to what, is said by its triggers.
 */
#ifndef CA_LEDGER_SCHEMA_H
#define CA_LEDGER_SCHEMA_H

#define LEDGER_VERSION 6

/* As db_open() wants them: the SQL that leads from version i to i + 1. */
extern const char *const ledger_migrations[LEDGER_VERSION];

#endif
