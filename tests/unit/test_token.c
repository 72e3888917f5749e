/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_token.c - invitations: one text for each, nothing else is taken, and what is sealed by them.
 */
#include "core/crypto.h"
#include "core/envelope.h"
#include "core/text.h"
#include "core/token.h"
#include "tests/unit/vectors.h"

static void
from_vector(struct token *t, const struct vectors *v)
{
	*t = (struct token){ .expires = vector_int(v, "expires") };
	vector_exact(v, "id", t->id, sizeof(t->id));
	vector_exact(v, "secret", t->secret, sizeof(t->secret));
	vector_exact(v, "root", t->root, sizeof(t->root));
	vector_exact(v, "lighthouse", t->lighthouse, sizeof(t->lighthouse));
	vector(v, "endpoint", (uint8_t *)t->endpoint, sizeof(t->endpoint) - 1);
}

static struct token
some_token(const char *endpoint)
{
	struct token t = { .expires = 1 + test_below(UINT32_MAX) };

	test_fill(t.id, sizeof(t.id));
	test_fill(t.secret, sizeof(t.secret));
	test_fill(t.root, sizeof(t.root));
	test_fill(t.lighthouse, sizeof(t.lighthouse));
	snprintf(t.endpoint, sizeof(t.endpoint), "%s", endpoint);
	return t;
}

TEST(tokens_are_what_the_vectors_say)
{
	struct vectors v = vectors_open("tokens.txt");
	size_t blocks = 0;

	for (; vectors_next(&v); blocks++) {
		char want[TOKEN_TEXT_MAX] = "", made[TOKEN_TEXT_MAX];
		struct token t, back;
		struct token_keys keys;
		uint8_t key[32];

		from_vector(&t, &v);
		vector(&v, "text", (uint8_t *)want, sizeof(want) - 1);
		ASSERT_EQ(token_write(made, &t), strlen(want));
		ASSERT_STR(made, want);
		ASSERT_EQ(token_read(&back, want, strlen(want), NULL), 0);
		ASSERT_MEM(&back, &t, sizeof(t));
		token_keys(&keys, t.id, t.secret);
		vector_exact(&v, "psk", key, 32);
		ASSERT_MEM(keys.psk, key, 32);
		vector_exact(&v, "enrol", key, 32);
		ASSERT_MEM(keys.enrol, key, 32);
	}
	ASSERT_EQ(blocks, 3);
	vectors_close(&v);
}

TEST(what_is_no_token_is_refused_with_a_sentence)
{
	struct vectors v = vectors_open("tokens-refused.txt");

	while (vectors_next(&v)) {
		uint8_t text[2 * TOKEN_TEXT_MAX];
		size_t len = vector(&v, "text", text, sizeof(text));
		struct token t;
		struct err e = { "" };

		if (token_read(&t, (char *)text, len, &e) >= 0)
			test_fail(__FILE__, __LINE__, "[%s] was accepted", v.name);
		ASSERT(e.text[0] != '\0');
	}
	vectors_close(&v);
}

TEST(any_one_character_of_a_token_changed_is_noticed)
{
	struct token t = some_token("[2001:db8::1]:7717"), back;
	char text[TOKEN_TEXT_MAX];
	int len = token_write(text, &t);

	ASSERT_EQ(len, 180);
	for (int i = 5; i < len; i++) {
		char was = text[i];

		for (int c = 1; c < 256; c++) {
			text[i] = (char)c;
			if ((char)c == was || (i == len - 1 && strchr(" \t\n\v\f\r", c) != NULL))
				continue;
			ASSERT(token_read(&back, text, (size_t)len, NULL) < 0);
		}
		text[i] = was;
	}
	ASSERT_EQ(token_read(&back, text, (size_t)len, NULL), 0);
}

TEST(a_token_is_found_in_what_people_paste)
{
	static const char *const around[][2] = { { "", "" }, { TOKEN_URL, "" }, { "  ", "\n" },
		{ "\r\n" TOKEN_URL, " \t\r\n" } };
	struct token t = some_token("lighthouse.example.org:7717"), back;
	char text[TOKEN_TEXT_MAX], pasted[TOKEN_TEXT_MAX + 64];

	ASSERT(token_write(text, &t) > 0);
	for (size_t i = 0; i < ARRAY_LEN(around); i++) {
		snprintf(pasted, sizeof(pasted), "%s%s%s", around[i][0], text, around[i][1]);
		ASSERT_EQ(token_read(&back, pasted, strlen(pasted), NULL), 0);
		ASSERT_MEM(&back, &t, sizeof(t));
	}
}

TEST(the_longest_endpoint_fits_a_token_and_others_are_not_written)
{
	struct token t = some_token(""), back;
	char text[TOKEN_TEXT_MAX];
	size_t i;

	ASSERT_EQ(token_write(text, &t), ERR_FORMAT);
	for (i = 0; i < 249; i++)
		t.endpoint[i] = i % 50 == 49 ? '.' : 'a';
	snprintf(t.endpoint + i, sizeof(t.endpoint) - i, ":65535");
	ASSERT(token_write(text, &t) > 0);
	ASSERT_EQ(token_read(&back, text, strlen(text), NULL), 0);
	ASSERT_STR(back.endpoint, t.endpoint);
	t.expires = 0;
	ASSERT_EQ(token_write(text, &t), ERR_FORMAT);
	t.expires = (uint64_t)UINT32_MAX + 1;
	ASSERT_EQ(token_write(text, &t), ERR_FORMAT);
}

TEST(anything_that_is_read_is_written_the_same)
{
	struct token t = some_token("192.0.2.1:1"), back;
	char text[TOKEN_TEXT_MAX], again[TOKEN_TEXT_MAX];

	ASSERT(token_write(text, &t) > 0);
	for (int n = 0; n < 20000; n++) {
		char p[TOKEN_TEXT_MAX];
		size_t len = strlen(text);

		memcpy(p, text, len);
		for (uint64_t k = test_below(3); k-- > 0;)
			p[test_below(len)] = (char)test_rand();
		len -= test_below(8) == 0 ? test_below(len) : 0;
		if (token_read(&back, p, len, NULL) < 0)
			continue;
		ASSERT(token_write(again, &back) > 0);
		ASSERT_STR(again, text);
	}
}

/*
 * Envelopes
 */

/* Hands out the nonce of a vector. */
static void
fill_from(void *ctx, uint8_t *p, size_t n)
{
	memcpy(p, ctx, n);
}

static struct token_keys
keys_of(const struct vectors *v)
{
	uint8_t id[TOKEN_ID_LEN], secret[32];
	struct token_keys k;

	vector_exact(v, "id", id, sizeof(id));
	vector_exact(v, "secret", secret, sizeof(secret));
	token_keys(&k, id, secret);
	return k;
}

TEST(a_welcome_is_what_the_vectors_say)
{
	struct vectors v = vectors_open("envelopes.txt");
	uint8_t nonce[24], root[CERT_CA_MAX], issuing[CERT_CA_MAX], want[WIRE_WELCOME_MAX];
	uint8_t got[WIRE_WELCOME_MAX], plain[WELCOME_PLAIN_MAX];
	struct rng rng = { fill_from, nonce };
	struct welcome back, w = { "" };
	struct token_keys k;
	size_t len;

	vectors_find(&v, "welcome");
	k = keys_of(&v);
	vector_exact(&v, "nonce", nonce, sizeof(nonce));
	vector(&v, "name", (uint8_t *)w.name, sizeof(w.name) - 1);
	w.root = (struct blob){ root, (uint16_t)vector(&v, "root", root, sizeof(root)) };
	w.issuing = (struct blob){ issuing, (uint16_t)vector(&v, "issuing", issuing,
	    sizeof(issuing)) };
	len = vector(&v, "sealed", want, sizeof(want));
	ASSERT_EQ(welcome_seal(got, sizeof(got), &k, &rng, &w), len);
	ASSERT_MEM(got, want, len);
	ASSERT_EQ(welcome_open(&back, plain, &k, want, len), 0);
	ASSERT_STR(back.name, w.name);
	ASSERT_EQ(back.root.len, w.root.len);
	ASSERT_MEM(back.issuing.p, w.issuing.p, w.issuing.len);
	for (size_t i = 0; i < len; i++) {
		want[i] ^= (uint8_t)(1 << test_below(8));
		ASSERT_EQ(welcome_open(&back, plain, &k, want, len), ERR_AUTH);
		memcpy(want, got, len);
	}
	ASSERT_EQ(welcome_open(&back, plain, &k, want, 39), ERR_AUTH);
	ASSERT_EQ(welcome_open(&back, plain, &k, want, WIRE_WELCOME_MAX + 1), ERR_FORMAT);
	vectors_close(&v);
}

TEST(a_plea_is_what_the_vectors_say_and_no_welcome)
{
	struct vectors v = vectors_open("envelopes.txt");
	uint8_t nonce[24], request[CERT_REQUEST_MAX], want[WIRE_PLEA_MAX], got[WIRE_PLEA_MAX];
	uint8_t ref[ENROL_REF_LEN], want_ref[ENROL_REF_LEN], plain[WELCOME_PLAIN_MAX];
	struct rng rng = { fill_from, nonce };
	struct welcome w;
	struct token_keys k;
	size_t len, n;

	vectors_find(&v, "plea");
	k = keys_of(&v);
	vector_exact(&v, "nonce", nonce, sizeof(nonce));
	n = vector(&v, "request", request, sizeof(request));
	len = vector(&v, "sealed", want, sizeof(want));
	vector_exact(&v, "ref", want_ref, sizeof(want_ref));
	ASSERT_EQ(plea_seal(got, sizeof(got), &k, &rng, request, n), len);
	ASSERT_MEM(got, want, len);
	plea_ref(ref, got, len);
	ASSERT_MEM(ref, want_ref, sizeof(ref));
	ASSERT_EQ(plea_open(got, &k, want, len), n);
	ASSERT_MEM(got, request, n);
	ASSERT_EQ(welcome_open(&w, plain, &k, want, len), ERR_AUTH);
	k.id[0] ^= 1;
	ASSERT_EQ(plea_open(got, &k, want, len), ERR_AUTH);
	ASSERT_EQ(plea_seal(got, n, &k, &rng, request, n), ERR_FULL);
	vectors_close(&v);
}

static void
check_answer(const struct vectors *v)
{
	uint8_t nonce[24], ref[ENROL_REF_LEN], ours[32], theirs[32], host[32], host_public[32];
	uint8_t bundle[64], want[256], got[256], plain[256];
	struct token_keys k = keys_of(v);
	struct rng rng = { fill_from, nonce };
	struct answer back, a = { .refusal = (uint8_t)vector_int(v, "refusal") };
	size_t len = vector(v, "sealed", want, sizeof(want));

	vector_exact(v, "nonce", nonce, sizeof(nonce));
	vector_exact(v, "ref", ref, sizeof(ref));
	vector_exact(v, "enrol_secret", ours, 32);
	vector_exact(v, "enrol_public", theirs, 32);
	vector_exact(v, "host_secret", host, 32);
	vector_exact(v, "host_public", host_public, 32);
	a.bundle = (char *)bundle;
	a.bundle_len = vector(v, "bundle", bundle, sizeof(bundle));
	ASSERT_EQ(answer_seal(got, sizeof(got), &k, ref, ours, host_public, &rng, &a), len);
	ASSERT_MEM(got, want, len);
	ASSERT_EQ(answer_open(&back, plain, &k, ref, host, theirs, want, len), 0);
	ASSERT_EQ(back.refusal, a.refusal);
	ASSERT_EQ(back.bundle_len, a.bundle_len);
	if (a.bundle_len > 0)
		ASSERT_MEM(back.bundle, bundle, a.bundle_len);
	host[5] ^= 1; /* another holder of the token */
	ASSERT_EQ(answer_open(&back, plain, &k, ref, host, theirs, want, len), ERR_AUTH);
	host[5] ^= 1;
	ref[0] ^= 1; /* to another plea */
	ASSERT_EQ(answer_open(&back, plain, &k, ref, host, theirs, want, len), ERR_AUTH);
}

TEST(answers_are_what_the_vectors_say_and_for_one_host)
{
	struct vectors v = vectors_open("envelopes.txt");

	vectors_find(&v, "answer with a bundle");
	check_answer(&v);
	vectors_find(&v, "answer that refuses");
	check_answer(&v);
	vectors_close(&v);
}

TEST(every_refusal_has_a_phrase_of_its_own)
{
	for (uint8_t a = REFUSAL_USED; a <= REFUSAL_UNABLE + 1; a++)
		for (uint8_t b = REFUSAL_USED; b < a; b++)
			ASSERT(strcmp(refusal_phrase(a), refusal_phrase(b)) != 0);
}
