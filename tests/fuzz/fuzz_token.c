/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_token.c - invitations as people paste them, and what strangers seal or send about them.
 *
 * The first byte says what the rest is: the text of a token; a frame of enrolment; the plaintext of
 * a welcome or an answer, sealed as by who has the token; a row of a lighthouse's mailbox.
 */
#include "core/bytes.h"
#include "core/crypto.h"
#include "core/envelope.h"
#include "lighthouse/mailbox.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define NOW UINT64_C(1700000000)

static const struct token_keys keys = { .id = { 1 }, .psk = { 2 }, .enrol = { 3 } };

static void
read_token(const uint8_t *data, size_t size)
{
	char text[TOKEN_TEXT_MAX], again[TOKEN_TEXT_MAX];
	struct token t, back;
	struct err e = { "" };

	if (token_read(&t, (const char *)data, size, &e) < 0) {
		assert(e.text[0] != '\0');
		return;
	}
	assert(token_write(text, &t) > 0 && token_read(&back, text, strlen(text), &e) == 0);
	assert(token_write(again, &back) > 0 && strcmp(text, again) == 0);
}

/* Whatever is accepted is what the encoder would write. */
static void
read_frame(const uint8_t *data, size_t size)
{
	uint8_t copy[FRAME_LONG_MAX], again[FRAME_MAX];
	struct frame f;
	union {
		struct enrol enrol;
		struct enrol_result enrol_result;
		struct renew renew;
		struct renew_result renew_result;
		struct offer offer;
		struct offer_ack offer_ack;
	} u;
	int n = -1;

	size = min_u64(size, sizeof(copy));
	if (size > 0)
		memcpy(copy, data, size);
	if (frame_open(&f, copy, size) != FRAME_SPOKEN)
		return;
#define TRY(NAME)                                                                                  \
	(NAME##_decode(&u.NAME, &f) == 0 ? NAME##_encode(again, sizeof(again), &u.NAME) : -1)
	switch (f.type) {
	case FRAME_ENROL: n = TRY(enrol); break;
	case FRAME_ENROL_RESULT: n = TRY(enrol_result); break;
	case FRAME_RENEW: n = TRY(renew); break;
	case FRAME_RENEW_RESULT: n = TRY(renew_result); break;
	case FRAME_TOKEN: n = TRY(offer); break;
	case FRAME_TOKEN_ACK: n = TRY(offer_ack); break;
	}
#undef TRY
	assert(n < 0 || (n == (int)(FRAME_HEADER + f.len) && memcmp(again, copy, (size_t)n) == 0));
}

/* Seals as envelope.c does, whatever the plaintext. */
static size_t
seal(uint8_t *to, const char label[static 16], const uint8_t key[static 32], const uint8_t *plain,
    size_t len)
{
	uint8_t ad[16 + TOKEN_ID_LEN + ENROL_REF_LEN] = { 0 };

	memcpy(ad, label, 16);
	memcpy(ad + 16, keys.id, TOKEN_ID_LEN);
	memset(to, 0, CRYPTO_XNONCE);
	crypto_xseal(to + CRYPTO_XNONCE, key, to, plain, len, ad, sizeof(ad));
	return len + ENVELOPE_OVERHEAD;
}

static void
read_welcome(const uint8_t *data, size_t size)
{
	uint8_t sealed[WIRE_WELCOME_MAX], plain[WELCOME_PLAIN_MAX];
	struct welcome w;
	size_t len;

	size = min_u64(size, WELCOME_PLAIN_MAX);
	len = seal(sealed, "enrol welcome v1", keys.enrol, data, size);
	if (welcome_open(&w, plain, &keys, sealed, len) == 0)
		assert(w.name[0] != '\0' && w.root.len > 0);
}

/* The token under which pleas are kept. */
static void
recall_token(struct mailbox *m, const uint8_t *id)
{
	uint8_t value[1 + ISSUER_LEN + 32 + 8 + 1] = { 1 };
	struct memory row = { .table = MEMORY_TOKEN, .key_len = 8, .value = value };
	int rc;

	put_le64(value + 1 + ISSUER_LEN + 32, NOW + 1);
	row.value_len = sizeof(value);
	memcpy(row.key, id, 8);
	rc = mailbox_recall(m, NOW, &row);
	assert(rc == 0);
	(void)rc;
}

static void
recall(const uint8_t *data, size_t size, enum memory_table table)
{
	static const uint8_t hash_key[32] = { 7 };
	struct rng_stream stream;
	struct rng rng;
	struct memory row = { .table = table, .value = data, .value_len = (uint32_t)size };
	struct mailbox_totals totals;
	struct mailbox *m;
	struct token_row *t;

	rng_stream_init(&stream, 1);
	rng = rng_stream_source(&stream);
	m = mailbox_new(&rng);
	assert(m != NULL);
	row.key_len = table == MEMORY_TOKEN ? 8 : table == MEMORY_PLEA ? 24 : 32;
	memcpy(row.key, hash_key, row.key_len);
	if (table == MEMORY_PLEA)
		recall_token(m, hash_key);
	(void)!mailbox_recall(m, NOW, &row);
	mailbox_totals(m, &totals);
	assert(totals.tokens <= 1 && totals.pleas + totals.renewals + totals.answers <= 1);
	t = mailbox_token(m, hash_key, NOW);
	assert(t == NULL || t->welcome_len <= WIRE_WELCOME_MAX);
	mailbox_free(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 6) {
	case 0: read_token(data + 1, size - 1); break;
	case 1: read_frame(data + 1, size - 1); break;
	case 2: read_welcome(data + 1, size - 1); break;
	case 3: recall(data + 1, size - 1, MEMORY_TOKEN); break;
	case 4: recall(data + 1, size - 1, MEMORY_PLEA); break;
	case 5: recall(data + 1, size - 1, MEMORY_RENEWAL); break;
	}
	return 0;
}
