/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_import.h - a restored authority learns from the network what it told it.
 *
 * The state that is in force was signed by this very key, after the backup was made. Taken into the
 * ledger, what it revokes stays revoked, and the next state has a higher version.
 * docs/certificates.md, "Backups".
 */
#ifndef CA_OFFICE_IMPORT_H
#define CA_OFFICE_IMPORT_H

#include "ca/office_state.h"

struct imported {
	struct proclaimed state;
	size_t ended; /* certificates of the ledger that it revokes and that were valid until now */
};

/*
 * Takes a state blob (core/netstate.h) into the ledger, in a transaction of its own. 0;
 * ERR_SUPERSEDED when the ledger has this one or a newer; ERR_DENIED and ERR_AUTH when this authority
 * did not sign it; ERR_CANON; each with a sentence.
 */
int office_import_state(struct office *o, const uint8_t *blob, size_t len, struct imported *ret,
    struct err *e) must_check;

#endif
