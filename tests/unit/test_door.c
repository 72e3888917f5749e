/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The door: every reason to refuse, by name, and nothing that answers a stranger.
 */
#include "tests/unit/certs.h"
#include "tests/unit/live.h"
#include "tests/unit/test.h"

#include "core/bytes.h"
#include "core/cookie.h"
#include "core/door.h"
#include "core/refused.h"

#define MONO (1000 * USEC_PER_SEC)
#define LOAD 50

/* A network, a responder with its door, and whatever it knows. */
struct house {
	struct rng rng;
	struct authority root;
	struct host host;
	struct noise_identity self;
	struct trust *trust;
	struct members *members;
	struct outbox out;
	struct door *door;
	struct instant now;
	struct source from;
	struct knock knock;
};

/* Somebody who calls, and what he puts into a call. */
struct visitor_kit {
	struct host host;
	struct noise_identity self;
	struct noise_remote to;
	struct noise_clock clock;
	bool stock;
	uint8_t flags;
	struct blob cert; /* what is presented; `host` if empty */
	struct blob ca;
	struct blob token;
	const uint8_t *cookie;
	uint8_t msg[PRESENT_MAX];
	size_t len;
};

static struct house house;

static struct door *
open_door(struct house *h, unsigned load)
{
	struct door *d = door_new(&h->self, h->trust, h->members, &h->rng, load, 100);

	ASSERT(d != NULL);
	return d;
}

static struct house *
house_open(void)
{
	struct house *h = &house;
	struct addr at;

	memset(h, 0, sizeof(*h));
	h->rng = certs_rng();
	h->root = certs_root();
	h->host = certs_host(&h->root, "here", "10.87.0.1", 10);
	ASSERT_EQ(noise_identity_init(&h->self, h->host.secret), 0);
	h->trust = trust_new(&h->rng);
	h->members = members_new(&h->rng, 100);
	ASSERT(h->trust != NULL && h->members != NULL);
	ASSERT_EQ(trust_add(h->trust, h->root.bytes, h->root.len, CERTS_WALL, NULL), 0);
	ASSERT_EQ(outbox_init(&h->out, 64, 65536), 0);
	h->door = open_door(h, LOAD);
	h->now = (struct instant){ .mono = MONO, .wall = CERTS_WALL };
	ASSERT_EQ(addr_parse(&at, "192.0.2.1:7717", 0), 0);
	h->from = source_direct(&at);
	return h;
}

static void
house_close(struct house *h)
{
	door_free(h->door);
	members_free(h->members);
	trust_free(h->trust);
	outbox_free(&h->out);
}

static void
kit_init(struct house *h, struct visitor_kit *k, const struct host *host)
{
	memset(k, 0, sizeof(*k));
	k->host = *host;
	ASSERT_EQ(noise_identity_init(&k->self, host->secret), 0);
	ASSERT_EQ(noise_remote_init(&k->to, &k->self, h->self.public), 0);
	noise_clock_init(&k->clock, 0);
}

static struct visitor_kit
kit_new(struct house *h, const char *name, const char *ip, uint64_t serial)
{
	struct host host = certs_host(&h->root, name, ip, serial);
	struct visitor_kit k;

	kit_init(h, &k, &host);
	return k;
}

/* Builds a call at `wall`. */
static void
kit_call_at(struct visitor_kit *k, usec_t wall)
{
	uint8_t timestamp[NOISE_TIMESTAMP], ephemeral[32], plain[PRESENT_PLAIN_MAX];
	uint8_t msg1[INITIATION_LEN];
	struct presentation p = {
		.flags = k->flags,
		.caps = 0x12345678,
		.state_version = 9,
		.peer_prefix = { 1, 2, 3 },
		.cert = k->cert,
		.ca = k->ca,
		.token = k->token,
	};
	struct noise n;
	int len;

	if (p.cert.p == NULL && !(k->flags & PRESENTATION_ENROL))
		p.cert = (struct blob){ k->host.bytes, (uint16_t)k->host.len };
	test_fill(ephemeral, sizeof(ephemeral));
	noise_clock_next(&k->clock, timestamp, wall);
	ASSERT_EQ(noise_initiate(msg1, &n, &k->self, &k->to, 77, timestamp, ephemeral,
	    k->cookie), 0);
	if (k->stock) {
		memcpy(k->msg, msg1, sizeof(msg1));
		k->len = sizeof(msg1);
		return;
	}
	len = presentation_encode(plain, sizeof(plain), &p);
	ASSERT(len > 0);
	k->len = noise_present(k->msg, &n, msg1, plain, len);
}

static enum door_count
knock(struct house *h, const uint8_t *msg, size_t len)
{
	outbox_reset(&h->out);
	door_knock(h->door, h->now, &h->from, msg, len, &h->out, &h->knock);
	return h->knock.what;
}

static enum door_count
call(struct house *h, struct visitor_kit *k)
{
	kit_call_at(k, h->now.wall);
	return knock(h, k->msg, k->len);
}

/* Names both in a failure. */
#define EXPECT(WHAT, WANT)                                                                         \
	do {                                                                                       \
		enum door_count what_ = (WHAT), want_ = (WANT);                                    \
                                                                                                   \
		if (what_ != want_)                                                                \
			test_fail(__FILE__, __LINE__, "%s, not %s", door_count_word(what_),        \
			    door_count_word(want_));                                               \
		ASSERT(door_counter(house.door, want_) > 0);                                       \
	} while (0)

TEST(a_member_is_let_in_with_what_it_says)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);
	const struct visitor *v = &h->knock.visitor;

	EXPECT(call(h, &k), DOOR_ADMITTED);
	ASSERT_MEM(v->handshake.remote, k.self.public, 32);
	ASSERT_EQ(v->handshake.remote_index, 77);
	ASSERT_EQ(v->caps, 0x12345678);
	ASSERT_EQ(v->state_version, 9);
	ASSERT_EQ(v->our_prefix[2], 3);
	ASSERT(v->member == members_get(h->members, k.self.public));
	ASSERT_STR(v->member->name, "party1");
	ASSERT_MEM(v->member->timestamp, v->timestamp, NOISE_TIMESTAMP);
	ASSERT(v->certificate_new && v->loser == NULL);

	EXPECT(call(h, &k), DOOR_ADMITTED);
	ASSERT(!v->certificate_new);
	house_close(h);
}

TEST(what_is_no_initiation_is_malformed)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);
	uint8_t junk[PRESENT_MAX];

	kit_call_at(&k, h->now.wall);
	for (size_t len = 0; len < k.len; len++)
		EXPECT(knock(h, k.msg, len), DOOR_MALFORMED);
	test_fill(junk, sizeof(junk));
	for (unsigned type = 2; type < 300; type++) {
		put_le32(junk, type == OUTER_PRESENT ? 0 : type);
		EXPECT(knock(h, junk, test_below(sizeof(junk))), DOOR_MALFORMED);
	}
	EXPECT(knock(h, k.msg, k.len), DOOR_ADMITTED);
	house_close(h);
}

TEST(mac1_is_asked_for_first)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);

	kit_call_at(&k, h->now.wall);
	for (int i = 0; i < INITIATION_MAC2; i++) {
		if (i < 4) /* then it would be another message */
			continue;
		k.msg[PRESENT_INITIATION + i] ^= 1 << test_below(8);
		EXPECT(knock(h, k.msg, k.len), DOOR_MAC1);
		kit_call_at(&k, h->now.wall);
	}
	house_close(h);
}

/* Puts a right mac1 on a message that was changed, as anybody can. */
static void
mac1_again(struct house *h, struct visitor_kit *k)
{
	uint8_t *msg1 = k->msg + (k->stock ? 0 : PRESENT_INITIATION);

	crypto_mac(msg1 + INITIATION_MAC1, h->self.mac1_key, 32, msg1, INITIATION_MAC1);
}

TEST(a_call_for_somebody_else_does_not_open)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);

	kit_call_at(&k, h->now.wall);
	k.msg[PRESENT_INITIATION + INITIATION_STATIC] ^= 1;
	mac1_again(h, &k);
	EXPECT(knock(h, k.msg, k.len), DOOR_STATIC);

	kit_call_at(&k, h->now.wall);
	memset(k.msg + PRESENT_INITIATION + INITIATION_EPHEMERAL, 0, 32); /* low order */
	mac1_again(h, &k);
	EXPECT(knock(h, k.msg, k.len), DOOR_STATIC);
	house_close(h);
}

TEST(who_names_a_key_must_have_it)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);
	struct visitor_kit thief = kit_new(h, "party2", "10.87.0.3", 12);

	/* The thief seals party1's key, which needs no secret of party1's. */
	memcpy(thief.self.public, k.self.public, 32);
	EXPECT(call(h, &thief), DOOR_IMPOSTOR);
	house_close(h);
}

TEST(our_own_key_is_nobody)
{
	struct house *h = house_open();
	struct visitor_kit k;

	kit_init(h, &k, &h->host);
	EXPECT(call(h, &k), DOOR_OURSELVES);
	house_close(h);
}

TEST(a_timestamp_is_good_once_and_only_forward)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11), early = k;

	kit_call_at(&early, h->now.wall);
	EXPECT(call(h, &k), DOOR_ADMITTED);
	EXPECT(knock(h, k.msg, k.len), DOOR_REPLAY);
	EXPECT(knock(h, early.msg, early.len), DOOR_REPLAY);
	EXPECT(call(h, &k), DOOR_ADMITTED);
	house_close(h);
}

TEST(a_timestamp_is_at_most_a_day_ahead)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);

	kit_call_at(&k, h->now.wall + DOOR_AHEAD_MAX + USEC_PER_SEC);
	EXPECT(knock(h, k.msg, k.len), DOOR_FUTURE);
	ASSERT_EQ(members_count(h->members), 0);
	noise_clock_init(&k.clock, 0);
	kit_call_at(&k, h->now.wall + DOOR_AHEAD_MAX - USEC_PER_SEC);
	EXPECT(knock(h, k.msg, k.len), DOOR_ADMITTED);
	house_close(h);
}

TEST(a_presentation_must_open_and_decode)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);
	uint8_t cert[CERT_SIGNATURE_LEN] = { 0 };

	kit_call_at(&k, h->now.wall);
	k.msg[k.len - 1 - test_below(k.len - PRESENT_SEALED)] ^= 1;
	EXPECT(knock(h, k.msg, k.len), DOOR_PRESENTATION);

	k.cert = (struct blob){ cert, sizeof(cert) };
	EXPECT(call(h, &k), DOOR_PRESENTATION);
	house_close(h);
}

TEST(a_token_finds_nobody_who_takes_it)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);

	k.flags = PRESENTATION_ENROL;
	k.token = (struct blob){ (const uint8_t *)"12345678", 8 };
	EXPECT(call(h, &k), DOOR_ENROL);
	house_close(h);
}

TEST(a_certificate_must_verify)
{
	struct house *h = house_open();
	struct authority other = certs_root();
	struct host stranger = certs_host(&other, "party1", "10.87.0.2", 11);
	struct visitor_kit k;

	kit_init(h, &k, &stranger);
	EXPECT(call(h, &k), DOOR_CERTIFICATE);
	ASSERT_EQ(h->knock.code, ERR_DENIED);
	ASSERT_MEM(h->knock.key, k.self.public, 32);

	k = kit_new(h, "party1", "10.87.0.2", 11);
	k.host.bytes[k.host.len - 1] ^= 1;
	EXPECT(call(h, &k), DOOR_CERTIFICATE);
	ASSERT_EQ(h->knock.code, ERR_AUTH);
	ASSERT_EQ(members_count(h->members), 0);
	house_close(h);
}

TEST(a_member_whose_new_certificate_says_nothing_here_is_let_in_by_the_one_that_is_held)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);
	struct visitor_kit stranger = kit_new(h, "party2", "10.87.0.3", 12);
	struct authority other = certs_authority("study2");

	EXPECT(call(h, &k), DOOR_ADMITTED);
	memcpy(other.cert.network, h->root.cert.network, sizeof(other.cert.network));
	certs_sign_authority(&other, &other);
	k.host.cert.serial = 13;
	certs_sign_host(&k.host, &other);
	EXPECT(call(h, &k), DOOR_ADMITTED);
	ASSERT(!h->knock.visitor.certificate_new);
	ASSERT_EQ(h->knock.visitor.member->serial, 11);
	ASSERT_EQ(h->knock.code, 0);
	/* Who has shown no other yet is nobody; nor is anybody whose held one has ended. */
	certs_sign_host(&stranger.host, &other);
	EXPECT(call(h, &stranger), DOOR_CERTIFICATE);
	ASSERT_EQ(h->knock.code, ERR_UNKNOWN);
	h->now.wall = (CERTS_NOW + 31 * CERTS_DAY) * USEC_PER_SEC;
	EXPECT(call(h, &k), DOOR_CERTIFICATE);
	house_close(h);
}

TEST(a_certificate_has_its_time)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);

	h->now.wall = (CERTS_NOW + 31 * CERTS_DAY) * USEC_PER_SEC;
	EXPECT(call(h, &k), DOOR_EXPIRED);
	ASSERT_EQ(h->knock.code, ERR_EXPIRED);
	house_close(h);

	h = house_open();
	k = kit_new(h, "party1", "10.87.0.2", 11);
	k.host.cert.not_before = CERTS_NOW + CERTS_DAY;
	certs_sign_host(&k.host, &h->root);
	EXPECT(call(h, &k), DOOR_EXPIRED);
	ASSERT_EQ(h->knock.code, ERR_NOT_YET);
	house_close(h);
}

TEST(a_certificate_is_for_the_key_that_calls)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);
	struct visitor_kit thief = kit_new(h, "party2", "10.87.0.3", 12);

	thief.cert = (struct blob){ k.host.bytes, (uint16_t)k.host.len };
	EXPECT(call(h, &thief), DOOR_OTHER_KEY);
	ASSERT_EQ(members_count(h->members), 0);

	/* That does not lock out whose certificate it is. */
	EXPECT(call(h, &k), DOOR_ADMITTED);
	house_close(h);
}

TEST(a_name_and_an_address_belong_to_one)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 20);
	struct visitor_kit same_ip = kit_new(h, "party2", "10.87.0.2", 21);
	struct visitor_kit older = kit_new(h, "party1", "10.87.0.4", 19);
	struct visitor_kit newer = kit_new(h, "party1", "10.87.0.2", 22);

	EXPECT(call(h, &k), DOOR_ADMITTED);
	EXPECT(call(h, &same_ip), DOOR_CONFLICT);
	ASSERT_EQ(h->knock.code, ERR_CONFLICT);
	EXPECT(call(h, &older), DOOR_SUPERSEDED);

	EXPECT(call(h, &newer), DOOR_ADMITTED);
	ASSERT(h->knock.visitor.loser == members_get(h->members, k.self.public));
	EXPECT(call(h, &k), DOOR_SUPERSEDED);
	house_close(h);
}

TEST(the_house_has_its_limit)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);
	struct visitor_kit l = kit_new(h, "party2", "10.87.0.3", 12);

	door_free(h->door);
	members_free(h->members);
	h->members = members_new(&h->rng, 1);
	h->door = open_door(h, LOAD);
	EXPECT(call(h, &k), DOOR_ADMITTED);
	EXPECT(call(h, &l), DOOR_FULL);
	EXPECT(call(h, &k), DOOR_ADMITTED);
	house_close(h);
}

/* A STOCK member, known to the house as if a person had brought its certificate. */
static struct visitor_kit
stock_member(struct house *h)
{
	struct visitor_kit k = kit_new(h, "phone", "10.87.0.9", 30);
	struct verified v;

	k.host.cert.flags = CERT_STOCK;
	certs_sign_host(&k.host, &h->root);
	ASSERT_EQ(trust_verify(h->trust, k.host.bytes, k.host.len, NULL, 0, h->now.wall, &v,
	    NULL), 0);
	ASSERT(members_learn(h->members, &v, k.host.bytes, k.host.len, CERTS_NOW, &h->out, NULL,
	    NULL) >= 0);
	k.stock = true;
	return k;
}

TEST(type_1_is_for_stock_alone)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11), phone = stock_member(h);

	EXPECT(call(h, &phone), DOOR_ADMITTED);
	ASSERT_STR(h->knock.visitor.member->name, "phone");
	ASSERT(!h->knock.visitor.certificate_new);
	EXPECT(knock(h, phone.msg, phone.len), DOOR_REPLAY);

	/* Who could present must, known or not: stripping that is no way in. */
	k.stock = true;
	EXPECT(call(h, &k), DOOR_NOT_STOCK);
	k.stock = false;
	EXPECT(call(h, &k), DOOR_ADMITTED);
	k.stock = true;
	EXPECT(call(h, &k), DOOR_NOT_STOCK);

	phone.stock = false;
	EXPECT(call(h, &phone), DOOR_STOCK_PRESENTS);
	house_close(h);
}

TEST(stock_is_over_when_its_certificate_is)
{
	struct house *h = house_open();
	struct visitor_kit phone = stock_member(h);

	h->now.wall = (CERTS_NOW + 31 * CERTS_DAY) * USEC_PER_SEC;
	EXPECT(call(h, &phone), DOOR_NOT_STOCK);
	house_close(h);
}

TEST(what_was_refused_stays_so_for_a_minute)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);

	h->now.wall += 31 * CERTS_DAY * USEC_PER_SEC;
	EXPECT(call(h, &k), DOOR_EXPIRED);
	h->now.mono += REFUSED_TIME - 1;
	EXPECT(call(h, &k), DOOR_REFUSED_BEFORE);
	h->now.mono += 1;
	EXPECT(call(h, &k), DOOR_EXPIRED);

	/* Another certificate for the same key is another matter. */
	k.host.cert.serial = 40;
	k.host.cert.not_after += 60 * CERTS_DAY;
	certs_sign_host(&k.host, &h->root);
	EXPECT(call(h, &k), DOOR_ADMITTED);
	house_close(h);
}

TEST(what_the_engine_refuses_stays_so_too)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11), phone = stock_member(h);

	EXPECT(call(h, &k), DOOR_ADMITTED);
	door_refuse(h->door, h->now, &h->knock.visitor);
	ASSERT(crypto_is_zero(&h->knock.visitor.handshake, sizeof(struct noise)));
	ASSERT_EQ(door_counter(h->door, DOOR_POLICY), 1);
	EXPECT(call(h, &k), DOOR_REFUSED_BEFORE);

	EXPECT(call(h, &phone), DOOR_ADMITTED);
	door_refuse(h->door, h->now, &h->knock.visitor);
	EXPECT(call(h, &phone), DOOR_REFUSED_BEFORE);
	house_close(h);
}

TEST(the_list_of_the_refused_forgets_the_one_not_used_for_longest)
{
	uint8_t key[32] = { 0 }, fingerprint[32] = { 7 }, hash_key[16] = { 0 };
	struct refused r;

	refused_init(&r, hash_key);
	for (uint32_t i = 0; i < REFUSED_MAX; i++) {
		put_le32(key, i);
		refused_note(&r, MONO, key, fingerprint);
	}
	put_le32(key, 0);
	ASSERT(refused_recently(&r, MONO, key, fingerprint)); /* used: now 1 is the oldest */
	put_le32(key, REFUSED_MAX);
	refused_note(&r, MONO, key, fingerprint);
	for (uint32_t i = 0; i <= REFUSED_MAX; i++) {
		put_le32(key, i);
		ASSERT_EQ(refused_recently(&r, MONO, key, fingerprint), i != 1);
	}
	fingerprint[0]++;
	ASSERT(!refused_recently(&r, MONO, key, fingerprint));
	refused_free(&r);
}

TEST(a_copy_leads_to_who_answered_it)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);
	uint8_t hash[16];

	EXPECT(call(h, &k), DOOR_ADMITTED);
	memcpy(hash, h->knock.visitor.hash, sizeof(hash));
	door_remember(h->door, hash, &k);
	EXPECT(knock(h, k.msg, k.len), DOOR_COPY);
	ASSERT(h->knock.owner == &k);
	ASSERT_MEM(h->knock.hash, hash, sizeof(hash));

	/* The same initiation with another presentation is no copy. */
	k.msg[k.len - 1] ^= 1;
	EXPECT(knock(h, k.msg, k.len), DOOR_REPLAY);
	k.msg[k.len - 1] ^= 1;
	door_forget(h->door, hash);
	door_forget(h->door, NULL);
	EXPECT(knock(h, k.msg, k.len), DOOR_REPLAY);
	house_close(h);
}

TEST(under_load_an_address_is_asked_to_prove_itself)
{
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);
	struct cookie cookie = { 0 };
	usec_t loaded;

	for (int i = 0; i < LOAD; i++)
		EXPECT(call(h, &k), DOOR_ADMITTED);
	ASSERT_EQ(door_load(h->door, h->now.mono), LOAD);
	ASSERT(!door_under_load(h->door, h->now.mono));
	EXPECT(call(h, &k), DOOR_COOKIE);
	loaded = h->now.mono;
	ASSERT_EQ(cookie_take(&cookie, h->now.mono, &k.to,
	    k.msg + PRESENT_INITIATION + INITIATION_MAC1, h->knock.cookie), 0);

	/* With the cookie a burst gets in; from elsewhere it is worth nothing. */
	k.cookie = cookie_value(&cookie, h->now.mono);
	for (int i = 0; i < LIMIT_BURST; i++)
		EXPECT(call(h, &k), DOOR_ADMITTED);
	EXPECT(call(h, &k), DOOR_RATE);
	h->from.at.port++;
	EXPECT(call(h, &k), DOOR_COOKIE);
	h->from.at.port--;

	/* A second after the last one too many it is over. */
	h->now.mono = loaded + DOOR_LOAD_HOLD - 1;
	ASSERT(door_under_load(h->door, h->now.mono));
	h->now.mono = loaded + DOOR_LOAD_HOLD;
	ASSERT(!door_under_load(h->door, h->now.mono));
	ASSERT(door_load(h->door, h->now.mono) <= LOAD);
	k.cookie = NULL;
	EXPECT(call(h, &k), DOOR_ADMITTED);
	house_close(h);
}

TEST(load_is_what_came_in_the_last_second)
{
	enum { STEPS = 4000 };
	static usec_t came[STEPS];
	struct house *h = house_open();
	struct visitor_kit k = kit_new(h, "party1", "10.87.0.2", 11);

	kit_call_at(&k, h->now.wall);
	k.msg[PRESENT_INITIATION + INITIATION_STATIC] ^= 1;
	mac1_again(h, &k);
	for (int i = 0; i < STEPS; i++) {
		unsigned least = 0, most = 0;

		h->now.mono += test_below(50) ? test_below(20 * USEC_PER_MS) : 3 * USEC_PER_SEC;
		came[i] = h->now.mono;
		knock(h, k.msg, k.len);
		for (int j = 0; j <= i; j++) {
			most += came[j] + USEC_PER_SEC > h->now.mono;
			least += came[j] + USEC_PER_SEC * 7 / 8 > h->now.mono;
		}
		ASSERT(door_load(h->door, h->now.mono) >= least);
		ASSERT(door_load(h->door, h->now.mono) <= most);
	}
	house_close(h);
}

/* What a stranger can make: anything that needs no key that a member has. */
static void
stranger_makes(struct house *h, struct visitor_kit *k)
{
	kit_call_at(k, h->now.wall);
	switch (test_below(6)) {
	case 0: test_fill(k->msg, k->len); break;
	case 1: test_fill(k->msg + 4, k->len - 4); break;
	case 2: k->len = test_below(k->len); break;
	case 3: k->msg[test_below(k->len)] ^= 1 << test_below(8); break;
	case 4:
		k->msg[PRESENT_INITIATION + test_below(INITIATION_MAC1)] ^= 1 << test_below(8);
		mac1_again(h, k);
		break;
	case 5: break; /* whole, with a certificate that does not hold */
	}
}

TEST(strangers_hear_nothing_and_leave_nothing)
{
	struct house *h = house_open();
	struct authority other = certs_root();
	struct host host = certs_host(&other, "party1", "10.87.0.2", 11);
	struct visitor_kit k;
	struct live before = { 0 };

	door_free(h->door);
	h->door = open_door(h, 1000000);
	kit_init(h, &k, &host);
	for (int i = 0; i < 5000; i++) {
		enum door_count what;

		stranger_makes(h, &k);
		what = knock(h, k.msg, k.len);
		ASSERT(what != DOOR_ADMITTED && what != DOOR_COPY && what != DOOR_COOKIE);
		ASSERT_EQ(h->out.count, 0);
		if (i == 100) /* libcrypto's own caches are filled by now */
			before = live();
	}
	ASSERT_EQ(members_count(h->members), 0);
	ASSERT_EQ(live().bytes, before.bytes);
	house_close(h);
}

TEST(every_count_has_a_word_of_its_own)
{
	for (int i = 0; i < DOOR_COUNT; i++) {
		ASSERT(door_count_word(i) != NULL);
		for (int j = 0; j < i; j++)
			ASSERT(strcmp(door_count_word(i), door_count_word(j)) != 0);
	}
}
