/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls.h - TLS 1.3 as streams use it.
 *
 * TLS authenticates nobody here: it is how a lighthouse is reached where nothing but the web
 * passes, and the session inside is what it always is. So there is one version, no tickets, no
 * early data, no certificate of a client, and of the server's only that its key is the one that the
 * lighthouse's certificate names.
 */
#ifndef HOST_TLS_H
#define HOST_TLS_H

#include "core/base.h"
#include "core/err.h"

/* libssl's, whose own header knows an ERR_STATE that is not ours. */
struct ssl_ctx_st;
struct ssl_st;

/*
 * A server with the Ed25519 key of `seed` under a certificate that it signs for itself, made now
 * and in memory. NULL with a sentence. tls_context_free().
 */
struct ssl_ctx_st *tls_server_new(const uint8_t seed[static 32], struct err *err);
struct ssl_ctx_st *tls_client_new(struct err *err);
void tls_context_free(struct ssl_ctx_st *ctx);

/*
 * A connection on the descriptor `fd`, which stays the caller's; NULL without memory. A client
 * shows the name `name`, if it is not NULL. tls_free().
 */
struct ssl_st *tls_new(struct ssl_ctx_st *ctx, int fd, bool client, const char *name);
void tls_free(struct ssl_st *ssl);

/* TLS_DONE; the other two wait for the descriptor; -EPROTO: who is there speaks something else. */
enum { TLS_DONE, TLS_WAITS_TO_READ, TLS_WAITS_TO_WRITE };
int tls_shake(struct ssl_st *ssl) must_check;

/* How many bytes; 0: none now; negative: the connection is over. */
int tls_read(struct ssl_st *ssl, uint8_t *to, size_t cap) must_check;
int tls_write(struct ssl_st *ssl, const uint8_t *p, size_t len) must_check;

/* Says that nothing follows, if that can be said now. */
void tls_bye(struct ssl_st *ssl);

/* SHA-256 of the other side's SubjectPublicKeyInfo. False when it showed no certificate. */
bool tls_peer_pin(const struct ssl_st *ssl, uint8_t ret[static 32]);

#endif
