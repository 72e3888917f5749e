/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The closed list of reasons.
 */
#include "tests/unit/test.h"

#include "node/why.h"

/* What each fact is called between braces. */
static const char *const names[WHY_FACTS] = {
	[WHY_RTT] = "{rtt",
	[WHY_LOSS] = "{loss",
	[WHY_TRIES] = "{tries",
	[WHY_ADDRESSES] = "{addresses",
	[WHY_SINCE] = "{since",
	[WHY_NEXT] = "{next",
	[WHY_APART] = "{apart",
	[WHY_AT] = "{at",
	[WHY_VIA] = "{via",
	[WHY_NAT_ME] = "{nat-me",
	[WHY_NAT_PEER] = "{nat-peer",
	[WHY_KEY_PINNED] = "{key-pinned",
	[WHY_KEY_OFFERED] = "{key-offered",
};

/* A reason with something in every fact. */
static struct why
full(enum why_code code)
{
	struct why w = {
		.code = code,
		.number = { 23400, 12, 14, 3, 95 * USEC_PER_SEC, 4 * USEC_PER_SEC,
		    (uint64_t)-243 },
		.via = "lh1",
		.nat_me = { .mapping = NAT_MAPPING_ENDPOINT },
		.nat_peer = { .mapping = NAT_MAPPING_PORT, .flags = NAT_SEQUENTIAL },
	};

	ASSERT_EQ(addr_parse(&w.at, "203.0.113.7:7717", 0), 0);
	return w;
}

TEST(every_reason_has_all_its_parts)
{
	unsigned count = 0;

	for (enum why_code c = why_next(WHY_UNSAID); c != WHY_UNSAID; c = why_next(c), count++) {
		const struct why_entry *e = why_entry(c);

		ASSERT(e != NULL && e->code == c && c < WHY_CODES);
		ASSERT(strlen(e->word) > 0 && strlen(e->text) > 0 && strlen(e->change) > 0);
		ASSERT_EQ(strspn(e->word, "abcdefghijklmnopqrstuvwxyz-6"), strlen(e->word));
		ASSERT(strstr(e->text, "{peer}") != NULL || strstr(e->text, "{me}") != NULL);
	}
	ASSERT(count > 40);
}

TEST(every_word_is_said_by_one_reason_only)
{
	for (enum why_code a = why_next(WHY_UNSAID); a != WHY_UNSAID; a = why_next(a)) {
		for (enum why_code b = why_next(a); b != WHY_UNSAID; b = why_next(b))
			ASSERT(strcmp(why_word(a), why_word(b)) != 0);
	}
}

TEST(a_sentence_has_in_it_what_its_reason_carries_and_nothing_else)
{
	for (enum why_code c = why_next(WHY_UNSAID); c != WHY_UNSAID; c = why_next(c)) {
		const struct why_entry *e = why_entry(c);

		for (size_t i = 0; i < WHY_FACTS; i++) {
			bool carries = (e->facts & 1u << i) != 0;

			if ((strstr(e->text, names[i]) != NULL) != carries)
				test_fail(__FILE__, __LINE__, "%s: %s}", e->word, names[i]);
			if (!carries && strstr(e->change, names[i]) != NULL)
				test_fail(__FILE__, __LINE__, "%s: %s}", e->word, names[i]);
		}
	}
}

TEST(a_sentence_is_filled_to_its_end)
{
	char text[WHY_TEXT_MAX];

	for (enum why_code c = why_next(WHY_UNSAID); c != WHY_UNSAID; c = why_next(c)) {
		struct why w = full(c);

		why_text(text, &w, "this host", "party3");
		ASSERT(strpbrk(text, "{}") == NULL && strlen(text) < WHY_TEXT_MAX - 64);
		why_change(text, &w, "this host", "party3");
		ASSERT(strpbrk(text, "{}") == NULL && strlen(text) < WHY_TEXT_MAX - 64);
	}
}

TEST(measurements_are_in_the_words_of_people)
{
	struct why w = full(WHY_NEVER_ANSWERED);
	char text[WHY_TEXT_MAX];

	ASSERT_STR(why_text(text, &w, "this host", "party3"),
	    "14 packets to 3 addresses of party3 had no answer, so a firewall drops them on the "
	    "way; next try in 4.0 s");
	w.number[WHY_TRIES] = w.number[WHY_ADDRESSES] = 1;
	w.number[WHY_NEXT] = 0;
	ASSERT_STR(why_text(text, &w, "party1", "party3"),
	    "1 packet to 1 address of party3 had no answer, so a firewall drops them on the way; "
	    "next try now");
	w = full(WHY_PUNCHED);
	ASSERT_STR(why_text(text, &w, "this host", "party3"),
	    "both sides opened their NATs at the same time: party3 answers at 203.0.113.7:7717 "
	    "after 23.4 ms");
}

TEST(a_reason_of_a_later_version_is_said_to_be_one)
{
	struct why w = { .code = WHY_CODES - 1 };
	char text[WHY_TEXT_MAX];

	ASSERT(why_entry(w.code) == NULL);
	ASSERT_STR(why_word(w.code), "other");
	ASSERT_STR(why_text(text, &w, "party3", "party1"),
	    "party3 gives a reason for party1 that is not known here");
}
