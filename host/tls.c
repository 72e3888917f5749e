/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls.c - contexts of libssl, with all switched off that streams do not use.
 */
#define ERR_STATE libssl_ERR_STATE
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#undef ERR_STATE

#include "host/tls.h"

#include <errno.h>

/* The only protocol that is offered, as by many programs: who looks at that lets it pass. */
static const unsigned char protocols[] = "\x08http/1.1";

static int
failed(struct err *err)
{
	ERR_clear_error();
	return err_set(err, -ENOMEM, "libssl refuses what TLS 1.3 needs");
}

static SSL_CTX *
context_new(const SSL_METHOD *method, struct err *err)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (ctx == NULL || !SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) ||
	    !SSL_CTX_set_num_tickets(ctx, 0)) {
		SSL_CTX_free(ctx);
		failed(err);
		return NULL;
	}
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	    SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_max_cert_list(ctx, 16 << 10);
	return ctx;
}

/* Whoever asks for the protocol gets it, and whoever does not gets none. */
static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *arg)
{
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, protocols, sizeof(protocols) - 1, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* It says nothing about anybody: nobody reads it but for the key. */
static X509 *
self_signed(EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_NAME *name = x != NULL ? X509_get_subject_name(x) : NULL;
	bool done = name != NULL && X509_set_version(x, 2) &&
	    ASN1_INTEGER_set(X509_get_serialNumber(x), 1) &&
	    ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "20200101000000Z") &&
	    ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "99991231235959Z") &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
		(const unsigned char *)"localhost", -1, -1, 0) &&
	    X509_set_issuer_name(x, name) && X509_set_pubkey(x, key) && X509_sign(x, key, NULL);

	if (!done) {
		X509_free(x);
		return NULL;
	}
	return x;
}

struct ssl_ctx_st *
tls_server_new(const uint8_t seed[static 32], struct err *err)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	SSL_CTX *ctx = context_new(TLS_server_method(), err);
	X509 *cert = key != NULL ? self_signed(key) : NULL;

	if (ctx != NULL && (cert == NULL || !SSL_CTX_use_certificate(ctx, cert) ||
	    !SSL_CTX_use_PrivateKey(ctx, key))) {
		SSL_CTX_free(ctx);
		ctx = NULL;
		failed(err);
	}
	if (ctx != NULL)
		SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

/* The chain is not looked at: the key is, before the first byte is sent (tls_peer_pin). */
static int
take_any(X509_STORE_CTX *store, void *arg)
{
	(void)store;
	(void)arg;
	return 1;
}

struct ssl_ctx_st *
tls_client_new(struct err *err)
{
	SSL_CTX *ctx = context_new(TLS_client_method(), err);

	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_cert_verify_callback(ctx, take_any, NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_set_alpn_protos(ctx, protocols, sizeof(protocols) - 1) != 0) {
		SSL_CTX_free(ctx);
		failed(err);
		return NULL;
	}
	return ctx;
}

bool
tls_peer_pin(const struct ssl_st *ssl, uint8_t ret[static 32])
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	unsigned char *der = NULL;
	unsigned len = 32;
	int n = cert != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der) : -1;
	bool done = n > 0 && EVP_Digest(der, (size_t)n, ret, &len, EVP_sha256(), NULL);

	OPENSSL_free(der);
	return done;
}

void
tls_context_free(struct ssl_ctx_st *ctx)
{
	SSL_CTX_free(ctx);
}

struct ssl_st *
tls_new(struct ssl_ctx_st *ctx, int fd, bool client, const char *name)
{
	SSL *ssl = SSL_new(ctx);

	if (ssl == NULL || !SSL_set_fd(ssl, fd)) {
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	if (client && name != NULL)
		(void)SSL_set_tlsext_host_name(ssl, name);
	if (client)
		SSL_set_connect_state(ssl);
	else
		SSL_set_accept_state(ssl);
	return ssl;
}

void
tls_free(struct ssl_st *ssl)
{
	SSL_free(ssl);
}

/* Why a call that returned `rc` did not succeed; libssl's errors do not wait for others to find. */
static int
reason(const SSL *ssl, int rc)
{
	int why = SSL_get_error(ssl, rc);

	ERR_clear_error();
	return why;
}

int
tls_shake(struct ssl_st *ssl)
{
	int rc = SSL_do_handshake(ssl);

	if (rc == 1)
		return TLS_DONE;
	switch (reason(ssl, rc)) {
	case SSL_ERROR_WANT_READ: return TLS_WAITS_TO_READ;
	case SSL_ERROR_WANT_WRITE: return TLS_WAITS_TO_WRITE;
	}
	return -EPROTO;
}

static int
outcome(const SSL *ssl, int rc, size_t done)
{
	int why;

	if (rc == 1)
		return (int)done;
	why = reason(ssl, rc);
	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -ECONNRESET;
}

int
tls_read(struct ssl_st *ssl, uint8_t *to, size_t cap)
{
	size_t n = 0;
	int rc = SSL_read_ex(ssl, to, cap, &n);

	return outcome(ssl, rc, n);
}

int
tls_write(struct ssl_st *ssl, const uint8_t *p, size_t len)
{
	size_t n = 0;
	int rc = SSL_write_ex(ssl, p, len, &n);

	return outcome(ssl, rc, n);
}

void
tls_bye(struct ssl_st *ssl)
{
	(void)SSL_shutdown(ssl);
	ERR_clear_error();
}
