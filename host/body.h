/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * body.h - how the values of an engine are written in the body of an answer (docs/control.md).
 */
#ifndef HOST_BODY_H
#define HOST_BODY_H

#include <jansson.h>

#include "core/addr.h"
#include "core/base.h"
#include "core/cert.h"
#include "core/renewal.h"
#include "core/trust.h"

/* A body with its schema version. Never NULL: without memory the process ends. */
json_t *body_new(int schema);

/* Members of `body`; each takes a copy. An address of no family is left out. */
void body_text(json_t *body, const char *key, const char *value);
void body_number(json_t *body, const char *key, uint64_t value);
void body_flag(json_t *body, const char *key, bool value);
void body_addr(json_t *body, const char *key, const struct addr *a);
void body_ip(json_t *body, const char *key, struct ip ip);
void body_hex(json_t *body, const char *key, const uint8_t *p, size_t n);
void body_key(json_t *body, const char *key, const uint8_t p[static 32]); /* base64 */

/* Takes the reference of `value`. */
void body_put(json_t *body, const char *key, json_t *value);

/* Whole seconds from `then` to `now`, both mono; left out when `then` is 0. */
void body_seconds_since(json_t *body, const char *key, usec_t then, usec_t now);

/*
 * What a certificate says of its owner: "name", "fingerprint", "key_words", "serial", "expires" (the end of the
 * whole chain) and "ips", each with the prefix length of the overlay range that holds it.
 */
void body_identity(json_t *body, const struct verified *me, const struct cert *root);

/* Appends a sentence to the array `warnings`. */
void body_warning(json_t *warnings, const char *fmt, ...) printf_like(2, 3);

/*
 * How the renewal of the certificate `me` stands: "renewal" with "phase", "text", "starts" (Unix
 * time), "asked" (times) and "urgent"; and where that is true a warning. It is in the last quarter of
 * a life without a successor, and when the certificate has ended.
 */
void body_renewal(json_t *body, json_t *warnings, const struct renewal *r,
    enum renewal_phase phase, const struct verified *me, usec_t wall);

/* Warns of rows that cannot be written. */
struct keep;
void body_warn_keep(json_t *warnings, const struct keep *k);

#endif
