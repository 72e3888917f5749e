/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_clerk.h - answers whoever asks this authority for a certificate over the network.
 *
 * Hosts with a token, and members whose certificate nears its end. What is asked may come any
 * number of times, in any order, from several lighthouses, and through a crash: each answer follows
 * from the ledger, and what is signed is signed, and its token used, in one transaction. So the same
 * question has the same answer, and a token one certificate. docs/certificates.md, "Invitations"
 * and "Renewal".
 */
#ifndef CA_OFFICE_CLERK_H
#define CA_OFFICE_CLERK_H

#include "ca/ledger_queue.h"
#include "ca/ledger_token.h"
#include "ca/office.h"
#include "ca/office_invite.h"
#include "core/envelope.h"
#include "core/wire_enrol.h"

/* A member may be renewed when this part of its certificate's life is over: 11 of 20. */
#define RENEWAL_EARLIEST_NUM 11
#define RENEWAL_EARLIEST_DEN 20
/* Or when it is this old, if the request says that it knows it: seconds. */
#define RENEWAL_SOONEST 300

/* Decided requests stay for who asks again. */
#define REQUESTS_KEPT (30ULL * 86400) /* seconds */

struct clerk {
	struct office *office;
	const struct ca_keys *keys; /* NULL: they are locked, so everything waits */
	bool approve; /* a person has to say yes to every host, not only where its invitation says so */
	bool keep_old; /* keys that were changed for others are not revoked (office_retire.h) */
};

/* What to say, as the wire has it. */
struct clerk_answer {
	uint8_t status;	/* enum enrol_status or renew_status; 0: nothing is said */
	size_t sealed_len;
	uint8_t sealed[WIRE_ANSWER_MAX];
	struct bundle_cert cert; /* of a renewal */
	struct bundle_cert issuing; /* len 0: a root signed it */
	struct err notice; /* a sentence for the log, or empty */
	bool alarm;	   /* and it is one */
	bool state;	   /* there is a newer network state, for everybody */
};

/*
 * The sealed plea of somebody who shows the token `id`. 0, also when there is nothing to say
 * because it was not made by a holder of the token; negative when the ledger cannot be used: then
 * the question is to come again.
 */
int clerk_enrol(const struct clerk *c, const uint8_t id[static TOKEN_ID_LEN], struct blob plea,
    struct clerk_answer *ret, struct err *e) must_check;

/*
 * A member with the key `key` asks, as a lighthouse says, for its next certificate, or for one for
 * another key that is to take the place of this one. Likewise.
 */
int clerk_renew(const struct clerk *c, const uint8_t key[static 32], struct blob request,
    struct clerk_answer *ret, struct err *e) must_check;

/*
 * Signs the request `id` of the queue, which waits or is approved: 0, with the certificate.
 * ERR_CONFLICT when it was decided otherwise; ERR_AUTH when its proof does not hold, and then it is
 * denied; else why the authority would not sign it. `keys` may not be NULL. Under a root with
 * co-signers this is what they are to sign (office_cosign.h), and the request goes on waiting.
 */
int clerk_sign(const struct clerk *c, int64_t id, struct issued *ret, struct err *e) must_check;

/* A person says yes or no to it. What is approved waits for clerk_sign(). */
int clerk_decide(const struct clerk *c, int64_t id, bool yes, struct err *e) must_check;

/* The tokens that stand, with their welcomes, for mesh_offer(). Fresh memory; clerk_offers_free(). */
struct clerk_offers {
	size_t count;
	uint64_t until; /* Unix seconds: after that the first of them stands no more */
	struct offer *offers;
	uint8_t (*welcomes)[WIRE_WELCOME_MAX];
};

int clerk_offers(const struct clerk *c, struct clerk_offers *ret, struct err *e) must_check;
void clerk_offers_free(struct clerk_offers *o);

/* A number that changes when another process has written to the ledger. */
int clerk_changed(const struct clerk *c, int64_t *ret, struct err *e) must_check;

/*
 * What office_clerk.c, office_enrol.c and office_renew.c share.
 */

/* A sentence for the log of whoever runs the clerk. */
void clerk_notice(struct clerk_answer *a, bool alarm, const char *fmt, ...) printf_like(3, 4);

/*
 * Is `p` a request to this authority? 0, or ERR_*. Its proof is only looked at while the keys are
 * there.
 */
int clerk_request(const struct clerk *c, struct cert *ret, const uint8_t *p,
    size_t len) must_check;

/* Signs `order` for the key that `request` proves, in the caller's transaction. */
int clerk_sign_order(const struct clerk *c, struct order *order, const struct cert *request,
    struct issued *ret, struct err *e) must_check;

/*
 * The next certificate of the member `name`: what the ledger has, whatever the request says; in the
 * caller's transaction. ERR_CONFLICT when the key that asks is not the member's any more.
 */
int clerk_renew_member(const struct clerk *c, const char *name, const struct cert *request,
    struct issued *ret, struct err *e) must_check;

/* The certificate that an invitation promised, and its end, in the caller's transaction. */
int clerk_use_token(const struct clerk *c, const struct ledger_token *t,
    const struct cert *request, struct issued *ret, struct err *e) must_check;

#endif
