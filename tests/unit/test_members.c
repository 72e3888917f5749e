/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_members.c - who is known, under which name, at which address, and what is remembered.
 */
#include "core/members.h"

#include "tests/unit/certs.h"

#define NO_LIMIT 1000

static struct members *
new_members(uint32_t limit)
{
	struct rng rng = certs_rng();
	struct members *ms = members_new(&rng, limit);

	ASSERT(ms != NULL);
	return ms;
}

static struct verified
verified(const struct host *h)
{
	return (struct verified){
		.cert = h->cert,
		.valid_from = h->cert.not_before,
		.valid_until = h->cert.not_after,
		.issued_by_root = true,
	};
}

/* Learns `h` at `now`; what is returned as in members_learn. */
static int
learn_at(struct members *ms, const struct host *h, uint64_t now, struct member **loser)
{
	struct verified v = verified(h);
	struct member *m = NULL;
	int rc = members_learn(ms, &v, h->bytes, h->len, now, NULL, &m, loser);

	ASSERT((rc >= 0) == (m != NULL));
	return rc;
}

static int
learn(struct members *ms, const struct host *h)
{
	return learn_at(ms, h, CERTS_NOW, NULL);
}

TEST(a_member_is_found_by_key_name_and_address)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct members *ms = new_members(NO_LIMIT);
	struct cert c;

	ASSERT_EQ(learn(ms, &h), LEARNED_NEW);
	ASSERT_EQ(learn(ms, &h), LEARNED_NOTHING);
	ASSERT_EQ(members_count(ms), 1);
	ASSERT(members_get(ms, h.cert.key) != NULL);
	ASSERT(members_get(ms, h.cert.key) == members_by_name(ms, "party1"));
	ASSERT(members_get(ms, h.cert.key) == members_by_ip(ms, certs_ip("10.87.0.3")));
	ASSERT(members_by_name(ms, "party2") == NULL);
	ASSERT(members_by_ip(ms, certs_ip("10.87.0.4")) == NULL);
	member_cert(members_at(ms, 0), &c);
	ASSERT_STR(c.name, "party1");
	ASSERT(member_issuing(members_at(ms, 0)) == NULL);
	members_free(ms);
}

TEST(a_renewal_changes_the_member_in_place_and_keeps_its_timestamp)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7), old = h;
	struct members *ms = new_members(NO_LIMIT);
	uint8_t stamp[MEMBER_TIMESTAMP_LEN] = { 0x40, 1 };
	struct member *m, *loser = NULL;

	ASSERT_EQ(learn(ms, &h), LEARNED_NEW);
	m = members_get(ms, h.cert.key);
	members_stamp(m, stamp);
	h.cert.serial = 8;
	h.cert.addresses[0] = certs_prefix("10.87.0.9");
	certs_sign_host(&h, &root);
	ASSERT_EQ(learn(ms, &h), LEARNED_RENEWED);
	ASSERT(members_get(ms, h.cert.key) == m);
	ASSERT_EQ(m->serial, 8);
	ASSERT_MEM(m->timestamp, stamp, sizeof(stamp));
	ASSERT(members_by_ip(ms, certs_ip("10.87.0.3")) == NULL);
	ASSERT(members_by_ip(ms, certs_ip("10.87.0.9")) == m);
	ASSERT_EQ(learn_at(ms, &old, CERTS_NOW, &loser), ERR_SUPERSEDED);
	ASSERT(loser == m);
	members_free(ms);
}

TEST(a_new_key_of_the_same_name_takes_over_with_a_higher_serial)
{
	struct authority root = certs_root();
	struct host one = certs_host(&root, "party1", "10.87.0.3", 7);
	struct host two = certs_host(&root, "party1", "10.87.0.3", 8);
	struct members *ms = new_members(NO_LIMIT);
	struct member *loser = NULL;

	ASSERT_EQ(learn(ms, &one), LEARNED_NEW);
	ASSERT_EQ(learn_at(ms, &two, CERTS_NOW, &loser), LEARNED_REPLACED);
	ASSERT(loser == members_get(ms, one.cert.key));
	ASSERT(loser->superseded);
	ASSERT(members_by_name(ms, "party1") == members_get(ms, two.cert.key));
	ASSERT(members_by_ip(ms, certs_ip("10.87.0.3")) == members_get(ms, two.cert.key));
	ASSERT_EQ(learn_at(ms, &one, CERTS_NOW, &loser), ERR_SUPERSEDED);
	ASSERT(loser == members_get(ms, two.cert.key));
	/* The issuer goes back to the first key: it has spoken again. */
	one.cert.serial = 9;
	certs_sign_host(&one, &root);
	ASSERT_EQ(learn(ms, &one), LEARNED_REPLACED);
	ASSERT(!members_get(ms, one.cert.key)->superseded);
	ASSERT(members_get(ms, two.cert.key)->superseded);
	members_free(ms);
}

TEST(a_lower_serial_does_not_come_back)
{
	struct authority root = certs_root();
	struct host two = certs_host(&root, "party1", "10.87.0.3", 8);
	struct host one = certs_host(&root, "party1", "10.87.0.3", 7);
	struct members *ms = new_members(NO_LIMIT);

	ASSERT_EQ(learn(ms, &two), LEARNED_NEW);
	ASSERT_EQ(learn(ms, &one), ERR_SUPERSEDED);
	ASSERT(members_get(ms, one.cert.key) == NULL);
	members_free(ms);
}

TEST(nobody_takes_the_name_address_or_key_of_a_live_member)
{
	struct authority root = certs_root(), other = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct host name = certs_host(&other, "party1", "10.87.0.4", 9);
	struct host address = certs_host(&root, "party2", "10.87.0.3", 9);
	struct host key = h, serial = certs_host(&root, "party1", "10.87.0.3", 7);
	struct members *ms = new_members(NO_LIMIT);
	struct member *loser = NULL;

	certs_sign_host(&key, &other);
	ASSERT_EQ(learn(ms, &h), LEARNED_NEW);
	ASSERT_EQ(learn_at(ms, &name, CERTS_NOW, &loser), ERR_CONFLICT);
	ASSERT(loser == members_get(ms, h.cert.key));
	ASSERT_EQ(learn_at(ms, &address, CERTS_NOW, &loser), ERR_CONFLICT);
	ASSERT_EQ(learn_at(ms, &key, CERTS_NOW, &loser), ERR_CONFLICT);
	ASSERT_EQ(learn_at(ms, &serial, CERTS_NOW, &loser), ERR_CONFLICT);
	ASSERT_EQ(members_count(ms), 1);
	members_free(ms);
}

TEST(a_root_takes_over_what_those_that_it_has_followed_certified_and_not_the_other_way_round)
{
	struct authority root = certs_root(), second = certs_root();
	struct host one = certs_host(&root, "party1", "10.87.0.3", 9), old = one;
	struct host two = certs_host(&second, "party1", "10.87.0.3", 2);
	struct members *ms = new_members(NO_LIMIT);
	struct verified v;
	struct member *m, *loser;

	ASSERT_EQ(learn(ms, &one), LEARNED_NEW);
	m = members_get(ms, one.cert.key);
	one.cert.serial = 1;
	certs_sign_host(&one, &second);
	ASSERT_EQ(learn(ms, &one), ERR_CONFLICT);
	v = verified(&one);
	v.follows_count = 2;
	memcpy(v.follows[1], old.cert.issuer, sizeof(v.follows[1]));
	ASSERT_EQ(members_learn(ms, &v, one.bytes, one.len, CERTS_NOW, NULL, &m, &loser),
	    LEARNED_RENEWED);
	ASSERT_EQ(learn(ms, &old), ERR_CONFLICT);
	ASSERT_EQ(m->serial, 1);
	/* With another key too: its word is as good as that of the one before. */
	ASSERT_EQ(learn_at(ms, &two, CERTS_NOW, &loser), LEARNED_REPLACED);
	ASSERT(loser == m);
	members_free(ms);
}

TEST(nobody_takes_what_this_host_has_itself)
{
	struct authority root = certs_root();
	struct host own = certs_host(&root, "party1", "10.87.0.3", 7);
	struct host name = certs_host(&root, "party1", "10.87.0.4", 9);
	struct host address = certs_host(&root, "party2", "10.87.0.3", 9);
	struct host other = certs_host(&root, "party2", "10.87.0.4", 9);
	struct members *ms = new_members(NO_LIMIT);
	struct member unset, *loser = &unset;

	members_reserve(ms, &own.cert);
	ASSERT_EQ(learn_at(ms, &own, CERTS_NOW, &loser), ERR_CONFLICT);
	ASSERT(loser == NULL);
	ASSERT_EQ(learn(ms, &name), ERR_CONFLICT);
	ASSERT_EQ(learn(ms, &address), ERR_CONFLICT);
	ASSERT_EQ(learn(ms, &other), LEARNED_NEW);
	members_free(ms);
}

TEST(what_has_expired_stands_in_nobodys_way)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 9);
	struct host heir = certs_host(&root, "party2", "10.87.0.3", 7);
	struct members *ms = new_members(NO_LIMIT);

	heir.cert.not_after += 100;
	certs_sign_host(&heir, &root);
	ASSERT_EQ(learn(ms, &h), LEARNED_NEW);
	ASSERT_EQ(learn_at(ms, &heir, h.cert.not_after, NULL), ERR_CONFLICT);
	ASSERT_EQ(learn_at(ms, &heir, h.cert.not_after + 1, NULL), LEARNED_NEW);
	ASSERT(members_get(ms, h.cert.key) == NULL);
	ASSERT(members_by_name(ms, "party1") == NULL);
	members_free(ms);
}

TEST(an_expired_key_that_is_renewed_keeps_its_timestamp)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 9);
	struct members *ms = new_members(NO_LIMIT);
	uint8_t stamp[MEMBER_TIMESTAMP_LEN] = { 0x40, 1 };
	uint64_t later = h.cert.not_after + 1;

	ASSERT_EQ(learn(ms, &h), LEARNED_NEW);
	members_stamp(members_get(ms, h.cert.key), stamp);
	h.cert.serial = 10;
	h.cert.not_after += CERTS_DAY;
	certs_sign_host(&h, &root);
	ASSERT_EQ(learn_at(ms, &h, later, NULL), LEARNED_RENEWED);
	ASSERT_MEM(members_get(ms, h.cert.key)->timestamp, stamp, sizeof(stamp));
	members_free(ms);
}

TEST(a_stock_key_is_stock_while_it_lives)
{
	struct authority root = certs_root();
	struct host stock = certs_host(&root, "phone", "10.87.0.3", 7);
	struct host plain = certs_host(&root, "party1", "10.87.0.4", 8);
	struct members *ms = new_members(NO_LIMIT);

	stock.cert.flags = CERT_STOCK;
	certs_sign_host(&stock, &root);
	ASSERT_EQ(learn(ms, &stock), LEARNED_NEW);
	ASSERT_EQ(learn(ms, &plain), LEARNED_NEW);
	ASSERT(members_is_stock(ms, stock.cert.key, CERTS_NOW));
	ASSERT(!members_is_stock(ms, stock.cert.key, stock.cert.not_after + 1));
	ASSERT(!members_is_stock(ms, plain.cert.key, CERTS_NOW));
	members_free(ms);
}

TEST(a_timestamp_never_goes_back)
{
	struct member m = { 0 };
	uint8_t early[MEMBER_TIMESTAMP_LEN] = { 0x40, 0, 0, 1 };
	uint8_t late[MEMBER_TIMESTAMP_LEN] = { 0x40, 0, 1, 0 };

	members_stamp(&m, late);
	members_stamp(&m, early);
	ASSERT_MEM(m.timestamp, late, sizeof(late));
}

TEST(a_full_table_refuses_until_somebody_expires)
{
	struct authority root = certs_root();
	struct host short_lived = certs_host(&root, "a", "10.87.0.1", 1);
	struct host b = certs_host(&root, "b", "10.87.0.2", 2),
		    c = certs_host(&root, "c", "10.87.0.3", 3);
	struct members *ms = new_members(2);
	struct outbox o;
	struct verified v;

	short_lived.cert.not_after = CERTS_NOW + 10;
	certs_sign_host(&short_lived, &root);
	ASSERT_EQ(outbox_init(&o, 16, 4096), 0);
	ASSERT_EQ(learn(ms, &short_lived), LEARNED_NEW);
	ASSERT_EQ(learn(ms, &b), LEARNED_NEW);
	ASSERT_EQ(learn(ms, &c), ERR_FULL);
	v = verified(&c);
	ASSERT_EQ(members_learn(ms, &v, c.bytes, c.len, CERTS_NOW + 11, &o, NULL, NULL),
	    LEARNED_NEW);
	ASSERT(members_get(ms, short_lived.cert.key) == NULL);
	ASSERT_EQ(o.count, 1);
	ASSERT_EQ(o.effects[0].kind, EFFECT_REMEMBER);
	ASSERT_EQ(o.effects[0].memory.value_len, 0);
	ASSERT_MEM(o.effects[0].memory.key, short_lived.cert.key, 32);
	outbox_free(&o);
	members_free(ms);
}

/*
 * Rows
 */

struct kept {
	struct authority root, issuing;
	struct host h;
	struct trust *t;
	struct memory row;
	struct outbox o;
};

static struct kept
keep_one(void)
{
	struct kept k = { .root = certs_root() };
	struct members *ms = new_members(NO_LIMIT);
	struct rng rng = certs_rng();
	uint8_t stamp[MEMBER_TIMESTAMP_LEN] = { 0x40, 7 };
	struct verified v;
	struct member *m;

	k.issuing = certs_issuing(&k.root);
	k.h = certs_host(&k.issuing, "party.org", "10.87.16.9", 7);
	k.t = trust_new(&rng);
	ASSERT_EQ(trust_add(k.t, k.root.bytes, k.root.len, CERTS_WALL, NULL), 0);
	ASSERT_EQ(trust_verify(k.t, k.h.bytes, k.h.len, k.issuing.bytes, k.issuing.len, CERTS_WALL,
		      &v, NULL),
	    0);
	ASSERT_EQ(members_learn(ms, &v, k.h.bytes, k.h.len, CERTS_NOW, NULL, &m, NULL),
	    LEARNED_NEW);
	members_stamp(m, stamp);
	ASSERT_EQ(outbox_init(&k.o, 4, 8192), 0);
	members_remember(m, &k.o);
	ASSERT_EQ(k.o.count, 1);
	k.row = k.o.effects[0].memory;
	members_free(ms);
	return k;
}

static void
kept_free(struct kept *k)
{
	trust_free(k->t);
	outbox_free(&k->o);
}

TEST(a_row_brings_back_the_member)
{
	struct kept k = keep_one();
	struct members *ms = new_members(NO_LIMIT);
	struct member *m = NULL;

	ASSERT_EQ(k.row.table, MEMORY_MEMBER);
	ASSERT_EQ(members_recall(ms, k.t, k.row.key, k.row.key_len, k.row.value, k.row.value_len,
		      CERTS_WALL, &m),
	    LEARNED_NEW);
	ASSERT(m == members_by_name(ms, "party.org"));
	ASSERT_EQ(m->timestamp[1], 7);
	ASSERT_EQ(m->issuing_len, k.issuing.len);
	ASSERT_MEM(member_issuing(m), k.issuing.bytes, k.issuing.len);
	ASSERT_MEM(member_host(m), k.h.bytes, k.h.len);
	members_free(ms);
	kept_free(&k);
}

TEST(a_row_is_not_believed_more_than_the_network)
{
	struct kept k = keep_one();
	struct members *ms = new_members(NO_LIMIT);
	uint8_t row[MEMBER_ROW_MAX], key[32];

	for (uint32_t len = 0; len < k.row.value_len; len++)
		ASSERT(
		    members_recall(ms, k.t, k.row.key, 32, k.row.value, len, CERTS_WALL, NULL) < 0);
	/* Any bit but those of the version, which is 1, and of the timestamp, which is ours. */
	for (uint32_t bit = 0; bit < k.row.value_len * 8; bit++) {
		if (bit / 8 >= 1 && bit / 8 <= MEMBER_TIMESTAMP_LEN)
			continue;
		memcpy(row, k.row.value, k.row.value_len);
		row[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ASSERT(members_recall(ms, k.t, k.row.key, 32, row, k.row.value_len, CERTS_WALL,
			   NULL) < 0);
	}
	memcpy(key, k.row.key, 32);
	key[0] ^= 1;
	ASSERT_EQ(members_recall(ms, k.t, key, 32, k.row.value, k.row.value_len, CERTS_WALL, NULL),
	    ERR_FORMAT);
	ASSERT_EQ(members_recall(ms, k.t, k.row.key, 32, k.row.value, k.row.value_len,
		      (k.h.cert.not_after + 1) * USEC_PER_SEC, NULL),
	    ERR_EXPIRED);
	ASSERT_EQ(members_count(ms), 0);
	members_free(ms);
	kept_free(&k);
}

/*
 * A model too simple to be wrong: a list, looked through from its start.
 */

#define MODEL_MAX 64

struct model_member {
	uint8_t key[32], issuer[16];
	char name[8];
	uint64_t serial, from, until;
	struct ip ips[2];
	uint32_t ip_count;
	bool superseded;
};

struct model {
	struct model_member all[MODEL_MAX];
	uint32_t count;
};

static void
model_remove(struct model *mo, uint32_t at)
{
	mo->all[at] = mo->all[--mo->count];
}

static struct model_member *
model_by_key(struct model *mo, const uint8_t *key)
{
	for (uint32_t i = 0; i < mo->count; i++)
		if (memcmp(mo->all[i].key, key, 32) == 0)
			return &mo->all[i];
	return NULL;
}

static struct model_member *
model_by_name(struct model *mo, const char *name)
{
	for (uint32_t i = 0; i < mo->count; i++)
		if (!mo->all[i].superseded && strcmp(mo->all[i].name, name) == 0)
			return &mo->all[i];
	return NULL;
}

static struct model_member *
model_by_ip(struct model *mo, struct ip ip)
{
	for (uint32_t i = 0; i < mo->count; i++)
		for (uint32_t k = 0; !mo->all[i].superseded && k < mo->all[i].ip_count; k++)
			if (ip_equal(mo->all[i].ips[k], ip))
				return &mo->all[i];
	return NULL;
}

static struct model_member
model_member_of(const struct cert *c)
{
	struct model_member m = {
		.serial = c->serial,
		.from = c->not_before,
		.until = c->not_after,
		.ip_count = c->address_count,
	};

	memcpy(m.key, c->key, 32);
	memcpy(m.issuer, c->issuer, 16);
	snprintf(m.name, sizeof(m.name), "%.7s", c->name);
	for (uint32_t i = 0; i < c->address_count; i++)
		m.ips[i] = c->addresses[i].ip;
	return m;
}

static int
model_compare(const struct model_member *c, const struct model_member *held)
{
	if (memcmp(c->issuer, held->issuer, 16) != 0 || c->serial == held->serial)
		return ERR_CONFLICT;
	return c->serial > held->serial ? 0 : ERR_SUPERSEDED;
}

static bool
model_same(const struct model_member *a, const struct model_member *b)
{
	return a->serial == b->serial && a->from == b->from && a->until == b->until &&
	       a->ip_count == b->ip_count &&
	       memcmp(a->issuer, b->issuer, 16) == 0 && strcmp(a->name, b->name) == 0 &&
	       memcmp(a->ips, b->ips, sizeof(a->ips)) == 0;
}

/* Expired members that hold the name or an address of `c`, and are not of its key, go. */
static void
model_bury(struct model *mo, const struct model_member *c, uint64_t now)
{
	for (uint32_t i = mo->count; i-- > 0;) {
		struct model_member *m = &mo->all[i];
		bool touched = !m->superseded && strcmp(m->name, c->name) == 0;

		for (uint32_t k = 0; k < c->ip_count; k++)
			touched |= model_by_ip(mo, c->ips[k]) == m;
		if (touched && now > m->until && memcmp(m->key, c->key, 32) != 0)
			model_remove(mo, i);
	}
}

static int
model_learn(struct model *mo, const struct cert *cert, uint64_t now)
{
	struct model_member c = model_member_of(cert), *key, *name;
	int rc = 0;

	model_bury(mo, &c, now);
	key = model_by_key(mo, c.key);
	name = model_by_name(mo, c.name);
	if (name == key)
		name = NULL;
	if (key != NULL && model_same(key, &c))
		return key->superseded ? ERR_SUPERSEDED : LEARNED_NOTHING;
	if (key != NULL && now <= key->until)
		rc = model_compare(&c, key);
	if (rc == 0 && name != NULL)
		rc = model_compare(&c, name);
	for (uint32_t i = 0; rc == 0 && i < c.ip_count; i++) {
		struct model_member *m = model_by_ip(mo, c.ips[i]);

		if (m != NULL && m != key && m != name)
			rc = ERR_CONFLICT;
	}
	if (rc < 0)
		return rc;
	if (name != NULL)
		name->superseded = true;
	if (key != NULL)
		*key = c;
	else
		mo->all[mo->count++] = c;
	return name != NULL ? LEARNED_REPLACED : key != NULL ? LEARNED_RENEWED : LEARNED_NEW;
}

static void
compare_with_model(const struct members *ms, struct model *mo, const char names[][3],
    const struct ip *ips, uint32_t n)
{
	ASSERT_EQ(members_count(ms), mo->count);
	for (uint32_t i = 0; i < mo->count; i++) {
		struct member *m = members_get(ms, mo->all[i].key);

		ASSERT(m != NULL);
		ASSERT_EQ(m->superseded, mo->all[i].superseded);
		ASSERT_EQ(m->serial, mo->all[i].serial);
		ASSERT(members_at(ms, m->index) == m);
	}
	for (uint32_t i = 0; i < n; i++) {
		struct member *m = members_by_name(ms, names[i]);
		struct model_member *want = model_by_name(mo, names[i]);

		ASSERT((m != NULL) == (want != NULL));
		ASSERT(m == NULL || memcmp(m->key, want->key, 32) == 0);
		m = members_by_ip(ms, ips[i]);
		want = model_by_ip(mo, ips[i]);
		ASSERT((m != NULL) == (want != NULL));
		ASSERT(m == NULL || memcmp(m->key, want->key, 32) == 0);
	}
}

TEST(members_behave_like_a_list)
{
	enum { N = 6 };
	static const char names[N][3] = { "a", "b", "c", "d", "e", "f" };
	struct members *ms = new_members(MODEL_MAX);
	struct model mo = { 0 };
	struct host keys[8];
	struct ip ips[N];
	uint64_t now = CERTS_NOW;
	int learned[4] = { 0 }, refused[2] = { 0 };

	memset(keys, 0, sizeof(keys));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		certs_new_key(&keys[i]);
	for (uint8_t i = 0; i < N; i++)
		ips[i] = ip_v4((uint8_t[4]){ 10, 87, 0, (uint8_t)(i + 1) });
	for (int step = 0; step < 6000; step++) {
		struct host h = keys[test_below(ARRAY_LEN(keys))];
		struct cert *c = &h.cert;
		int rc;

		c->kind = OBJECT_HOST;
		c->issuer[0] = test_below(8) == 0;
		c->serial = 1 + (uint64_t)step / 8 + test_below(20);
		c->not_before = now;
		c->not_after = now + 1 + test_below(60);
		snprintf(c->name, sizeof(c->name), "%s", names[test_below(N)]);
		for (uint64_t k = 1 + test_below(2); k > 0; k--)
			c->addresses[c->address_count++] =
			    (struct prefix){ ips[test_below(N)], 32 };
		cert_sort(c);
		h.len = (size_t)cert_encode_whole(h.bytes, sizeof(h.bytes), c, NULL);
		cert_fingerprint(c->fingerprint, h.bytes, h.len);
		rc = learn_at(ms, &h, now, NULL);
		ASSERT_EQ(rc, model_learn(&mo, c, now));
		if (rc >= 0)
			learned[rc]++;
		else
			refused[rc == ERR_SUPERSEDED]++;
		compare_with_model(ms, &mo, names, ips, N);
		now += test_below(4);
		if (test_below(20) == 0) {
			uint32_t gone = 0;

			for (uint32_t i = mo.count; i-- > 0;)
				if (now > mo.all[i].until) {
					model_remove(&mo, i);
					gone++;
				}
			ASSERT_EQ(members_expire(ms, now, 2 * MODEL_MAX, NULL), gone);
		}
	}
	ASSERT(learned[LEARNED_NEW] > 50 && learned[LEARNED_RENEWED] > 50);
	ASSERT(learned[LEARNED_REPLACED] > 50 && refused[0] > 50 && refused[1] > 50);
	members_free(ms);
}

TEST(the_same_calls_give_the_same_order)
{
	struct authority root = certs_root();
	struct members *one = new_members(NO_LIMIT), *two = new_members(NO_LIMIT);

	for (uint8_t i = 1; i < 60; i++) {
		char name[16], ip[16];
		struct host h;

		snprintf(name, sizeof(name), "party%u", i);
		snprintf(ip, sizeof(ip), "10.87.0.%u", i);
		h = certs_host(&root, name, ip, i);
		h.cert.not_after = CERTS_NOW + i % 7;
		certs_sign_host(&h, &root);
		ASSERT_EQ(learn(one, &h), LEARNED_NEW);
		ASSERT_EQ(learn(two, &h), LEARNED_NEW);
	}
	for (uint64_t now = CERTS_NOW; now < CERTS_NOW + 8; now++) {
		ASSERT_EQ(members_expire(one, now, 10, NULL), members_expire(two, now, 10, NULL));
		ASSERT_EQ(members_count(one), members_count(two));
		for (uint32_t i = 0; i < members_count(one); i++)
			ASSERT_STR(members_at(one, i)->name, members_at(two, i)->name);
	}
	members_free(one);
	members_free(two);
}
