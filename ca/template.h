/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * template.h - an order put aside until the host's key is known.
 *
 * An invitation is made today and used tomorrow. What the certificate is to say was decided when it
 * was made, so the order waits in the ledger as bytes: everything of it but the key, its TLS hash
 * and whether it replaces another, which are of the moment at which it is signed.
 *
 *	 0  u8 version = 1
 *	 1  u32 flags
 *	 5  u64 lifetime
 *	13  u8 n, then n x addresses: u8 family 4 or 6, 4 or 16 bytes
 *	    u8 n, then n x routes: the same and u8 length
 *	    u8 n, then n x groups: u8 length, text
 */
#ifndef CA_TEMPLATE_H
#define CA_TEMPLATE_H

#include "ca/authority.h"

#define TEMPLATE_MAX 1400 /* of an order with all it can have */

/* Writes the one text of `o` but for its name: its length. */
size_t template_write(uint8_t to[static TEMPLATE_MAX], const struct order *o);

/* 0, with the rest of `ret` zero; ERR_VERSION, ERR_FORMAT, ERR_SHORT, ERR_EXCESS. */
int template_read(struct order *ret, const uint8_t *p, size_t len) must_check;

#endif
