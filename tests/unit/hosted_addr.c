/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_addr.c - whose an address is, held to a model that lists them; and what it costs to ask.
 */
#include "ca/ledger_addr.h"
#include "ca/office.h"
#include "core/crypto.h"
#include "tests/unit/folder.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <unistd.h>

#define SLOTS 40
#define NAMES 12

struct slot {
	unsigned name;
	uint64_t until;
	bool used;
};

struct place {
	char dir[FOLDER_MAX];
	struct office office; /* with nothing but its ledger, where that is enough */
	struct err err;
};

static void
open_place(struct place *p)
{
	folder_make(p->dir, "addr");
	if (ledger_open(&p->office.ledger, p->dir, true, &p->err) < 0)
		test_fail(__FILE__, __LINE__, "%s", p->err.text);
	ASSERT_EQ(ledger_begin(&p->office.ledger, &p->err), 0);
}

static void
close_place(struct place *p)
{
	ASSERT_EQ(ledger_finish(&p->office.ledger, 0, &p->err), 0);
	ledger_close(&p->office.ledger);
	folder_remove(p->dir);
}

static struct ip
nth(uint8_t family, unsigned n)
{
	struct ip ip;

	ASSERT_EQ(ip_parse(&ip, family == FAMILY_V4 ? "10.9.7.240" : "fd00::fff0"), 0);
	for (; n > 0; n--) {
		for (size_t i = ip_size(ip); ++ip.b[--i] == 0;)
			;
	}
	return ip;
}

static const char *
name_of(unsigned i)
{
	static char text[16];

	(void)snprintf(text, sizeof(text), "host%u", i);
	return text;
}

static bool
model_holds(const struct slot *s, unsigned name, uint64_t now)
{
	return s->used && s->name != name && s->until >= now;
}

static unsigned
model_vacant(const struct slot *slots, unsigned from, unsigned name, uint64_t now)
{
	while (from < SLOTS && model_holds(&slots[from], name, now))
		from++;
	return from;
}

static void
check_all(struct place *p, const struct slot *slots, uint8_t family, uint64_t now)
{
	for (unsigned name = 0; name < NAMES; name++) {
		struct ledger_tenancy of = { &p->office.ledger, name_of(name), now };
		struct tenants t = ledger_tenants(&of);
		unsigned from = (unsigned)test_below(SLOTS);
		struct ip found;

		ASSERT_EQ(t.vacant(t.ctx, &found, nth(family, from), &p->err), 0);
		ASSERT(ip_equal(found, nth(family, model_vacant(slots, from, name, now))));
		ASSERT_EQ(t.hold(t.ctx, nth(family, from), &p->err),
		    model_holds(&slots[from], name, now));
	}
}

TEST(the_lowest_free_address_is_what_a_list_of_all_says)
{
	for (int round = 0; round < 8; round++) {
		static const uint8_t families[] = { FAMILY_V4, FAMILY_V6 };
		struct slot slots[2][SLOTS] = { 0 };
		uint64_t now = 1000;
		struct place p;

		open_place(&p);
		for (int step = 0; step < 120; step++) {
			unsigned v = (unsigned)test_below(2), at = (unsigned)test_below(SLOTS);
			unsigned name = (unsigned)test_below(NAMES);
			struct slot *s = &slots[v][at];
			struct cert c = { .not_after = now + test_below(60) };
			bool taken = model_holds(s, name, now);

			strcpy(c.name, name_of(name));
			ASSERT_EQ(ledger_release(&p.office.ledger, now, &p.err), 0);
			check_all(&p, slots[v], families[v], now);
			ASSERT_EQ(ledger_hold(&p.office.ledger, nth(families[v], at), &c, now, &p.err),
			    taken ? ERR_CONFLICT : 0);
			if (!taken)
				*s = (struct slot){
					.used = true,
					.name = name,
					.until = s->used && s->name == name && s->until > c.not_after ?
					    s->until : c.not_after,
				};
			/* A clock that was ahead is set back: what it ended is not over. */
			now = test_below(12) == 0 && now > 1030 ? now - 30 : now + test_below(6);
		}
		close_place(&p);
	}
}

/* Steps of SQLite's machine: what a statement costs, wherever it runs. */
static int
count_step(void *ctx)
{
	++*(long *)ctx;
	return 0;
}

static long
steps_of_one_more(struct place *p, const struct ca_keys *keys, unsigned i)
{
	struct order order = { 0 };
	struct issued issued;
	uint8_t secret[32];
	long steps = 0;

	strcpy(order.name, name_of(i));
	rng_fill(&p->office.rng, secret, sizeof(secret));
	crypto_dh_public(order.key, secret);
	sqlite3_progress_handler(p->office.ledger.db.sql, 1, count_step, &steps);
	if (office_issue(&p->office, keys, &order, &issued, &p->err) < 0)
		test_fail(__FILE__, __LINE__, "%s", p->err.text);
	sqlite3_progress_handler(p->office.ledger.db.sql, 0, NULL, NULL);
	return steps;
}

TEST(one_more_host_costs_the_same_in_a_large_network)
{
	struct founding f = { .name = "study", .now = office_now(), .range_count = 2 };
	struct secret none = { .passphrase = "" };
	struct ca_keys keys;
	struct place p;
	long few = 0, many = 0;

	folder_make(p.dir, "addr");
	ASSERT_EQ(prefix_parse(&f.ranges[0], "10.87.0.0/16"), 0);
	ASSERT_EQ(prefix_parse(&f.ranges[1], "fd12:3456:789a::/48"), 0);
	ASSERT_EQ(office_found(&p.office, p.dir, &f, &none, &keys, &p.err), 0);
	ASSERT_EQ(ledger_begin(&p.office.ledger, &p.err), 0);
	for (unsigned i = 0; i < 400; i++) {
		long steps = steps_of_one_more(&p, &keys, i);

		if (i >= 20 && i < 40)
			few += steps;
		if (i >= 380)
			many += steps;
	}
	ASSERT(many < few + few / 10);
	ASSERT_EQ(ledger_finish(&p.office.ledger, 0, &p.err), 0);
	office_close(&p.office);
	folder_remove(p.dir);
}
