/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * place.h - an authority of a test's own, in a folder of its own.
 */
#ifndef TESTS_UNIT_PLACE_H
#define TESTS_UNIT_PLACE_H

#include "ca/office_clerk.h"
#include "tests/unit/folder.h"
#include "tests/unit/test.h"

struct place {
	char dir[FOLDER_MAX];
	struct office office;
	struct ledger *l; /* the office's */
	struct ca_keys keys;
	struct clerk clerk; /* who decides alone */
	struct err err;
};

/* Founds "study" with these ranges; `v6` may be NULL. place_close() ends it and removes it. */
static inline void
place_open(struct place *p, const char *v4, const char *v6)
{
	struct founding f = { .name = "study", .now = office_now(), .range_count = 1 };
	struct secret none = { .passphrase = "" };

	memset(p, 0, sizeof(*p));
	folder_make(p->dir, "place");
	ASSERT_EQ(prefix_parse(&f.ranges[0], v4), 0);
	if (v6 != NULL)
		ASSERT_EQ(prefix_parse(&f.ranges[f.range_count++], v6), 0);
	if (office_found(&p->office, p->dir, &f, &none, &p->keys, &p->err) < 0)
		test_fail(__FILE__, __LINE__, "%s", p->err.text);
	p->l = &p->office.ledger;
	p->clerk = (struct clerk){ .office = &p->office, .keys = &p->keys };
}

static inline void
place_close(struct place *p)
{
	office_close(&p->office);
	folder_remove(p->dir);
}

/* Signs a host called `name`, whose key is made, as `c` says; its bundle goes nowhere in particular. */
static inline int
place_sign(struct place *p, const char *name, struct commission c, struct outcome *ret)
{
	char path[192];

	c.make_key = true;
	(void)snprintf(c.order.name, sizeof(c.order.name), "%s", name);
	(void)snprintf(path, sizeof(path), "%s/%s.%llu", p->dir, name,
	    (unsigned long long)test_rand());
	c.path = path;
	p->err.text[0] = '\0';
	return office_sign(&p->office, &p->keys, &c, ret, &p->err);
}

#endif
