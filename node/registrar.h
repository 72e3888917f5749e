/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * registrar.h - the side of a mesh node that speaks for an authority.
 *
 * A node whose certificate has the flag ENROL (`mpynet ca serve`) tells every lighthouse that it
 * has a session with which tokens stand, hears the petitions that these pass on, and answers them,
 * at once or when somebody has decided. The engine moves sealed bytes and public ones; what they
 * say, and what is signed, is for whoever owns the ledger.
 *
 *	mesh_offer()  ->  TOKEN to each lighthouse, until it is acknowledged
 *	ENROL, RENEW  ->  EVENT_PETITION
 *	mesh_answer() ->  ENROL_RESULT, RENEW_RESULT to the lighthouses that passed it on
 *
 * Everything here may happen twice: lighthouses ask again until they are answered, each of them
 * may bring the same petition, and so does every one after a restart. The same petition must get
 * the same answer. Answers that were given stay with the engine for a while, so that a repeated
 * question is answered without an event; at most PETITIONS_MAX, the oldest make room.
 */
#ifndef NODE_REGISTRAR_H
#define NODE_REGISTRAR_H

#include "core/outbox.h"
#include "core/wire_enrol.h"

struct mesh;

#define OFFERS_MAX    1024
#define PETITIONS_MAX 256

enum petition_kind {
	PETITION_ENROL = 1,
	PETITION_RENEW = 2,
};

/* What somebody wants of the authority. */
struct petition {
	enum petition_kind kind;
	uint8_t id[WIRE_TOKEN_ID];  /* ENROL: of the token, which may be one that does not stand */
	uint8_t ref[ENROL_REF_LEN]; /* ENROL: of the plea */
	uint8_t key[32];	    /* RENEW: of the member whose certificate the lighthouse has seen */
	struct blob bytes;	    /* ENROL: the sealed plea. RENEW: the request */
};

/*
 * The event: an EVENT_PETITION has it in `petition`, in the outbox, valid until that is reset.
 * RENEW: its request is of the member's key, or the lighthouse would not have passed it on; yet
 * that is the lighthouse's word, and request_verify() the proof.
 */

/*
 * All tokens that stand, at most OFFERS_MAX, which are copied; what was offered before and is not
 * among them is withdrawn from the lighthouses. To be called at start, and whenever one was made or
 * withdrawn, or has expired; one that was used goes on standing until then, or the host whose
 * answer was lost and whoever else shows it would hear nothing. 0, -ENOMEM, or ERR_DENIED for a
 * node without the flag ENROL.
 */
int mesh_offer(struct mesh *m, struct instant now, const struct offer *tokens, size_t n,
    struct outbox *out) must_check;

/*
 * What became of a petition. ENROL: `status` ENROL_ANSWER with `sealed` (answer_seal, at most
 * WIRE_ANSWER_MAX), ENROL_PENDING or ENROL_GONE without. RENEW: `status` of enum renew_status,
 * with certificates if RENEW_ISSUED. Everything is copied.
 *
 * PENDING may be followed by an answer at any time, also in a later life of this node, and also if
 * this engine has never heard the petition: it is then given to every lighthouse, and those that
 * keep nothing of the kind let it go. 0, or -ENOMEM.
 */
struct ruling {
	enum petition_kind kind;
	uint8_t id[WIRE_TOKEN_ID];
	uint8_t ref[ENROL_REF_LEN];
	uint8_t key[32];
	uint8_t status;
	const uint8_t *sealed;
	size_t sealed_len;
	struct blob cert;
	struct blob ca;
};

int mesh_answer(struct mesh *m, struct instant now, const struct ruling *r,
    struct outbox *out) must_check;

#endif
