/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mailbox.h - what a lighthouse keeps for an authority that is not there, and for hosts that wait.
 *
 * Authorities say which tokens stand; hosts that hold one leave a plea, members ask for their next
 * certificate; an authority, when it comes, is told and answers, and the answer waits until its host
 * has it whole. So an authority that is there for a minute a week is enough. All of it lasts over
 * restarts, and none of it can be read here but requests of members, which are public.
 *
 * There are bounds for strangers with a token, for members, and for authorities, and who was here
 * first stays: a plea of another host under a token whose MAILBOX_PLEAS_OF_TOKEN are waiting is
 * refused, and so is what is new when a table is full. A host has one plea for each token; another
 * one of the same host takes its place. docs/protocol.md, "Enrolment" and "Renewal".
 */
#ifndef LIGHTHOUSE_MAILBOX_H
#define LIGHTHOUSE_MAILBOX_H

#include "core/heap.h"
#include "core/outbox.h"
#include "core/rng.h"
#include "core/wire_enrol.h"

#define MAILBOX_TOKENS	       1024
#define MAILBOX_PLEAS	       1024
#define MAILBOX_PLEAS_OF_TOKEN 8
#define MAILBOX_RENEWALS       16384

#define MAILBOX_RENEWAL_TIME (90 * UINT64_C(86400)) /* seconds that a renewal is kept */

/* Who may be asked: an authority, by the key id under which it signs. */
#define ISSUER_LEN 16

/* A token that stands. */
struct token_row {
	uint8_t id[WIRE_TOKEN_ID];
	uint8_t issuer[ISSUER_LEN]; /* of whoever offered it last */
	uint8_t psk[32];
	uint64_t expires; /* Unix seconds */
	uint16_t welcome_len;
	uint8_t welcome[WIRE_WELCOME_MAX];
	unsigned pleas; /* that are kept under it */
};

/* What is to be asked of an authority, and what became of it: the beginning of either kind. */
struct matter {
	bool renewal; /* else a plea */
	uint8_t issuer[ISSUER_LEN];
	uint8_t status;	    /* 0 until the authority said anything; enum enrol_status, renew_status */
	bool done;	    /* the answer is here, whole */
	unsigned asked;	    /* times since the authority was last heard about it */
	uint64_t until;	    /* Unix seconds: after that it is forgotten */
	struct heap_item ask; /* when the authority is to be asked (again); 0: not */
};

struct plea_row {
	struct matter matter;
	uint8_t id[WIRE_TOKEN_ID];
	uint8_t ref[ENROL_REF_LEN];
	uint8_t key[32]; /* static key of the host */
	uint16_t plea_len;
	uint8_t plea[WIRE_PLEA_MAX];
	uint16_t got;	/* bytes of the answer */
	uint16_t total; /* that it has; 0: not known */
	uint8_t *answer;
};

struct renewal_row {
	struct matter matter;
	uint8_t key[32];
	uint16_t request_len;
	uint16_t cert_len;
	uint16_t ca_len;
	uint8_t bytes[WIRE_CA_MAX + WIRE_CERT_MAX + WIRE_CA_MAX]; /* at 0, 380 and 920 */
};

struct blob renewal_request(const struct renewal_row *r);
struct blob renewal_cert(const struct renewal_row *r);
struct blob renewal_ca(const struct renewal_row *r);

struct mailbox;

/* NULL without memory. */
struct mailbox *mailbox_new(const struct rng *rng);
/* Wipes the tokens' keys. NULL is allowed. */
void mailbox_free(struct mailbox *m);

/*
 * Tokens. What an authority that signs as `issuer` says of one: it is kept, changed, or with no
 * expiry withdrawn, and what hosts left under it is then forgotten unless it is answered. Only who
 * offered it may withdraw a token, and only who knows its psk may offer it again. `now` in Unix
 * seconds. The status that TOKEN_ACK carries.
 */
enum offer_status mailbox_offer(struct mailbox *m, uint64_t now,
    const uint8_t issuer[static ISSUER_LEN], const struct offer *o, struct outbox *out);

/* One that stands at `now`, or NULL. */
struct token_row *mailbox_token(struct mailbox *m, const uint8_t id[static WIRE_TOKEN_ID],
    uint64_t now);

/*
 * Pleas. The row of this plea, made if there is none: 0; ERR_CONFLICT when other hosts' are kept
 * under this token already; ERR_FULL; -ENOMEM.
 */
int mailbox_plea(struct mailbox *m, struct token_row *t, const uint8_t key[static 32],
    const uint8_t *plea, size_t len, struct outbox *out, struct plea_row **ret) must_check;
struct plea_row *mailbox_find_plea(struct mailbox *m, const uint8_t id[static WIRE_TOKEN_ID],
    const uint8_t ref[static ENROL_REF_LEN]);

/*
 * A piece of the answer: 1 when it is whole now, 0 when more is to be fetched from `got`, also if
 * this is another piece than that; ERR_CONFLICT when it is of another answer than the one begun,
 * which is begun anew; -ENOMEM.
 */
int plea_piece(struct mailbox *m, struct plea_row *p, const struct enrol_result *r,
    struct outbox *out) must_check;

/* The authority said so, instead of an answer. */
void plea_status(struct mailbox *m, struct plea_row *p, enum enrol_status status,
    struct outbox *out);

void plea_drop(struct mailbox *m, struct plea_row *p, struct outbox *out);

/*
 * Renewals. What the member `key` asks of the authority `issuer`: another request than the one kept
 * takes its place, with its result. 0, ERR_FULL, -ENOMEM.
 */
int mailbox_renew(struct mailbox *m, uint64_t now, const uint8_t key[static 32],
    const uint8_t issuer[static ISSUER_LEN], struct blob request, struct outbox *out,
    struct renewal_row **ret) must_check;
struct renewal_row *mailbox_find_renewal(struct mailbox *m, const uint8_t key[static 32]);

/* What became of it. */
void renewal_result(struct mailbox *m, struct renewal_row *r, const struct renew_result *result,
    struct outbox *out);
void renewal_drop(struct mailbox *m, struct renewal_row *r, struct outbox *out);

/*
 * Matters. An authority of `issuer` is here: what it has not answered is due at `now`, and counted.
 * mailbox_due() is the first matter that is, or NULL; matter_later() sets when it is due next.
 */
uint32_t mailbox_here(struct mailbox *m, usec_t now, const uint8_t issuer[static ISSUER_LEN]);
struct matter *mailbox_due(struct mailbox *m, usec_t now);
void matter_later(struct mailbox *m, struct matter *e, usec_t due);
usec_t mailbox_next_due(const struct mailbox *m);

static inline struct plea_row *
matter_plea(struct matter *e)
{
	return CONTAINER_OF(e, struct plea_row, matter);
}

static inline struct renewal_row *
matter_renewal(struct matter *e)
{
	return CONTAINER_OF(e, struct renewal_row, matter);
}

/* Forgets what has expired at `now`, in Unix seconds; looks at everything. */
void mailbox_expire(struct mailbox *m, uint64_t now, struct outbox *out);

/*
 * A row that an earlier run asked to be remembered (MEMORY_TOKEN, MEMORY_PLEA, MEMORY_RENEWAL), the
 * tokens first. It is judged like input from the network: 0, or why it was not taken.
 */
int mailbox_recall(struct mailbox *m, uint64_t now, const struct memory *row) must_check;

/* What `status` shows. */
struct mailbox_totals {
	uint32_t tokens;
	uint32_t pleas;	   /* not answered */
	uint32_t renewals; /* likewise */
	uint32_t answers;  /* of both kinds, not fetched yet */
};

void mailbox_totals(const struct mailbox *m, struct mailbox_totals *ret);

#endif
