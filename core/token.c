/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * token.c - invitations as text, and the two keys in them.
 */
#include "core/token.h"
#include "core/bytes.h"
#include "core/crypto.h"
#include "core/text.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define CHECK_LEN  4
#define BYTES_MAX  (8 + 3 * 32 + 4 + 1 + 2 + ENDPOINT_TEXT_MAX + CHECK_LEN)
#define PREFIX_LEN (sizeof(TOKEN_PREFIX) - 1)
#define VARIANT	   sodium_base64_VARIANT_URLSAFE_NO_PADDING

static_assert(PREFIX_LEN + sodium_base64_ENCODED_LEN(BYTES_MAX, VARIANT) <= TOKEN_TEXT_MAX,
    "the longest token has room");

static const char psk_label[] = "mpynet token psk v1";
static const char enrol_label[] = "mpynet token enrol v1";

void
token_draw(struct token *t, const struct rng *rng)
{
	rng_fill(rng, t->id, sizeof(t->id));
	rng_fill(rng, t->secret, sizeof(t->secret));
}

void
token_keys(struct token_keys *ret, const uint8_t id[static TOKEN_ID_LEN],
    const uint8_t secret[static 32])
{
	memcpy(ret->id, id, sizeof(ret->id));
	crypto_kdf1(ret->psk, secret, psk_label, sizeof(psk_label) - 1);
	crypto_kdf1(ret->enrol, secret, enrol_label, sizeof(enrol_label) - 1);
}

void
token_wipe(struct token *t)
{
	crypto_wipe(t, sizeof(*t));
}

void
token_keys_wipe(struct token_keys *k)
{
	crypto_wipe(k, sizeof(*k));
}

/*
 * The endpoint: an address, or a name to the end, behind family and port.
 */

static void
put_endpoint(struct wr *w, const char *text)
{
	const char *colon = strrchr(text, ':');
	struct addr a;
	uint64_t port = 0;

	if (addr_parse(&a, text, 0) == 0) {
		wr_u8(w, a.family);
		wr_u16(w, a.port);
		wr_bytes(w, a.ip, a.family == FAMILY_V4 ? 4 : 16);
		return;
	}
	if (text_u64(&port, colon + 1, 1, UINT16_MAX) < 0)
		w->failed = true;
	wr_u8(w, FAMILY_NONE);
	wr_u16(w, (uint16_t)port);
	wr_bytes(w, text, (size_t)(colon - text));
}

/* What is left of `r`; token_read() sees to it that put_endpoint() would write the same. */
static int
take_endpoint(char to[static ENDPOINT_TEXT_MAX], struct rd *r)
{
	struct addr a = { .family = rd_u8(r) };
	size_t len;
	const uint8_t *p;

	a.port = rd_u16(r);
	len = r->left;
	p = rd_take(r, len);
	if (p == NULL)
		return ERR_SHORT;
	if (a.family == FAMILY_NONE)
		return snprintf(to, ENDPOINT_TEXT_MAX, "%.*s:%u", (int)len, (const char *)p,
			   a.port) < ENDPOINT_TEXT_MAX ? 0 : ERR_FORMAT;
	if (len != (a.family == FAMILY_V4 ? 4 : a.family == FAMILY_V6 ? 16 : 0))
		return ERR_FORMAT;
	memcpy(a.ip, p, len);
	(void)addr_format(to, &a);
	return 0;
}

/*
 * The whole
 */

static void
checksum(uint8_t to[static CHECK_LEN], const uint8_t *p, size_t len)
{
	uint8_t hash[32];

	crypto_hash2(hash, p, len, NULL, 0);
	memcpy(to, hash, CHECK_LEN);
}

int
token_write(char to[static TOKEN_TEXT_MAX], const struct token *t)
{
	uint8_t bytes[BYTES_MAX], check[CHECK_LEN];
	struct wr w = wr_init(bytes, sizeof(bytes));

	if (endpoint_check(t->endpoint) < 0 || t->expires == 0 || t->expires > UINT32_MAX)
		return ERR_FORMAT;
	wr_bytes(&w, t->id, sizeof(t->id));
	wr_bytes(&w, t->secret, sizeof(t->secret));
	wr_bytes(&w, t->root, sizeof(t->root));
	wr_bytes(&w, t->lighthouse, sizeof(t->lighthouse));
	wr_u32(&w, (uint32_t)t->expires);
	put_endpoint(&w, t->endpoint);
	checksum(check, w.start, w.len);
	wr_bytes(&w, check, sizeof(check));
	if (wr_end(&w) < 0)
		return ERR_FORMAT;
	memcpy(to, TOKEN_PREFIX, PREFIX_LEN);
	sodium_bin2base64(to + PREFIX_LEN, TOKEN_TEXT_MAX - PREFIX_LEN, bytes, w.len, VARIANT);
	crypto_wipe(bytes, sizeof(bytes));
	return (int)strlen(to);
}

static int
decode(struct token *t, const uint8_t *p, size_t len)
{
	struct rd r = rd_init(p, len);
	uint8_t check[CHECK_LEN];

	if (len < CHECK_LEN)
		return ERR_SHORT;
	checksum(check, p, len - CHECK_LEN);
	if (!crypto_equal(check, p + len - CHECK_LEN, CHECK_LEN))
		return ERR_AUTH;
	r.left -= CHECK_LEN;
	rd_bytes(&r, t->id, sizeof(t->id));
	rd_bytes(&r, t->secret, sizeof(t->secret));
	rd_bytes(&r, t->root, sizeof(t->root));
	rd_bytes(&r, t->lighthouse, sizeof(t->lighthouse));
	t->expires = rd_u32(&r);
	return take_endpoint(t->endpoint, &r);
}

/* `text` is the token and nothing else. */
static int
read_exact(struct token *t, const char *text, size_t len)
{
	uint8_t bytes[BYTES_MAX];
	char again[TOKEN_TEXT_MAX];
	size_t got = 0;
	int rc = ERR_AUTH; /* no base64, or longer than any: mistyped */

	/* libsodium 1.0.18 takes bytes above 127 for letters; what is written again has none. */
	if (sodium_base642bin(bytes, sizeof(bytes), text + PREFIX_LEN, len - PREFIX_LEN, NULL, &got,
		NULL, VARIANT) == 0)
		rc = decode(t, bytes, got);
	if (rc == 0 && (token_write(again, t) != (int)len || !crypto_equal(again, text, len)))
		rc = ERR_FORMAT;
	crypto_wipe(bytes, sizeof(bytes));
	crypto_wipe(again, sizeof(again));
	return rc;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Takes what a person's way of pasting leaves around a token. */
static void
trim(const char **text, size_t *len)
{
	size_t url = sizeof(TOKEN_URL) - 1;

	while (*len > 0 && is_space((*text)[*len - 1]))
		--*len;
	while (*len > 0 && is_space(**text)) {
		++*text;
		--*len;
	}
	if (*len > url && memcmp(*text, TOKEN_URL, url) == 0) {
		*text += url;
		*len -= url;
	}
}

int
token_read(struct token *ret, const char *text, size_t len, struct err *e)
{
	struct token t = { 0 };
	int rc = ERR_FORMAT;

	trim(&text, &len);
	if (len < PREFIX_LEN || memcmp(text, TOKEN_PREFIX, 3) != 0)
		return err_set(e, rc, "this is no invitation: those begin with " TOKEN_PREFIX);
	if (memcmp(text, TOKEN_PREFIX, PREFIX_LEN) != 0)
		return err_set(e, ERR_VERSION,
		    "this invitation is of a version that this mpynet does not know; newer ones "
		    "may");
	rc = read_exact(&t, text, len);
	if (rc == 0)
		*ret = t;
	token_wipe(&t);
	if (rc == ERR_AUTH || rc == ERR_SHORT)
		return err_set(e, ERR_AUTH,
		    "the invitation is damaged: a character of it is wrong or missing; copy it "
		    "again as a whole");
	return rc < 0 ? err_set(e, ERR_FORMAT, "the invitation holds what none may") : 0;
}
