/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_draft.c - which statements co-signers were asked to sign for everybody.
 */
#include "ca/ledger_draft.h"

int
ledger_draft_put(struct ledger *l, const uint8_t fingerprint[static 32], uint64_t version,
    struct err *e)
{
	return db_run(&l->db, e, "INSERT INTO draft (fingerprint, version) VALUES (?, ?)", "bu",
	    fingerprint, (size_t)32, version);
}

int
ledger_draft_known(struct ledger *l, const uint8_t fingerprint[static 32], struct err *e)
{
	int64_t n;
	int rc = db_int(&l->db, &n, e, "SELECT EXISTS (SELECT 1 FROM draft WHERE fingerprint = ?)",
	    "b", fingerprint, (size_t)32);

	return rc < 0 ? rc : n != 0;
}

int
ledger_draft_version(struct ledger *l, uint64_t *ret, struct err *e)
{
	int64_t n;
	int rc = db_int(&l->db, &n, e, "SELECT coalesce(max(version), 0) FROM draft", "");

	if (rc == 0)
		*ret = (uint64_t)n;
	return rc;
}
