/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * certs.h - certificates, as commands show them.
 */
#ifndef CLI_CERTS_H
#define CLI_CERTS_H

#include "cli/output.h"
#include "core/bundle.h"
#include "core/cert.h"

/* Room for 32 bytes in base64, as WireGuard writes keys, with NUL. */
#define KEY_TEXT_MAX 45

const char *key_format(char to[static KEY_TEXT_MAX], const uint8_t key[static 32]);

/* Exactly 32 bytes in base64. 0 or ERR_FORMAT. */
int key_parse(uint8_t to[static 32], const char *text) must_check;

/* Everything that `c` says. The caller owns it. */
json_t *cert_json(const struct cert *c);

/* "lighthouse", "relay"...; an array. */
json_t *flags_json(uint32_t flags);

/* The addresses without "/32"; ranges as they are. */
json_t *addresses_json(const struct prefix *p, uint32_t count);

json_t *hex_json(const uint8_t *p, size_t len);

/* Lines for the members that cert_json() gives, for a view without rows. */
extern const struct column cert_columns[];

/* Columns for a table of certificates. */
extern const struct column cert_table[];

/* Walks the elements of "a,b,c": start with { .text = ... }. */
struct list {
	const char *text;
	size_t at; /* above its length: the end was reached */
};

/* The next element between commas: 1, or 0 at the end; ERR_FORMAT when empty or too long. */
int list_next(struct list *l, char *to, size_t cap) must_check;

/* Where a lighthouse is, as its bundle says it: a list. */
json_t *endpoints_json(const struct bundle_lighthouse *l);

#endif
