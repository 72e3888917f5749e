/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_state.h - what the authority says of everybody at once: the network's state.
 *
 * Whatever changes what it says signs it in the same transaction. It is made anew from the
 * ledger each time, so one that was lost costs nothing. Its version is never below the time at
 * which it was signed: an office that was restored from an older copy cannot fall behind what it
 * signed before.
 * docs/certificates.md, section 13.
 */
#ifndef CA_OFFICE_STATE_H
#define CA_OFFICE_STATE_H

#include "ca/office.h"
#include "core/netstate.h"
#include "core/pem.h"

/* For how long a state holds, and when the next one should be there. */
#define OFFICE_STATE_LIFETIME (365ULL * 86400)
#define OFFICE_STATE_UPDATE   (90ULL * 86400)

/* A state blob as text. */
#define OFFICE_STATE_TEXT_MAX PEM_LEN(sizeof(PEM_STATE) - 1, NETSTATE_BLOB_MAX)

/* What a state that was signed lists. */
struct proclaimed {
	struct state_id id;
	uint64_t issued; /* Unix seconds */
	uint64_t next_update;
	uint64_t expires;
	uint32_t ranges; /* of revoked serial numbers */
	uint32_t keys;
	uint32_t cas;
};

/* May states be signed here, alone or with co-signers? 0, or ERR_DENIED with who does it. */
int office_may_state(const struct office *o, struct err *e) must_check;

/* Is nothing that this office signs alone believed? Then see office_cosign.h. */
bool office_is_cosigned(const struct office *o) must_check;

/*
 * Signs a state, in a transaction of its own. ERR_DENIED; ERR_FULL when it lists too much. Not
 * where co-signers do that.
 */
int office_state_sign(struct office *o, const struct ca_keys *keys, struct proclaimed *ret,
    struct err *e) must_check;

/* The same within the transaction of something that changes what the state says. */
int office_state_renew(struct office *o, const struct ca_keys *keys, uint64_t now,
    struct proclaimed *ret, struct err *e) must_check;

/*
 * How many entries a state would have now if each revoked key found room in it: what is above
 * NETSTATE_ENTRIES_MAX is keys that it does not list.
 */
int office_state_entries(struct office *o, uint32_t *ret, struct err *e) must_check;

/*
 * How many entries of what is revoked no state that was signed lists: while co-signers have a draft,
 * or have none yet. Others are told as they are revoked.
 */
int office_state_untold(struct office *o, uint32_t *ret, struct err *e) must_check;

/* What the newest state lists: 1; 0 when none was signed. */
int office_state_shown(struct office *o, struct proclaimed *ret, struct err *e) must_check;

/*
 * The newest state as it travels (netstate.h): its length; 0 when none was signed. `to` holds
 * NETSTATE_BLOB_MAX. The second is PEM without NUL, of at most OFFICE_STATE_TEXT_MAX, and noted in
 * the log; -ENOENT when none was signed.
 */
int office_state_blob(struct office *o, uint8_t *to, struct err *e) must_check;
int office_export_state(struct office *o, char *to, struct err *e) must_check;

/*
 * What office_state.c and office_cosign.c share, in the caller's transaction.
 */

/*
 * What the ledger says at `now` as a whole object in `to`, which holds NETSTATE_MAX: signed, or with
 * zeros for a signature if `keys` is NULL. Its version is at least `version`. Its length.
 */
int office_state_write(struct office *o, const struct ca_keys *keys, uint64_t version, uint64_t now,
    uint8_t *to, struct err *e) must_check;

/* Makes it the newest, and logs that. ERR_CONFLICT unless its version is higher. */
int office_state_keep(struct office *o, const uint8_t *object, size_t len, uint64_t now,
    struct proclaimed *ret, struct err *e) must_check;

/* A line of the log about a state. */
int office_log_state(struct office *o, const char *event, const struct netstate *s, uint64_t now,
    struct err *e) must_check;

struct proclaimed proclaimed_by(const struct netstate *s);

#endif
