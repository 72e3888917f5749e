/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_pins.c - keys that are fixed by name, and who is kept out by them.
 */
#include "core/members.h"
#include "core/trace.h"
#include "core/words.h"

#include "tests/unit/certs.h"

static struct pin
pin_of(const char *name, const struct host *h, bool words)
{
	struct pin p = { .len = words ? CERT_WORDS : 32 };

	strcpy(p.name, name);
	if (words)
		cert_key_word_bytes(p.bytes, h->cert.key);
	else
		memcpy(p.bytes, h->cert.key, sizeof(p.bytes));
	return p;
}

/*
 * Words
 */

TEST(words_are_read_as_they_were_written)
{
	uint8_t bytes[CERT_WORDS], back[CERT_WORDS];
	char text[CERT_WORDS_MAX];

	for (unsigned i = 0; i < 200; i++) {
		test_fill(bytes, sizeof(bytes));
		words_format(text, bytes, sizeof(bytes));
		for (char *c = text; *c != '\0'; c++) {
			if (*c == ' ' && test_below(2) == 0)
				*c = '-';
			else if (*c >= 'a' && *c <= 'z' && test_below(2) == 0)
				*c = (char)(*c - 'a' + 'A');
		}
		ASSERT_EQ(words_parse(back, sizeof(back), text), 0);
		ASSERT(memcmp(back, bytes, sizeof(bytes)) == 0);
	}
}

TEST(words_out_of_place_are_heard)
{
	static const char *const bad[] = {
		"", "aardvark", "aardvark aardvark", "adroitness aardvark", "aardvark adroitness adult",
		"aardvar adroitness", "aardvarks adroitness", "aardvark adroitnes",
	};
	uint8_t bytes[2] = { 7, 7 };

	ASSERT_EQ(words_parse(bytes, 2, " Aardvark\tADROITNESS\n"), 0);
	ASSERT(bytes[0] == 0 && bytes[1] == 0);
	bytes[0] = 7;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_EQ(words_parse(bytes, 2, bad[i]), ERR_FORMAT);
	ASSERT_EQ(bytes[0], 7);
}

TEST(a_pin_is_read_from_words_or_from_hex)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party2", "10.87.0.3", 7);
	char words[CERT_WORDS_MAX], again[CERT_WORDS_MAX], hex[65];
	struct pin p;
	struct err e;

	cert_key_words(words, h.cert.key);
	ASSERT_EQ(pin_parse(&p, "party2", words, &e), 0);
	ASSERT(p.len == CERT_WORDS && pin_fits(&p, h.cert.key));
	text_hex(hex, h.cert.key, 32);
	ASSERT_EQ(pin_parse(&p, "party2", hex, &e), 0);
	ASSERT(p.len == 32 && pin_fits(&p, h.cert.key));
	ASSERT_STR(pin_words(words, &p), cert_key_words(again, h.cert.key));
	hex[63] = '\0';
	ASSERT_EQ(pin_parse(&p, "party2", hex, &e), ERR_FORMAT);
	ASSERT_EQ(pin_parse(&p, "Party 2", words, &e), ERR_FORMAT);
}

/*
 * Members
 */

struct scene {
	struct authority root;
	struct members *ms;
	struct outbox out;
	struct pin_list pins;
	uint64_t now;
};

static void
begin(struct scene *s)
{
	struct rng rng = certs_rng();

	memset(s, 0, sizeof(*s));
	s->root = certs_root();
	s->ms = members_new(&rng, 100);
	s->now = CERTS_NOW;
	ASSERT_EQ(outbox_init(&s->out, 64, 4096), 0);
}

static void
end(struct scene *s)
{
	members_free(s->ms);
	outbox_free(&s->out);
}

static int
learn(struct scene *s, const struct host *h)
{
	struct verified v = {
		.cert = h->cert,
		.valid_from = h->cert.not_before,
		.valid_until = h->cert.not_after,
		.issued_by_root = true,
	};

	return members_learn(s->ms, &v, h->bytes, h->len, s->now, &s->out, NULL, NULL);
}

static int
set(struct scene *s, struct pin p)
{
	s->pins = (struct pin_list){ .count = 1, .pin = { p } };
	return members_pin(s->ms, &s->pins);
}

/* How often it was said since the last time this was asked. */
static unsigned
said(struct scene *s, enum trace_what what)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < s->out.count; i++)
		n += s->out.effects[i].kind == EFFECT_TRACE && s->out.effects[i].fact->what == what;
	outbox_reset(&s->out);
	return n;
}

TEST(another_key_for_a_pinned_name_is_refused_and_said)
{
	for (unsigned words = 0; words < 2; words++) {
		struct scene s;
		struct host one, two, three;
		char line[TRACE_TEXT_MAX], key[CERT_WORDS_MAX];

		begin(&s);
		one = certs_host(&s.root, "party2", "10.87.0.3", 7);
		two = certs_host(&s.root, "party2", "10.87.0.3", 8);
		three = certs_host(&s.root, "party3", "10.87.0.4", 9);
		ASSERT_EQ(learn(&s, &one), LEARNED_NEW);
		ASSERT_EQ(set(&s, pin_of("party2", &one, words)), 1);
		ASSERT_EQ(set(&s, pin_of("party2", &one, words)), 0);
		ASSERT_EQ(said(&s, TRACE_PIN_KEY), 0);
		ASSERT_EQ(learn(&s, &two), ERR_PINNED);
		ASSERT_EQ(s.out.count, 1);
		trace_format(line, s.out.effects[0].fact);
		ASSERT(strstr(line, cert_key_words(key, one.cert.key)) != NULL);
		ASSERT(strstr(line, cert_key_words(key, two.cert.key)) != NULL);
		ASSERT_EQ(said(&s, TRACE_PIN_KEY), 1);
		ASSERT(members_by_name(s.ms, "party2") == members_get(s.ms, one.cert.key));
		ASSERT_EQ(learn(&s, &three), LEARNED_NEW);
		/* It is said again when it is somebody else, or after a while. */
		ASSERT_EQ(learn(&s, &two), ERR_PINNED);
		ASSERT_EQ(said(&s, TRACE_PIN_KEY), 0);
		s.now += PINS_SAY_AGAIN;
		ASSERT_EQ(learn(&s, &two), ERR_PINNED);
		ASSERT_EQ(said(&s, TRACE_PIN_KEY), 1);
		ASSERT_EQ(members_pins(s.ms)->row[0].count, 3);
		end(&s);
	}
}

TEST(the_pinned_key_may_be_certified_again)
{
	struct scene s;
	struct host one, next;

	begin(&s);
	one = certs_host(&s.root, "party2", "10.87.0.3", 7);
	next = one;
	next.cert.serial = 9;
	certs_sign_host(&next, &s.root);
	ASSERT_EQ(set(&s, pin_of("party2", &one, false)), 1);
	ASSERT_EQ(learn(&s, &one), LEARNED_NEW);
	ASSERT_EQ(learn(&s, &next), LEARNED_RENEWED);
	/* And what is only old is no alarm, whatever key it has. */
	one = certs_host(&s.root, "party2", "10.87.0.3", 6);
	ASSERT_EQ(learn(&s, &one), ERR_SUPERSEDED);
	ASSERT_EQ(members_pins(s.ms)->row[0].count, 0);
	end(&s);
}

TEST(a_pinned_key_has_no_other_name)
{
	struct scene s;
	struct host one, other;
	char line[TRACE_TEXT_MAX];

	begin(&s);
	one = certs_host(&s.root, "party2", "10.87.0.3", 7);
	other = one;
	strcpy(other.cert.name, "party4");
	other.cert.serial = 8;
	certs_sign_host(&other, &s.root);
	ASSERT_EQ(set(&s, pin_of("party2", &one, false)), 1);
	ASSERT_EQ(learn(&s, &one), LEARNED_NEW);
	ASSERT_EQ(learn(&s, &other), ERR_PINNED);
	ASSERT_EQ(s.out.count, 1);
	trace_format(line, s.out.effects[0].fact);
	ASSERT(strstr(line, "party4") != NULL && strstr(line, "pinned here for party2") != NULL);
	ASSERT_EQ(said(&s, TRACE_PIN_NAME), 1);
	ASSERT_STR(members_get(s.ms, one.cert.key)->name, "party2");
	end(&s);
}

TEST(who_was_superseded_and_is_pinned_has_its_name_again)
{
	struct scene s;
	struct host one, two, third;
	struct member *m;

	begin(&s);
	one = certs_host(&s.root, "party2", "10.87.0.3", 7);
	two = certs_host(&s.root, "party2", "10.87.0.5", 8);
	third = certs_host(&s.root, "party3", "10.87.0.3", 9);
	ASSERT_EQ(learn(&s, &one), LEARNED_NEW);
	ASSERT_EQ(learn(&s, &two), LEARNED_REPLACED);
	ASSERT_EQ(learn(&s, &third), LEARNED_NEW); /* has its address by now */
	ASSERT_EQ(set(&s, pin_of("party2", &one, false)), 1);
	m = members_get(s.ms, two.cert.key);
	ASSERT_EQ(members_against_pins(s.ms, &two.cert, s.now, NULL), ERR_PINNED);
	members_drop(s.ms, m, NULL);
	members_revive(s.ms);
	m = members_get(s.ms, one.cert.key);
	ASSERT(!m->superseded && members_by_name(s.ms, "party2") == m);
	ASSERT_STR(members_by_ip(s.ms, certs_ip("10.87.0.3"))->name, "party3");
	ASSERT_EQ(learn(&s, &one), LEARNED_NOTHING);
	ASSERT_EQ(learn(&s, &two), ERR_PINNED);
	end(&s);
}

TEST(pins_keep_what_they_have_refused_while_others_come_and_go)
{
	struct scene s;
	struct host one, two, three;

	begin(&s);
	one = certs_host(&s.root, "party2", "10.87.0.3", 7);
	two = certs_host(&s.root, "party2", "10.87.0.3", 8);
	three = certs_host(&s.root, "party3", "10.87.0.4", 9);
	ASSERT_EQ(set(&s, pin_of("party2", &one, false)), 1);
	ASSERT_EQ(learn(&s, &two), ERR_PINNED);
	s.pins.pin[s.pins.count++] = pin_of("party3", &three, true);
	ASSERT_EQ(members_pin(s.ms, &s.pins), 1);
	ASSERT_EQ(members_pins(s.ms)->row[0].count, 1);
	ASSERT_EQ(set(&s, pin_of("party2", &two, false)), 1);
	ASSERT_EQ(members_pins(s.ms)->count, 1);
	ASSERT_EQ(members_pins(s.ms)->row[0].count, 0);
	ASSERT_EQ(learn(&s, &two), LEARNED_NEW);
	end(&s);
}

TEST(as_many_may_be_pinned_as_is_said)
{
	struct scene s;
	struct host h;

	begin(&s);
	h = certs_host(&s.root, "party2", "10.87.0.3", 7);
	for (unsigned i = 0; i < PINS_MAX; i++) {
		struct pin *p = &s.pins.pin[s.pins.count++];

		*p = pin_of("x", &h, false);
		snprintf(p->name, sizeof(p->name), "n%u", i);
		test_fill(p->bytes, sizeof(p->bytes));
	}
	ASSERT_EQ(members_pin(s.ms, &s.pins), 1);
	ASSERT_EQ(members_pins(s.ms)->count, PINS_MAX);
	ASSERT_EQ(learn(&s, &h), LEARNED_NEW);
	end(&s);
}
