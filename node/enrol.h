/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * enrol.h - a host with a token gets its certificate, as a value.
 *
 * It calls the token's lighthouse with a PRESENT that shows the token instead of a certificate,
 * under the token's pre-shared key; asks for the welcome, from which it learns the CA, and checks
 * that the root is the one of the token; makes its request; and asks until there is an answer.
 * Sessions of this kind live for a minute. While the authority is away, or a person is to decide,
 * it asks again after 2, 4, .. 60 s, and goes on until it is stopped.
 *
 *	CALLING -> WELCOMED -> ASKED -> ISSUED, REFUSED
 *	   ^__________________/  (KEPT, PENDING: waits, and calls again)
 *
 * The private key is the host's own and is made before: whoever starts it keeps that key where
 * `mpynet request` does, so that a join that was interrupted goes on with the same key, and is
 * given the same certificate. Nothing that comes from the lighthouse is believed but what is sealed
 * by the authority; nothing is stored here. No clock, socket or file: node/enrol_run.h has them.
 */
#ifndef NODE_ENROL_H
#define NODE_ENROL_H

#include "core/bundle.h"
#include "core/envelope.h"
#include "core/outbox.h"
#include "core/rng.h"
#include "core/token.h"

struct enrol_host;

enum enrol_phase {
	ENROL_CALLING,	 /* no lighthouse has answered yet */
	ENROL_WELCOMED,	 /* it answers; its welcome is read, or on its way */
	ENROL_ASKED,	 /* the plea is sent */
	ENROL_AWAY,	 /* the lighthouse keeps the plea: the authority is not there */
	ENROL_UNDECIDED, /* the authority has it: a person is to approve */
	ENROL_ISSUED,	 /* the end: enrol_host_bundle() */
	ENROL_REFUSED,	 /* the end: enrol_host_error() */
};

/*
 * For the holder of `t` and of the X25519 key `private`, both copied. `endpoints` are where the
 * token's lighthouse is (its name resolved by the shell), 1 to ENROL_ENDPOINTS_MAX, all called.
 * `rng` must outlive it. NULL without memory, or when a key has low order.
 */
#define ENROL_ENDPOINTS_MAX 8
struct enrol_host *enrol_host_new(const struct token *t, const uint8_t private[static 32],
    const struct addr *endpoints, size_t n, const struct rng *rng) must_check;

/* The lighthouse may be there, too; beyond ENROL_ENDPOINTS_MAX nothing is added. */
void enrol_host_add(struct enrol_host *h, const struct addr *endpoint);

/* Wipes every key. NULL is allowed. */
void enrol_host_free(struct enrol_host *h);

/* Datagrams, as in mesh_from_net(); only those from the lighthouse mean anything. */
void enrol_host_from_net(struct enrol_host *h, struct instant now, struct packet *packets,
    size_t n, struct outbox *out);

/* The first call begins it. Effects are TO_NET on SOCKET_V4 and SOCKET_V6. */
void enrol_host_tick(struct enrol_host *h, struct instant now, struct outbox *out);
usec_t enrol_host_next_due(const struct enrol_host *h);

enum enrol_phase enrol_host_phase(const struct enrol_host *h);

/* The name that the certificate will have, as far as the welcome was read; else "". */
const char *enrol_host_name(const struct enrol_host *h);

/* What went wrong last, as a sentence, also while it goes on; "" if nothing did. */
const char *enrol_host_error(const struct enrol_host *h);

/*
 * After ENROL_ISSUED the bundle, without a key: checked to be whole, to certify the host's key, and
 * to come from the root of the token. Valid as long as `h`.
 */
const char *enrol_host_bundle(const struct enrol_host *h, size_t *ret_len);

#endif
