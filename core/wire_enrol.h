/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire_enrol.h - the frames by which hosts get certificates: 48 to 4D of docs/protocol.md.
 *
 *	        ENROL, RENEW ->                ENROL, RENEW ->
 *	host                      lighthouse                     authority's node
 *	        <- ENROL_RESULT,                <- ENROL_RESULT, RENEW_RESULT,
 *	           RENEW_RESULT                    TOKEN (and TOKEN_ACK ->)
 *
 * Between host and lighthouse and between lighthouse and authority the frames are the same: who is
 * nearer to the authority is asked, and asked again until it answers. Codecs as in core/wire.h.
 */
#ifndef CORE_WIRE_ENROL_H
#define CORE_WIRE_ENROL_H

#include "core/wire.h"

#define WIRE_TOKEN_ID	 8
#define ENROL_REF_LEN	 16
#define WIRE_WELCOME_MAX 1024  /* sealed; core/envelope.h */
#define WIRE_PLEA_MAX	 420   /* sealed */
#define WIRE_ANSWER_MAX	 16384 /* sealed, and sent in pieces */
#define ENROL_PIECE_MAX	 1024

/* ENROL */
enum enrol_step {
	ENROL_KNOCK = 1,  /* host: what is the welcome of my token? */
	ENROL_PLEA = 2,	  /* here is a plea; what is the answer? */
	ENROL_FETCH = 3,  /* the answer's piece at `offset`, please */
	ENROL_THANKS = 4, /* I have the answer whole */
};

struct enrol {
	uint8_t step;
	uint8_t id[WIRE_TOKEN_ID];
	uint8_t ref[ENROL_REF_LEN]; /* of the plea; zeros with KNOCK */
	uint16_t offset;	    /* with FETCH, else 0 */
	struct blob plea;	    /* with PLEA, else absent */
};

int enrol_encode(uint8_t *to, size_t cap, const struct enrol *e) must_check;
int enrol_decode(struct enrol *ret, const struct frame *f) must_check;

/* ENROL_RESULT. Numbers are on the wire: never reuse. */
enum enrol_status {
	ENROL_WELCOME = 1, /* `piece` is the welcome, whole */
	ENROL_ANSWER = 2,  /* `piece` is of the answer, at `offset` of `total` */
	ENROL_KEPT = 3,	   /* by the lighthouse, until the authority is here */
	ENROL_PENDING = 4, /* the authority has it, and a person decides */
	ENROL_TAKEN = 5,   /* another host's plea under this token is kept */
	ENROL_FULL = 6,	   /* no room: ask again later */
	ENROL_GONE = 7,	   /* no such token any more */
};

struct enrol_result {
	uint8_t status;
	uint8_t id[WIRE_TOKEN_ID];
	uint8_t ref[ENROL_REF_LEN]; /* of the plea; zeros with WELCOME */
	uint16_t offset;	    /* with ANSWER, below total; else 0 */
	uint16_t total;		    /* with ANSWER, at most WIRE_ANSWER_MAX; else 0 */
	struct blob piece;	    /* with WELCOME and ANSWER, else absent */
};

int enrol_result_encode(uint8_t *to, size_t cap, const struct enrol_result *r) must_check;
int enrol_result_decode(struct enrol_result *ret, const struct frame *f) must_check;

/*
 * RENEW: a member asks for its next certificate, by a request (core/request.h) to the CA that
 * issued the one it has. Without a request: thanks, I have the result.
 */
struct renew {
	uint8_t key[32];     /* static key of the member */
	struct blob request; /* at most WIRE_CA_MAX; absent: thanks */
};

int renew_encode(uint8_t *to, size_t cap, const struct renew *r) must_check;
int renew_decode(struct renew *ret, const struct frame *f) must_check;

/* RENEW_RESULT. Numbers are on the wire: never reuse. */
enum renew_status {
	RENEW_ISSUED = 1,  /* the certificate, and the issuing CA's unless the root issued it */
	RENEW_KEPT = 2,	   /* by the lighthouse, until the authority is here */
	RENEW_PENDING = 3, /* the authority has it, and a person decides */
	RENEW_REFUSED = 4, /* never: revoked, or not the CA that was asked */
	RENEW_UNABLE = 5,  /* not now: the CA cannot sign it; ask again later */
	RENEW_FULL = 6,	   /* no room: ask again later */
	RENEW_NOBODY = 7,  /* no CA that the lighthouse knows was asked */
};

struct renew_result {
	uint8_t key[32];
	uint8_t status;
	struct blob cert; /* with ISSUED, else absent, as is `ca` */
	struct blob ca;
};

int renew_result_encode(uint8_t *to, size_t cap, const struct renew_result *r) must_check;
int renew_result_decode(struct renew_result *ret, const struct frame *f) must_check;

/* TOKEN: the authority's node says who may knock, and with what it is welcomed. */
struct offer {
	uint8_t id[WIRE_TOKEN_ID];
	uint8_t psk[32];
	uint64_t expires;    /* Unix seconds; 0: withdrawn, and then psk is zeros and no welcome */
	struct blob welcome; /* sealed, at most WIRE_WELCOME_MAX */
};

int offer_encode(uint8_t *to, size_t cap, const struct offer *o) must_check;
int offer_decode(struct offer *ret, const struct frame *f) must_check;

/* TOKEN_ACK */
enum offer_status {
	OFFER_TAKEN = 0,
	OFFER_FULL = 1,	  /* no room for another token */
	OFFER_DENIED = 2, /* not your token */
};

struct offer_ack {
	uint8_t id[WIRE_TOKEN_ID];
	uint8_t status;
};

int offer_ack_encode(uint8_t *to, size_t cap, const struct offer_ack *a) must_check;
int offer_ack_decode(struct offer_ack *ret, const struct frame *f) must_check;

#endif
