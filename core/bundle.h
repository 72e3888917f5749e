/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bundle.h - what a host is given to join.
 *
 * One text of PEM blocks in a fixed order: the host's certificate; its key, unless the host made
 * it itself; the CA certificates, roots before the issuing CAs that they signed; the lighthouses,
 * each with its certificate and where it can be reached; the network's pre-shared key, if there is
 * one. For every bundle there is one text. A bundle with a key is a secret.
 */
#ifndef CORE_BUNDLE_H
#define CORE_BUNDLE_H

#include "core/base.h"
#include "core/cert.h"
#include "core/err.h"
#include "core/trust.h"

#define BUNDLE_CAS_MAX         4
#define BUNDLE_LIGHTHOUSES_MAX 8
#define BUNDLE_ENDPOINTS_MAX   8
#define ENDPOINT_TEXT_MAX      256 /* with NUL */
#define ENDPOINT_TCP_MAX       10  /* "tcp/65535" with NUL */
#define BUNDLE_TEXT_MAX        65536

/* The bytes of one certificate. */
struct bundle_cert {
	uint16_t len; /* 0: none */
	uint8_t bytes[CERT_MAX];
};

struct bundle_lighthouse {
	struct bundle_cert cert;
	uint32_t endpoint_count; /* 0 to BUNDLE_ENDPOINTS_MAX, in order of preference */
	char endpoints[BUNDLE_ENDPOINTS_MAX][ENDPOINT_TEXT_MAX];
	uint16_t tcp; /* the port of its streams at all of them; 0: the usual one, 443 */
};

struct bundle {
	struct bundle_cert host;
	bool has_key;
	uint8_t key[32];   /* X25519, as WireGuard keeps it */
	uint32_t ca_count; /* 1 to BUNDLE_CAS_MAX */
	struct bundle_cert cas[BUNDLE_CAS_MAX];
	uint32_t lighthouse_count;
	struct bundle_lighthouse lighthouses[BUNDLE_LIGHTHOUSES_MAX];
	bool has_psk;
	uint8_t psk[32];
};

/*
 * "HOST:PORT", HOST an IPv4 address, an IPv6 address in brackets, or a name in lower case; the one
 * spelling that addr_format gives. Names are resolved by a shell, later. 0, or ERR_FORMAT.
 */
int endpoint_check(const char *text) must_check;

/*
 * The port of streams stands in bundles as one more endpoint, the last: "tcp/8443".
 * endpoint_count_all is how many there are with it, endpoint_nth the text of one of these, and
 * endpoint_take adds one to `l`, in the order of the bundle. ERR_FORMAT, ERR_FULL.
 */
uint32_t endpoint_count_all(const struct bundle_lighthouse *l);
const char *
endpoint_nth(const struct bundle_lighthouse *l, uint32_t i, char to[static ENDPOINT_TEXT_MAX]);
int endpoint_take(struct bundle_lighthouse *l, const char *text) must_check;

/*
 * Strict: fixed order, known labels, canonical objects, nothing left over. Signatures are not
 * looked at: that is bundle_check. 0, or negative with a sentence in `e`.
 */
int bundle_read(struct bundle *ret, const char *text, size_t len, struct err *e) must_check;

/* The one text, without NUL, of at most BUNDLE_TEXT_MAX: its length, or ERR_FULL, ERR_CANON. */
int bundle_write(char *to, size_t cap, const struct bundle *b) must_check;

void bundle_wipe(struct bundle *b);

/*
 * Adds the bundle's CA certificates to `t`. 0, or as trust_add with a sentence. What is believed
 * from then on is what whoever made the bundle believes.
 */
int bundle_trust(struct trust *t, const struct bundle *b, usec_t wall, struct err *e) must_check;

/*
 * Does it hold together at `wall`? The host certificate and those of the lighthouses verify under
 * the bundle's own CAs, lighthouses have their flag, a key is that of the certificate. A lighthouse
 * whose certificate has expired is let pass: it has renewed it by now, under the same key. `ret`
 * (may be NULL) becomes the host's certificate. 0, or negative with a sentence.
 */
int
bundle_check(const struct bundle *b, usec_t wall, struct verified *ret, struct err *e) must_check;

/*
 * A charter is a bundle for an authority: without host certificate and key, and the last of at least
 * two CA certificates is that of the issuing CA which is admitted. Read, written and checked as
 * above; `ret_ca` (may be NULL) becomes the issuing CA's certificate. docs/certificates.md, "Issuing
 * CAs".
 */
int bundle_read_charter(struct bundle *ret, const char *text, size_t len, struct err *e) must_check;
int bundle_write_charter(char *to, size_t cap, const struct bundle *b) must_check;
int bundle_check_charter(const struct bundle *b, usec_t wall, struct cert *ret_ca,
    struct err *e) must_check;

/*
 * A file of CA certificates only (`ca export --ca`): how many, 1 to BUNDLE_CAS_MAX, or negative
 * with a sentence.
 */
int bundle_read_cas(struct bundle_cert to[static BUNDLE_CAS_MAX], const char *text, size_t len,
    struct err *e) must_check;

#endif
