/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pem.h - bytes as text: base64 between two lines that say what they are.
 *
 *	-----BEGIN MPYNET CERTIFICATE-----
 *	(lines of exactly 64 characters, the last 4 to 64)
 *	-----END MPYNET CERTIFICATE-----
 *
 * Strict: no headers, nothing before, between or after blocks, lines end in one newline, and for
 * every string of bytes there is one text. Secret keys pass through here, so encoding and decoding
 * take the same time whatever the bytes are.
 */
#ifndef CORE_PEM_H
#define CORE_PEM_H

#include "core/base.h"
#include "core/err.h"

#define PEM_TEXT_MAX  (1024 * 1024) /* a file; more is refused unread */
#define PEM_LABEL_MAX 40            /* with NUL */

#define PEM_CERTIFICATE    "MPYNET CERTIFICATE"
#define PEM_CA_CERTIFICATE "MPYNET CA CERTIFICATE"
#define PEM_REQUEST        "MPYNET REQUEST"
#define PEM_HOST_KEY       "MPYNET HOST KEY"
#define PEM_LIGHTHOUSE     "MPYNET LIGHTHOUSE"
#define PEM_NETWORK_KEY    "MPYNET NETWORK KEY"
#define PEM_STATE          "MPYNET NETWORK STATE" /* a state blob, core/netstate.h */
#define PEM_COSIGNER       "MPYNET COSIGNER"
#define PEM_STUDY          "MPYNET STUDY"
#define PEM_DRAFT          "MPYNET DRAFT" /* core/draft.h */

/* The length of the text of `n` bytes under a label of `label_len` characters, without NUL. */
#define PEM_LEN(label_len, n)                                                                      \
	(2 * (label_len) + 32 + ((n) + 2) / 3 * 4 + (((n) + 2) / 3 * 4 + 63) / 64)

struct pem_reader {
	const char *p;
	size_t left;
	unsigned line; /* of `p`, from 1; errors name it */
};

/* `text` stays the caller's and must outlive the reader. 0, or -EFBIG above PEM_TEXT_MAX. */
int pem_open(struct pem_reader *r, const char *text, size_t len, struct err *e) must_check;

/*
 * The next block: its label (NUL-terminated) and the number of its bytes, which are in `to`, at
 * least 1. 0 at the end of the text; ERR_FORMAT for anything that is not strictly a block;
 * ERR_FULL if it has more than `cap` bytes. What failed leaves `to` wiped.
 */
int pem_next(struct pem_reader *r, char label[static PEM_LABEL_MAX], uint8_t *to, size_t cap,
    struct err *e) must_check;

/* Writes one block, without NUL: the number of characters, PEM_LEN, or ERR_FULL. `len` > 0. */
int pem_write(char *to, size_t cap, const char *label, const uint8_t *p, size_t len) must_check;

/* The label of a signed object by its kind, the byte at 4 (core/cert.h); NULL if it has none. */
const char *pem_label(const uint8_t *object, size_t len);

/*
 * A text that is one signed object and nothing else, its kind matching its label; what it says is
 * for cert_decode. The number of its bytes, or negative with a sentence.
 */
int
pem_read_object(uint8_t *to, size_t cap, const char *text, size_t len, struct err *e) must_check;

#endif
