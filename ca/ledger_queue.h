/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_queue.h - requests that wait until somebody signs them.
 *
 * Each comes from somebody who was recognized: from a host with an invitation, or from a member,
 * whose session says under which key it is certified now. Of each there is one, so that the queue
 * is never longer than invitations and members together. Answers stay until they are dropped, for
 * who has to ask again.
 */
#ifndef CA_LEDGER_QUEUE_H
#define CA_LEDGER_QUEUE_H

#include "ca/ledger.h"
#include "core/token.h"

#define LEDGER_REQUESTS_MAX 20000

enum request_status {
	REQUEST_WAITING,
	REQUEST_APPROVED, /* by a person; what is left to do is to sign it */
	REQUEST_DENIED,
	REQUEST_SIGNED,
};

const char *request_status_name(enum request_status s);

struct ledger_request {
	int64_t id; /* counts up; what people call it by */
	bool renewal;
	uint8_t token[TOKEN_ID_LEN]; /* of an enrolment: the invitation's id */
	uint8_t member[32];	     /* of a renewal: the key that is certified now */
	char name[NAME_MAX_LEN + 1]; /* the certificate's: of the invitation, or the member */
	uint8_t key[32];	     /* to be certified */
	struct bundle_cert object;   /* the request, of kind 4, as it came and verified */
	uint64_t came;		     /* Unix seconds */
	enum request_status status;
	uint64_t decided; /* when that was set; 0 while it waits */
	uint64_t serial;  /* of the certificate, once it is signed */
};

/* Does a member ask for another key than it has? Then a person says yes or no to it. */
bool ledger_request_is_rekey(const struct ledger_request *r);

/*
 * Puts `r` (everything set up to `came`) at the end of the queue and sets its id: 0. When the same
 * asker was here with the same key, nothing changes and `r` becomes what is there: 1. A member that
 * comes with another key, or again after an answer, takes its own place anew. ERR_CONFLICT when
 * somebody else uses the same invitation, ERR_FULL.
 */
int ledger_request_put(struct ledger *l, struct ledger_request *r, struct err *e) must_check;

/* By number, by invitation, by member: 1, or 0. */
int ledger_request_find(struct ledger *l, struct ledger_request *ret, int64_t id,
    struct err *e) must_check;
int ledger_request_of_token(struct ledger *l, struct ledger_request *ret,
    const uint8_t id[static TOKEN_ID_LEN], struct err *e) must_check;
int ledger_request_of_member(struct ledger *l, struct ledger_request *ret,
    const uint8_t key[static 32], struct err *e) must_check;

/*
 * Decides one that waits, or signs one that is approved. `serial` is that of the certificate when
 * it is signed, else 0. ERR_CONFLICT when that was decided otherwise.
 */
int ledger_request_decide(struct ledger *l, int64_t id, enum request_status status,
    uint64_t serial, uint64_t now, struct err *e) must_check;

/* Denies all of `name` that wait or are approved. */
int ledger_request_deny(struct ledger *l, const char *name, uint64_t now,
    struct err *e) must_check;

/* Drops what was denied or signed before `before`. */
int ledger_request_forget(struct ledger *l, uint64_t before, struct err *e) must_check;

/* Those that wait or are approved, oldest first; and all. Then ledger_end(). */
int ledger_walk_requests(struct ledger *l, struct ledger_walk *ret, bool all,
    struct err *e) must_check;
int ledger_request_next(struct ledger_walk *w, struct ledger_request *ret,
    struct err *e) must_check;

#endif
