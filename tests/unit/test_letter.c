/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_letter.c - letters: sealed for one, by one, and in pieces; against the vectors, and both ways.
 */
#include "core/wire_letter.h"
#include "tests/unit/frame_vectors.h"

/* What any of these frames holds, to be encoded again. */
union any {
	struct letter_part part;
	struct letter_ack ack;
};

static int
decode(union any *ret, const struct frame *f)
{
	switch (f->type) {
	case FRAME_LETTER: return letter_part_decode(&ret->part, f);
	case FRAME_LETTER_ACK: return letter_ack_decode(&ret->ack, f);
	}
	return ERR_UNKNOWN;
}

static int
encode(uint8_t *to, size_t cap, uint8_t type, const union any *a)
{
	return type == FRAME_LETTER ? letter_part_encode(to, cap, &a->part)
	                            : letter_ack_encode(to, cap, &a->ack);
}

static int
make(const struct vectors *v, uint8_t type, uint8_t *to)
{
	static uint8_t bytes[FRAME_MAX];
	union any a = { .ack = { .status = 0 } };

	if (type == FRAME_LETTER) {
		a.part = (struct letter_part){
			.size = (uint16_t)vector_int(v, "size"),
			.offset = (uint16_t)vector_int(v, "offset"),
			.bytes = { bytes, (uint16_t)vector(v, "bytes", bytes, sizeof(bytes)) },
		};
		vector_exact(v, "key", a.part.key, sizeof(a.part.key));
		vector_exact(v, "id", a.part.id, sizeof(a.part.id));
	} else {
		a.ack.status = (uint8_t)vector_int(v, "status");
		vector_exact(v, "key", a.ack.key, sizeof(a.ack.key));
		vector_exact(v, "id", a.ack.id, sizeof(a.ack.id));
	}
	return encode(to, FRAME_MAX, type, &a);
}

static const struct family family = { make, decode, encode };

TEST(every_frame_of_letters_is_what_its_fields_make_and_comes_back)
{
	ASSERT_EQ(family_holds(&family, "letter-frames.txt"), 6);
}

TEST(every_frame_of_letters_that_breaks_a_rule_is_refused)
{
	family_refuses(&family, "letter-frames-refused.txt");
}

TEST(what_a_decoder_of_letters_accepts_is_what_its_encoder_writes)
{
	ASSERT(family_is_canonical(&family, "letter-frames.txt") > 1000);
}

/*
 * Sealing
 */

static uint8_t room[3][LETTER_MAX];

static struct blob
field(const struct vectors *v, const char *name, unsigned i)
{
	return (struct blob){ room[i], (uint16_t)vector(v, name, room[i], sizeof(room[i])) };
}

TEST(a_letter_is_sealed_as_the_vectors_say)
{
	struct vectors v = vectors_open("letters.txt");
	unsigned n = 0;

	for (; vectors_next(&v); n++) {
		uint8_t secret[32], mine[32], other[32], want[LETTER_MAX], got[LETTER_MAX];
		uint8_t id[LETTER_ID_LEN], hash[STUDY_HASH_LEN], bytes[32];
		struct letter l = { .since = vector_int(&v, "since") };
		struct letter_keys k;
		size_t len = vector(&v, "letter", want, sizeof(want));

		vector_exact(&v, "secret", secret, sizeof(secret));
		vector_exact(&v, "other", other, sizeof(other));
		crypto_dh_public(mine, secret);
		ASSERT_EQ(letter_keys(&k, secret, other, mine, other), 0);
		vector_exact(&v, "seal_key", bytes, sizeof(bytes));
		ASSERT_MEM(k.seal, bytes, sizeof(bytes));
		vector_exact(&v, "name_key", bytes, sizeof(bytes));
		ASSERT_MEM(k.name, bytes, sizeof(bytes));
		l.cert = field(&v, "certificate", 0);
		l.ca = vector_has(&v, "issuing") ? field(&v, "issuing", 1) : (struct blob){ 0 };
		l.study = field(&v, "study", 2);
		object_fingerprint(hash, l.study.p, l.study.len);
		letter_id(id, &k, hash);
		vector_exact(&v, "id", bytes, LETTER_ID_LEN);
		ASSERT_MEM(id, bytes, LETTER_ID_LEN);
		ASSERT_EQ(letter_seal(got, sizeof(got), &k, &l), len);
		ASSERT_MEM(got, want, len);
		for (size_t cap = 0; cap < len; cap++)
			ASSERT_EQ(letter_seal(got, cap, &k, &l), ERR_FULL);
	}
	ASSERT_EQ(n, 2);
	vectors_close(&v);
}

struct pair {
	uint8_t secret[2][32];
	uint8_t key[2][32];
};

static struct pair
two(void)
{
	struct pair p;

	for (unsigned i = 0; i < 2; i++) {
		test_fill(p.secret[i], 32);
		crypto_dh_public(p.key[i], p.secret[i]);
	}
	return p;
}

/* A letter by the first for the second: `study` bytes, behind a certificate and what issued it. */
static size_t
write_to(const struct pair *p, size_t cert, size_t ca, size_t study, uint8_t to[static LETTER_MAX])
{
	struct letter l = { .since = 1700000000 };
	struct letter_keys k;
	int n;

	for (unsigned i = 0; i < 3; i++)
		test_fill(room[i], sizeof(room[i]));
	l.cert = (struct blob){ room[0], (uint16_t)cert };
	l.ca = (struct blob){ room[1], (uint16_t)ca };
	l.study = (struct blob){ room[2], (uint16_t)study };
	ASSERT_EQ(letter_keys(&k, p->secret[0], p->key[1], p->key[0], p->key[1]), 0);
	n = letter_seal(to, LETTER_MAX, &k, &l);
	ASSERT(n > 0);
	return (size_t)n;
}

TEST(whom_a_letter_is_for_reads_what_was_written)
{
	static const size_t sizes[][3] = { { 1, 0, STUDY_MIN }, { 300, 200, 1000 },
		{ WIRE_CERT_MAX, WIRE_CA_MAX, STUDY_MAX } };
	struct pair p = two();

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		uint8_t letter[LETTER_MAX], plain[LETTER_MAX];
		size_t len = write_to(&p, sizes[i][0], sizes[i][1], sizes[i][2], letter);
		struct letter_keys k;
		struct letter l;

		ASSERT_EQ(letter_keys(&k, p.secret[1], p.key[0], p.key[0], p.key[1]), 0);
		ASSERT_EQ(letter_open(&l, plain, &k, letter, len), 0);
		ASSERT_EQ(l.since, 1700000000);
		ASSERT_EQ(l.cert.len, sizes[i][0]);
		ASSERT_MEM(l.cert.p, room[0], l.cert.len);
		ASSERT_EQ(l.ca.len, sizes[i][1]);
		ASSERT_EQ(l.study.len, sizes[i][2]);
		ASSERT_MEM(l.study.p, room[2], l.study.len);
	}
}

TEST(nobody_else_reads_or_writes_one_and_no_bit_of_it_changes)
{
	struct pair p = two(), strangers = two();
	uint8_t letter[LETTER_MAX], plain[LETTER_MAX];
	size_t len = write_to(&p, 100, 0, STUDY_MIN, letter);
	struct letter_keys k;
	struct letter l;

	/* A stranger with its own key; the two, the other way round; what is cut or changed. */
	ASSERT_EQ(letter_keys(&k, strangers.secret[0], p.key[0], p.key[0], p.key[1]), 0);
	ASSERT_EQ(letter_open(&l, plain, &k, letter, len), ERR_AUTH);
	ASSERT_EQ(letter_keys(&k, p.secret[1], p.key[0], p.key[1], p.key[0]), 0);
	ASSERT_EQ(letter_open(&l, plain, &k, letter, len), ERR_AUTH);
	ASSERT_EQ(letter_keys(&k, p.secret[1], p.key[0], p.key[0], p.key[1]), 0);
	for (size_t bit = 0; bit < len * 8; bit++) {
		letter[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ASSERT_EQ(letter_open(&l, plain, &k, letter, len), ERR_AUTH);
		letter[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t shorter = 0; shorter < len; shorter++)
		ASSERT(letter_open(&l, plain, &k, letter, shorter) < 0);
	ASSERT_EQ(letter_open(&l, plain, &k, letter, len), 0);
	ASSERT_EQ(letter_keys(&k, p.secret[1], (uint8_t[32]){ 0 }, p.key[0], p.key[1]), ERR_CRYPTO);
}

TEST(what_is_sealed_and_says_nothing_is_refused)
{
	struct pair p = two();
	struct letter_keys k;
	struct letter l;
	uint8_t sealed[LETTER_MIN + 8], plain[LETTER_MIN + 8] = { 0 };

	/* No certificate; a certificate that is longer than the letter. */
	ASSERT_EQ(letter_keys(&k, p.secret[1], p.key[0], p.key[0], p.key[1]), 0);
	for (uint8_t cert = 0; cert < 2; cert++) {
		plain[8] = cert == 0 ? 0 : 255;
		test_fill(sealed, CRYPTO_XNONCE);
		crypto_xseal(sealed + CRYPTO_XNONCE, k.seal, sealed, plain,
		    sizeof(sealed) - LETTER_OVERHEAD, NULL, 0);
		ASSERT_EQ(letter_open(&l, plain, &k, sealed, sizeof(sealed)), ERR_FORMAT);
		memset(plain, 0, sizeof(plain));
	}
}

/*
 * In pieces
 */

TEST(a_letter_is_whole_when_all_its_pieces_are_in_whatever_order)
{
	static struct letter_pieces ps;
	const uint8_t key[32] = { 7 }, id[LETTER_ID_LEN] = { 9 };
	uint8_t whole[LETTER_MAX];

	for (size_t size = LETTER_MIN; size <= LETTER_MAX; size += 97) {
		size_t chunks = (size + LETTER_CHUNK - 1) / LETTER_CHUNK, left = chunks;
		bool has[16] = { false };
		struct letter_part p = letter_part_of(key, id, whole, size, 0);

		test_fill(whole, sizeof(whole));
		letter_pieces_begin(&ps, &p);
		while (left > 0) {
			size_t i = test_below((uint32_t)chunks);

			p = letter_part_of(key, id, whole, size, i * LETTER_CHUNK);
			left -= !has[i];
			has[i] = true;
			ASSERT(letter_pieces_fit(&ps, &p));
			ASSERT_EQ(letter_pieces_add(&ps, &p), left == 0);
		}
		ASSERT_MEM(ps.bytes, whole, size);
		p.id[0] ^= 1;
		ASSERT(!letter_pieces_fit(&ps, &p));
	}
}
